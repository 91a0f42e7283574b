"""Usage as managers see it: sums over days of their domain, and the summary of the home page.

What is shown equals a count over messages and the call log as of `counted_ms`, and goes on showing what has
been removed from them since.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from engine.accounts.models import Principal, Scope
from engine.clock import Clock
from engine.errors import InvalidRequest, NotFound
from engine.usage.days import day_after, day_of
from engine.usage.models import GROUPS, GroupBy, Kind, Summary, Sums, Usage, UsageDomain
from engine.usage.ports import Counted, UsageStore

#: Asked for at once; more is a job for a file a month.
MOST_DAYS = 400
MOST_ROWS = 20_000
#: Without `from`, this many days up to the last one.
_USUAL_DAYS = 30
SUMMARY_DAYS = 30
#: Somebody who removes things for minutes must not keep a reader waiting for as long.
_PATIENCE = 5


class UsageReports:
    def __init__(self, store: UsageStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def report(
        self,
        principal: Principal,
        kind: Kind,
        group_by: Sequence[GroupBy] = (GroupBy.DAY,),
        *,
        domain_id: str | None = None,
        from_day: str | None = None,
        until_day: str | None = None,
    ) -> Usage:
        """Sums of these days, both included: by default the last thirty.

        Raises NotFound for a domain out of reach, InvalidRequest.
        """
        domain = await self._meant(principal, domain_id)
        today = day_of(self._clock.now_ms(), domain.time_zone)
        last = _day(until_day, "until") or today
        first = _day(from_day, "from") or day_after(last, 1 - _USUAL_DAYS)
        if first > last or (date.fromisoformat(last) - date.fromisoformat(first)).days >= MOST_DAYS:
            raise InvalidRequest(f"Give from and until, at most {MOST_DAYS} days.", field="?from")
        groups = tuple(dict.fromkeys(group_by))
        if unknown := [one.value for one in groups if one not in GROUPS[kind]]:
            raise InvalidRequest(f"These cannot be told apart by {unknown[0]}.", field="?group_by")
        counted = await self._counted(domain.id, kind, groups, first, last)
        if len(counted.rows) > MOST_ROWS:
            raise InvalidRequest(
                f"That is more than {MOST_ROWS} rows; ask for fewer days or groups.", field="?group_by"
            )
        counted_ms = counted.counted_ms or self._clock.now_ms()
        return Usage(domain, first, last, groups, counted_ms, tuple(counted.rows))

    async def summary(self, principal: Principal, domain_id: str | None = None) -> Summary:
        """The last thirty days, today included. Raises NotFound or InvalidRequest."""
        domain = await self._meant(principal, domain_id)
        today = day_of(self._clock.now_ms(), domain.time_zone)
        first = day_after(today, 1 - SUMMARY_DAYS)
        by_kind: dict[Kind, dict[str, Sums]] = {}
        counted_ms = self._clock.now_ms()
        for kind in Kind:
            days = {day_after(first, place): Sums() for place in range(SUMMARY_DAYS)}
            counted = await self._counted(domain.id, kind, (GroupBy.DAY,), first, today)
            for group, sums in counted.rows:
                days[group.day or ""] = sums
            by_kind[kind] = days
            counted_ms = min(counted_ms, counted.counted_ms or counted_ms)
        shown = domain.sms_enabled and domain.texting_users > 0
        return Summary(domain, shown, counted_ms, by_kind[Kind.TEXT], by_kind[Kind.CALL], by_kind[Kind.CHAT])

    async def _counted(
        self, domain_id: str, kind: Kind, groups: Sequence[GroupBy], first: str, last: str
    ) -> Counted:
        await self._store.catch_up(domain_id)
        for _ in range(_PATIENCE):
            counted = await self._store.sums(domain_id, kind, groups, first, last, MOST_ROWS + 1)
            if not counted.stale:
                break
            await self._store.catch_up(domain_id, now=True)
        return counted

    async def _meant(self, principal: Principal, domain_id: str | None) -> UsageDomain:
        wanted = domain_id or principal.domain_id
        if wanted is None:
            raise InvalidRequest(
                "Name the domain; this credential reaches more than one.", field="/domain_id"
            )
        found = await self._store.domain(wanted)
        if found is None or not _reaches(principal, found):
            raise NotFound("There is no such domain.")
        return found


def summed(days: Sequence[Sums]) -> Sums:
    """Sums of several days in one."""
    whole = Sums()
    for one in days:
        whole.add(one)
    return whole


def _reaches(principal: Principal, domain: UsageDomain) -> bool:
    if principal.domain_id is not None:
        return principal.domain_id == domain.id
    if principal.scope is Scope.RESELLER:
        return principal.reseller_id is not None and principal.reseller_id == domain.reseller_id
    return principal.scope is Scope.SUPER_USER


def _day(text: str | None, field: str) -> str | None:
    if text is None:
        return None
    try:
        if date.fromisoformat(text).isoformat() == text:
            return text
    except ValueError:
        pass
    raise InvalidRequest("Give a day as 2026-11-22.", field=f"?{field}")

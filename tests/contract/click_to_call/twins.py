"""In-memory twins of click-to-call's ports; the contract tests hold them to the real ones."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from engine.accounts.models import Device, Domain, Number, Page, PageRequest, User
from engine.click_to_call import errors
from engine.click_to_call.models import Call, CallFilter, CallStatus, LegResult, channel_id
from engine.click_to_call.ports import (
    DialRequest,
    FactKind,
    Lookup,
    PbxFact,
    PbxListener,
    PlacementLimits,
)
from engine.errors import (
    Conflict,
    EngineError,
    InvalidRequest,
    PeerRejected,
    PeerUnavailable,
    RateLimited,
    StorageUnavailable,
)
from engine.idempotency import Claim, Replayed
from engine.ids import is_id
from engine.simulators.pbx_outcomes import Act, destination

R = TypeVar("R")


@dataclass
class StillClock:
    """Stands still until told otherwise; wall and monotonic time move together."""

    ms: int = 1_795_000_000_000

    def now_ms(self) -> int:
        return self.ms

    def monotonic(self) -> float:
        return self.ms / 1000


@dataclass
class MemoryCalls:
    """CallStore without a database. broken: every write raises StorageUnavailable."""

    broken: bool = False
    rows: dict[str, Call] = field(default_factory=dict)
    events: list[tuple[str, str]] = field(default_factory=list)  # call id, status
    audited: list[tuple[str, str]] = field(default_factory=list)  # action, subject
    _answers: dict[tuple[str, str], tuple[str, Replayed | None]] = field(default_factory=dict)

    def answered(self, claim: Claim) -> Replayed | None:
        found = self._answers.get((claim.scope, claim.key))
        if found is None:
            return None
        if found[0] != claim.fingerprint:
            raise Conflict(code="idempotency_mismatch")
        return found[1]

    async def create(
        self, call: Call, limits: PlacementLimits, claim: Claim | None, answer: Replayed | None
    ) -> Replayed | None:
        await asyncio.sleep(0)  # as a commit would: twins get their turn
        self._refuse_if_broken()
        if claim is not None and (replayed := self.answered(claim)) is not None:
            return replayed
        self._check(call, limits)
        self._guard(call, limits)
        if claim is not None and answer is not None:
            self._answers[claim.scope, claim.key] = (claim.fingerprint, answer)
        self._write(call)
        return None

    async def save(self, calls: Sequence[Call]) -> None:
        await asyncio.sleep(0)
        self._refuse_if_broken()
        for call in calls:
            if call.id in self.rows and self.rows[call.id].sequence < call.sequence:
                self._write(call)

    async def get(self, call_id: str) -> Call | None:
        return self.rows.get(call_id)

    async def list(
        self, domain_id: str, user_id: str | None, chosen: CallFilter, page: PageRequest
    ) -> Page[Call]:
        if page.cursor is not None and not is_id(page.cursor, "call"):
            raise InvalidRequest(code="invalid_cursor")
        found = [
            call
            for call in sorted(self.rows.values(), key=lambda call: call.id, reverse=True)
            if call.domain_id == domain_id
            and user_id in (None, call.user_id)
            and _matches(call, chosen)
            and (page.cursor is None or call.id < page.cursor)
        ]
        items = tuple(found[: page.limit])
        return Page(items, items[-1].id if len(found) > page.limit else None)

    async def unfinished(self) -> Sequence[Call]:
        rows = sorted(self.rows.values(), key=lambda call: call.id)
        return [call for call in rows if not call.status.final]

    def _guard(self, call: Call, limits: PlacementLimits) -> None:
        if limits.off_hours is None:
            return
        hour_ago_ms = call.created_ms - 3_600_000
        since_ms = max(hour_ago_ms, limits.off_hours.since_ms)
        placed = [row.created_ms for row in self._outside(since_ms) if row.domain_id == call.domain_id]
        if len(placed) >= limits.off_hours.calls_per_hour:
            raise errors.off_hours_burst(limits.off_hours.calls_per_hour, (min(placed) - hour_ago_ms) / 1000)
        if len(placed) + 1 == limits.off_hours.calls_per_hour:
            self.audited.append(("calls.off_hours_burst", call.id))

    def _outside(self, since_ms: int) -> list[Call]:
        rows = self.rows.values()
        return [row for row in rows if row.created_ms >= since_ms and row.to.startswith("+")]

    def _check_minutes(self, call: Call, limits: PlacementLimits) -> None:
        since_ms = call.created_ms - 24 * 3_600_000
        spoken = [row for row in self._outside(since_ms) if row.connected_ms is not None]
        for who, minutes, rows in (
            ("user", limits.minutes_per_day_per_user, [r for r in spoken if r.user_id == call.user_id]),
            (
                "domain",
                limits.minutes_per_day_per_domain,
                [r for r in spoken if r.domain_id == call.domain_id],
            ),
        ):
            talked_ms = sum((row.ended_ms or call.created_ms) - (row.connected_ms or 0) for row in rows)
            if minutes is not None and talked_ms >= minutes * 60_000:
                oldest_ms = min(row.created_ms for row in rows)
                raise errors.minutes_used_up(who, minutes, (oldest_ms - since_ms) / 1000)

    def _check(self, call: Call, limits: PlacementLimits) -> None:
        self._check_minutes(call, limits)
        for owned, most_open, most_a_minute in (
            (
                [row for row in self.rows.values() if row.user_id == call.user_id],
                limits.open_per_user,
                limits.per_minute_per_user,
            ),
            (
                [row for row in self.rows.values() if row.domain_id == call.domain_id],
                limits.open_per_domain,
                limits.per_minute_per_domain,
            ),
        ):
            if most_open is not None and sum(not row.status.final for row in owned) >= most_open:
                raise RateLimited(retry_after_s=10)
            recent = sorted(row.created_ms for row in owned if row.created_ms > call.created_ms - 60_000)
            if most_a_minute is not None and len(recent) >= most_a_minute:
                raise RateLimited(retry_after_s=(recent[-most_a_minute] + 60_000 - call.created_ms) / 1000)

    def _write(self, call: Call) -> None:
        self.rows[call.id] = call
        self.events.append((call.id, call.status.value))

    def _refuse_if_broken(self) -> None:
        if self.broken:
            raise StorageUnavailable


def _matches(call: Call, chosen: CallFilter) -> bool:
    return (
        chosen.status in (None, call.status)
        and (chosen.open is None or chosen.open is not call.status.final)
        and chosen.client_ref in (None, call.client_ref)
        and (chosen.created_from_ms is None or call.created_ms >= chosen.created_from_ms)
        and (chosen.created_before_ms is None or call.created_ms < chosen.created_before_ms)
    )


@dataclass
class MemoryDirectory:
    """Directory of what a test puts in, and its own Lookup. looks: how often it was asked."""

    calls: MemoryCalls
    domains: dict[str, Domain] = field(default_factory=dict)
    users: dict[str, User] = field(default_factory=dict)
    devices: dict[str, Device] = field(default_factory=dict)
    numbers: dict[str, Number] = field(default_factory=dict)  # by E.164
    looks: int = 0

    async def look(self, read: Callable[[Lookup], R]) -> R:
        self.looks += 1
        await asyncio.sleep(0)
        return read(self)

    def answered(self, claim: Claim) -> Replayed | None:
        return self.calls.answered(claim)

    def domain(self, domain_id: str) -> Domain | None:
        return self.domains.get(domain_id)

    def user(self, user_id: str) -> User | None:
        return self.users.get(user_id)

    def user_with_extension(self, domain_id: str, extension: str) -> User | None:
        found = (user for user in self.users.values() if user.domain_id == domain_id)
        return next((user for user in found if user.extension == extension), None)

    def device(self, device_id: str) -> Device | None:
        return self.devices.get(device_id)

    def default_device(self, user: User) -> Device | None:
        found = (one for one in self.devices.values() if one.user_id == user.id and one.is_default)
        return min(found, key=lambda one: one.id, default=None)

    def number(self, e164: str) -> Number | None:
        return self.numbers.get(e164)


class MemoryPbx:
    """A PBX without a wire: what is dialled decides, and everything happens at once.

    The numbers are those of the simulated PBX. by_hand: nothing happens by itself; the test calls
    `tell`. refuses: what the next originate raises after it was (or was not) written.
    """

    def __init__(self, name: str = "main", *, by_hand: bool = False) -> None:
        self.name = name
        self.available = True
        self.by_hand = by_hand
        self.refuses: EngineError | None = None
        self.originated: list[DialRequest] = []
        self.hung_up: list[str] = []
        self.live: dict[str, DialRequest] = {}
        self._listener: PbxListener | None = None
        self._followed: set[str] = set()
        self._answered: set[str] = set()

    def subscribe(self, listener: PbxListener) -> None:
        assert self._listener is None
        self._listener = listener

    def follow(self, call: Call) -> None:
        self._followed.add(call.channel_id)
        if call.status is not CallStatus.QUEUED and call.channel_id not in self.live:
            self.tell(call.id, FactKind.LOST)

    async def originate(self, request: DialRequest) -> None:
        await asyncio.sleep(0)
        if not self.available:
            raise PeerUnavailable(code="pbx_unavailable")
        self.originated.append(request)
        plan = destination(request.exten)
        if plan.act is Act.NO_SUCH_EXTENSION:
            raise PeerRejected(code="no_such_extension")
        if self.refuses is not None:
            refusal, self.refuses = self.refuses, None
            raise refusal
        assert request.channel_id in self._followed
        self.live[request.channel_id] = request
        if not self.by_hand:
            self._play(request)

    async def hangup(self, channel_id: str) -> bool:
        await asyncio.sleep(0)
        if not self.available:
            raise PeerUnavailable(code="pbx_unavailable")
        self.hung_up.append(channel_id)
        request = self.live.get(channel_id)
        if request is None:
            return False
        if not self.by_hand:
            answered = channel_id in self._answered
            self._end(request, LegResult.ANSWERED if answered else LegResult.CANCELED, "a")
        return True

    # What tests do

    def tell(self, call_id: str, kind: FactKind, leg: str | None = None, **more: object) -> None:
        """One fact to whoever listens, if anybody does and the link is up."""
        own = channel_id(call_id)
        if self._listener is None or not self.available:
            return
        if own not in self._followed:
            return
        leg_channel = {"a": own, "b": f"{own}-b"}.get(leg or "", "")
        self._listener.facts([PbxFact(own, kind, leg, leg_channel, 0, **more)])  # type: ignore[arg-type]

    def unsubscribe(self) -> None:
        """Whoever listened has died; what was dialled goes on."""
        self._listener = None
        self._followed.clear()

    def cut(self) -> None:
        self.available = False
        if self._listener is not None:
            self._listener.link_down()

    def mend(self) -> None:
        """The link is back; followed calls that are gone are LOST."""
        self.available = True
        if self._listener is not None:
            self._listener.link_up()
        for own in sorted(self._followed - self.live.keys()):
            self.tell(own.removeprefix("c2c-"), FactKind.LOST)

    def _play(self, request: DialRequest) -> None:
        call_id, plan = request.call_id, destination(request.exten)
        for kind in (FactKind.LEG_CREATED, FactKind.LEG_RINGING, FactKind.LEG_ANSWERED):
            self.tell(call_id, kind, "a")
        self._answered.add(request.channel_id)
        if plan.act is Act.ABSENT:
            self.tell(call_id, FactKind.LEG_ENDED, "b", result=LegResult.UNREACHABLE)
            self._end(request, LegResult.ANSWERED, "b")
        elif plan.act is Act.REFUSE:
            self.tell(call_id, FactKind.LEG_DIALING, "b")
            self.tell(call_id, FactKind.LEG_ENDED, "b", result=LegResult.BUSY, hangup_cause=17, sip_code=486)
            self._end(request, LegResult.ANSWERED, "b")
        else:
            for kind in (FactKind.LEG_DIALING, FactKind.LEG_RINGING, FactKind.LEG_ANSWERED):
                self.tell(call_id, kind, "b")
            self.tell(call_id, FactKind.CONNECTED)

    def _end(self, request: DialRequest, result: LegResult, first: str) -> None:
        del self.live[request.channel_id]
        self.tell(request.call_id, FactKind.LEG_ENDED, "a", result=result, hangup_cause=16)
        self.tell(request.call_id, FactKind.CALL_ENDED, ended_first=first)

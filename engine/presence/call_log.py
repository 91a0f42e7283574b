"""The call log as its readers see it: a user their own calls, a manager the domain's.

Marking as seen concerns one's own entries alone. Entries of calls that go on are not listed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from engine.accounts.models import Page, PageRequest, Principal, Scope
from engine.clock import Clock
from engine.errors import InvalidRequest
from engine.ids import is_id
from engine.presence import errors
from engine.presence.live_roster import LiveRoster
from engine.presence.models import CallLogEntry, CallLogFilter, RosterDomain
from engine.presence.people import canonical
from engine.presence.ports import CallLogStore

_FIRST_PAGE = PageRequest()
_EVERYTHING = CallLogFilter()
_MAX_PAGE = 200
#: Entries that may be marked by name at once.
_MAX_MARKED = 200


class CallLog:
    """Lists and marks entries."""

    def __init__(self, store: CallLogStore, roster: LiveRoster, clock: Clock) -> None:
        self._store = store
        self._roster = roster
        self._clock = clock

    async def list(
        self, principal: Principal, chosen: CallLogFilter = _EVERYTHING, page: PageRequest = _FIRST_PAGE
    ) -> Page[CallLogEntry]:
        """Newest first: a user's own, or those of a domain, of all or one of its users.

        Raises NotFound for a domain or user out of reach, InvalidRequest (`invalid_cursor` too).
        """
        domain = await self._roster.domain_meant(principal, chosen.domain_id)
        user_id = self._user_meant(principal, domain, chosen.user_id)
        if chosen.peer is not None and not is_id(chosen.peer, "usr"):
            chosen = replace(chosen, peer=canonical(chosen.peer, domain.region))
        found = await self._store.list(domain.id, user_id, chosen, _position(page), page.limit + 1)
        items = tuple(found[: page.limit])
        more = len(found) > page.limit
        return Page(items, f"{items[-1].started_ms}.{items[-1].id}" if more else None)

    async def get(self, principal: Principal, entry_id: str) -> CallLogEntry:
        """Raises NotFound for one that is not there or not the principal's to see."""
        entry = await self._store.get(entry_id)
        if entry is None or not await self._sees(principal, entry):
            raise errors.not_found("call log entry")
        return entry

    async def unseen_missed(self, principal: Principal) -> int:
        """How many missed calls the principal's user does not know of. Raises Forbidden `no_user`."""
        return await self._store.unseen_missed(_own_user(principal))

    async def mark_seen(self, principal: Principal, ids: Sequence[str] | None = None) -> int:
        """The principal's user knows of these calls, or of all there are by now; how many stay unseen.

        Ids that are not the user's own change nothing. Raises InvalidRequest, StorageUnavailable.
        """
        if ids is not None and len(ids) > _MAX_MARKED:
            raise errors.invalid("ids", f"Name at most {_MAX_MARKED} entries.")
        return await self._store.mark_seen(_own_user(principal), self._clock.now_ms(), ids)

    def _user_meant(self, principal: Principal, domain: RosterDomain, user_id: str | None) -> str | None:
        if principal.scope is Scope.BASIC_USER:
            if user_id not in (None, principal.user_id):
                raise errors.not_found("user")
            return principal.user_id or ""
        if user_id is not None and all(user.id != user_id for user in domain.users):
            raise errors.not_found("user")
        return user_id

    async def _sees(self, principal: Principal, entry: CallLogEntry) -> bool:
        if principal.scope is Scope.BASIC_USER:
            return principal.user_id == entry.user_id and principal.domain_id == entry.domain_id
        await self._roster.fresh()
        return self._roster.people.reaches(principal, entry.domain_id)


def _own_user(principal: Principal) -> str:
    if principal.user_id is None:
        raise errors.no_user()
    return principal.user_id


def _position(page: PageRequest) -> tuple[int, str] | None:
    if not 1 <= page.limit <= _MAX_PAGE:
        raise errors.invalid("limit", f"Give a limit of 1 to {_MAX_PAGE}.")
    if page.cursor is None:
        return None
    started_ms, _, entry_id = page.cursor.partition(".")
    digits = started_ms.isascii() and started_ms.isdigit() and len(started_ms) <= 15
    if not digits or not is_id(entry_id, "clog"):
        raise InvalidRequest("The cursor is not one of ours.", code="invalid_cursor", field="/cursor")
    return int(started_ms), entry_id

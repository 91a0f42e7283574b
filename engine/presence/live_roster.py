"""The people of all domains in memory, read again when who is who has changed.

Whoever asks waits for what is known to have changed, so a user who was just made is there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from engine.accounts.models import Principal
from engine.errors import StorageUnavailable
from engine.events import Event
from engine.presence import errors
from engine.presence.models import RosterDomain, RosterUser
from engine.presence.people import People
from engine.presence.ports import Roster

#: After these events somebody is somebody else.
_CHANGES_PEOPLE = ("user.", "device.", "domain.")
# A bulk import is one change.
_GATHER_S = 0.1
_RETRY_S = 1.0


class LiveRoster:
    """People, kept up to date. on_change: told the ids of users that are new, changed or gone."""

    def __init__(self, roster: Roster) -> None:
        self.people = People()
        self.on_change: Callable[[Iterable[str]], None] = lambda user_ids: None
        self._roster = roster
        self._stale: set[str] = set()
        self._news = asyncio.Event()
        self._reading = asyncio.Lock()

    def hear(self, event: Event) -> None:
        """An event was committed."""
        if event.type.startswith(_CHANGES_PEOPLE):
            self._stale.add(event.subject if event.type.startswith("domain.") else event.stream)
            self._news.set()

    async def start(self) -> None:
        """Read everybody. Raises StorageUnavailable."""
        self.on_change(self.people.replace(None, await self._roster.domains(None)))

    async def run(self) -> None:
        """Read what has changed, also if nobody asks, until cancelled."""
        while True:
            await self._news.wait()
            await asyncio.sleep(_GATHER_S)
            self._news.clear()
            try:
                await self.fresh()
            except StorageUnavailable:
                await asyncio.sleep(_RETRY_S)
                self._news.set()

    async def fresh(self) -> None:
        """Return when all that was heard of is known. Raises StorageUnavailable."""
        while self._stale or self._reading.locked():
            async with self._reading:
                wanted, self._stale = self._stale, set()
                if not wanted:
                    continue
                try:
                    found = await self._roster.domains(wanted)
                except BaseException:
                    self._stale |= wanted
                    raise
                self.on_change(self.people.replace(wanted, found))

    async def domain_meant(self, principal: Principal, domain_id: str | None) -> RosterDomain:
        """The domain a request is about: the one it names, else the principal's own.

        Raises NotFound for one out of reach, InvalidRequest when a principal of several names none.
        """
        await self.fresh()
        wanted = domain_id or principal.domain_id
        if wanted is None:
            raise errors.invalid("domain_id", "Name the domain; this credential reaches more than one.")
        if not self.people.reaches(principal, wanted):
            raise errors.not_found("domain")
        return self.people.domains[wanted]

    async def user_of(self, principal: Principal) -> RosterUser:
        """Whom the principal acts for. Raises Forbidden `no_user`, or NotFound."""
        if principal.user_id is None:
            raise errors.no_user()
        await self.fresh()
        user = self.people.user(principal.user_id)
        if user is None:
            raise errors.not_found("user")
        return user

"""Old voicemails, and those of an erased person: they are the PBX's, which is asked to remove them.

Our mirror of its mailboxes follows the PBX, so nothing is removed here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

import structlog

from engine.accounts.models import Principal, Scope
from engine.errors import EngineError, NotFound
from engine.records.models import Person
from engine.records.retention import Kept, Removed

log = structlog.get_logger()

#: Removed in a row; each is a question to a PBX.
_AT_ONCE = 20

#: Has the PBX remove a voicemail, in the name of one who may. Raises EngineError.
DeleteVoicemail = Callable[[Principal, str], Awaitable[None]]


class OldVoicemails(Protocol):
    """Pairs of a voicemail and a user in whose mailbox it is, oldest first. Raises StorageUnavailable."""

    async def older(self, domain_id: str, before_ms: int, limit: int) -> Sequence[tuple[str, str]]: ...

    async def of(self, person: Person, limit: int) -> Sequence[tuple[str, str]]:
        """What a person has left in mailboxes of the domain."""


class PerishableVoicemails:
    """See `Perishable`."""

    name, kept = "voicemails", Kept.VOICEMAILS

    def __init__(self, store: OldVoicemails, delete: DeleteVoicemail) -> None:
        self._store = store
        self._delete = delete

    async def remove_older(self, domain_id: str, before_ms: int, limit: int) -> Removed:
        at_once = min(limit, _AT_ONCE)
        found = await self._store.older(domain_id, before_ms, at_once)
        gone = await self._remove(domain_id, found)
        # Where the PBX removed none of them, all is left to the next round.
        return Removed(gone, 0.0, more=gone > 0 and len(found) == at_once)

    async def forget(self, person: Person) -> Mapping[str, int]:
        """Remove what a person has left there; how many went."""
        total = 0
        while found := await self._store.of(person, _AT_ONCE):
            gone = await self._remove(person.domain_id, found)
            if not gone:
                break  # what the PBX would not remove shows up as left
            total += gone
        return {"voicemails": total} if total else {}

    async def _remove(self, domain_id: str, found: Sequence[tuple[str, str]]) -> int:
        gone = 0
        for voicemail_id, user_id in found:
            acting = Principal("system", "system", domain_id, user_id, Scope.BASIC_USER)
            try:
                await self._delete(acting, voicemail_id)
                gone += 1
            except NotFound:
                pass  # somebody was faster, and the mirror will follow
            except EngineError as error:
                log.warning("records.voicemail_kept", voicemail_id=voicemail_id, code=error.code)
        return gone

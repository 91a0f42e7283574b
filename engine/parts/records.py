"""What is kept and how it leaves, put together."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import structlog

from engine.accounts.models import Principal, Scope
from engine.accounts.service import Accounts
from engine.clock import Clock
from engine.errors import EngineError, NotFound
from engine.records.erasing import Erasures, ForgetElsewhere
from engine.records.models import Person
from engine.records.retention import Kept, Perishable, Removed, Retention
from engine.sealing import Sealer
from engine.storage.database import Database
from engine.storage.erased_pairs import use_key
from engine.storage.erasure import SqlErasures
from engine.storage.old_voicemails import Found, SqlOldVoicemails
from engine.storage.removal import merge_words
from engine.storage.retention import SqlTerms, forget_nobodys, perishables
from engine.upkeep import Job

log = structlog.get_logger()

#: What is due is due for a day; this only says how soon after midnight it is gone.
_REMOVE_EVERY_S = 1_800.0
#: Messages of mailboxes removed in a row; each is a question to a PBX.
_AT_ONCE = 20

#: Has the PBX remove a voicemail, in the name of one who may.
DeleteVoicemail = Callable[[Principal, str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class RecordsPart:
    erasures: Erasures
    retention: Retention
    upkeep: Mapping[str, Job]


async def make_records(
    database: Database,
    accounts: Accounts,
    sealer: Sealer,
    clock: Clock,
    delete_voicemail: DeleteVoicemail | None = None,
) -> RecordsPart:
    """delete_voicemail: None where no PBX can be asked, as on the command line.

    Raises SealingError when the master key is another one than before, StorageUnavailable.
    """
    key = await use_key(database, sealer)
    elsewhere: list[Perishable] = []
    forget: ForgetElsewhere = _nothing_elsewhere
    if delete_voicemail is not None:
        voicemails = Voicemails(SqlOldVoicemails(database), delete_voicemail)
        elsewhere.append(voicemails)
        forget = voicemails.forget
    retention = Retention(
        SqlTerms(database, clock),
        [*elsewhere, *perishables(database)],
        lambda: forget_nobodys(database, clock),
        lambda: merge_words(database),
    )
    return RecordsPart(
        Erasures(SqlErasures(database, key), accounts.users.delete, forget, clock),
        retention,
        {"remove_old": (_REMOVE_EVERY_S, retention.run)},
    )


class Voicemails:
    """Messages of mailboxes, which are the PBX's: it removes them, and the mirror follows."""

    name, kept = "voicemails", Kept.VOICEMAILS

    def __init__(self, store: SqlOldVoicemails, delete: DeleteVoicemail) -> None:
        self._store = store
        self._delete = delete

    async def remove_older(self, domain_id: str, before_ms: int, limit: int) -> Removed:
        found = await self._store.older(domain_id, before_ms, min(limit, _AT_ONCE))
        gone = await self._remove(domain_id, found)
        # What the PBX would not remove is left to the next round.
        return Removed(limit if gone == _AT_ONCE else gone, 0.0)

    async def forget(self, person: Person) -> Mapping[str, int]:
        """Remove what a person has left there; how many went."""
        total = 0
        while found := await self._store.of(person, _AT_ONCE):
            gone = await self._remove(person.domain_id, found)
            total += gone
            if gone < len(found):
                break  # it shows up as left
        return {"voicemails": total} if total else {}

    async def _remove(self, domain_id: str, found: Found) -> int:
        gone = 0
        for voicemail_id, user_id in found:
            acting = Principal("system", "system", domain_id, user_id, Scope.BASIC_USER)
            try:
                await self._delete(acting, voicemail_id)
            except NotFound:
                pass
            except EngineError as error:
                log.warning("records.voicemail_kept", voicemail_id=voicemail_id, code=error.code)
                continue
            gone += 1
        return gone


async def _nothing_elsewhere(_: Person) -> Mapping[str, int]:
    return {}

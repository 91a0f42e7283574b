"""What is kept and how it leaves, put together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from engine.accounts.service import Accounts
from engine.clock import Clock
from engine.records.erasing import Erasures, ForgetElsewhere
from engine.records.models import Person
from engine.records.retention import Perishable, Retention
from engine.records.voicemails import DeleteVoicemail, PerishableVoicemails
from engine.sealing import Sealer
from engine.storage.database import Database
from engine.storage.erased_pairs import use_key
from engine.storage.erasure import SqlErasures
from engine.storage.old_voicemails import SqlOldVoicemails
from engine.storage.removal import merge_words
from engine.storage.retention import SqlTerms, forget_nobodys, perishables
from engine.upkeep import Job

#: What is due is due for a day; this only says how soon after midnight it is gone.
_REMOVE_EVERY_S = 1_800.0


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
        voicemails = PerishableVoicemails(SqlOldVoicemails(database), delete_voicemail)
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


async def _nothing_elsewhere(_: Person) -> Mapping[str, int]:
    return {}

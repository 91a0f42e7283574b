"""What is kept and how it leaves, put together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.accounts.service import Accounts
from engine.clock import Clock
from engine.records.erasing import Erasures
from engine.records.retention import Perishable, Retention
from engine.sealing import Sealer
from engine.storage.database import Database
from engine.storage.erased_pairs import use_key
from engine.storage.erasure import SqlErasures
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
    more_perishables: Sequence[Perishable] = (),
) -> RecordsPart:
    """more_perishables: what features keep elsewhere than in the database.

    Raises SealingError when the master key is another one than before, StorageUnavailable.
    """
    key = await use_key(database, sealer)
    retention = Retention(
        SqlTerms(database, clock),
        [*more_perishables, *perishables(database)],
        lambda: forget_nobodys(database, clock),
        lambda: merge_words(database),
    )
    return RecordsPart(
        Erasures(SqlErasures(database, key), accounts.users.delete, clock),
        retention,
        {"remove_old": (_REMOVE_EVERY_S, retention.run)},
    )

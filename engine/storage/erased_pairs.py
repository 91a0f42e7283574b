"""Opt-outs of numbers that were erased: a keyed hash of the pair goes on saying no.

The key is sealed, so the database alone does not tell which numbers those were. One row without a pair says
that there are hashes at all; while there is none, asking costs the hot path nothing more.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Collection, Mapping

import sqlalchemy as sa
from sqlalchemy import Connection

from engine.sealing import Sealer
from engine.storage.database import Database
from engine.storage.errors import StorageUnusable
from engine.storage.statements import insert
from engine.storage.tables.consent import consents
from engine.storage.tables.records import erasure_keys
from engine.storage.transaction import Transaction

#: The pair of the row that says that there are hashes.
THERE_ARE_SOME = ""
_KEY = "erased_pairs"
_OPTION = "erased_pairs_key"
_HASHED = "h:"


async def use_key(database: Database, sealer: Sealer) -> bytes:
    """The key of hashes, made at the first start; from here on the writer and readers know it.

    Raises SealingError when it was sealed under another master key, StorageUnavailable.
    """

    def work(tx: Transaction) -> bytes:
        sealed = tx.connection.execute(
            sa.select(erasure_keys.c.sealed).where(erasure_keys.c.name == _KEY)
        ).scalar()
        if sealed is None:
            sealed = sealer.seal(secrets.token_bytes(32), _KEY)
            tx.connection.execute(sa.insert(erasure_keys).values(name=_KEY, sealed=sealed))
        key = sealer.open(sealed, _KEY)
        # The writer has one connection for as long as it lives, and its options live with it.
        tx.connection.execution_options(**{_OPTION: key})
        return key

    key = await database.transact(work)
    database.tell_readers(**{_OPTION: key})
    return key


def hash_of(key: bytes, text: str) -> str:
    return _HASHED + hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def key_of(connection: Connection) -> bytes:
    """Raises StorageUnusable `erasure_key_missing` where nobody has called `use_key`."""
    key = connection.get_execution_options().get(_OPTION)
    if not isinstance(key, bytes):
        raise StorageUnusable("The key of erased numbers is not known here.", code="erasure_key_missing")
    return key


def stopped_pairs(connection: Connection, pairs: Collection[str]) -> Mapping[str, str]:
    """Those of the pairs (`pair_key`) that had opted out when they were erased, with that state."""
    key = key_of(connection)
    hashed = {hash_of(key, pair): pair for pair in pairs if pair}
    found = connection.scalars(sa.select(consents.c.pair).where(consents.c.pair.in_(hashed)))
    return {hashed[one]: "stopped" for one in found}


def remember_stopped(tx: Transaction, number: str, pair: str) -> str:
    """Put a hash in the place of a pair that has opted out, and return it."""
    hashed = hash_of(key_of(tx.connection), pair)
    for name in (hashed, THERE_ARE_SOME):
        row = {"pair": name, "number": number if name else "", "peer": "", "state": "stopped"}
        tx.connection.execute(
            insert(consents).values(**row, changed_ms=tx.now_ms, entry_id="").on_conflict_do_nothing()
        )
    return hashed


def forget_stopped(tx: Transaction, pair: str) -> None:
    """The number has said something new."""
    known = sa.select(consents.c.pair).where(consents.c.pair == THERE_ARE_SOME)
    if tx.connection.execute(known).first() is not None:
        hashed = hash_of(key_of(tx.connection), pair)
        tx.connection.execute(sa.delete(consents).where(consents.c.pair == hashed))

"""Blocked senders on disk: looked up for what comes in, and `engine.messaging.consent_ports.BlockStore`."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Sequence

import msgspec
import sqlalchemy as sa

from engine.audit import AuditEntry
from engine.events import NewEvent, domain_stream
from engine.idempotency import Claim, Replayed
from engine.ids import new_id
from engine.messaging.consent_ports import Actor
from engine.messaging.models import BlockedSender
from engine.storage import audit, idempotency
from engine.storage.database import Database
from engine.storage.statements import insert
from engine.storage.tables.consent import blocked_senders
from engine.storage.text_rows import AnyRow
from engine.storage.transaction import Transaction

#: (domain id, our number or "" for all of them, the sender)
Blocked = Collection[tuple[str, str, str]]

_encode = msgspec.json.Encoder().encode
_LOOK_UP = {
    "sqlite": (
        "SELECT domain_id, number, peer FROM blocked_senders WHERE peer IN (SELECT value FROM json_each(?))"
    ),
    "postgresql": (
        "SELECT domain_id, number, peer FROM blocked_senders"
        " WHERE peer IN (SELECT value FROM json_array_elements_text($1::text::json))"
    ),
}


def blocked_among(tx: Transaction, peers: Collection[str]) -> Blocked:
    """What is blocked of these senders, anywhere; one query for a batch."""
    statement = _LOOK_UP[tx.connection.dialect.name]
    found = tx.connection.exec_driver_sql(statement, (_encode(list(peers)).decode(),))
    return {(domain_id, number, peer) for domain_id, number, peer in found}


def blocks(blocked: Blocked, domain_id: str, number: str, peer: str) -> bool:
    """Whether a text from peer to this number of ours is from a blocked sender."""
    return bool(blocked) and ((domain_id, number, peer) in blocked or (domain_id, "", peer) in blocked)


class SqlBlockedSenders:
    """The store of blocks."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def block(
        self,
        wanted: BlockedSender,
        actor: Actor,
        user_ids: tuple[str, ...],
        claim: Claim | None,
        render: Callable[[BlockedSender], tuple[int, str]] | None,
    ) -> BlockedSender | Replayed:
        def work(tx: Transaction) -> BlockedSender | Replayed:
            if claim is not None:
                earlier = idempotency.claim(tx, claim)
                if earlier is not None:
                    return earlier
            made = _insert(tx, wanted, actor, user_ids)
            if claim is not None and render is not None:
                idempotency.settle(tx, claim, *render(made))
            return made

        return await self._database.transact(work)

    async def get_block(self, block_id: str) -> BlockedSender | None:
        row = await self._database.read(
            lambda connection: connection.execute(
                sa.select(blocked_senders).where(blocked_senders.c.id == block_id)
            ).first()
        )
        return None if row is None else read_block(row)

    async def unblock(self, block: BlockedSender, actor: Actor, user_ids: tuple[str, ...]) -> None:
        def work(tx: Transaction) -> None:
            gone = tx.connection.execute(sa.delete(blocked_senders).where(blocked_senders.c.id == block.id))
            if gone.rowcount:
                _tell(tx, "blocked_sender.deleted", block, actor, user_ids)

        await self._database.transact(work)

    async def blocks(
        self, domain_id: str, numbers: Sequence[str] | None, after: str | None, limit: int
    ) -> Sequence[BlockedSender]:
        query = sa.select(blocked_senders).where(blocked_senders.c.domain_id == domain_id)
        if numbers is not None:
            query = query.where(blocked_senders.c.number.in_([*numbers, ""]))
        if after is not None:
            query = query.where(blocked_senders.c.id > after)
        query = query.order_by(blocked_senders.c.id).limit(limit)
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        return [read_block(row) for row in rows]


def read_block(row: AnyRow) -> BlockedSender:
    return BlockedSender(row.id, row.domain_id, row.number or None, row.peer, row.blocked_by, row.created_ms)


def _insert(tx: Transaction, wanted: BlockedSender, actor: Actor, user_ids: tuple[str, ...]) -> BlockedSender:
    made = dataclasses.replace(wanted, created_ms=tx.now_ms)
    inserted = tx.connection.execute(
        insert(blocked_senders)
        .values({**dataclasses.asdict(made), "number": made.number or ""})
        .on_conflict_do_nothing()
    )
    if inserted.rowcount:
        _tell(tx, "blocked_sender.created", made, actor, user_ids)
        return made
    same = (
        blocked_senders.c.domain_id == made.domain_id,
        blocked_senders.c.number == (made.number or ""),
        blocked_senders.c.peer == made.peer,
    )
    return read_block(tx.connection.execute(sa.select(blocked_senders).where(*same)).one())


def _tell(tx: Transaction, what: str, block: BlockedSender, actor: Actor, user_ids: tuple[str, ...]) -> None:
    tx.emit(NewEvent(domain_stream(block.domain_id), what, block.id, {}, user_ids))
    audit.record(
        tx,
        AuditEntry(new_id("aud"), block.domain_id, actor.credential_id, what, block.id, {}, tx.now_ms),
    )

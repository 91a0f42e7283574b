"""What retention removes from the database: `engine.records.retention.Perishable` over SQL.

What is to go is looked for in a reader; the writer is only busy while it goes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import sqlalchemy as sa
from sqlalchemy import Connection

from engine.accounts.models import Domain
from engine.clock import Clock
from engine.records.retention import Kept, Removed
from engine.storage import settings
from engine.storage.attached import attachment, delete_file
from engine.storage.database import Database
from engine.storage.removal import remove_call_log, remove_messages, remove_threads
from engine.storage.tables.accounts import credentials, domain_settings
from engine.storage.tables.attachments import attachments
from engine.storage.tables.calls import calls
from engine.storage.tables.conversations import conversation_members, conversations, timeline_entries
from engine.storage.tables.log import idempotency_keys
from engine.storage.tables.messaging import inbound_parts, inbound_unrouted, messages, receipts, segments
from engine.storage.tables.presence import call_log, ended
from engine.storage.transaction import Transaction
from engine.usage.days import begins_ms, day_after, day_of

Ids = Sequence[str]
Find = Callable[[Connection, str, int, int], Ids]
Remove = Callable[[Transaction, str, Ids], int]

#: Receipts nobody can match and texts to numbers that are not ours.
_NOBODYS_MS = 30 * 86_400_000


@dataclass(frozen=True, slots=True)
class SqlPerishable:
    """Finds ids of what is older in a reader, and removes them in the writer.

    find: (connection, domain, before, limit). remove: (transaction, domain, ids), how many went.
    """

    name: str
    kept: Kept
    database: Database
    find: Find
    remove: Remove

    async def remove_older(self, domain_id: str, before_ms: int, limit: int) -> Removed:
        ids = await self.database.read(lambda c: list(self.find(c, domain_id, before_ms, limit)))
        if not ids:
            return Removed(0, 0.0, more=False)

        def work(tx: Transaction) -> float:
            began = time.perf_counter()
            self.remove(tx, domain_id, ids)
            return (time.perf_counter() - began) * 1000

        took_ms = await self.database.transact(work)
        return Removed(len(ids), took_ms, more=len(ids) == limit)


def perishables(database: Database) -> list[SqlPerishable]:
    """Everything the database itself keeps of a domain's messages and calls.

    In this order: what names messages goes with them, and a thread when nothing is left in it.
    """
    make = partial(SqlPerishable, database=database)
    return [
        make(name="messages", kept=Kept.MESSAGES, find=_old_messages, remove=remove_messages),
        make(name="notices", kept=Kept.MESSAGES, find=_old_notices, remove=_remove(timeline_entries)),
        make(name="drafts", kept=Kept.MESSAGES, find=_old_drafts, remove=_clear_drafts),
        make(name="threads", kept=Kept.MESSAGES, find=_empty_threads, remove=_remove_threads),
        make(name="replays", kept=Kept.MESSAGES, find=_old_replays, remove=_remove_replays),
        make(name="call_log", kept=Kept.CALLS, find=_old_entries, remove=remove_call_log),
        make(name="calls", kept=Kept.CALLS, find=_old_calls, remove=_remove(calls)),
        make(name="attachments", kept=Kept.ATTACHMENTS, find=_old_files, remove=_delete_files),
    ]


class SqlTerms:
    """What domains say about how long they keep things."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def terms(self) -> Sequence[tuple[str, Mapping[Kept, int]]]:
        return await self._database.read(lambda connection: _terms(connection, self._clock.now_ms()))


def _terms(connection: Connection, now_ms: int) -> list[tuple[str, Mapping[Kept, int]]]:
    found: list[tuple[str, Mapping[Kept, int]]] = []
    # Whoever has chosen nothing keeps everything.
    for domain_id in connection.scalars(sa.select(domain_settings.c.domain_id)).all():
        asked = Domain(domain_id, "", None, None, "", "", False, 0)
        chosen = settings.of_domains(connection, [asked])[domain_id]
        today = day_of(now_ms, chosen.time_zone)
        before = {}
        for kept in Kept:
            days = getattr(chosen, f"keep_{kept.value}_days")
            if days is not None:
                before[kept] = begins_ms(day_after(today, -days), chosen.time_zone)
        if before:
            found.append((domain_id, before))
    return found


async def forget_nobodys(database: Database, clock: Clock) -> int:
    """Remove what belongs to no domain, holds numbers or words, and has waited for thirty days."""
    before_ms = clock.now_ms() - _NOBODYS_MS

    def work(tx: Transaction) -> int:
        gone = 0
        for table, condition in (
            (receipts, receipts.c.message_id.is_(None)),
            (inbound_unrouted, sa.true()),
            (inbound_parts, sa.true()),
        ):
            key = list(table.primary_key.columns)
            old = sa.select(*key).where(condition, table.c.received_ms < before_ms).limit(100)
            gone += tx.connection.execute(sa.delete(table).where(sa.tuple_(*key).in_(old))).rowcount
        return gone

    total = 0
    while count := await database.transact(work):
        total += count
    return total


def _remove(table: sa.Table) -> Remove:
    def remove(tx: Transaction, _domain_id: str, ids: Ids) -> int:
        return tx.connection.execute(sa.delete(table).where(table.c.id.in_(ids))).rowcount

    return remove


def _old_messages(connection: Connection, domain_id: str, before_ms: int, limit: int) -> Ids:
    # Ids are in the order of time: when none of the first is old, none is.
    first = (
        sa.select(messages.c.id, messages.c.created_ms)
        .where(messages.c.domain_id == domain_id)
        .order_by(messages.c.id)
        .limit(limit)
        .subquery()
    )
    under_way = sa.select(segments.c.message_id).where(
        segments.c.message_id == first.c.id, segments.c.status.in_(("queued", "sending"))
    )
    query = sa.select(first.c.id).where(first.c.created_ms < before_ms, ~under_way.exists())
    return connection.scalars(query).all()


def _old_notices(connection: Connection, domain_id: str, before_ms: int, limit: int) -> Ids:
    query = (
        sa.select(timeline_entries.c.id)
        .join(conversations, conversations.c.id == timeline_entries.c.conversation_id)
        .where(conversations.c.domain_id == domain_id, timeline_entries.c.at_ms < before_ms)
        .limit(limit)
    )
    return connection.scalars(query).all()


def _old_drafts(connection: Connection, domain_id: str, before_ms: int, limit: int) -> Ids:
    members = conversation_members.c
    query = (
        sa.select(members.conversation_id + "\n" + members.user_id)
        .where(members.domain_id == domain_id, members.draft.is_not(None), members.draft_ms < before_ms)
        .limit(limit)
    )
    return connection.scalars(query).all()


def _clear_drafts(tx: Transaction, _domain_id: str, sides: Ids) -> int:
    members = conversation_members.c
    these = sa.tuple_(members.conversation_id, members.user_id).in_([tuple(one.split("\n")) for one in sides])
    change = sa.update(conversation_members).where(these).values(draft=None, draft_ms=None)
    return tx.connection.execute(change).rowcount


def _empty_threads(connection: Connection, domain_id: str, before_ms: int, limit: int) -> Ids:
    """Text threads nothing is left in. Chats stay: they name users alone, and are theirs to leave."""
    threads = conversations.c
    left = sa.select(messages.c.id).where(messages.c.conversation_id == threads.id).exists()
    query = (
        sa.select(threads.id)
        .where(
            threads.domain_id == domain_id,
            threads.kind == sa.literal_column("'sms'"),
            threads.last_message_ms < before_ms,
            ~left,
        )
        .limit(limit)
    )
    return connection.scalars(query).all()


def _remove_threads(tx: Transaction, _domain_id: str, ids: Ids) -> int:
    """Those that are still empty: somebody may have said something meanwhile."""
    used = tx.connection.scalars(
        sa.select(messages.c.conversation_id).where(messages.c.conversation_id.in_(ids)).distinct()
    ).all()
    return remove_threads(tx, [one for one in ids if one not in used])


def _old_replays(connection: Connection, domain_id: str, before_ms: int, limit: int) -> Ids:
    """Answers kept for repeated requests hold what the requests said."""
    keys = idempotency_keys.c
    own = sa.select(credentials.c.id).where(
        credentials.c.domain_id == domain_id, keys.scope.like(credentials.c.id + " %")
    )
    about = keys.body.like(f"%{domain_id}%")
    query = (
        sa.select(keys.scope + "\n" + keys.key)
        .where(keys.created_ms < before_ms, sa.or_(own.exists(), about))
        .limit(limit)
    )
    return connection.scalars(query).all()


def _remove_replays(tx: Transaction, _domain_id: str, names: Ids) -> int:
    keys = [tuple(name.split("\n", 1)) for name in names]
    these = sa.tuple_(idempotency_keys.c.scope, idempotency_keys.c.key).in_(keys)
    return tx.connection.execute(sa.delete(idempotency_keys).where(these)).rowcount


def _old_entries(connection: Connection, domain_id: str, before_ms: int, limit: int) -> Ids:
    query = (
        sa.select(call_log.c.id)
        .where(call_log.c.domain_id == domain_id, ended, call_log.c.started_ms < before_ms)
        .order_by(call_log.c.started_ms)
        .limit(limit)
    )
    return connection.scalars(query).all()


def _old_calls(connection: Connection, domain_id: str, before_ms: int, limit: int) -> Ids:
    first = (
        sa.select(calls.c.id, calls.c.created_ms, calls.c.ended_ms)
        .where(calls.c.domain_id == domain_id)
        .order_by(calls.c.id)
        .limit(limit)
        .subquery()
    )
    query = sa.select(first.c.id).where(first.c.created_ms < before_ms, first.c.ended_ms.is_not(None))
    return connection.scalars(query).all()


def _old_files(connection: Connection, domain_id: str, before_ms: int, limit: int) -> Ids:
    files = attachments.c
    query = (
        sa.select(files.id)
        .where(files.domain_id == domain_id, files.created_ms < before_ms, files.state != "deleted")
        .order_by(files.created_ms)
        .limit(limit)
    )
    return connection.scalars(query).all()


def _delete_files(tx: Transaction, _domain_id: str, ids: Ids) -> int:
    """Their messages stay and say that there was a file; the next sweep removes the octets."""
    rows = tx.connection.execute(sa.select(attachments).where(attachments.c.id.in_(ids))).all()
    for row in rows:
        delete_file(tx, attachment(row))
    tx.connection.execute(sa.update(attachments).where(attachments.c.id.in_(ids)).values(filename=""))
    return len(rows)

"""Rows that go, with all that belongs to them, within one transaction; what was counted of them stays.

For retention and erasure alike. Callers keep to some hundreds of ids, so that nobody waits for them long.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from functools import partial

import sqlalchemy as sa
from sqlalchemy import Connection

from engine.storage.attached import delete_attached
from engine.storage.database import Database
from engine.storage.tables.attachments import attachments
from engine.storage.tables.conversations import (
    conversation_members,
    conversation_peers,
    conversations,
    out_of_office_told,
    timeline_entries,
)
from engine.storage.tables.desk_phones import desk_phone_chats
from engine.storage.tables.messaging import message_reactions, messages, receipts, recipients, segments
from engine.storage.tables.presence import call_log
from engine.storage.tables.search import search_places, search_queue
from engine.storage.transaction import Transaction
from engine.storage.usage import keep_counts

#: Pages of the index merged in one transaction.
_MERGE_PAGES = 200


def remove_messages(tx: Transaction, domain_id: str, ids: Sequence[str]) -> int:
    """Messages with their recipients, payloads, receipts, reactions, files and places in the index."""
    if not ids:
        return 0
    connection = tx.connection
    keep_counts(tx, domain_id, message_ids=ids)
    delete_attached(tx, ids)
    connection.execute(
        sa.update(attachments).where(attachments.c.message_id.in_(ids)).values(filename="", user_id=None)
    )
    forget_words(connection, ids)
    for table in (message_reactions, receipts, segments, recipients):
        connection.execute(sa.delete(table).where(table.c.message_id.in_(ids)))
    gone = connection.execute(sa.delete(messages).where(messages.c.id.in_(ids))).rowcount
    connection.execute(sa.delete(search_queue).where(search_queue.c.message_id.in_(ids)))
    return gone


def forget_words(connection: Connection, message_ids: Sequence[str]) -> None:
    """Messages leave the search index."""
    places = list(
        connection.scalars(
            sa.select(search_places.c.place).where(search_places.c.message_id.in_(message_ids))
        )
    )
    if not places:
        return
    column = "rowid" if connection.dialect.name == "sqlite" else "place"
    words = sa.text(f"DELETE FROM search_words WHERE {column} IN :places")  # noqa: S608 (of ours)
    connection.execute(words.bindparams(sa.bindparam("places", expanding=True)), {"places": places})
    connection.execute(sa.delete(search_places).where(search_places.c.place.in_(places)))


async def merge_words(database: Database) -> None:
    """Rid the index of words whose messages are gone: FTS5 only notes that they are, until its parts are
    merged. A few pages at a time.

    Source: sqlite.org/fts5.html §6.7 ('merge').
    """
    if database.kind != "sqlite":
        return

    def merge(pages: int, tx: Transaction) -> bool:
        raw = tx.connection.connection.driver_connection
        assert isinstance(raw, sqlite3.Connection)
        before = raw.total_changes
        raw.execute("INSERT INTO search_words (search_words, rank) VALUES ('merge', ?)", (pages,))
        return raw.total_changes - before >= 2

    pages = -_MERGE_PAGES  # a negative number begins to merge everything into one
    while await database.transact(partial(merge, pages)):
        pages = _MERGE_PAGES


def remove_call_log(tx: Transaction, domain_id: str, ids: Sequence[str]) -> int:
    """Entries of the call log."""
    if not ids:
        return 0
    keep_counts(tx, domain_id, call_ids=ids)
    return tx.connection.execute(sa.delete(call_log).where(call_log.c.id.in_(ids))).rowcount


def remove_threads(tx: Transaction, ids: Sequence[str]) -> int:
    """Threads without messages, with everybody's side of them. Messages that name them must be gone."""
    if not ids:
        return 0
    for table in (
        timeline_entries,
        conversation_members,
        conversation_peers,
        out_of_office_told,
        desk_phone_chats,
    ):
        tx.connection.execute(sa.delete(table).where(table.c.conversation_id.in_(ids)))
    return tx.connection.execute(sa.delete(conversations).where(conversations.c.id.in_(ids))).rowcount

"""The index of what was said, on both databases: kept by `SearchIndex`, asked by `SqlSearch`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from engine.attachments.models import AttachmentState
from engine.conversations.models import Conversation, ConversationKind
from engine.conversations.search import Asked, Found, SearchReads
from engine.conversations.words import words_of
from engine.messaging.models import Message
from engine.storage.attached import attached_to
from engine.storage.conversation_reads import SqlThreadReads
from engine.storage.conversation_rows import conversation as conversation_of
from engine.storage.database import Database
from engine.storage.statements import HotStatement, run_many
from engine.storage.tables.conversations import conversation_members, conversations
from engine.storage.tables.messaging import messages
from engine.storage.tables.search import search_places, search_queue
from engine.storage.text_rows import AnyRow, messages_by_id
from engine.storage.transaction import Transaction

#: Messages looked at in one transaction, so that those who say something hardly wait for it.
_AT_ONCE = 32
#: Named threads of one reader that are compared; nobody names more.
_MOST_NAMED = 2_000
_mine = conversation_members

_NEW_PLACE = HotStatement(sa.insert(search_places), "place", "message_id")
_LOOKED_AT = HotStatement(
    sa.delete(search_queue).where(search_queue.c.message_id == sa.bindparam("looked_at")), "looked_at"
)


class SearchIndex:
    """Brings the index up to date."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def catch_up(self) -> int:
        """Look at all that waits; how many there were. Raises StorageUnavailable."""
        total = 0
        while waiting := await self._database.read(_waiting):
            total += await self._database.transact(partial(_look_at, waiting))
        return total


def _waiting(connection: Connection) -> list[str]:
    query = sa.select(search_queue.c.message_id).order_by(search_queue.c.message_id).limit(_AT_ONCE)
    return list(connection.scalars(query))


def _look_at(ids: Sequence[str], tx: Transaction) -> int:
    connection = tx.connection
    rows = connection.execute(
        sa.select(
            messages.c.id,
            messages.c.domain_id,
            messages.c.conversation_id,
            messages.c.number,
            messages.c.text,
            messages.c.flags,
            messages.c.attached,
            conversations.c.kind,
        )
        .join(conversations, conversations.c.id == messages.c.conversation_id)
        .where(messages.c.id.in_(ids))
    ).all()
    members = _members(connection, {row.conversation_id for row in rows if row.kind == "chat"})
    files = attached_to(connection, [row.id for row in rows if row.attached])
    places = {
        row.message_id: row.place
        for row in connection.execute(sa.select(search_places).where(search_places.c.message_id.in_(ids)))
    }
    _forget(connection, [*places.values()])
    last = connection.execute(sa.select(sa.func.max(search_places.c.place))).scalar() or 0
    new: list[tuple[int, str]] = []
    found: list[tuple[int, list[str], list[str]]] = []
    for row in sorted(rows, key=lambda row: str(row.id)):
        names = [one.filename for one in files.get(row.id, ()) if one.state is not AttachmentState.DELETED]
        words = words_of(" ".join((row.text, *names)))
        if not words or "blocked" in row.flags.split(","):
            continue
        place = places.get(row.id)
        if place is None:
            place = last + len(new) + 1
            new.append((place, row.id))
        domain = _term("d", row.domain_id)
        who = (
            [_term("u", one) for one in members.get(row.conversation_id, ())]
            if row.kind == "chat"
            else [domain, f"{domain}n{row.number.lstrip('+')}"]
        )
        found.append((place, words, [*who, _term("c", row.conversation_id)]))
    tx.execute_many(_NEW_PLACE, new)
    _remember(connection, found)
    tx.execute_many(_LOOKED_AT, [(one,) for one in ids])
    return len(ids)


def _members(connection: Connection, chat_ids: set[str]) -> Mapping[str, list[str]]:
    query = sa.select(_mine.c.conversation_id, _mine.c.user_id).where(_mine.c.conversation_id.in_(chat_ids))
    found: dict[str, list[str]] = {}
    for chat_id, user_id in connection.execute(query):
        found.setdefault(chat_id, []).append(user_id)
    return found


def _forget(connection: Connection, places: Sequence[int]) -> None:
    column = "rowid" if connection.dialect.name == "sqlite" else "place"
    if places:
        statement = sa.text(f"DELETE FROM search_words WHERE {column} IN :places")  # noqa: S608
        connection.execute(statement.bindparams(sa.bindparam("places", expanding=True)), {"places": places})


def _remember(connection: Connection, found: Sequence[tuple[int, list[str], list[str]]]) -> None:
    if connection.dialect.name == "sqlite":
        insert = "INSERT INTO search_words (rowid, words, who) VALUES (?, ?, ?)"
        rows = [(place, " ".join(words), " ".join(who)) for place, words, who in found]
        run_many(connection, insert, rows)
        return
    if found:
        statement = sa.text(
            "INSERT INTO search_words (place, words)"
            " VALUES (:place, array_to_tsvector(CAST(:terms AS text[])))"
        )
        terms: list[dict[str, Any]] = [
            # A word is told from a term of people by its first character.
            {"place": place, "terms": [*{f"={word}" for word in words}, *who]}
            for place, words, who in found
        ]
        connection.execute(statement, terms)


def _term(kind: str, id: str) -> str:
    """An id as one word of the index."""
    return kind + id.rpartition("_")[2]


class SqlSearch:
    """Asks the index."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def search(self, work: Callable[[SearchReads], Found]) -> Found:
        return await self._database.read(lambda connection: work(SqlSearchReads(connection)))


class SqlSearchReads(SqlThreadReads):
    """See `SearchReads`."""

    def find(self, asked: Asked, before: int | None, limit: int) -> Sequence[tuple[int, Message]]:
        connection = self._connection
        sqlite = connection.dialect.name == "sqlite"
        index = sa.table("search_words", sa.column("rowid"), sa.column("place"), sa.column("words"))
        place = index.c.rowid if sqlite else index.c.place
        matches = (
            sa.text("search_words MATCH :question")
            if sqlite
            else sa.text("search_words.words @@ CAST(:question AS tsquery)")
        )
        mine = sa.and_(
            _mine.c.conversation_id == messages.c.conversation_id, _mine.c.user_id == (asked.user_id or "")
        )
        beyond = sa.func.max if sqlite else sa.func.greatest
        query = (
            sa.select(place.label("place"), messages.c.id)
            .select_from(index)
            .join(search_places, search_places.c.place == place)
            .join(messages, messages.c.id == search_places.c.message_id)
            .join(conversations, conversations.c.id == messages.c.conversation_id)
            .join(_mine, mine, isouter=True)
            .where(
                matches,
                messages.c.domain_id == asked.domain_id,
                sa.or_(
                    conversations.c.kind == "sms",
                    sa.and_(_mine.c.user_id.is_not(None), _mine.c.left_ms.is_(None)),
                ),
                sa.or_(
                    _mine.c.user_id.is_(None),
                    messages.c.id > beyond(_mine.c.seen_from, _mine.c.deleted_through),
                ),
            )
            .order_by(place.desc())
            .limit(limit)
        )
        if before is not None:
            query = query.where(place < before)
        if asked.kind is not None:
            query = query.where(conversations.c.kind == asked.kind.value)
        question = _fts5(asked) if sqlite else _tsquery(asked)
        found = connection.execute(query, {"question": question}).all()
        by_id = messages_by_id(connection, [row.id for row in found])
        return [(row.place, by_id[row.id]) for row in found if row.id in by_id]

    def named(self, asked: Asked, limit: int) -> Sequence[Conversation]:
        side = sa.and_(
            _mine.c.conversation_id == conversations.c.id, _mine.c.user_id == (asked.user_id or "")
        )
        on_number = conversations.c.kind == "sms"
        if asked.numbers is not None:
            on_number = sa.and_(on_number, conversations.c.number.in_(asked.numbers))
        query = (
            sa.select(conversations)
            .join(_mine, side, isouter=True)
            .where(
                conversations.c.domain_id == asked.domain_id,
                conversations.c.name.is_not(None),
                sa.or_(on_number, sa.and_(_mine.c.user_id.is_not(None), _mine.c.left_ms.is_(None))),
            )
            .order_by(conversations.c.last_message_ms.desc(), conversations.c.id.desc())
            .limit(_MOST_NAMED)
        )
        if asked.kind is not None:
            query = query.where(conversations.c.kind == asked.kind.value)
        rows = (row for row in self._connection.execute(query) if _has(row, asked))
        return [conversation_of(row) for row, _ in zip(rows, range(limit), strict=False)]


def _has(row: AnyRow, asked: Asked) -> bool:
    words = words_of(row.name)
    whole = asked.words[:-1] if asked.beginning else asked.words
    if not set(whole) <= set(words):
        return False
    return not asked.beginning or any(word.startswith(asked.words[-1]) for word in words)


def _who(asked: Asked) -> list[str]:
    """The terms of which a message the reader may see has one."""
    domain = _term("d", asked.domain_id)
    texts = [domain] if asked.numbers is None else [f"{domain}n{one.lstrip('+')}" for one in asked.numbers]
    mine = [] if asked.user_id is None else [_term("u", asked.user_id)]
    if asked.kind is ConversationKind.CHAT:
        return mine
    return texts if asked.kind is ConversationKind.SMS else [*mine, *texts]


def _fts5(asked: Asked) -> str:
    """Words are letters and digits, terms too, so that quotes hold them."""
    words = [f'"{word}"' for word in asked.words]
    if asked.beginning:
        words[-1] += "*"
    who = " OR ".join(f'"{term}"' for term in _who(asked)) or '"-"'
    thread = "" if asked.conversation_id is None else f' AND who : ("{_term("c", asked.conversation_id)}")'
    return f"words : ({' AND '.join(words)}) AND who : ({who}){thread}"


def _tsquery(asked: Asked) -> str:
    words = [f"'={word}'" for word in asked.words]
    if asked.beginning:
        words[-1] += ":*"
    who = " | ".join(f"'{term}'" for term in _who(asked)) or "'-'"
    thread = "" if asked.conversation_id is None else f" & '{_term('c', asked.conversation_id)}'"
    return f"{' & '.join(words)} & ({who}){thread}"

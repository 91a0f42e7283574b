"""What threads are read by: `engine.conversations.ports.ThreadReads` over SQL.

The plans of the queries a page waits for are held by tests: a list follows an index by time, and what
is unread is counted from the reader's position on, never from the beginning.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection

from engine.conversations.models import (
    Conversation,
    ConversationKind,
    ListThreads,
    Member,
    Notice,
    OwnNumber,
    Person,
    UnreadTotals,
)
from engine.conversations.ports import DomainFacts
from engine.messaging.models import Message
from engine.storage import conversation_rows as rows
from engine.storage.consents import pair_key
from engine.storage.tables.accounts import domains, number_users, numbers, users
from engine.storage.tables.consent import consents
from engine.storage.tables.conversations import (
    conversation_members,
    conversation_peers,
    conversations,
    timeline_entries,
)
from engine.storage.tables.messaging import messages
from engine.storage.text_rows import AnyRow, read_messages

_members, _threads = conversation_members.c, conversations.c
#: Of users that numbers are assigned to: those who see what goes over them.
_MAY_TEXT = (users.c.sms_enabled == 1, domains.c.sms_enabled == 1)

# Counted along the index from the position on, and no further than the bound.
_COUNT = (
    "SELECT {thread}, (SELECT count(*) FROM (SELECT 1 FROM messages AS m"
    " WHERE m.conversation_id = {thread} AND m.id > {after} AND m.direction <> 'outbound'"
    " AND m.deleted_ms IS NULL AND (m.user_id IS NULL OR m.user_id <> {user}) LIMIT {most}) AS news)"
    " FROM {wanted}"
)
_UNREAD = {
    "sqlite": _COUNT.format(
        thread="json_extract(value, '$[0]')",
        after="json_extract(value, '$[1]')",
        user="json_extract(value, '$[2]')",
        most="?1",
        wanted="json_each(?2)",
    ),
    "postgresql": _COUNT.format(
        thread="(value->>0)",
        after="(value->>1)",
        user="(value->>2)",
        most="$1::bigint",
        wanted="json_array_elements($2::text::json) AS wanted (value)",
    ),
}
_encode = msgspec.json.Encoder().encode

#: Threads of one origin a badge looks at: beyond it "many" is as good as a number.
_MOST_UNREAD_THREADS = 999
#: Threads whose unread messages are counted before asking whether there are enough.
_COUNTED_AT_ONCE = 100


class SqlThreadReads:
    """One snapshot, or one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._numbers: dict[str, Sequence[OwnNumber]] = {}  # asked for by several parts of one request

    def domain(self, domain_id: str) -> DomainFacts | None:
        row = self._connection.execute(
            sa.select(domains.c.id, domains.c.region, domains.c.reseller_id, domains.c.sms_enabled).where(
                domains.c.id == domain_id
            )
        ).first()
        return (
            None if row is None else DomainFacts(row.id, row.region, row.reseller_id, bool(row.sms_enabled))
        )

    def thread(self, conversation_id: str) -> Conversation | None:
        return self._thread(_threads.id == conversation_id)

    def direct(self, direct_key: str) -> Conversation | None:
        return self._thread(_threads.direct_key == direct_key)

    def solo(self, domain_id: str, number: str, peer: str) -> Conversation | None:
        own = sa.select(conversation_peers.c.conversation_id).where(
            conversation_peers.c.domain_id == domain_id,
            conversation_peers.c.number == number,
            conversation_peers.c.peer == peer,
            conversation_peers.c.solo == 1,
        )
        return self._thread(_threads.id == own.scalar_subquery())

    def member(self, conversation_id: str, user_id: str) -> Member | None:
        row = self._connection.execute(
            sa.select(conversation_members).where(
                _members.conversation_id == conversation_id, _members.user_id == user_id
            )
        ).first()
        return None if row is None else rows.member(row)

    def members(self, conversation_ids: Collection[str]) -> Mapping[str, Sequence[Member]]:
        found: dict[str, list[Member]] = {}
        for row in self._connection.execute(
            sa.select(conversation_members)
            .where(_members.conversation_id.in_(list(conversation_ids)))
            .order_by(_members.joined_ms, _members.user_id)
        ):
            found.setdefault(row.conversation_id, []).append(rows.member(row))
        return found

    def people(self, user_ids: Collection[str]) -> Mapping[str, Person]:
        wanted = sa.select(*rows.PERSON_COLUMNS).where(users.c.id.in_(list(user_ids)))
        return {row.id: rows.person(row) for row in self._connection.execute(wanted)}

    def person_with_extension(self, domain_id: str, extension: str) -> Person | None:
        row = self._connection.execute(
            sa.select(*rows.PERSON_COLUMNS).where(
                users.c.domain_id == domain_id, users.c.extension == extension
            )
        ).first()
        return None if row is None else rows.person(row)

    def numbers_of(self, user_id: str) -> Sequence[OwnNumber]:
        found = self._numbers.get(user_id)
        if found is None:
            found = self._numbers[user_id] = self._numbers_of(user_id)
        return found

    def _numbers_of(self, user_id: str) -> Sequence[OwnNumber]:
        return [
            OwnNumber(row.id, row.e164, bool(row.sms_enabled), row.since)
            for row in self._connection.execute(
                sa.select(numbers.c.id, numbers.c.e164, numbers.c.sms_enabled, number_users.c.since)
                .join(number_users, number_users.c.number_id == numbers.c.id)
                .join(users, users.c.id == number_users.c.user_id)
                .join(domains, domains.c.id == numbers.c.domain_id)
                .where(number_users.c.user_id == user_id, *_MAY_TEXT)
                .order_by(numbers.c.id)
            )
        ]

    def number(self, domain_id: str, e164: str) -> OwnNumber | None:
        row = self._connection.execute(
            sa.select(numbers.c.id, numbers.c.e164, numbers.c.sms_enabled).where(
                numbers.c.e164 == e164, numbers.c.domain_id == domain_id
            )
        ).first()
        return None if row is None else OwnNumber(row.id, row.e164, bool(row.sms_enabled))

    def users_of(self, domain_id: str, wanted: Collection[str]) -> Mapping[str, Sequence[str]]:
        found: dict[str, list[str]] = {}
        for row in self._connection.execute(
            sa.select(numbers.c.e164, number_users.c.user_id)
            .join(number_users, number_users.c.number_id == numbers.c.id)
            .join(users, users.c.id == number_users.c.user_id)
            .join(domains, domains.c.id == numbers.c.domain_id)
            .where(numbers.c.e164.in_(list(wanted)), numbers.c.domain_id == domain_id, *_MAY_TEXT)
            .order_by(number_users.c.user_id)
        ):
            found.setdefault(row.e164, []).append(row.user_id)
        return found

    def stopped(self, pairs: Collection[tuple[str, str]]) -> Collection[tuple[str, str]]:
        keys = [pair_key(number, peer) for number, peer in pairs]
        if not keys:
            return ()
        rows = self._connection.execute(
            sa.select(consents.c.number, consents.c.peer).where(
                consents.c.pair.in_(keys), consents.c.state == "stopped"
            )
        )
        return {(row.number, row.peer) for row in rows}

    def number_used_last(self, user_id: str) -> str | None:
        return self._connection.execute(
            sa.select(_members.number_id)
            .where(_members.user_id == user_id, _members.number_used_ms.is_not(None))
            .order_by(_members.number_used_ms.desc())
            .limit(1)
        ).scalar()

    # Lists.

    def list_threads(
        self,
        domain_id: str,
        user_id: str | None,
        chosen: ListThreads,
        before: tuple[int, str] | None,
        limit: int,
        *,
        whole_domain: bool,
    ) -> Sequence[Conversation]:
        sources: list[_Source] = []
        texts_only = chosen.state is not None or chosen.claimed_by is not None
        if chosen.kind is not ConversationKind.SMS and not texts_only and user_id is not None:
            sources.append(_chats(user_id))
        if chosen.kind is not ConversationKind.CHAT:
            if whole_domain:
                sources.append(_domain_texts(domain_id, user_id))
            elif user_id is not None:
                # One query a number, each along its index: a user has few, and each may have many threads.
                sources += [_number_texts(domain_id, one, user_id) for one in self.numbers_of(user_id)]
        found = [thread for source in sources for thread in self._page(source, chosen, before, limit)]
        found.sort(key=lambda thread: (thread.last_message_ms, thread.id), reverse=True)
        return found[:limit]

    def unread(self, sides: Collection[tuple[Conversation, Member]], most: int) -> Mapping[str, int]:
        waiting = [
            (thread.id, side.has_read, side.user_id)
            for thread, side in sides
            if side.present and thread.last_news_id > side.has_read
        ]
        return self._count(waiting, most)

    def totals(self, domain_id: str, user_id: str, most: int) -> UnreadTotals:
        chats = self._with_news(_chats(user_id))
        texts = [
            row
            for number in self.numbers_of(user_id)
            for row in self._with_news(_number_texts(domain_id, number, user_id))
        ]
        positions = [(row.id, max(row.read, row.seen, row.deleted), user_id) for row in (*chats, *texts)]
        waiting = 0
        for first in range(0, len(positions), _COUNTED_AT_ONCE):
            waiting += sum(self._count(positions[first : first + _COUNTED_AT_ONCE], most).values())
            if waiting >= most:
                break
        return UnreadTotals(len(chats) + len(texts), len(chats), len(texts), min(waiting, most))

    # Messages and notices.

    def message(self, message_id: str) -> Message | None:
        found = read_messages(self._connection, messages.c.id == message_id)
        return found[0] if found else None

    def last_messages(self, message_ids: Collection[str]) -> Mapping[str, Message]:
        if not message_ids:
            return {}
        found = read_messages(self._connection, messages.c.id.in_(list(message_ids)))
        return {message.id: message for message in found}

    def messages(
        self, conversation_id: str, *, after: str, before: str | None, limit: int
    ) -> Sequence[Message]:
        conditions = [messages.c.conversation_id == conversation_id]
        if after:
            conditions.append(messages.c.id > after)
        if before is not None:
            conditions.append(messages.c.id < before)
        return read_messages(self._connection, *conditions, newest_first=True, limit=limit)

    def notices(
        self, conversation_id: str, *, after: str, before: str | None, limit: int
    ) -> Sequence[Notice]:
        entries = timeline_entries.c
        query = sa.select(timeline_entries).where(entries.conversation_id == conversation_id)
        if after:
            query = query.where(entries.id > after)
        if before is not None:
            query = query.where(entries.id < before)
        return [
            rows.notice(row)
            for row in self._connection.execute(query.order_by(entries.id.desc()).limit(limit))
        ]

    def _thread(self, condition: sa.ColumnElement[bool]) -> Conversation | None:
        row = self._connection.execute(sa.select(conversations).where(condition)).first()
        return None if row is None else rows.conversation(row)

    def _page(
        self, source: _Source, chosen: ListThreads, before: tuple[int, str] | None, limit: int
    ) -> list[Conversation]:
        query = source.query.where(source.is_deleted if chosen.deleted else sa.not_(source.is_deleted))
        if chosen.state is not None:
            query = query.where(_threads.state == chosen.state.value)
        if chosen.claimed_by is not None:
            query = query.where(_threads.claimed_by.is_not_distinct_from(chosen.claimed_by or None))
        if chosen.unread is not None:
            query = query.where(source.is_unread if chosen.unread else sa.not_(source.is_unread))
        if before is not None:
            query = query.where(sa.tuple_(_threads.last_message_ms, _threads.id) < before)
        query = query.order_by(_threads.last_message_ms.desc(), _threads.id.desc()).limit(limit)
        return [rows.conversation(row) for row in self._connection.execute(query)]

    def _with_news(self, source: _Source) -> Sequence[AnyRow]:
        positions = (
            source.read.label("read"),
            source.seen.label("seen"),
            source.deleted.label("deleted"),
        )
        query = source.query.with_only_columns(_threads.id, _threads.kind, *positions)
        return self._connection.execute(query.where(source.is_unread).limit(_MOST_UNREAD_THREADS)).all()

    def _count(self, positions: Sequence[tuple[str, str, str]], most: int) -> dict[str, int]:
        """Messages for a user (last) behind a position in each thread, in one query."""
        if not positions:
            return {}
        statement = _UNREAD[self._connection.dialect.name]
        wanted = _encode(positions).decode()
        return {row[0]: row[1] for row in self._connection.exec_driver_sql(statement, (most, wanted))}


# What the lists are made of.


@dataclass(frozen=True, slots=True)
class _Source:
    """Threads of one origin with the viewer's side of them, if there is a row of it."""

    query: sa.Select[Any]
    read: sa.ColumnElement[str]
    seen: sa.ColumnElement[str]
    deleted: sa.ColumnElement[str]

    @property
    def is_unread(self) -> sa.ColumnElement[bool]:
        news = _threads.last_news_id
        new = sa.and_(news > self.read, news > self.seen, news > self.deleted)
        return sa.or_(new, sa.func.coalesce(_members.marked_unread, 0) == 1)

    @property
    def is_deleted(self) -> sa.ColumnElement[bool]:
        return sa.and_(self.deleted != "", _threads.last_item_id <= self.deleted)


def _chats(user_id: str) -> _Source:
    query = (
        sa.select(conversations)
        .join(conversation_members, _members.conversation_id == _threads.id)
        .where(_members.user_id == user_id, _members.left_ms.is_(None), _members.role == "member")
        .where(_begun(user_id))
    )
    return _Source(query, _members.read_through, _members.seen_from, _members.deleted_through)


def _number_texts(domain_id: str, number: OwnNumber, user_id: str) -> _Source:
    query = (
        sa.select(conversations)
        .outerjoin(conversation_members, _side_of(user_id))
        .where(_threads.number == number.e164, _threads.domain_id == domain_id)
        .where(_members.left_ms.is_(None), _begun(user_id))
    )
    return _Source(query, *_position_or(number.since))


def _domain_texts(domain_id: str, user_id: str | None) -> _Source:
    query = (
        sa.select(conversations)
        .outerjoin(conversation_members, _side_of(user_id or ""))
        .where(_threads.domain_id == domain_id, _threads.kind == sa.literal_column("'sms'"))
    )
    return _Source(query, *_position_or(""))


def _side_of(user_id: str) -> sa.ColumnElement[bool]:
    return sa.and_(_members.conversation_id == _threads.id, _members.user_id == user_id)


def _position_or(since: str) -> tuple[sa.ColumnElement[str], ...]:
    return (
        sa.func.coalesce(_members.read_through, since),
        sa.func.coalesce(_members.seen_from, ""),
        sa.func.coalesce(_members.deleted_through, ""),
    )


def _begun(user_id: str) -> sa.ColumnElement[bool]:
    """A thread in which nothing was said yet is only there for the one who started it."""
    return sa.or_(_threads.last_item_id != "", _threads.created_by == user_id)

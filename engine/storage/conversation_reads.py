"""What threads are read by: `engine.conversations.ports.ThreadReads` over SQL.

The plans of the queries a page waits for are held by tests: a list follows an index by time, and what
is unread is counted from the reader's position on, never from the beginning.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy import Connection, bindparam

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
from engine.storage import settings
from engine.storage.consents import consents_of, pair_key
from engine.storage.conversation_lists import Origin, count_behind, page, unread_messages, unread_threads
from engine.storage.lists import one_of
from engine.storage.tables.accounts import domains, number_users, numbers, users
from engine.storage.tables.conversations import (
    conversation_members,
    conversation_peers,
    conversations,
    timeline_entries,
)
from engine.storage.tables.messaging import messages
from engine.storage.text_rows import ASSIGNED, messages_by_id, read_messages

_members, _threads = conversation_members.c, conversations.c
# Made once: making them anew costs more than asking.
_DOMAIN = sa.select(domains.c.id, domains.c.region, domains.c.reseller_id, domains.c.sms_enabled).where(
    domains.c.id == bindparam("domain")
)
_THREAD = sa.select(conversations).where(_threads.id == bindparam("thread"))
_MEMBER = sa.select(conversation_members).where(
    _members.conversation_id == bindparam("thread"), _members.user_id == bindparam("member")
)
_MEMBERS = (
    sa.select(conversation_members)
    .where(one_of(_members.conversation_id, "threads"))
    .order_by(_members.joined_ms, _members.user_id)
)
_PEOPLE = sa.select(*rows.PERSON_COLUMNS).where(one_of(users.c.id, "people"))
_NUMBERS_OF = (
    ASSIGNED.add_columns(numbers.c.id, numbers.c.e164, numbers.c.sms_enabled, number_users.c.since)
    .where(number_users.c.user_id == bindparam("of_user"))
    .order_by(numbers.c.id)
)
_USERS_OF = (
    ASSIGNED.add_columns(numbers.c.e164, number_users.c.user_id)
    .where(one_of(numbers.c.e164, "wanted"), numbers.c.domain_id == bindparam("domain"))
    .order_by(number_users.c.user_id)
)


class SqlThreadReads:
    """One snapshot, or one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._numbers: dict[str, Sequence[OwnNumber]] = {}  # asked for by several parts of one request

    def domain(self, domain_id: str) -> DomainFacts | None:
        row = self._connection.execute(_DOMAIN, {"domain": domain_id}).first()
        return (
            None if row is None else DomainFacts(row.id, row.region, row.reseller_id, bool(row.sms_enabled))
        )

    def thread(self, conversation_id: str) -> Conversation | None:
        row = self._connection.execute(_THREAD, {"thread": conversation_id}).first()
        return None if row is None else rows.conversation(row)

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
        row = self._connection.execute(_MEMBER, {"thread": conversation_id, "member": user_id}).first()
        return None if row is None else rows.member(row)

    def members(self, conversation_ids: Collection[str]) -> Mapping[str, Sequence[Member]]:
        found: dict[str, list[Member]] = {}
        for row in self._connection.execute(_MEMBERS, {"threads": conversation_ids}):
            found.setdefault(row.conversation_id, []).append(rows.member(row))
        return found

    def people(self, user_ids: Collection[str]) -> Mapping[str, Person]:
        return {row.id: rows.person(row) for row in self._connection.execute(_PEOPLE, {"people": user_ids})}

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
            for row in self._connection.execute(_NUMBERS_OF, {"of_user": user_id})
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
        given = {"wanted": wanted, "domain": domain_id}
        for row in self._connection.execute(_USERS_OF, given):
            found.setdefault(row.e164, []).append(row.user_id)
        return found

    def stopped(self, pairs: Collection[tuple[str, str]]) -> Collection[tuple[str, str]]:
        keys = {pair_key(number, peer): (number, peer) for number, peer in pairs}
        states = consents_of(self._connection, keys)
        return {keys[pair] for pair, state in states.items() if state == "stopped"}

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
        me = user_id or ""
        origins: list[Origin] = []
        texts_only = chosen.state is not None or chosen.claimed_by is not None
        if chosen.kind is not ConversationKind.SMS and not texts_only and user_id is not None:
            origins.append(Origin("chats", domain_id, me))
        if chosen.kind is not ConversationKind.CHAT:
            if whole_domain:
                origins.append(Origin("domain", domain_id, me))
            elif user_id is not None:
                origins += self._texts_of(domain_id, user_id)
        found = [row for one in origins for row in page(self._connection, one, chosen, before, limit)]
        found.sort(key=lambda row: (row.last_message_ms, row.id), reverse=True)
        return [rows.conversation(row) for row in found[:limit]]

    def unread(self, sides: Collection[tuple[Conversation, Member]], most: int) -> Mapping[str, int]:
        waiting = [
            (thread.id, side.has_read, side.user_id)
            for thread, side in sides
            if side.present and thread.last_news_id > side.has_read
        ]
        return count_behind(self._connection, waiting, most)

    def totals(self, domain_id: str, user_id: str, most: int) -> UnreadTotals:
        chats = Origin("chats", domain_id, user_id)
        origins = [chats, *self._texts_of(domain_id, user_id)]
        threads = {one: unread_threads(self._connection, one) for one in origins}
        waiting = 0
        for one, count in threads.items():
            if waiting < most:
                waiting += unread_messages(self._connection, one, count, most - waiting)
        every = sum(threads.values())
        return UnreadTotals(every, threads[chats], every - threads[chats], waiting)

    # Messages and notices.

    def message(self, message_id: str) -> Message | None:
        return messages_by_id(self._connection, (message_id,)).get(message_id)

    def last_messages(self, message_ids: Collection[str]) -> Mapping[str, Message]:
        return messages_by_id(self._connection, message_ids)

    def messages(
        self, conversation_id: str, *, after: str, before: str | None, limit: int, oldest_first: bool = False
    ) -> Sequence[Message]:
        conditions = [messages.c.conversation_id == conversation_id]
        if after:
            conditions.append(messages.c.id > after)
        if before is not None:
            conditions.append(messages.c.id < before)
        return read_messages(self._connection, *conditions, newest_first=not oldest_first, limit=limit)

    def notices(
        self, conversation_id: str, *, after: str, before: str | None, limit: int, oldest_first: bool = False
    ) -> Sequence[Notice]:
        entries = timeline_entries.c
        query = sa.select(timeline_entries).where(entries.conversation_id == conversation_id)
        if after:
            query = query.where(entries.id > after)
        if before is not None:
            query = query.where(entries.id < before)
        order = entries.id if oldest_first else entries.id.desc()
        return [rows.notice(row) for row in self._connection.execute(query.order_by(order).limit(limit))]

    def edit_within_s(self, domain_id: str) -> int:
        return settings.edit_within_s(self._connection, domain_id)

    def _thread(self, condition: sa.ColumnElement[bool]) -> Conversation | None:
        row = self._connection.execute(sa.select(conversations).where(condition)).first()
        return None if row is None else rows.conversation(row)

    def _texts_of(self, domain_id: str, user_id: str) -> list[Origin]:
        """One query a number, each along its index: a user has few, and each may have many threads."""
        return [Origin("number", domain_id, user_id, one.e164, one.since) for one in self.numbers_of(user_id)]

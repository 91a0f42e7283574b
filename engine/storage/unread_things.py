"""What one user has not read, between two positions: what a mail tells.

Positions are the digits of ids. A call-log entry has its id from the first ring, so calls go by the time
they ended.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from engine.conversations.models import FOR_EVER
from engine.notifications.models import Kind, Level, NotificationSettings, Unread
from engine.notifications.words import is_named
from engine.storage.conversation_reads import SqlThreadReads
from engine.storage.news import is_new
from engine.storage.tables.accounts import users
from engine.storage.tables.conversations import conversation_members, conversations
from engine.storage.tables.messaging import messages
from engine.storage.tables.notifications import thread_notifications
from engine.storage.tables.presence import call_log, ended, unseen_missed
from engine.storage.tables.voicemail import mailbox_users, voicemails

#: Conversations of one mail; a user with more reads them on the page.
_MOST_THREADS = 20
_MOST_COUNTED = 999
_MOST_OTHERS = 20

_SAID = (messages.c.id, messages.c.created_ms, messages.c.text, messages.c.peer, users.c.display_name)
_members, _threads, _chosen = conversation_members.c, conversations.c, thread_notifications.c


class _Reading:
    """One user's question. later: when the first thing came that is beyond it."""

    def __init__(
        self, connection: Connection, user_id: str, after: str, through: str, most: int, now_ms: int
    ) -> None:
        self.connection = connection
        self.user_id = user_id
        self.after = after
        self.through = through
        self.most = most
        self.now_ms = now_ms
        self.later_ms: int | None = None

    def note_later(self, at_ms: int) -> None:
        self.later_ms = at_ms if self.later_ms is None else min(at_ms, self.later_ms)


def unread_things(
    connection: Connection,
    domain_id: str,
    user_id: str,
    settings: NotificationSettings,
    after: str,
    through: str,
    most: int,
    now_ms: int,
) -> tuple[list[Unread], int | None]:
    """What waits for the user, by conversation, and when the first thing came that is beyond `through`.

    most: messages shown of each conversation.
    """
    asked = _Reading(connection, user_id, after, through, most, now_ms)
    found: list[Unread] = []
    if settings.chats:
        found += _threads_of(asked, _chats(user_id), Kind.CHAT)
    if settings.texts:
        for number in SqlThreadReads(connection).numbers_of(user_id):
            found += _threads_of(asked, _texts(domain_id, number.e164, number.since, user_id), Kind.TEXT)
    if settings.voicemails:
        found += _voicemails_of(asked)
    if settings.missed_calls:
        found += _calls_of(asked)
    return sorted(found, key=lambda one: one.at_ms), asked.later_ms


def _chats(user_id: str) -> sa.Select[Any]:
    return (
        sa.select(conversations, conversation_members, _chosen.level)
        .join(conversation_members, _members.conversation_id == _threads.id)
        .where(_members.user_id == user_id, _members.role == "member", _members.left_ms.is_(None))
    )


def _texts(domain_id: str, number: str, since: str, user_id: str) -> sa.Select[Any]:
    mine = sa.and_(_members.conversation_id == _threads.id, _members.user_id == user_id)
    return (
        sa.select(conversations, conversation_members, _chosen.level)
        .outerjoin(conversation_members, mine)
        .where(_threads.domain_id == domain_id, _threads.number == number, _members.left_ms.is_(None))
        .where(_threads.last_news_id > since)
    )


def _threads_of(asked: _Reading, source: sa.Select[Any], kind: Kind) -> list[Unread]:
    chosen = sa.and_(_chosen.conversation_id == _threads.id, _chosen.user_id == asked.user_id)
    news = _threads.last_news_id
    query = (
        source.outerjoin(thread_notifications, chosen)
        .where(news > f"msg_{asked.after}", news > sa.func.coalesce(_members.read_through, ""))
        .where(news > sa.func.coalesce(_members.seen_from, ""))
        .where(news > sa.func.coalesce(_members.deleted_through, ""))
        .order_by(news.desc())
        .limit(_MOST_THREADS)
    )
    found = []
    for row in asked.connection.execute(query).mappings():
        until_ms = row[_members.muted_until_ms]
        if until_ms is not None and (until_ms == FOR_EVER or asked.now_ms < until_ms):
            continue
        level = Level(row[_chosen.level] or Level.ALL)
        if level is Level.NONE:
            continue
        if row[_threads.last_news_id] > f"msg_{asked.through}":
            asked.note_later(int(row[_threads.last_news_id][4:16], 16))
        places = (row[_members.read_through], row[_members.seen_from], row[_members.deleted_through])
        position = max(f"msg_{asked.after}", *(place or "" for place in places))
        one = _unread_in(asked, row, kind, position, level)
        if one is not None:
            found.append(one)
    return found


def _unread_in(
    asked: _Reading, thread: sa.RowMapping, kind: Kind, position: str, level: Level
) -> Unread | None:
    said = (
        sa.select(
            messages.c.id, messages.c.created_ms, messages.c.text, messages.c.peer, users.c.display_name
        )
        .outerjoin(users, users.c.id == messages.c.user_id)
        .where(
            messages.c.conversation_id == thread[_threads.id],
            messages.c.id > position,
            messages.c.id <= f"msg_{asked.through}",
            messages.c.direction != "outbound",
            messages.c.deleted_ms.is_(None),
            sa.or_(messages.c.user_id.is_(None), messages.c.user_id != asked.user_id),
        )
        .order_by(messages.c.id.desc())
        .limit(_MOST_COUNTED)
    )
    rows = asked.connection.execute(said).all()
    if level is Level.MENTIONS:
        called = _called(asked)
        rows = [row for row in rows if is_named(row.text, called)]
    if not rows:
        return None
    shown = tuple((row.created_ms, row.display_name, row.text) for row in reversed(rows[: asked.most]))
    direct = kind is Kind.CHAT and thread[_threads.direct_key] is not None
    return Unread(
        kind,
        len(rows),
        rows[0].created_ms,
        title=rows[0].display_name if direct else thread[_threads.name],
        peer=rows[0].peer or None if kind is Kind.TEXT else None,
        conversation_id=thread[_threads.id],
        items=shown,
    )


def _called(asked: _Reading) -> Sequence[str]:
    query = sa.select(users.c.display_name, users.c.extension).where(users.c.id == asked.user_id)
    row = asked.connection.execute(query).first()
    return () if row is None else (row.display_name, row.extension)


def _voicemails_of(asked: _Reading) -> list[Unread]:
    vm = voicemails.c
    query = (
        sa.select(voicemails, users.c.display_name)
        .join(mailbox_users, mailbox_users.c.mailbox_id == vm.mailbox_id)
        .outerjoin(users, users.c.id == vm.peer_user_id)
        .where(mailbox_users.c.user_id == asked.user_id, is_new, vm.id > f"vm_{asked.after}")
        .order_by(vm.id.desc())
        .limit(_MOST_OTHERS)
    )
    found = []
    for row in asked.connection.execute(query):
        if row.id > f"vm_{asked.through}":
            asked.note_later(int(row.id[3:15], 16))
            continue
        name = row.display_name or row.name or None
        found.append(Unread(Kind.VOICEMAIL, 1, row.received_ms, title=name, peer=row.number or None))
    return found


def _calls_of(asked: _Reading) -> list[Unread]:
    log = call_log.c
    query = (
        sa.select(call_log)
        .where(log.user_id == asked.user_id, unseen_missed, ended, log.ended_ms > _ms(asked.after))
        .order_by(log.ended_ms.desc())
        .limit(_MOST_OTHERS)
    )
    found = []
    for row in asked.connection.execute(query):
        if row.ended_ms > _ms(asked.through):
            asked.note_later(row.ended_ms)
            continue
        peer = None if row.peer_user_id else row.peer or None
        found.append(Unread(Kind.MISSED_CALL, 1, row.started_ms, title=row.peer_name or None, peer=peer))
    return found


def _ms(position: str) -> int:
    """When an id with these digits was made, milliseconds since the epoch."""
    return int(position[:12], 16) if position else 0

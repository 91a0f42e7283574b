"""What news are about: the rows of messages, calls and voicemails, and how their readers stand to them.

As many statements for a thousand messages as for one, since this runs beside the hot path.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from engine.conversations.models import FOR_EVER
from engine.notifications.models import Kind, Level, News, Side, Sound, ThreadNotifications
from engine.storage.tables.accounts import users
from engine.storage.tables.conversations import conversation_members, conversations
from engine.storage.tables.messaging import messages
from engine.storage.tables.notifications import thread_notifications
from engine.storage.tables.presence import call_log
from engine.storage.tables.voicemail import voicemails as voicemail_rows
from engine.voicemail.models import NEW_FOLDERS

_MESSAGES = (
    sa.select(
        messages.c.id,
        messages.c.conversation_id,
        messages.c.domain_id,
        messages.c.user_id,
        messages.c.peer,
        messages.c.text,
        messages.c.created_ms,
        conversations.c.kind,
        conversations.c.name,
        conversations.c.direct_key,
        users.c.display_name,
    )
    .join(conversations, conversations.c.id == messages.c.conversation_id)
    .outerjoin(users, users.c.id == messages.c.user_id)
    .where(messages.c.deleted_ms.is_(None))
)


#: A voicemail nobody has heard, as a phone's lamp counts it.
is_new = voicemail_rows.c.folder.in_(sorted(folder.value for folder in NEW_FOLDERS))


def read_news(
    connection: Connection,
    messages_of: Mapping[str, tuple[str, ...]],
    calls: Collection[str],
    voicemails_of: Mapping[str, tuple[str, ...]],
    now_ms: int,
) -> list[News]:
    """Those that are there, oldest first of each kind. Values: whom each concerns."""
    found = _messages(connection, messages_of, now_ms) if messages_of else []
    if calls:
        found += _calls(connection, calls)
    if voicemails_of:
        found += _voicemails(connection, voicemails_of)
    return found


def _messages(connection: Connection, messages_of: Mapping[str, tuple[str, ...]], now_ms: int) -> list[News]:
    rows = connection.execute(
        _MESSAGES.where(messages.c.id.in_(list(messages_of))).order_by(messages.c.id)
    ).all()
    everybody = {user_id for row in rows for user_id in messages_of[row.id]}
    sides = _sides(connection, {row.conversation_id for row in rows}, everybody, now_ms)
    return [
        News(
            id=row.id,
            kind=Kind.CHAT if row.kind == "chat" else Kind.TEXT,
            domain_id=row.domain_id,
            user_ids=messages_of[row.id],
            at_ms=row.created_ms,
            conversation_id=row.conversation_id,
            author_id=row.user_id,
            author=row.display_name,
            peer=row.peer or None,
            group=None if row.kind != "chat" or row.direct_key else row.name or "",
            text=row.text,
            sides={
                user_id: sides.get((row.conversation_id, user_id), Side()) for user_id in messages_of[row.id]
            },
        )
        for row in rows
    ]


def _sides(
    connection: Connection, conversation_ids: Collection[str], user_ids: Collection[str], now_ms: int
) -> dict[tuple[str, str], Side]:
    member, thread = conversation_members.c, thread_notifications.c
    chosen = {
        (row.conversation_id, row.user_id): chosen_of(row)
        for row in connection.execute(
            sa.select(thread_notifications).where(
                thread.user_id.in_(list(user_ids)), thread.conversation_id.in_(list(conversation_ids))
            )
        )
    }
    listening = {user_id for (_, user_id), one in chosen.items() if one.level is Level.MENTIONS}
    called = _called(connection, listening) if listening else {}
    found = {key: Side(chosen=one, called=called.get(key[1], ())) for key, one in chosen.items()}
    for row in connection.execute(
        sa.select(
            member.conversation_id, member.user_id, member.muted_until_ms, member.left_ms, member.read_through
        ).where(member.conversation_id.in_(list(conversation_ids)), member.user_id.in_(list(user_ids)))
    ):
        key = (row.conversation_id, row.user_id)
        until_ms = row.muted_until_ms
        muted = until_ms is not None and (until_ms == FOR_EVER or now_ms < until_ms)
        found[key] = Side(
            muted or row.left_ms is not None,
            row.read_through,
            chosen.get(key, ThreadNotifications()),
            called.get(row.user_id, ()),
        )
    return found


def chosen_of(row: sa.Row[Any]) -> ThreadNotifications:
    """What a row of `thread_notifications` says."""
    return ThreadNotifications(Level(row.level), None if row.sound is None else Sound(row.sound))


def _called(connection: Connection, user_ids: Collection[str]) -> dict[str, tuple[str, ...]]:
    query = sa.select(users.c.id, users.c.display_name, users.c.extension).where(
        users.c.id.in_(list(user_ids))
    )
    return {row.id: (row.display_name, row.extension) for row in connection.execute(query)}


def _calls(connection: Connection, calls: Collection[str]) -> list[News]:
    log = call_log.c
    query = sa.select(call_log).where(log.id.in_(list(calls)), log.missed == 1, log.seen == 0)
    return [
        News(
            id=row.id,
            kind=Kind.MISSED_CALL,
            domain_id=row.domain_id,
            user_ids=(row.user_id,),
            at_ms=row.started_ms,
            author_id=row.peer_user_id,
            author=row.peer_name or None,
            peer=row.peer or None,
        )
        for row in connection.execute(query.order_by(log.id))
    ]


def _voicemails(connection: Connection, voicemails_of: Mapping[str, tuple[str, ...]]) -> list[News]:
    vm = voicemail_rows.c
    query = (
        sa.select(voicemail_rows, users.c.display_name)
        .outerjoin(users, users.c.id == vm.peer_user_id)
        .where(vm.id.in_(list(voicemails_of)), is_new)
    )
    return [
        News(
            id=row.id,
            kind=Kind.VOICEMAIL,
            domain_id=row.domain_id,
            user_ids=voicemails_of[row.id],
            at_ms=row.received_ms,
            author_id=row.peer_user_id,
            author=row.display_name or row.name or None,
            peer=row.number or None,
        )
        for row in connection.execute(query.order_by(vm.id))
    ]

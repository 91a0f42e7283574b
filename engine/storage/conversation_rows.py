"""Rows of threads as records and back, and the statements that the reads and writes of threads share."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from engine.conversations.models import (
    Conversation,
    ConversationKind,
    Member,
    Notice,
    NoticeKind,
    Person,
    Role,
    ThreadState,
)
from engine.storage.statements import HotStatement, insert
from engine.storage.tables.accounts import users
from engine.storage.tables.conversations import timeline_entries
from engine.storage.text_rows import AnyRow
from engine.storage.transaction import Transaction

_encode = msgspec.json.Encoder().encode
_decode_peers = msgspec.json.Decoder(tuple[str, ...]).decode
_decode_data = msgspec.json.Decoder(dict[str, object]).decode

PERSON_COLUMNS = (
    users.c.id,
    users.c.domain_id,
    users.c.extension,
    users.c.display_name,
    users.c.enabled,
    users.c.sms_enabled,
)
_INSERT_NOTICE = HotStatement(insert(timeline_entries), *timeline_entries.c.keys())


def conversation(row: AnyRow) -> Conversation:
    return Conversation(
        row.id,
        row.domain_id,
        ConversationKind(row.kind),
        row.number_id,
        row.number,
        _decode_peers(row.peers),
        row.created_ms,
        row.last_message_ms,
        row.name,
        row.created_by,
        row.direct_key,
        row.last_item_id,
        row.last_news_id,
        ThreadState(row.state),
        row.claimed_by,
        row.claimed_ms,
    )


def conversation_row(thread: Conversation) -> Mapping[str, object]:
    return {
        "id": thread.id,
        "domain_id": thread.domain_id,
        "kind": thread.kind.value,
        "number_id": thread.number_id,
        "number": thread.number,
        "peers": _encode(thread.peers).decode(),
        "created_ms": thread.created_ms,
        "last_message_ms": thread.last_message_ms,
        "name": thread.name,
        "created_by": thread.created_by,
        "direct_key": thread.direct_key,
        "last_item_id": thread.last_item_id,
        "last_news_id": thread.last_news_id,
        "state": thread.state.value,
        "claimed_by": thread.claimed_by,
        "claimed_ms": thread.claimed_ms,
    }


def member(row: AnyRow) -> Member:
    return Member(
        row.conversation_id,
        row.user_id,
        row.domain_id,
        Role(row.role),
        row.joined_ms,
        row.seen_from,
        row.left_ms,
        row.muted_until_ms,
        row.read_through,
        bool(row.marked_unread),
        row.deleted_through,
        row.number_id,
        row.number_used_ms,
        row.draft,
        row.draft_ms,
    )


def member_row(side: Member) -> Mapping[str, object]:
    """Without the draft, which is saved by itself."""
    return {
        "conversation_id": side.conversation_id,
        "user_id": side.user_id,
        "domain_id": side.domain_id,
        "role": side.role.value,
        "joined_ms": side.joined_ms,
        "seen_from": side.seen_from,
        "left_ms": side.left_ms,
        "muted_until_ms": side.muted_until_ms,
        "read_through": side.read_through,
        "marked_unread": int(side.marked_unread),
        "deleted_through": side.deleted_through,
        "number_id": side.number_id,
        "number_used_ms": side.number_used_ms,
    }


def person(row: AnyRow) -> Person:
    return Person(
        row.id, row.domain_id, row.extension, row.display_name, bool(row.enabled), bool(row.sms_enabled)
    )


def notice(row: AnyRow) -> Notice:
    return Notice(
        row.id, row.conversation_id, NoticeKind(row.kind), row.user_id, _decode_data(row.data), row.at_ms
    )


def add_notice(tx: Transaction, entry: Notice) -> None:
    """Put a notice on the timeline of its thread, in the transaction of what it tells."""
    row = (
        entry.id,
        entry.conversation_id,
        entry.kind.value,
        entry.user_id,
        _encode(entry.data).decode(),
        entry.at_ms,
    )
    tx.execute_many(_INSERT_NOTICE, [row])

"""Drafts that are sent are drafts no more: cleared in the transaction that stores what was said."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import sqlalchemy as sa
from sqlalchemy import bindparam

from engine.events import NewEvent, domain_stream, private_to
from engine.storage.statements import HotStatement
from engine.storage.tables.conversations import conversation_members
from engine.storage.transaction import Transaction

_side = conversation_members.c
_CLEAR = HotStatement(
    sa.update(conversation_members)
    .where(_side.conversation_id == bindparam("key_thread"), _side.user_id == bindparam("key_user"))
    .values(draft=sa.null(), draft_ms=bindparam("now")),
    "now",
    "key_thread",
    "key_user",
)
_there_is = _side.draft.is_not(None)


def clear_drafts(tx: Transaction, said: Mapping[tuple[str, str], tuple[str, int]]) -> None:
    """said: (conversation, user) whose draft was sent -> domain, and when (ms)."""
    tx.execute_many(_CLEAR, [(at_ms, *side) for side, (_, at_ms) in said.items()])
    for (conversation_id, user_id), (domain_id, _) in said.items():
        stream = domain_stream(domain_id)
        tx.emit(NewEvent(stream, "conversation.draft", conversation_id, {}, private_to((user_id,))))


def with_drafts(tx: Transaction, sides: Collection[tuple[str, str]]) -> Collection[tuple[str, str]]:
    """Those of these (conversation, user) who have a draft."""
    rows = tx.connection.execute(
        sa.select(_side.conversation_id, _side.user_id).where(
            _there_is, sa.tuple_(_side.conversation_id, _side.user_id).in_(list(sides))
        )
    )
    return {(row.conversation_id, row.user_id) for row in rows}

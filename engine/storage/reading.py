"""Reading positions: moved forward in the commit of many, since every message moves one a reader."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Self

from engine.conversations.access import audience
from engine.conversations.models import Conversation, Member
from engine.events import NewEvent, domain_stream, private_to
from engine.storage.conversation_changes import SqlThreadChanges
from engine.storage.text_rows import COMMUTING
from engine.storage.transaction import Transaction

#: Unread messages are counted up to here; beyond it a page shows "999+".
MOST_UNREAD = 999


@dataclass(frozen=True, slots=True)
class MarkRead:
    """One user has read a thread up to a message. side: the row to begin with where there is none."""

    commutes_with: ClassVar[frozenset[str]] = COMMUTING | {"SayInChat"}

    conversation_id: str
    side: Member
    through: str

    @classmethod
    def apply_many(cls, tx: Transaction, operations: Sequence[Self]) -> Sequence[None]:
        for operation in operations:
            _mark(SqlThreadChanges(tx), operation)
        return [None] * len(operations)


def _mark(changes: SqlThreadChanges, wanted: MarkRead) -> None:
    thread = changes.thread(wanted.conversation_id)
    if thread is None:
        return
    side = changes.member(thread.id, wanted.side.user_id) or wanted.side
    through = max(side.read_through, min(wanted.through, thread.last_item_id))
    if through == side.read_through and not side.marked_unread:
        return
    side = replace(side, read_through=through, marked_unread=False)
    changes.save_member(side)
    unread = changes.unread([(thread, side)], MOST_UNREAD).get(thread.id, 0)
    data = {"user_id": side.user_id, "read_through": through, "unread": unread, "marked_unread": False}
    told = _told(changes, thread, side)
    changes.emit(NewEvent(domain_stream(thread.domain_id), "conversation.read", thread.id, data, told))


def _told(changes: SqlThreadChanges, thread: Conversation, side: Member) -> tuple[str, ...]:
    """In a chat everybody sees how far the others have read; of a text thread it is the reader's own."""
    if thread.number is not None:
        return private_to((side.user_id,))
    return audience(thread, changes.members([thread.id]).get(thread.id, ()), ())

"""Moving a text that came in to another thread: which one an answer belongs to was a guess."""

from __future__ import annotations

from dataclasses import replace

from engine.accounts.models import Principal
from engine.conversations import errors
from engine.conversations.access import concerned, is_chat, standing
from engine.conversations.models import Conversation, ConversationKind, Notice, NoticeKind
from engine.conversations.ports import ThreadChanges
from engine.errors import NotFound
from engine.events import NewEvent, domain_stream
from engine.ids import new_id
from engine.messaging.models import Direction, Message


def move(
    changes: ThreadChanges,
    principal: Principal,
    message_id: str,
    conversation_id: str | None,
    new_thread_id: str,
) -> Message:
    """Put an inbound text into a thread over the same number that its sender is in.

    conversation_id: None puts it into the sender's own thread, made as new_thread_id if need be.
    Raises NotFound, or Conflict `not_movable`.
    """
    message = changes.message(message_id)
    if message is None or message.conversation_id is None:
        raise errors.no_such_message()
    try:
        source = standing(changes, principal, message.conversation_id).thread
    except NotFound:
        raise errors.no_such_message() from None
    if is_chat(source) or message.direction is not Direction.INBOUND:
        raise errors.not_movable()
    if conversation_id is None:
        target = _own_thread(changes, source, message, new_thread_id)
    else:
        target = standing(changes, principal, conversation_id).thread
    fits = target.number == source.number and target.domain_id == source.domain_id
    if not fits or message.peer not in target.peers:
        raise errors.not_movable()
    if target.id == source.id:
        return message
    flags = tuple(one for one in message.flags if one != "inferred")
    flags = (*flags, "moved") if "moved" not in flags else flags
    changes.move_message(message, target.id, flags)
    for thread in (source, target):
        changes.recount_thread(thread.id)
        data = {"message_id": message.id, "from": source.id, "to": target.id}
        changes.add_notice(
            Notice(
                new_id("tle"), thread.id, NoticeKind.MESSAGE_MOVED, principal.user_id, data, changes.now_ms
            )
        )
    told = concerned(changes, target)
    stream = domain_stream(target.domain_id)
    changes.emit(
        NewEvent(stream, "message.updated", message.id, {"conversation_id": target.id, "moved": True}, told)
    )
    for thread in (source, target):
        changes.emit(NewEvent(stream, "conversation.updated", thread.id, {"changed": ["messages"]}, told))
    return replace(message, conversation_id=target.id, flags=flags)


def _own_thread(
    changes: ThreadChanges, source: Conversation, message: Message, new_thread_id: str
) -> Conversation:
    own = changes.solo(message.domain_id, message.number, message.peer)
    if own is not None:
        return own
    thread = Conversation(
        new_thread_id,
        source.domain_id,
        ConversationKind.SMS,
        source.number_id,
        source.number,
        (message.peer,),
        changes.now_ms,
        message.created_ms,
    )
    changes.insert_thread(thread)
    changes.put_peers(thread, solo=True)
    changes.emit(
        NewEvent(
            domain_stream(thread.domain_id),
            "conversation.created",
            thread.id,
            {"kind": thread.kind.value},
            concerned(changes, thread),
        )
    )
    return thread

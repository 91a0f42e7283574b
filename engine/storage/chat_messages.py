"""What is said in chats: checked, stored and told in the commit of many.

One query a batch says who is in its chats, so that nobody speaks in one they have left, however close
the two were.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Self

import msgspec
import sqlalchemy as sa
from sqlalchemy import bindparam

from engine.attachments.models import Attached
from engine.conversations.errors import client_id_reused, no_such_conversation, no_such_reply
from engine.conversations.ports import NewChatMessage
from engine.errors import EngineError
from engine.events import NewEvent, domain_stream, private_to
from engine.idempotency import Replayed
from engine.ids import id_after, new_id
from engine.messaging.models import DeliveryClass, Direction, Message
from engine.storage.absences import AWAY_FLAGS, is_away, not_told_lately
from engine.storage.attached import Taking, Wanted
from engine.storage.drafts import clear_drafts
from engine.storage.idempotency import claim_many, settle_many
from engine.storage.statements import HotStatement, insert
from engine.storage.tables.conversations import conversation_members, conversations
from engine.storage.tables.messaging import messages
from engine.storage.text_rows import COMMUTING, messages_by_id
from engine.storage.transaction import Transaction

_encode = msgspec.json.Encoder().encode

_WHO = (
    "SELECT c.id, c.domain_id, c.last_item_id, m.user_id, m.draft IS NOT NULL, o.text, o.from_ms, o.until_ms"
    " FROM conversations AS c"
    " JOIN conversation_members AS m ON m.conversation_id = c.id AND m.left_ms IS NULL"
    # Only a chat of two is answered for somebody who is away: in a group it would be noise.
    " LEFT JOIN out_of_office AS o"
    " ON o.user_id = m.user_id AND o.enabled = 1 AND c.direct_key IS NOT NULL"
    " WHERE c.kind = 'chat' AND c.id IN (SELECT value FROM {})"
)
_WHO_IS_IN = {
    "sqlite": _WHO.format("json_each(?)"),
    "postgresql": _WHO.format("json_array_elements_text($1::text::json)"),
}
_SAID_BEFORE = {
    "sqlite": (
        "SELECT m.sender_id, m.client_id, m.id FROM json_each(?) AS w CROSS JOIN messages AS m"
        " ON m.sender_id = json_extract(w.value, '$[0]') AND m.client_id = json_extract(w.value, '$[1]')"
        " AND m.client_id IS NOT NULL"
    ),
    "postgresql": (
        "SELECT m.sender_id, m.client_id, m.id FROM json_array_elements($1::text::json) AS w (value)"
        " JOIN messages AS m ON m.sender_id = w.value->>0 AND m.client_id = w.value->>1"
    ),
}
_INSERT = HotStatement(
    insert(messages),
    "id",
    "domain_id",
    "conversation_id",
    "direction",
    "number",
    "peer",
    "text",
    "delivery_class",
    "sender_id",
    "user_id",
    "client_id",
    "flags",
    "created_ms",
    "reply_to",
)
_TOUCH = HotStatement(
    sa.update(conversations)
    .where(conversations.c.id == bindparam("key_thread"))
    .values(
        last_message_ms=bindparam("now"), last_item_id=bindparam("message"), last_news_id=bindparam("message")
    ),
    "now",
    "message",
    "key_thread",
)
#: Whoever says something has read what was said before.
_AUTHOR_HAS_READ = HotStatement(
    sa.update(conversation_members)
    .where(
        conversation_members.c.conversation_id == bindparam("key_thread"),
        conversation_members.c.user_id == bindparam("key_user"),
    )
    .values(read_through=bindparam("message"), marked_unread=0),
    "message",
    "key_thread",
    "key_user",
)


@dataclass(slots=True)
class _Chat:
    """A chat as the batch finds it, and as its earlier messages leave it.

    drafting: members who have a draft. away: what to answer for those who are not in their office.
    """

    domain_id: str
    last_item_id: str
    user_ids: list[str]
    drafting: set[str] = field(default_factory=set)
    away: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SayInChat:
    """Store one message of a member."""

    commutes_with: ClassVar[frozenset[str]] = COMMUTING | {"MarkRead"}

    new: NewChatMessage

    def exclusive_key(self) -> Hashable | None:
        """Twins under one idempotency key: the later must see what the earlier wrote."""
        claim = self.new.claim
        return None if claim is None else (claim.scope, claim.key)

    @classmethod
    def apply_many(
        cls, tx: Transaction, operations: Sequence[Self]
    ) -> Sequence[Message | Replayed | EngineError]:
        results: list[Message | Replayed | EngineError | None] = _replayed(tx, operations)
        said = [one.new for one, result in zip(operations, results, strict=True) if result is None]
        chats = _chats(tx, {one.conversation_id for one in said})
        earlier = _said_before(tx, said)
        wrong_replies = _wrong_replies(tx, said)
        taking = _wanted_files(tx, said)
        fresh: list[Message] = []
        answers = []
        for place, operation in enumerate(operations):
            if results[place] is not None:
                continue
            new = operation.new
            chat = chats.get(new.conversation_id)
            before = None if new.client_id is None else earlier.get((new.user_id, new.client_id))
            result: Message | EngineError
            if chat is None or new.user_id not in chat.user_ids:
                result = no_such_conversation()
            elif before is not None:
                result = before if _same(before, new) else client_id_reused()
            elif new.id in wrong_replies:
                result = no_such_reply()
            else:
                result = _message(new, chat)
                files = None if taking is None else _files_of(taking, new, result)
                if isinstance(files, EngineError):
                    result = files
                else:
                    result.attachments = files or ()
                    fresh.append(result)
                    if new.client_id is not None:
                        earlier[new.user_id, new.client_id] = result
            results[place] = result
            if new.claim is not None and new.render is not None and isinstance(result, Message):
                status, body = new.render(result)
                answers.append((new.claim, status, body))
        _store(tx, [*fresh, *_answers_of_absent(tx, fresh, chats)], chats)
        if taking is not None:
            taking.finish()
        if answers:
            settle_many(tx, answers)
        return [result for result in results if result is not None]


def _replayed(
    tx: Transaction, operations: Sequence[SayInChat]
) -> list[Message | Replayed | EngineError | None]:
    results: list[Message | Replayed | EngineError | None] = [None] * len(operations)
    claimed = [(place, one.new.claim) for place, one in enumerate(operations) if one.new.claim is not None]
    if claimed:
        found = claim_many(tx, [claim for _, claim in claimed])
        for (place, _), answer in zip(claimed, found, strict=True):
            results[place] = answer
    return results


def _chats(tx: Transaction, conversation_ids: set[str]) -> dict[str, _Chat]:
    if not conversation_ids:
        return {}
    found: dict[str, _Chat] = {}
    statement = _WHO_IS_IN[tx.connection.dialect.name]
    wanted = _encode(list(conversation_ids)).decode()
    for row in tx.connection.exec_driver_sql(statement, (wanted,)):
        conversation_id, domain_id, last_item_id, user_id, drafting, away, from_ms, until_ms = row
        chat = found.get(conversation_id)
        if chat is None:
            chat = found[conversation_id] = _Chat(domain_id, last_item_id, [])
        chat.user_ids.append(user_id)
        if drafting:
            chat.drafting.add(user_id)
        if away is not None and is_away(from_ms, until_ms, tx.now_ms):
            chat.away[user_id] = away
    return found


def _said_before(tx: Transaction, said: Sequence[NewChatMessage]) -> dict[tuple[str, str], Message]:
    wanted = [(one.user_id, one.client_id) for one in said if one.client_id is not None]
    if not wanted:
        return {}
    statement = _SAID_BEFORE[tx.connection.dialect.name]
    rows = tx.connection.exec_driver_sql(statement, (_encode(wanted).decode(),)).all()
    if not rows:
        return {}
    found = messages_by_id(tx.connection, [row[2] for row in rows])
    return {(sender, client): found[message_id] for sender, client, message_id in rows}


def _wrong_replies(tx: Transaction, said: Sequence[NewChatMessage]) -> set[str]:
    """Ids of new messages that answer one that is not in their chat."""
    replies = {one.id: (one.reply_to, one.conversation_id) for one in said if one.reply_to is not None}
    if not replies:
        return set()
    wanted = [message_id for message_id, _ in replies.values()]
    there = {
        (row.id, row.conversation_id)
        for row in tx.connection.execute(
            sa.select(messages.c.id, messages.c.conversation_id).where(messages.c.id.in_(wanted))
        )
    }
    return {new_id for new_id, answered in replies.items() if answered not in there}


def _same(before: Message, new: NewChatMessage) -> bool:
    """A message that was edited or taken back since is still the one that was sent."""
    if before.conversation_id != new.conversation_id:
        return False
    if before.deleted_ms is not None:
        return True
    if tuple(one.id for one in before.attachments) != new.attachment_ids:
        return False
    return before.text == new.text or before.edited_ms is not None


def _wanted_files(tx: Transaction, said: Sequence[NewChatMessage]) -> Taking | None:
    """The files these messages are to carry, locked; None, and nothing asked, where they want none."""
    wanted = [one for new in said for one in new.attachment_ids]
    if not wanted:
        return None
    taking = Taking(tx)
    taking.find(wanted)
    return taking


def _files_of(
    taking: Taking, new: NewChatMessage, message: Message
) -> tuple[Attached, ...] | EngineError | None:
    if not new.attachment_ids:
        return None
    wanted = Wanted(message.id, message.domain_id, new.user_id, message.conversation_id, new.attachment_ids)
    return taking.take(wanted)


def _message(new: NewChatMessage, chat: _Chat) -> Message:
    # Another node's clock may be ahead: what is said later stands later all the same.
    message_id = new.id if new.id > chat.last_item_id else id_after(chat.last_item_id)
    chat.last_item_id = message_id
    return Message(
        message_id,
        chat.domain_id,
        new.conversation_id,
        Direction.INTERNAL,
        "",
        "",
        new.text,
        DeliveryClass.CONVERSATION,
        new.user_id,
        new.client_id,
        new.created_ms,
        reply_to=new.reply_to,
    )


def _answers_of_absent(
    tx: Transaction, fresh: Sequence[Message], chats: dict[str, _Chat]
) -> Sequence[Message]:
    """What is answered for those who are away: once a day in each chat, and never to an answer of this
    kind, which does not come through here."""
    asked: dict[tuple[str, str], str] = {}
    for message in fresh:
        thread_id = message.conversation_id or ""
        for user_id, text in chats[thread_id].away.items():
            if user_id != message.user_id:
                asked[user_id, thread_id] = text
    answers = []
    for user_id, thread_id in sorted(not_told_lately(tx, asked)) if asked else ():
        chat = chats[thread_id]
        new = NewChatMessage(
            new_id("msg"), thread_id, user_id, asked[user_id, thread_id], None, None, tx.now_ms
        )
        answer = _message(new, chat)
        answer.flags = AWAY_FLAGS
        answers.append(answer)
    return answers


def _store(tx: Transaction, fresh: Sequence[Message], chats: dict[str, _Chat]) -> None:
    rows, touched, read, sent = [], {}, {}, {}
    for message in fresh:
        thread_id, user_id = message.conversation_id, message.user_id
        assert thread_id is not None
        assert user_id is not None
        rows.append(
            (
                message.id,
                message.domain_id,
                thread_id,
                "internal",
                "",
                "",
                message.text,
                "conversation",
                user_id,
                user_id,
                message.client_id,
                ",".join(message.flags),
                message.created_ms,
                message.reply_to,
            )
        )
        touched[thread_id] = (message.created_ms, message.id, thread_id)
        if not message.flags:  # who is away has read nothing
            read[thread_id, user_id] = (message.id, thread_id, user_id)
            if user_id in chats[thread_id].drafting:
                sent[thread_id, user_id] = (message.domain_id, message.created_ms)
        data = {"direction": "internal", "conversation_id": thread_id, "user_id": user_id}
        tx.emit(
            NewEvent(
                domain_stream(message.domain_id),
                "message.created",
                message.id,
                data,
                private_to(chats[thread_id].user_ids),
                message,
            )
        )
    tx.execute_many(_INSERT, rows)
    tx.execute_many(_TOUCH, list(touched.values()))
    tx.execute_many(_AUTHOR_HAS_READ, list(read.values()))
    clear_drafts(tx, sent)

"""How threads are changed: `engine.conversations.ports.ThreadChanges` over SQL.

For what is rare: each unit of work is one transaction of the writer. What is said in chats and what is
read has operations of its own, in `chat_messages` and `reading`.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from engine.conversations.models import Conversation, Member, Notice, ThreadState
from engine.events import NewEvent
from engine.idempotency import Claim, Replayed
from engine.messaging.models import Message
from engine.storage import conversation_rows as rows
from engine.storage import idempotency
from engine.storage.attached import delete_attached
from engine.storage.conversation_reads import SqlThreadReads
from engine.storage.statements import insert
from engine.storage.tables.conversations import conversation_members, conversation_peers, conversations
from engine.storage.tables.messaging import message_reactions, messages
from engine.storage.transaction import Transaction


class SqlThreadChanges(SqlThreadReads):
    """One unit of work."""

    def __init__(self, tx: Transaction) -> None:
        super().__init__(tx.connection)
        self._tx = tx

    @property
    def now_ms(self) -> int:
        return self._tx.now_ms

    def insert_thread(self, conversation: Conversation) -> bool:
        new = insert(conversations).values(rows.conversation_row(conversation)).on_conflict_do_nothing()
        return self._connection.execute(new.returning(conversations.c.id)).first() is not None

    def save_thread(self, conversation: Conversation) -> None:
        self._connection.execute(
            sa.update(conversations)
            .where(conversations.c.id == conversation.id)
            .values(rows.conversation_row(conversation))
        )

    def hand_over(self, conversation_id: str, held_by: str | None, to: str | None) -> bool:
        given = self._connection.execute(
            sa.update(conversations)
            .where(
                conversations.c.id == conversation_id,
                conversations.c.claimed_by.is_not_distinct_from(held_by),
            )
            .values(claimed_by=to, claimed_ms=None if to is None else self._tx.now_ms)
        )
        return given.rowcount == 1

    def set_state(self, conversation_id: str, state: ThreadState) -> bool:
        changed = self._connection.execute(
            sa.update(conversations)
            .where(conversations.c.id == conversation_id, conversations.c.state != state.value)
            .values(state=state.value)
        )
        return changed.rowcount == 1

    def put_peers(self, conversation: Conversation, *, solo: bool) -> None:
        self._connection.execute(
            sa.delete(conversation_peers).where(conversation_peers.c.conversation_id == conversation.id)
        )
        self._connection.execute(
            sa.insert(conversation_peers),
            [
                {
                    "number": conversation.number,
                    "peer": peer,
                    "conversation_id": conversation.id,
                    "solo": int(solo),
                    "domain_id": conversation.domain_id,
                }
                for peer in conversation.peers
            ],
        )

    def save_member(self, member: Member) -> None:
        row = rows.member_row(member)
        key = ("conversation_id", "user_id")
        self._connection.execute(
            insert(conversation_members)
            .values(row)
            .on_conflict_do_update(
                index_elements=key, set_={name: value for name, value in row.items() if name not in key}
            )
        )

    def save_draft(self, conversation_id: str, user_id: str, text: str | None, at_ms: int) -> None:
        side = conversation_members.c
        self._connection.execute(
            sa.update(conversation_members)
            .where(side.conversation_id == conversation_id, side.user_id == user_id)
            .values(draft=text, draft_ms=at_ms)
        )

    def rewrite_message(self, message_id: str, text: str) -> None:
        self._connection.execute(
            sa.update(messages)
            .where(messages.c.id == message_id)
            .values(text=text, edited_ms=self._tx.now_ms)
        )

    def empty_message(self, message_id: str) -> None:
        self._connection.execute(
            sa.update(messages)
            .where(messages.c.id == message_id)
            .values(text="", deleted_ms=self._tx.now_ms, reacted=0)
        )
        self._connection.execute(
            sa.delete(message_reactions).where(message_reactions.c.message_id == message_id)
        )
        delete_attached(self._tx, [message_id])

    def add_reaction(self, message_id: str, user_id: str, emoji: str) -> None:
        self._connection.execute(
            insert(message_reactions)
            .values(message_id=message_id, user_id=user_id, emoji=emoji, created_ms=self._tx.now_ms)
            .on_conflict_do_nothing()
        )
        self._connection.execute(sa.update(messages).where(messages.c.id == message_id).values(reacted=1))

    def remove_reaction(self, message_id: str, user_id: str, emoji: str) -> None:
        made = message_reactions.c
        self._connection.execute(
            sa.delete(message_reactions).where(
                made.message_id == message_id, made.user_id == user_id, made.emoji == emoji
            )
        )

    def move_message(self, message: Message, conversation_id: str, flags: Sequence[str]) -> None:
        self._connection.execute(
            sa.update(messages)
            .where(messages.c.id == message.id)
            .values(conversation_id=conversation_id, flags=",".join(flags))
        )

    def recount_thread(self, conversation_id: str) -> None:
        own = messages.c.conversation_id == conversation_id
        last = self._connection.execute(
            sa.select(messages.c.id, messages.c.created_ms).where(own).order_by(messages.c.id.desc()).limit(1)
        ).first()
        # Any of a chat that is still there, an inbound one of a text thread.
        news = sa.select(sa.func.max(messages.c.id)).where(
            own, messages.c.direction != "outbound", messages.c.deleted_ms.is_(None)
        )
        self._connection.execute(
            sa.update(conversations)
            .where(conversations.c.id == conversation_id)
            .values(
                last_item_id="" if last is None else last.id,
                last_message_ms=conversations.c.created_ms if last is None else last.created_ms,
                last_news_id=self._connection.execute(news).scalar() or "",
            )
        )

    def add_notice(self, notice: Notice) -> None:
        rows.add_notice(self._tx, notice)

    def emit(self, event: NewEvent) -> None:
        self._tx.emit(event)

    def claim(self, claim: Claim) -> Replayed | None:
        return idempotency.claim(self._tx, claim)

    def settle(self, claim: Claim, status: int, body: str) -> None:
        idempotency.settle(self._tx, claim, status, body)

"""Shared numbers: who answers a text thread, and whether it still needs somebody.

Several users see one inbox, and one of them takes a thread. Whoever is first has it: the claim is
compared and set in its transaction, so two who click at once never both have it. A claim keeps nobody
from reading or answering; it says who does. An inbound text opens a thread that was done, and leaves it
with whom it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Protocol

from engine.accounts.models import Principal, Scope
from engine.conversations import errors
from engine.conversations.access import Standing, assigned_users, concerned, is_chat, standing
from engine.conversations.models import Conversation, Notice, NoticeKind, ThreadState, ThreadView
from engine.conversations.ports import ThreadChanges, ThreadStore
from engine.events import NewEvent, domain_stream
from engine.ids import new_id


class Threads(Protocol):
    """Who shows a thread."""

    async def get(self, principal: Principal, conversation_id: str) -> ThreadView: ...


class Claims:
    """Every method raises NotFound for a thread that is not the principal's to see, Conflict
    `not_an_sms_conversation` for a chat, and may raise StorageUnavailable."""

    def __init__(self, store: ThreadStore, threads: Threads) -> None:
        self._store = store
        self._threads = threads

    async def claim(self, principal: Principal, conversation_id: str) -> ThreadView:
        """Take a thread that nobody has. Raises Conflict `already_claimed` when somebody else has it,
        Forbidden `number_not_assigned` for a manager who cannot answer it, InvalidRequest `no_user`."""

        def work(changes: ThreadChanges) -> None:
            asked = _text_thread(changes, principal, conversation_id)
            user_id = asked.require_side().user_id
            if not asked.assigned:
                raise errors.number_not_assigned()
            if asked.thread.claimed_by != user_id:
                _hand_over(changes, principal, asked.thread, user_id, NoticeKind.CLAIMED)

        await self._store.change(work)
        return await self._threads.get(principal, conversation_id)

    async def assign(self, principal: Principal, conversation_id: str, user_id: str) -> ThreadView:
        """Give a thread to another user of its number: one's own or nobody's, a manager any.

        Raises Conflict `already_claimed`, InvalidRequest `not_on_number`.
        """

        def work(changes: ThreadChanges) -> None:
            thread = _text_thread(changes, principal, conversation_id).thread
            if user_id not in assigned_users(changes, thread):
                raise errors.not_on_number()
            if thread.claimed_by != user_id:
                _hand_over(changes, principal, thread, user_id, NoticeKind.ASSIGNED)

        await self._store.change(work)
        return await self._threads.get(principal, conversation_id)

    async def release(self, principal: Principal, conversation_id: str) -> ThreadView:
        """Let go of a thread; a manager of anybody's. Raises Conflict `already_claimed`."""

        def work(changes: ThreadChanges) -> None:
            thread = _text_thread(changes, principal, conversation_id).thread
            if thread.claimed_by is not None:
                _hand_over(changes, principal, thread, None, NoticeKind.RELEASED)

        await self._store.change(work)
        return await self._threads.get(principal, conversation_id)

    async def done(self, principal: Principal, conversation_id: str) -> ThreadView:
        """Say that a thread needs nobody any more, until the next text comes in."""
        return await self._set_state(principal, conversation_id, ThreadState.DONE, NoticeKind.DONE)

    async def reopen(self, principal: Principal, conversation_id: str) -> ThreadView:
        """Say that a thread needs somebody again."""
        return await self._set_state(principal, conversation_id, ThreadState.OPEN, NoticeKind.REOPENED)

    async def _set_state(
        self, principal: Principal, conversation_id: str, state: ThreadState, kind: NoticeKind
    ) -> ThreadView:
        def work(changes: ThreadChanges) -> None:
            thread = _text_thread(changes, principal, conversation_id).thread
            if changes.set_state(thread.id, state):
                _tell(changes, principal, thread, kind, {}, {"changed": ["state"], "state": state.value})

        await self._store.change(work)
        return await self._threads.get(principal, conversation_id)


def _text_thread(changes: ThreadChanges, principal: Principal, conversation_id: str) -> Standing:
    asked = standing(changes, principal, conversation_id)
    if is_chat(asked.thread):
        raise errors.not_texts()
    return asked


def _hand_over(
    changes: ThreadChanges, principal: Principal, thread: Conversation, to: str | None, kind: NoticeKind
) -> None:
    """Give a thread to a user or to nobody, if it is where it was read to be and may be given."""
    held_by = thread.claimed_by
    manages = principal.scope >= Scope.OFFICE_MANAGER and kind is not NoticeKind.CLAIMED
    # Whoever has lost the number cannot answer, so what they had is anybody's.
    gone = held_by is not None and held_by not in assigned_users(changes, thread)
    if held_by is not None and held_by != principal.user_id and not manages and not gone:
        raise errors.already_claimed()
    if not changes.hand_over(thread.id, held_by, to):
        raise errors.already_claimed()
    data = {"user_id": to, "before": held_by}
    also = () if held_by is None else (held_by,)
    told = {"changed": ["claimed_by"], "claimed_by": to}
    _tell(changes, principal, replace(thread, claimed_by=to), kind, data, told, also)


def _tell(
    changes: ThreadChanges,
    principal: Principal,
    thread: Conversation,
    kind: NoticeKind,
    data: Mapping[str, object],
    told: Mapping[str, object],
    also: tuple[str, ...] = (),
) -> None:
    changes.add_notice(Notice(new_id("tle"), thread.id, kind, principal.user_id, data, changes.now_ms))
    whom = concerned(changes, thread, also)
    stream = domain_stream(thread.domain_id)
    changes.emit(NewEvent(stream, "conversation.updated", thread.id, told, whom))

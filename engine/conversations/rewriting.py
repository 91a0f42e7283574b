"""What may still be done to a message of a chat: its author edits it or takes it back, members react to it.

A text is another matter: it has left, and what its number has read stays read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from engine.accounts.models import Principal
from engine.conversations import errors
from engine.conversations.access import Standing, concerned, standing
from engine.conversations.emoji import is_emoji
from engine.conversations.history import History
from engine.conversations.ports import Texts, ThreadChanges, ThreadStore
from engine.conversations.saying import check_words
from engine.errors import NotFound
from engine.events import NewEvent, domain_stream
from engine.messaging.models import Message, Reaction

#: Different emoji on one message, and of one user on it.
MOST_EMOJI = 20
MOST_OF_ONE = 5


class Rewriting:
    """Every method raises NotFound for a message that is not the principal's to see, Conflict
    `not_a_chat_message` for a text and `message_deleted` for one that was taken back, and may raise
    StorageUnavailable. All return the message as it is then.
    """

    def __init__(self, store: ThreadStore, texts: Texts, history: History) -> None:
        self._store = store
        self._texts = texts
        self._history = history

    async def edit(self, principal: Principal, message_id: str, text: str) -> Message:
        """Say it in other words. Raises Forbidden `not_your_message`, Conflict `too_late_to_edit`, or
        InvalidRequest as saying it does."""
        check_words(text, needed=False)

        def work(changes: ThreadChanges, asked: Standing, message: Message) -> None:
            _require_author(principal, message)
            check_words(text, needed=not message.attachments)
            within_ms = changes.edit_within_s(message.domain_id) * 1000
            if changes.now_ms >= message.created_ms + within_ms:
                raise errors.too_late_to_edit()
            if text != message.text:
                changes.rewrite_message(message.id, text)
                _tell(changes, asked, message, "text")

        return await self._change(principal, message_id, work)

    async def take_back(self, principal: Principal, message_id: str) -> Message:
        """Empty it, with the reactions to it; that something was said there stays visible.

        Raises Forbidden `not_your_message`. Doing it twice is harmless.
        """

        def work(changes: ThreadChanges, asked: Standing, message: Message) -> None:
            _require_author(principal, message)
            if message.deleted_ms is None:
                changes.empty_message(message.id)
                if message.id == asked.thread.last_news_id:
                    changes.recount_thread(asked.thread.id)
                _tell(changes, asked, message, "deleted")

        return await self._change(principal, message_id, work, deleted_too=True)

    async def react(self, principal: Principal, message_id: str, emoji: str) -> Message:
        """Put an emoji on it, once. Raises InvalidRequest `not_an_emoji`, Conflict `too_many_reactions`."""
        if not is_emoji(emoji):
            raise errors.not_an_emoji()

        def work(changes: ThreadChanges, asked: Standing, message: Message) -> None:
            user_id = asked.require_side().user_id
            if user_id in _who(message.reactions, emoji):
                return
            mine = sum(user_id in one.user_ids for one in message.reactions)
            new = all(one.emoji != emoji for one in message.reactions)
            if mine >= MOST_OF_ONE or (new and len(message.reactions) >= MOST_EMOJI):
                raise errors.too_many_reactions()
            changes.add_reaction(message.id, user_id, emoji)
            _tell(changes, asked, message, "reactions")

        return await self._change(principal, message_id, work)

    async def unreact(self, principal: Principal, message_id: str, emoji: str) -> Message:
        """Take one's own emoji away; harmless where there is none."""

        def work(changes: ThreadChanges, asked: Standing, message: Message) -> None:
            user_id = asked.require_side().user_id
            if user_id in _who(message.reactions, emoji):
                changes.remove_reaction(message.id, user_id, emoji)
                _tell(changes, asked, message, "reactions")

        return await self._change(principal, message_id, work)

    async def _change(
        self,
        principal: Principal,
        message_id: str,
        work: Callable[[ThreadChanges, Standing, Message], None],
        *,
        deleted_too: bool = False,
    ) -> Message:
        if await self._history.message(principal, message_id) is None:
            await self._texts.get(principal, message_id)
            raise errors.not_a_chat_message()

        def change(changes: ThreadChanges) -> Message:
            message = changes.message(message_id)
            if message is None or message.conversation_id is None:
                raise errors.no_such_message()
            try:
                asked = standing(changes, principal, message.conversation_id)
            except NotFound:
                raise errors.no_such_message() from None
            if message.deleted_ms is not None and not deleted_too:
                raise errors.message_deleted()
            work(changes, asked, message)
            return changes.message(message_id) or message

        return await self._store.change(change)


def _require_author(principal: Principal, message: Message) -> None:
    if principal.user_id is None or message.user_id != principal.user_id:
        raise errors.not_your_message()


def _who(reactions: Sequence[Reaction], emoji: str) -> Sequence[str]:
    return next((one.user_ids for one in reactions if one.emoji == emoji), ())


def _tell(changes: ThreadChanges, asked: Standing, message: Message, what: str) -> None:
    data = {"conversation_id": asked.thread.id, "changed": [what]}
    whom = concerned(changes, asked.thread)
    changes.emit(NewEvent(domain_stream(message.domain_id), "message.updated", message.id, data, whom))

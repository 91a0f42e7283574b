"""Saying something: in a chat by one operation of the group commit, in a thread of texts by messaging.

Which of the two a thread is never changes, so it is remembered: a message of a chat waits for nothing
but its commit, and the commit decides whether its author is in the chat.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from engine.accounts.models import Principal
from engine.attachments.models import MOST_FILES
from engine.clock import Clock
from engine.conversations import errors
from engine.conversations.access import acting_user, reaches, standing
from engine.conversations.models import Conversation, ConversationKind, Say
from engine.conversations.ports import NewChatMessage, Texts, ThreadStore
from engine.errors import InvalidRequest
from engine.idempotency import Claim, Replayed
from engine.ids import new_id
from engine.messaging.models import Message, SendText

#: One message of a chat, in characters.
MOST_TEXT = 10_000
_MAX_CLIENT_ID = 64
#: Threads whose kind is remembered.
_KINDS_KEPT = 50_000

#: Makes the answer kept under an idempotency key: HTTP status and JSON body.
RenderMessage = Callable[[Message], tuple[int, str]]


class Saying:
    def __init__(self, store: ThreadStore, texts: Texts, clock: Clock) -> None:
        self._store = store
        self._texts = texts
        self._clock = clock
        self._kinds: dict[str, tuple[ConversationKind, str]] = {}

    async def say(
        self,
        principal: Principal,
        conversation_id: str,
        say: Say,
        claim: Claim | None,
        render: RenderMessage | None,
    ) -> Message | Replayed:
        """See `Conversations.say`."""
        kind, domain_id = await self._kind_of(conversation_id)
        if kind is ConversationKind.CHAT:
            return await self._say_in_chat(principal, conversation_id, domain_id, say, claim, render)
        if say.reply_to is not None:
            raise errors.invalid("reply_to", "A text cannot refer to another one.")
        asked = await self._store.read(lambda reads: standing(reads, principal, conversation_id))
        thread = asked.thread
        assert thread.number is not None
        request = SendText(
            from_number=thread.number,
            to=thread.peers,
            text=say.text,
            validity_s=say.validity_s,
            client_id=say.client_id,
            user_id=say.user_id,
            domain_id=thread.domain_id,
            attachment_ids=say.attachment_ids,
        )
        return await self._texts.send(principal, request, claim, render, thread)

    async def _say_in_chat(
        self,
        principal: Principal,
        conversation_id: str,
        domain_id: str,
        say: Say,
        claim: Claim | None,
        render: RenderMessage | None,
    ) -> Message | Replayed:
        user_id = acting_user(principal, say.user_id)
        if principal.user_id is None:
            await self._require_reach(principal, domain_id)
        if user_id is None:
            raise errors.invalid("user_id", "Name the user who says it.")
        _check_text(say)
        loop = asyncio.get_running_loop()
        said: asyncio.Future[Message | Replayed] = loop.create_future()

        def done(result: Message | Replayed | BaseException) -> None:
            if said.cancelled():
                return
            if isinstance(result, BaseException):
                said.set_exception(result)
            else:
                said.set_result(result)

        new = NewChatMessage(
            new_id("msg"),
            conversation_id,
            user_id,
            say.text,
            say.client_id,
            say.reply_to,
            self._clock.now_ms(),
            claim,
            render,
            say.attachment_ids,
        )
        self._store.say(new, done)
        return await said

    async def _require_reach(self, principal: Principal, domain_id: str) -> None:
        domain = await self._store.read(lambda reads: reads.domain(domain_id))
        if domain is None or not reaches(principal, domain):
            raise errors.no_such_conversation()

    async def _kind_of(self, conversation_id: str) -> tuple[ConversationKind, str]:
        """Kind and domain of a thread, which never change. Raises NotFound."""
        found = self._kinds.get(conversation_id)
        if found is None:
            thread = await self._store.read(lambda reads: reads.thread(conversation_id))
            if thread is None:
                raise errors.no_such_conversation()
            found = self.remember(thread)
        return found

    def remember(self, thread: Conversation) -> tuple[ConversationKind, str]:
        """Kind and domain of a thread that has just been read or made."""
        while len(self._kinds) >= _KINDS_KEPT:
            del self._kinds[next(iter(self._kinds))]
        found = self._kinds[thread.id] = (thread.kind, thread.domain_id)
        return found


def _check_text(say: Say) -> None:
    """Raises InvalidRequest; see `check_words`."""
    if say.validity_s is not None:
        raise errors.invalid("validity_s", "What is said in a chat does not expire.")
    if say.client_id is not None and not 1 <= len(say.client_id) <= _MAX_CLIENT_ID:
        raise errors.invalid("client_id", f"A client_id has 1 to {_MAX_CLIENT_ID} characters.")
    if len(say.attachment_ids) > MOST_FILES:
        raise errors.invalid("attachment_ids", f"A message carries at most {MOST_FILES} files.")
    check_words(say.text, needed=not say.attachment_ids)


def check_words(text: str, *, needed: bool = True) -> None:
    """What a message of a chat may say. needed: whether it must say something.

    Raises InvalidRequest `text_empty`, `text_too_long` or `text_invalid`.
    """
    if needed and not text.strip():
        raise InvalidRequest("The text is empty.", code="text_empty", field="/text")
    if len(text) > MOST_TEXT:
        raise InvalidRequest(
            f"A message of a chat has at most {MOST_TEXT} characters.", code="text_too_long", field="/text"
        )
    if "\0" in text or not encodable(text):
        raise InvalidRequest(
            "The text has a character that cannot be kept.", code="text_invalid", field="/text"
        )


def encodable(text: str) -> bool:
    """Whether there is no half of a surrogate pair in it."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True

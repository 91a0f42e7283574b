"""Threads: which there are, what was said in them, and saying more.

A thread is its id; its sending number never changes by itself. Each outside number of an sms
thread gets its own text and never sees the others.
"""

from __future__ import annotations

from collections.abc import Callable

from engine.accounts.models import Page, PageRequest, Principal
from engine.conversations.models import Conversation, ConversationKind, Say
from engine.conversations.ports import ConversationStore, Reach, Texts
from engine.errors import Conflict, InvalidRequest, NotFound
from engine.idempotency import Claim, Replayed
from engine.ids import is_id
from engine.messaging.models import Message, MessageFilter, SendText

_FIRST_PAGE = PageRequest()
_MAX_PAGE = 200


class Conversations:
    """The threads a principal may see: those over numbers assigned to a basic user, else the domain's."""

    def __init__(self, store: ConversationStore, texts: Texts, reach: Reach) -> None:
        self._store = store
        self._texts = texts
        self._reach = reach

    async def get(self, principal: Principal, conversation_id: str) -> Conversation:
        """Raises NotFound for a thread that is not there or not the principal's to see."""
        found = await self._store.get(conversation_id)
        if found is None or not await self._reach.sees(principal, found.domain_id, found.number):
            raise NotFound("There is no such conversation.")
        return found

    async def list(
        self, principal: Principal, domain_id: str | None = None, page: PageRequest = _FIRST_PAGE
    ) -> Page[Conversation]:
        """Latest activity first. A thread that becomes active while pages are read moves to the front
        and may be seen again there, but none is missed.

        Raises NotFound or InvalidRequest as `Messaging.list`.
        """
        reached = await self._reach.domain_meant(principal, domain_id)
        numbers = await self._reach.only_numbers(principal)
        found = await self._store.list(reached, numbers, _position(page), page.limit + 1)
        items = tuple(found[: page.limit])
        more = len(found) > page.limit
        return Page(items, f"{items[-1].last_message_ms}.{items[-1].id}" if more else None)

    async def messages(
        self, principal: Principal, conversation_id: str, page: PageRequest = _FIRST_PAGE
    ) -> Page[Message]:
        """What was said, newest first. Raises NotFound."""
        thread = await self.get(principal, conversation_id)
        chosen = MessageFilter(conversation_id=thread.id)
        return await self._texts.list(principal, thread.domain_id, chosen, page)

    async def say(
        self,
        principal: Principal,
        conversation_id: str,
        say: Say,
        claim: Claim | None = None,
        render: Callable[[Message], tuple[int, str]] | None = None,
    ) -> Message | Replayed:
        """Text every outside number of an sms thread.

        Raises NotFound, Conflict `not_an_sms_conversation`, or what `Messaging.send` raises.
        """
        thread = await self.get(principal, conversation_id)
        if thread.kind is not ConversationKind.SMS or thread.number is None:
            raise Conflict("This conversation is not a text thread.", code="not_an_sms_conversation")
        request = SendText(
            from_number=thread.number,
            to=thread.peers,
            text=say.text,
            validity_s=say.validity_s,
            client_id=say.client_id,
            user_id=say.user_id,
            domain_id=thread.domain_id,
        )
        return await self._texts.send(principal, request, claim, render, thread)


def _position(page: PageRequest) -> tuple[int, str] | None:
    if not 1 <= page.limit <= _MAX_PAGE:
        raise InvalidRequest(f"Give a limit of 1 to {_MAX_PAGE}.", field="/limit")
    if page.cursor is None:
        return None
    last_ms, _, conversation_id = page.cursor.partition(".")
    digits = last_ms.isascii() and last_ms.isdigit() and len(last_ms) <= 15
    if not digits or not is_id(conversation_id, "conv"):
        raise InvalidRequest("The cursor is not one of ours.", code="invalid_cursor", field="/cursor")
    return int(last_ms), conversation_id

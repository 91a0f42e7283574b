"""What conversations need: a store of threads, and somebody to send texts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from engine.accounts.models import Page, PageRequest, Principal
from engine.conversations.models import Conversation
from engine.idempotency import Claim, Replayed
from engine.messaging.models import Message, MessageFilter, SendText


class ConversationStore(Protocol):
    """Threads on disk. Methods may raise StorageUnavailable."""

    async def get(self, conversation_id: str) -> Conversation | None: ...

    async def list(
        self, domain_id: str, numbers: Sequence[str] | None, before: tuple[int, str] | None, limit: int
    ) -> Sequence[Conversation]:
        """Latest activity first. before: (last_message_ms, id) of the last one seen; numbers: only
        threads over these numbers of ours."""


class Texts(Protocol):
    """The part of messaging a thread needs."""

    def send(
        self,
        principal: Principal,
        request: SendText,
        claim: Claim | None = None,
        render: Callable[[Message], tuple[int, str]] | None = None,
        thread: Conversation | None = None,
    ) -> Awaitable[Message | Replayed]: ...

    def list(
        self,
        principal: Principal,
        domain_id: str | None = None,
        chosen: MessageFilter = ...,
        page: PageRequest = ...,
    ) -> Awaitable[Page[Message]]: ...


class Reach(Protocol):
    """Who sees what; see `engine.messaging.access`."""

    async def domain_meant(self, principal: Principal, domain_id: str | None) -> str: ...

    async def only_numbers(self, principal: Principal) -> Sequence[str] | None: ...

    async def sees(self, principal: Principal, domain_id: str, number: str | None) -> bool: ...

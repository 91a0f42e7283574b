"""What desk phones need: who wants chats there, PBXs that carry texts, and somebody to say things."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from typing import Protocol

from engine.accounts.models import Principal
from engine.conversations.models import Say
from engine.desk_phones.models import Delivery, DeskPhone, PhoneText
from engine.idempotency import Claim, Replayed
from engine.messaging.models import Message


class DeskPhoneStore(Protocol):
    """Every method may raise StorageUnavailable."""

    async def wanting(self) -> Collection[str]:
        """The users who want chats on their phones and may have them there."""

    async def delivery(self, message_id: str) -> Delivery | None:
        """What of a chat message goes where; None when nothing does any more."""

    async def delivered(self, device_ids: Collection[str], conversation_id: str) -> None:
        """Remember which chat these phones showed last."""

    async def phone(self, pbx: str, endpoint: str) -> DeskPhone | None:
        """The device at an endpoint, if its user wants chats on it and the domain allows that."""


class TextingPbx(Protocol):
    """One PBX that carries texts."""

    @property
    def name(self) -> str: ...

    def on_text(self, listener: Callable[[PhoneText], None]) -> None:
        """Whom to tell of texts from its phones; once, before it runs."""

    async def show(self, endpoint: str, sender: str, text: str) -> None:
        """Show a text on an endpoint's phones; a long one is cut. Raises PeerRejected (nobody is
        registered), PeerUnavailable or OutcomeUnknown.
        """


class Chats(Protocol):
    """The part of conversations that is needed."""

    def say(
        self,
        principal: Principal,
        conversation_id: str,
        say: Say,
        claim: Claim | None = None,
        render: Callable[[Message], tuple[int, str]] | None = None,
    ) -> Awaitable[Message | Replayed]: ...

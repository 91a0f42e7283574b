"""What goes to desk phones and comes from them."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class DeskPhone:
    """A device whose user wants chats on it, in a domain that allows that.

    conversation_id: the chat that reached it last, which a text from it answers; None before one.
    """

    device_id: str
    domain_id: str
    user_id: str
    pbx: str
    endpoint: str
    conversation_id: str | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """A chat message for phones: those of its members who want it there, not of its author.

    sender: the author's extension, which a phone's answer goes to. chat: the name of a chat that has one.
    """

    message_id: str
    conversation_id: str
    author: str
    sender: str
    chat: str | None
    text: str = field(repr=False)
    phones: tuple[DeskPhone, ...] = ()


@dataclass(frozen=True, slots=True)
class PhoneText:
    """A text somebody wrote on a phone, as its PBX vouches for it. proof: its own, for ever."""

    pbx: str
    endpoint: str
    text: str = field(repr=False)
    proof: str

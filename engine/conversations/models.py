"""What a conversation is: a thread with its own id, not a set of people."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ConversationKind(StrEnum):
    """`chat` has internal members only; `sms` is one of our numbers and outside numbers."""

    CHAT = "chat"
    SMS = "sms"


@dataclass(frozen=True, slots=True)
class Conversation:
    """A thread. number: our sending number (E.164) of an sms thread; peers: its outside numbers."""

    id: str
    domain_id: str
    kind: ConversationKind
    number_id: str | None
    number: str | None
    peers: tuple[str, ...]
    created_ms: int
    last_message_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """What a person says in a thread; fields as in `SendText`."""

    text: str
    client_id: str | None = None
    user_id: str | None = None
    validity_s: int | None = None

"""Words of the text life-cycle: message, recipient, segment, receipt.

A *message* is what a person wrote, a *recipient* one outside number it goes to, a
*segment* one `submit_sm` of it, a *receipt* what the SMSC reported about one segment.

Nobody changes any of these. Those made for each text are not declared frozen all the same: that
doubles to quadruples the price of making one, and took a fifth of the event loop's time in batches.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Direction(StrEnum):
    """Which way a text travels, seen from us."""

    OUTBOUND = "outbound"
    INBOUND = "inbound"


class DeliveryClass(StrEnum):
    """What may happen to a segment whose fate is not known.

    conversation and bulk never send it again by themselves; must_arrive sends it once
    more within its validity.
    """

    CONVERSATION = "conversation"
    BULK = "bulk"
    MUST_ARRIVE = "must_arrive"


class RecipientStatus(StrEnum):
    """Where a text stands for one number; forward only, see `rollup`."""

    ACCEPTED = "accepted"
    SCHEDULED = "scheduled"
    HELD = "held"
    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    UNCERTAIN = "uncertain"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    PARTIALLY_DELIVERED = "partially_delivered"
    UNCONFIRMED = "unconfirmed"
    REJECTED = "rejected"
    EXPIRED = "expired"
    CANCELED = "canceled"
    FAILED = "failed"


class SegmentStatus(StrEnum):
    """Where one `submit_sm` stands. Written by: accept and outbox (queued, sending), outcomes
    (sent, failed, uncertain, back to queued), receipts (delivered, undelivered, unconfirmed)."""

    QUEUED = "queued"
    SENDING = "sending"
    UNCERTAIN = "uncertain"
    SENT = "sent"
    UNCONFIRMED = "unconfirmed"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    FAILED = "failed"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class DeliveryError:
    """Why a text did not arrive. source: `engine` or `carrier`; native: the peer's own codes."""

    source: str
    code: str
    retryable: bool
    text: str
    native: Mapping[str, int | str] = field(default_factory=dict)


@dataclass(slots=True)
class Recipient:
    """One outside number of an outbound message."""

    number: str
    status: RecipientStatus
    segments: int
    updated_ms: int
    carrier: str
    error: DeliveryError | None = None


@dataclass(slots=True)
class Message:
    """A text, outbound with its recipients or inbound with none.

    number: our E.164 number, the sender of an outbound and the receiver of an inbound text.
    peer: the outside number that sent an inbound text, else "".
    flags: `possible_duplicate`, `incomplete`, `inferred` (thread guessed from the last text sent).
    """

    id: str
    domain_id: str
    conversation_id: str | None
    direction: Direction
    number: str
    peer: str
    text: str
    delivery_class: DeliveryClass
    user_id: str | None
    client_id: str | None
    created_ms: int
    recipients: tuple[Recipient, ...] = ()
    flags: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True)
class SendText:
    """What a caller asks for.

    from_number: one of the domain's numbers, any form the domain's region can read.
    to: 1 to 100 numbers, each gets its own text and never sees the others.
    validity_s: how long the text is worth sending, in seconds; None takes the setting.
    client_id: made by the caller, unique per sender for ever: the same one never sends twice.
    """

    from_number: str
    to: tuple[str, ...]
    text: str
    delivery_class: DeliveryClass = DeliveryClass.CONVERSATION
    validity_s: int | None = None
    client_id: str | None = None
    user_id: str | None = None
    domain_id: str | None = None


@dataclass(frozen=True, slots=True)
class MessageFilter:
    """Which messages a list shows; every field narrows it."""

    conversation_id: str | None = None
    direction: Direction | None = None
    peer: str | None = None

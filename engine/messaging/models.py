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

from engine.attachments.models import Appended, Attached


class Direction(StrEnum):
    """Which way a text travels, seen from us; `internal` is said in a chat and travels nowhere."""

    OUTBOUND = "outbound"
    INBOUND = "inbound"
    INTERNAL = "internal"


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
    (sent, failed, uncertain, back to queued), receipts (delivered, undelivered, unconfirmed), consent
    (rejected)."""

    QUEUED = "queued"
    SENDING = "sending"
    UNCERTAIN = "uncertain"
    SENT = "sent"
    UNCONFIRMED = "unconfirmed"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    FAILED = "failed"
    EXPIRED = "expired"
    REJECTED = "rejected"


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
class Reaction:
    """An emoji, and the users who put it on a message of a chat, in the order they did."""

    emoji: str
    user_ids: tuple[str, ...]


@dataclass(slots=True)
class Message:
    """What a person wrote: a text, outbound with its recipients or inbound with none, or said in a chat.

    number: our E.164 number, the sender of an outbound and the receiver of an inbound text; "" in a chat.
    peer: the outside number that sent an inbound text, else "".
    edited_ms, deleted_ms, reply_to (a message id), reactions: of a chat's message; a deleted one has no
    text and no attachments. appended: what an outbound text with attachments ends with on the wire, besides
    its `text`.
    flags: `possible_duplicate`, `incomplete`, `inferred` (thread guessed from the last text sent),
    `blocked` (from a blocked sender), `auto_answer` (ours, to a keyword), `opt_out_confirmation` (the
    one text that an opt-out does not hold back).
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
    edited_ms: int | None = None
    deleted_ms: int | None = None
    reply_to: str | None = None
    reactions: tuple[Reaction, ...] = ()
    attachments: tuple[Attached, ...] = ()
    appended: Appended | None = None


@dataclass(slots=True, kw_only=True)
class SendText:
    """What a caller asks for.

    from_number: one of the domain's numbers, any form the domain's region can read.
    to: 1 to 100 numbers, each gets its own text and never sees the others.
    delivery_class: None takes the setting.
    validity_s: how long the text is worth sending, in seconds; None takes the setting.
    client_id: made by the caller, unique per sender for ever: the same one never sends twice.
    attachment_ids: files the sender has uploaded; they go as a link behind the text, which may be empty then.
    """

    from_number: str
    to: tuple[str, ...]
    text: str
    delivery_class: DeliveryClass | None = None
    validity_s: int | None = None
    client_id: str | None = None
    user_id: str | None = None
    domain_id: str | None = None
    attachment_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MessageFilter:
    """Which messages a list shows; every field narrows it.

    blocked: those from blocked senders, and nothing else; without it they are left out.
    """

    conversation_id: str | None = None
    direction: Direction | None = None
    peer: str | None = None
    blocked: bool = False


# Consent and blocks.


class ConsentState(StrEnum):
    """Whether an outside number lets one of ours text it. none: it has never said."""

    NONE = "none"
    STOPPED = "stopped"
    ACTIVE = "active"


class ConsentAction(StrEnum):
    """What put an entry into the ledger: a keyword, or a person of ours (set)."""

    STOP = "stop"
    START = "start"
    HELP = "help"
    SET = "set"


@dataclass(frozen=True, slots=True)
class Consent:
    """Where a pair stands. changed_ms, entry_id: since when and by which entry; None for `none`, and for an
    opt-out whose number was erased.
    """

    number: str
    peer: str
    state: ConsentState
    changed_ms: int | None = None
    entry_id: str | None = None


@dataclass(frozen=True, slots=True)
class ConsentEntry:
    """One line of the ledger, never changed: who said what about a pair, when, why and by which text.

    keyword: the word, without what stood around it. message_id: the text that said it. answer_id: the
    text it was answered with; None where nothing was sent. user_id, credential_id, reason: whose doing a
    `set` was, and why.
    """

    id: str
    domain_id: str
    number: str
    peer: str
    action: ConsentAction
    old_state: ConsentState
    new_state: ConsentState
    at_ms: int
    keyword: str | None = None
    message_id: str | None = None
    answer_id: str | None = None
    user_id: str | None = None
    credential_id: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class ConsentFilter:
    """Which entries of the ledger a list shows; every field narrows it."""

    number: str | None = None
    peer: str | None = None
    action: ConsentAction | None = None


@dataclass(frozen=True, slots=True)
class KeywordAnswers:
    """What keywords are answered with. number: None for the whole domain.

    None: the domain's text, or without one the built-in text. Empty: nothing is sent.
    """

    number: str | None
    stop: str | None = None
    start: str | None = None
    help: str | None = None


@dataclass(frozen=True, slots=True)
class BlockedSender:
    """An outside number whose texts nobody wants to see. number: one of ours; None: all of the domain."""

    id: str
    domain_id: str
    number: str | None
    peer: str
    blocked_by: str
    created_ms: int

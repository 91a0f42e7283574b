"""What a session tells its owner; each event is plain data, in the order things happened.

The types are msgspec structs: immutable like frozen dataclasses, and cheap enough for one a PDU.
"""

from __future__ import annotations

from msgspec import Struct

from engine.smpp.codec import BindRequest
from engine.smpp.messages import DataSm, DeliverSm, SubmitSm


class Bound(Struct, frozen=True):
    """The SMSC took our bind. interface_version: what it says of itself, None if nothing."""

    system_id: str
    interface_version: int | None


class BindRefused(Struct, frozen=True):
    """The SMSC did not take our bind; the session closes."""

    command_status: int


class BindRequested(Struct, frozen=True):
    """An ESME asks for a bind: answer it with accept_bind or refuse_bind."""

    request: BindRequest


class Answered(Struct, frozen=True):
    """A request of ours has its answer, by response or by generic_nack.

    message_id: empty in a refusal, and where the peer gave none or an unreadable one.
    accepted: only a response with ESME_ROK accepts.
    late: the token has already come back in a NoAnswer.
    """

    token: object
    sequence_number: int
    command_status: int
    message_id: str
    accepted: bool
    late: bool


class NoAnswer(Struct, frozen=True):
    """The response to a request of ours is overdue; its window place is free again."""

    token: object
    sequence_number: int


class MessageReceived(Struct, frozen=True):
    """A message of the peer, unanswered until acknowledge(handle) is called."""

    pdu: SubmitSm | DeliverSm | DataSm
    handle: int


class LinkRevived(Struct, frozen=True):
    """The peer has spoken again after requests had waited in silence: more may be sent."""


class PeerUnbound(Struct, frozen=True):
    """The peer has ended the session; responses may still come, nothing may be sent."""


class PeerFault(Struct, frozen=True):
    """The peer did something the standard does not know. what: for a log; the session lives on
    unless `closing` says otherwise."""

    what: str
    command: str
    sequence_number: int


class Closed(Struct, frozen=True):
    """The session is over.

    ambiguous: tokens of requests the peer may or may not have.
    not_sent: tokens of requests it cannot have, since their octets never all left this process.
    late_not_sent: the same, of requests already reported by NoAnswer.
    """

    reason: str
    ambiguous: tuple[object, ...]
    not_sent: tuple[object, ...]
    late_not_sent: tuple[object, ...]
    unbind_sent: bool
    unbind_received: bool
    pdus_sent: int
    pdus_received: int
    malformed_pdus: int


Event = (
    Bound
    | BindRefused
    | BindRequested
    | Answered
    | NoAnswer
    | MessageReceived
    | LinkRevived
    | PeerUnbound
    | PeerFault
    | Closed
)

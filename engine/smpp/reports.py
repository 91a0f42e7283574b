"""What the messaging side hears of a carrier: answers, deliveries, and how its binds are.

Plain data. SubmitAnswer is a msgspec struct, immutable like a frozen dataclass, since there is one a PDU.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from msgspec import Struct

from engine.smpp.messages import DataSm, DeliverSm


class AnswerKind(StrEnum):
    """What is known about one submitted PDU."""

    ACCEPTED = "accepted"
    REFUSED = "refused"  # the SMSC does not have it
    NOT_SENT = "not_sent"  # it never all left this process: the SMSC cannot have it
    AMBIGUOUS = "ambiguous"  # the SMSC may have it


class SubmitAnswer(Struct, frozen=True):
    """What became of one submitted PDU.

    late: the same token was answered AMBIGUOUS before, and this settles it.
    reason: status name, or why there is no answer; for operators. bind: name of the bind.
    """

    token: object
    kind: AnswerKind
    message_id: str
    command_status: int
    late: bool
    reason: str
    bind: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message from the carrier.

    acknowledge(command_status): only then is the response written; True once, False when the
    message has its response already or the session is gone, and then nothing happens.
    """

    pdu: DeliverSm | DataSm
    bind: str
    session_id: str
    acknowledge: Callable[[int], bool]


class BindState(StrEnum):
    """What a bind is doing, for people."""

    CONNECTING = "connecting"
    BOUND = "bound"
    UNBINDING = "unbinding"  # no new messages; what is out may still be answered
    WAITING = "waiting"  # until the next attempt
    REFUSED = "refused"  # waiting too, after the SMSC said no: somebody should look
    STOPPED = "stopped"


@dataclass(frozen=True, kw_only=True, slots=True)
class BindStatus:
    """One bind at one moment. since_ms: when `state` began. paused_s: left of a throttle's pause."""

    name: str
    state: BindState
    reason: str
    since_ms: int
    session_id: str
    smsc: str
    encrypted: bool
    in_flight: int
    reserved: int
    window_pdus: int
    allowed_pdus: int
    paused_s: float
    unacknowledged: int
    answers: int
    deliveries: int
    peer_faults: int

"""Words of a click-to-call: a call, its two legs, and what a caller may ask for.

Types only; how statuses follow each other is in `call`. Leg a is the user's own phone, leg b
the destination. Times are milliseconds since the epoch, UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class CallStatus(StrEnum):
    """Where a call stands; `call.TRANSITIONS` says what may follow what.

    unknown: it may or may not have taken place, since the PBX was lost at the wrong moment.
    """

    QUEUED = "queued"
    DIALING_CALLER = "dialing_caller"
    CALLER_RINGING = "caller_ringing"
    CALLER_ANSWERED = "caller_answered"
    PROMPTING = "prompting"
    DIALING_CALLEE = "dialing_callee"
    CALLEE_RINGING = "callee_ringing"
    CONNECTED = "connected"
    COMPLETED = "completed"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    REJECTED = "rejected"
    CANCELED = "canceled"
    UNREACHABLE = "unreachable"
    FAILED = "failed"
    UNKNOWN = "unknown"

    @property
    def final(self) -> bool:
        """Whether the call is over; a final status never changes."""
        return self in FINAL_STATUSES


FINAL_STATUSES = frozenset(
    {
        CallStatus.COMPLETED,
        CallStatus.BUSY,
        CallStatus.NO_ANSWER,
        CallStatus.REJECTED,
        CallStatus.CANCELED,
        CallStatus.UNREACHABLE,
        CallStatus.FAILED,
        CallStatus.UNKNOWN,
    }
)


class LegState(StrEnum):
    """What one phone is doing."""

    PENDING = "pending"
    DIALING = "dialing"
    RINGING = "ringing"
    EARLY_MEDIA = "early_media"
    ANSWERED = "answered"
    HELD = "held"
    ENDED = "ended"


class LegResult(StrEnum):
    """How one leg ended, in words that do not depend on SIP or the PBX."""

    ANSWERED = "answered"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    REJECTED = "rejected"
    CANCELED = "canceled"
    UNREACHABLE = "unreachable"
    CONGESTION = "congestion"
    INVALID_NUMBER = "invalid_number"
    FORBIDDEN = "forbidden"
    ANSWERED_ELSEWHERE = "answered_elsewhere"
    UNKNOWN = "unknown"


class EndedLeg(StrEnum):
    """Whose doing the end was: the user's side, the destination's, or ours."""

    A = "a"
    B = "b"
    ENGINE = "engine"


class EndReason(StrEnum):
    """Why a call is over: stable codes; the ones named after a leg's result are that leg's."""

    HUNG_UP = "hung_up"  # a person put the phone down after speaking
    CALLER_HUNG_UP = "caller_hung_up"  # the user gave up before the destination answered
    NO_SECOND_LEG = "no_second_leg"  # the dialplan answered by itself, e.g. voicemail
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    REJECTED = "rejected"
    NOT_ACCEPTED = "not_accepted"  # nobody pressed the key at the accept prompt
    UNREACHABLE = "unreachable"
    CONGESTION = "congestion"
    INVALID_NUMBER = "invalid_number"
    FORBIDDEN = "forbidden"
    ANSWERED_ELSEWHERE = "answered_elsewhere"
    UNKNOWN_CAUSE = "unknown_cause"  # it ended and the PBX did not say why
    CANCELED = "canceled"  # on request, before the destination answered or after
    LEG_A_TIMEOUT = "leg_a_timeout"
    LEG_B_TIMEOUT = "leg_b_timeout"
    MAX_DURATION = "max_duration"
    PBX_UNAVAILABLE = "pbx_unavailable"  # nothing was sent, no phone rang
    PBX_REFUSED = "pbx_refused"  # the PBX said no to the Originate
    NO_SUCH_EXTENSION = "no_such_extension"  # the dialplan does not know the destination
    NOT_STARTED = "not_started"  # it could not be dialled at once; never dialled late
    ENGINE_RESTARTED = "engine_restarted"  # it was still waiting; never dialled late
    ENDED_BY_PBX = "ended_by_pbx"  # no phone did: it stopped, or a time limit or its administrator
    ENDED_WHILE_DISCONNECTED = "ended_while_disconnected"
    PBX_NOT_CONFIGURED = "pbx_not_configured"  # its PBX was taken from the settings while it went on
    OUTCOME_UNKNOWN = "outcome_unknown"  # sent, and no trace of it was found afterwards


class AcceptPrompt(StrEnum):
    """What the user must press after answering before the destination is dialled."""

    NONE = "none"
    PRESS_1 = "press_1"


@dataclass(frozen=True, slots=True)
class Leg:
    """One phone's part in a call.

    result: set when it ended. hangup_cause: Q.850, None where the PBX gave none. sip_code: what the
    phone or carrier refused with, from PBXs that tell. channel_id: the PBX's uniqueid of its channel.
    """

    state: LegState = LegState.PENDING
    result: LegResult | None = None
    hangup_cause: int | None = None
    sip_code: int | None = None
    channel_id: str | None = None
    started_ms: int | None = None
    ringing_ms: int | None = None
    answered_ms: int | None = None
    ended_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One click and what became of it.

    to: what is dialled: an extension, or E.164. caller_id: the domain's number shown to the
    destination, None leaves it to the user's extension. user_id: whose phone rings;
    requested_by: the credential that asked.
    sequence: grows by one with every change, so that a reader can tell older from newer.
    cancel_requested_ms: somebody asked to end it; it ends when the PBX says so.
    ended_leg, end_reason, ended_ms: set with a final status.
    """

    id: str
    domain_id: str
    user_id: str
    device_id: str
    pbx: str
    to: str
    caller_id: str | None = None
    prompt: AcceptPrompt = AcceptPrompt.NONE
    auto_answer: bool = False
    all_devices: bool = False
    leg_a_timeout_s: int = 30
    leg_b_timeout_s: int = 60
    client_ref: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    requested_by: str = ""
    destination_is_device: bool = False
    status: CallStatus = CallStatus.QUEUED
    leg_a: Leg = Leg()
    leg_b: Leg = Leg()
    connected_ms: int | None = None
    cancel_requested_ms: int | None = None
    ended_leg: EndedLeg | None = None
    end_reason: EndReason | None = None
    created_ms: int
    ended_ms: int | None = None
    sequence: int = 1

    @property
    def channel_id(self) -> str:
        """Uniqueid of leg a, Linkedid of every channel of the call, ActionID of its Originate."""
        return channel_id(self.id)


def channel_id(call_id: str) -> str:
    """The channel id by which a PBX knows a call of ours, before and after it exists."""
    return f"c2c-{call_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceCall:
    """What a caller asks for; nothing in it has been checked.

    to: an extension of the domain, or a phone number in any form its region can read.
    user_id: whose phone rings; None is the principal's own user. device_id: None is that user's
    default device. caller_id: a number of the domain, shown to the destination.
    leg_a_timeout_s 5 to 120, leg_b_timeout_s 5 to 600: how long each side may ring.
    client_ref: at most 128 characters, the caller's own name for the call, searchable.
    metadata: at most 20 pairs and 4,096 bytes; kept with the call, never sent to the PBX.
    """

    to: str
    user_id: str | None = None
    device_id: str | None = None
    domain_id: str | None = None
    caller_id: str | None = None
    prompt: AcceptPrompt = AcceptPrompt.NONE
    auto_answer: bool = False
    all_devices: bool = False
    leg_a_timeout_s: int = 30
    leg_b_timeout_s: int = 60
    client_ref: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFilter:
    """Which calls a list shows, newest first; every field narrows it.

    domain_id: needed from a principal that reaches several. open: True for calls that go on,
    False for ended ones. created_from_ms is inclusive, created_before_ms exclusive.
    """

    domain_id: str | None = None
    user_id: str | None = None
    status: CallStatus | None = None
    open: bool | None = None
    client_ref: str | None = None
    created_from_ms: int | None = None
    created_before_ms: int | None = None

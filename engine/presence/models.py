"""Words of presence and of the call log: who is logged in, what phones do, which calls there were.

Types only. Times are milliseconds since the epoch, UTC.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class DeviceState(StrEnum):
    """What one phone is doing, as its PBX sees it. unknown: its PBX cannot be asked now."""

    UNKNOWN = "unknown"
    UNREGISTERED = "unregistered"
    IDLE = "idle"
    RINGING = "ringing"
    IN_USE = "in_use"
    ON_HOLD = "on_hold"


class PhoneState(StrEnum):
    """What a user's phones together are doing."""

    UNKNOWN = "unknown"
    NOT_REGISTERED = "not_registered"
    IDLE = "idle"
    RINGING = "ringing"
    ON_THE_PHONE = "on_the_phone"
    ON_HOLD = "on_hold"


class Status(StrEnum):
    """What a user says of themselves."""

    AVAILABLE = "available"
    AWAY = "away"
    BUSY = "busy"
    IN_A_MEETING = "in_a_meeting"
    ON_A_BREAK = "on_a_break"


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnStatus:
    """What a user has set, or their PBX for them.

    text: at most 140 characters, shown to the whole domain. expires_ms: then status and text are over,
    do_not_disturb is not. to_be_told: the PBX does not know yet whether the user may be disturbed.
    """

    user_id: str
    domain_id: str
    status: Status = Status.AVAILABLE
    text: str = ""
    expires_ms: int | None = None
    do_not_disturb: bool = False
    to_be_told: bool = False
    updated_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SetStatus:
    """What a user asks for; it replaces all of what they set before. Nothing in it has been checked."""

    status: Status
    text: str
    expires_ms: int | None
    do_not_disturb: bool


class Direction(StrEnum):
    """Who began a call, seen from the user: somebody else, or the user."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"


class LegRole(StrEnum):
    """Why a phone is in a call."""

    DIALED = "dialed"  # somebody called it
    DIALING = "dialing"  # its user dialled
    PLACED = "placed"  # rung by an Originate, to be connected to somebody else


class LegState(StrEnum):
    """What a phone does in a call."""

    RINGING = "ringing"
    DIALING = "dialing"
    TALKING = "talking"
    HELD = "held"
    OVER = "over"


class LegResult(StrEnum):
    """How one phone's part in a call ended."""

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


@dataclass(frozen=True, slots=True)
class Party:
    """Who is at the other end, as a PBX tells it: an endpoint of its own, a number, a name; each may be
    empty."""

    endpoint: str = ""
    number: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Leg:
    """One phone's part in a call, as it is now.

    uniqueid, linkedid: the PBX's names of the channel and of the call. peer: with whom it began; party:
    with whom it is now. answered_ms is None where the moment was not seen. inferred: nobody told of its
    end, it just was not there any more; ended_ms is None then.
    """

    uniqueid: str
    linkedid: str
    endpoint: str
    role: LegRole
    state: LegState
    peer: Party
    party: Party
    started_ms: int
    answered: bool = False
    answered_ms: int | None = None
    ended_ms: int | None = None
    result: LegResult | None = None
    inferred: bool = False


@dataclass(frozen=True, slots=True)
class Other:
    """The other side of a call, as a user may see it.

    id: the user of the same domain it is, else the number in E.164, else what the PBX called it, else
    empty (withheld). name: shown with it, empty where there is none.
    """

    id: str = ""
    user_id: str | None = None
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveCall:
    """A call that goes on. since_ms: of its state; 0 where the moment was not seen."""

    linkedid: str
    direction: Direction
    state: LegState
    other: Other
    started_ms: int
    since_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UserPresence:
    """One user as the others see them. calls: for those who may see parties.

    contacts: phones registered, None where the PBX does not tell how many.
    """

    user_id: str
    domain_id: str
    extension: str
    display_name: str
    logged_in: bool = False
    phone: PhoneState = PhoneState.UNKNOWN
    phone_since_ms: int = 0
    do_not_disturb: bool = False
    status: Status = Status.AVAILABLE
    text: str = ""
    expires_ms: int | None = None
    contacts: int | None = None
    calls: tuple[LiveCall, ...] = ()


class CallResult(StrEnum):
    """What became of a call, for one user.

    missed: inbound, nobody of theirs answered, and nobody else did. busy: inbound, their phones were; or
    outbound, the other side was. unknown: it ended while nobody could tell how.
    """

    ANSWERED = "answered"
    MISSED = "missed"
    ANSWERED_ELSEWHERE = "answered_elsewhere"
    BUSY = "busy"
    REJECTED = "rejected"
    NO_ANSWER = "no_answer"
    CANCELED = "canceled"
    UNREACHABLE = "unreachable"
    FAILED = "failed"
    UNKNOWN = "unknown"


#: Inbound results that a user wants to hear of: somebody tried to reach them in vain.
MISSED_RESULTS = frozenset({CallResult.MISSED, CallResult.BUSY})


@dataclass(frozen=True, slots=True, kw_only=True)
class CallLogEntry:
    """One user's view of one call; a call between two users makes two.

    peer: user id, E.164, what the PBX called the other side, or empty (withheld). peer_user_id: set if it
    is a user. call_id: the click it was, if it was one. open: it goes on, or its end is not known yet.
    result: None while open. answered_ms, ended_ms: None where nobody saw when.
    seen: the user knows of it; only what was missed begins unseen.
    """

    id: str
    domain_id: str
    user_id: str
    pbx: str
    linkedid: str
    peer: str
    peer_user_id: str | None
    peer_name: str
    direction: Direction
    result: CallResult | None
    call_id: str | None = None
    answered: bool = False
    started_ms: int
    answered_ms: int | None = None
    ended_ms: int | None = None
    open: bool = False
    seen: bool = True

    @property
    def missed(self) -> bool:
        return self.direction is Direction.INBOUND and self.result in MISSED_RESULTS


@dataclass(frozen=True, slots=True, kw_only=True)
class CallLogFilter:
    """Which entries a list shows, newest first; every field narrows it.

    domain_id: needed from a principal that reaches several. missed: inbound ones nobody answered.
    peer: a user id or a number. seen: False for those the user does not know of yet.
    """

    domain_id: str | None = None
    user_id: str | None = None
    direction: Direction | None = None
    missed: bool | None = None
    seen: bool | None = None
    peer: str | None = None


@dataclass(frozen=True, slots=True)
class RosterUser:
    """A user as presence knows them. devices: (pbx, endpoint) of each; region: how the domain reads
    national numbers."""

    id: str
    domain_id: str
    extension: str
    display_name: str
    region: str | None
    devices: tuple[tuple[str, str], ...] = field(default=())


@dataclass(frozen=True, slots=True)
class RosterDomain:
    """A domain with its users; reseller_id decides who reaches it; region: as for its users."""

    id: str
    reseller_id: str | None
    region: str | None
    users: tuple[RosterUser, ...]

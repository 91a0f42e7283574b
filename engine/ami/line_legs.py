"""One phone's part in a call, and what Asterisk's words about channels mean for it.

Types and small pure functions; which event changes what is in `lines.py`. Channels are known by
uniqueid, since names are reused. A leg keeps the Linkedid it began with, although transfers join calls.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from engine.ami.actions import ACCEPT_CONTEXT, ALL_DEVICES_CONTEXT
from engine.ami.facts import LegResult, result_by_cause, unanswered_result

Event = Mapping[str, str]

#: How the uniqueids begin that the engine chose itself: leg a of a click.
OUR_CALL = "c2c-"
_OUR_CONTEXTS = (ALL_DEVICES_CONTEXT, ACCEPT_CONTEXT)
_UNKNOWN = frozenset({"", "<unknown>"})
# Words of Asterisk where no number was dialled: start, hang-up, invalid, time-out.
_NO_NUMBER = frozenset({"", "s", "h", "i", "t"})


class LegRole(StrEnum):
    """Why a phone is in a call."""

    DIALED = "dialed"  # somebody called it
    DIALING = "dialing"  # its user dialled
    PLACED = "placed"  # rung by an Originate, to be connected to somebody else


class LegState(StrEnum):
    """What a phone does in a call."""

    RINGING = "ringing"
    DIALING = "dialing"  # waits for the other side to answer
    TALKING = "talking"
    HELD = "held"  # by either side
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Party:
    """Who is at the other end. endpoint: of a phone of this PBX, else empty. number, name: as dialled or
    shown, empty where nobody told."""

    endpoint: str = ""
    number: str = ""
    name: str = ""


NOBODY = Party()


@dataclass(frozen=True, slots=True)
class LineLeg:
    """One phone's part in a call, as it is now.

    peer: with whom it began; party: with whom it is now, which a transfer changes.
    result: when it is over. answered_ms is None where the moment was not seen, though `answered` is true.
    inferred: its end was told by no event, a channel list did not have it any more; ended_ms is None then.
    Times are milliseconds since the epoch.
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


@dataclass(slots=True)
class Channel:
    """A channel that is up, of whatever technology."""

    uniqueid: str
    linkedid: str
    name: str
    started_ms: int
    role: LegRole | None = None
    number: str = ""
    caller_name: str = ""
    connected: Party = NOBODY
    exten: str = ""
    up: bool = False
    answered: bool = False
    answered_ms: int | None = None
    bridge: str = ""
    holding: bool = False
    hangup_requested: bool = False
    dialled_by: str = ""
    peer: Party = NOBODY
    party: Party | None = None  # who was met in a bridge last
    dialled: list[str] = field(default_factory=list)  # uniqueids, in order
    #: How the last destination that did not answer ended: cause, SIP code, DialStatus.
    dest_end: tuple[int | None, int | None, str | None] | None = None
    dial_status: str | None = None
    told: LineLeg | None = None

    @property
    def endpoint(self) -> str:
        return endpoint_of_channel(self.name)


def endpoint_of_channel(name: str) -> str:
    """The endpoint of a PJSIP channel, `PJSIP/<endpoint>-<number>`; empty for other channels."""
    return name.removeprefix("PJSIP/").rpartition("-")[0] if name.startswith("PJSIP/") else ""


def endpoint_of_device(name: str) -> str:
    """The endpoint of a PJSIP device, `PJSIP/<endpoint>`; empty for other devices."""
    return name.removeprefix("PJSIP/") if name.startswith("PJSIP/") else ""


def known(text: str | None) -> str:
    """What Asterisk tells of a number or name, empty where it has none."""
    return "" if text is None or text in _UNKNOWN else text


def endpoint_behind_local(name: str) -> str:
    """The endpoint behind the Local channel of a click that rings several phones."""
    head, _, context = name.removeprefix("Local/").partition("@")
    return head if name.startswith("Local/") and context.startswith(_OUR_CONTEXTS) else ""


def dialled_number(exten: str) -> str:
    return "" if exten in _NO_NUMBER else exten


def is_call(row: Event) -> bool:
    return not row.get("Channel", "").startswith("Message/")


def listed_role(channel: Channel, row: Event, state: str) -> LegRole | None:
    """Why a channel of a list is in its call: Dial marks whom it calls, and the first one calls."""
    if channel.uniqueid.startswith(OUR_CALL):
        return LegRole.PLACED
    if row.get("Application") == "AppDial" or channel.uniqueid != channel.linkedid:
        return LegRole.DIALED
    return LegRole.DIALING if state in ("Ring", "Up") else LegRole.PLACED


def seconds_of(duration: str) -> int:
    """Seconds of `HH:MM:SS`; 0 for what is not one."""
    parts = duration.split(":")
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() and len(part) < 6 for part in parts):
        return 0
    hours, minutes, seconds = map(int, parts)
    return hours * 3600 + minutes * 60 + seconds


def number_of(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 6 else None


def result_of(
    channel: Channel, cause: int | None, sip_code: int | None, *, answered_beside: bool, inferred: bool
) -> LegResult:
    """How a channel that hung up with this cause ended its leg.

    answered_beside: another phone that was dialled together with it has answered. inferred: no Hangup
    was seen, so there is no cause.
    """
    if channel.answered:
        return LegResult.ANSWERED
    if inferred:
        return LegResult.UNKNOWN
    placed_and_dialled = channel.role is LegRole.PLACED and channel.up and channel.dest_end is not None
    if channel.role is LegRole.DIALING or placed_and_dialled:
        return _result_for_caller(channel, cause)
    if answered_beside:
        return LegResult.ANSWERED_ELSEWHERE
    status = channel.dial_status
    found = unanswered_result(cause, sip_code, status, is_device=True)
    return found or (LegResult.CANCELED if status in (None, "CANCEL") else LegResult.UNKNOWN)


def _result_for_caller(channel: Channel, cause: int | None) -> LegResult:
    """Why nobody answered what a phone dialled."""
    is_device = _is_extension(channel.peer.number)
    # The dialplan hands the destination's cause on, and may be heard of before the destination.
    own = None if channel.hangup_requested else result_by_cause(cause, None, is_device=is_device)
    found = own
    if channel.dest_end is not None:
        dest_cause, sip_code, status = channel.dest_end
        if status == "CANCEL":
            return LegResult.CANCELED
        told = result_by_cause(dest_cause, sip_code, is_device=is_device)
        found = told or own or unanswered_result(None, None, status, is_device=is_device)
    if found is None or found is LegResult.UNKNOWN:
        found = LegResult.CANCELED if channel.hangup_requested else LegResult.UNKNOWN
    return found


def _is_extension(number: str) -> bool:
    """Whether a number is answered by a phone of the PBX, as far as its length tells."""
    return len(number) < 7 and not number.startswith("+")

"""What the tracker tells about a call, and how a leg's end becomes a result.

Pure types and two tables. Source: ITU-T Q.850 (causes), Asterisk `main/dial.c` (DialStatus);
measured against Asterisk 22.10.1 and 16.28.0.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

Leg = Literal["a", "b"]
#: Who began the end of a call; `pbx`: no phone did.
Ender = Literal["a", "b", "pbx"]


class FactKind(StrEnum):
    """What happened. LEG_* facts name a leg; CONNECTED and CALL_ENDED concern the call."""

    LEG_CREATED = "leg_created"
    LEG_DIALING = "leg_dialing"
    LEG_RINGING = "leg_ringing"
    LEG_EARLY_MEDIA = "leg_early_media"
    LEG_ANSWERED = "leg_answered"
    LEG_ENDED = "leg_ended"
    PROMPTING = "prompting"  # leg a was answered and is asked to accept
    CONNECTED = "connected"  # both legs are in one bridge
    HELD = "held"
    UNHELD = "unheld"
    CALL_ENDED = "call_ended"  # every channel of the call is gone; the last fact of a call
    ORIGINATE_REFUSED = "originate_refused"  # leg a never got a channel


class LegResult(StrEnum):
    """How a leg ended, in words that do not depend on SIP or Asterisk."""

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
class CallFact:
    """One thing that is now known about a call of ours.

    channel_id: our ChannelId, which names the call. leg_channel: the uniqueid of the channel
    the fact is about, by which it can be hung up; empty where there is none.
    at_ms: wall time, milliseconds since the epoch. result: LEG_ENDED and ORIGINATE_REFUSED only.
    cause: Q.850, None where Asterisk gave 0 or nothing. sip_code: Asterisk 22 only.
    dial_status: DialEnd's word, where there was one.
    ended_first: on CALL_ENDED, the leg that hung up or failed first, or `pbx`, where it was seen.
    inferred: no event said so; a channel list did not have the channel, or nothing came in time.
    """

    channel_id: str
    kind: FactKind
    leg: Leg | None
    leg_channel: str
    at_ms: int
    result: LegResult | None = None
    cause: int | None = None
    sip_code: int | None = None
    dial_status: str | None = None
    ended_first: Ender | None = None
    inferred: bool = False


# ITU-T Q.850 cause to result. 0 and 16 say nothing about a leg that was not answered.
RESULT_BY_CAUSE: dict[int, LegResult] = {
    1: LegResult.INVALID_NUMBER,  # unallocated; SIP 404
    2: LegResult.INVALID_NUMBER,
    3: LegResult.INVALID_NUMBER,  # no route; for one of our own devices: not registered
    17: LegResult.BUSY,
    18: LegResult.NO_ANSWER,  # no user responding; SIP 408
    19: LegResult.NO_ANSWER,  # SIP 480
    20: LegResult.UNREACHABLE,
    21: LegResult.REJECTED,
    22: LegResult.INVALID_NUMBER,  # number changed; SIP 410
    26: LegResult.ANSWERED_ELSEWHERE,
    27: LegResult.UNREACHABLE,
    28: LegResult.INVALID_NUMBER,  # incomplete; SIP 484
    34: LegResult.CONGESTION,
    38: LegResult.CONGESTION,
    41: LegResult.CONGESTION,
    42: LegResult.CONGESTION,
    44: LegResult.CONGESTION,
    50: LegResult.FORBIDDEN,
    52: LegResult.FORBIDDEN,
    54: LegResult.FORBIDDEN,
    57: LegResult.FORBIDDEN,
    58: LegResult.UNREACHABLE,  # no common codec; SIP 488
    88: LegResult.UNREACHABLE,
}

RESULT_BY_DIAL_STATUS: dict[str, LegResult] = {
    "ANSWER": LegResult.ANSWERED,
    "BUSY": LegResult.BUSY,
    "NOANSWER": LegResult.NO_ANSWER,
    "CANCEL": LegResult.CANCELED,
    "ABORT": LegResult.CANCELED,
    "CHANUNAVAIL": LegResult.UNREACHABLE,
    "CONGESTION": LegResult.CONGESTION,
}

# OriginateResponse: 0 covers busy, declined, unregistered and cancelled alike; only this one is true.
REASON_NO_ANSWER = 3

NORMAL_CLEARING = 16
_NO_ROUTE, _REJECTED = 3, 21
# Asterisk turns these into cause 21, but a barred call is not a person declining.
_BARRED_SIP_CODES = frozenset({402, 403})


def result_by_cause(cause: int | None, sip_code: int | None, *, is_device: bool) -> LegResult | None:
    """What a Hangup's cause says of a leg that was never answered; None if it says nothing.

    is_device: the leg was one of our own devices, not a number behind a trunk.
    """
    if cause == _NO_ROUTE and is_device:
        return LegResult.UNREACHABLE
    if cause == _REJECTED and sip_code in _BARRED_SIP_CODES and not is_device:
        return LegResult.FORBIDDEN
    return RESULT_BY_CAUSE.get(cause or 0)


def unanswered_result(
    cause: int | None, sip_code: int | None, dial_status: str | None, *, is_device: bool
) -> LegResult | None:
    """How a leg that was never answered ended: by cause, then by DialStatus; None if neither tells."""
    found = result_by_cause(cause, sip_code, is_device=is_device)
    if found is None and dial_status is not None and dial_status != "ANSWER":
        found = RESULT_BY_DIAL_STATUS.get(dial_status, LegResult.UNKNOWN)
    return found

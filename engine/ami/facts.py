"""What the tracker tells about a call, and how a leg's end becomes a result.

Pure types and two tables. Source: ITU-T Q.850 (causes), Asterisk `main/dial.c` (DialStatus);
measured against Asterisk 22.10.1 and 16.28.0.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

Leg = Literal["a", "b"]


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
    ended_first: on CALL_ENDED, the leg that hung up or failed first, where it was seen.
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
    ended_first: Leg | None = None

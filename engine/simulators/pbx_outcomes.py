"""What happens to a simulated call: chosen by the number dialled and the endpoint rung.

Pure tables, printed in `docs/simulators.md`. A number whose last four digits are 99NN gets
outcome NN; an endpoint that ends in `-<word>` gets the caller's outcome of that name.
Causes are those Asterisk 22 gave in real calls.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Act(StrEnum):
    """What one side does when its phone is called."""

    ANSWER = "answer"  # rings, then answers
    ANSWER_AT_ONCE = "answer_at_once"  # no ringing in between
    EARLY_MEDIA = "early_media"  # an announcement before the answer
    HANG_UP_SOON = "hang_up_soon"  # answers, and hangs up after a second
    HOLD = "hold"  # answers, and holds the call for a second
    RING_OUT = "ring_out"  # rings and rings
    REFUSE = "refuse"  # refused without ringing
    DECLINE = "decline"  # rings, then refused
    ABSENT = "absent"  # not registered: no channel at all
    GIVE_UP = "give_up"  # caller only: answers, and hangs up while the destination rings
    IGNORE_PROMPT = "ignore_prompt"  # caller only: answers, and does not accept
    SELF_SERVICE = "self_service"  # destination only: the dialplan answers, as voicemail does
    NO_SUCH_EXTENSION = "no_such_extension"  # destination only: refused before anything rings


class Fault(StrEnum):
    """What goes wrong with the AMI link in the course of a call."""

    NONE = "none"
    CUT_WHILE_RINGING = "cut_while_ringing"  # the call goes on and is answered meanwhile
    CUT_IN_CALL = "cut_in_call"  # the call goes on
    CUT_AND_ENDED = "cut_and_ended"  # the call ends before the link is back
    GARBAGE = "garbage"  # broken lines and an unknown event between the events
    NO_REPLY = "no_reply"  # the Originate rings, but is not answered on the link
    REPEATED = "repeated"  # every event comes twice
    SILENT = "silent"  # the Originate is accepted and nothing more is told


@dataclass(frozen=True, slots=True)
class Outcome:
    """One line of the tables. cause: Q.850; sip_code 0: none is told; dial_status as DialEnd has it."""

    act: Act
    says: str
    cause: int = 16
    sip_code: int = 0
    dial_status: str = "NOANSWER"
    fault: Fault = Fault.NONE


ANSWERED = Outcome(Act.ANSWER, "rings, answers")

DESTINATIONS: Mapping[str, Outcome] = MappingProxyType(
    {
        "01": Outcome(Act.REFUSE, "is busy (486)", 17, 486, "BUSY"),
        "02": Outcome(Act.RING_OUT, "rings, nobody answers", 0),
        "03": Outcome(Act.DECLINE, "rings, declines (603)", 21, 603),
        "04": Outcome(Act.ABSENT, "has no registered phone", 3, 404, "CHANUNAVAIL"),
        "05": Outcome(Act.REFUSE, "congestion (503)", 34, 503, "CONGESTION"),
        "06": Outcome(Act.REFUSE, "number not in service (404)", 1, 404),
        "07": Outcome(Act.REFUSE, "barred by the carrier (403)", 21, 403),
        "08": Outcome(Act.REFUSE, "temporarily unavailable (480)", 19, 480),
        "10": Outcome(Act.ANSWER_AT_ONCE, "answers without ringing"),
        "11": Outcome(Act.EARLY_MEDIA, "plays an announcement, then answers"),
        "12": Outcome(Act.HANG_UP_SOON, "answers, hangs up after 1 s"),
        "13": Outcome(Act.HOLD, "answers, holds the call for 1 s"),
        "14": Outcome(Act.SELF_SERVICE, "the dialplan answers, as voicemail does"),
        "15": Outcome(Act.NO_SUCH_EXTENSION, "the dialplan does not know the number"),
        "91": Outcome(
            Act.ANSWER, "AMI link cut while ringing, answered meanwhile", fault=Fault.CUT_WHILE_RINGING
        ),
        "92": Outcome(Act.ANSWER, "AMI link cut in the call, which goes on", fault=Fault.CUT_IN_CALL),
        "93": Outcome(
            Act.ANSWER, "AMI link cut in the call, which ends meanwhile", fault=Fault.CUT_AND_ENDED
        ),
        "94": Outcome(Act.ANSWER, "garbage between the events", fault=Fault.GARBAGE),
        "95": Outcome(Act.ANSWER, "rings, but the Originate is never answered", fault=Fault.NO_REPLY),
        "96": Outcome(Act.ANSWER, "every event comes twice", fault=Fault.REPEATED),
        "97": Outcome(Act.ANSWER, "the Originate is accepted, then silence", fault=Fault.SILENT),
    }
)

CALLERS: Mapping[str, Outcome] = MappingProxyType(
    {
        "busy": Outcome(Act.REFUSE, "is busy (486)", 17, 486, "BUSY"),
        "noanswer": Outcome(Act.RING_OUT, "rings, nobody answers", 19, 480),
        "declines": Outcome(Act.DECLINE, "rings, declines (603)", 21, 603),
        "unavailable": Outcome(Act.REFUSE, "temporarily unavailable (480)", 19, 480),
        "offline": Outcome(Act.ABSENT, "has no registered phone", 20),
        "givesup": Outcome(Act.GIVE_UP, "answers, hangs up while the destination rings"),
        "ignores": Outcome(Act.IGNORE_PROMPT, "answers, does not accept the prompt"),
        "instant": Outcome(Act.ANSWER_AT_ONCE, "answers without ringing"),
    }
)

_NUMBER = re.compile(r"99([0-9]{2})$")


def destination(exten: str) -> Outcome:
    """What the destination does; one without a line in the table answers."""
    found = _NUMBER.search(exten)
    return DESTINATIONS.get(found[1], ANSWERED) if found else ANSWERED


def caller(endpoint: str) -> Outcome:
    """What the user's phone does; one without a line in the table answers."""
    return CALLERS.get(endpoint.rpartition("-")[2], ANSWERED) if "-" in endpoint else ANSWERED

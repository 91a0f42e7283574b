"""What became of a call: the published table from leg results to final statuses.

Pure. The order in which causes are asked is the rule: what we did ourselves, then whether the
two ever spoke, then the destination's leg, then the user's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from engine.click_to_call.call import end
from engine.click_to_call.models import (
    Call,
    CallStatus,
    EndedLeg,
    EndReason,
    Leg,
    LegResult,
    LegState,
)
from engine.click_to_call.ports import FactKind, PbxFact

#: The result of the leg that decided, the status it gives a call that never connected, and why.
OUTCOMES: Mapping[LegResult, tuple[CallStatus, EndReason]] = MappingProxyType(
    {
        LegResult.ANSWERED: (CallStatus.COMPLETED, EndReason.NO_SECOND_LEG),
        LegResult.BUSY: (CallStatus.BUSY, EndReason.BUSY),
        LegResult.NO_ANSWER: (CallStatus.NO_ANSWER, EndReason.NO_ANSWER),
        LegResult.REJECTED: (CallStatus.REJECTED, EndReason.REJECTED),
        LegResult.CANCELED: (CallStatus.CANCELED, EndReason.CANCELED),
        LegResult.UNREACHABLE: (CallStatus.UNREACHABLE, EndReason.UNREACHABLE),
        LegResult.CONGESTION: (CallStatus.FAILED, EndReason.CONGESTION),
        LegResult.INVALID_NUMBER: (CallStatus.FAILED, EndReason.INVALID_NUMBER),
        LegResult.FORBIDDEN: (CallStatus.FAILED, EndReason.FORBIDDEN),
        LegResult.ANSWERED_ELSEWHERE: (CallStatus.NO_ANSWER, EndReason.ANSWERED_ELSEWHERE),
        LegResult.UNKNOWN: (CallStatus.FAILED, EndReason.UNKNOWN_CAUSE),
    }
)

#: `ended_first` of a call that no phone ended.
BY_PBX = "pbx"

#: What a call that we ended ourselves becomes when it never connected.
OWN_ENDS: Mapping[EndReason, CallStatus] = MappingProxyType(
    {
        EndReason.CANCELED: CallStatus.CANCELED,
        EndReason.LEG_A_TIMEOUT: CallStatus.NO_ANSWER,
        EndReason.LEG_B_TIMEOUT: CallStatus.NO_ANSWER,
        EndReason.MAX_DURATION: CallStatus.COMPLETED,
    }
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a call ended."""

    status: CallStatus
    ended_leg: EndedLeg | None
    reason: EndReason


def close(call: Call, fact: PbxFact, own_end: EndReason | None) -> Call:
    """The call after its last fact: CALL_ENDED, ORIGINATE_REFUSED or LOST.

    own_end: why the engine itself had begun to end it, if it had.
    """
    if fact.kind is FactKind.ORIGINATE_REFUSED:
        refused = Leg(
            state=LegState.ENDED,
            result=fact.result or LegResult.UNKNOWN,
            hangup_cause=fact.hangup_cause,
            sip_code=fact.sip_code,
            ended_ms=fact.at_ms,
        )
        call = replace(call, leg_a=refused)
    outcome = (
        lost(call, own_end) if fact.kind is FactKind.LOST else outcome_of(call, fact.ended_first, own_end)
    )
    return end(call, outcome.status, outcome.ended_leg, outcome.reason, fact.at_ms)


def outcome_of(call: Call, ended_first: str | None, own_end: EndReason | None) -> Outcome:
    """The outcome of a call whose end was seen."""
    if call.connected_ms is not None:
        if own_end is not None:
            return Outcome(CallStatus.COMPLETED, EndedLeg.ENGINE, own_end)
        if ended_first == BY_PBX:
            return Outcome(CallStatus.COMPLETED, None, EndReason.ENDED_BY_PBX)
        side = EndedLeg(ended_first) if ended_first else None
        return Outcome(CallStatus.COMPLETED, side, EndReason.HUNG_UP)
    if own_end is not None:
        return Outcome(OWN_ENDS[own_end], EndedLeg.ENGINE, own_end)
    if ended_first == BY_PBX:
        return Outcome(CallStatus.FAILED, None, EndReason.ENDED_BY_PBX)
    # A result that says why leg b failed decides; "canceled" only says that leg a left it.
    decided_by_b = call.leg_b.result not in (None, LegResult.ANSWERED, LegResult.CANCELED)
    if decided_by_b and call.leg_b.result is not None:
        status, reason = OUTCOMES[call.leg_b.result]
        return Outcome(status, EndedLeg.B, reason)
    if call.leg_a.answered_ms is not None and call.leg_b.state is not LegState.PENDING:
        return Outcome(CallStatus.CANCELED, EndedLeg.A, EndReason.CALLER_HUNG_UP)
    if call.leg_a.answered_ms is None and call.status is CallStatus.PROMPTING:
        return Outcome(CallStatus.NO_ANSWER, EndedLeg.A, EndReason.NOT_ACCEPTED)
    status, reason = OUTCOMES[call.leg_a.result or LegResult.UNKNOWN]
    if status is CallStatus.COMPLETED and call.leg_a.answered_ms is None:
        status, reason = OUTCOMES[LegResult.UNKNOWN]  # cause 16 without an answer says nothing
    return Outcome(status, EndedLeg.A, reason)


def abandon(call: Call, at_ms: int) -> Call:
    """An unfinished call of an earlier process whose PBX nobody asks any more."""
    if call.status is CallStatus.QUEUED:
        return end(call, CallStatus.FAILED, EndedLeg.ENGINE, EndReason.ENGINE_RESTARTED, at_ms)
    connected = call.connected_ms is not None
    status = CallStatus.COMPLETED if connected else CallStatus.UNKNOWN
    return end(call, status, None, EndReason.PBX_NOT_CONFIGURED, at_ms)


def lost(call: Call, own_end: EndReason | None) -> Outcome:
    """The outcome of a call that is gone and whose end was not seen."""
    if call.connected_ms is not None:
        return Outcome(CallStatus.COMPLETED, None, EndReason.ENDED_WHILE_DISCONNECTED)
    if own_end is EndReason.CANCELED:
        return Outcome(CallStatus.CANCELED, EndedLeg.ENGINE, own_end)
    return Outcome(CallStatus.UNKNOWN, None, EndReason.OUTCOME_UNKNOWN)

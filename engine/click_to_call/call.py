"""How a call moves: one table, one function, and how facts from a PBX change its legs.

Pure: no clock, no store, no PBX. An event without a row raises and changes nothing; facts that
come late or twice are normal life and have rows. The diagram in `docs/calls.md` is drawn from
TRANSITIONS.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum
from types import MappingProxyType

from engine.click_to_call.models import (
    FINAL_STATUSES,
    Call,
    CallStatus,
    EndedLeg,
    EndReason,
    Leg,
    LegResult,
    LegState,
)
from engine.click_to_call.ports import FactKind, PbxFact


class CallEvent(StrEnum):
    """What can happen to a call. Each END_* leads to the status it is named after."""

    ORIGINATE_COMMITTED = "originate_committed"  # the intent is on disk; written right after
    CANCEL_REQUESTED = "cancel_requested"
    LEG_A_DIALING = "leg_a_dialing"
    LEG_A_RINGING = "leg_a_ringing"
    LEG_A_ANSWERED = "leg_a_answered"
    PROMPTED = "prompted"
    LEG_B_DIALING = "leg_b_dialing"
    LEG_B_RINGING = "leg_b_ringing"
    LEG_B_ANSWERED = "leg_b_answered"
    CONNECTED = "connected"
    HOLD_CHANGED = "hold_changed"
    LEG_A_ENDED = "leg_a_ended"
    LEG_B_ENDED = "leg_b_ended"
    END_COMPLETED = "end_completed"
    END_BUSY = "end_busy"
    END_NO_ANSWER = "end_no_answer"
    END_REJECTED = "end_rejected"
    END_CANCELED = "end_canceled"
    END_UNREACHABLE = "end_unreachable"
    END_FAILED = "end_failed"
    END_UNKNOWN = "end_unknown"


S, E = CallStatus, CallEvent

ENDS: Mapping[CallStatus, CallEvent] = MappingProxyType(
    {
        S.COMPLETED: E.END_COMPLETED,
        S.BUSY: E.END_BUSY,
        S.NO_ANSWER: E.END_NO_ANSWER,
        S.REJECTED: E.END_REJECTED,
        S.CANCELED: E.END_CANCELED,
        S.UNREACHABLE: E.END_UNREACHABLE,
        S.FAILED: E.END_FAILED,
        S.UNKNOWN: E.END_UNKNOWN,
    }
)

# What moves a call forward and how far. After a lost link the first fact can be any of them.
_PROGRESS = {
    E.LEG_A_DIALING: S.DIALING_CALLER,
    E.LEG_A_RINGING: S.CALLER_RINGING,
    E.LEG_A_ANSWERED: S.CALLER_ANSWERED,
    E.PROMPTED: S.PROMPTING,
    E.LEG_B_DIALING: S.DIALING_CALLEE,
    E.LEG_B_RINGING: S.CALLEE_RINGING,
    E.LEG_B_ANSWERED: S.CALLEE_RINGING,  # the leg says more; connected is when both hear each other
    E.CONNECTED: S.CONNECTED,
}
_IN_ORDER = (
    S.DIALING_CALLER,
    S.CALLER_RINGING,
    S.CALLER_ANSWERED,
    S.PROMPTING,
    S.DIALING_CALLEE,
    S.CALLEE_RINGING,
    S.CONNECTED,
)
# Facts that concern a leg only; each leg reports its own end, the call ends with END_*.
_STAYS = (E.CANCEL_REQUESTED, E.HOLD_CHANGED, E.LEG_A_ENDED, E.LEG_B_ENDED)
_BEFORE_ANSWER = (S.BUSY, S.NO_ANSWER, S.REJECTED, S.CANCELED, S.UNREACHABLE, S.FAILED, S.UNKNOWN)


def _under_way(status: CallStatus) -> dict[CallEvent, CallStatus]:
    """Rows of a call that has been dialled: forward by any step, never back."""
    at = _IN_ORDER.index(status)
    rows = {event: _IN_ORDER[max(at, _IN_ORDER.index(to))] for event, to in _PROGRESS.items()}
    rows.update(dict.fromkeys(_STAYS, status))
    if status is S.CONNECTED:
        return rows | {E.END_COMPLETED: S.COMPLETED}
    rows.update({ENDS[end]: end for end in _BEFORE_ANSWER})
    if at >= _IN_ORDER.index(S.CALLER_ANSWERED):
        rows[E.END_COMPLETED] = S.COMPLETED  # the dialplan itself took the call: voicemail, an echo test
    return rows


TRANSITIONS: Mapping[CallStatus, Mapping[CallEvent, CallStatus]] = MappingProxyType(
    {
        S.QUEUED: {
            E.ORIGINATE_COMMITTED: S.DIALING_CALLER,
            E.CANCEL_REQUESTED: S.CANCELED,
            E.END_FAILED: S.FAILED,
        }
    }
    | {status: _under_way(status) for status in _IN_ORDER}
    # Final is final: late and repeated events change nothing. A second intent would be a bug.
    | {
        status: {event: status for event in CallEvent if event is not E.ORIGINATE_COMMITTED}
        for status in CallStatus
        if status in FINAL_STATUSES
    }
)


class IllegalTransition(Exception):
    """An event that cannot happen in this status: a defect of ours, nothing was changed."""

    def __init__(self, status: CallStatus, event: CallEvent) -> None:
        super().__init__(f"{event} in {status}")
        self.status = status
        self.event = event


def transition(status: CallStatus, event: CallEvent) -> CallStatus:
    """The status after event. Raises IllegalTransition where the table has no row."""
    to = TRANSITIONS[status].get(event)
    if to is None:
        raise IllegalTransition(status, event)
    return to


_EVENT_OF_FACT: Mapping[tuple[FactKind, str | None], CallEvent] = MappingProxyType(
    {
        (FactKind.LEG_CREATED, "a"): E.LEG_A_DIALING,
        (FactKind.LEG_DIALING, "a"): E.LEG_A_DIALING,
        (FactKind.LEG_RINGING, "a"): E.LEG_A_RINGING,
        (FactKind.LEG_EARLY_MEDIA, "a"): E.LEG_A_RINGING,
        (FactKind.LEG_ANSWERED, "a"): E.LEG_A_ANSWERED,
        (FactKind.LEG_ENDED, "a"): E.LEG_A_ENDED,
        (FactKind.LEG_CREATED, "b"): E.LEG_B_DIALING,
        (FactKind.LEG_DIALING, "b"): E.LEG_B_DIALING,
        (FactKind.LEG_RINGING, "b"): E.LEG_B_RINGING,
        (FactKind.LEG_EARLY_MEDIA, "b"): E.LEG_B_RINGING,
        (FactKind.LEG_ANSWERED, "b"): E.LEG_B_ANSWERED,
        (FactKind.LEG_ENDED, "b"): E.LEG_B_ENDED,
        (FactKind.PROMPTING, None): E.PROMPTED,
        (FactKind.CONNECTED, None): E.CONNECTED,
    }
)
#: Facts after which nothing more will come; `outcome.close` turns them into a final status.
CLOSING_FACTS = frozenset({FactKind.CALL_ENDED, FactKind.ORIGINATE_REFUSED, FactKind.LOST})


def apply_fact(call: Call, fact: PbxFact) -> Call:
    """The call after a fact that does not end it; the same object when the fact teaches nothing.

    Raises IllegalTransition for a fact about a call that was never dialled.
    """
    event = _EVENT_OF_FACT.get((fact.kind, fact.leg)) or _EVENT_OF_FACT.get((fact.kind, None))
    changed = replace(call, status=transition(call.status, event or E.HOLD_CHANGED))
    if call.status.final:
        return call
    if fact.leg == "a":
        changed = replace(changed, leg_a=_leg_after(call.leg_a, fact))
    elif fact.leg == "b":
        changed = replace(changed, leg_b=_leg_after(call.leg_b, fact))
    if fact.kind is FactKind.CONNECTED and call.connected_ms is None:
        changed = replace(changed, connected_ms=fact.at_ms)
    return call if changed == call else replace(changed, sequence=call.sequence + 1)


def commit_originate(call: Call) -> Call:
    """The call as it must be on disk before its Originate is written."""
    status = transition(call.status, E.ORIGINATE_COMMITTED)
    return replace(call, status=status, sequence=call.sequence + 1)


def request_cancel(call: Call, at_ms: int) -> Call:
    """The call after somebody asked to end it. Idempotent; a queued one ends at once."""
    status = transition(call.status, E.CANCEL_REQUESTED)
    if call.cancel_requested_ms is not None or call.status.final:
        return call
    call = replace(call, cancel_requested_ms=at_ms)
    if status is S.CANCELED:
        return end(call, status, EndedLeg.ENGINE, EndReason.CANCELED, at_ms)
    return replace(call, status=status, sequence=call.sequence + 1)


def end(call: Call, status: CallStatus, ended_leg: EndedLeg | None, reason: EndReason, at_ms: int) -> Call:
    """The call in its final status, no leg left open. An ended call is returned unchanged."""
    status = transition(call.status, ENDS[status] if call.status is not S.QUEUED else _end_queued(status))
    if call.status.final:
        return call
    return replace(
        call,
        status=status,
        leg_a=_closed(call.leg_a, at_ms),
        leg_b=_closed(call.leg_b, at_ms),
        ended_leg=ended_leg,
        end_reason=reason,
        ended_ms=at_ms,
        sequence=call.sequence + 1,
    )


def _end_queued(status: CallStatus) -> CallEvent:
    return E.CANCEL_REQUESTED if status is S.CANCELED else ENDS[status]


def _leg_after(leg: Leg, fact: PbxFact) -> Leg:
    """The leg after a fact about it; facts never take it back."""
    if leg.state is LegState.ENDED:
        if fact.kind not in (FactKind.LEG_CREATED, FactKind.LEG_DIALING) or not fact.leg_channel:
            return leg
        if fact.leg_channel == leg.channel_id:
            return leg
        leg = Leg()  # the dialplan tries another way: a second trunk, a mobile, voicemail
    leg = replace(
        leg, channel_id=fact.leg_channel or leg.channel_id, started_ms=_first(leg.started_ms, fact.at_ms)
    )
    ringing = leg.state in (LegState.PENDING, LegState.DIALING, LegState.RINGING, LegState.EARLY_MEDIA)
    match fact.kind:
        case FactKind.LEG_CREATED | FactKind.LEG_DIALING if leg.state is LegState.PENDING:
            return replace(leg, state=LegState.DIALING)
        case FactKind.LEG_RINGING if ringing:
            return replace(leg, state=LegState.RINGING, ringing_ms=_first(leg.ringing_ms, fact.at_ms))
        case FactKind.LEG_EARLY_MEDIA if ringing:
            return replace(leg, state=LegState.EARLY_MEDIA)
        case FactKind.LEG_ANSWERED if ringing:
            return replace(leg, state=LegState.ANSWERED, answered_ms=_first(leg.answered_ms, fact.at_ms))
        case FactKind.HELD if leg.state is LegState.ANSWERED:
            return replace(leg, state=LegState.HELD)
        case FactKind.UNHELD if leg.state is LegState.HELD:
            return replace(leg, state=LegState.ANSWERED)
        case FactKind.LEG_ENDED:
            return replace(
                leg,
                state=LegState.ENDED,
                result=fact.result or LegResult.UNKNOWN,
                hangup_cause=fact.hangup_cause,
                sip_code=fact.sip_code,
                ended_ms=fact.at_ms,
            )
    return leg


def _closed(leg: Leg, at_ms: int) -> Leg:
    """A leg whose end nobody reported, when its call is over; one that never began stays pending."""
    if leg.state in (LegState.PENDING, LegState.ENDED):
        return leg
    return replace(leg, state=LegState.ENDED, result=LegResult.UNKNOWN, ended_ms=at_ms)


def _first(known: int | None, at_ms: int) -> int:
    return at_ms if known is None else known

"""What facts from a PBX do to a call and its legs."""

from __future__ import annotations

import pytest

from engine.click_to_call.call import IllegalTransition, apply_fact, commit_originate, end, request_cancel
from engine.click_to_call.models import (
    Call,
    CallStatus,
    EndedLeg,
    EndReason,
    LegResult,
    LegState,
)
from engine.click_to_call.ports import PbxFact
from tests.unit.click_to_call.calls import T0_MS, fact, queued


def after(*facts: PbxFact, call: Call | None = None) -> Call:
    call = call or commit_originate(queued())
    for one in facts:
        call = apply_fact(call, one)
    return call


TO_CONNECTED = (
    fact("leg_created", "a", at_ms=T0_MS + 1),
    fact("leg_ringing", "a", at_ms=T0_MS + 2),
    fact("leg_answered", "a", at_ms=T0_MS + 3),
    fact("leg_created", "b", at_ms=T0_MS + 4),
    fact("leg_ringing", "b", at_ms=T0_MS + 5),
    fact("leg_answered", "b", at_ms=T0_MS + 6),
    fact("connected", at_ms=T0_MS + 7),
)


def test_a_call_goes_through_every_status_to_connected() -> None:
    call, seen = commit_originate(queued()), []
    for one in TO_CONNECTED:
        call = apply_fact(call, one)
        seen.append(call.status)
    assert seen == [
        CallStatus.DIALING_CALLER,
        CallStatus.CALLER_RINGING,
        CallStatus.CALLER_ANSWERED,
        CallStatus.DIALING_CALLEE,
        CallStatus.CALLEE_RINGING,
        CallStatus.CALLEE_RINGING,
        CallStatus.CONNECTED,
    ]
    assert call.connected_ms == T0_MS + 7
    assert (call.leg_a.started_ms, call.leg_a.ringing_ms, call.leg_a.answered_ms) == (
        T0_MS + 1,
        T0_MS + 2,
        T0_MS + 3,
    )
    assert (call.leg_b.channel_id, call.leg_b.state) == ("b-1", LegState.ANSWERED)


def test_each_change_has_the_next_sequence_and_a_repeated_fact_changes_nothing() -> None:
    call = commit_originate(queued())
    assert call.sequence == 2
    for number, one in enumerate(TO_CONNECTED, start=3):
        call = apply_fact(call, one)
        assert call.sequence == number
        assert apply_fact(call, one) is call


def test_all_facts_again_in_any_order_change_a_connected_call_no_more() -> None:
    call = after(*TO_CONNECTED)
    for one in reversed(TO_CONNECTED):
        assert apply_fact(call, one) is call


def test_a_fact_about_a_call_that_was_never_dialled_raises_and_changes_nothing() -> None:
    call = queued()
    with pytest.raises(IllegalTransition):
        apply_fact(call, fact("leg_ringing", "a"))
    assert call == queued()


def test_hold_is_a_state_of_the_leg_and_not_of_the_call() -> None:
    call = after(*TO_CONNECTED, fact("held", "b"))
    assert (call.status, call.leg_b.state, call.leg_a.state) == (
        CallStatus.CONNECTED,
        LegState.HELD,
        LegState.ANSWERED,
    )
    assert after(fact("unheld", "b"), call=call).leg_b.state is LegState.ANSWERED


def test_an_ended_leg_keeps_its_first_result() -> None:
    busy = fact("leg_ended", "b", LegResult.BUSY, cause=17, sip=486, at_ms=T0_MS + 9)
    call = after(*TO_CONNECTED[:4], busy)
    assert (call.leg_b.result, call.leg_b.hangup_cause, call.leg_b.sip_code, call.leg_b.ended_ms) == (
        LegResult.BUSY,
        17,
        486,
        T0_MS + 9,
    )
    assert after(fact("leg_ended", "b", LegResult.NO_ANSWER), call=call) is call
    assert call.status is CallStatus.DIALING_CALLEE  # the end of the call is another fact


def test_a_second_try_of_the_dialplan_is_a_new_leg_b() -> None:
    call = after(
        *TO_CONNECTED[:4],
        fact("leg_ended", "b", LegResult.CONGESTION),
        fact("leg_dialing", "b", channel="b-2", at_ms=T0_MS + 20),
    )
    assert (call.leg_b.state, call.leg_b.result, call.leg_b.channel_id, call.leg_b.started_ms) == (
        LegState.DIALING,
        None,
        "b-2",
        T0_MS + 20,
    )


def test_an_early_announcement_counts_as_the_destination_ringing() -> None:
    call = after(*TO_CONNECTED[:4], fact("leg_early_media", "b"))
    assert (call.status, call.leg_b.state) == (CallStatus.CALLEE_RINGING, LegState.EARLY_MEDIA)


def test_the_prompt_comes_before_the_answer_counts() -> None:
    call = after(*TO_CONNECTED[:2], fact("prompting", "a"))
    assert call.status is CallStatus.PROMPTING
    assert after(fact("leg_answered", "a"), call=call).status is CallStatus.PROMPTING


def test_cancel_is_remembered_once_and_ends_a_queued_call_at_once() -> None:
    canceled = request_cancel(queued(), T0_MS + 5)
    assert (canceled.status, canceled.ended_leg, canceled.end_reason) == (
        CallStatus.CANCELED,
        EndedLeg.ENGINE,
        EndReason.CANCELED,
    )
    ringing = after(*TO_CONNECTED[:2])
    asked = request_cancel(ringing, T0_MS + 5)
    assert (asked.status, asked.cancel_requested_ms) == (CallStatus.CALLER_RINGING, T0_MS + 5)
    assert request_cancel(asked, T0_MS + 9) is asked
    assert request_cancel(canceled, T0_MS + 9) is canceled


def test_an_ended_call_leaves_no_leg_open() -> None:
    call = end(after(*TO_CONNECTED), CallStatus.COMPLETED, None, EndReason.HUNG_UP, T0_MS + 50)
    assert (call.leg_a.state, call.leg_b.state, call.ended_ms) == (
        LegState.ENDED,
        LegState.ENDED,
        T0_MS + 50,
    )
    never = end(commit_originate(queued()), CallStatus.FAILED, EndedLeg.ENGINE, EndReason.PBX_REFUSED, T0_MS)
    assert (never.leg_a.state, never.leg_b.state) == (LegState.PENDING, LegState.PENDING)


def test_an_ended_call_takes_no_fact_and_no_second_end() -> None:
    call = end(after(*TO_CONNECTED), CallStatus.COMPLETED, None, EndReason.HUNG_UP, T0_MS + 50)
    for one in (*TO_CONNECTED, fact("held", "a"), fact("leg_ended", "a", LegResult.BUSY)):
        assert apply_fact(call, one) is call
    assert end(call, CallStatus.UNKNOWN, None, EndReason.OUTCOME_UNKNOWN, T0_MS + 60) is call

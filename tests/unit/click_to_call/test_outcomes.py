"""What becomes of a call, a line for each way it can end."""

from __future__ import annotations

import pytest

from engine.click_to_call.call import apply_fact, commit_originate, request_cancel
from engine.click_to_call.models import (
    AcceptPrompt,
    Call,
    CallStatus,
    EndedLeg,
    EndReason,
    LegResult,
)
from engine.click_to_call.outcome import OUTCOMES, close
from engine.click_to_call.ports import PbxFact
from tests.unit.click_to_call.calls import fact, queued

R, S, W = LegResult, CallStatus, EndReason
A, B, ENGINE = EndedLeg.A, EndedLeg.B, EndedLeg.ENGINE

RINGING = (fact("leg_created", "a"), fact("leg_ringing", "a"))
ANSWERED = (*RINGING, fact("leg_answered", "a"))
CALLING = (*ANSWERED, fact("leg_dialing", "b"), fact("leg_ringing", "b"))
TALKING = (*CALLING, fact("leg_answered", "b"), fact("connected"))


def ended(
    *facts: PbxFact,
    last: PbxFact | None = None,
    own_end: EndReason | None = None,
    call: Call | None = None,
) -> tuple[CallStatus, EndedLeg | None, EndReason | None]:
    call = commit_originate(call or queued())
    for one in facts:
        call = apply_fact(call, one)
    if own_end is W.CANCELED:
        call = request_cancel(call, call.created_ms)
    call = close(call, last or fact("call_ended", first="a"), own_end)
    return call.status, call.ended_leg, call.end_reason


def a_ended(result: LegResult) -> PbxFact:
    return fact("leg_ended", "a", result)


def b_ended(result: LegResult) -> PbxFact:
    return fact("leg_ended", "b", result)


FAILURES = [
    (R.BUSY, S.BUSY, W.BUSY),
    (R.NO_ANSWER, S.NO_ANSWER, W.NO_ANSWER),
    (R.REJECTED, S.REJECTED, W.REJECTED),
    (R.UNREACHABLE, S.UNREACHABLE, W.UNREACHABLE),
    (R.CONGESTION, S.FAILED, W.CONGESTION),
    (R.INVALID_NUMBER, S.FAILED, W.INVALID_NUMBER),
    (R.FORBIDDEN, S.FAILED, W.FORBIDDEN),
    (R.ANSWERED_ELSEWHERE, S.NO_ANSWER, W.ANSWERED_ELSEWHERE),
    (R.UNKNOWN, S.FAILED, W.UNKNOWN_CAUSE),
]


@pytest.mark.parametrize(("result", "status", "reason"), [*FAILURES, (R.CANCELED, S.CANCELED, W.CANCELED)])
def test_the_users_phone_decides_before_it_answers(
    result: LegResult, status: CallStatus, reason: EndReason
) -> None:
    assert ended(*RINGING, a_ended(result)) == (status, A, reason)


@pytest.mark.parametrize(("result", "status", "reason"), FAILURES)
def test_the_destination_decides_when_its_phone_gave_the_reason(
    result: LegResult, status: CallStatus, reason: EndReason
) -> None:
    legs = (b_ended(result), a_ended(R.ANSWERED))
    assert ended(*CALLING, *legs) == (status, B, reason)


def test_a_destination_that_was_never_dialled_still_has_its_result() -> None:
    assert ended(*ANSWERED, b_ended(R.UNREACHABLE), a_ended(R.ANSWERED)) == (S.UNREACHABLE, B, W.UNREACHABLE)


def test_a_user_who_gives_up_while_the_destination_rings_canceled_the_call() -> None:
    legs = (b_ended(R.CANCELED), a_ended(R.ANSWERED))
    assert ended(*CALLING, *legs) == (S.CANCELED, A, W.CALLER_HUNG_UP)


@pytest.mark.parametrize(("first", "side"), [("a", A), ("b", B), (None, None)])
def test_two_who_spoke_completed_the_call(first: str | None, side: EndedLeg | None) -> None:
    legs = (a_ended(R.ANSWERED), b_ended(R.ANSWERED))
    assert ended(*TALKING, *legs, last=fact("call_ended", first=first)) == (S.COMPLETED, side, W.HUNG_UP)


def test_what_the_pbx_ends_by_itself_blames_nobody() -> None:
    last = fact("call_ended", first="pbx")
    talked = (a_ended(R.ANSWERED), b_ended(R.ANSWERED))
    assert ended(*TALKING, *talked, last=last) == (S.COMPLETED, None, W.ENDED_BY_PBX)
    assert ended(*RINGING, a_ended(R.CANCELED), last=last) == (S.FAILED, None, W.ENDED_BY_PBX)
    rang = (b_ended(R.CANCELED), a_ended(R.ANSWERED))
    assert ended(*CALLING, *rang, last=last) == (S.FAILED, None, W.ENDED_BY_PBX)
    assert ended(*CALLING, *rang, last=last, own_end=W.CANCELED) == (S.CANCELED, ENGINE, W.CANCELED)


def test_voicemail_and_echo_tests_complete_a_call_without_a_second_leg() -> None:
    assert ended(*ANSWERED, a_ended(R.ANSWERED)) == (S.COMPLETED, A, W.NO_SECOND_LEG)


def test_normal_clearing_of_a_phone_that_never_answered_says_nothing() -> None:
    assert ended(*RINGING, a_ended(R.ANSWERED)) == (S.FAILED, A, W.UNKNOWN_CAUSE)


def test_a_prompt_nobody_accepted_is_no_answer() -> None:
    call = queued(prompt=AcceptPrompt.PRESS_1)
    facts = (*RINGING, fact("prompting", "a"), a_ended(R.REJECTED))
    assert ended(*facts, call=call) == (S.NO_ANSWER, A, W.NOT_ACCEPTED)


@pytest.mark.parametrize("facts", [RINGING, ANSWERED, CALLING])
def test_a_cancel_before_the_two_spoke_is_canceled_whatever_the_legs_say(facts: tuple[PbxFact, ...]) -> None:
    legs = (b_ended(R.BUSY), a_ended(R.NO_ANSWER))
    assert ended(*facts, *legs, own_end=W.CANCELED) == (S.CANCELED, ENGINE, W.CANCELED)


def test_a_cancel_while_they_speak_completes_the_call() -> None:
    assert ended(*TALKING, own_end=W.CANCELED) == (S.COMPLETED, ENGINE, W.CANCELED)
    assert ended(*TALKING, own_end=W.MAX_DURATION) == (S.COMPLETED, ENGINE, W.MAX_DURATION)


def test_our_own_timers_mean_no_answer() -> None:
    assert ended(*RINGING, a_ended(R.CANCELED), own_end=W.LEG_A_TIMEOUT) == (
        S.NO_ANSWER,
        ENGINE,
        W.LEG_A_TIMEOUT,
    )
    assert ended(*CALLING, b_ended(R.CANCELED), own_end=W.LEG_B_TIMEOUT) == (
        S.NO_ANSWER,
        ENGINE,
        W.LEG_B_TIMEOUT,
    )


def test_a_phone_that_is_not_registered_never_had_a_channel() -> None:
    refused = fact("originate_refused", "a", R.UNREACHABLE)
    assert ended(last=refused) == (S.UNREACHABLE, A, W.UNREACHABLE)
    assert ended(last=refused, own_end=W.CANCELED) == (S.CANCELED, ENGINE, W.CANCELED)


def test_a_call_lost_from_sight_is_unknown_unless_they_had_spoken() -> None:
    lost = fact("lost")
    assert ended(last=lost) == (S.UNKNOWN, None, W.OUTCOME_UNKNOWN)
    assert ended(*CALLING, last=lost) == (S.UNKNOWN, None, W.OUTCOME_UNKNOWN)
    assert ended(*TALKING, last=lost) == (S.COMPLETED, None, W.ENDED_WHILE_DISCONNECTED)
    assert ended(*CALLING, last=lost, own_end=W.CANCELED) == (S.CANCELED, ENGINE, W.CANCELED)


def test_every_leg_result_has_a_line() -> None:
    assert set(OUTCOMES) == set(LegResult)

"""The table of statuses: what may follow what, and that nothing else may."""

from __future__ import annotations

import itertools

import pytest

from engine.click_to_call.call import ENDS, TRANSITIONS, CallEvent, IllegalTransition, transition
from engine.click_to_call.models import FINAL_STATUSES, CallStatus
from tests.unit.click_to_call import diagram

S, E = CallStatus, CallEvent

UNDER_WAY = [
    S.DIALING_CALLER,
    S.CALLER_RINGING,
    S.CALLER_ANSWERED,
    S.PROMPTING,
    S.DIALING_CALLEE,
    S.CALLEE_RINGING,
    S.CONNECTED,
]
#: Written out by hand: pairs that would be a defect of ours.
ILLEGAL = {
    *(
        (S.QUEUED, event)
        for event in CallEvent
        if event not in (E.ORIGINATE_COMMITTED, E.CANCEL_REQUESTED, E.END_FAILED)
    ),
    *((status, E.ORIGINATE_COMMITTED) for status in CallStatus if status is not S.QUEUED),
    (S.DIALING_CALLER, E.END_COMPLETED),
    (S.CALLER_RINGING, E.END_COMPLETED),
    *((S.CONNECTED, event) for event in ENDS.values() if event is not E.END_COMPLETED),
}


@pytest.mark.parametrize(("status", "event"), list(itertools.product(CallStatus, CallEvent)))
def test_every_pair_has_a_row_or_raises(status: CallStatus, event: CallEvent) -> None:
    if (status, event) in ILLEGAL:
        with pytest.raises(IllegalTransition) as refused:
            transition(status, event)
        assert (refused.value.status, refused.value.event) == (status, event)
    else:
        assert transition(status, event) in CallStatus


@pytest.mark.parametrize(("status", "event"), list(itertools.product(sorted(FINAL_STATUSES), CallEvent)))
def test_final_is_final(status: CallStatus, event: CallEvent) -> None:
    if event is not E.ORIGINATE_COMMITTED:
        assert transition(status, event) is status


@pytest.mark.parametrize(("status", "event"), list(itertools.product(UNDER_WAY, CallEvent)))
def test_a_call_never_goes_back(status: CallStatus, event: CallEvent) -> None:
    if (status, event) in ILLEGAL:
        return
    to = transition(status, event)
    assert to.final or UNDER_WAY.index(to) >= UNDER_WAY.index(status)


@pytest.mark.parametrize(
    ("event", "to"),
    [
        (E.LEG_A_DIALING, S.DIALING_CALLER),
        (E.LEG_A_RINGING, S.CALLER_RINGING),
        (E.LEG_A_ANSWERED, S.CALLER_ANSWERED),
        (E.PROMPTED, S.PROMPTING),
        (E.LEG_B_DIALING, S.DIALING_CALLEE),
        (E.LEG_B_RINGING, S.CALLEE_RINGING),
        (E.LEG_B_ANSWERED, S.CALLEE_RINGING),
        (E.CONNECTED, S.CONNECTED),
    ],
)
def test_the_first_fact_after_a_lost_link_may_be_any(event: CallEvent, to: CallStatus) -> None:
    assert transition(S.DIALING_CALLER, event) is to


def test_a_connected_call_can_only_be_completed() -> None:
    ends = {to for to in TRANSITIONS[S.CONNECTED].values() if to.final}
    assert ends == {S.COMPLETED}


def test_a_queued_call_ends_only_canceled_or_failed() -> None:
    assert {to for to in TRANSITIONS[S.QUEUED].values() if to.final} == {S.CANCELED, S.FAILED}


def test_every_final_status_can_be_reached() -> None:
    reached = {to for rows in TRANSITIONS.values() for to in rows.values()}
    assert reached >= FINAL_STATUSES


def test_the_document_shows_the_table() -> None:
    document = diagram.DOCUMENT.read_text()
    assert diagram.redrawn(document) == document, "run: python -m tests.unit.click_to_call.diagram"

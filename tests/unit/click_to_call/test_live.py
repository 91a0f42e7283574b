"""The owner's rules without sockets, store or clock: time is a number."""

from __future__ import annotations

import pytest

from engine.click_to_call.live import CallTimings, HangUp, LiveCalls
from engine.click_to_call.models import Call, CallStatus, EndReason, LegResult
from engine.click_to_call.ports import PbxFact
from engine.errors import EngineError, OutcomeUnknown, PeerRejected, PeerUnavailable
from tests.unit.click_to_call.calls import T0_MS, fact, queued, request

TIMINGS = CallTimings(
    start_within_s=5,
    pbx_grace_s=2,
    hangup_again_s=0.5,
    hangup_give_up_s=10,
    settle_after_link_s=2,
    max_duration_s=600,
)
OURS = HangUp("call_1", "c2c-call_1")


class Desk:
    """A LiveCalls whose clock the test moves."""

    def __init__(self) -> None:
        self.live = LiveCalls(TIMINGS)
        self.live.link_up(-100)
        self.now = 0.0

    @property
    def now_ms(self) -> int:
        return T0_MS + round(self.now * 1000)

    def admit(self, **values: object) -> Call:
        call = queued(**values)
        self.live.admit(call, request(call), self.now)
        return call

    def dialed(self, **values: object) -> None:
        """A call whose Originate was accepted."""
        call = self.admit(**values)
        assert self.live.start(call.id, self.now_ms, self.now) is not None
        self.live.originated(call.id, None, self.now_ms)
        self.live.take_changes()

    def tell(self, *facts: PbxFact) -> None:
        self.live.facts(facts, self.now)

    def at(self, now: float) -> None:
        self.now = now
        self.live.tick(self.now_ms, now)

    def ended(self) -> tuple[CallStatus, EndReason | None]:
        """The last change, which must be final."""
        call = self.live.take_changes()[-1]
        assert call.status.final
        assert self.live.get(call.id) is None
        return call.status, call.end_reason


@pytest.fixture
def desk() -> Desk:
    return Desk()


def ring(leg: str = "a") -> PbxFact:
    return fact("leg_ringing", leg)


def answer(leg: str = "a") -> PbxFact:
    return fact("leg_answered", leg)


# Beginning


def test_the_intent_is_the_first_change_and_the_request_is_given_once(desk: Desk) -> None:
    call = desk.admit()
    assert [change.status for change in desk.live.take_changes()] == [CallStatus.DIALING_CALLER]
    assert desk.live.start(call.id, desk.now_ms, desk.now) == request(call)
    assert desk.live.start(call.id, desk.now_ms, desk.now) is None


def test_a_call_whose_commit_took_too_long_is_never_dialled(desk: Desk) -> None:
    call = desk.admit()
    desk.now = 5.0
    assert desk.live.start(call.id, desk.now_ms, desk.now) is None
    assert desk.ended() == (CallStatus.FAILED, EndReason.NOT_STARTED)


def test_a_call_nobody_starts_ends_by_itself(desk: Desk) -> None:
    call = desk.admit()
    desk.at(4.9)
    assert desk.live.get(call.id) is not None
    desk.at(5.0)
    assert desk.ended() == (CallStatus.FAILED, EndReason.NOT_STARTED)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (PeerUnavailable(), EndReason.PBX_UNAVAILABLE),
        (PeerRejected(), EndReason.PBX_REFUSED),
        (PeerRejected(code="no_such_extension"), EndReason.NO_SUCH_EXTENSION),
    ],
)
def test_an_originate_that_rang_nothing_fails_the_call(
    desk: Desk, error: EngineError, reason: EndReason
) -> None:
    call = desk.admit()
    desk.live.start(call.id, desk.now_ms, desk.now)
    desk.live.originated(call.id, error, desk.now_ms)
    assert desk.ended() == (CallStatus.FAILED, reason)


def test_facts_may_come_before_the_answer_to_the_originate(desk: Desk) -> None:
    call = desk.admit()
    desk.live.start(call.id, desk.now_ms, desk.now)
    desk.tell(fact("leg_created", "a"), ring())
    desk.live.originated(call.id, None, desk.now_ms)
    assert [change.status for change in desk.live.take_changes()] == [
        CallStatus.DIALING_CALLER,
        CallStatus.CALLER_RINGING,
    ]


# An answer that never came


def unanswered(desk: Desk) -> None:
    call = desk.admit()
    desk.live.start(call.id, desk.now_ms, desk.now)
    desk.live.originated(call.id, OutcomeUnknown(), desk.now_ms)
    desk.live.take_changes()


def test_an_unanswered_originate_is_found_by_its_facts(desk: Desk) -> None:
    unanswered(desk)
    desk.tell(fact("leg_created", "a"), ring())
    assert desk.live.take_changes()[-1].status is CallStatus.CALLER_RINGING


def test_an_unanswered_originate_without_a_trace_is_unknown_in_the_end(desk: Desk) -> None:
    unanswered(desk)
    desk.at(32.0)
    assert desk.live.take_hangups() == [OURS]
    for tenth in range(325, 425, 5):
        desk.live.hung_up("call_1", found=False)
        desk.at(tenth / 10)
    assert desk.ended() == (CallStatus.UNKNOWN, EndReason.OUTCOME_UNKNOWN)


def test_an_unanswered_originate_is_never_given_out_again(desk: Desk) -> None:
    unanswered(desk)
    assert desk.live.start("call_1", desk.now_ms, desk.now) is None
    desk.live.link_down()
    desk.live.link_up(desk.now)
    assert desk.live.start("call_1", desk.now_ms, desk.now) is None


# Our own timers


def test_a_phone_that_rings_too_long_is_hung_up_although_the_pbx_is_silent(desk: Desk) -> None:
    desk.dialed(leg_a_timeout_s=30)
    desk.tell(ring())
    desk.at(31.9)
    assert desk.live.take_hangups() == []
    desk.at(32.0)
    assert desk.live.take_hangups() == [OURS]
    desk.tell(fact("leg_ended", "a", LegResult.CANCELED), fact("call_ended", first="a"))
    assert desk.ended() == (CallStatus.NO_ANSWER, EndReason.LEG_A_TIMEOUT)


def test_a_destination_that_rings_too_long_is_given_up(desk: Desk) -> None:
    desk.dialed(leg_b_timeout_s=20)
    desk.tell(answer())
    desk.now = 10.0
    desk.tell(fact("leg_dialing", "b"))
    desk.now = 12.0
    desk.tell(ring("b"))
    desk.at(29.9)
    assert desk.live.take_hangups() == []
    desk.at(30.0)
    assert desk.live.take_hangups() == [OURS]
    desk.tell(fact("leg_ended", "b", LegResult.CANCELED), fact("call_ended", first="a"))
    assert desk.ended() == (CallStatus.NO_ANSWER, EndReason.LEG_B_TIMEOUT)


def test_nobody_talks_longer_than_the_limit(desk: Desk) -> None:
    desk.dialed()
    desk.tell(answer(), answer("b"), fact("connected"))
    desk.at(599.0)
    assert desk.live.take_hangups() == []
    desk.at(600.0)
    assert desk.live.take_hangups() == [OURS]
    desk.tell(fact("call_ended", first="a"))
    assert desk.ended() == (CallStatus.COMPLETED, EndReason.MAX_DURATION)


def test_an_answered_leg_has_no_ringing_timer_left(desk: Desk) -> None:
    desk.dialed()
    desk.tell(answer(), fact("leg_dialing", "b"), answer("b"), fact("connected"))
    desk.at(500.0)
    assert desk.live.take_hangups() == []


def test_silence_of_a_lost_link_proves_nothing(desk: Desk) -> None:
    desk.dialed(leg_a_timeout_s=30)
    desk.live.link_down()
    desk.at(300.0)
    assert desk.live.take_hangups() == []
    desk.live.link_up(300.0)
    desk.at(301.9)
    assert desk.live.take_hangups() == []  # facts of the time away come first
    desk.at(302.0)
    assert desk.live.take_hangups() == [OURS]


# Cancel


def test_cancel_before_anything_was_written_ends_the_call_unrung(desk: Desk) -> None:
    call = desk.admit()
    canceled = desk.live.cancel(call.id, desk.now_ms, desk.now)
    assert canceled is not None
    assert canceled.status is CallStatus.CANCELED
    assert desk.live.start(call.id, desk.now_ms, desk.now) is None
    assert desk.live.take_hangups() == []


@pytest.mark.parametrize(
    "facts",
    [
        (),
        (fact("leg_created", "a"),),
        (ring(),),
        (answer(),),
        (fact("prompting", "a"),),
        (answer(), fact("leg_dialing", "b")),
        (answer(), ring("b")),
        (answer(), answer("b"), fact("connected")),
    ],
)
def test_cancel_hangs_up_in_every_state_and_asking_twice_changes_nothing(
    desk: Desk, facts: tuple[PbxFact, ...]
) -> None:
    desk.dialed()
    desk.tell(*facts)
    desk.live.take_changes()
    first = desk.live.cancel("call_1", desk.now_ms, desk.now)
    assert first is not None
    assert not first.status.final
    assert desk.live.take_hangups() == [OURS]
    assert desk.live.cancel("call_1", desk.now_ms + 5, desk.now) == first
    assert len(desk.live.take_changes()) == 1
    desk.tell(fact("call_ended", first="a"))
    connected = first.connected_ms is not None
    assert desk.ended() == (CallStatus.COMPLETED if connected else CallStatus.CANCELED, EndReason.CANCELED)
    assert desk.live.cancel("call_1", desk.now_ms, desk.now) is None


def test_a_cancel_that_found_no_channel_is_repeated_when_the_channel_appears(desk: Desk) -> None:
    desk.dialed()
    desk.live.cancel("call_1", desk.now_ms, desk.now)
    assert desk.live.take_hangups() == [OURS]
    desk.live.hung_up("call_1", found=False)
    assert desk.live.take_hangups() == []
    desk.tell(fact("leg_created", "a"))
    assert desk.live.take_hangups() == [OURS]


def test_a_phone_answered_after_the_cancel_is_hung_up_at_once(desk: Desk) -> None:
    desk.dialed()
    desk.tell(fact("leg_created", "a"))
    desk.live.cancel("call_1", desk.now_ms, desk.now)
    desk.live.take_hangups()
    desk.tell(answer())
    assert desk.live.take_hangups() == [OURS]


def test_a_cancel_is_repeated_until_the_call_is_over(desk: Desk) -> None:
    desk.dialed()
    desk.live.cancel("call_1", desk.now_ms, desk.now)
    desk.live.take_hangups()
    desk.at(0.4)
    assert desk.live.take_hangups() == []
    for half_seconds in range(1, 10):
        desk.at(half_seconds / 2)
        assert desk.live.take_hangups() == [OURS]


def test_a_cancel_during_a_lost_link_is_sent_when_the_link_is_back(desk: Desk) -> None:
    desk.dialed()
    desk.live.link_down()
    desk.live.cancel("call_1", desk.now_ms, desk.now)
    desk.at(60.0)
    assert desk.live.take_hangups() == []
    desk.live.link_up(60.0)
    assert desk.live.take_hangups() == [OURS]


def test_a_canceled_call_without_a_channel_ends_canceled(desk: Desk) -> None:
    desk.dialed()
    desk.live.cancel("call_1", desk.now_ms, desk.now)
    for half_seconds in range(1, 21):
        desk.live.hung_up("call_1", found=False)
        desk.at(half_seconds / 2)
    assert desk.ended() == (CallStatus.CANCELED, EndReason.CANCELED)


def test_a_call_canceled_before_it_is_admitted_is_not_dialled(desk: Desk) -> None:
    assert desk.live.cancel("call_1", desk.now_ms, desk.now) is None
    call = desk.admit()
    assert desk.live.start(call.id, desk.now_ms, desk.now) is None
    assert desk.ended() == (CallStatus.CANCELED, EndReason.CANCELED)


def test_after_a_transfer_the_leg_that_is_left_is_hung_up(desk: Desk) -> None:
    desk.dialed()
    desk.tell(answer(), answer("b"), fact("connected"), fact("leg_ended", "a", LegResult.ANSWERED))
    desk.live.cancel("call_1", desk.now_ms, desk.now)
    assert desk.live.take_hangups() == [HangUp("call_1", "b-1")]


def test_a_channel_that_appears_after_the_end_is_hung_up(desk: Desk) -> None:
    desk.dialed()
    desk.tell(fact("lost"))
    assert desk.ended() == (CallStatus.UNKNOWN, EndReason.OUTCOME_UNKNOWN)
    desk.tell(fact("leg_created", "a"))
    assert desk.live.take_hangups() == [OURS]


def test_strangers_calls_are_left_alone(desk: Desk) -> None:
    desk.tell(fact("leg_created", "a", call_id="call_of_somebody_else"))
    assert desk.live.take_hangups() == []
    assert desk.live.take_changes() == []


# Changes


def test_while_the_store_is_slow_one_snapshot_a_status_waits(desk: Desk) -> None:
    desk.dialed()
    desk.tell(answer(), answer("b"), fact("connected"))
    for _ in range(10_000):
        desk.tell(fact("held", "a"), fact("unheld", "a"))
    waiting = desk.live.take_changes()
    assert [change.status for change in waiting] == [
        CallStatus.CALLER_ANSWERED,
        CallStatus.CALLEE_RINGING,
        CallStatus.CONNECTED,
    ]
    assert waiting[-1].sequence > 20_000


def test_a_fact_that_cannot_be_leaves_the_call_as_it_was(desk: Desk) -> None:
    desk.admit()
    desk.live.take_changes()
    desk.live._calls["c2c-call_1"].call = queued()  # as a defect would leave it
    desk.tell(ring())
    assert desk.live.take_changes() == []


# Restart


@pytest.mark.parametrize("seen_ms", [T0_MS, T0_MS - 3_600_000])
def test_a_queued_call_of_an_earlier_process_is_never_dialled_late(desk: Desk, seen_ms: int) -> None:
    assert not desk.live.readmit(queued(created_ms=seen_ms), desk.now_ms, desk.now)
    assert desk.live.start("call_1", desk.now_ms, desk.now) is None
    assert desk.ended() == (CallStatus.FAILED, EndReason.ENGINE_RESTARTED)


def test_a_dialled_call_of_an_earlier_process_goes_on_where_facts_find_it(desk: Desk) -> None:
    assert desk.live.readmit(queued(status=CallStatus.DIALING_CALLER, sequence=2), desk.now_ms, desk.now)
    desk.tell(answer(), answer("b"), fact("connected"))
    assert desk.live.take_changes()[-1].status is CallStatus.CONNECTED
    assert desk.live.start("call_1", desk.now_ms, desk.now) is None


def test_a_cancel_of_an_earlier_process_is_carried_out(desk: Desk) -> None:
    canceled = queued(status=CallStatus.CALLER_RINGING, cancel_requested_ms=T0_MS, sequence=4)
    desk.live.readmit(canceled, desk.now_ms, desk.now)
    assert desk.live.take_hangups() == [OURS]


def test_a_call_an_earlier_process_rang_too_long_ago_is_given_up(desk: Desk) -> None:
    ringing = queued(status=CallStatus.CALLER_RINGING, created_ms=T0_MS - 60_000, sequence=3)
    desk.live.readmit(ringing, desk.now_ms, desk.now)
    desk.at(0.0)
    assert desk.live.take_hangups() == [OURS]

"""From legs to what the call log says."""

from __future__ import annotations

import itertools

import pytest

from engine.presence.history import CallHistory
from engine.presence.models import (
    CallLogEntry,
    CallResult,
    Direction,
    Leg,
    LegResult,
    LegRole,
    LegState,
    Party,
)
from engine.presence.people import People
from tests.unit.presence.twins import PBX, domain, leg, user

S, R, C = LegState, LegResult, CallResult
ANNA, BOB, CARLA = user(1, devices=("101", "101-mobile")), user(2), user(3)
STRANGER = user(1, domain="dom_b", devices=("201",))
OUTSIDE = Party("carrier", "+4930123456", "ACME")


class Log:
    """A call log in memory, fed with legs."""

    def __init__(self) -> None:
        self.people = People()
        self.people.replace(None, [domain(ANNA, BOB, CARLA), domain(STRANGER, id="dom_b")])
        ids = itertools.count(1)
        self.history = CallHistory(
            lambda: 5_000,
            lambda: f"clog_{next(ids)}",
            lambda who, one: self.people.other(who, PBX, one.peer, dialled=one.role is not LegRole.DIALED),
        )
        self.saved: list[CallLogEntry] = []

    def tell(self, *legs: Leg) -> None:
        for one in legs:
            self.saved += self.history.apply(PBX, one, self.people.at(PBX, one.endpoint))

    def of(self, user_id: str) -> CallLogEntry:
        """The newest snapshot of the user's one entry."""
        mine = [entry for entry in self.saved if entry.user_id == user_id]
        assert len({entry.id for entry in mine}) == 1
        return mine[-1]


def test_answered_call_is_one_entry_for_each_side() -> None:
    log = Log()
    caller = {"role": LegRole.DIALING, "peer": Party("101", "101", "")}
    log.tell(leg("102", S.DIALING, **caller), leg("101", S.RINGING))
    assert log.of(ANNA.id).open
    log.tell(leg("101", S.TALKING), leg("102", S.TALKING, **caller))
    log.tell(leg("101", S.OVER, answered=True), leg("102", S.OVER, answered=True, **caller))
    anna, bob = log.of(ANNA.id), log.of(BOB.id)
    assert (anna.direction, anna.result, anna.peer) == (Direction.INBOUND, C.ANSWERED, BOB.id)
    assert (bob.direction, bob.result, bob.peer) == (Direction.OUTBOUND, C.ANSWERED, ANNA.id)
    assert (anna.started_ms, anna.answered_ms, anna.ended_ms) == (1_000, 2_000, 9_000)
    assert anna.seen
    assert not anna.open


@pytest.mark.parametrize(
    ("result", "expected", "unseen"),
    [
        (R.CANCELED, C.MISSED, True),
        (R.NO_ANSWER, C.MISSED, True),
        (R.UNREACHABLE, C.MISSED, True),
        (R.BUSY, C.BUSY, True),
        (R.REJECTED, C.REJECTED, False),
        (R.ANSWERED_ELSEWHERE, C.ANSWERED_ELSEWHERE, False),
        (R.UNKNOWN, C.UNKNOWN, False),
    ],
)
def test_inbound_call_nobody_answered(result: LegResult, expected: CallResult, unseen: bool) -> None:
    log = Log()
    log.tell(leg("101", S.RINGING, peer=OUTSIDE), leg("101", S.OVER, result=result, peer=OUTSIDE))
    entry = log.of(ANNA.id)
    assert (entry.result, entry.missed, entry.seen) == (expected, unseen, not unseen)
    assert (entry.peer, entry.peer_user_id, entry.peer_name) == ("+4930123456", None, "ACME")


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (R.BUSY, C.BUSY),
        (R.NO_ANSWER, C.NO_ANSWER),
        (R.CANCELED, C.CANCELED),
        (R.REJECTED, C.REJECTED),
        (R.UNREACHABLE, C.UNREACHABLE),
        (R.INVALID_NUMBER, C.FAILED),
        (R.CONGESTION, C.FAILED),
        (R.UNKNOWN, C.UNKNOWN),
    ],
)
def test_outbound_call_nobody_answered(result: LegResult, expected: CallResult) -> None:
    log = Log()
    dialled = {"role": LegRole.DIALING, "peer": Party("", "030 123456", "")}
    log.tell(leg("101", S.DIALING, **dialled), leg("101", S.OVER, result=result, **dialled))
    entry = log.of(ANNA.id)
    assert (entry.direction, entry.result, entry.missed) == (Direction.OUTBOUND, expected, False)
    assert entry.peer == "+4930123456"


def test_two_phones_of_one_user_make_one_entry() -> None:
    log = Log()
    log.tell(leg("101", S.RINGING), leg("101-mobile", S.RINGING))
    log.tell(leg("101-mobile", S.TALKING), leg("101", S.OVER, result=R.ANSWERED_ELSEWHERE))
    assert log.of(ANNA.id).open
    log.tell(leg("101-mobile", S.OVER, answered=True))
    assert log.of(ANNA.id).result is C.ANSWERED


def test_one_phone_busy_and_the_other_unanswered_is_missed() -> None:
    log = Log()
    log.tell(leg("101", S.RINGING), leg("101-mobile", S.RINGING))
    log.tell(leg("101", S.OVER, result=R.BUSY), leg("101-mobile", S.OVER, result=R.NO_ANSWER))
    assert log.of(ANNA.id).result is C.MISSED


def test_colleague_who_answers_makes_it_answered_elsewhere() -> None:
    log = Log()
    log.tell(leg("carrier", S.DIALING, role=LegRole.DIALING))
    log.tell(leg("101", S.RINGING, peer=OUTSIDE), leg("103", S.RINGING, peer=OUTSIDE))
    log.tell(leg("103", S.TALKING, peer=OUTSIDE))
    log.tell(leg("101", S.OVER, result=R.CANCELED, peer=OUTSIDE))
    assert log.of(ANNA.id).result is C.ANSWERED_ELSEWHERE
    assert log.of(ANNA.id).seen


def test_colleague_who_is_rung_next_and_answers_corrects_the_missed_call() -> None:
    log = Log()
    log.tell(leg("carrier", S.DIALING, role=LegRole.DIALING))
    log.tell(leg("101", S.RINGING, peer=OUTSIDE), leg("101", S.OVER, result=R.NO_ANSWER, peer=OUTSIDE))
    assert log.of(ANNA.id).missed
    log.tell(leg("103", S.RINGING, peer=OUTSIDE, started_ms=4_000))
    assert log.of(ANNA.id).missed
    log.tell(leg("103", S.TALKING, peer=OUTSIDE, started_ms=4_000, at_ms=6_000))
    assert log.of(ANNA.id).result is C.ANSWERED_ELSEWHERE


def test_call_passed_on_in_vain_is_missed_although_somebody_had_answered_it_before() -> None:
    log = Log()
    log.tell(leg("carrier", S.DIALING, role=LegRole.DIALING))
    log.tell(leg("103", S.RINGING, peer=OUTSIDE), leg("103", S.TALKING, peer=OUTSIDE, at_ms=2_000))
    log.tell(leg("101", S.RINGING, peer=OUTSIDE, started_ms=3_000))
    log.tell(leg("101", S.OVER, result=R.NO_ANSWER, peer=OUTSIDE, started_ms=3_000))
    assert log.of(ANNA.id).result is C.MISSED


def test_call_that_rings_again_and_is_answered_then_stays_one_entry() -> None:
    log = Log()
    log.tell(leg("carrier", S.DIALING, role=LegRole.DIALING))
    log.tell(leg("101", S.RINGING), leg("101", S.OVER, result=R.NO_ANSWER))
    log.tell(leg("101", S.RINGING, channel="second"))
    assert log.of(ANNA.id).open
    log.tell(leg("101", S.TALKING, channel="second"), leg("101", S.OVER, channel="second", answered=True))
    assert log.of(ANNA.id).result is C.ANSWERED


def test_leg_a_of_a_click_is_not_logged_here_and_leg_b_is() -> None:
    log = Log()
    click = "c2c-call_1"
    log.tell(leg("101", S.RINGING, role=LegRole.PLACED, linkedid=click))
    log.tell(leg("102", S.RINGING, linkedid=click, peer=Party("101", "101", "User 101")))
    log.tell(leg("102", S.OVER, linkedid=click, peer=Party("101", "101", "User 101")))
    log.tell(leg("101", S.OVER, role=LegRole.PLACED, linkedid=click))
    assert {entry.user_id for entry in log.saved} == {BOB.id}
    assert log.of(BOB.id).peer == ANNA.id
    assert log.of(BOB.id).missed


def test_call_that_vanished_while_talking_was_answered_and_its_end_is_not_invented() -> None:
    log = Log()
    log.tell(leg("101", S.TALKING), leg("101", S.OVER, answered=True, inferred=True))
    assert log.of(ANNA.id).result is C.ANSWERED
    assert log.of(ANNA.id).ended_ms is None


def test_call_that_vanished_while_ringing_is_unknown() -> None:
    log = Log()
    log.tell(leg("101", S.RINGING), leg("101", S.OVER, result=R.UNKNOWN, inferred=True))
    assert log.of(ANNA.id).result is C.UNKNOWN
    assert not log.of(ANNA.id).missed


def test_call_of_another_tenant_is_a_number_and_no_user() -> None:
    log = Log()
    log.tell(leg("201", S.RINGING, peer=Party("101", "+4930999999", "Anna")))
    log.tell(leg("201", S.OVER, peer=Party("101", "+4930999999", "Anna")))
    entry = log.of(STRANGER.id)
    assert (entry.peer, entry.peer_user_id) == ("+4930999999", None)
    assert entry.domain_id == "dom_b"


def test_caller_from_outside_with_the_number_of_an_extension_is_no_colleague() -> None:
    log = Log()
    spoofed = Party("carrier", "102", "User 102")
    log.tell(leg("101", S.RINGING, peer=spoofed), leg("101", S.OVER, peer=spoofed))
    assert log.of(ANNA.id).peer == "102"
    assert log.of(ANNA.id).peer_user_id is None


def test_dialled_extension_whose_phone_is_not_there_is_a_colleague() -> None:
    log = Log()
    dialled = {"role": LegRole.DIALING, "peer": Party("", "103", "")}
    log.tell(leg("101", S.DIALING, **dialled), leg("101", S.OVER, result=R.UNREACHABLE, **dialled))
    assert log.of(ANNA.id).peer == CARLA.id


def test_names_from_outside_lose_their_control_characters_and_length() -> None:
    log = Log()
    odd = Party("carrier", "+4930123456", "x\x1b[31m\u2028" + "y" * 200)
    log.tell(leg("101", S.RINGING, peer=odd))
    assert "\x1b" not in log.of(ANNA.id).peer_name
    assert len(log.of(ANNA.id).peer_name) == 80


def open_entry(log: Log, *, answered: bool) -> CallLogEntry:
    before = Log()
    before.tell(leg("101", S.TALKING if answered else S.RINGING))
    entry = before.of(ANNA.id)
    log.history.remember([entry])
    return entry


def test_call_that_goes_on_after_a_restart_keeps_its_entry() -> None:
    log = Log()
    entry = open_entry(log, answered=True)
    log.tell(leg("101", S.TALKING))
    assert log.history.resynced(PBX) == []
    log.tell(leg("101", S.OVER, answered=True))
    assert log.of(ANNA.id).id == entry.id
    assert log.of(ANNA.id).answered_ms == 2_000


@pytest.mark.parametrize(("answered", "result"), [(True, C.ANSWERED), (False, C.UNKNOWN)])
def test_call_that_is_gone_after_a_restart_ended_unseen(answered: bool, result: CallResult) -> None:
    log = Log()
    entry = open_entry(log, answered=answered)
    (ended,) = log.history.resynced(PBX)
    assert (ended.id, ended.result, ended.open, ended.ended_ms) == (entry.id, result, False, None)
    assert log.history.resynced(PBX) == []


def test_call_of_a_pbx_that_is_not_configured_any_more_is_closed() -> None:
    log = Log()
    open_entry(log, answered=False)
    assert log.history.give_up(["main"]) == []
    (ended,) = log.history.give_up(["another"])
    assert ended.result is C.UNKNOWN


def test_nothing_is_kept_of_a_call_that_is_over() -> None:
    log = Log()
    log.tell(leg("101", S.RINGING), leg("101", S.OVER))
    assert log.history._calls == {}

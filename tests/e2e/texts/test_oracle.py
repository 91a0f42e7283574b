"""The oracle finds each broken promise in accounts made up for it, and nothing in good ones."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.e2e.texts.client import Promise, Request
from tests.e2e.texts.facts import Facts, InboundRow, ReceiptRow, SegmentRow
from tests.e2e.texts.oracle import Kill, Story, Verdict, judge
from tests.e2e.texts.wire import Answer, Delivery, Submit, WireLog

TO = "13030000001"
PART = (TO, 1)
NAMES = {(TO, "a"): PART, (TO, "b"): (TO, 2)}


def accepted(at: float = 10.0, message_id: str = "a", passed_at: float | None = 11.0) -> Submit:
    return Submit(at, 1, 1, PART, 1, 0, b"Hello", Answer(0, message_id, passed_at))


def receipt(message_id: str = "a", state: str = "DELIVRD") -> Delivery:
    return Delivery(12.0, 1, 1, TO, "12025550100", b"", message_id, state, 0)


def story(
    status: str = "delivered",
    *,
    submits: list[Submit] | None = None,
    deliveries: list[Delivery] | None = None,
    delivery_class: str = "conversation",
    history: tuple[str, ...] = ("sending", "sent", "delivered"),
    kills: tuple[Kill, ...] = (),
) -> Story:
    """One text to one number; by default it was sent once, delivered, and reported as such."""
    facts = Facts(
        classes={"msg_1": delivery_class},
        segments=[SegmentRow("msg_1", 0, PART, status, "a", 1)],
        recipients={("msg_1", 0): status},
        receipts=[ReceiptRow("a", "delivered", TO, "msg_1", 1, True)],
        history={("msg_1", 0): [*history[:-1], status] if history[-1] == "delivered" else list(history)},
    )
    log = WireLog(
        submits=[accepted()] if submits is None else submits,
        deliveries=[receipt()] if deliveries is None else deliveries,
    )
    request = Request("key", [Promise((f"+{TO}",), "Hello", delivery_class, "msg_1")], 1, [202])
    return Story([request], log, facts, 8, kills, names=NAMES)


def broken(one: Story) -> set[str]:
    return set(judge(one).broken())


def test_a_text_that_went_well_breaks_nothing() -> None:
    verdict = judge(story())
    assert verdict.broken() == {}
    assert (verdict.uncertain, verdict.second_copies) == (0, 0)


def test_an_acknowledged_message_that_is_not_there_is_lost() -> None:
    one = story(submits=[], deliveries=[])
    one.facts.segments.clear()
    one.facts.history.clear()
    assert broken(one) == {"L"}


@pytest.mark.parametrize("status", ["queued", "sending", "sent", "delivered"])
def test_what_neither_left_nor_says_so_is_lost(status: str) -> None:
    assert broken(story(status, submits=[], deliveries=[], history=("sending", status))) >= {"L"}


def test_what_waits_for_an_smsc_that_is_away_is_not_lost() -> None:
    one = story("queued", submits=[], deliveries=[], history=("queued", "queued"))
    assert broken(replace(one, waiting=True)) == set()
    assert broken(one) == {"L"}


def test_a_submit_nobody_knows_of_is_lost() -> None:
    stray = Submit(10.0, 1, 2, ("1999", 1), 1, 0, b"", Answer(0, "z", 11.0))
    assert broken(story(submits=[accepted(), stray])) == {"L"}


@pytest.mark.parametrize("delivery_class", ["conversation", "bulk"])
def test_a_second_copy_in_a_class_that_allows_one_is_found(delivery_class: str) -> None:
    twice = [accepted(passed_at=None), accepted(20.0, "b")]
    assert broken(story(submits=twice, delivery_class=delivery_class)) == {"D2"}


def test_a_copy_that_was_refused_is_none() -> None:
    refused = Submit(9.0, 1, 1, PART, 1, 0, b"Hello", Answer(0x58, "", 9.5))
    assert broken(story(submits=[refused, accepted()])) == set()


def test_must_arrive_may_have_a_second_copy_of_what_was_in_doubt() -> None:
    twice = [accepted(passed_at=None), accepted(20.0, "b")]
    verdict = judge(story(submits=twice, delivery_class="must_arrive"))
    assert (verdict.broken(), verdict.second_copies) == ({}, 1)
    killed = (Kill(15.0, "time", {PART: "sending"}),)
    answered = [accepted(), accepted(20.0, "b")]
    assert broken(story(submits=answered, delivery_class="must_arrive", kills=killed)) == set()


def test_a_doubt_that_a_kill_found_waiting_for_its_second_copy_is_one() -> None:
    given_up = (Kill(15.0, "time", {PART: "queued"}),)
    unanswered = [accepted(passed_at=None), accepted(20.0, "b")]
    assert broken(story(submits=unanswered, delivery_class="must_arrive", kills=given_up)) == set()
    too_late = [accepted(passed_at=14.5), accepted(20.0, "b")]
    assert broken(story(submits=too_late, delivery_class="must_arrive", kills=given_up)) == set()
    in_time = [accepted(passed_at=11.0), accepted(20.0, "b")]
    assert broken(story(submits=in_time, delivery_class="must_arrive", kills=given_up)) == {"D1"}


def test_a_third_copy_is_found() -> None:
    thrice = [accepted(passed_at=None), accepted(20.0, "b", None), accepted(30.0, "c")]
    assert broken(story(submits=thrice, delivery_class="must_arrive")) == {"D3"}


def test_a_copy_that_differs_from_the_first_is_found() -> None:
    other = replace(accepted(20.0, "b"), reference=7)
    one = story(submits=[accepted(passed_at=None), other], delivery_class="must_arrive")
    assert broken(one) == {"D3"}


def test_a_copy_of_what_was_answered_is_found() -> None:
    twice = [accepted(), accepted(20.0, "b")]
    assert broken(story(submits=twice, delivery_class="must_arrive")) == {"D1"}


def test_a_copy_of_what_had_an_outcome_at_a_kill_is_found() -> None:
    killed = (Kill(15.0, "time", {PART: "sent"}),)
    twice = [accepted(passed_at=None), accepted(20.0, "b")]
    assert broken(story(submits=twice, delivery_class="must_arrive", kills=killed)) == {"D1"}


def test_doubt_needs_a_reason() -> None:
    doubt = ("sending", "uncertain")
    assert broken(story("uncertain", deliveries=[], history=doubt)) == {"U"}
    killed = (Kill(15.0, "time", {PART: "sending"}),)
    for good in (
        story("uncertain", deliveries=[], history=doubt, submits=[accepted(passed_at=None)]),
        story("uncertain", deliveries=[], history=doubt, kills=killed),
    ):
        verdict = judge(good)
        assert (verdict.broken(), verdict.uncertain) == ({}, 1)


def test_what_a_cut_link_swallowed_may_be_in_doubt_as_far_as_its_window_goes() -> None:
    one = story("uncertain", deliveries=[], submits=[], history=("sending", "uncertain"))
    assert broken(one) == {"U"}
    one.log.ended[1] = 12.0
    assert broken(one) == set()
    for number in range(2, 10):
        one.facts.segments.append(SegmentRow("msg_1", 0, (TO, number), "uncertain", None, 1))
    assert broken(one) == {"U"}


def test_more_in_flight_than_the_windows_hold_is_found() -> None:
    killed = (Kill(9.0, "time", {("1999", number): "sending" for number in range(9)}),)
    assert broken(story(kills=killed)) == {"U"}


def test_receipts_acknowledged_and_not_kept_or_not_applied_are_found() -> None:
    one = story()
    one.facts.receipts.clear()
    assert broken(one) == {"I"}
    assert broken(story("sent", history=("sending", "sent"))) == {"X"}
    unacknowledged = replace(receipt(), status=None)
    assert broken(story("sent", history=("sending", "sent"), deliveries=[unacknowledged])) == set()


def test_a_receipt_for_a_doubtful_text_has_to_settle_it() -> None:
    one = story("uncertain", submits=[accepted(passed_at=None)], history=("sending", "uncertain"))
    assert broken(one) == {"X"}


def texted(octets: bytes, **changes: object) -> Delivery:
    one = Delivery(12.0, 1, 1, "14040000001", "12025550100", octets, status=0)
    return replace(one, **changes)  # type: ignore[arg-type]


def test_a_text_acknowledged_and_not_kept_is_found() -> None:
    one = story(deliveries=[receipt(), texted(b"Yes")])
    assert broken(one) == {"I"}
    one.facts.inbound.append(InboundRow("14040000001", "Yes", "", True))
    assert broken(one) == set()
    one.facts.inbound.append(InboundRow("14040000001", "Yes", "", True))
    assert broken(one) == {"I"}, "twice, and nobody says that it may be once"


def test_a_part_acknowledged_and_not_kept_is_found() -> None:
    one = story(deliveries=[receipt(), texted(b"\x05\x00\x03\x07\x02\x01Half")])
    assert broken(one) == {"I"}
    one.facts.waiting_parts.append(("14040000001", b"Half"))
    assert broken(one) == set()


def test_a_torn_text_is_found() -> None:
    one = replace(story(), texts_in={"14040000001": "Half and half"})
    one.facts.inbound.append(InboundRow("14040000001", "Half", "incomplete", True))
    assert broken(one) == {"I"}


def test_a_part_that_will_be_shown_beside_its_whole_text_is_found() -> None:
    one = replace(story(), texts_in={"14040000001": "Half and half"})
    one.facts.inbound.append(InboundRow("14040000001", "Half and half", "", True))
    assert broken(one) == set()
    one.facts.waiting_parts.append(("14040000001", b" and half"))
    assert broken(one) == {"I"}


@pytest.mark.parametrize(
    "history",
    [
        ("sending", "delivered", "sent", "delivered"),
        ("sending", "uncertain", "sent", "uncertain", "delivered"),
        ("sending", "sent", "sending", "delivered"),
    ],
)
def test_a_state_that_went_back_is_found(history: tuple[str, ...]) -> None:
    one = story()
    one.facts.history["msg_1", 0] = list(history)
    assert broken(one) == {"O"}


def test_a_state_nobody_was_told_of_is_found() -> None:
    one = story()
    one.facts.history["msg_1", 0] = ["sending", "sent"]
    assert broken(one) == {"O"}


def test_a_final_state_that_changed_between_kills_is_found() -> None:
    killed = (Kill(15.0, "time", {PART: "undelivered"}),)
    assert broken(story(kills=killed)) == {"O"}


def test_a_recipient_that_does_not_say_what_its_segments_say_is_found() -> None:
    one = story()
    one.facts.segments[0] = one.facts.segments[0]._replace(status="sent")
    assert "O" in broken(one)


def test_broken_promises_are_listed_by_letter() -> None:
    assert Verdict(L=["a"], X=["b"] * 9).broken() == {"L": ["a"], "X": ["b"] * 5}


def test_a_report_that_nobody_made_is_found() -> None:
    assert broken(story(deliveries=[])) == {"T"}
    assert broken(story(deliveries=[receipt(state="ENROUTE")])) >= {"T"}


def beside(other: SegmentRow, *unmatched: str) -> Story:
    """A part in doubt whose receipt came, beside another part of its text; receipts matched with nothing."""
    one = story("uncertain", submits=[accepted(passed_at=None)], history=("sending", "uncertain"))
    one.facts.segments.append(other)
    one.facts.receipts[:] = [ReceiptRow(name, "delivered", TO, None, None, False) for name in unmatched]
    one.log.submits.append(replace(accepted(message_id="b"), part=other.part))
    one.log.deliveries.append(receipt("b"))
    return one


def test_a_receipt_may_be_the_first_copys_of_an_answered_part() -> None:
    answered = SegmentRow("msg_1", 0, (TO, 2), "delivered", "b", 2)
    assert "X" not in broken(beside(answered, "a"))
    assert "X" in broken(beside(answered, "a", "z"))
    assert "X" in broken(beside(answered._replace(attempt=1), "a"))


def test_a_receipt_may_be_another_doubtful_parts() -> None:
    doubtful = SegmentRow("msg_1", 0, (TO, 2), "uncertain", None, 1)
    assert "X" not in broken(beside(doubtful, "a"))
    assert "X" in broken(beside(doubtful, "a", "b"))

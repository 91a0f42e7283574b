from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from engine.events import Event
from engine.webhooks.lane import FAILURES_TO_PAUSE, QUEUE, RETRY_AFTER_S, Item, Lane
from engine.webhooks.models import Delivery, DeliveryState, Outcome

OK = Outcome(204)
BROKEN = Outcome(500, "refused")
DAY_S = 86_400


def lane(seq: int = 0, *, width: int = 4, jitter: float = 0.0, disable_after_s: float = 5 * DAY_S) -> Lane:
    return Lane("wh_1", seq, width=width, disable_after_s=disable_after_s, jitter=lambda: jitter)


def event(seq: int, subject: str = "", type: str = "call.updated") -> Event:
    return Event("dom_1", seq, type, subject or f"call_{seq}", {}, 1_000 + seq)


def add(to: Lane, *events: Event) -> None:
    to.add_events(events, lambda one: one.type == "call.updated")


def seqs(items: Sequence[Item]) -> list[int]:
    return [item.event.seq for item in items]


def failed(to: Lane, item: Item, now_ms: int = 0, outcome: Outcome = BROKEN) -> Delivery:
    return to.settle(item, outcome, now_ms)


def test_events_go_out_in_order_as_many_at_a_time_as_the_lane_is_wide() -> None:
    one = lane(width=2)
    add(one, event(1), event(2), event(3))
    first = one.take(0)
    assert seqs(first) == [1, 2]
    assert one.take(0) == []
    one.settle(first[0], OK, 0)
    assert seqs(one.take(0)) == [3]


def test_two_events_about_one_resource_are_never_out_together() -> None:
    one = lane()
    add(one, event(1, "call_a"), event(2, "call_a"), event(3, "call_b"), event(4, "call_a"))
    first = one.take(0)
    assert seqs(first) == [1, 3]
    one.settle(first[0], OK, 0)
    second = one.take(0)
    assert seqs(second) == [2]
    one.settle(second[0], OK, 0)
    assert seqs(one.take(0)) == [4]


def test_the_position_is_what_everything_up_to_is_dealt_with() -> None:
    one = lane(seq=9)
    add(one, event(10), event(11, type="contact.created"), event(12), event(13))
    assert (one.seq, one.read) == (9, 13)
    first, second, third = one.take(0)
    one.settle(second, OK, 0)
    assert one.seq == 9
    one.settle(first, OK, 0)
    assert one.seq == 12
    failed(one, third)  # from now on it has a row of its own
    assert one.seq == 13


def test_what_is_not_wanted_is_passed_at_once() -> None:
    one = lane()
    add(one, event(1, type="contact.created"), event(2, type="contact.created"))
    assert one.take(0) == []
    assert one.seq == 2


def test_what_failed_is_tried_for_at_least_a_day_and_then_given_up() -> None:
    one = lane()
    add(one, event(1))
    (item,) = one.take(0)
    now_ms, pauses = 0, []
    while (after := failed(one, item, now_ms)).state is DeliveryState.WAITING:
        assert after.next_attempt_ms is not None
        pauses.append((after.next_attempt_ms - now_ms) / 1000)
        now_ms = max(after.next_attempt_ms, one.paused_until_ms)
        one.add_due([after])
        (item,) = one.take(now_ms)
    assert pauses == list(RETRY_AFTER_S)
    assert sum(pauses) >= DAY_S
    assert (after.state, after.attempts, after.next_attempt_ms) == (DeliveryState.DEAD, 12, None)
    assert (after.status, after.error) == (500, "refused")


@pytest.mark.parametrize("jitter", [0.0, 0.5, 0.999])
def test_jitter_makes_pauses_longer_by_up_to_a_quarter_never_shorter(jitter: float) -> None:
    one = lane(jitter=jitter)
    add(one, event(1))
    after = failed(one, one.take(0)[0])
    assert after.next_attempt_ms == round(5_000 * (1 + jitter / 4))


def test_a_failure_holds_up_no_other_event() -> None:
    one = lane(width=1)
    add(one, event(1), event(2))
    failed(one, one.take(0)[0])
    assert seqs(one.take(0)) == [2]


def test_retry_after_pauses_the_whole_lane_and_is_never_undercut() -> None:
    one = lane()
    add(one, event(1), event(2, "call_1"))
    (item,) = one.take(0)
    after = one.settle(item, Outcome(429, "refused", retry_after_s=90.0), 0)
    assert after.next_attempt_ms == 90_000
    assert one.take(89_999) == []
    one.add_due([after])
    assert seqs(one.take(90_000)) == [1]


def test_retry_after_is_believed_up_to_a_day() -> None:
    one = lane()
    add(one, event(1))
    after = one.settle(one.take(0)[0], Outcome(503, "refused", retry_after_s=1e9), 0)
    assert after.next_attempt_ms == DAY_S * 1000


def test_a_receiver_that_only_fails_is_left_alone_then_asked_with_one_event_at_a_time() -> None:
    one = lane(width=FAILURES_TO_PAUSE)
    add(one, *(event(seq) for seq in range(1, 30)))
    for item in one.take(0):
        failed(one, item)
    assert one.take(4_999) == []
    (probe,) = one.take(5_000)
    failed(one, probe, 5_000)
    assert one.take(14_999) == []
    (probe,) = one.take(15_000)  # twice as long
    one.settle(probe, OK, 15_000)
    assert len(one.take(15_000)) == FAILURES_TO_PAUSE
    assert one.failing_since_ms is None


def test_pauses_end_at_a_quarter_of_an_hour() -> None:
    one = lane(width=1)
    add(one, *(event(seq) for seq in range(1, 100)))
    now_ms = 0
    for _ in range(60):
        now_ms = max(now_ms, one.paused_until_ms)
        failed(one, one.take(now_ms)[0], now_ms)
    assert one.paused_until_ms - now_ms == 900_000


def test_somebody_who_thinks_it_works_again_ends_the_pause() -> None:
    one = lane(width=FAILURES_TO_PAUSE)
    add(one, *(event(seq) for seq in range(1, 30)))
    for item in one.take(0):
        failed(one, item)
    one.resume()
    assert len(one.take(0)) == 1


def test_gone_disables_and_gives_the_event_up() -> None:
    one = lane()
    add(one, event(1), event(2))
    first, _ = one.take(0)
    after = one.settle(first, Outcome(410, "gone"), 0)
    assert (after.state, one.disable) == (DeliveryState.DEAD, "gone")
    assert one.take(0) == []


def test_a_receiver_that_took_nothing_for_days_is_given_up() -> None:
    one = lane(disable_after_s=100)
    add(one, *(event(seq) for seq in range(1, 10)))
    failed(one, one.take(0)[0], 1_000)
    assert one.disable is None
    failed(one, one._in_flight[0], 100_999)
    assert one.disable is None
    failed(one, one._in_flight[0], 101_000)
    assert one.disable == "failing"


def test_one_delivery_in_between_starts_the_days_anew() -> None:
    one = lane(disable_after_s=100)
    add(one, event(1), event(2), event(3))
    first, second, third = one.take(0)
    failed(one, first, 1_000)
    one.settle(second, OK, 50_000)
    failed(one, third, 120_000)
    assert (one.disable, one.failing_since_ms, one.last_delivered_ms) == (None, 120_000, 50_000)


def test_what_is_tried_again_takes_no_more_than_half_the_lane() -> None:
    one = lane(width=4)
    old = [waiting(one, seq) for seq in range(1, 5)]
    one.add_due(old)
    add(one, *(event(seq) for seq in range(10, 20)))
    assert seqs(one.take(0)) == [1, 2, 10, 11]


def test_a_delivery_that_is_here_already_is_not_taken_twice() -> None:
    one = lane()
    due = waiting(one, 1)
    one.add_due([due])
    one.add_due([due])
    (item,) = one.take(0)
    assert one.holds() == [due.id]
    one.add_due([due])
    one.settle(item, OK, 0)
    assert one.take(0) == []


def test_what_could_not_be_sent_for_no_fault_of_the_receiver_goes_first_again() -> None:
    one = lane(width=2)
    add(one, event(1), event(2), event(3))
    taken = one.take(0)
    one.put_back(taken)
    assert one.seq == 0
    assert seqs(one.take(0)) == [1, 2]


def test_the_queue_is_bounded() -> None:
    one = lane(width=1)
    add(one, *(event(seq) for seq in range(1, QUEUE + 1)))
    assert one.room == 0
    assert not one.hungry


def waiting(to: Lane, seq: int) -> Delivery:
    other = Lane("wh_1", seq - 1, width=1, disable_after_s=DAY_S, jitter=lambda: 0.0)
    add(other, event(seq))
    return replace(other.settle(other.take(0)[0], BROKEN, 0), next_attempt_ms=0)

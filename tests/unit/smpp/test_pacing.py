"""Rate, pauses and patience; time is a number."""

from __future__ import annotations

import pytest

from engine.smpp.pacing import BindFailure, RateLimit, ReconnectDelay, Throttle


def sent_at(rate: float, seconds: float, step_s: float) -> list[float]:
    """When a caller that asks every step_s was let through."""
    limit = RateLimit(rate)
    steps = round(seconds / step_s)
    return [n * step_s for n in range(steps) if limit.take(n * step_s)]


@pytest.mark.parametrize("rate", [1, 5, 20, 100, 500])
@pytest.mark.parametrize("step_s", [0.0005, 0.003])
def test_the_rate_holds_over_any_second_and_in_the_long_run(rate: float, step_s: float) -> None:
    times = sent_at(rate, 10, step_s)
    if 1 / step_s > 2 * rate:
        assert len(times) >= 10 * rate * 0.95
    for start in times[:: max(1, len(times) // 50)]:
        in_a_second = sum(start <= at < start + 1 - 1e-9 for at in times)
        assert in_a_second <= max(rate * 1.05, rate + 1)


def test_no_rate_is_no_limit() -> None:
    limit = RateLimit(None)
    assert all(limit.take(1.0) for _ in range(10_000))
    assert limit.wait_s(1.0) == 0


def test_silence_saves_up_no_burst() -> None:
    limit = RateLimit(10)
    assert limit.take(0.0)
    assert [limit.take(3600.0) for _ in range(3)] == [True, False, False]


def test_a_part_given_back_may_be_taken_again_and_the_wait_is_told() -> None:
    limit = RateLimit(1)
    assert limit.take(0.0)
    assert not limit.take(0.5)
    assert limit.wait_s(0.5) == pytest.approx(0.46)
    limit.give_back()
    assert limit.take(0.5)


def test_a_throttle_pauses_halves_and_a_burst_of_them_is_one() -> None:
    throttle = Throttle(16)
    for _ in range(16):
        throttle.throttled(10.0)
    assert (throttle.allowed, throttle.paused_s(10.0)) == (8, 1.0)
    assert throttle.paused_s(11.0) == 0


def test_repeated_throttles_pause_longer_up_to_a_cap() -> None:
    throttle = Throttle(16, longest_throttle_pause_s=5)
    now, pauses = 0.0, []
    for _ in range(6):
        throttle.throttled(now)
        pauses.append(throttle.paused_s(now))
        now += pauses[-1]
    assert pauses == [1, 2, 4, 5, 5, 5]
    assert throttle.allowed == 1


def test_acceptance_brings_window_and_pause_back_step_by_step() -> None:
    throttle = Throttle(16)
    throttle.throttled(0.0)
    throttle.throttled(1.0)
    assert throttle.allowed == 4
    seen = []
    for _ in range(120):
        throttle.accepted()
        seen.append(throttle.allowed)
    assert sorted(set(seen)) == [4, 6, 8, 10, 12, 14, 16]
    assert seen == sorted(seen)
    assert seen[:4] == [4, 4, 4, 6]
    throttle.throttled(100.0)
    assert throttle.paused_s(100.0) == 1.0


def test_a_full_queue_pauses_longer_than_a_throttle_and_leaves_the_window() -> None:
    throttle = Throttle(16)
    throttle.queue_full(0.0)
    throttle.queue_full(0.0)
    assert (throttle.allowed, throttle.paused_s(0.0)) == (16, 5.0)
    throttle.queue_full(5.0)
    assert throttle.paused_s(5.0) == 10.0


def test_a_full_queue_during_a_throttles_pause_extends_it() -> None:
    throttle = Throttle(16)
    throttle.throttled(0.0)
    throttle.queue_full(0.5)
    assert throttle.paused_s(0.5) == 5.0


def attempts_in(seconds: float, failure: BindFailure, jitter: float) -> int:
    delay, now, attempts = ReconnectDelay(lambda: jitter), 0.0, 0
    while now < seconds:
        attempts += 1
        now += delay.after(failure)
    return attempts


@pytest.mark.parametrize("jitter", [0.0, 0.5, 1.0])
def test_an_hour_of_refusals_costs_few_attempts_and_wrong_passwords_fewer(jitter: float) -> None:
    links = attempts_in(3600, BindFailure.LINK, jitter)
    refused = attempts_in(3600, BindFailure.REFUSED, jitter)
    credentials = attempts_in(3600, BindFailure.CREDENTIALS, jitter)
    assert links <= 150
    assert refused < links
    assert credentials <= 10


def test_delays_double_to_a_cap_and_jitter_only_shortens_them() -> None:
    delay = ReconnectDelay(lambda: 0.0)
    assert [delay.after(BindFailure.LINK) for _ in range(8)] == [1, 2, 4, 8, 16, 32, 60, 60]
    half = ReconnectDelay(lambda: 1.0)
    assert half.after(BindFailure.LINK) == 0.5


def test_a_session_that_held_starts_the_delays_over_and_a_short_one_does_not() -> None:
    delay = ReconnectDelay(lambda: 0.0)
    for _ in range(5):
        delay.after(BindFailure.LINK, bound_for_s=1)
    assert delay.after(BindFailure.LINK, bound_for_s=1) == 32
    assert delay.after(BindFailure.LINK, bound_for_s=300) == 1

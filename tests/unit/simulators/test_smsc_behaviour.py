"""The fates of texts at the simulated SMSC."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from engine.simulators.smsc_behaviour import SPECIAL_NUMBERS, Fate, SmscBehaviour, SmscOptions
from engine.smpp.receipts import MessageState

PLAIN = "491700000001"
INVALID_DESTINATION, THROTTLED, QUEUE_FULL, SYSTEM_ERROR = 0x0B, 0x58, 0x14, 0x08


def statuses(behaviour: SmscBehaviour, destination: str, count: int, now: float = 0.0) -> list[int]:
    return [behaviour.fate_of(destination, now).command_status for _ in range(count)]


def test_a_text_is_accepted_answered_and_delivered() -> None:
    fate = SmscBehaviour(SmscOptions()).fate_of(PLAIN, 0.0)
    assert fate == Fate(command_status=0, answered=True, receipt="delayed", state=MessageState.DELIVERED)
    assert fate.accepted


@pytest.mark.parametrize(
    ("suffix", "expected"),
    [
        ("9001", Fate(state=MessageState.UNDELIVERABLE, err=1)),
        ("9002", Fate(command_status=INVALID_DESTINATION)),
        ("9003", Fate(command_status=THROTTLED)),
        ("9004", Fate(answered=False, receipt="never")),
        ("9005", Fate(receipt="never")),
        ("9006", Fate(receipt="early")),
        ("9007", Fate(disconnects=True, answered=False)),
        ("9008", Fate(state=MessageState.EXPIRED, err=3)),
        ("9009", Fate(state=MessageState.REJECTED, err=11)),
        ("9010", Fate(command_status=QUEUE_FULL)),
        ("9011", Fate(answered=False)),
        ("9012", Fate(copies=2)),
        ("9013", Fate(progress_first=True)),
        ("9014", Fate(names_id=False)),
        ("9015", Fate(command_status=SYSTEM_ERROR)),
    ],
)
def test_a_special_number_has_its_fate(suffix: str, expected: Fate) -> None:
    assert SmscBehaviour(SmscOptions()).fate_of("49170000" + suffix, 0.0) == expected
    assert SmscBehaviour(SmscOptions(special_numbers=False)).fate_of("49170000" + suffix, 0.0) == Fate()


def test_every_special_number_is_listed_here() -> None:
    assert sorted(SPECIAL_NUMBERS) == [str(number) for number in range(9001, 9016)]


def test_a_number_that_is_throttled_takes_every_other_attempt() -> None:
    behaviour = SmscBehaviour(SmscOptions())
    assert statuses(behaviour, "491709003", 4) == [THROTTLED, 0, THROTTLED, 0]
    assert statuses(behaviour, "441709003", 2) == [THROTTLED, 0]


def test_each_nth_submit_is_throttled() -> None:
    behaviour = SmscBehaviour(SmscOptions(throttle_every=3))
    assert statuses(behaviour, PLAIN, 6) == [0, 0, THROTTLED, 0, 0, THROTTLED]


def test_no_more_than_the_rate_passes_in_any_second() -> None:
    behaviour = SmscBehaviour(SmscOptions(throttle_above_per_s=2))
    assert statuses(behaviour, PLAIN, 3, now=10.0) == [0, 0, THROTTLED]
    assert statuses(behaviour, PLAIN, 1, now=10.99) == [THROTTLED]
    assert statuses(behaviour, PLAIN, 3, now=11.0) == [0, 0, THROTTLED]


def test_each_nth_response_is_dropped() -> None:
    behaviour = SmscBehaviour(SmscOptions(drop_response_every=2))
    assert [behaviour.fate_of(PLAIN, 0.0).answered for _ in range(4)] == [True, False, True, False]


def test_chance_repeats_with_its_seed() -> None:
    def answered(seed: int) -> list[bool]:
        behaviour = SmscBehaviour(SmscOptions(drop_response_probability=0.5, seed=seed))
        return [behaviour.fate_of(PLAIN, 0.0).answered for _ in range(64)]

    assert answered(7) == answered(7)
    assert answered(7) != answered(8)
    assert 10 < sum(answered(7)) < 54


def test_options_change_what_comes_and_counts_go_on() -> None:
    behaviour = SmscBehaviour(SmscOptions())
    statuses(behaviour, PLAIN, 2)
    behaviour.change(SmscOptions(throttle_every=3, receipts="never"))
    assert statuses(behaviour, PLAIN, 1) == [THROTTLED]
    assert behaviour.fate_of(PLAIN, 0.0).receipt == "never"


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"port": 70000}, "port"),
        ({"drop_response_probability": 1.5}, "drop_response_probability"),
        ({"throttle_above_per_s": 0}, "throttle_above_per_s"),
        ({"receipt_delay_s": -1}, "receipt_delay_s"),
        ({"throttle_every": -1}, "throttle_every"),
        ({"window_pdus": 0}, "window_pdus"),
        ({"response_timeout_s": 0}, "response_timeout_s"),
        ({"smsc_id": "x" * 16}, "smsc_id"),
    ],
)
def test_options_that_cannot_work_are_named(changes: dict[str, object], word: str) -> None:
    (problem,) = SmscOptions(**changes).problems()  # type: ignore[arg-type]
    assert word in problem


def test_all_problems_are_named_together_and_the_password_never() -> None:
    options = SmscOptions(port=-1, receipt_delay_s=-1, password="geheim")
    assert len(options.problems()) == 2
    assert "geheim" not in repr(options) + str(options.problems())


def test_the_manual_lists_every_special_number() -> None:
    manual = (Path(__file__).parents[3] / "docs" / "simulators.md").read_text()
    rows = dict(re.findall(r"^\| (9\d{3}) \| (.+) \|$", manual, re.MULTILINE))
    assert rows == {
        suffix: one.what + (", every other attempt" if one.every_other else "")
        for suffix, one in SPECIAL_NUMBERS.items()
    }

"""One order for messages, notices and calls, and cursors that bound all three alike."""

from __future__ import annotations

import random

import pytest

from engine.conversations.models import Notice, NoticeKind
from engine.conversations.timeline import (
    cursor_of,
    digits_before,
    merged,
    position_after,
    position_at,
    position_of,
)
from engine.errors import InvalidRequest
from engine.presence.models import CallLogEntry, CallResult, Direction


def digits(ms: int, tail: int = 0) -> str:
    return f"{ms:012x}{tail:020x}"


def notice(ms: int, tail: int = 0) -> Notice:
    return Notice(f"tle_{digits(ms, tail)}", "conv_1", NoticeKind.RENAMED, None, {}, ms)


def call(started_ms: int, made_ms: int, tail: int = 0) -> CallLogEntry:
    return CallLogEntry(
        id=f"clog_{digits(made_ms, tail)}",
        domain_id="dom_1",
        user_id="usr_1",
        pbx="main",
        linkedid="1",
        peer="usr_2",
        peer_user_id="usr_2",
        peer_name="",
        direction=Direction.INBOUND,
        result=CallResult.NO_ANSWER,
        started_ms=started_ms,
    )


@pytest.mark.parametrize(
    ("position", "earlier", "not_earlier"),
    [
        ((1000, digits(1000, 5)), digits(1000, 4), digits(1000, 5)),
        ((1000, digits(2000)), digits(1000, 99), digits(1001)),  # a call made into the log after it began
        ((1000, digits(500)), digits(999, 99), digits(1000)),
    ],
)
def test_a_position_bounds_ids_by_what_is_earlier(
    position: tuple[int, str], earlier: str, not_earlier: str
) -> None:
    bound = digits_before(position)
    assert earlier < bound
    assert not not_earlier < bound


def test_a_cursor_comes_back_as_it_went() -> None:
    position = position_of(call(1_700_000_000_000, 1_700_000_000_500))
    assert position_at(cursor_of(position)) == position
    assert position_after("") is None
    assert position_after(f"msg_{digits(7, 1)}") == (7, digits(7, 1))


@pytest.mark.parametrize("cursor", ["", "1", "1.", ".0", "-1." + "0" * 32, "1." + "0" * 31, "1." + "G" * 32])
def test_a_cursor_of_somebody_else_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        position_at(cursor)
    assert refused.value.code == "invalid_cursor"


def test_pages_of_any_size_show_everything_once() -> None:
    chance = random.Random(11)
    for _ in range(200):
        notices = [notice(chance.randrange(8), tail) for tail in range(chance.randrange(12))]
        calls = [
            call(chance.randrange(8), chance.randrange(8), 100 + tail) for tail in range(chance.randrange(8))
        ]
        everything = [one.item.id for one in merged((), notices, calls, 100)]
        limit, before, seen = chance.randrange(1, 5), None, []
        while True:
            bound = None if before is None else digits_before(before)
            some = [one for one in notices if bound is None or one.id < f"tle_{bound}"]
            rung = [
                one
                for one in calls
                if before is None or (one.started_ms, one.id) < (before[0], f"clog_{before[1]}")
            ]
            items = merged((), some, rung, limit)
            if not items:
                break
            seen += [one.item.id for one in items]
            before = position_at(cursor_of(items[-1].position))
        assert seen == everything

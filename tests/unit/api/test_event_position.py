"""A reader's position: each event once, in order, and no loss unsaid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from api.event_position import PAGE, Position
from engine.errors import NotFound
from engine.events import Event


class Log:
    """An event log in memory; `trimmed` events of each stream are gone."""

    def __init__(self, **lengths: int) -> None:
        self.lengths = lengths
        self.trimmed = dict.fromkeys(lengths, 0)

    async def after(self, cursor: Mapping[str, int], limit: int) -> Sequence[Event]:
        found = [
            event(stream, seq)
            for stream, passed in cursor.items()
            for seq in range(max(passed, self.trimmed[stream]) + 1, self.lengths[stream] + 1)
        ]
        return found[:limit]

    async def high_water(self, streams: Sequence[str]) -> Mapping[str, int]:
        return {stream: self.lengths[stream] for stream in streams}

    async def oldest(self, streams: Sequence[str]) -> Mapping[str, int]:
        return {one: self.trimmed[one] + 1 for one in streams if self.trimmed[one] < self.lengths[one]}


def event(stream: str, seq: int) -> Event:
    return Event(stream, seq, "call.updated", "x", {}, 0)


async def seen(position: Position) -> list[tuple[str, int] | None]:
    pages = [page async for page in position.missed()]
    return [where for page in pages for where in _places(page)]


def _places(page: Sequence[Event] | None) -> Sequence[tuple[str, int] | None]:
    return [None] if page is None else [(one.stream, one.seq) for one in page]


async def test_without_a_cursor_it_begins_now() -> None:
    position = Position(Log(a=5, b=0), ["a", "b"])
    assert await position.begin(None) is False
    assert position.passed == {"a": 5, "b": 0}
    assert await seen(position) == []


async def test_with_a_cursor_it_begins_behind_it_and_other_streams_now() -> None:
    position = Position(Log(a=5, b=7), ["a", "b"])
    assert await position.begin({"a": 3}) is False
    assert await seen(position) == [("a", 4), ("a", 5)]
    assert position.passed == {"a": 5, "b": 7}


async def test_a_stream_that_is_not_the_readers_does_not_exist() -> None:
    position = Position(Log(a=5, b=5), ["a"])
    with pytest.raises(NotFound):
        await position.begin({"b": 1})


@pytest.mark.parametrize(
    ("cursor", "lost"),
    [(0, True), (2, True), (3, False), (4, False), (10, False), (11, True)],
)
async def test_a_cursor_before_the_oldest_or_beyond_the_last_is_lost(cursor: int, lost: bool) -> None:
    log = Log(a=10)
    log.trimmed["a"] = 3
    position = Position(log, ["a"])
    assert await position.begin({"a": cursor}) is lost
    assert position.passed["a"] == (10 if lost else cursor)


async def test_a_cursor_at_the_end_of_an_empty_log_is_not_lost() -> None:
    log = Log(a=10)
    log.trimmed["a"] = 10
    position = Position(log, ["a"])
    assert await position.begin({"a": 10}) is False
    assert await position.begin({"a": 9}) is True


async def test_a_long_absence_is_read_page_by_page() -> None:
    position = Position(Log(a=PAGE * 2 + 1), ["a"])
    await position.begin({"a": 0})
    assert await seen(position) == [("a", seq) for seq in range(1, PAGE * 2 + 2)]


async def test_what_is_trimmed_while_it_is_read_is_said_and_not_skipped() -> None:
    log = Log(a=10)
    position = Position(log, ["a"])
    await position.begin({"a": 2})
    log.trimmed["a"] = 5
    assert await seen(position) == [None]
    assert position.passed == {"a": 10}


async def test_live_events_are_taken_once_and_a_hole_is_noticed() -> None:
    position = Position(Log(a=5), ["a"])
    await position.begin(None)
    assert position.follows(event("a", 5)) is False
    assert position.follows(event("a", 6)) is True
    assert position.follows(event("a", 6)) is False
    assert position.follows(event("a", 8)) is None
    assert position.passed == {"a": 6}

"""The event log: commit order is sequence order, on every node and on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from engine.events import Event, NewEvent
from engine.storage.database import Transaction
from engine.storage.event_log import EventLog
from tests.contract.storage.notes import Node, Note, create_notes, open_node


@pytest.fixture
async def url(database_url: str) -> str:
    await create_notes(database_url)
    return database_url


@pytest.fixture
async def node(url: str) -> AsyncIterator[Node]:
    async with open_node(url) as node:
        yield node


async def test_the_log_tells_what_the_bus_was_told(node: Node) -> None:
    def emit(tx: Transaction) -> None:
        data = {"status": "connected", "legs": [1, 2]}
        tx.emit(NewEvent("dom_1", "call.updated", "call_1", data, ("usr_1",)))

    await node.database.transact(emit)
    (event,) = node.published
    assert (event.seq, event.user_ids) == (1, ("usr_1",))
    assert await EventLog(node.database).after({"dom_1": 0}, 10) == [event]


async def test_each_stream_has_its_own_numbers(node: Node) -> None:
    await node.all_of(*(Note(f"n{i}", stream=stream) for i, stream in enumerate(["b", "a", "b", "c", "b"])))
    await node.database.write(Note("last", stream="a"))
    got = {(event.stream, event.seq): event.subject for event in node.published}
    of_b = {("b", 1): "n0", ("b", 2): "n2", ("b", 3): "n4"}
    assert got == of_b | {("a", 1): "n1", ("a", 2): "last", ("c", 1): "n3"}
    log = EventLog(node.database)
    assert await log.high_water(["a", "b", "c", "none"]) == {"a": 2, "b": 3, "c": 1, "none": 0}
    assert await log.oldest(["a", "none"]) == {"a": 1}
    assert [e.subject for e in await log.after({"b": 1, "c": 1}, 10)] == ["n2", "n4"]


async def test_a_limited_read_goes_on_where_it_stopped(node: Node) -> None:
    for number in range(12):
        await node.database.write(Note(f"n{number}", stream="ab"[number % 2]))
    log, cursor, seen = EventLog(node.database), {"a": 0, "b": 0}, []
    while page := await log.after(cursor, 5):
        for event in page:
            assert event.seq == cursor[event.stream] + 1
            cursor[event.stream] = event.seq
            seen.append(event.subject)
    assert sorted(seen) == sorted(f"n{number}" for number in range(12))


async def test_a_reader_never_misses_an_event_while_two_nodes_write(url: str) -> None:
    """Each node has its own writer; the reader follows by cursor while they race for the numbers."""
    total = 120
    async with open_node(url) as one, open_node(url) as two, open_node(url) as reader:
        log, cursor, seen = EventLog(reader.database), {"a": 0, "b": 0}, list[Event]()

        async def write(node: Node, name: str) -> None:
            for number in range(total // 2):
                stream = "ab"[number % 2]
                await node.database.write(Note(f"{name}{number}", stream=stream))

        async def follow() -> None:
            while len(seen) < total:
                for event in await log.after(cursor, 7):
                    assert event.seq == cursor[event.stream] + 1, "a number was committed after a higher one"
                    cursor[event.stream] = event.seq
                    seen.append(event)

        await asyncio.wait_for(asyncio.gather(write(one, "one"), write(two, "two"), follow()), 60)
    assert cursor == {"a": total // 2, "b": total // 2}
    assert len({event.subject for event in seen}) == total
    for node in (one, two):
        for stream in "ab":
            numbers = [event.seq for event in node.published if event.stream == stream]
            assert numbers == sorted(numbers)


async def test_trimming_takes_only_old_beginnings(node: Node) -> None:
    log = EventLog(node.database)
    for number in range(3):
        await node.database.write(Note(f"a{number}", stream="a"))
    await node.database.write(Note("b0", stream="b"))
    border = node.published[-1].at_ms + 1
    while True:  # until the clock has moved on
        await node.database.write(Note(f"late{len(node.published)}", stream="b"))
        if node.published[-1].at_ms >= border:
            break
    kept = [event for event in node.published if event.stream == "b" and event.at_ms >= border]
    assert await log.trim(border) == len(node.published) - len(kept)
    assert await log.after({"a": 0, "b": 0}, 10_000) == kept
    assert await log.oldest(["a", "b"]) == {"b": kept[0].seq}
    assert (await log.high_water(["a"])) == {"a": 3}
    await node.database.write(Note("more", stream="a"))
    assert node.published[-1].seq == 4

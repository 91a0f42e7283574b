"""The writer's queue as callers see it: room, order, refusal, cancellation."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, ClassVar

import pytest

from engine.errors import Conflict, StorageUnavailable
from engine.events import Event
from engine.storage.batch import Outcome
from engine.storage.writer import BATCH_OPERATIONS, WriteQueue


class Op:
    commutes_with: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, name: Any) -> None:
        self.name = name


class Bench:
    """A queue whose writer is the test: `commit` takes a batch and answers it."""

    def __init__(self, capacity: int = 100) -> None:
        self.told: list[Any] = []
        self.wakes = 0
        self.queue = WriteQueue(capacity=capacity, wake=self._wake, publish=self._publish)

    def commit(self, events: Sequence[Event] = ()) -> list[Any]:
        batch = self.queue.take()
        names = [operation.name for operation, _ in batch]
        self.queue.deliver(batch, Outcome(names, list(events)))
        return names

    def _wake(self) -> None:
        self.wakes += 1

    def _publish(self, events: Sequence[Event]) -> None:
        self.told.append(("published", len(events)))


def event() -> Event:
    return Event("dom_1", 1, "x.created", "x", {}, 0)


async def turn() -> None:
    """Let whoever can run, run."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_nobody_is_told_before_the_commit_and_the_bus_is_told_first() -> None:
    bench = Bench()
    bench.queue.put(Op("1"), bench.told.append)
    bench.queue.put(Op("2"), bench.told.append)
    assert bench.told == []
    assert bench.wakes == 2
    bench.commit([event()])
    assert bench.told == [("published", 1), "1", "2"]


async def test_a_full_queue_refuses_at_once_and_says_when_to_come_back() -> None:
    bench = Bench(capacity=2)
    bench.queue.put(Op("1"), bench.told.append)
    bench.queue.put(Op("2"), bench.told.append)
    with pytest.raises(StorageUnavailable) as refused:
        bench.queue.put(Op("3"), bench.told.append)
    assert (refused.value.code, refused.value.retryable) == ("storage_busy", True)
    assert refused.value.retry_after_s
    bench.commit()
    bench.queue.put(Op("3"), bench.told.append)
    assert bench.commit() == ["3"]


async def test_operations_in_a_running_commit_still_take_room() -> None:
    bench = Bench(capacity=1)
    bench.queue.put(Op("1"), bench.told.append)
    batch = bench.queue.take()
    with pytest.raises(StorageUnavailable):
        bench.queue.put(Op("2"), bench.told.append)
    bench.queue.deliver(batch, Outcome(["1"]))
    bench.queue.put(Op("2"), bench.told.append)


async def test_waiting_for_room_keeps_the_order_and_nobody_jumps_the_queue() -> None:
    bench = Bench(capacity=1)
    bench.queue.put(Op("1"), bench.told.append)
    second = asyncio.create_task(bench.queue.put_and_wait(Op("2")))
    third = asyncio.create_task(bench.queue.put_and_wait(Op("3")))
    await turn()
    assert bench.commit() == ["1"]
    with pytest.raises(StorageUnavailable):
        bench.queue.put(Op("4"), bench.told.append)
    await turn()
    assert bench.commit() == ["2"]
    await turn()
    assert bench.commit() == ["3"]
    assert [await second, await third] == ["2", "3"]
    assert bench.queue.depth == 0


async def test_cancelled_while_waiting_for_room_it_is_never_written() -> None:
    bench = Bench(capacity=1)
    bench.queue.put(Op("1"), bench.told.append)
    waiting = asyncio.create_task(bench.queue.put_and_wait(Op("2")))
    await turn()
    waiting.cancel()
    await turn()
    assert bench.commit() == ["1"]
    await turn()
    assert bench.commit() == []
    bench.queue.put(Op("3"), bench.told.append)  # the room is not lost


async def test_cancelled_in_the_moment_room_is_given_the_place_goes_to_the_next() -> None:
    bench = Bench(capacity=1)
    bench.queue.put(Op("1"), bench.told.append)
    second = asyncio.create_task(bench.queue.put_and_wait(Op("2")))
    third = asyncio.create_task(bench.queue.put_and_wait(Op("3")))
    await turn()
    bench.commit()
    second.cancel()
    await turn()
    assert bench.commit() == ["3"]
    assert await third == "3"


async def test_cancelled_after_queueing_it_is_written_and_nobody_is_told() -> None:
    bench = Bench()
    waiting = asyncio.create_task(bench.queue.put_and_wait(Op("1")))
    await turn()
    waiting.cancel()
    await turn()
    assert bench.commit() == ["1"]
    assert waiting.cancelled()


async def test_a_rejection_is_raised_where_the_write_was_awaited() -> None:
    bench = Bench()
    waiting = asyncio.create_task(bench.queue.put_and_wait(Op(Conflict("no", code="taken"))))
    await turn()
    bench.commit()
    with pytest.raises(Conflict) as refused:
        await waiting
    assert refused.value.code == "taken"


async def test_a_listener_that_raises_keeps_nobody_from_hearing() -> None:
    complaints: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    bench = Bench()
    bench.queue.put(Op("1"), lambda _: 1 / 0)
    bench.queue.put(Op("2"), bench.told.append)
    bench.commit()
    assert bench.told == ["2"]
    assert isinstance(complaints[0]["exception"], ZeroDivisionError)
    assert bench.queue.depth == 0


async def test_closing_commits_what_is_queued_and_refuses_the_rest() -> None:
    bench = Bench(capacity=1)
    bench.queue.put(Op("1"), bench.told.append)
    without_room = asyncio.create_task(bench.queue.put_and_wait(Op("2")))
    await turn()
    closing = asyncio.create_task(bench.queue.close())
    await turn()
    with pytest.raises(StorageUnavailable) as refused:
        await without_room
    assert refused.value.code == "storage_closing"
    with pytest.raises(StorageUnavailable):
        bench.queue.put(Op("3"), bench.told.append)
    with pytest.raises(StorageUnavailable):
        await bench.queue.put_and_wait(Op("4"))
    assert not closing.done()
    bench.commit()
    await closing
    assert bench.told == ["1"]


async def test_one_batch_is_bounded() -> None:
    bench = Bench(capacity=BATCH_OPERATIONS * 3)
    for number in range(BATCH_OPERATIONS + 1):
        bench.queue.put(Op(number), bench.told.append)
    assert len(bench.commit()) == BATCH_OPERATIONS
    assert bench.commit() == [BATCH_OPERATIONS]

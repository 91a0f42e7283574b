"""The promises of the database, the same on SQLite and PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import func, select

from engine.errors import Conflict, EngineError, NotFound, StorageUnavailable
from engine.events import NewEvent
from engine.storage.database import Transaction
from engine.storage.tables import log
from tests.contract.storage.notes import FreeNote, Node, Note, OtherNote, create_notes, notes, open_node


@pytest.fixture
async def url(database_url: str) -> str:
    await create_notes(database_url)
    Note.applied.clear()
    return database_url


@pytest.fixture
async def node(url: str) -> AsyncIterator[Node]:
    async with open_node(url) as node:
        yield node


def codes(results: list[Any]) -> list[str]:
    return [result.code if isinstance(result, EngineError) else result for result in results]


async def test_a_write_is_readable_when_it_returns(node: Node) -> None:
    assert await node.database.write(Note("a")) == "a"
    assert await node.names() == ["a"]


async def test_what_waits_is_committed_together_and_in_order(node: Node) -> None:
    operations = [Note("a"), OtherNote("b"), Note("c"), Note("d")]
    assert await node.all_of(*operations) == ["a", "b", "c", "d"]
    assert await node.names() == ["a", "b", "c", "d"]
    assert Note.applied == [1, 1, 2]
    times = await node.database.read(lambda c: set(c.scalars(select(log.events.c.at_ms))))
    assert len(times) == 1


async def test_operations_that_commute_are_applied_together(node: Node) -> None:
    assert await node.all_of(Note("a"), FreeNote("b"), Note("c"), FreeNote("d")) == ["a", "b", "c", "d"]
    assert await node.names() == ["a", "c", "b", "d"]
    assert Note.applied == [2, 2]


async def test_a_refused_operation_costs_its_neighbours_nothing(node: Node) -> None:
    results = await node.all_of(Note("a"), Note("b", refused=True), Note("c"))
    assert codes(results) == ["a", "refused", "c"]
    assert await node.names() == ["a", "c"]
    assert Note.applied == [3]
    assert [event.subject for event in node.published] == ["a", "c"]


async def test_an_operation_that_raises_fails_alone(node: Node) -> None:
    results = await node.all_of(Note("a"), Note("b", broken=True), OtherNote("c"), Note("d"))
    assert isinstance(results[1], ValueError)
    assert [results[0], *results[2:]] == ["a", "c", "d"]
    assert await node.names() == ["a", "c", "d"]
    assert [(event.seq, event.subject) for event in node.published] == [(1, "a"), (2, "c"), (3, "d")]


async def test_a_duplicate_fails_alone_and_is_called_so(node: Node) -> None:
    assert codes(await node.all_of(Note("a"), Note("a"), Note("b"))) == ["a", "duplicate", "b"]
    with pytest.raises(Conflict) as refused:
        await node.database.write(Note("b"))
    assert refused.value.code == "duplicate"
    assert await node.names() == ["a", "b"]


async def test_a_commit_that_fails_is_told_to_nobody_as_success(node: Node) -> None:
    """The reference is checked at COMMIT: by then every statement of the batch has succeeded."""
    results = await node.all_of(Note("a"), Note("b", parent="nobody"), Note("c", parent="a"))
    assert codes(results) == ["a", "constraint_violated", "c"]
    assert await node.names() == ["a", "c"]
    assert [event.subject for event in node.published] == ["a", "c"]
    assert await node.database.write(Note("d")) == "d"


async def test_events_are_published_before_the_waiter_is_told(node: Node) -> None:
    seen: list[int] = []
    told = asyncio.Event()

    def done(_: Any) -> None:
        seen.append(len(node.published))
        told.set()

    node.database.write_soon(Note("a"), done)
    assert node.published == []
    await told.wait()
    assert seen == [1]
    assert node.published[0].data == {"name": "a"}


async def test_a_transaction_returns_its_value(node: Node) -> None:
    count = select(func.count()).select_from(notes)
    assert await node.database.transact(lambda tx: tx.connection.scalar(count)) == 0


async def test_a_transaction_that_raises_is_undone_and_its_neighbours_stay(node: Node) -> None:
    def half(tx: Transaction) -> None:
        tx.connection.execute(notes.insert().values(name="half"))
        tx.emit(NewEvent("dom_1", "note.created", "half", {}))
        raise NotFound("no such thing")

    def whole(name: str) -> Any:
        def insert(tx: Transaction) -> str:
            tx.connection.execute(notes.insert().values(name=name))
            tx.emit(NewEvent("dom_1", "note.created", name, {}))
            return name

        return insert

    async with node.one_batch():
        calls = [node.database.transact(fn) for fn in (whole("a"), half, whole("a"), whole("b"))]
        waiting = asyncio.gather(*calls, return_exceptions=True)
        if node.database.kind == "sqlite":
            await asyncio.sleep(0)
    assert codes(await waiting) == ["a", "not_found", "duplicate", "b"]
    assert await node.names() == ["a", "b"]
    assert [event.subject for event in node.published] == ["a", "b"]

    with pytest.raises(NotFound):
        await node.database.transact(half)
    assert await node.names() == ["a", "b"]


async def test_reading_cannot_write(node: Node) -> None:
    with pytest.raises(EngineError):
        await node.database.read(lambda connection: connection.execute(notes.insert().values(name="sly")))
    assert await node.names() == []


async def test_a_read_sees_one_moment(url: str, node: Node) -> None:
    """Between two statements of one read somebody commits; the second sees what the first saw."""
    count = select(func.count()).select_from(notes)
    if node.database.kind == "sqlite":
        loop = asyncio.get_running_loop()

        def read(connection: Any) -> tuple[int, int]:
            before = connection.scalar(count)
            asyncio.run_coroutine_threadsafe(node.database.write(Note("a")), loop).result(10)
            return before, connection.scalar(count)
    else:
        from sqlalchemy.util import await_only

        def read(connection: Any) -> tuple[int, int]:
            before = connection.scalar(count)
            await_only(node.database.write(Note("a")))
            return before, connection.scalar(count)

    assert await node.database.read(read) == (0, 0)
    assert await node.names() == ["a"]


async def test_a_full_queue_refuses_the_hot_path_and_makes_others_wait(url: str) -> None:
    async with open_node(url, capacity=2) as node:
        told: list[Any] = []
        async with node.one_batch():
            taken = node.database.queue_depth
            for name in ("a", "b")[taken:]:
                node.database.write_soon(Note(name), told.append)
            with pytest.raises(StorageUnavailable) as refused:
                node.database.write_soon(Note("c"), told.append)
            waiting = asyncio.gather(*(node.database.write(Note(f"w{n}")) for n in range(20)))
        assert refused.value.code == "storage_busy"
        assert await waiting == [f"w{n}" for n in range(20)]
        names = await node.names()
        assert [name for name in names if name.startswith("w")] == [f"w{n}" for n in range(20)]
        assert "c" not in names


async def test_a_cancelled_writer_does_not_cancel_the_commit(node: Node) -> None:
    async with node.one_batch():
        waiting = asyncio.create_task(node.database.write(Note("a")))
        if node.database.kind == "sqlite":
            await asyncio.sleep(0)
            waiting.cancel()
    if node.database.kind == "postgresql":
        await asyncio.sleep(0)
        waiting.cancel()
    await node.database.write(Note("b"))
    assert waiting.cancelled()
    assert await node.names() == ["a", "b"]


async def test_closing_commits_what_is_queued(url: str) -> None:
    told: list[Any] = []
    async with open_node(url) as node:
        for number in range(50):
            node.database.write_soon(Note(f"n{number}"), told.append)
    assert told == [f"n{number}" for number in range(50)]
    with pytest.raises(StorageUnavailable) as refused:
        node.database.write_soon(Note("late"), told.append)
    assert refused.value.code == "storage_closing"
    async with open_node(url) as node:
        assert len(await node.names()) == 50

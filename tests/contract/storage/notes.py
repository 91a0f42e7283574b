"""A small table and the operations that write it, for tests of the writer itself."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar

from sqlalchemy import Column, Connection, ForeignKey, Integer, MetaData, Table, Text, select

from engine.clock import SystemClock
from engine.errors import Conflict, EngineError
from engine.events import Event, NewEvent
from engine.storage.database import Database, HotStatement, Operation, Transaction, insert

metadata = MetaData()
notes = Table(
    "notes",
    metadata,
    Column("place", Integer, primary_key=True, autoincrement=True),
    Column("name", Text, nullable=False, unique=True),
    Column("parent", Text, ForeignKey("notes.name", deferrable=True, initially="DEFERRED")),
)
_INSERT = HotStatement(insert(notes), "name", "parent")


@dataclass
class Note:
    """Write one row and emit one event. Refused: returned as an error. Broken: raises."""

    name: str
    parent: str | None = None
    stream: str = "dom_1"
    refused: bool = False
    broken: bool = False
    commutes_with: ClassVar[frozenset[str]] = frozenset()
    applied: ClassVar[list[int]] = []  # how many operations each apply_many got

    @classmethod
    def apply_many(cls, tx: Transaction, operations: Sequence[Note]) -> Sequence[str | EngineError]:
        cls.applied.append(len(operations))
        kept = [operation for operation in operations if not operation.refused]
        tx.execute_many(_INSERT, [(operation.name, operation.parent) for operation in kept])
        for operation in kept:
            tx.emit(NewEvent(operation.stream, "note.created", operation.name, {"name": operation.name}))
            if operation.broken:
                raise ValueError(operation.name)
        return [Conflict(code="refused") if op.refused else op.name for op in operations]


class OtherNote(Note):
    """Another class, whose order relative to Note matters."""


class FreeNote(Note):
    """Another class, whose order relative to Note does not matter."""

    commutes_with: ClassVar[frozenset[str]] = frozenset({"Note"})


@dataclass
class Node:
    """One open database, and what its bus was told."""

    database: Database
    published: list[Event] = field(default_factory=list)

    async def names(self) -> list[str]:
        def read(connection: Connection) -> list[str]:
            return list(connection.scalars(select(notes.c.name).order_by(notes.c.place)))

        return await self.database.read(read)

    @asynccontextmanager
    async def one_batch(self) -> AsyncIterator[None]:
        """What is queued inside goes into one transaction.

        The writer of SQLite is a thread, so it is kept busy; PostgreSQL's is a task, which cannot
        run before the block is left, as long as the block does not await.
        """
        if self.database.kind == "postgresql":
            yield
            return
        begun, go_on = threading.Event(), threading.Event()

        def hold(tx: Transaction) -> None:
            begun.set()
            go_on.wait(10)

        held = asyncio.ensure_future(self.database.transact(hold))
        await asyncio.to_thread(begun.wait, 10)
        yield
        go_on.set()
        await held

    async def all_of(self, *operations: Operation[Any]) -> list[Any]:
        """Write these in one batch; their values and exceptions."""
        results: list[Any] = []
        done = asyncio.get_running_loop().create_future()

        def tell(result: Any) -> None:
            results.append(result)
            if len(results) == len(operations):
                done.set_result(None)

        async with self.one_batch():
            for operation in operations:
                self.database.write_soon(operation, tell)
        await done
        return results


@asynccontextmanager
async def open_node(url: str, **settings: Any) -> AsyncIterator[Node]:
    """Open the database as a node would."""
    published: list[Event] = []
    database = await Database.open(url, bus_publish=published.extend, clock=SystemClock(), **settings)
    node = Node(database, published)
    try:
        yield node
    finally:
        await database.close()


async def create_notes(url: str) -> None:
    async with open_node(url) as node:
        await node.database.transact(lambda tx: metadata.create_all(tx.connection))

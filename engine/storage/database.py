"""The door to the database: one URL, SQLite or PostgreSQL, the same functions on both.

All data access is synchronous functions on a SQLAlchemy connection, handed to `write`, `transact`
or `read`. Writes go through one writer that commits everything waiting in one transaction; nothing
is acknowledged before its COMMIT.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Self, TypeVar

from sqlalchemy import Connection, inspect, text

from engine.clock import Clock
from engine.events import Event
from engine.storage.errors import StorageOutcomeUnknown, StorageUnusable, blames_store, rolled_back, translate
from engine.storage.migrations import CURRENT_REVISION
from engine.storage.postgres import PostgresStore
from engine.storage.sqlite import SqliteStore
from engine.storage.statements import HotStatement, insert
from engine.storage.transaction import Operation, Transaction
from engine.storage.urls import sqlite_path

__all__ = [
    "Database",
    "HotStatement",
    "Operation",
    "StorageOutcomeUnknown",
    "StorageUnusable",
    "Transaction",
    "insert",
]

R = TypeVar("R")

#: Operations taken on and not yet answered. At some thousand a second this is seconds of delay;
#: beyond that it is kinder to refuse.
QUEUE_CAPACITY = 10_000


class Database:
    """One open database. Make it with `open`; use it from the event loop that opened it."""

    def __init__(self, store: SqliteStore | PostgresStore) -> None:
        self._store = store
        self._queue = store.queue
        #: Queue an operation without future or task: the hot path's way in. done is called on the
        #: loop after COMMIT with the operation's value, or with the exception it failed with.
        #: Raises StorageUnavailable at once when the queue is full (`storage_busy`) or closed.
        self.write_soon = self._queue.put

    @classmethod
    async def open(
        cls,
        url: str,
        *,
        bus_publish: Callable[[Sequence[Event]], None],
        clock: Clock,
        capacity: int = QUEUE_CAPACITY,
    ) -> Self:
        """Connect, check the schema and start the writer.

        url: `sqlite:///PATH` or `postgresql://user@host/name`. bus_publish is called on the loop
        with the events of each commit, in order, before any waiter hears of it.
        Raises StorageUnusable or StorageUnavailable; the code says what an operator has to do.
        """
        path = sqlite_path(url)
        store: SqliteStore | PostgresStore
        if path is not None:
            store = SqliteStore(path, publish=bus_publish, capacity=capacity, clock=clock)
        else:
            store = PostgresStore(url, publish=bus_publish, capacity=capacity, clock=clock)
        database = cls(store)
        try:
            await store.open()
            await store.read(_require_current_schema)
        except BaseException:
            await store.close()
            raise
        return database

    @property
    def kind(self) -> str:
        """`sqlite` or `postgresql`, for those who show or log it."""
        return "sqlite" if isinstance(self._store, SqliteStore) else "postgresql"

    @property
    def queue_depth(self) -> int:
        """Operations taken on and not yet answered."""
        return self._queue.depth

    @property
    def operations(self) -> int:
        """Operations answered since the start."""
        return self._queue.operations

    @property
    def commits(self) -> int:
        """Batches they went in; the two together say how well the price of a commit is shared."""
        return self._queue.commits

    async def write(self, operation: Operation[R]) -> R:
        """Return what the operation returned, after COMMIT; waits for room when the queue is full.

        Raises what the operation was rejected with, StorageUnavailable when nothing was stored, or
        StorageOutcomeUnknown. Cancelled while waiting for room, nothing is written; cancelled later,
        it commits all the same.
        """
        result: R = await self._queue.put_and_wait(operation)
        return result

    async def transact(self, function: Callable[[Transaction], R]) -> R:
        """Run function in the writer's transaction and return its value after COMMIT.

        function may run more than once, and shares its transaction with what else waits: its own
        writes are undone when it raises, and the exception is raised here. Calls keep their order.
        """
        result: R = await self._queue.put_and_wait(_Call(function))
        return result

    async def read(self, function: Callable[[Connection], R]) -> R:
        """Run function on one consistent snapshot of what is committed; it cannot write.

        function returns plain values, nothing that still needs the connection, and may run twice.
        """
        return await self._store.read(function)

    def tell_readers(self, **facts: object) -> None:
        """Have what `read` runs find these among its connection's execution options, from the next one on."""
        self._store.tell_readers(facts)

    async def rewrite(self) -> bool | None:
        """Write the file anew, so that nothing is left of what was deleted.

        False when the file is so large that writers would wait too long; None on PostgreSQL, which does
        that by itself (autovacuum). Raises StorageUnavailable.
        """
        return await self._store.rewrite()

    async def close(self) -> None:
        """Refuse new work, commit what is queued, and let go of the database."""
        await self._store.close()


class _Call:
    """A function as an operation. It is undone by a savepoint, so a refusal costs its neighbours nothing."""

    commutes_with: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, function: Callable[[Transaction], Any]) -> None:
        self.function = function

    @classmethod
    def apply_many(cls, tx: Transaction, operations: Sequence[_Call]) -> Sequence[Any]:
        if tx.sole:
            return [operations[0].function(tx)]
        return [call._in_savepoint(tx) for call in operations]

    def _in_savepoint(self, tx: Transaction) -> Any:
        mark = tx.emitted()
        savepoint = tx.connection.begin_nested()
        try:
            result = self.function(tx)
            savepoint.commit()
        except Exception as error:
            if blames_store(error) or rolled_back(error):
                raise
            savepoint.rollback()
            tx.forget_events(mark)
            return translate(error)
        return result


def _require_current_schema(connection: Connection) -> None:
    """Raises StorageUnusable `schema_outdated` or, after a newer release has been here, `schema_newer`."""
    found = None
    if inspect(connection).has_table("alembic_version"):
        found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    if found is None or found < CURRENT_REVISION:
        raise StorageUnusable(
            f"The database schema is at {found or 'nothing'}, this release needs {CURRENT_REVISION}:"
            " run `ringback migrate`.",
            code="schema_outdated",
        )
    if found > CURRENT_REVISION:
        raise StorageUnusable(
            f"The database schema is at {found}, made by a newer release; this one needs {CURRENT_REVISION}.",
            code="schema_newer",
        )

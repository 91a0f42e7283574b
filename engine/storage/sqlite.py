"""SQLite: one thread that writes, a few that read, one file in WAL mode.

Source: sqlite.org/wal.html, sqlite.org/pragma.html. synchronous=FULL, because NORMAL may lose
commits at power loss; BEGIN IMMEDIATE, because a transaction that starts by reading cannot wait
for the lock when it comes to write.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.pool import NullPool, QueuePool

from engine.clock import Clock
from engine.errors import StorageUnavailable
from engine.events import Event
from engine.storage.batch import commit_batch
from engine.storage.errors import StorageUnusable, native, translate
from engine.storage.writer import WriteQueue

R = TypeVar("R")

#: How long a writer waits for another process (a migration, a backup, somebody's shell).
BUSY_TIMEOUT_MS = 5000
#: Reads are short; more threads would only take turns on the interpreter lock.
READERS = 4
#: A file of this size is written anew in some two seconds on a slow disk; writers wait for five.
REWRITE_OCTETS = 128 * 1024 * 1024

_PRAGMAS = (
    f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}",  # first: the others may already need the lock
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    # 16 MB of log between checkpoints: a checkpoint costs two more fsyncs.
    "PRAGMA wal_autocheckpoint=4000",
    "PRAGMA journal_size_limit=67108864",
    "PRAGMA cache_size=-65536",
)


def check_path(path: Path) -> None:
    """See that the file can be written, making it, readable by its owner alone, if it is not there.

    Raises StorageUnusable `storage_path_missing` or `storage_not_writable`.
    """
    if not path.parent.is_dir():
        raise StorageUnusable(f"The folder {path.parent} does not exist.", code="storage_path_missing")
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise _not_writable(path, error) from error
    if not os.access(path.parent, os.W_OK | os.X_OK):  # the log lies beside the file
        raise _not_writable(path.parent)


def make_engine(path: Path, *, writer: bool, foreign_keys: bool = True) -> Engine:
    """An engine whose connections have our settings; the writer's begin with the write lock."""
    pool: dict[str, Any] = {"poolclass": NullPool}
    if not writer:
        pool = {"poolclass": QueuePool, "pool_size": READERS, "max_overflow": 0}
    engine = create_engine(
        URL.create("sqlite+pysqlite", database=str(path)),
        # The transaction's BEGIN is ours; a reader's connection wanders between the pool's threads.
        connect_args={"isolation_level": None, "check_same_thread": False, "timeout": BUSY_TIMEOUT_MS / 1000},
        hide_parameters=True,  # values may be a person's words
        **pool,
    )

    @event.listens_for(engine, "connect")
    def set_up(connection: Any, _record: object) -> None:
        for pragma in _PRAGMAS:
            _patiently(connection, pragma)
        if not foreign_keys:
            connection.execute("PRAGMA foreign_keys=OFF")
        if not writer:
            connection.execute("PRAGMA query_only=ON")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writer else "BEGIN")

    return engine


def _patiently(connection: Any, pragma: str) -> None:
    """Of two that turn a new file to WAL at once SQLite refuses one without waiting: it has read already."""
    until = time.monotonic() + BUSY_TIMEOUT_MS / 1000
    while True:
        try:
            connection.execute(pragma)
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorname != "SQLITE_BUSY" or time.monotonic() > until:
                raise
        time.sleep(0.01)


class SqliteStore:
    """The threads and connections of one database file.

    publish and capacity: see WriteQueue. Must be made on the event loop; `open` before all else.
    """

    def __init__(
        self, path: Path, *, publish: Callable[[Sequence[Event]], None], capacity: int, clock: Clock
    ) -> None:
        self._path = path
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._writing = make_engine(path, writer=True)
        self._reading = make_engine(path, writer=False)
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="ringback-read")
        self._writer = threading.Thread(target=self._write, name="ringback-write", daemon=True)
        self._awake = threading.Event()
        self._connection: Connection | None = None
        self._asleep = False
        self._stopping = False
        self._stopped: asyncio.Future[None] = self._loop.create_future()
        self.queue = WriteQueue(capacity=capacity, wake=self._wake, publish=publish)

    async def open(self) -> None:
        """Check that the file can be used, then start the writer.

        Raises StorageUnusable or StorageUnavailable, with a code that says what is wrong.
        """
        self._connection = await self._loop.run_in_executor(self._readers, self._connect)
        self._writer.start()

    async def read(self, function: Callable[[Connection], R]) -> R:
        """Run function in a reading thread, on one snapshot. Cancelled, it still runs to its end."""
        return await self._loop.run_in_executor(self._readers, self._read, function)

    async def rewrite(self) -> bool:
        """Write the file anew in a reading thread; the writer waits meanwhile, readers do not.

        False when the file is too large for that. Raises StorageUnavailable.
        """
        return await self._loop.run_in_executor(self._readers, self._rewrite)

    def tell_readers(self, facts: Mapping[str, object]) -> None:
        """See `Database.tell_readers`."""
        self._reading.update_execution_options(**facts)

    async def close(self) -> None:
        """Commit what is queued, then let go of the file."""
        await self.queue.close()
        self._stopping = True
        self._awake.set()
        if self._writer.is_alive():
            await self._stopped
            self._writer.join()  # it has said that it is leaving
        await asyncio.to_thread(self._readers.shutdown)  # waits for reads that still run
        if self._connection is not None:
            self._connection.close()
        self._reading.dispose()
        self._writing.dispose()

    def _connect(self) -> Connection:
        check_path(self._path)
        try:
            connection = self._writing.connect()
        except DBAPIError as error:
            raise unusable(self._path, error) from error
        try:
            with connection.begin():  # takes the write lock, so we learn of anybody who keeps it
                mode = connection.exec_driver_sql("PRAGMA journal_mode").scalar()
            if mode != "wal":
                raise StorageUnusable(
                    f"The file system of {self._path} does not support SQLite's write-ahead log.",
                    code="storage_file_system",
                )
        except DBAPIError as error:
            connection.close()
            raise unusable(self._path, error) from error
        except StorageUnusable:
            connection.close()
            raise
        return connection

    def _read(self, function: Callable[[Connection], R]) -> R:
        try:
            with self._reading.connect() as connection, connection.begin():
                return function(connection)
        except (SQLAlchemyError, OSError) as error:
            raise translate(error) from error

    def _rewrite(self) -> bool:
        if self._path.stat().st_size > REWRITE_OCTETS:
            return False
        try:
            rewrite_file(self._path)
        except (sqlite3.Error, OSError) as error:
            raise StorageUnavailable("The database's file could not be written anew.") from error
        return True

    def _wake(self) -> None:
        if self._asleep:
            self._asleep = False
            self._awake.set()

    def _write(self) -> None:
        queue, connection = self.queue, self._connection
        assert connection is not None
        while not (self._stopping and not queue):
            while batch := queue.take():
                outcome = commit_batch(connection, [operation for operation, _ in batch], self._clock)
                self._loop.call_soon_threadsafe(queue.deliver, batch, outcome)
            # Say "asleep" before looking again, so that whoever queues in between wakes us.
            self._asleep = True
            if not queue and not self._stopping:
                self._awake.wait()
            self._asleep = False
            self._awake.clear()
        self._loop.call_soon_threadsafe(self._stopped.set_result, None)


def rewrite_file(path: Path) -> None:
    """Copy what is there into a new file in the old one's place; pages and log that held what went are gone.

    Needs as much room again, and the write lock for as long as it takes. Raises sqlite3.Error.
    """
    with closing(sqlite3.connect(path, timeout=BUSY_TIMEOUT_MS / 1000, isolation_level=None)) as connection:
        connection.execute("VACUUM")
        # Readers may hold the log for a moment; what it holds is new as well, since it was written by this.
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def unusable(path: Path, error: SQLAlchemyError) -> Exception:
    """The error for an operator whose file cannot be used."""
    name = native(error).get("sqlite", "")
    if name == "SQLITE_NOTADB":
        return StorageUnusable(f"{path} is not an SQLite database.", code="storage_not_a_database")
    if name == "SQLITE_CORRUPT":
        return StorageUnusable(f"The database {path} is damaged.", code="storage_damaged")
    if str(name).startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")):
        return _not_writable(path, error)
    if str(name).startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return StorageUnavailable(
            f"Another process keeps the database {path} locked.", code="storage_locked", native=native(error)
        )
    return translate(error)


def _not_writable(path: Path, error: Exception | None = None) -> StorageUnusable:
    reason = f": {error.strerror}" if isinstance(error, OSError) else ""
    return StorageUnusable(f"{path} cannot be written{reason}.", code="storage_not_writable")

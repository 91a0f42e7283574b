"""PostgreSQL: one task that writes on a connection of its own, and a pool for reading.

The URL goes to asyncpg as it is, so everything libpq URLs can say works (several hosts, sslmode,
passfile), and the password never enters SQLAlchemy.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, TypeVar

import asyncpg
import structlog
from sqlalchemy import Connection, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from engine.clock import Clock
from engine.errors import StorageUnavailable
from engine.events import Event
from engine.storage.batch import commit_batch
from engine.storage.errors import StorageUnusable, blames_store, translate
from engine.storage.writer import WriteQueue

log = structlog.get_logger(__name__)

R = TypeVar("R")


class CannotConnect(ConnectionError):
    """No connection to the server; `__cause__` is the driver's reason."""


READERS = 8
#: A server that accepts no connection for this long is down, as far as a waiting caller cares.
CONNECT_TIMEOUT_S = 10
#: A statement without an answer for this long: the link is dead, and TCP has not noticed.
COMMAND_TIMEOUT_S = 30

# A server may be set to answer COMMIT before its disk has it. A text we said we have must be there.
_COMMIT_MEANS_STORED = (
    "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
)

# What a server comes with was measured on turning disks: with it, some threads of many are found by reading
# all. A server whose administrator has said otherwise keeps what it was told.
_PAGES_ARE_NEAR = (
    "SELECT set_config('random_page_cost', '1.1', false) WHERE current_setting('random_page_cost') = '4'"
)

#: What asyncpg raises where a connection fails; the last when it ends in the middle of an answer.
CONNECTION_LOST = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    OSError,
    TimeoutError,
    asyncpg.InternalClientError,
)


def make_engine(url: str, *, writer: bool) -> AsyncEngine:
    """An engine over asyncpg. Readers see one snapshot per transaction and may not write."""

    async def connect() -> Any:
        try:
            connection = await asyncpg.connect(
                url,
                timeout=CONNECT_TIMEOUT_S,
                command_timeout=COMMAND_TIMEOUT_S,
                server_settings={"application_name": "ringback"},
            )
            await connection.execute(_COMMIT_MEANS_STORED if writer else _PAGES_ARE_NEAR)
        except CONNECTION_LOST as error:
            raise CannotConnect(str(error)) from error
        return connection

    settings: dict[str, Any]
    if writer:
        settings = {"poolclass": NullPool}
    else:
        settings = {
            "pool_size": READERS,
            "max_overflow": 0,
            "isolation_level": "REPEATABLE READ",
            "execution_options": {"postgresql_readonly": True},
        }
    engine = create_async_engine(
        "postgresql+asyncpg://", async_creator=connect, hide_parameters=True, **settings
    )
    event.listen(engine.sync_engine, "handle_error", _lost_track)
    return engine


def _lost_track(context: ExceptionContext) -> None:
    """A connection that ended in the middle of an answer, before the driver was told, is lost too."""
    if isinstance(context.original_exception.__cause__, asyncpg.InternalClientError):
        context.is_disconnect = True


class PostgresStore:
    """The writer task and connections of one database.

    publish and capacity: see WriteQueue. Must be made on the event loop; `open` before all else.
    """

    def __init__(
        self, url: str, *, publish: Callable[[Sequence[Event]], None], capacity: int, clock: Clock
    ) -> None:
        self._clock = clock
        self._writing = make_engine(url, writer=True)
        self._reading = make_engine(url, writer=False)
        self._awake = asyncio.Event()
        self._stopping = False
        self._connection: AsyncConnection | None = None
        self._writer: asyncio.Task[None] | None = None
        self.queue = WriteQueue(capacity=capacity, wake=self._awake.set, publish=publish)

    async def open(self) -> None:
        """Connect, then start the writer.

        Raises StorageUnavailable (`storage_unreachable`) or StorageUnusable (`storage_refused`,
        `storage_missing`, `storage_url_invalid`, `storage_read_only`).
        """
        try:
            self._connection = await self._writing.connect()
            await self._connection.run_sync(_check_server)
        except (SQLAlchemyError, OSError) as error:
            raise unusable(error) from error
        self._writer = asyncio.create_task(self._write(self._connection), name="ringback-write")

    async def read(self, function: Callable[[Connection], R]) -> R:
        """Run function on a pooled connection, on one consistent snapshot.

        Run again once if the connection turns out to be dead, as all are after a server restart.
        """
        try:
            return await self._read(function)
        except (SQLAlchemyError, OSError) as error:
            if not isinstance(error, DBAPIError) or not error.connection_invalidated:
                raise translate(error) from error
        try:
            return await self._read(function)
        except (SQLAlchemyError, OSError) as error:
            raise translate(error) from error

    async def rewrite(self) -> None:
        """The server does that by itself."""

    def tell_readers(self, facts: Mapping[str, object]) -> None:
        """See `Database.tell_readers`."""
        self._reading.update_execution_options(**facts)

    async def close(self) -> None:
        """Commit what is queued, then disconnect."""
        await self.queue.close()
        self._stopping = True
        self._awake.set()
        if self._writer is not None:
            await self._writer
        if self._connection is not None:
            with suppress(SQLAlchemyError, OSError):
                await self._connection.close()
        await self._reading.dispose()
        await self._writing.dispose()

    async def _read(self, function: Callable[[Connection], R]) -> R:
        async with self._reading.connect() as connection, connection.begin():
            return await connection.run_sync(function)

    async def _write(self, connection: AsyncConnection) -> None:
        queue = self.queue
        while not (self._stopping and not queue):
            self._awake.clear()
            while batch := queue.take():
                operations = [operation for operation, _ in batch]
                queue.deliver(batch, await connection.run_sync(commit_batch, operations, self._clock))
            if not self._stopping:
                await self._awake.wait()


def _check_server(connection: Connection) -> None:
    with connection.begin():
        row = connection.exec_driver_sql(
            "SELECT current_setting('transaction_read_only') = 'on',"
            " current_setting('server_encoding'), current_setting('fsync') = 'on'"
        ).one()
    read_only, encoding, durable = row
    if read_only:
        raise StorageUnusable("The PostgreSQL server only allows reading.", code="storage_read_only")
    if encoding != "UTF8":
        raise StorageUnusable(
            f"The PostgreSQL database is encoded in {encoding}; it must be UTF8.", code="storage_encoding"
        )
    if not durable:
        log.warning("storage.fsync_off", detail="PostgreSQL runs with fsync off: a power loss loses commits.")


def unusable(error: SQLAlchemyError | OSError) -> Exception:
    """The error for an operator whose server cannot be used."""
    cause = error.__cause__ if isinstance(error, CannotConnect) else error
    if isinstance(cause, asyncpg.InvalidAuthorizationSpecificationError):
        return StorageUnusable("PostgreSQL refused the user name or password.", code="storage_refused")
    if isinstance(cause, asyncpg.InvalidCatalogNameError):
        return StorageUnusable("The PostgreSQL database does not exist.", code="storage_missing")
    if isinstance(cause, asyncpg.ClientConfigurationError):
        return StorageUnusable(f"The PostgreSQL URL cannot be used: {cause}.", code="storage_url_invalid")
    if blames_store(error):
        reason = {"error": type(cause).__name__}
        return StorageUnavailable("PostgreSQL cannot be reached.", code="storage_unreachable", native=reason)
    return translate(error)

"""One engine a database: two would hand the same segments to the same carrier.

SQLite: an advisory lock on a file beside the database, which the system drops with the process.
PostgreSQL: a session-level advisory lock on a connection of its own, which the server drops with
the connection. A COMMIT that a killed engine asked for may still be running then, so it is waited for:
what it stores has to be there when its successor looks for what was left open. Administrative commands
do not take the lock; they may change records beside a running engine.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import asyncpg
import structlog

from engine.storage.errors import StorageUnusable
from engine.storage.postgres import CONNECTION_LOST
from engine.storage.urls import sqlite_path

log = structlog.get_logger()

#: Ours alone within a database; it means nothing.
_POSTGRES_LOCK = 7_264_226
_TRY_AGAIN_S = 1.0
_COMMITS_UNDER_WAY = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    " AND application_name = 'ringback' AND state = 'active' AND query ILIKE 'COMMIT%'"
)
_LOOK_AGAIN_S = 0.05
#: TCP notices a dead server late; this often the connection is asked whether it is alive, in seconds.
_CHECK_EVERY_S = 5.0


@asynccontextmanager
async def sole_engine(url: str) -> AsyncIterator[None]:
    """Be the one engine of a database while the block runs.

    Raises StorageUnusable `database_in_use` when another engine is. On PostgreSQL a connection that
    is lost is made again; if another engine has taken over meanwhile the block is ended by
    StorageUnusable, in an exception group.
    """
    path = sqlite_path(url)
    if path is not None:
        lock = _lock_file(path)
        try:
            yield
        finally:
            os.close(lock)
        return
    connection = await _take(url)
    try:
        await _last_commits(connection)
    except BaseException:
        connection.terminate()
        raise
    async with asyncio.TaskGroup() as group:
        keeping = group.create_task(_keep(url, connection))
        try:
            yield
        finally:
            keeping.cancel()


def _lock_file(path: Path) -> int:
    try:
        descriptor = os.open(
            path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
        )
    except OSError as error:
        raise StorageUnusable(
            f"The data folder {path.parent} cannot be written: {error.strerror}.", code="storage_not_writable"
        ) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise _in_use() from error
    return descriptor


async def _take(url: str) -> asyncpg.Connection:
    connection: asyncpg.Connection | None = None
    try:
        connection = await asyncpg.connect(
            url, timeout=10, command_timeout=10, server_settings={"application_name": "ringback owner"}
        )
        await _lock(connection)
    except BaseException as error:
        if connection is not None:
            connection.terminate()
        if isinstance(error, CONNECTION_LOST):
            raise StorageUnusable(
                "The database server cannot be reached.", code="storage_unreachable"
            ) from error
        raise
    return connection


async def _lock(connection: asyncpg.Connection) -> None:
    # A killed engine's connection may live on for a moment.
    for attempt in range(3):
        if await connection.fetchval("SELECT pg_try_advisory_lock($1)", _POSTGRES_LOCK):
            return
        if attempt < 2:
            await asyncio.sleep(_TRY_AGAIN_S)
    raise _in_use()


async def _last_commits(connection: asyncpg.Connection) -> None:
    waited = False
    try:
        while await connection.fetchval(_COMMITS_UNDER_WAY):
            if not waited:
                log.warning("storage.commit_of_another_awaited")
            waited = True
            await asyncio.sleep(_LOOK_AGAIN_S)
    except CONNECTION_LOST as error:
        raise StorageUnusable("The database server cannot be reached.", code="storage_unreachable") from error


async def _keep(url: str, connection: asyncpg.Connection) -> None:
    try:
        while True:
            with suppress(*CONNECTION_LOST):
                while True:
                    await connection.fetchval("SELECT 1")
                    await asyncio.sleep(_CHECK_EVERY_S)
            connection.terminate()
            log.warning("storage.ownership_interrupted")
            connection = await _take_again(url)
    finally:
        connection.terminate()


async def _take_again(url: str) -> asyncpg.Connection:
    while True:
        try:
            return await _take(url)
        except StorageUnusable as error:
            if error.code == "database_in_use":
                raise
        await asyncio.sleep(_TRY_AGAIN_S)


def _in_use() -> StorageUnusable:
    return StorageUnusable(
        "Another engine works on this database. Stop it first, or give this one a database of its own.",
        code="database_in_use",
    )

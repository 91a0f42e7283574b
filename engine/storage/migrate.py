"""Bring a database's schema to this release's, and say where it stands.

Synchronous, for the command line; a running event loop calls them through `asyncio.to_thread`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from engine.errors import EngineError
from engine.storage import postgres, sqlite
from engine.storage.tables.search import create_beside
from engine.storage.urls import sqlite_path

R = TypeVar("R")

_FOLDER = Path(__file__).parent / "migrations"

# Two nodes that start an upgrade at the same time do it one after the other. The number is ours
# alone within a database; it means nothing.
_POSTGRES_LOCK = 7_264_225


def upgrade(url: str) -> None:
    """Apply every revision the database lacks, all in one transaction; harmless when there is none.

    Creates an SQLite file that is not there. Raises as `Database.open` does.
    """
    _run(url, _upgrade)


def current(url: str) -> str | None:
    """The revision the database is at; None if it has no schema yet."""
    return _run(url, lambda connection: MigrationContext.configure(connection).get_current_revision())


def head() -> str | None:
    """The last revision in the package."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def write_revision(url: str, revision: str, message: str) -> Path:
    """Write the revision that leads from the last one to the tables in the code. url: a scratch database."""

    def write(connection: Connection) -> Path:
        command.upgrade(_config(connection), "head")
        script = command.revision(_config(connection), message, rev_id=revision, autogenerate=True)
        assert script is not None
        assert not isinstance(script, list)
        path = Path(script.path)
        lines = path.read_text().splitlines(keepends=True)
        remarks = "    # ###"  # Alembic's, to the author
        path.write_text("".join(line for line in lines if not line.startswith(remarks)))
        return path

    return _run(url, write)


def _upgrade(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_POSTGRES_LOCK})")
    command.upgrade(_config(connection), "head")
    create_beside(connection)
    if connection.dialect.name == "sqlite" and connection.exec_driver_sql("PRAGMA foreign_key_check").first():
        raise EngineError("A migration left rows that refer to nothing; nothing was changed.")


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _run(url: str, function: Callable[[Connection], R]) -> R:
    """Run function in one transaction that holds the database's write lock."""
    path = sqlite_path(url)
    if path is not None:
        return _run_sqlite(path, function)
    return asyncio.run(_run_postgres(url, function))


def _run_sqlite(path: Path, function: Callable[[Connection], R]) -> R:
    sqlite.check_path(path)
    # Altering a table copies and drops it, which must not take the rows that refer to it along.
    engine = sqlite.make_engine(path, writer=True, foreign_keys=False)
    try:
        with engine.connect() as connection, connection.begin():
            return function(connection)
    except SQLAlchemyError as error:
        raise sqlite.unusable(path, error) from error
    finally:
        engine.dispose()


async def _run_postgres(url: str, function: Callable[[Connection], R]) -> R:
    engine = postgres.make_engine(url, writer=True)
    try:
        async with engine.connect() as connection, connection.begin():
            return await connection.run_sync(function)
    except (SQLAlchemyError, OSError) as error:
        raise postgres.unusable(error) from error
    finally:
        await engine.dispose()

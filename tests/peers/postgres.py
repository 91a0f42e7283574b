"""A real PostgreSQL, and databases that are ready to use.

The server runs for one test session and is shared by its tests.
"""

from __future__ import annotations

import asyncio
import shutil
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import Connection, text

from engine.storage import postgres, sqlite
from engine.storage.migrations import CURRENT_REVISION
from engine.storage.tables import metadata
from engine.storage.tables.search import create_beside
from tests.peers.postgres_server import PostgresUnavailable, private_postgres
from tests.peers.require import unavailable


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The URL of a server's maintenance database, as a superuser."""
    with ExitStack() as stack:
        try:
            url = stack.enter_context(private_postgres())
        except PostgresUnavailable as error:
            unavailable("postgres", str(error))
        yield url


@pytest.fixture(scope="session")
def postgres_template(postgres_url: str) -> str:
    """The name of a database with all tables, to be copied, and no connection to it."""
    name = "ringback_template"
    run_sql(postgres_url, f"CREATE DATABASE {name}")
    asyncio.run(_create_postgres_tables(database_of(postgres_url, name)))
    return name


@pytest.fixture
def postgres_database(postgres_url: str, postgres_template: str) -> Iterator[str]:
    """The URL of a database of this test's own, with all tables."""
    name = f"test_{uuid.uuid4().hex}"
    run_sql(postgres_url, f"CREATE DATABASE {name} TEMPLATE {postgres_template}")
    yield database_of(postgres_url, name)
    run_sql(postgres_url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def empty_postgres_database(postgres_url: str) -> Iterator[str]:
    """The URL of a database of this test's own, without tables."""
    name = f"test_{uuid.uuid4().hex}"
    run_sql(postgres_url, f"CREATE DATABASE {name} TEMPLATE template0")
    yield database_of(postgres_url, name)
    run_sql(postgres_url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with all tables, to be copied."""
    path = tmp_path_factory.mktemp("sqlite-template") / "ringback.db"
    engine = sqlite.make_engine(path, writer=True)
    with engine.begin() as connection:
        create_tables(connection)
    engine.dispose()
    return path


@pytest.fixture
def sqlite_database(sqlite_template: Path, tmp_path: Path) -> str:
    """The URL of an SQLite file of this test's own, with all tables."""
    path = tmp_path / "ringback.db"
    shutil.copy(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest) -> str:
    """A fresh database with all tables, once per kind: what a contract test wants."""
    url: str = request.getfixturevalue(f"{request.param}_database")
    return url


def create_tables(connection: Connection) -> None:
    """What the migrations lead to, without running them; a test of the migrations holds the two together."""
    metadata.create_all(connection)
    create_beside(connection)
    connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"))
    connection.execute(text("INSERT INTO alembic_version VALUES (:at)"), {"at": CURRENT_REVISION})


def database_of(url: str, name: str) -> str:
    """The same server's database of that name."""
    return url.replace("/postgres?", f"/{name}?")


def run_sql(url: str, statement: str) -> None:
    """Run one statement outside any transaction, from a test that has no event loop running."""

    async def run() -> None:
        connection = await asyncpg.connect(url)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    asyncio.run(run())


async def _create_postgres_tables(url: str) -> None:
    engine = postgres.make_engine(url, writer=True)
    async with engine.begin() as connection:
        await connection.run_sync(create_tables)
    await engine.dispose()

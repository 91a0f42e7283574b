"""Migrating leads to the tables the code expects, on both databases, and says what is wrong otherwise."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text

from engine.clock import SystemClock
from engine.errors import StorageUnavailable
from engine.storage import migrate
from engine.storage.database import Database
from engine.storage.migrations import CURRENT_REVISION
from engine.storage.tables import metadata
from engine.storage.tables.search import is_beside
from tests.contract.storage.notes import open_node

ROOT = Path(__file__).resolve().parents[3]
_SQLITE_CATALOG = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL ORDER BY name"
_POSTGRES_CATALOG = """
    SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL
    SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace
    ORDER BY 1, 2, 3
"""


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'fresh.db'}"
    url: str = request.getfixturevalue("empty_postgres_database")
    return url


@pytest.fixture
def reference_url(empty_url: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database of the same kind whose tables were made from the code, without migrating."""
    if empty_url.startswith("sqlite"):
        (tmp_path / "reference").mkdir()
        template: Path = request.getfixturevalue("sqlite_template")
        copy = tmp_path / "reference" / "ringback.db"
        copy.write_bytes(template.read_bytes())
        return f"sqlite:///{copy}"
    url: str = request.getfixturevalue("postgres_database")
    return url


async def in_database(url: str, function: Any) -> Any:
    async with open_node(url) as node:
        return await node.database.read(function)


def catalog(connection: Connection) -> list[tuple[Any, ...]]:
    """Indexes and constraints, to the letter: what comparing the metadata does not look at."""
    query = _SQLITE_CATALOG if connection.dialect.name == "sqlite" else _POSTGRES_CATALOG
    rows = [tuple(row) for row in connection.execute(text(query))]
    return [row for row in rows if "alembic_version" not in row[0]]


def test_migrating_leads_to_the_tables_in_the_code(empty_url: str, reference_url: str) -> None:
    migrate.upgrade(empty_url)

    def compare(connection: Connection) -> list[Any]:
        beside = {"compare_type": True, "include_name": lambda name, *_: not is_beside(name)}
        return compare_metadata(MigrationContext.configure(connection, opts=beside), metadata)

    assert asyncio.run(in_database(empty_url, compare)) == []
    assert asyncio.run(in_database(empty_url, catalog)) == asyncio.run(in_database(reference_url, catalog))


def test_migrating_twice_is_harmless(empty_url: str) -> None:
    assert migrate.current(empty_url) is None
    migrate.upgrade(empty_url)
    assert migrate.current(empty_url) == CURRENT_REVISION
    migrate.upgrade(empty_url)
    assert migrate.current(empty_url) == CURRENT_REVISION


def test_a_migration_that_is_killed_leaves_nothing_behind_and_is_done_again(
    empty_url: str, reference_url: str
) -> None:
    answer = subprocess.run(
        [sys.executable, "-m", "tests.integration.storage.migrating_process", empty_url],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    assert int(answer.stdout) >= 1, "none was killed"
    assert migrate.current(empty_url) == CURRENT_REVISION
    assert asyncio.run(in_database(empty_url, catalog)) == asyncio.run(in_database(reference_url, catalog))


def test_the_release_names_the_last_revision_there_is() -> None:
    assert migrate.head() == CURRENT_REVISION


async def test_two_nodes_may_migrate_at_once(empty_url: str) -> None:
    await asyncio.gather(*(asyncio.to_thread(migrate.upgrade, empty_url) for _ in range(3)))
    assert await asyncio.to_thread(migrate.current, empty_url) == CURRENT_REVISION


async def test_a_database_without_tables_is_refused_with_what_to_do(empty_url: str) -> None:
    with pytest.raises(StorageUnavailable) as refused:
        await Database.open(empty_url, bus_publish=lambda _: None, clock=SystemClock())
    assert refused.value.code == "schema_outdated"
    assert "ringback migrate" in refused.value.detail


async def test_a_database_of_a_newer_release_is_refused(database_url: str) -> None:
    async with open_node(database_url) as node:
        await node.database.transact(
            lambda tx: tx.connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
        )
    with pytest.raises(StorageUnavailable) as refused:
        await Database.open(database_url, bus_publish=lambda _: None, clock=SystemClock())
    assert refused.value.code == "schema_newer"

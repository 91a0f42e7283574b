"""One engine a database, on both kinds."""

from __future__ import annotations

import asyncio
from pathlib import Path

import asyncpg
import pytest

from engine.storage import ownership
from engine.storage.errors import StorageUnusable
from engine.storage.ownership import sole_engine
from tests.peers.engine import an_engine

OWNER = (
    "SELECT pid FROM pg_stat_activity"
    " WHERE application_name = 'ringback owner' AND datname = current_database()"
)


async def test_a_second_engine_is_refused_until_the_first_has_gone(database_url: str) -> None:
    async with sole_engine(database_url):
        with pytest.raises(StorageUnusable) as refused:
            async with sole_engine(database_url):
                pass
        assert refused.value.code == "database_in_use"
    async with sole_engine(database_url):
        pass


async def test_the_whole_engine_takes_it(database_url: str, tmp_path: Path) -> None:
    async with an_engine(database_url, tmp_path):
        with pytest.raises(StorageUnusable) as refused:
            async with an_engine(database_url, tmp_path, seeded=False):
                pass
    assert refused.value.code == "database_in_use"


@pytest.mark.postgres
async def test_a_cut_connection_is_made_again_and_the_lock_with_it(
    postgres_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ownership, "_CHECK_EVERY_S", 0.05)
    watcher = await asyncpg.connect(postgres_database)
    async with sole_engine(postgres_database):
        first = await watcher.fetchval(OWNER)
        await watcher.fetchval("SELECT pg_terminate_backend($1)", first)
        async with asyncio.timeout(10):
            while await watcher.fetchval(OWNER) in (None, first):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        with pytest.raises(StorageUnusable):
            async with sole_engine(postgres_database):
                pass
    await watcher.close()


@pytest.mark.postgres
async def test_a_server_that_goes_away_while_the_lock_is_asked_for_is_asked_again(
    postgres_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ownership, "_CHECK_EVERY_S", 0.05)
    monkeypatch.setattr(ownership, "_TRY_AGAIN_S", 0.05)
    watcher, killer = [await asyncpg.connect(postgres_database) for _ in range(2)]
    dying = 0
    connect = asyncpg.connect

    async def connect_to_a_dying_server(*arguments: object, **options: object) -> asyncpg.Connection:
        nonlocal dying
        connection = await connect(*arguments, **options)
        if dying:
            dying -= 1
            await killer.fetchval("SELECT pg_terminate_backend($1, 5000)", connection.get_server_pid())
        return connection

    async with sole_engine(postgres_database):
        monkeypatch.setattr(ownership.asyncpg, "connect", connect_to_a_dying_server)
        dying = 2
        first = await watcher.fetchval(OWNER)
        await watcher.fetchval("SELECT pg_terminate_backend($1)", first)
        async with asyncio.timeout(10):
            while dying or await watcher.fetchval(OWNER) in (None, first):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        with pytest.raises(StorageUnusable):
            async with sole_engine(postgres_database):
                pass
    await killer.close()
    await watcher.close()


@pytest.mark.postgres
async def test_an_engine_that_lost_its_database_to_another_stops(
    postgres_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ownership, "_CHECK_EVERY_S", 0.5)
    thief = await asyncpg.connect(postgres_database)

    async def be_robbed() -> None:
        async with sole_engine(postgres_database):
            await thief.fetchval("SELECT pg_terminate_backend($1)", await thief.fetchval(OWNER))
            await thief.fetchval("SELECT pg_advisory_lock($1)", ownership._POSTGRES_LOCK)
            await asyncio.sleep(30)

    with pytest.raises(BaseExceptionGroup) as ended:
        await be_robbed()
    assert ended.group_contains(StorageUnusable)
    await thief.close()

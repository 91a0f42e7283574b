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

#: Who has the lock: one who has only connected may still be asking for it, or be dying.
OWNER = (
    "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted"
    f" AND objid = {ownership._POSTGRES_LOCK}"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)
WAITS = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"


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
        await another_owner(watcher, first)
        with pytest.raises(StorageUnusable):
            async with sole_engine(postgres_database):
                pass
    await watcher.close()


@pytest.mark.postgres
async def test_a_connection_that_ends_in_the_middle_of_an_answer_is_made_again(
    postgres_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ownership, "_CHECK_EVERY_S", 0.05)
    watcher = await asyncpg.connect(postgres_database)
    answered = asyncpg.Connection.fetchval

    async with sole_engine(postgres_database):
        first = await watcher.fetchval(OWNER)

        async def cut_short(connection: asyncpg.Connection, *arguments: object) -> object:
            if connection.get_server_pid() == first:
                raise asyncpg.InternalClientError("cannot switch to state 12")
            return await answered(connection, *arguments)

        monkeypatch.setattr(asyncpg.Connection, "fetchval", cut_short)
        await another_owner(watcher, first)
        with pytest.raises(StorageUnusable):
            async with sole_engine(postgres_database):
                pass
    await watcher.close()


@pytest.mark.postgres
async def test_a_commit_that_a_killed_engine_asked_for_is_waited_for(postgres_database: str) -> None:
    watcher = await asyncpg.connect(postgres_database)
    await watcher.execute(
        """
        CREATE TABLE written (name text);
        CREATE FUNCTION slow_disk() RETURNS trigger LANGUAGE plpgsql
        AS $$ BEGIN PERFORM pg_advisory_xact_lock(42); RETURN NULL; END $$;
        CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON written DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION slow_disk();
        SELECT pg_advisory_lock(42);
        """
    )
    killed = await asyncpg.connect(postgres_database, server_settings={"application_name": "ringback"})
    await killed.execute("BEGIN; INSERT INTO written VALUES ('a')")
    committing = asyncio.create_task(killed.execute("COMMIT"))
    await until(watcher, "SELECT count(*) FROM pg_locks WHERE objid = 42 AND NOT granted")
    killed.terminate()
    await asyncio.gather(committing, return_exceptions=True)

    async def take_over() -> int:
        async with sole_engine(postgres_database):
            found: int = await reader.fetchval("SELECT count(*) FROM written")
            return found

    reader = await asyncpg.connect(postgres_database)
    taking_over = asyncio.create_task(take_over())
    await until(
        watcher,
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'ringback owner'"
        " AND datname = current_database() AND query LIKE '%COMMIT%'",
        or_done=taking_over,
    )
    await watcher.execute("SELECT pg_advisory_unlock(42)")
    async with asyncio.timeout(60):
        assert await taking_over == 1
    for connection in (reader, watcher):
        await connection.close()


async def another_owner(watcher: asyncpg.Connection, first: int) -> None:
    """Wait until a connection has the lock that is not this one."""
    async with asyncio.timeout(60):
        while await watcher.fetchval(OWNER) in (None, first):  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def until(watcher: asyncpg.Connection, query: str, *, or_done: asyncio.Task[int] | None = None) -> None:
    """Wait until the query says something else than 0, or the task is over."""
    async with asyncio.timeout(60):
        while not await watcher.fetchval(query) and (or_done is None or not or_done.done()):  # noqa: ASYNC110
            await asyncio.sleep(0.02)


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
    thief, killer = [await asyncpg.connect(postgres_database) for _ in range(2)]

    async def be_robbed() -> None:
        async with sole_engine(postgres_database):
            owner = await killer.fetchval(OWNER)
            robbing = asyncio.create_task(
                thief.fetchval("SELECT pg_advisory_lock($1)", ownership._POSTGRES_LOCK)
            )
            await until(killer, WAITS)
            await killer.fetchval("SELECT pg_terminate_backend($1)", owner)
            await robbing
            await asyncio.sleep(30)

    with pytest.raises(BaseExceptionGroup) as ended:
        await be_robbed()
    assert ended.group_contains(StorageUnusable)
    for connection in (thief, killer):
        await connection.close()

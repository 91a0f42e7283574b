"""A PostgreSQL that is not there, goes away, or does not answer."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import pytest
from asyncpg.prepared_stmt import PreparedStatement

from engine.clock import SystemClock
from engine.errors import InvalidRequest, StorageUnavailable
from engine.storage.database import Database, StorageOutcomeUnknown, Transaction
from tests.contract.storage.notes import Note, create_notes, open_node
from tests.integration.storage.cutting_proxy import CuttingProxy

pytestmark = pytest.mark.postgres


async def refusal(url: str) -> StorageUnavailable:
    with pytest.raises(StorageUnavailable) as refused:
        await Database.open(url, bus_publish=lambda _: None, clock=SystemClock())
    return refused.value


async def sql(url: str, statement: str) -> Any:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


async def test_a_server_that_is_not_there_may_come_back(unused_tcp_port: int) -> None:
    error = await refusal(f"postgresql://postgres:hush@127.0.0.1:{unused_tcp_port}/ringback")
    assert (error.code, error.retryable) == ("storage_unreachable", True)
    assert "hush" not in error.detail


async def test_a_database_that_does_not_exist_is_an_operators_matter(postgres_url: str) -> None:
    error = await refusal(postgres_url.replace("/postgres?", "/nowhere?"))
    assert (error.code, error.retryable) == ("storage_missing", False)


async def test_an_unknown_user_is_refused(postgres_database: str) -> None:
    error = await refusal(postgres_database.replace("//postgres:", "//nobody_known:"))
    assert error.code == "storage_refused"


async def test_a_user_without_rights_is_told_so(postgres_database: str) -> None:
    await sql(postgres_database, "DROP ROLE IF EXISTS visitor")
    await sql(postgres_database, "CREATE ROLE visitor LOGIN")
    error = await refusal(postgres_database.replace("//postgres:", "//visitor:"))
    assert error.code == "storage_refused"


async def test_a_server_that_only_allows_reading_is_refused(postgres_database: str) -> None:
    name = await sql(postgres_database, "SELECT current_database()")
    await sql(postgres_database, f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    assert (await refusal(postgres_database)).code == "storage_read_only"


async def test_commits_reach_the_disk_whatever_the_server_is_set_to(postgres_database: str) -> None:
    name = await sql(postgres_database, "SELECT current_database()")
    await sql(postgres_database, f"ALTER DATABASE {name} SET synchronous_commit = off")

    def setting(tx: Transaction) -> Any:
        return tx.connection.exec_driver_sql("SHOW synchronous_commit").scalar()

    async with open_node(postgres_database) as node:
        assert await node.database.transact(setting) == "on"


async def test_pages_are_taken_for_near_unless_an_administrator_has_said_otherwise(
    postgres_database: str,
) -> None:
    async def cost() -> Any:
        async with open_node(postgres_database) as node:
            return await node.database.read(
                lambda connection: connection.exec_driver_sql("SHOW random_page_cost").scalar()
            )

    assert await cost() == "1.1"
    name = await sql(postgres_database, "SELECT current_database()")
    await sql(postgres_database, f"ALTER DATABASE {name} SET random_page_cost = 2.5")
    assert await cost() == "2.5"


async def test_killed_connections_are_replaced(postgres_database: str) -> None:
    await create_notes(postgres_database)
    kill = (
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
        " WHERE datname = current_database() AND application_name = 'ringback'"
    )
    async with open_node(postgres_database) as node:
        await node.database.write(Note("before"))
        assert await node.names() == ["before"]
        assert await sql(postgres_database, kill) == 2
        assert await node.names() == ["before"], "a read is simply repeated"
        with pytest.raises(StorageUnavailable) as failed:
            await node.database.write(Note("during"))
        assert failed.value.retryable, "the connection died before the write, not at its commit"
        await node.database.write(Note("after"))
        assert await node.names() == ["before", "after"]


async def test_a_driver_that_loses_track_of_its_connection_is_given_another(
    postgres_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await create_notes(postgres_database)
    fetch = PreparedStatement.fetch
    losses = 0

    async def lose_track(statement: PreparedStatement, *arguments: Any) -> Any:
        nonlocal losses
        if losses:
            losses -= 1
            raise asyncpg.InternalClientError("cannot switch to state 12")
        return await fetch(statement, *arguments)

    monkeypatch.setattr(PreparedStatement, "fetch", lose_track)
    async with open_node(postgres_database) as node:
        await node.database.write(Note("before"))
        losses = 1
        assert await node.names() == ["before"], "a read is simply repeated"
        losses = 1
        with pytest.raises(StorageUnavailable) as failed:
            await node.database.write(Note("during"))
        assert failed.value.retryable
        await node.database.write(Note("after"))
        assert await node.names() == ["before", "after"]


async def test_a_write_that_meets_a_dead_connection_is_known_not_to_be_stored(postgres_database: str) -> None:
    await create_notes(postgres_database)

    def die(tx: Transaction) -> None:
        tx.connection.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")

    async with open_node(postgres_database) as node:
        writes = [node.database.write(Note("a")), node.database.transact(die), node.database.write(Note("b"))]
        results = await asyncio.gather(*writes, return_exceptions=True)
        assert [type(result) for result in results] == [StorageUnavailable] * 3
        assert node.published == []
        assert await node.database.write(Note("c")) == "c"
        assert await node.names() == ["c"]


@pytest.mark.parametrize(("cut", "stored"), [("before", []), ("after", ["unknown", "too"])])
async def test_a_commit_without_an_answer_is_called_unknown(
    cut: str, stored: list[str], postgres_database: str
) -> None:
    await create_notes(postgres_database)
    async with CuttingProxy(postgres_database).running() as proxy, open_node(proxy.url) as node:
        await node.database.write(Note("first"))
        proxy.cut = cut
        writes = [node.database.write(Note(name)) for name in ("unknown", "too")]
        results = await asyncio.gather(*writes, return_exceptions=True)
        assert [type(result) for result in results] == [StorageOutcomeUnknown] * 2
        assert (results[0].code, results[0].retryable) == ("storage_outcome_unknown", False)
        assert [event.subject for event in node.published] == ["first"], "nobody was told of it"
        assert await node.database.write(Note("next")) == "next"
        assert await node.names() == ["first", *stored, "next"]


async def test_text_that_postgres_cannot_hold_is_the_callers_to_change(postgres_database: str) -> None:
    await create_notes(postgres_database)
    async with open_node(postgres_database) as node:
        results = await node.all_of(Note("a"), Note("nul\x00"), Note("b"))
        assert isinstance(results[1], InvalidRequest)
        assert results[1].code == "value_not_storable"
        assert [results[0], results[2]] == ["a", "b"]


@pytest.mark.parametrize("beside", [False, True])
async def test_a_deadlock_with_another_session_is_resolved_by_running_again(
    beside: bool, postgres_database: str
) -> None:
    await create_notes(postgres_database)
    async with open_node(postgres_database) as node:
        await node.database.write(Note("a"))
        await node.database.write(Note("b"))
        other = await asyncpg.connect(postgres_database)
        # The other session is patient, so that it is ours the server chooses to roll back.
        await other.execute("SET deadlock_timeout = '60s'")
        locked = asyncio.Event()
        runs = 0

        def update(tx: Transaction) -> int:
            nonlocal runs
            runs += 1
            # The server looks once for a deadlock; by then the other has to have come to it.
            tx.connection.exec_driver_sql("SET LOCAL deadlock_timeout = '3s'")
            tx.connection.exec_driver_sql("UPDATE notes SET parent = 'a' WHERE name = 'a'")
            locked.set()
            tx.connection.exec_driver_sql("UPDATE notes SET parent = 'a' WHERE name = 'b'")
            return runs

        async with other.transaction():
            await other.execute("UPDATE notes SET parent = 'b' WHERE name = 'b'")
            writes = [node.database.transact(update)]
            if beside:
                writes.append(node.database.write(Note("c")))
            waiting = asyncio.gather(*writes)
            await locked.wait()
            await asyncio.wait_for(other.execute("UPDATE notes SET parent = 'b' WHERE name = 'a'"), 60)
        (run, *rest) = await waiting
        # A run that begins before the other session has woken up takes the row from it, and they meet again.
        assert run == runs >= 2
        assert rest == (["c"] if beside else [])
        await other.close()

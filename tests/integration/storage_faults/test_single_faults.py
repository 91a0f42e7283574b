"""What one caller sees of one fault."""

from __future__ import annotations

import asyncio
from pathlib import Path

import asyncpg
import pytest

from engine.simulators.smsc import SmscSimulator
from tests.integration.storage_faults.faults import LockedFile, failing_fsync
from tests.integration.storage_faults.load import Load
from tests.peers.engine import an_engine, carrier


async def test_an_fsync_that_failed_is_not_asked_again_in_the_hope_that_it_succeeds(
    sqlite_database: str, smsc: SmscSimulator, tmp_path: Path
) -> None:
    """The kernel may have dropped what it could not write; a second fsync would succeed without it."""
    fault = failing_fsync(tmp_path / "ringback.db", times=1)
    async with an_engine(sqlite_database, tmp_path, carriers=(carrier(smsc.port),)) as ringback:
        await smsc.until(lambda: smsc.bound == 1)
        load = Load(ringback)
        await ringback.message({"id": (await load.send("before")).message_id}, "sent")
        await fault.begin()
        try:
            failed = await load.send("during")
            assert (failed.status, failed.code) == (504, "storage_outcome_unknown")
            # Only one fsync was to fail: this one goes through, and does not take the other along.
            await ringback.message({"id": (await load.send("after")).message_id}, "sent")
            items = (await ringback.get("/v1/messages"))["items"]
            assert [item["text"].split()[0] for item in reversed(items)] == ["before", "after"]
        finally:
            await fault.end()
        repeated = await load.send("during")
        await ringback.message({"id": repeated.message_id}, "sent")
        assert [submit.pdu.user_data.split()[0] for submit in smsc.submits] == [
            b"before",
            b"after",
            b"during",
        ]


async def test_a_lock_held_longer_than_we_wait_is_refused_in_time_and_does_not_stop_readers(
    sqlite_database: str, smsc: SmscSimulator, tmp_path: Path
) -> None:
    fault = LockedFile(tmp_path / "ringback.db")
    async with an_engine(sqlite_database, tmp_path, carriers=(carrier(smsc.port),)) as ringback:
        await smsc.until(lambda: smsc.bound == 1)
        load = Load(ringback)
        accepted = await load.send("before")
        await ringback.message({"id": accepted.message_id}, "sent")
        await fault.begin()
        try:
            waiting = asyncio.create_task(load.send("during"))
            assert (await ringback.get(f"/v1/messages/{accepted.message_id}"))["status"] == "sent"
            assert not waiting.done(), "a read waited for the writer"
            refused = await waiting
        finally:
            await fault.end()
        assert (refused.status, refused.code) == (503, "storage_unavailable")
        assert refused.took_s >= 4.5, "a shorter lock is waited for"
        assert (await load.send("during")).status == 202


@pytest.mark.postgres
async def test_a_table_that_somebody_locks_for_six_seconds_only_delays(
    postgres_database: str, smsc: SmscSimulator, tmp_path: Path
) -> None:
    async with an_engine(postgres_database, tmp_path, carriers=(carrier(smsc.port),)) as ringback:
        await smsc.until(lambda: smsc.bound == 1)
        load = Load(ringback)
        other = await asyncpg.connect(postgres_database)
        async with other.transaction():
            await other.execute("LOCK TABLE messages IN ACCESS EXCLUSIVE MODE")
            waiting = [asyncio.create_task(load.send(f"during{number}")) for number in range(5)]
            await asyncio.wait(waiting, timeout=6)
            assert not any(one.done() for one in waiting)
        await other.close()
        answers = await asyncio.gather(*waiting)
        assert {answer.status for answer in answers} == {202}
        for answer in answers:
            await ringback.message({"id": answer.message_id}, "sent")
        assert len(smsc.submits) == 5

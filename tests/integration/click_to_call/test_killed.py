"""kill -9 again and again in the middle of clicking: no phone rings twice, no accepted call is lost."""

from __future__ import annotations

import asyncio
import random
import signal
import sys
from collections import Counter
from pathlib import Path

import pytest

from engine.accounts.models import PageRequest
from engine.click_to_call.models import Call, CallFilter, CallStatus, EndReason
from engine.clock import SystemClock
from engine.storage.calls import SqlCalls
from engine.storage.database import Database
from tests.integration.click_to_call.office import people_on, simulated

ROOT = Path(__file__).parents[3]
ROUNDS = 8


async def one_life(
    url: str, port: int, clicks: int, seconds: float
) -> tuple[asyncio.subprocess.Process, list[str]]:
    """A process that is up, and the list its acknowledged calls will be in."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.integration.click_to_call.clicking_process"),
        *(url, str(port), str(clicks), str(seconds)),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    async with asyncio.timeout(30):
        while (await process.stdout.readline()) != b"up\n":
            assert process.returncode is None
    return process


async def some_clicks(process: asyncio.subprocess.Process, clicks: int) -> list[str]:
    """Wait until it has said so much; what it acknowledged by then."""
    assert process.stdout is not None
    said = [(await process.stdout.readline()).decode().strip() for _ in range(clicks)]
    return [line.removeprefix("placed ") for line in said if line.startswith("placed ")]


async def acknowledged(process: asyncio.subprocess.Process) -> list[str]:
    """Everything it still said, once it is gone."""
    assert process.stdout is not None
    said = (await process.stdout.read()).decode().split("\n")
    await process.wait()
    # The last line may be cut in the middle: then nobody has seen the answer.
    return [line.removeprefix("placed ") for line in said[:-1] if line.startswith("placed ")]


async def all_calls(url: str) -> dict[str, Call]:
    database = await Database.open(url, bus_publish=lambda events: None, clock=SystemClock())
    store, found, cursor = SqlCalls(database), {}, None
    while True:
        page = await store.list("dom_acme", None, CallFilter(), PageRequest(limit=200, cursor=cursor))
        found |= {call.id: call for call in page.items}
        if (cursor := page.next_cursor) is None:
            break
    await database.close()
    return found


@pytest.mark.slow
@pytest.mark.timeout(300)  # nine processes, one after the other
async def test_killed_while_clicking(sqlite_database: str) -> None:
    await people_on(sqlite_database)
    chance = random.Random(7)
    promised: list[str] = []
    async with simulated(talk_s=0.5) as simulator:
        for _ in range(ROUNDS):
            process = await one_life(sqlite_database, simulator.port, 10_000, 0)
            promised += await some_clicks(process, chance.randrange(1, 60))
            await asyncio.sleep(chance.uniform(0, 0.02))
            process.send_signal(signal.SIGKILL)
            promised += await acknowledged(process)
        process = await one_life(sqlite_database, simulator.port, 0, 9.0)
        promised += await acknowledged(process)
        asked = Counter(one["channelid"].removeprefix("c2c-") for one in simulator.asked("Originate"))
    calls = await all_calls(sqlite_database)

    assert len(promised) > 2 * ROUNDS
    assert set(promised) <= set(calls)  # what was acknowledged is on disk
    assert set(asked) <= set(calls)  # nothing rang that is not on disk
    assert max(asked.values()) == 1  # one click, one Originate
    assert {call.status for call in calls.values() if not call.status.final} == set()
    for call in calls.values():
        if call.end_reason is EndReason.ENGINE_RESTARTED:
            assert asked[call.id] == 0
        if call.connected_ms is not None:
            assert (call.status, asked[call.id]) == (CallStatus.COMPLETED, 1)

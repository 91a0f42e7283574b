"""What happens to the process itself under load, short of a kill: stopped, frozen, starved, told to leave."""

from __future__ import annotations

import asyncio
import itertools
import os
import resource
import signal
from pathlib import Path

import pytest

from tests.e2e.texts.engine_process import LIMIT_S, WarmParent
from tests.e2e.texts.faults import BlackHole
from tests.e2e.texts.smscs import simulated_smsc
from tests.e2e.texts.tap import Meddler
from tests.e2e.texts.under_load import judged, under_load
from tests.e2e.texts.world import WINDOW

pytestmark = pytest.mark.timeout(300)


async def test_a_stop_in_a_burst_leaves_nothing_in_doubt(
    parent: WarmParent, database_url: str, tmp_path: Path
) -> None:
    async with (
        simulated_smsc(response_delay_s=0.1) as smsc,
        under_load(parent, smsc, database_url, tmp_path) as world,
    ):
        for _ in range(3):
            await world.flows()
            await world.stop()
            await world.start_ready()
        verdict = await judged(world)
    assert verdict.doubted == 0
    assert verdict.second_copies == 0


async def test_a_stop_does_not_wait_for_an_smsc_that_is_dead(
    parent: WarmParent, sqlite_database: str, tmp_path: Path
) -> None:
    async with simulated_smsc() as smsc, under_load(parent, smsc, sqlite_database, tmp_path) as world:
        world.tap.meddler = BlackHole()
        await asyncio.sleep(0.3)
        await world.stop()
        world.tap.meddler = Meddler()
        await world.start_ready()
        verdict = await judged(world)
    assert verdict.doubted <= WINDOW


#: Shorter and longer than responses are waited for.
@pytest.mark.parametrize("frozen_s", [0.5, 4.5])
async def test_a_frozen_engine_doubts_nothing_that_was_answered(
    parent: WarmParent, sqlite_database: str, tmp_path: Path, frozen_s: float
) -> None:
    async with (
        simulated_smsc() as smsc,
        under_load(parent, smsc, sqlite_database, tmp_path, answer_within_s=3.0) as world,
    ):
        assert world.process is not None
        for _ in range(2):
            await world.flows()
            world.process.signal(signal.SIGSTOP)
            await asyncio.sleep(frozen_s)
            world.process.signal(signal.SIGCONT)
        verdict = await judged(world)
    assert verdict.doubted == 0
    assert verdict.second_copies == 0
    assert world.tap.sessions == 1


async def test_a_link_that_ended_while_the_engine_was_frozen_is_made_again(
    parent: WarmParent, sqlite_database: str, tmp_path: Path
) -> None:
    async with simulated_smsc() as smsc, under_load(parent, smsc, sqlite_database, tmp_path) as world:
        assert world.process is not None
        world.process.signal(signal.SIGSTOP)
        await asyncio.sleep(1)
        world.tap.cut()
        await asyncio.sleep(1)
        world.process.signal(signal.SIGCONT)
        verdict = await judged(world)
    assert verdict.doubted <= WINDOW
    assert world.tap.sessions > 1


async def test_an_engine_without_descriptors_makes_its_link_again_when_it_has_some(
    parent: WarmParent, sqlite_database: str, tmp_path: Path
) -> None:
    async with simulated_smsc() as smsc, under_load(parent, smsc, sqlite_database, tmp_path) as world:
        assert world.process is not None
        pid = world.process.pid
        taken = {int(name) for name in os.listdir(f"/proc/{pid}/fd")}
        first_free = next(number for number in itertools.count() if number not in taken)
        usual = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (first_free, usual[1]))
        world.tap.cut()
        world.text_in("while nothing can be opened")
        # The ends of the cut link are given back, so it takes others to use up what there is.
        held = []
        async with asyncio.timeout(LIMIT_S):
            while b"EMFILE" not in world.log.read_bytes():
                held.append(await asyncio.open_connection("127.0.0.1", world.port))
                world.tap.cut()  # the link may have been there first
                await asyncio.sleep(0.05)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, usual)
        for _, writer in held:
            writer.close()
        verdict = await judged(world)
    assert verdict.doubted <= WINDOW
    assert world.tap.sessions > 1

"""The database stalls while texts come and go.

What else goes wrong with it is in tests/integration/storage_faults.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import asyncpg
import pytest

from engine.storage.urls import sqlite_path
from tests.e2e.texts.engine_process import LIMIT_S, WarmParent
from tests.e2e.texts.faults import Probes
from tests.e2e.texts.smscs import simulated_smsc
from tests.e2e.texts.tap import Meddler
from tests.e2e.texts.under_load import judged, under_load

pytestmark = pytest.mark.timeout(300)


async def test_probes_are_answered_while_nothing_can_be_stored(
    parent: WarmParent, database_url: str, tmp_path: Path
) -> None:
    async with simulated_smsc() as smsc, under_load(parent, smsc, database_url, tmp_path) as world:
        world.tap.meddler = probes = Probes()
        (link,) = world.tap.links
        async with stalled(database_url):
            world.text_in("while nothing can be stored")
            async with asyncio.timeout(LIMIT_S):
                while not (texts := [one for one in world.tap.log.deliveries if not one.receipt_id]):  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
                for nth in range(3):
                    number = probes.probe(link, nth)
                    while number not in probes.answered:  # noqa: ASYNC110
                        await asyncio.sleep(0.01)
            assert not texts[0].acknowledged
        world.tap.meddler = Meddler()
        verdict = await judged(world)
    assert verdict.doubted == 0
    assert world.tap.sessions == 1


@asynccontextmanager
async def stalled(url: str) -> AsyncIterator[None]:
    """Somebody else holds what every write of the engine needs."""
    path = sqlite_path(url)
    if path is not None:
        with closing(sqlite3.connect(path, isolation_level=None, timeout=LIMIT_S)) as file:
            file.execute("BEGIN IMMEDIATE")
            yield
            file.execute("ROLLBACK")
        return
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction():
            await connection.execute("LOCK TABLE streams IN ACCESS EXCLUSIVE MODE")
            yield
    finally:
        await connection.close()

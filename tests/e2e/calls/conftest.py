"""The office of every call test: opened in one task, as task groups demand, and closed in it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from engine.simulators.asterisk import PrivateAsterisk
from tests.e2e.calls.office import Office, make_empty_database, open_office


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("empty") / "ringback.db"
    make_empty_database(file)
    return file


@pytest.fixture
async def office(asterisk: PrivateAsterisk, empty_database: Path, tmp_path: Path) -> AsyncIterator[Office]:
    opened: asyncio.Future[Office] = asyncio.get_running_loop().create_future()
    finished = asyncio.Event()

    async def hold() -> None:
        async with open_office(asterisk, empty_database, tmp_path) as office:
            opened.set_result(office)
            await finished.wait()

    holder = asyncio.create_task(hold())
    await asyncio.wait([holder, opened], return_when=asyncio.FIRST_COMPLETED)
    if holder.done():
        await holder
    yield opened.result()
    finished.set()
    await holder

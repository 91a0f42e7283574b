"""The office of every call test: opened in one task, as task groups demand, and closed in it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from engine.simulators.asterisk import PrivateAsterisk
from tests.e2e.calls.agreement import check_records, outcomes_allowed, recorded_outcome
from tests.e2e.calls.office import Office, make_empty_database, new_office_file, open_office
from tests.e2e.calls.quick_phones import QuickPhones
from tests.e2e.calls.records import CallRecords


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("empty") / "ringback.db"
    make_empty_database(file)
    return file


@pytest.fixture
async def records(asterisk: PrivateAsterisk) -> AsyncIterator[CallRecords]:
    async with CallRecords.of(asterisk) as records:
        yield records


@pytest.fixture
async def office(
    asterisk: PrivateAsterisk, records: CallRecords, empty_database: Path, tmp_path: Path
) -> AsyncIterator[Office]:
    """Whatever a test did with it, Asterisk's records of each ended call have to say the same."""
    opened: asyncio.Future[Office] = asyncio.get_running_loop().create_future()
    finished = asyncio.Event()
    file = tmp_path / "ringback.db"
    await new_office_file(asterisk, empty_database, file)

    async def hold() -> None:
        async with open_office(asterisk, file) as office:
            opened.set_result(office)
            await finished.wait()
            await _compare(office, records)

    holder = asyncio.create_task(hold())
    await asyncio.wait([holder, opened], return_when=asyncio.FIRST_COMPLETED)
    if holder.done():
        await holder
    yield opened.result()
    finished.set()
    await holder


@pytest.fixture
async def quick(asterisk: PrivateAsterisk) -> AsyncIterator[QuickPhones]:
    """Phones without sound, and a carrier that answers as it is told."""
    async with QuickPhones(asterisk) as phones:
        yield phones


async def _compare(office: Office, records: CallRecords) -> None:
    for call in await office.every_call():
        if not call.status.final:
            continue
        wanted = outcomes_allowed(call)
        said = await records.until(
            call.channel_id,
            lambda said, own=call.channel_id, wanted=wanted: recorded_outcome(said, own) in wanted,
        )
        check_records(call, said)

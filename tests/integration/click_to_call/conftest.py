"""A running office on a fresh SQLite file."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from engine.ami import tracker
from engine.simulators.pbx import PbxSimulator
from tests.integration.click_to_call.office import Office, people_on, simulated


@pytest.fixture(autouse=True)
def short_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fifth of the time that a channel which was not listed may still take to appear."""
    monkeypatch.setattr(tracker, "GRACE_S", 1.0)


@pytest.fixture
async def simulator() -> AsyncIterator[PbxSimulator]:
    async with simulated() as one:
        yield one


@pytest.fixture
async def stopped_office(sqlite_database: str, simulator: PbxSimulator) -> Office:
    await people_on(sqlite_database)
    return Office(sqlite_database, simulator)


@pytest.fixture
async def office(stopped_office: Office) -> AsyncIterator[Office]:
    async with stopped_office.running() as one:
        yield one

"""An office on SQLite and PostgreSQL in turn."""

from __future__ import annotations

from collections.abc import AsyncIterator
from types import SimpleNamespace

import pytest

from engine import ids
from tests.contract.conversations.world import a_world
from tests.contract.notifications.world import Office, an_office


@pytest.fixture
async def office(database_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Office]:
    async with a_world(database_url) as world, an_office(world) as made:
        # Ids are made by the office's clock, and those made after the test by the real one again.
        monkeypatch.setattr(ids, "_last", ids._last)
        monkeypatch.setattr(ids, "time", SimpleNamespace(time_ns=lambda: world.clock.ms * 1_000_000))
        yield made

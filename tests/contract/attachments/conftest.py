"""Files in a domain with people, on SQLite and PostgreSQL in turn."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.contract.attachments.world import World
from tests.contract.conversations.world import a_world


@pytest.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with a_world(database_url) as people:
        yield World(people, tmp_path / "incoming")

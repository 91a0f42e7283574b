"""Two domains with their people and numbers, on SQLite and PostgreSQL in turn."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.contract.conversations.world import World, a_world


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with a_world(database_url) as made:
        yield made

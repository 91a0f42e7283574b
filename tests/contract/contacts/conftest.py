"""The world of each test: a fresh, empty database, SQLite and PostgreSQL in turn."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from engine.contacts.settings import ContactSettings
from tests.contract.contacts.world import World, a_world


@pytest.fixture
def settings() -> ContactSettings:
    """Override it to decide otherwise."""
    return ContactSettings()


@pytest.fixture
async def world(database_url: str, settings: ContactSettings) -> AsyncIterator[World]:
    async with a_world(database_url, settings) as made:
        yield made

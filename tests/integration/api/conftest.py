"""A fresh API on a fresh SQLite file for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from api.settings import ApiSettings
from tests.integration.api.world import World, a_world


@pytest.fixture
def api_settings() -> ApiSettings:
    """Override it to serve with other settings."""
    return ApiSettings(port=0)


@pytest.fixture
async def world(sqlite_database: str, api_settings: ApiSettings) -> AsyncIterator[World]:
    async with a_world(sqlite_database, api_settings) as made:
        yield made

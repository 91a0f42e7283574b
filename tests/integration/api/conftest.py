"""A fresh API on a fresh SQLite file for each test."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterator

import pytest
import structlog

from api.settings import ApiSettings
from tests.integration.api.world import World, a_world


@pytest.fixture(autouse=True)
def default_log_level() -> Iterator[None]:
    """With debug lines on, hot routes would be served another way."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.INFO))
    yield
    structlog.reset_defaults()


@pytest.fixture
def api_settings() -> ApiSettings:
    """Override it to serve with other settings."""
    return ApiSettings(port=0)


@pytest.fixture
async def world(sqlite_database: str, api_settings: ApiSettings) -> AsyncIterator[World]:
    async with a_world(sqlite_database, api_settings) as made:
        yield made

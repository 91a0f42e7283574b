"""The office that a test's browsers look at, with the portal built from today's sources."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from portal.build import BuildImpossible, build
from tests.e2e.portal.office import Office, open_office
from tests.peers.require import unavailable

if TYPE_CHECKING:
    from playwright.async_api import Browser


@pytest.fixture(scope="session")
def built_portal() -> None:
    try:
        build()
    except BuildImpossible as error:
        unavailable("node", str(error))


@pytest.fixture
async def office(built_portal: None, chromium: Browser, tmp_path: Path) -> AsyncIterator[Office]:
    """Closed with the test, which fails if a page had an error that nobody handled."""
    async with asyncio.timeout(110), open_office(chromium, tmp_path) as office:
        yield office
        assert office.errors == []

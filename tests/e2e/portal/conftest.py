"""The office that a test's browsers look at, with the portal built from today's sources."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import api.portal
from portal.build import ASSETS, BuildImpossible, build
from tests.e2e.portal.lively import LivelyOffice, open_lively_office
from tests.e2e.portal.office import Office, open_office
from tests.peers.require import unavailable

if TYPE_CHECKING:
    from playwright.async_api import Browser


#: The first one may have to install a browser and build the pages.
_TIMEOUT_S = 600


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.timeout(_TIMEOUT_S))


@pytest.fixture(scope="session")
def built_portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Served from a copy, so that sources may be changed and built while the tests run."""
    try:
        build()
    except BuildImpossible as error:
        unavailable("node", str(error))
    copy = tmp_path_factory.mktemp("portal") / "assets"
    shutil.copytree(ASSETS, copy)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(api.portal, "ASSETS", copy)
        yield


@pytest.fixture
async def office(built_portal: None, chromium: Browser, tmp_path: Path) -> AsyncIterator[Office]:
    """Closed with the test, which fails if a page had an error that nobody handled."""
    async with asyncio.timeout(280), open_office(chromium, tmp_path) as office:
        yield office
        assert office.errors == []


@pytest.fixture
async def lively(
    built_portal: None, chromium: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[LivelyOffice]:
    """An office in which something has happened already: voicemails, chats, texts, calls."""
    async with asyncio.timeout(280), open_lively_office(chromium, tmp_path, monkeypatch) as lively:
        yield lively
        assert lively.office.errors == []

"""A real browser: Debian's Chromium, driven by Playwright, which brings no browser of its own.

Looked for on PATH; as root on a machine with apt it is installed. `chromium` is one browser for all
tests of a session; each test opens contexts of its own in it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.peers.apt import CannotInstall, install
from tests.peers.require import unavailable

_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")

#: No sandbox, since tests may run as root; and nothing that talks to anybody but the page's server.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--no-first-run",
    "--disable-gpu",
    "--autoplay-policy=no-user-gesture-required",
)


class PeerUnavailable(Exception):
    """There is no browser and none can be installed."""


def find_chromium() -> Path:
    """The browser's program. Raises PeerUnavailable."""
    named = os.environ.get("CHROMIUM")
    if named:
        return Path(named)
    for name in _NAMES:
        found = shutil.which(name)
        if found is not None:
            return Path(found)
    try:
        install("chromium")
    except CannotInstall as error:
        raise PeerUnavailable(f"no Chromium: {error}") from None
    found = shutil.which("chromium")
    if found is None:
        raise PeerUnavailable("apt-get installed no chromium")
    return Path(found)


@pytest.fixture(scope="session")
def chromium_program() -> Path:
    try:
        return find_chromium()
    except PeerUnavailable as error:
        unavailable("chromium", str(error))


@pytest.fixture
async def chromium(chromium_program: Path) -> AsyncIterator[object]:
    """A running browser (`playwright.async_api.Browser`)."""
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium_program, args=list(ARGUMENTS))
        try:
            yield browser
        finally:
            await browser.close()

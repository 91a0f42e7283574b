"""A second real browser: Debian's Firefox ESR, which speaks WebDriver BiDi by itself.

Looked for on PATH; as root on Debian apt installs it (80 MB, some 15 s). Playwright cannot drive it: it wants
a Firefox of its own making, or commands that the ESR does not have.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import aiohttp
import pytest

from tests.peers.apt import CannotInstall, install
from tests.peers.bidi import BidiError, BidiSession, Tab, first_tab, listener
from tests.peers.require import unavailable

_START_S = 120.0
#: Nothing that talks to anybody but the page's server, and no pages of its own.
_PREFERENCES = {
    "app.normandy.enabled": "false",
    "app.update.enabled": "false",
    "browser.aboutwelcome.enabled": "false",
    "browser.region.network.url": '""',
    "browser.safebrowsing.malware.enabled": "false",
    "browser.safebrowsing.phishing.enabled": "false",
    "browser.shell.checkDefaultBrowser": "false",
    "browser.startup.homepage_override.mstone": '"ignore"',
    "browser.topsites.contile.enabled": "false",
    "datareporting.policy.dataSubmissionEnabled": "false",
    "extensions.getAddons.cache.enabled": "false",
    "extensions.update.enabled": "false",
    "intl.accept_languages": '"en-US"',
    "network.captive-portal-service.enabled": "false",
    "network.connectivity-service.enabled": "false",
    "services.settings.server": '"data:,#remote-settings-dummy/v1"',
    "toolkit.telemetry.enabled": "false",
}


class PeerUnavailable(Exception):
    """There is no browser and none can be installed."""


def find_firefox() -> Path:
    """The browser's program. Raises PeerUnavailable."""
    named = os.environ.get("FIREFOX")
    if named:
        return Path(named)
    found = _on_path()
    if found is not None:
        return found
    try:
        install("firefox-esr")
    except CannotInstall as error:
        raise PeerUnavailable(
            f"no Firefox but perhaps a snap, which sees no profile of ours: {error}; FIREFOX may name one"
        ) from None
    found = _on_path()
    if found is None:
        raise PeerUnavailable("apt-get installed no firefox-esr")
    return found


def _on_path() -> Path | None:
    for name in ("firefox-esr", "firefox"):
        found = shutil.which(name)
        # Ubuntu's is a script that starts a snap, and a snap has a /tmp of its own.
        if found is not None and not _is_snap(Path(found).resolve()):
            return Path(found)
    return None


def _is_snap(program: Path) -> bool:
    with program.open("rb") as file:
        return "snap" in program.parts or b"/snap/" in file.read(4_096)


@asynccontextmanager
async def running_firefox(program: Path, folder: Path) -> AsyncIterator[Tab]:
    """A browser without a window, with a new profile in this folder; ended with the block."""
    profile = folder / "profile"
    profile.mkdir()
    lines = [f'user_pref("{name}", {value});\n' for name, value in _PREFERENCES.items()]
    (profile / "user.js").write_text("".join(lines))
    log = folder / "firefox.log"
    with log.open("wb") as stream:
        process = await asyncio.create_subprocess_exec(
            program,
            *("--headless", "--no-remote", "--profile", profile, "--remote-debugging-port", "0"),
            env={**os.environ, "HOME": str(folder), "MOZ_CRASHREPORTER_DISABLE": "1"},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
            start_new_session=True,
        )
    try:
        url = await _told(process, log)
        errors: list[str] = []
        async with (
            aiohttp.ClientSession() as http,
            http.ws_connect(f"{url}/session", max_msg_size=0) as socket,
        ):
            session = BidiSession(socket, listener(errors))
            # Not a group: what a test raises is to be seen as it is.
            reading = asyncio.create_task(session.run())
            try:
                yield await first_tab(session, errors)
                with suppress(BidiError):
                    await session.command("browser.close")
            finally:
                reading.cancel()
                await asyncio.wait([reading])
    finally:
        # Its children end with it, whatever state it is in.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


async def _told(process: asyncio.subprocess.Process, log: Path) -> str:
    """Where it listens, once it says so."""
    async with asyncio.timeout(_START_S):
        while (url := _address(log)) is None:
            assert process.returncode is None, "Firefox ended before it listened"
            await asyncio.sleep(0.05)
    return url


def _address(log: Path) -> str | None:
    found = re.search(r"^WebDriver BiDi listening on (\S+)\n", log.read_text(errors="replace"), re.MULTILINE)
    return None if found is None else found[1]


@pytest.fixture(scope="session")
def firefox_program() -> Path:
    try:
        return find_firefox()
    except PeerUnavailable as error:
        unavailable("firefox", str(error))

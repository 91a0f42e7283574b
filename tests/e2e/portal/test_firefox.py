"""The portal in another browser, as its distribution ships it: log in, write, be answered, read."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.e2e.portal.office import PASSWORD, PATIENCE_MS, REALM, SHOTS, open_office
from tests.peers.bidi import ENTER, css, named
from tests.peers.firefox import running_firefox


@pytest.mark.usefixtures("built_portal")
async def test_two_people_talk_and_the_browser_has_nothing_to_complain_about(
    firefox_program: Path, tmp_path: Path
) -> None:
    async with open_office(None, tmp_path) as office, running_firefox(firefox_program, tmp_path) as page:
        await page.goto(office.url)
        await page.click(named("textbox", "Name"))
        await page.press(f"101@{REALM}")
        await page.click(css("input[type=password]"))
        await page.press(PASSWORD + ENTER)
        await page.find(named("complementary", "Contacts"))
        for name in ("Bob Böhm", "Cem Çelik", "Carla Cruz"):
            await page.until(f"document.querySelector('aside').innerText.includes('{name}')")
        await page.click(named("button", "Chat with Bob Böhm"))
        await page.find(named("region", "Chat with Bob Böhm"))
        await page.click(named("textbox", "Message to Bob Böhm"))
        await page.press("Is anybody there? 😀" + ENTER)
        await page.until(_shown("Is anybody there? 😀"))
        (thread,) = (await office.engine.services.conversations.list(office.principal("102"))).items
        await office.say("102", thread.conversation.id, "Yes, in Firefox")
        await page.until(_shown("Yes, in Firefox"))
        await page.until("navigator.serviceWorker.controller !== null")
        SHOTS.mkdir(parents=True, exist_ok=True)
        (SHOTS / "firefox.png").write_bytes(await page.picture())
        assert page.errors == []
        # It does listen: to the console, and to what the policy forbids.
        await page.evaluate("console.error('said'); new Image().src = 'https://elsewhere.example/'; 0")
        async with asyncio.timeout(PATIENCE_MS / 1_000):
            while len(page.errors) < 2:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        said, forbidden = sorted(page.errors)
        assert said == "console: said"
        assert forbidden.startswith("javascript: Content-Security-Policy:")
        assert "img-src" in forbidden


def _shown(text: str) -> str:
    rows = "[...document.querySelectorAll('[data-testid=message]')]"
    return f"{rows}.some((one) => one.innerText.includes('{text}'))"

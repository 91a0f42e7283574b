"""Takes the pictures of docs/pictures: the portal in light, in the dark and on a phone.

    ./dev pictures

The real engine with a simulated carrier and PBX, people who know each other, Chromium. Each picture has a
palette and stays under 120 kB, since whoever clones the repository gets them all.
"""

from __future__ import annotations

import asyncio
import io
import sys
import tempfile
from pathlib import Path

import pytest
from PIL import Image
from playwright.async_api import Page, async_playwright, expect

from config.logging import configure
from config.settings import LogSettings
from engine.accounts.models import SYSTEM
from engine.contacts.models import CreateContact, NumberDraft
from portal.build import BuildImpossible, build
from tests.e2e.portal.lively import LivelyOffice, open_lively_office
from tests.e2e.portal.office import PHONE
from tests.e2e.portal.pages import contacts, conversation, messages, person, settled, until, write
from tests.peers.chromium import ARGUMENTS, PeerUnavailable, find_chromium

PICTURES = Path(__file__).parents[3] / "docs" / "pictures"
AT_MOST_OCTETS = 120_000
_WIDE = {"width": 1280, "height": 760}

_CONTACTS = (
    ("Dana Dietrich", "Dietrich Interiors", "+12025550131"),
    ("Emil Ek", "Ek Logistics", "+12025550132"),
    ("Fatma Fidan", "Fidan Flowers", "+12025550133"),
    ("Goran Gavrić", "", "+12025550134"),
)
_TALK = (
    ("101", "Twelve is fine. The usual place?"),
    ("102", "Yes, and Cem comes along. I'll book for three 🙂"),
    ("102", "The menu: https://menu.example/today"),
    ("101", "Great, see you there."),
)


async def fill(lively: LivelyOffice) -> None:
    office = lively.office
    for name, company, number in _CONTACTS:
        draft = CreateContact(
            domain_id=office.domain.id,
            name=name,
            company=company,
            shared=True,
            numbers=(NumberDraft(label="mobile", number=number),),
        )
        await office.engine.services.contacts.create(SYSTEM, draft)
    for who, text in _TALK:
        await office.say(who, lively.chat, text)
    group = await office.chat("103", "101", "102")
    await office.engine.services.conversations.rename(office.principal("103"), group, "Summer party")
    await office.say("103", group, "Who brings the music?")


async def take(page: Page, name: str) -> None:
    """Once nothing moves and nothing is on its way any more."""
    await page.mouse.move(2, 2)
    await page.evaluate("document.activeElement.blur()")
    await settled(page)
    await until(page, "document.getAnimations().every((one) => one.playState !== 'running')")
    full = Image.open(io.BytesIO(await page.screenshot())).convert("RGB")
    for colours in (256, 128, 64, 32):
        packed = io.BytesIO()
        few = full.quantize(colours, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
        few.save(packed, "PNG", optimize=True)
        if len(packed.getvalue()) < AT_MOST_OCTETS:
            break
    else:
        raise SystemExit(f"{name} does not become small enough")
    PICTURES.mkdir(exist_ok=True)
    (PICTURES / f"{name}.png").write_bytes(packed.getvalue())
    print(f"docs/pictures/{name}.png: {colours} colours, {len(packed.getvalue()) // 1000} kB")


async def both_windows(page: Page, lively: LivelyOffice) -> None:
    """A text that is answered, and a chat that goes on."""
    await page.goto(f"/?conversation={lively.thread}")
    texts = conversation(page, "SMS with Carla Cruz")
    await expect(messages(texts).first).to_be_visible()
    if await messages(texts).count() == 1:
        await write(texts, "Yes, it waits for you at the desk until six.")
        await expect(messages(texts).last.get_by_test_id("status")).to_have_text("Delivered")
    await person(page, "Bob Böhm").press("Enter")
    await expect(messages(conversation(page, "Chat with Bob Böhm"))).to_have_count(1 + len(_TALK))


async def take_all(lively: LivelyOffice) -> None:
    office = lively.office
    await fill(lively)
    await office.page("102")
    page = await office.page("101", viewport=_WIDE, color_scheme="light")
    await both_windows(page, lively)
    await take(page, "light")
    page = await office.page("101", viewport=_WIDE, color_scheme="dark")
    await both_windows(page, lively)
    await page.get_by_role("link", name="Messages").click()
    await expect(page.get_by_role("tab", name="Voicemail")).to_be_visible()
    await conversation(page, "SMS with Carla Cruz").get_by_role("button", name="Minimise").click()
    await take(page, "dark")
    options = {"viewport": PHONE, "has_touch": True, "is_mobile": True, "device_scale_factor": 2}
    page = await office.page(**{**options, "color_scheme": "light"})
    await page.goto("/contacts")
    await page.get_by_label("Name", exact=True).fill("101@acme.example")
    await page.get_by_label("Password", exact=True).fill("correct horse battery")
    await page.get_by_role("button", name="Log in").click()
    await expect(contacts(page)).to_be_visible()
    await take(page, "phone-contacts")
    await page.get_by_role("button", name="Chat with Bob Böhm").tap()
    await expect(messages(conversation(page, "Chat with Bob Böhm"))).to_have_count(1 + len(_TALK))
    await take(page, "phone-chat")


async def main() -> None:
    configure(LogSettings(level="error"))
    build()
    program = find_chromium()
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=program, args=list(ARGUMENTS))
            async with open_lively_office(browser, Path(folder), patch) as lively:
                await take_all(lively)
            await browser.close()


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except (BuildImpossible, PeerUnavailable) as error:
        sys.exit(f"pictures: {error}")

"""Every page in every dress: light, dark, on a phone, from right to left, in forced colours, in German."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.e2e.portal.lively import LivelyOffice
from tests.e2e.portal.office import PHONE, WIDE
from tests.e2e.portal.pages import STANDS, until

AXE = Path(__file__).parents[3] / "portal/node_modules/axe-core/axe.min.js"
#: What is drawn at each address, and a heading or control that shows that it is there.
PAGES = {
    "home": "/",
    "voicemail": "/messages?tab=voicemail",
    "written": "/messages?tab=written",
    "history": "/messages/{thread}",
    "calls": "/calls",
    "settings": "/settings",
    "notifications": "/settings?tab=notifications",
    "phones": "/settings?tab=phones",
    "texts": "/settings?tab=texts",
    "appearance": "/settings?tab=appearance",
    "security": "/settings?tab=security",
    "users": "/office?tab=users",
    "numbers": "/office?tab=numbers",
    "devices": "/office?tab=devices",
    "mailboxes": "/office?tab=mailboxes",
    "keys": "/office?tab=keys",
    "webhooks": "/office?tab=webhooks",
    "domain": "/office?tab=domain",
    "erasures": "/office?tab=erasures",
}
DRESSES: dict[str, dict[str, Any]] = {
    "light": {"viewport": WIDE, "color_scheme": "light"},
    "dark": {"viewport": WIDE, "color_scheme": "dark"},
    "phone": {"viewport": WIDE, "has_touch": True, "is_mobile": True},
    "forced": {"viewport": WIDE, "forced_colors": "active", "reduced_motion": "reduce"},
    "german": {"viewport": WIDE},
    "rtl": {"viewport": WIDE},
}
#: What somebody has chosen in this browser.
CHOSEN = {"german": '{"language": "de"}', "rtl": '{"direction": "rtl"}'}


async def violations(page: Page) -> list[str]:
    """What axe finds on the page as it is now."""
    found = await page.evaluate(
        """async () => {
            const { violations } = await axe.run(document, { resultTypes: ["violations"] });
            return violations.flatMap((one) =>
                one.nodes.map((node) => `${one.id}: ${node.target.join(" ")}`));
        }"""
    )
    assert isinstance(found, list)
    return found


async def with_axe(page: Page) -> None:
    """The policy lets no script in; the browser's own world is not bound by it."""
    await page.evaluate(AXE.read_text() + ";0")


async def settled(page: Page) -> None:
    """Nothing is being read any more."""
    await expect(page.get_by_role("main").locator("h1")).to_be_visible()
    await expect(page.get_by_test_id("loading")).to_have_count(0)


@pytest.mark.parametrize("dress", DRESSES)
async def test_every_page_is_accessible_and_fits(lively: LivelyOffice, dress: str) -> None:
    office = lively.office
    page = await office.page("101", **DRESSES[dress])
    if dress == "phone":
        await page.set_viewport_size({"width": PHONE["width"], "height": PHONE["height"]})
    if dress in CHOSEN:
        await page.evaluate("(chosen) => localStorage.setItem('ringback.preferences', chosen)", CHOSEN[dress])
        await page.reload()
    await with_axe(page)
    wrong: list[str] = []
    for name, address in PAGES.items():
        # As a click on a link does it, without loading everything again.
        await page.evaluate(
            "(address) => history.pushState(null, '', address)", address.format(thread=lively.thread)
        )
        await settled(page)
        await office.shot(page, f"page-{name}-{dress}")
        wrong += [f"{name}: {one}" for one in await violations(page)]
        room = await page.evaluate(
            "[document.querySelector('main').scrollWidth, document.querySelector('main').clientWidth]"
        )
        if room[0] > room[1]:
            wrong.append(f"{name}: {room[0]} px wide in {room[1]}")
    assert wrong == []


async def test_dialogs_menus_and_failures_are_accessible_too(lively: LivelyOffice) -> None:
    page = await lively.office.page("101")
    await with_axe(page)
    wrong: list[str] = []

    async def look(state: str) -> None:
        # What fades in is not there for axe until it has.
        await until(page, STANDS)
        wrong.extend(f"{state}: {one}" for one in await violations(page))

    async def go(address: str) -> None:
        await page.evaluate("(address) => history.pushState(null, '', address)", address)
        await settled(page)

    await go("/messages")
    await page.get_by_role("button", name="More about the message from Carla Cruz").click()
    await look("voicemail menu")
    await page.keyboard.press("Escape")
    await go("/office")
    await page.get_by_role("button", name="Add a user").click()
    await look("user form")
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await page.get_by_role("button", name="More about Bob Böhm").click()
    await page.get_by_role("menuitem", name="Disable").click()
    await look("question")
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Import").click()
    rows = b"extension,display_name,role\n202,Finn Fuchs,emperor\n"
    await page.get_by_label("File").set_input_files(
        [{"name": "users.csv", "mimeType": "text/csv", "buffer": rows}]
    )
    await expect(page.get_by_role("row", name="2 role")).to_be_visible()
    await look("import with flaws")
    await page.keyboard.press("Escape")
    await page.route("**/v1/call-log?*", lambda route: route.fulfill(status=404, json={"code": "not_found"}))
    await go("/calls")
    await expect(page.get_by_text("This could not be read")).to_be_visible()
    await look("failure")
    await page.unroute("**/v1/call-log?*")
    await page.get_by_role("button", name="Try again").click()
    await expect(page.get_by_role("main").get_by_text("Incoming, missed")).to_be_visible()
    assert wrong == []


async def test_the_pages_are_used_by_keyboard_alone(lively: LivelyOffice) -> None:
    """From the first key to the history of a conversation and back, and a form in a dialog."""
    page = await lively.office.page("101")
    focused = page.locator(":focus")
    await page.reload()  # the first key of a page begins at its top; after a click it begins there
    await settled(page)
    await page.keyboard.press("Tab")
    await expect(focused).to_have_text("Skip to the page")
    for _ in range(12):
        await page.keyboard.press("Tab")
        if await focused.get_attribute("href") == "/messages":
            break
    await page.keyboard.press("Enter")
    tab = page.get_by_role("tab", name="Chat and SMS")
    await expect(tab).to_be_visible()
    for _ in range(30):
        await page.keyboard.press("Tab")
        if await focused.get_attribute("role") == "tab":
            break
    await page.keyboard.press("ArrowRight")
    await expect(tab).to_be_focused()
    await expect(tab).to_have_attribute("aria-selected", "true")
    link = page.get_by_role("main").get_by_role("link", name="Bob Böhm")
    await expect(link).to_be_visible()
    for _ in range(12):
        await page.keyboard.press("Tab")
        if await focused.inner_text() == "Bob Böhm":
            break
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Bob Böhm", level=1)).to_be_visible()
    await page.go_back()
    await expect(tab).to_have_attribute("aria-selected", "true")
    await page.evaluate("history.pushState(null, '', '/office?tab=keys')")
    make = page.get_by_role("button", name="Make a key")
    await make.focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("dialog", name="Make a key")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(make).to_be_focused()

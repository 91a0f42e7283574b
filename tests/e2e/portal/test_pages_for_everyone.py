"""Every page in every dress: light, dark, on a phone, from right to left, in forced colours, in German."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.e2e.portal.lively import LivelyOffice
from tests.e2e.portal.office import PHONE, WIDE

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
    "keys": "/office?tab=keys",
    "webhooks": "/office?tab=webhooks",
    "domain": "/office?tab=domain",
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

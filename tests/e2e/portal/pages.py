"""Where things are on the pages, by the names that people and screen readers know them by."""

from __future__ import annotations

import asyncio

from playwright.async_api import Locator, Page, expect

#: On the page: nothing moves, fades in or is about to.
STANDS = (
    "!document.querySelector('[data-starting-style], [data-ending-style]')"
    " && document.getAnimations().every((one) => one.playState !== 'running')"
)


def contacts(page: Page) -> Locator:
    return page.get_by_role("complementary", name="Contacts")


def person(page: Page, name: str) -> Locator:
    """Somebody's row in the sidebar."""
    return contacts(page).get_by_role("group", name=name)


def conversation(page: Page, name: str) -> Locator:
    """An open window: `Chat with Bob Böhm`."""
    return page.get_by_role("region", name=name, exact=True)


def new_conversation(page: Page) -> Locator:
    return page.get_by_role("region", name="New conversation", exact=True)


def messages(window: Locator) -> Locator:
    return window.get_by_test_id("message")


async def open_chat(page: Page, name: str) -> Locator:
    """Click on the message icon across from a colleague; the window that opens."""
    await person(page, name).hover()
    await page.get_by_role("button", name=f"Chat with {name}").click()
    return conversation(page, f"Chat with {name}")


async def write(window: Locator, text: str) -> None:
    field = window.get_by_role("textbox").last
    await field.fill(text)
    await field.press("Enter")


async def add(window: Locator, typed: str, name: str) -> None:
    """Type into the To field and take the suggestion of this name."""
    field = window.get_by_role("combobox")
    await field.fill(typed)
    await window.get_by_role("option", name=name).first.click()
    await expect(window.get_by_test_id("chip").filter(has_text=name)).to_be_visible()


async def until(page: Page, expression: str) -> None:
    """Wait until it is so on the page. Playwright's own way of waiting needs a policy that allows eval."""
    async with asyncio.timeout(30):
        while not await page.evaluate(expression):  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def settled(page: Page) -> None:
    """Wait until everything that is loaded by itself is there: until nothing more was for a second."""
    await page.wait_for_load_state("networkidle")  # remembered from then on, and parts are loaded later, too
    loaded, same = -1, 0
    async with asyncio.timeout(60):
        while same < 10:
            await asyncio.sleep(0.1)
            now = await page.evaluate("performance.getEntriesByType('resource').length")
            loaded, same = now, same + 1 if now == loaded else 0
    # Rows of long tables are hidden until their height is known.
    rows = "[...document.querySelectorAll('[aria-rowindex]')]"
    await until(page, f"{rows}.every((one) => getComputedStyle(one).visibility === 'visible')")

"""Axe's opinion of a page as it is now, dialogs and all."""

from __future__ import annotations

from playwright.async_api import Page

from tests.e2e.portal.pages import STANDS, until
from tests.e2e.portal.test_pages_for_everyone import violations, with_axe


async def nothing_wrong(page: Page) -> None:
    """Once nothing moves any more: what fades in is not there for axe until it has."""
    await with_axe(page)
    await until(page, STANDS)
    assert await violations(page) == []

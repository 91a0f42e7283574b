"""The server is upgraded while pages are open: they say so, lose nothing, and break nowhere."""

from __future__ import annotations

import re
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Page, Route, expect

import api.portal
from config.settings import EventSettings, ServerSettings, Settings
from engine.app import listening
from tests.e2e.portal.office import PHONE, Office
from tests.e2e.portal.pages import contacts, conversation, messages, open_chat, settled, until, write

pytestmark = pytest.mark.timeout(300)  # a browser on a loaded machine

NEWER = "A newer version of this page is ready."


def another_build(built: Path, folder: Path) -> Path:
    """The same pages as if their sources had changed: every script and style has another name."""
    copy = folder / "assets-of-the-next-version"
    shutil.copytree(built, copy)
    for packed in (*copy.rglob("*.gz"), *copy.rglob("*.br")):
        packed.unlink()
    names = {path.name: f"{path.stem}.next{path.suffix}" for path in copy.glob("assets/*.*")}
    any_name = re.compile("|".join(re.escape(name) for name in sorted(names, key=len, reverse=True)))
    for path in copy.rglob("*"):
        if path.suffix in (".js", ".css", ".html"):
            path.write_text(any_name.sub(lambda found: names[found[0]], path.read_text()))
    for name, new in names.items():
        (copy / "assets" / name).rename(copy / "assets" / new)
    return copy


@asynccontextmanager
async def upgradable(office: Office, folder: Path) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    """The office behind a door of its own; calling what is yielded closes it and opens one with new pages."""
    old = api.portal.ASSETS
    events = EventSettings(heartbeat_s=1.0)
    async with AsyncExitStack() as rest:
        door = await rest.enter_async_context(AsyncExitStack())
        settings = Settings(server=ServerSettings(port=0, stop_within_s=1.0), events=events)
        office.url = await door.enter_async_context(listening(office.engine, settings))
        port = int(office.url.rsplit(":", 1)[1])
        patch = rest.enter_context(pytest.MonkeyPatch.context())

        async def upgrade() -> None:
            newer = another_build(old, folder)  # before: a port nobody listens on may be given to others
            await door.aclose()
            patch.setattr(api.portal, "ASSETS", newer)
            again = Settings(server=ServerSettings(port=port, stop_within_s=1.0), events=events)
            await rest.enter_async_context(listening(office.engine, again))

        yield upgrade


async def version(page: Page) -> str:
    """What the page was started from."""
    found = await page.locator("script[type=module]").first.get_attribute("src")
    assert found is not None
    return found


async def test_a_page_says_that_there_is_a_newer_one_and_loads_it_without_losing_a_word(
    office: Office, tmp_path: Path
) -> None:
    async with upgradable(office, tmp_path) as upgrade:
        page = await office.page("101")
        window = await open_chat(page, "Bob Böhm")
        await settled(page)
        old = await version(page)
        await expect(page.get_by_text(NEWER)).to_have_count(0)

        async def refuse(route: Route) -> None:
            await route.abort()

        await page.route("**/messages", refuse)
        await write(window, "Still in the outbox")
        await expect(window.get_by_test_id("pending")).to_have_count(1)
        await window.get_by_role("textbox").fill("Half a thought")
        await upgrade()
        await expect(page.get_by_test_id("new-version")).to_contain_text(NEWER)
        await expect(page.get_by_test_id("announcer")).to_contain_text(NEWER)
        assert await version(page) == old
        await expect(window.get_by_role("textbox")).to_have_value("Half a thought")
        await office.shot(page, "new-version")
        await page.get_by_role("button", name="Load new version").click()
        started = page.locator("script[type=module]").first
        await expect(started).to_have_attribute("src", re.compile(r"\.next\."))
        again = conversation(page, "Chat with Bob Böhm")
        await expect(again.get_by_role("textbox")).to_have_value("Half a thought")
        await expect(again.get_by_test_id("pending")).to_contain_text("Still in the outbox")
        await page.unroute("**/messages", refuse)
        await expect(messages(again)).to_contain_text(["Still in the outbox"])
        await expect(again.get_by_test_id("pending")).to_have_count(0)
        await expect(page.get_by_test_id("new-version")).to_have_count(0)


async def test_on_a_phone_the_button_alone_says_it(office: Office, tmp_path: Path) -> None:
    async with upgradable(office, tmp_path) as upgrade:
        page = await office.page("101", service_workers="block")
        await page.set_viewport_size({"width": PHONE["width"], "height": PHONE["height"]})
        await settled(page)
        await upgrade()
        button = page.get_by_role("button", name="Load new version")
        await expect(button).to_be_visible()
        assert await page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
        await office.shot(page, "new-version-phone")


async def test_a_part_that_the_upgrade_has_taken_away_offers_the_new_version(
    office: Office, tmp_path: Path
) -> None:
    """Without a service worker, which keeps the parts of open pages: over plain HTTP there is none."""
    async with upgradable(office, tmp_path) as upgrade:
        page = await office.page("101", service_workers="block")
        window = await open_chat(page, "Bob Böhm")
        await expect(window.get_by_role("textbox")).to_be_visible()
        await settled(page)
        await upgrade()
        await window.get_by_role("textbox").fill("Half a thought")
        # A part of a conversation: the conversation stays.
        await window.get_by_role("button", name="Emoji").click()
        part = window.get_by_role("button", name="This could not be loaded. Load the page again")
        await expect(part).to_be_visible()
        await expect(window.get_by_role("textbox")).to_have_value("Half a thought")
        await office.shot(page, "part-gone")
        # A whole page: it says why, and everything around it stays.
        await page.get_by_role("link", name="Calls").click()
        alert = page.get_by_role("main").get_by_role("alert")
        await expect(alert).to_contain_text(NEWER)
        await expect(contacts(page)).to_be_visible()
        await expect(window.get_by_role("textbox")).to_have_value("Half a thought")
        await office.shot(page, "page-gone")
        assert all("/assets/" in one for one in office.errors), office.errors
        office.errors.clear()
        await alert.get_by_role("button", name="Load again").click()
        await expect(page.get_by_role("heading", name="Calls", level=1)).to_be_visible()
        await expect(conversation(page, "Chat with Bob Böhm").get_by_role("textbox")).to_have_value(
            "Half a thought"
        )
        assert ".next." in await version(page)


async def test_with_a_service_worker_an_open_page_goes_on_working_after_an_upgrade(
    office: Office, tmp_path: Path
) -> None:
    async with upgradable(office, tmp_path) as upgrade:
        page = await office.page("101")
        await page.evaluate("navigator.serviceWorker.ready.then(() => 1)")
        await until(page, "navigator.serviceWorker.controller !== null")
        await upgrade()
        # Another tab brings the worker of the new version, which tidies up.
        tab = await office.tab(page.context)
        await tab.goto("/")
        await expect(contacts(tab)).to_be_visible()
        assert ".next." in await version(tab)
        await until(
            tab,
            "caches.keys().then((names) => Promise.all(names.map((one) => caches.open(one))))"
            ".then((all) => Promise.all(all.map((one) => one.keys())))"
            ".then((all) => all.some((one) => one.some((each) => each.url.includes('.next.'))))",
        )
        await page.get_by_role("link", name="Calls").click()
        await expect(page.get_by_role("heading", name="Calls", level=1)).to_be_visible()
        assert ".next." not in await version(page)


async def test_who_logs_in_on_a_page_from_before_an_upgrade_gets_the_new_one(
    office: Office, tmp_path: Path
) -> None:
    async with upgradable(office, tmp_path) as upgrade:
        page = await office.page(service_workers="block")
        await page.goto("/")
        await expect(page.get_by_role("heading", name="Log in")).to_be_visible()
        await upgrade()
        await page.get_by_label("Name", exact=True).fill("101@acme.example")
        await page.get_by_label("Password", exact=True).fill("correct horse battery")
        await page.get_by_role("button", name="Log in").click()
        await expect(contacts(page)).to_be_visible()
        assert ".next." in await version(page)
        await expect(page.get_by_test_id("new-version")).to_have_count(0)

"""Coming in, going out, and what is refused at the door."""

from __future__ import annotations

import pytest
from playwright.async_api import expect
from yarl import URL

from tests.e2e.portal.office import ANNAS, CARLA, PASSWORD, REALM, Office
from tests.e2e.portal.pages import settled

pytestmark = pytest.mark.timeout(300)  # a browser on a loaded machine


async def test_somebody_logs_in_and_stays_logged_in_over_a_reload_until_they_log_out(office: Office) -> None:
    page = await office.page("101")
    await page.reload()
    await page.get_by_role("button", name="Your account: Anna Adler").click()
    await page.get_by_role("menuitem", name="Log out").click()
    await expect(page.get_by_role("heading", name="Log in")).to_be_visible()
    await page.reload()
    await expect(page.get_by_role("heading", name="Log in")).to_be_visible()


async def test_a_wrong_password_is_refused_without_saying_what_was_wrong(office: Office) -> None:
    page = await office.page()
    await page.goto("/")
    await page.get_by_label("Name", exact=True).fill(f"101@{REALM}")
    await page.get_by_label("Password", exact=True).fill("not this one at all")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_have_text("The name or the password is wrong.")


async def test_a_temporary_password_is_replaced_in_the_same_form(office: Office) -> None:
    from engine.accounts.models import SYSTEM

    given = await office.engine.services.accounts.passwords.reset(SYSTEM, office.users["103"].id)
    page = await office.page()
    await page.goto("/")
    await page.get_by_label("Name", exact=True).fill(f"103@{REALM}")
    await page.get_by_label("Password", exact=True).fill(given.password)
    await page.get_by_role("button", name="Log in").click()
    await expect(page.get_by_role("alert")).to_contain_text("temporary")
    await page.get_by_label("New password").fill(PASSWORD + " 2")
    await page.get_by_role("button", name="Log in").click()
    await expect(page.get_by_role("complementary", name="Contacts")).to_be_visible()


async def test_who_logs_in_after_somebody_else_sees_nothing_of_theirs(office: Office) -> None:
    for text in ("One", "Two"):
        office.text_in(CARLA, ANNAS, text)
    page = await office.page("101")
    await page.get_by_role("link", name="Messages").click()
    await page.get_by_role("tab", name="SMS").click()
    await expect(page.get_by_role("main")).to_contain_text("Carla Cruz")
    await page.get_by_role("button", name="Your account: Anna Adler").click()
    await page.get_by_role("menuitem", name="Log out").click()
    answers = "**/v1/conversations?*"
    await page.route(answers, lambda route: route.abort())  # so that only what is remembered can be shown
    await page.get_by_label("Name", exact=True).fill(f"103@{REALM}")
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_role("button", name="Log in").click()
    await expect(page.get_by_role("button", name="Your account: Cem Çelik")).to_be_visible()
    await page.get_by_role("link", name="Messages").click()
    await page.get_by_role("tab", name="SMS").click()
    await expect(page.get_by_role("main")).to_contain_text("This could not be read")
    await expect(page.get_by_role("main")).not_to_contain_text("Carla Cruz")


async def test_a_page_that_is_opened_asks_for_everybody_once(office: Office) -> None:
    page = await office.page("101")
    await settled(page)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(URL(request.url).path))
    await page.reload()
    await expect(page.get_by_role("group", name="Carla Cruz")).to_be_visible()
    await settled(page)
    cem = page.get_by_role("group", name="Cem Çelik")
    await expect(cem).to_contain_text("Not logged in")
    await office.page("103")
    await expect(cem).not_to_contain_text("Not logged in")  # so the page hears what happens
    assert (asked.count("/v1/me"), asked.count("/v1/contacts")) == (1, 1)

"""Coming in, going out, and what is refused at the door."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.e2e.portal.office import PASSWORD, REALM, Office

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

"""What the user guide says of missed messages, the Messages page, the history and usage."""

from __future__ import annotations

import json
import re

from playwright.async_api import Locator, Page, expect

from engine.accounts.models import SYSTEM, UpdateDomainSettings, UpdateUser
from tests.e2e.portal.lively import CHAT, TEXT, LivelyOffice
from tests.e2e.portal.office import ANNAS, CARLA


def row(page: Page, name: str) -> Locator:
    """The row of somebody in the table of the page."""
    return page.get_by_role("main").get_by_role("row").filter(has_text=name)


async def weight(where: Locator) -> int:
    found = await where.evaluate("(one) => Number(getComputedStyle(one).fontWeight)")
    assert isinstance(found, int)
    return found


async def test_when_you_log_in_your_user_account_will_display_notifications_of_missed_messages(
    lively: LivelyOffice,
) -> None:
    """… Messages can be voicemails and/or chat/SMS messages. Put aside, they stay so until there is more."""
    page = await lively.office.page("101")
    missed = page.get_by_test_id("missed")
    await expect(missed.get_by_role("link", name="1 voicemail")).to_be_visible()
    await expect(missed.get_by_role("link", name="1 chat")).to_be_visible()
    await expect(missed.get_by_role("link", name="1 SMS conversation")).to_be_visible()
    await expect(missed.get_by_role("link", name="1 missed call")).to_be_visible()
    await expect(missed.get_by_role("link", name=re.compile(CHAT.replace("?", ".")))).to_be_visible()
    await expect(page.get_by_role("link", name="Messages 3 unread")).to_be_visible()
    await missed.get_by_role("button", name="Put this summary aside").click()
    await expect(missed).to_have_count(0)
    await page.reload()
    await expect(page.get_by_role("heading", name="Welcome, Anna Adler")).to_be_visible()
    await expect(page.get_by_role("link", name="Messages 3 unread")).to_be_visible()
    await expect(missed).to_have_count(0)
    lively.office.text_in(CARLA, ANNAS, "And my invoice?")
    await expect(missed).to_contain_text("And my invoice?")


async def test_click_on_messages_to_view_unread_messages_missed_ones_are_bolded_in_the_table(
    lively: LivelyOffice,
) -> None:
    page = await lively.office.page("101")
    await page.get_by_role("link", name="Messages 3 unread").click()
    await page.get_by_role("tab", name="Chat and SMS 2").click()
    bold = row(page, "Bob Böhm").get_by_text(CHAT)
    await expect(bold).to_be_visible()
    assert await weight(row(page, "Bob Böhm").get_by_role("link")) >= 700
    await expect(row(page, "Carla Cruz").get_by_role("cell", name="+1 202-555-0100")).to_be_visible()
    await expect(row(page, "Carla Cruz").get_by_role("cell", name="SMS", exact=True)).to_be_visible()
    await page.get_by_label("Show").select_option("Chats")
    await expect(row(page, "Carla Cruz")).to_have_count(0)
    await page.get_by_label("Show").select_option("Unread")
    await expect(row(page, "Carla Cruz")).to_be_visible()
    # Read elsewhere, it is bold no more and has left the unread ones.
    anna = lively.office.principal("101")
    await lively.office.engine.services.conversations.read(anna, lively.chat, None)
    await expect(row(page, "Bob Böhm")).to_have_count(0)
    await page.get_by_label("Show").select_option("All")
    await expect(row(page, "Bob Böhm")).to_be_visible()
    await expect(row(page, "Bob Böhm").get_by_role("link")).not_to_have_css("font-weight", "700")


async def test_clicking_on_a_contact_in_a_row_opens_the_conversation_history_with_them(
    lively: LivelyOffice,
) -> None:
    page = await lively.office.page("101")
    await page.goto("/messages?tab=written")
    await row(page, "Carla Cruz").get_by_role("link", name="Carla Cruz").click()
    await expect(page.get_by_role("heading", name="Carla Cruz", level=1)).to_be_visible()
    history = page.get_by_test_id("history")
    await expect(history.get_by_test_id("history-item").filter(has_text=TEXT)).to_be_visible()
    await expect(history.get_by_test_id("player")).to_be_visible()
    # What comes in while somebody reads is there without a reload.
    lively.office.text_in(CARLA, ANNAS, "Hello again")
    await expect(history.get_by_text("Hello again")).to_be_visible()
    await page.get_by_label("Show").select_option("Voicemails")
    await expect(history.get_by_text(TEXT)).to_have_count(0)
    await expect(history.get_by_test_id("player")).to_be_visible()


async def test_the_history_can_be_searched_jumped_in_linked_to_and_taken_along(lively: LivelyOffice) -> None:
    office = lively.office
    for number in range(150):
        await office.say("102", lively.chat, f"Line {number}")
    await office.say("102", lively.chat, "The password of the safe is in the drawer")
    for number in range(150, 300):
        await office.say("102", lively.chat, f"Line {number}")
    page = await office.page("101", accept_downloads=True)
    await page.goto(f"/messages/{lively.chat}")
    history = page.get_by_test_id("history")
    await expect(history.get_by_text("Line 299", exact=True)).to_be_visible()
    # Reading back by keyboard does not lose the place.
    await history.get_by_text("Line 299", exact=True).hover()
    await page.get_by_label("Search in this history").fill("drawer")
    found = page.get_by_role("link", name="The password of the safe is in the drawer")
    await found.click()
    marked = history.locator("[data-marked]")
    await expect(marked).to_contain_text("drawer")
    await expect(marked).to_be_in_viewport()
    assert re.search(r"\?at=msg_\w+$", page.url)
    await page.reload()
    await expect(history.locator("[data-marked]")).to_contain_text("drawer")
    await page.get_by_role("button", name="To the latest").click()
    await expect(history.get_by_text("Line 299", exact=True)).to_be_in_viewport()
    begun = await office.engine.services.conversations.get(office.principal("101"), lively.chat)
    made_ms = begun.conversation.created_ms
    day = await page.evaluate("(ms) => new Date(ms).toLocaleDateString('sv')", made_ms)
    await page.get_by_label("Jump to").fill(day)
    await expect(history.get_by_text(CHAT)).to_be_in_viewport()
    for words, check in (
        ("As JSON", lambda octets: len(json.loads(octets)) > 0),
        ("As CSV", lambda octets: b"drawer" in octets),
        ("As PDF", lambda octets: octets.startswith(b"%PDF-")),
    ):
        await page.get_by_role("button", name="Export").click()
        async with page.expect_download() as coming:
            await page.get_by_role("menuitem", name=re.compile(words)).click()
        path = await (await coming.value).path()
        assert check(path.read_bytes())


async def test_sms_usage_is_displayed_on_the_home_page_of_office_managers(lively: LivelyOffice) -> None:
    """… with SMS enabled and at least one user enabled for SMS, and then only."""
    office = lively.office
    page = await office.page("101")
    usage = page.get_by_role("main")
    await expect(usage.get_by_role("tab", name="SMS")).to_be_visible()
    await expect(page.get_by_test_id("plot").get_by_role("img", name=re.compile("SMS a day"))).to_be_visible()
    table = usage.get_by_role("table", name="SMS by Day")
    await expect(table.get_by_role("row", name=re.compile(r"^Total 0 1 0 0 1$"))).to_be_visible()
    await usage.get_by_label("Table by").select_option("Number")
    await expect(usage.get_by_role("rowheader", name="+1 202-555-0100")).to_be_visible()
    await usage.get_by_role("tab", name="Calls").click()
    await expect(usage.get_by_role("table", name="Calls by Day")).to_be_visible()

    bob = await office.page("102")
    await expect(bob.get_by_role("heading", name="Welcome, Bob Böhm")).to_be_visible()
    await expect(bob.get_by_test_id("plot")).to_have_count(0)

    accounts = office.engine.services.accounts
    for user in office.users.values():
        await accounts.users.update(SYSTEM, user.id, UpdateUser(sms_enabled=False))
    await page.reload()
    await expect(usage.get_by_role("tab", name="Calls")).to_be_visible()
    await expect(usage.get_by_role("tab", name="SMS")).to_have_count(0)
    await accounts.users.update(SYSTEM, office.users["102"].id, UpdateUser(sms_enabled=True))
    await accounts.preferences.change_domain(
        SYSTEM, office.domain.id, UpdateDomainSettings(sms_enabled=False)
    )
    await page.reload()
    await expect(usage.get_by_role("tab", name="Calls")).to_be_visible()
    await expect(usage.get_by_role("tab", name="SMS")).to_have_count(0)

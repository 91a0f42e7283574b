"""The keys that count everywhere: from part to part, to anybody, to what waits, and the overview of them."""

from __future__ import annotations

import pytest
from playwright.async_api import Locator, Page, expect

from tests.e2e.portal.office import CARLA, PHONE, SHARED, Office
from tests.e2e.portal.pages import contacts, conversation, messages, new_conversation, open_chat, settled
from tests.e2e.portal.test_for_everyone import flaws

pytestmark = pytest.mark.timeout(300)  # a browser on a loaded machine


def _composer_of(page: Page, name: str) -> Locator:
    return conversation(page, f"Chat with {name}").get_by_role("textbox", name=f"Message to {name}")


async def _ready(page: Page) -> None:
    """Load the page anew and wait until it hears keys, which come with its last part."""
    await page.reload()
    await settled(page)


async def _part(page: Page) -> str:
    """The name of the part of the page that has the keyboard."""
    found = await page.evaluate(
        """(() => {
            const part = document.activeElement.closest("[data-region], [data-contacts] > aside");
            return part?.getAttribute("aria-label") ?? part?.tagName ?? "nowhere";
        })()"""
    )
    assert isinstance(found, str)
    return found


async def test_f6_goes_from_part_to_part_and_back_to_where_one_was(office: Office) -> None:
    page = await office.page("101")
    await _ready(page)
    await open_chat(page, "Bob Böhm")
    cem = await open_chat(page, "Cem Çelik")
    await expect(cem.get_by_role("textbox", name="Message to Cem Çelik")).to_be_focused()
    await page.keyboard.press("F6")
    await expect(page.get_by_role("link", name="Home")).to_be_focused()
    await page.keyboard.press("F6")
    await expect(page.get_by_role("main")).to_be_focused()
    await office.shot(page, "part-main-light")
    await page.keyboard.press("F6")
    search = contacts(page).get_by_role("textbox", name="Search people and numbers")
    assert await _part(page) == "Contacts"
    await search.focus()
    await page.keyboard.press("F6")
    assert await _part(page) == "Chat with Bob Böhm"
    await page.keyboard.press("F6")
    assert await _part(page) == "Chat with Cem Çelik"
    await cem.get_by_role("button", name="Emoji").focus()
    for expected in ("Chat with Bob Böhm", "Contacts"):
        await page.keyboard.press("Shift+F6")
        assert await _part(page) == expected
    await expect(search).to_be_focused()
    for expected in ("Chat with Bob Böhm", "Chat with Cem Çelik"):
        await page.keyboard.press("F6")
        assert await _part(page) == expected
    await expect(cem.get_by_role("button", name="Emoji")).to_be_focused()


async def test_the_switcher_opens_a_conversation_by_a_few_letters_of_its_name(office: Office) -> None:
    group = await office.chat("101", "102", "103")
    await office.engine.services.conversations.rename(office.principal("101"), group, "Lunch")
    await office.say("102", group, "Soup or salad?")
    page = await office.page("101")
    await _ready(page)
    window = await open_chat(page, "Bob Böhm")
    await expect(window.get_by_role("textbox", name="Message to Bob Böhm")).to_be_focused()
    await page.keyboard.type("Half a sentence")
    await page.keyboard.press("Control+K")
    field = page.get_by_role("combobox", name="Name of a person or a conversation")
    await expect(field).to_be_focused()
    await expect(page.get_by_role("option").first).to_contain_text("Lunch")  # it waits to be read
    assert await flaws(page) == ""
    await page.keyboard.type("lun")
    await expect(page.get_by_role("option")).to_have_count(1)
    await office.shot(page, "switcher-light")
    await page.keyboard.press("Enter")
    await expect(_composer_of(page, "Lunch")).to_be_focused()
    await expect(field).to_be_hidden()
    # To somebody there is no conversation with yet.
    await page.keyboard.press("Control+K")
    await page.keyboard.type("celik")
    await expect(page.get_by_role("option", name="Cem Çelik 103")).to_be_visible()
    await expect(page.get_by_test_id("announcer")).to_contain_text("found")
    await page.keyboard.press("ArrowUp")
    await expect(page.get_by_role("option", selected=True)).to_contain_text("103")
    assert await flaws(page) == ""
    await page.keyboard.press("Enter")
    await expect(_composer_of(page, "Cem Çelik")).to_be_focused()
    # One that is open already, and back: nothing that was written is lost.
    await page.keyboard.press("Control+K")
    await page.keyboard.type("böhm")
    await expect(page.get_by_role("option").first).to_contain_text("Bob Böhm")
    await page.keyboard.press("Enter")
    await expect(_composer_of(page, "Bob Böhm")).to_be_focused()
    await expect(_composer_of(page, "Bob Böhm")).to_have_value("Half a sentence")
    await page.keyboard.press("Control+K")
    await page.keyboard.type("zzzz")
    await expect(page.get_by_text("Nobody and no conversation found.")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(_composer_of(page, "Bob Böhm")).to_be_focused()


async def test_the_switcher_begins_a_text_to_somebody_outside(office: Office) -> None:
    page = await office.page("101", color_scheme="dark")
    await _ready(page)
    await page.keyboard.press("Control+K")
    await page.keyboard.type("carla")
    await expect(page.get_by_role("option", name="Carla Cruz")).to_be_visible()
    assert await flaws(page) == ""
    await office.shot(page, "switcher-dark")
    await page.keyboard.press("Enter")
    window = new_conversation(page)
    await expect(window.get_by_test_id("kind")).to_contain_text("This is an SMS")
    await window.get_by_role("button", name="Close the window").click()
    # Who knows whom they want does not wait for the list.
    await page.keyboard.press("Control+K")
    await page.keyboard.type("cruz")
    await page.keyboard.press("Enter")
    await expect(window.get_by_test_id("kind")).to_contain_text("This is an SMS")
    await expect(window.get_by_test_id("chip")).to_contain_text("Carla Cruz")


async def test_what_waits_is_reached_one_after_the_other_by_a_key(office: Office) -> None:
    thread = await office.chat("102", "101")
    await office.say("102", thread, "First")
    page = await office.page("101")
    await _ready(page)
    office.text_in(CARLA, SHARED, "Second")
    tab = page.get_by_role("button", name="Open the conversation with Carla Cruz")
    await expect(tab).to_be_visible()
    await page.keyboard.press("j")
    texts = conversation(page, "SMS with Carla Cruz")
    await expect(messages(texts)).to_contain_text(["Second"])
    await expect(texts.get_by_role("textbox")).to_be_focused()
    # Here the letter is one of the text; the same with Ctrl goes on.
    await page.keyboard.press("j")
    await expect(texts.get_by_role("textbox")).to_have_value("j")
    await page.keyboard.press("Control+J")
    chat = conversation(page, "Chat with Bob Böhm")
    await expect(messages(chat)).to_contain_text(["First"])
    await expect(chat.get_by_role("textbox")).to_be_focused()
    other = await office.page("102")
    theirs = conversation(other, "Chat with Anna Adler")
    await other.goto(f"/?conversation={thread}")
    await expect(messages(theirs).last.get_by_test_id("status")).to_have_text("Read")
    await page.keyboard.press("Control+J")
    await expect(page.get_by_test_id("toast")).to_contain_text("Nothing is waiting to be read.")


async def test_all_keys_are_shown_by_a_key_and_in_the_account_menu(office: Office) -> None:
    page = await office.page("101")
    await _ready(page)
    await page.keyboard.press("?")
    overview = page.get_by_role("dialog", name="Keyboard shortcuts")
    await expect(overview).to_contain_text("To the next unread conversation")
    await expect(overview.get_by_role("region")).to_have_count(4)
    assert await flaws(page) == ""
    await office.shot(page, "keys-light")
    await page.keyboard.press("Control+K")  # what is in front comes first
    await expect(page.get_by_role("combobox", name="Name of a person")).to_have_count(0)
    await page.keyboard.press("Escape")
    await expect(overview).to_be_hidden()
    await page.get_by_role("button", name="Your account: Anna Adler").focus()
    await page.keyboard.press("Enter")
    await page.get_by_role("menuitem", name="Keyboard shortcuts").click()
    await expect(overview).to_be_visible()


async def test_who_wants_no_single_letters_turns_them_off(office: Office) -> None:
    page = await office.page("101")
    await _ready(page)
    await page.keyboard.press("/")
    search = contacts(page).get_by_role("textbox", name="Search people and numbers")
    await expect(search).to_be_focused()
    await page.keyboard.type("n?")
    await expect(search).to_have_value("n?")
    await expect(new_conversation(page)).to_have_count(0)
    await page.goto("/settings?tab=appearance")
    await settled(page)
    switch = page.get_by_role("switch", name="Single letters are shortcuts")
    await expect(switch).to_be_checked()
    await switch.focus()
    await page.keyboard.press("n")  # a switch is nothing one types into
    await expect(new_conversation(page)).to_be_visible()
    await new_conversation(page).get_by_role("button", name="Close the window").click()
    await switch.focus()
    await page.keyboard.press("Space")
    await expect(switch).not_to_be_checked()
    assert await flaws(page) == ""
    await office.shot(page, "settings-letters-light")
    await page.reload()
    await settled(page)
    await expect(switch).not_to_be_checked()
    await switch.focus()
    await page.keyboard.press("n")
    await page.keyboard.press("?")
    await page.keyboard.press("Control+/")
    overview = page.get_by_role("dialog", name="Keyboard shortcuts")
    await expect(overview).to_contain_text("They are turned off")
    await expect(overview.get_by_text("?", exact=True)).to_have_count(0)
    await expect(new_conversation(page)).to_have_count(0)


async def test_on_a_narrow_page_the_overview_and_the_switcher_fit(office: Office) -> None:
    await office.chat("101", "102", "103")
    page = await office.page("101", color_scheme="dark")
    await _ready(page)
    await page.set_viewport_size({"width": PHONE["width"], "height": PHONE["height"]})
    await page.keyboard.press("Control+/")
    await expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    assert await flaws(page) == ""
    assert await page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    await office.shot(page, "keys-phone-dark")
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await page.keyboard.press("/")  # the contacts have no room here
    await expect(page.get_by_role("option").first).to_be_visible()
    assert await flaws(page) == ""
    await office.shot(page, "switcher-phone-dark")

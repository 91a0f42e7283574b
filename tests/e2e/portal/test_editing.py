"""One's own words in a chat: said differently, taken back, and what the others see of it."""

from __future__ import annotations

import pytest
from playwright.async_api import Locator, Page, expect

from engine.accounts.models import SYSTEM, UpdateDomainSettings
from tests.e2e.portal.office import CARLA, PHONE, Office
from tests.e2e.portal.pages import conversation, messages, open_chat, write
from tests.e2e.portal.test_for_everyone import flaws

pytestmark = pytest.mark.timeout(300)  # a browser on a loaded machine


async def _two(office: Office) -> tuple[Page, Locator, Locator]:
    """Anna's page, her window with Bob, and Bob's with her in a browser of his own."""
    thread = await office.chat("101", "102")
    for text in ("We meet at nine", "In the kitchn"):
        await office.say("101", thread, text)
    anna, bob = await office.page("101"), await office.page("102")
    window, theirs = await open_chat(anna, "Bob Böhm"), await open_chat(bob, "Anna Adler")
    await expect(messages(window)).to_have_count(2)
    await expect(messages(theirs)).to_have_count(2)
    return anna, window, theirs


async def _allow(office: Office, edit_within_s: int) -> None:
    await office.engine.services.accounts.preferences.change_domain(
        SYSTEM, office.domain.id, UpdateDomainSettings(edit_within_s=edit_within_s)
    )


def _composer(window: Locator) -> Locator:
    return window.get_by_role("textbox", name="Message to Bob Böhm")


def _editor(window: Locator) -> Locator:
    return window.get_by_role("textbox", name="Your message, in other words")


async def test_arrow_up_in_an_empty_field_edits_the_last_message_and_the_other_sees_it_live(
    office: Office,
) -> None:
    anna, window, theirs = await _two(office)
    await _composer(window).focus()
    await anna.keyboard.press("ArrowUp")
    await expect(_editor(window)).to_be_focused()
    await expect(_editor(window)).to_have_value("In the kitchn")
    await expect(window.get_by_test_id("editor")).to_contain_text("Can be edited until")
    assert await flaws(anna) == ""
    await office.shot(anna, "editing-light")
    await anna.keyboard.press("Backspace")
    await anna.keyboard.type("en")
    await anna.keyboard.press("Enter")
    await expect(_composer(window)).to_be_focused()
    for side in (window, theirs):
        await expect(messages(side)).to_contain_text(["We meet at nine", "In the kitchen"])
        await expect(messages(side).last).to_contain_text("edited")
        await expect(messages(side).first).not_to_contain_text("edited")
    await expect(anna.get_by_test_id("announcer")).to_contain_text("Your message was changed.")
    assert await flaws(anna) == ""


async def test_escape_leaves_a_message_and_a_draft_as_they_were(office: Office) -> None:
    anna, window, _theirs = await _two(office)
    await _composer(window).focus()
    await anna.keyboard.press("ArrowUp")
    await expect(_editor(window)).to_be_focused()
    await anna.keyboard.type(" and something else")
    await anna.keyboard.press("Escape")
    await expect(_editor(window)).to_have_count(0)
    await expect(_composer(window)).to_be_focused()
    await expect(window).to_be_visible()
    await expect(messages(window).last).to_contain_text("In the kitchn")
    # What is being written is nobody's wish to edit: there the key moves in the text.
    await anna.keyboard.type("A draft")
    await anna.keyboard.press("ArrowUp")
    await expect(_composer(window)).to_be_focused()
    await expect(_composer(window)).to_have_value("A draft")
    await expect(_editor(window)).to_have_count(0)


async def test_the_menu_of_a_message_edits_an_earlier_one_by_keyboard(office: Office) -> None:
    anna, window, theirs = await _two(office)
    await messages(window).last.focus()
    await anna.keyboard.press("ArrowUp")
    await expect(messages(window).first).to_be_focused()
    await anna.keyboard.press("Enter")
    await expect(messages(window).first.get_by_role("button", name="React")).to_be_focused()
    await anna.keyboard.press("ArrowRight")
    await anna.keyboard.press("ArrowRight")
    await expect(messages(window).first.get_by_role("button", name="More about this message")).to_be_focused()
    await anna.keyboard.press("Enter")
    await expect(anna.get_by_role("menuitem", name="Edit")).to_be_focused()
    await expect(anna.get_by_role("group", name="Can be edited until")).to_be_visible()
    assert await flaws(anna) == ""
    await office.shot(anna, "message-menu-light")
    await anna.keyboard.press("Escape")
    await expect(messages(window).first.get_by_role("button", name="More about this message")).to_be_focused()
    await anna.keyboard.press("Enter")
    await expect(anna.get_by_role("menuitem", name="Edit")).to_be_focused()
    await anna.keyboard.press("Enter")
    await expect(_editor(window)).to_be_focused()
    await anna.keyboard.press("Control+A")
    await anna.keyboard.type("We meet at ten")
    await anna.keyboard.press("Enter")
    await expect(messages(theirs)).to_contain_text(["We meet at ten", "In the kitchn"])
    await expect(messages(theirs).first).to_contain_text("edited")
    await expect(messages(window).first).to_be_focused()


async def test_a_message_is_taken_back_and_nobody_can_read_it_any_more(office: Office) -> None:
    anna, window, theirs = await _two(office)
    await messages(window).last.hover()
    await messages(window).last.get_by_role("button", name="More about this message").click()
    await anna.get_by_role("menuitem", name="Take back").click()
    question = anna.get_by_role("alertdialog", name="Take this message back?")
    await expect(question).to_be_visible()
    assert await flaws(anna) == ""
    await office.shot(anna, "take-back-light")
    await anna.keyboard.press("Escape")
    await expect(question).to_be_hidden()
    await expect(messages(window).last).to_contain_text("In the kitchn")
    await messages(window).last.hover()
    await messages(window).last.get_by_role("button", name="More about this message").click()
    await anna.get_by_role("menuitem", name="Take back").click()
    await question.get_by_role("button", name="Take back").click()
    await expect(question).to_be_hidden()
    for side in (window, theirs):
        await expect(messages(side).last).to_contain_text("This message was taken back.")
        await expect(side).not_to_contain_text("kitchn")
        await expect(messages(side).last.get_by_role("button")).to_have_count(0)
    await expect(messages(window).last).to_be_focused()


async def test_others_messages_and_texts_have_no_such_actions(office: Office) -> None:
    _anna, _window, theirs = await _two(office)
    bob = theirs.page
    await messages(theirs).last.hover()
    await expect(messages(theirs).last.get_by_role("button", name="React")).to_be_visible()
    await expect(theirs.get_by_role("button", name="More about this message")).to_have_count(0)
    await theirs.get_by_role("textbox").focus()
    await bob.keyboard.press("ArrowUp")  # he has said nothing that he could edit
    await expect(theirs.get_by_role("textbox")).to_be_focused()
    office.text_in(CARLA, "+12025550101", "Table for two?")
    await bob.get_by_role("button", name="Open the conversation with Carla Cruz").click()
    texts = conversation(bob, "SMS with Carla Cruz")
    await write(texts, "Yes, at eight")
    await expect(messages(texts).last.get_by_test_id("status")).to_have_text("Delivered")
    await messages(texts).last.hover()
    await expect(texts.get_by_role("button", name="More about this message")).to_have_count(0)
    await texts.get_by_role("textbox").focus()
    await bob.keyboard.press("ArrowUp")
    await expect(texts.get_by_role("textbox")).to_be_focused()
    await expect(texts.get_by_test_id("editor")).to_have_count(0)


async def test_what_the_domain_no_longer_allows_is_explained_and_no_word_is_lost(office: Office) -> None:
    anna, window, theirs = await _two(office)
    await _composer(window).focus()
    await anna.keyboard.press("ArrowUp")
    await expect(_editor(window)).to_be_focused()
    await anna.keyboard.press("Control+A")
    await anna.keyboard.type("Said far too late")
    # The engine decides, whatever the page knew when the editing began.
    await _allow(office, 1)
    await anna.keyboard.press("Enter")
    await expect(window.get_by_test_id("editor")).to_contain_text("It was said too long ago to be changed.")
    await expect(_editor(window)).to_have_value("Said far too late")
    await expect(_editor(window)).to_be_focused()
    assert await flaws(anna) == ""
    await office.shot(anna, "edit-refused-light")
    # The words stay where they are while the window is away, and over a reload.
    await window.get_by_role("button", name="Minimise").click()
    await anna.reload()
    await anna.get_by_role("button", name="Open the conversation with Bob Böhm").click()
    await expect(_editor(window)).to_have_value("Said far too late")
    await anna.keyboard.press("Escape")
    await expect(_editor(window)).to_have_count(0)
    await expect(messages(theirs).last).to_contain_text("In the kitchn")
    await _composer(window).focus()
    await anna.keyboard.press("ArrowUp")
    await expect(anna.get_by_test_id("toast")).to_contain_text("Could be edited until")
    await messages(window).last.hover()
    await messages(window).last.get_by_role("button", name="More about this message").click()
    await expect(anna.get_by_role("menuitem", name="Take back")).to_be_visible()
    await expect(anna.get_by_role("menuitem", name="Edit")).to_have_count(0)
    await anna.keyboard.press("Escape")
    await _allow(office, 0)
    await expect(messages(window).last.get_by_role("button", name="More about this message")).to_be_focused()
    await anna.keyboard.press("Enter")
    await expect(
        anna.get_by_role("group", name="Your organisation does not allow editing messages")
    ).to_be_visible()


async def test_a_change_without_a_network_says_so_and_goes_through_afterwards(office: Office) -> None:
    anna, window, theirs = await _two(office)
    await _composer(window).focus()
    await anna.keyboard.press("ArrowUp")
    await expect(_editor(window)).to_be_focused()
    await anna.keyboard.press("Control+A")
    await anna.keyboard.type("On the roof")
    await anna.context.set_offline(True)
    await anna.keyboard.press("Enter")
    await expect(window.get_by_test_id("editor")).to_contain_text("No answer from Ringback")
    await expect(_editor(window)).to_have_value("On the roof")
    await anna.context.set_offline(False)
    await anna.keyboard.press("Enter")
    await expect(messages(theirs).last).to_contain_text("On the roof")
    await expect(messages(window).last).to_contain_text("On the roof")


async def test_on_a_phone_in_the_dark_a_message_is_edited_by_touch(office: Office) -> None:
    thread = await office.chat("101", "102")
    await office.say("101", thread, "A message that is long enough to need two lines, at the very least")
    page = await office.page(viewport=PHONE, has_touch=True, is_mobile=True, color_scheme="dark")
    await page.goto("/")
    await page.get_by_label("Name", exact=True).fill("101@acme.example")
    await page.get_by_label("Password", exact=True).fill("correct horse battery")
    await page.get_by_role("button", name="Log in").click()
    await expect(page.get_by_role("navigation", name="Pages")).to_be_visible()
    await page.goto(f"/?conversation={thread}")
    window = conversation(page, "Chat with Bob Böhm")
    await messages(window).get_by_role("button", name="More about this message").tap()
    await expect(page.get_by_role("menuitem", name="Edit")).to_be_visible()
    await office.shot(page, "message-menu-phone-dark")
    assert await flaws(page) == ""
    await page.get_by_role("menuitem", name="Edit").tap()
    await _editor(window).fill("Shorter")
    assert await flaws(page) == ""
    assert await page.evaluate("document.documentElement.scrollWidth") == 360
    await office.shot(page, "editing-phone-dark")
    await window.get_by_role("button", name="Save the change").tap()
    await expect(messages(window)).to_contain_text(["Shorter"])
    await expect(messages(window)).to_contain_text("edited")
    await office.shot(page, "edited-phone-dark")

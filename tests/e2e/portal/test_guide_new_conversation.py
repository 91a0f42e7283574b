"""The guide: "Starting A New Conversation", sentence by sentence."""

from __future__ import annotations

import asyncio
import re

import pytest
from playwright.async_api import Route, expect

from tests.e2e.portal.office import ANNAS, CARLA, SHARED, STRANGER, Office
from tests.e2e.portal.pages import (
    add,
    contacts,
    conversation,
    messages,
    new_conversation,
    open_chat,
    person,
    write,
)

pytestmark = pytest.mark.timeout(300)  # a browser on a loaded machine


async def test_sms_and_chat_are_available_in_the_portal_from_the_contacts_sidebar(office: Office) -> None:
    page = await office.page("101")
    await expect(person(page, "Bob Böhm").get_by_role("button", name="Chat with Bob Böhm")).to_be_attached()
    await expect(person(page, "Carla Cruz").get_by_role("button", name="Text Carla Cruz")).to_be_attached()
    await office.shot(page, "home-light")


async def test_click_the_message_icon_across_from_your_user_to_start_a_new_conversation(
    office: Office,
) -> None:
    page = await office.page("101")
    await contacts(page).get_by_role("button", name="New conversation").click()
    window = new_conversation(page)
    await expect(window.get_by_role("combobox", name="To")).to_be_focused()
    await expect(window.get_by_test_id("kind")).to_contain_text("Chat or SMS?")
    await office.shot(page, "new-conversation-empty")


async def test_enter_takes_who_was_typed_however_slow_the_answer_is(office: Office) -> None:
    page = await office.page("101")
    await contacts(page).get_by_role("button", name="New conversation").click()
    field = new_conversation(page).get_by_role("combobox", name="To")
    suggested = new_conversation(page).get_by_test_id("suggestion")
    await field.fill("c")
    await expect(suggested.filter(has_text="Carla Cruz")).to_be_visible()
    await expect(suggested.filter(has_text="Cem Çelik")).to_be_visible()
    # From now on the engine is slow to answer.
    answers = asyncio.Event()

    async def late(route: Route) -> None:
        await answers.wait()
        await route.continue_()

    await page.route("**/v1/directory?*", late)
    await field.fill("carl")
    await expect(suggested).to_have_count(1)
    await expect(suggested).to_contain_text("Carla Cruz")
    await field.fill("bob")
    await expect(suggested).to_have_count(0)
    await field.press("Enter")
    await expect(new_conversation(page).get_by_test_id("chip")).to_have_count(0)
    # Who knows whom they want does not wait for the list.
    answers.set()
    await expect(new_conversation(page).get_by_test_id("chip")).to_contain_text(["Bob Böhm"])


async def test_users_can_select_which_number_to_send_from_by_using_the_arrow_at_the_bottom(
    office: Office,
) -> None:
    page = await office.page("101")
    await contacts(page).get_by_role("button", name="New conversation").click()
    window = new_conversation(page)
    await add(window, "carla", "Carla Cruz")
    await window.get_by_test_id("from").click()
    await page.get_by_role("menuitemradio", name="+1 202-555-0101").click()
    await expect(window.get_by_test_id("kind")).to_contain_text("from +1 202-555-0101")
    await expect(window.get_by_test_id("kind")).to_contain_text("Colleagues have this number too")
    await write(window, "Lunch at noon?")
    opened = conversation(page, "SMS with Carla Cruz")
    await expect(messages(opened)).to_contain_text(["Lunch at noon?"])
    await office.smsc.until(lambda: len(office.smsc.texts) == 1)
    assert (office.smsc.texts[0].source, office.smsc.texts[0].destination) in {
        (SHARED, CARLA),
        (SHARED[1:], CARLA[1:]),
    }


async def test_available_sms_numbers_are_those_that_have_been_assigned_to_your_user(office: Office) -> None:
    page = await office.page("102")
    await contacts(page).get_by_role("button", name="New conversation").click()
    window = new_conversation(page)
    await window.get_by_test_id("from").click()
    await expect(page.get_by_role("menuitemradio")).to_have_text(["+1 202-555-0101"])
    nobodys = await office.page("103")
    await contacts(nobodys).get_by_role("button", name="New conversation").click()
    await expect(new_conversation(nobodys)).to_contain_text("You have no number to text from.")


async def test_a_chat_is_between_internal_users_and_an_sms_involves_contacts_with_numbers(
    office: Office,
) -> None:
    page = await office.page("101")
    await contacts(page).get_by_role("button", name="New conversation").click()
    window = new_conversation(page)
    await add(window, "bob", "Bob Böhm")
    await expect(window.get_by_test_id("kind")).to_contain_text("This is a chat")
    await office.shot(page, "new-conversation-chat")
    await window.get_by_role("button", name="Remove Bob Böhm").click()
    await add(window, "carla", "Carla Cruz")
    await expect(window.get_by_test_id("kind")).to_contain_text("This is an SMS")
    await add(window, "bob", "Bob Böhm")
    await expect(window.get_by_test_id("kind")).to_contain_text("cannot be in one conversation")


async def test_typing_an_extension_a_name_a_contacts_number_or_a_new_number_completes(
    office: Office,
) -> None:
    page = await office.page("101")
    await contacts(page).get_by_role("button", name="New conversation").click()
    field = new_conversation(page).get_by_role("combobox")
    for typed, found in (
        ("102", "Bob Böhm"),
        ("bohm", "Bob Böhm"),
        ("cem", "Cem Çelik"),
        ("5550123", "Carla Cruz"),
        ("(202) 555-0177", STRANGER),
    ):
        await field.fill(typed)
        await expect(page.get_by_role("option").filter(has_text=found).first).to_be_visible()


async def test_multiple_contacts_can_be_added_and_removed_by_clicking_the_x_before_sending(
    office: Office,
) -> None:
    page = await office.page("101")
    await contacts(page).get_by_role("button", name="New conversation").click()
    window = new_conversation(page)
    await add(window, "bob", "Bob Böhm")
    await add(window, "cem", "Cem Çelik")
    await expect(window.get_by_test_id("chip")).to_have_text(["Bob Böhm", "Cem Çelik"])
    await expect(window.get_by_test_id("kind")).to_contain_text("group chat")
    await window.get_by_role("button", name="Remove Cem Çelik").click()
    await expect(window.get_by_test_id("chip")).to_have_text(["Bob Böhm"])
    await write(window, "Only you")
    await expect(messages(conversation(page, "Chat with Bob Böhm"))).to_contain_text(["Only you"])


async def test_after_sending_contacts_are_removed_by_the_person_icon_in_the_top_panel_and_an_x(
    office: Office,
) -> None:
    page = await office.page("101")
    await contacts(page).get_by_role("button", name="New conversation").click()
    window = new_conversation(page)
    await add(window, "bob", "Bob Böhm")
    await add(window, "cem", "Cem Çelik")
    await write(window, "All of you")
    group = conversation(page, "Chat with Bob Böhm and Cem Çelik")
    await group.get_by_role("button", name="People in this conversation").click()
    await expect(group.get_by_role("region", name="People")).to_be_visible()
    await office.shot(page, "people")
    await group.get_by_role("button", name="Remove Cem Çelik").click()
    await expect(conversation(page, "Chat with Bob Böhm")).to_be_visible()
    await expect(page.get_by_test_id("notice").last).to_contain_text("You took Cem Çelik out")


async def test_the_message_icon_across_from_a_contact_opens_the_conversation_with_them(
    office: Office,
) -> None:
    page = await office.page("101")
    buttons = person(page, "Bob Böhm").get_by_role("button", name="Chat with Bob Böhm")
    await person(page, "Bob Böhm").hover()
    await expect(buttons).to_be_visible()
    window = await open_chat(page, "Bob Böhm")
    await expect(window.get_by_text("Nothing was said here yet.")).to_be_visible()


async def test_an_existing_conversation_will_have_been_saved_in_the_widget(office: Office) -> None:
    thread = await office.chat("102", "101")
    await office.say("102", thread, "From last week")
    page = await office.page("101")
    window = await open_chat(page, "Bob Böhm")
    await expect(messages(window)).to_contain_text(["From last week"])


async def test_segments_and_the_character_that_makes_a_text_dear_are_said_while_typing(
    office: Office,
) -> None:
    page = await office.page("101")
    await contacts(page).get_by_role("button", name="New conversation").click()
    window = new_conversation(page)
    await add(window, "carla", "Carla Cruz")
    field = window.get_by_role("textbox").last
    await field.fill("x" * 100)
    await expect(window.get_by_test_id("segments")).to_contain_text("1 segment")
    await field.fill("x" * 100 + "’")
    await expect(window.get_by_test_id("segments")).to_contain_text(re.compile("right single quotation mark"))
    await office.shot(page, "segments")
    await window.get_by_role("button", name=re.compile("Replace it")).click()
    await expect(field).to_have_value("x" * 100 + "'")


async def test_a_number_that_wants_no_texts_is_said_and_locks_the_composer(office: Office) -> None:
    page = await office.page("101")
    await contacts(page).get_by_role("button", name="New conversation").click()
    await add(new_conversation(page), "carla", "Carla Cruz")
    await write(new_conversation(page), "Hello")
    window = conversation(page, "SMS with Carla Cruz")
    await expect(messages(window)).to_have_count(1)
    office.text_in(CARLA, ANNAS, "STOP")
    await expect(window.get_by_test_id("opted-out")).to_contain_text("Carla Cruz wants no texts")
    await expect(window.get_by_role("textbox", name="Text to Carla Cruz")).to_be_disabled()
    await office.shot(page, "opted-out")

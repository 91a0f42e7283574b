"""The guide: "Button Navigation": message composition, chat or SMS, calling, more settings."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from tests.e2e.portal.office import Office
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


PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c4944415408d763f8cfc000000301"
    "0100c9fe92ef0000000049454e44ae426082"
)


async def test_type_a_message_and_hit_enter_to_send_it_and_the_other_sees_it_at_once(office: Office) -> None:
    anna, bob = await office.page("101"), await office.page("102")
    window = await open_chat(anna, "Bob Böhm")
    field = window.get_by_role("textbox", name="Message to Bob Böhm")
    await field.fill("First line")
    await field.press("Shift+Enter")
    await field.type("second line")
    await field.press("Enter")
    await expect(field).to_have_value("")
    await expect(messages(window)).to_have_count(1)
    theirs = await open_chat(bob, "Anna Adler")
    await expect(messages(theirs)).to_contain_text(["First line\nsecond line"])
    await theirs.get_by_role("textbox").type("Answ")
    await expect(window.get_by_test_id("typing")).to_contain_text("Bob Böhm is writing…")
    await write(theirs, "Answer")
    await expect(messages(window)).to_contain_text(["First line", "Answer"])
    await write(window, "And now?")
    await expect(messages(window).last.get_by_test_id("status")).to_have_text("Read")
    await office.shot(anna, "chat-light")


async def test_the_composer_includes_a_paperclip_icon_for_attachments(office: Office) -> None:
    anna, bob = await office.page("101"), await office.page("102")
    window = await open_chat(anna, "Bob Böhm")
    async with anna.expect_file_chooser() as chooser:
        await window.get_by_role("button", name="Attach files").click()
    await (await chooser.value).set_files({"name": "dot.png", "mimeType": "image/png", "buffer": PIXEL})
    await expect(window.get_by_test_id("upload")).to_contain_text("dot.png: ready")
    await write(window, "Look")
    await expect(messages(window).get_by_role("img", name="dot.png")).to_be_visible()
    theirs = await open_chat(bob, "Anna Adler")
    await expect(messages(theirs).get_by_role("img", name="dot.png")).to_be_visible()


async def test_the_composer_includes_an_emoji_icon_to_select_various_emojis(office: Office) -> None:
    page = await office.page("101")
    window = await open_chat(page, "Bob Böhm")
    await window.get_by_role("button", name="Emoji").click()
    await window.get_by_role("textbox", name="Search emoji").fill("rocket")
    await window.get_by_role("button", name="rocket", exact=True).click()
    await office.shot(page, "emoji")
    await expect(window.get_by_role("textbox", name="Message to Bob Böhm")).to_have_value("🚀")


async def test_the_conversation_widget_displays_the_type_of_conversation(office: Office) -> None:
    page = await office.page("101")
    window = await open_chat(page, "Bob Böhm")
    await expect(window.get_by_text("Chat", exact=True)).to_be_visible()
    await contacts(page).get_by_role("button", name="New conversation").click()
    await add(new_conversation(page), "carla", "Carla Cruz")
    await write(new_conversation(page), "Hi Carla")
    texts = conversation(page, "SMS with Carla Cruz")
    await expect(texts.get_by_text("SMS · +1 202-555-0100")).to_be_visible()
    await expect(messages(texts).get_by_test_id("status")).to_have_text("Delivered")
    await office.shot(page, "chat-and-sms")


async def test_the_phone_icon_calls_your_phone_and_forwards_the_call_to_the_destination(
    office: Office,
) -> None:
    page = await office.page("101")
    office.pbx.ring_s = 5  # long enough to be seen on a busy machine
    await person(page, "Bob Böhm").hover()
    await page.get_by_role("button", name="Call Bob Böhm").click()
    card = page.get_by_test_id("call")
    await expect(card).to_contain_text("Your phone is ringing")
    await office.shot(page, "call-ringing")
    await expect(card).to_contain_text("It is ringing at Bob Böhm")
    await expect(card).to_contain_text("Connected")
    await expect(card.get_by_text("on the line")).to_have_count(2)
    await card.get_by_role("button", name="Hang up").click()
    await expect(card).to_contain_text(re.compile("Canceled|over"))


async def test_a_call_can_be_canceled_while_it_rings(office: Office) -> None:
    page = await office.page("101")
    office.pbx.ring_s = 30
    window = await open_chat(page, "Bob Böhm")
    await window.get_by_role("button", name="Call Bob Böhm").click()
    card = page.get_by_test_id("call")
    await expect(card).to_contain_text("Your phone is ringing")
    await card.get_by_role("button", name="Cancel the call").click()
    await expect(card).to_have_attribute("data-status", "canceled")


async def test_the_more_icon_turns_off_notifications_renames_and_deletes(office: Office) -> None:
    page = await office.page("101")
    window = await open_chat(page, "Bob Böhm")
    await write(window, "Something")
    await expect(messages(window)).to_have_count(1)
    more = window.get_by_role("button", name="More about this conversation")
    await more.click()
    await office.shot(page, "more-menu")
    await page.get_by_role("menuitem", name="Turn notifications off").click()
    await expect(window.get_by_role("img", name="Notifications are off")).to_be_visible()
    await more.click()
    await expect(page.get_by_role("menuitem", name="Turn notifications on")).to_be_visible()
    await page.get_by_role("menuitem", name="Rename").click()
    await window.get_by_role("textbox", name="Rename the conversation").fill("Project X")
    await page.keyboard.press("Enter")
    named = conversation(page, "Chat with Project X")
    await named.get_by_role("button", name="More about this conversation").click()
    await page.get_by_role("menuitem", name="Delete").click()
    await expect(named).to_be_hidden()
    await page.get_by_role("button", name="Undo").click()
    await expect(messages(named)).to_contain_text(["Something"])


async def test_the_more_icon_leaves_it_if_there_are_multiple_members_and_can_be_undone(
    office: Office,
) -> None:
    thread = await office.chat("101", "102", "103")
    await office.say("102", thread, "Hello you two")
    page = await office.page("101")
    await page.goto(f"/?conversation={thread}")
    group = conversation(page, "Chat with Bob Böhm and Cem Çelik")
    await group.get_by_role("button", name="More about this conversation").click()
    await page.get_by_role("menuitem", name="Leave").click()
    await expect(group).to_be_hidden()
    await page.get_by_role("button", name="Undo").click()
    await expect(messages(group)).to_contain_text(["Hello you two"])
    await group.get_by_role("button", name="More about this conversation").click()
    await page.get_by_role("menuitem", name="Leave").click()
    await page.reload()  # leaving the page does not wait for the note to go away
    other = await office.page("102", viewport={"width": 1100, "height": 700})
    await other.goto(f"/?conversation={thread}")
    await expect(other.get_by_test_id("notice").last).to_contain_text("Anna Adler left")


async def test_several_windows_are_open_minimised_and_restored_after_a_reload(office: Office) -> None:
    page = await office.page("101")
    await open_chat(page, "Bob Böhm")
    cem = await open_chat(page, "Cem Çelik")
    await expect(conversation(page, "Chat with Bob Böhm")).to_be_visible()
    await cem.get_by_role("button", name="Minimise").click()
    await expect(page.get_by_test_id("dock-tab")).to_contain_text(["Cem Çelik"])
    await page.reload()
    await expect(conversation(page, "Chat with Bob Böhm")).to_be_visible()
    await page.get_by_role("button", name="Open the conversation with Cem Çelik").click()
    await expect(conversation(page, "Chat with Cem Çelik")).to_be_visible()


async def test_quick_replies_go_into_what_is_being_written(office: Office) -> None:
    from engine.conversations.quick_replies import CreateQuickReply

    await office.engine.services.quick_replies.create(
        office.principal("101"),
        CreateQuickReply(text="We are open from 9 to 5.", title="Hours", shared=False),
    )
    page = await office.page("101")
    window = await open_chat(page, "Bob Böhm")
    await window.get_by_role("button", name="Quick replies").click()
    await window.get_by_role("button", name="Hours").click()
    await expect(window.get_by_role("textbox", name="Message to Bob Böhm")).to_have_value(
        "We are open from 9 to 5."
    )

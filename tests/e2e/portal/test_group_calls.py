"""The telephone in the windows of groups: whom to call, and both legs of that call."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from engine.conversations.models import StartConversation, Target
from engine.idempotency import Replayed
from tests.e2e.portal.office import ANNAS, CARLA, STRANGER, Office
from tests.e2e.portal.pages import conversation
from tests.e2e.portal.test_for_everyone import flaws

pytestmark = pytest.mark.timeout(300)  # a browser on a loaded machine


async def test_in_a_group_chat_one_chooses_whom_to_call_and_may_cancel(office: Office) -> None:
    thread = await office.chat("101", "102", "103")
    await office.say("102", thread, "Who is in the office?")
    page = await office.page("101")
    office.pbx.ring_s = 30
    await page.goto(f"/?conversation={thread}")
    group = conversation(page, "Chat with Bob Böhm and Cem Çelik")
    phone = group.get_by_role("button", name="Call somebody in this conversation")
    await phone.focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("menuitem")).to_contain_text(["Bob Böhm102", "Cem Çelik103"])
    await expect(page.get_by_role("menuitem").first).to_be_focused()
    assert await flaws(page) == ""
    await office.shot(page, "call-menu-light")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    card = page.get_by_test_id("call")
    await expect(card.get_by_role("heading", name="Call to Cem Çelik")).to_be_visible()
    await expect(card).to_contain_text("Your phone is ringing")
    await expect(card).to_contain_text("waiting")  # the other phone
    await card.get_by_role("button", name="Cancel the call").focus()
    await page.keyboard.press("Enter")
    await expect(card).to_have_attribute("data-status", "canceled")


async def test_in_a_group_of_texts_my_phone_rings_and_then_theirs(office: Office) -> None:
    services = office.engine.services
    to = (Target(number=CARLA), Target(number=STRANGER))
    started = await services.conversations.start(
        office.principal("101"), StartConversation(to=to, from_number=ANNAS), None
    )
    assert not isinstance(started, Replayed)
    page = await office.page("101", color_scheme="dark")
    office.pbx.ring_s = 5  # long enough to be seen on a busy machine
    await page.goto(f"/?conversation={started[0].conversation.id}")
    group = page.get_by_test_id("conversation")
    await group.get_by_role("button", name="Call somebody in this conversation").click()
    await expect(page.get_by_role("menuitem")).to_have_count(2)
    await office.shot(page, "call-menu-dark")
    await page.get_by_role("menuitem", name="Carla Cruz").click()
    card = page.get_by_test_id("call")
    await expect(card).to_contain_text("Your phone is ringing")
    await expect(card).to_contain_text("It is ringing at Carla Cruz")
    await expect(card.get_by_text("on the line")).to_have_count(2)
    assert await flaws(page) == ""
    await card.get_by_role("button", name="Hang up").click()
    await expect(card.get_by_role("button", name="Hang up")).to_have_count(0)

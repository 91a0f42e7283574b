"""What is on the screen is what happened: lost networks, refusals, reloads, readers of the past."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import Route, expect

from tests.e2e.portal.office import PATIENCE_MS, Office
from tests.e2e.portal.pages import (
    add,
    contacts,
    conversation,
    messages,
    new_conversation,
    open_chat,
    settled,
    until,
    write,
)

pytestmark = pytest.mark.timeout(300)  # a browser on a loaded machine


async def test_a_lost_network_is_shown_though_the_socket_fires_no_close_event(office: Office) -> None:
    page = await office.page("101")
    await expect(contacts(page)).to_be_visible()
    await settled(page)
    await page.context.set_offline(True)
    await expect(page.get_by_test_id("stale")).to_contain_text("Not connected. What you see is from")
    await office.shot(page, "stale")
    await page.context.set_offline(False)
    await expect(page.get_by_test_id("stale")).to_be_hidden()


async def test_what_is_written_without_a_network_survives_a_reload_and_goes_out_once(
    office: Office,
) -> None:
    page = await office.page("101")
    window = await open_chat(page, "Bob Böhm")
    await expect(window.get_by_text("Nothing was said here yet.")).to_be_visible()
    await page.evaluate("navigator.serviceWorker.ready.then(() => 1)")
    await until(page, "navigator.serviceWorker.controller !== null")
    await settled(page)
    await page.context.set_offline(True)
    await write(window, "Written in a tunnel")
    await expect(window.get_by_test_id("pending").get_by_test_id("status")).to_have_text(
        "Waits until you are connected again"
    )
    await page.reload()  # the shell comes from the browser itself
    await expect(page.get_by_text("Ringback cannot be reached")).to_be_visible()
    await page.context.set_offline(False)
    await expect(messages(conversation(page, "Chat with Bob Böhm"))).to_contain_text(["Written in a tunnel"])
    await expect(page.get_by_test_id("pending")).to_have_count(0)
    await expect(messages(conversation(page, "Chat with Bob Böhm"))).to_have_count(1)


async def test_a_text_that_waited_for_minutes_asks_before_it_goes_out(office: Office) -> None:
    page = await office.page("101")
    await contacts(page).get_by_role("button", name="New conversation").click()
    await add(new_conversation(page), "carla", "Carla Cruz")
    await write(new_conversation(page), "First")
    window = conversation(page, "SMS with Carla Cruz")
    await expect(messages(window)).to_have_count(1)
    await settled(page)
    await page.context.set_offline(True)
    await write(window, "I am five minutes away")
    await expect(window.get_by_test_id("pending")).to_have_count(1)
    await page.evaluate("const now = Date.now; Date.now = () => now() + 6 * 60_000;0")
    await page.context.set_offline(False)
    await expect(window.get_by_test_id("pending")).to_contain_text("not sent yet. Send it now?")
    assert len(office.smsc.texts) == 1
    await window.get_by_role("button", name="Send now").click()
    await expect(messages(window)).to_contain_text(["First", "I am five minutes away"])


async def test_a_message_that_was_refused_says_why_and_can_be_sent_again_or_discarded(
    office: Office,
) -> None:
    from engine.accounts.models import SYSTEM, UpdateUser

    page = await office.page("101")
    await contacts(page).get_by_role("button", name="New conversation").click()
    await add(new_conversation(page), "carla", "Carla Cruz")
    await write(new_conversation(page), "First")
    window = conversation(page, "SMS with Carla Cruz")
    await expect(messages(window)).to_have_count(1)
    users = office.engine.services.accounts.users
    await users.update(SYSTEM, office.users["101"].id, UpdateUser(sms_enabled=False))
    await write(window, "Second")
    await expect(window.get_by_test_id("pending")).to_contain_text(
        "Not sent: Texting is switched off for you."
    )
    await office.shot(page, "failed")
    await users.update(SYSTEM, office.users["101"].id, UpdateUser(sms_enabled=True))
    await window.get_by_role("button", name="Try again").click()
    await expect(messages(window)).to_contain_text(["First", "Second"])


async def test_news_that_overtakes_the_answer_to_an_earlier_question_stays(office: Office) -> None:
    page = await office.page()
    frames: list[str | bytes] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: frames.append(frame)))
    await office.log_in(page, "101")
    held: list[str] = []

    async def hold(route: Route) -> None:
        answer = await route.fetch()
        held.append(await answer.text())
        async with asyncio.timeout(PATIENCE_MS / 1_000):
            while not any('"delivered"' in str(frame) for frame in frames):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        await route.fulfill(response=answer)

    await contacts(page).get_by_role("button", name="New conversation").click()
    await add(new_conversation(page), "carla", "Carla Cruz")
    office.smsc.configure(receipt_delay_s=5.0)  # on any machine the question is answered first
    await page.route("**/timeline?*", hold, times=1)
    await write(new_conversation(page), "Hi Carla")
    window = conversation(page, "SMS with Carla Cruz")
    await expect(messages(window).get_by_test_id("status")).to_have_text("Delivered")
    await expect(messages(window)).to_have_count(1)
    assert len(held) == 1
    assert '"delivered"' not in held[0]


async def test_reading_the_past_is_not_disturbed_and_a_pill_says_what_is_new(office: Office) -> None:
    thread = await office.chat("102", "101")
    for number in range(60):
        await office.say("102", thread, f"Line {number}\nwith a second line")
    page = await office.page("101")
    await page.goto(f"/?conversation={thread}")
    window = conversation(page, "Chat with Bob Böhm")
    await expect(messages(window).first).to_be_attached()
    box = window.locator("[data-testid=message]").first.locator("xpath=ancestor::*[@class][2]")
    scroller = await box.evaluate_handle(
        "one => { while (getComputedStyle(one).overflowY !== 'auto') one = one.parentElement; return one; }"
    )
    await settled(page)
    # The page has to know of it before there is news, or it takes the reader along.
    await scroller.evaluate(
        """(one) => new Promise((done) => {
            one.addEventListener("scroll", () => requestAnimationFrame(() => done()), { once: true });
            one.scrollTop = 600;
        })"""
    )
    before = await scroller.evaluate("one => one.scrollTop")
    await office.say("102", thread, "News")
    pill = window.get_by_role("button", name="1 new message")
    await expect(pill).to_be_visible()
    assert await scroller.evaluate("one => one.scrollTop") == before
    await office.shot(page, "pill")
    await pill.click()
    await expect(messages(window).last).to_be_in_viewport()
    await expect(pill).to_be_hidden()


async def test_a_draft_is_there_after_a_reload_and_on_the_other_screen(office: Office) -> None:
    page = await office.page("101")
    window = await open_chat(page, "Bob Böhm")
    async with page.expect_response(lambda one: one.url.endswith("/draft"), timeout=PATIENCE_MS):
        await window.get_by_role("textbox").fill("Half a thought")
    await page.reload()
    await expect(window.get_by_role("textbox")).to_have_value("Half a thought")
    other = await office.page("101")
    theirs = await open_chat(other, "Bob Böhm")
    await expect(theirs.get_by_role("textbox")).to_have_value("Half a thought")

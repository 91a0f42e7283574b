"""Listening to voicemail, and the log of calls."""

from __future__ import annotations

from playwright.async_api import expect

from tests.e2e.portal.lively import LivelyOffice, until
from tests.e2e.portal.office import STRANGER
from tests.e2e.portal.test_guide_messages import row, weight


async def test_a_voicemail_is_heard_moved_and_deleted_with_time_to_think_again(lively: LivelyOffice) -> None:
    page = await lively.office.page("101")
    await page.goto("/messages")
    new = row(page, "Carla Cruz")
    await expect(new).to_contain_text("not heard yet")
    await new.get_by_role("button", name="Play the message from Carla Cruz").click()
    slider = new.get_by_role("slider")
    await page.wait_for_function("() => document.querySelector('main audio').currentTime > 0.2")
    await expect(new).not_to_contain_text("not heard yet")
    await expect(page.get_by_role("tab", name="Voicemail", exact=True)).to_be_visible()
    assert await weight(new.get_by_role("rowheader")) < 700
    # The recording comes in parts, so any place in it can be reached.
    await slider.fill("1")
    await page.wait_for_function("() => document.querySelector('main audio').currentTime >= 1")
    await new.get_by_role("button", name="More about the message from Carla Cruz").click()
    await page.get_by_role("menuitemradio", name="Family").click()
    await expect(new).to_contain_text("Family")
    await new.get_by_role("button", name="Delete the message from Carla Cruz").click()
    await expect(new).to_have_count(0)
    await page.get_by_role("button", name="Undo").click()
    await expect(new).to_be_visible()
    await new.get_by_role("button", name="Delete the message from Carla Cruz").click()
    await expect(new).to_have_count(0)
    # Whoever leaves the page means it.
    await page.goto("about:blank")
    assert await until(lambda: _has(lively, 1))


async def test_a_voicemail_is_forwarded_and_its_caller_called_back(lively: LivelyOffice) -> None:
    page = await lively.office.page("101")
    await page.goto("/messages")
    new = row(page, "Carla Cruz")
    await new.get_by_role("button", name="More about the message from Carla Cruz").click()
    await page.get_by_role("menuitem", name="Forward").click()
    dialog = page.get_by_role("dialog", name="Forward the message from Carla Cruz")
    await dialog.get_by_label("To").select_option(label="Bob Böhm (102)")
    await dialog.get_by_role("button", name="Forward").click()
    await expect(dialog).to_have_count(0)
    bob = await lively.office.page("102")
    await bob.goto("/messages")
    await expect(row(bob, "Carla Cruz")).to_be_visible()
    await new.get_by_role("button", name="Call Carla Cruz back").click()
    await until(lambda: _called(lively, "2025550123"))


async def test_missed_calls_stand_out_until_the_log_was_seen_and_are_called_back(
    lively: LivelyOffice,
) -> None:
    page = await lively.office.page("101")
    await page.get_by_role("link", name="Calls 1 missed").click()
    missed = row(page, "+1 202-555-0177")
    await expect(missed).to_contain_text("Incoming, missed")
    assert await weight(missed.get_by_role("rowheader")) >= 700
    await expect(page.get_by_role("link", name="Calls", exact=True)).to_be_visible()
    had = row(page, "Bob Böhm")
    await expect(had).to_contain_text("Outgoing, answered")
    await expect(had).to_contain_text("2:05")
    await page.get_by_label("Show").select_option("Missed")
    await expect(had).to_have_count(0)
    await missed.get_by_role("button", name="Call +1 202-555-0177").click()
    await until(lambda: _called(lively, STRANGER.removeprefix("+1")))
    # The call that goes on is shown, as the phone system sees it.
    await expect(page.get_by_role("heading", name="Right now")).to_be_visible()


async def _has(lively: LivelyOffice, count: int) -> bool:
    return await lively.voicemails("101") == count


async def _called(lively: LivelyOffice, digits: str) -> bool:
    return any(digits in str(dict(one)) for one in lively.office.pbx.asked("Originate"))

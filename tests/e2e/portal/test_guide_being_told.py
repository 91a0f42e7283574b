"""The guide: "Receiving Notifications", "Chatting with Offline Users", "Missed Messages"."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from tests.e2e.portal.office import ANNAS, CARLA, Office
from tests.e2e.portal.pages import contacts, conversation, messages, open_chat, person, until

pytestmark = pytest.mark.timeout(300)  # a browser on a loaded machine


#: Counts what the page sounds and shows, in place of loudspeaker and desktop.
_EARS = """
window.tones = 0;
window.shown = [];
const start = OscillatorNode.prototype.start;
OscillatorNode.prototype.start = function (when) { window.tones += 1; return start.call(this, when); };
window.Notification = class {
  static permission = "granted";
  static requestPermission = async () => "granted";
  constructor(title, options) { window.shown.push({ title, ...options }); this.tag = options.tag; }
  close() { window.shown = window.shown.filter((one) => one.tag !== this.tag); this.onclose?.(); }
};
"""
#: As if the person were looking at another window.
_ELSEWHERE = "document.hasFocus = () => false; window.dispatchEvent(new Event('blur'));0"


async def _with_ears(office: Office, who: str, **options: object) -> Page:
    page = await office.page(**options)
    await page.context.add_init_script(_EARS)
    await office.log_in(page, who)
    await office.reported(who)
    return page


async def test_an_audible_tone_and_the_minimised_widget_turns_green(office: Office) -> None:
    thread = await office.chat("102", "101")
    page = await _with_ears(office, "101")
    await open_chat(page, "Bob Böhm")
    # The engine has to know that nobody looks at it any more before there is news.
    await office.looks_at("101", thread)
    await conversation(page, "Chat with Bob Böhm").get_by_role("button", name="Minimise").click()
    await office.looks_at("101", thread, no_more=True)
    await office.say("102", thread, "Are you there?")
    tab = page.get_by_test_id("dock-tab")
    await expect(tab).to_have_attribute("data-new", "")
    await expect(tab).to_contain_text("1 unread message")
    await until(page, "window.tones > 0")
    await expect(page).to_have_title("(1) Ringback")
    await office.shot(page, "minimised-green")
    await tab.get_by_role("button", name="Open the conversation").click()
    await expect(page.get_by_text("New", exact=True)).to_be_visible()
    await expect(page).to_have_title("Ringback")


async def test_a_browser_notification_if_you_are_not_active_on_the_portal_screen(office: Office) -> None:
    page = await _with_ears(office, "101")
    await expect(contacts(page)).to_be_visible()
    await page.evaluate(_ELSEWHERE)
    office.text_in(CARLA, ANNAS, "Where are you?")
    await until(page, "window.shown.length === 1")
    shown = await page.evaluate("window.shown[0]")
    assert "Carla Cruz" in shown["title"]
    assert shown["body"] == "Where are you?"


async def test_one_sound_and_one_notification_however_many_tabs_and_none_once_it_is_read(
    office: Office,
) -> None:
    first = await _with_ears(office, "101")
    second = await office.tab(first.context)
    await second.goto("/")
    await expect(contacts(second)).to_be_visible()
    for page in (first, second):
        await page.evaluate(_ELSEWHERE)
    thread = await office.chat("102", "101")
    await office.say("102", thread, "One of you only")
    for page in (first, second):
        await expect(page.get_by_test_id("dock-tab")).to_have_attribute("data-new", "")
    counts = "[window.shown.length, Math.min(window.tones, 1)]"
    told: list[list[int]] = []
    while sum(one[0] for one in told) < 1:
        told = [await page.evaluate(counts) for page in (first, second)]
    assert sorted(told) == [[0, 0], [1, 1]]
    await office.engine.services.conversations.read(office.principal("101"), thread, None)
    for page in (first, second):
        await until(page, "window.shown.length === 0")


async def test_a_chat_to_a_user_who_is_not_logged_in_is_there_at_their_next_log_in(office: Office) -> None:
    anna = await office.page("101")
    await expect(person(anna, "Cem Çelik").get_by_role("img", name="Not logged in")).to_be_visible()
    window = await open_chat(anna, "Cem Çelik")
    await window.get_by_role("textbox").fill("Call me when you are in")
    await window.get_by_role("textbox").press("Enter")
    await expect(messages(window)).to_have_count(1)
    cem = await office.page("103")
    await expect(cem).to_have_title("(1) Ringback")
    await expect(messages(await open_chat(cem, "Anna Adler"))).to_contain_text(["Call me when you are in"])


async def test_logged_in_users_are_indicated_by_the_green_presence_icon(office: Office) -> None:
    anna = await office.page("101")
    icon = person(anna, "Bob Böhm").get_by_role("img")
    await expect(icon).to_have_attribute("aria-label", "Not logged in")
    await office.page("102")
    await expect(icon).to_have_attribute("aria-label", "Logged in")
    await expect(icon).to_have_css("background-color", "rgb(28, 138, 69)")


async def test_an_inbound_text_opens_a_green_tab_and_its_sender_can_be_answered(office: Office) -> None:
    page = await office.page("101")
    await expect(contacts(page)).to_be_visible()
    office.text_in(CARLA, ANNAS, "Is the table free?")
    tab = page.get_by_test_id("dock-tab")
    await expect(tab).to_have_attribute("data-new", "")
    await tab.get_by_role("button", name="Open the conversation with Carla Cruz").click()
    window = conversation(page, "SMS with Carla Cruz")
    await expect(messages(window)).to_contain_text(["Is the table free?"])
    await window.get_by_role("textbox").fill("It is.")
    await window.get_by_role("textbox").press("Enter")
    await office.smsc.until(lambda: len(office.smsc.texts) == 1)

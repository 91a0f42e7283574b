"""By keyboard, by screen reader, in the dark, on a phone, from right to left, in another language."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import Page, expect

from portal.build import PORTAL
from tests.e2e.portal.office import PHONE, Office
from tests.e2e.portal.pages import (
    STANDS,
    add,
    contacts,
    conversation,
    messages,
    new_conversation,
    open_chat,
    person,
    until,
    write,
)

pytestmark = pytest.mark.timeout(300)  # a browser on a loaded machine


_AXE = (PORTAL / "node_modules" / "axe-core" / "axe.min.js").read_text()


async def flaws(page: Page) -> str:
    """What axe finds on the page as it is now. Evaluated from outside, so the policy stays as it is."""
    await until(page, STANDS)
    await page.evaluate(f"{_AXE};0")
    found: dict[str, Any] = await page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
    # While a list or menu is open its library hides the rest from screen readers; leaving the list closes
    # it, so nobody can focus what is hidden, which axe cannot know. The page's own landmarks are looked at
    # in every state without one.
    behind = await page.locator("[data-base-ui-inert]").count() > 0
    passed_over = {"aria-hidden-focus", "landmark-one-main", "page-has-heading-one"} if behind else set()
    return "\n".join(
        f"{one['id']}: {node['target']} {node['html'][:120]}"
        for one in found["violations"]
        for node in one["nodes"]
        if one["id"] not in passed_over
    )


async def _every_state(office: Office, page: Page, shot: str) -> None:
    assert await flaws(page) == ""
    await contacts(page).get_by_role("button", name="New conversation").click()
    window = new_conversation(page)
    await window.get_by_role("combobox").fill("c")
    await expect(page.get_by_role("option").first).to_be_visible()
    assert await flaws(page) == ""
    await add(window, "carla", "Carla Cruz")
    await expect(window.get_by_test_id("kind")).to_contain_text("This is an SMS")
    await window.get_by_test_id("from").click()
    assert await flaws(page) == ""
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("menu")).to_have_count(0)
    await write(window, "Is the table free? " + "x" * 150)
    texts = conversation(page, "SMS with Carla Cruz")
    await expect(messages(texts).get_by_test_id("status")).to_have_text("Delivered")
    chat = await open_chat(page, "Bob Böhm")
    await write(chat, "Hello Bob")
    await expect(messages(chat)).to_have_count(1)
    await chat.get_by_role("button", name="More about this conversation").click()
    await expect(page.get_by_role("menuitem", name="Rename")).to_be_visible()
    assert await flaws(page) == ""
    await page.keyboard.press("Escape")
    await chat.get_by_role("button", name="People in this conversation").click()
    await expect(chat.get_by_role("region", name="People")).to_be_visible()
    assert await flaws(page) == ""
    await chat.get_by_role("button", name="People in this conversation").click()
    await texts.get_by_role("button", name="Emoji").click()
    await expect(texts.get_by_role("button", name="grinning face", exact=True)).to_be_visible()
    assert await flaws(page) == ""
    await page.keyboard.press("Escape")
    await office.shot(page, shot)


async def test_axe_finds_nothing_on_any_state_in_light(office: Office) -> None:
    page = await office.page(color_scheme="light")
    await page.goto("/")
    await expect(page.get_by_role("heading", name="Log in")).to_be_visible()
    assert await flaws(page) == ""
    await office.shot(page, "log-in-light")
    await office.log_in(page, "101")
    await _every_state(office, page, "all-light")


async def test_axe_finds_nothing_on_any_state_in_the_dark(office: Office) -> None:
    page = await office.page("101", color_scheme="dark")
    await _every_state(office, page, "all-dark")


async def test_a_whole_conversation_by_keyboard(office: Office) -> None:
    page = await office.page("101")
    await contacts(page).get_by_role("textbox", name="Search people and numbers").focus()
    await page.keyboard.type("bob")
    await expect(person(page, "Bob Böhm")).to_be_visible()
    await page.keyboard.press("ArrowDown")
    await expect(person(page, "Bob Böhm")).to_be_focused()
    await page.keyboard.press("ArrowRight")
    await expect(page.get_by_role("button", name="Call Bob Böhm").first).to_be_focused()
    await page.keyboard.press("ArrowLeft")
    await page.keyboard.press("Enter")
    window = conversation(page, "Chat with Bob Böhm")
    await expect(window.get_by_role("textbox", name="Message to Bob Böhm")).to_be_focused()
    await page.keyboard.type("By keyboard")
    await page.keyboard.press("Enter")
    await expect(messages(window)).to_have_count(1)
    await messages(window).focus()
    await page.keyboard.press("Enter")
    await expect(window.get_by_role("button", name="React")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(messages(window)).to_be_focused()
    await window.get_by_role("button", name="More about this conversation").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("menuitem", name="Turn notifications off")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(window.get_by_role("button", name="More about this conversation")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(page.get_by_test_id("dock-tab")).to_be_visible()


async def test_what_comes_in_is_said_by_the_one_polite_announcer(office: Office) -> None:
    thread = await office.chat("102", "101")
    page = await office.page("101")
    window = await open_chat(page, "Bob Böhm")
    await expect(
        window.get_by_text("You started the conversation").or_(window.get_by_test_id("notice"))
    ).to_be_visible()
    assert await page.locator("[aria-live]").count() == 1
    await office.say("102", thread, "Listen to this")
    await expect(page.get_by_test_id("announcer")).to_contain_text("Bob Böhm: Listen to this")


async def test_on_a_phone_a_conversation_fills_the_page_and_nothing_is_cut_off(office: Office) -> None:
    page = await office.page(viewport=PHONE, has_touch=True, is_mobile=True)
    await page.goto("/contacts")
    await page.get_by_label("Name", exact=True).fill("101@acme.example")
    await page.get_by_label("Password", exact=True).fill("correct horse battery")
    await page.get_by_role("button", name="Log in").click()
    await expect(person(page, "Bob Böhm")).to_be_visible()
    await office.shot(page, "phone-contacts")
    await page.get_by_role("button", name="Chat with Bob Böhm").tap()
    window = conversation(page, "Chat with Bob Böhm")
    await write(window, "From the road, with a line that is long enough to need a second one")
    await expect(messages(window)).to_have_count(1)
    box = await window.bounding_box()
    assert box == {"x": 0, "y": 0, "width": 360, "height": 740}
    small = await window.locator("header button:visible").evaluate_all(
        "all => all.filter((one) => one.offsetWidth < 44 || one.offsetHeight < 44).map((one) => one.title)"
    )
    assert small == []
    assert await page.evaluate("document.documentElement.scrollWidth") == 360
    await office.shot(page, "phone-chat")
    await window.get_by_role("button", name="Back", exact=True).tap()
    await expect(window).to_be_hidden()


async def test_from_right_to_left_everything_changes_sides_and_nothing_is_cut_off(office: Office) -> None:
    page = await office.page("101")
    await page.evaluate("localStorage.setItem('ringback.preferences', JSON.stringify({ direction: 'rtl' }))")
    await page.reload()
    window = await open_chat(page, "Bob Böhm")
    await write(window, "مرحبا, Bob")
    await expect(messages(window)).to_have_count(1)
    side = await contacts(page).bounding_box()
    assert side is not None
    assert side["x"] == 0
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await office.shot(page, "rtl")


async def test_everything_speaks_german_where_the_browser_does(office: Office) -> None:
    page = await office.page(locale="de-DE")
    await page.goto("/")
    await page.get_by_label("Name", exact=True).fill("101@acme.example")
    await page.get_by_label("Passwort", exact=True).fill("correct horse battery")
    await page.get_by_role("button", name="Anmelden").click()
    await page.get_by_role("button", name="Neue Unterhaltung").click()
    await expect(page.get_by_text("Chat oder SMS?")).to_be_visible()
    assert await page.evaluate("document.documentElement.lang") == "de"
    await office.shot(page, "german")


async def test_nothing_that_anybody_writes_is_ever_run(office: Office) -> None:
    corpus = (
        "<script>window.hit = 1</script>",
        "<img src=x onerror='window.hit = 1'>",
        "<svg/onload=window.hit=1>",
        "javascript:window.hit=1",
        'https://a.example/"onmouseover="window.hit=1',
        "[x](javascript:window.hit=1)",
        "{{constructor.constructor('window.hit=1')()}}",
        "<iframe srcdoc='<script>parent.hit=1</script>'>",
        "{name}, {count, plural, other {#}} '{' <b>bold</b>",
        "\u202e\u2066<a href=javascript:window.hit=1>x</a>\u0000"[:-1],
    )
    thread = await office.chat("102", "101")
    for text in corpus:
        await office.say("102", thread, text)
    await office.engine.services.conversations.rename(office.principal("102"), thread, corpus[1])
    page = await office.page("101")
    await page.goto(f"/?conversation={thread}")
    window = page.get_by_test_id("conversation")
    await expect(messages(window)).to_have_count(len(corpus))
    for text, row in zip(corpus, await messages(window).all(), strict=True):
        assert text in await row.inner_text()
    assert await page.evaluate("window.hit") is None
    assert await window.locator("script, iframe, img[src=x]").count() == 0
    hrefs = await window.locator("a").evaluate_all("all => all.map((one) => one.protocol)")
    assert set(hrefs) <= {"http:", "https:"}

"""Forced colours and reduced motion: what is shown by a colour or a movement is shown otherwise as well."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image, ImageChops
from playwright.async_api import FloatRect, Locator, Page, Route, expect

from engine.presence.models import SetStatus, Status
from tests.e2e.portal.lively import LivelyOffice
from tests.e2e.portal.office import Office
from tests.e2e.portal.pages import (
    contacts,
    conversation,
    messages,
    new_conversation,
    open_chat,
    person,
    settled,
    until,
)
from tests.e2e.portal.test_for_everyone import _every_state as every_state

pytestmark = pytest.mark.timeout(300)  # a browser on a loaded machine

FORCED: dict[str, Any] = {"forced_colors": "active", "reduced_motion": "reduce"}
DRESSES: dict[str, dict[str, Any]] = {
    "as it is": {},
    "forced light": {**FORCED, "color_scheme": "light"},
    "forced dark": {**FORCED, "color_scheme": "dark"},
}
#: Lasting longer than a picture: what runs for less is no movement.
_COVERED = """(one) => {
    const { left, top, width, height } = one.getBoundingClientRect();
    const on_top = document.elementFromPoint(left + width / 2, top + height / 2);
    const over = on_top?.closest("section[data-testid*=conversation]");
    return over != null && !over.contains(one);
}"""
_RUNNING = """document.getAnimations().filter((one) => one.playState === "running"
    && one.effect.getComputedTiming().activeDuration > 20).length"""


async def place(page: Page, of: Locator, around: int = 0) -> FloatRect:
    """Where that is, as far as it is on the screen."""
    box, size = await of.bounding_box(), page.viewport_size
    assert box is not None
    assert size is not None
    left, top = max(0, int(box["x"]) - around), max(0, int(box["y"]) - around)
    right = min(size["width"], int(box["x"] + box["width"]) + around + 1)
    bottom = min(size["height"], int(box["y"] + box["height"]) + around + 1)
    return {"x": left, "y": top, "width": right - left, "height": bottom - top}


async def picture(page: Page, clip: FloatRect) -> Image.Image:
    """What is seen there now, in grey: who cannot tell colours apart sees as much."""
    return Image.open(io.BytesIO(await page.screenshot(clip=clip, animations="disabled"))).convert("L")


async def unseen_focus(page: Page, stops: int) -> list[str]:
    """Tab on, so often; what has the focus without looking any different."""
    unseen = []
    for _ in range(stops):
        await page.keyboard.press("Tab")
        focused = page.locator(":focus")
        if await focused.count() == 0:
            continue  # at the end of the page
        # What somebody's own open window covers is seen once that is minimised.
        if await focused.evaluate(_COVERED):
            continue
        where = await place(page, focused, 14)  # the ring may be that of the field around it
        element = await focused.element_handle()
        with_it = await picture(page, where)
        await element.evaluate("(one) => one.blur()")
        without = await picture(page, where)
        if ImageChops.difference(with_it, without).getextrema()[1] < 40:
            unseen.append(await element.evaluate("(one) => one.outerHTML.slice(0, 160)"))
        await element.evaluate("(one) => one.focus()")
    return unseen


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_nothing_on_any_state_of_a_conversation_in_forced_colours(
    office: Office, scheme: str
) -> None:
    page = await office.page("101", **{**FORCED, "color_scheme": scheme})
    await every_state(office, page, f"all-forced-{scheme}")


@pytest.mark.parametrize("dress", DRESSES)
async def test_wherever_the_focus_is_it_is_seen(lively: LivelyOffice, dress: str) -> None:
    page = await lively.office.page("101", **DRESSES[dress])
    window = await open_chat(page, "Bob Böhm")
    await expect(messages(window)).to_have_count(1)
    await contacts(page).get_by_role("button", name="New conversation").click()
    await expect(new_conversation(page).get_by_role("combobox")).to_be_focused()
    await settled(page)
    await page.evaluate("document.activeElement.blur()")
    # Bar, pages, home, contacts, both windows.
    assert await unseen_focus(page, 45) == []
    # What arrows lead to: a message, and an item of a menu.
    await messages(window).focus()
    await page.keyboard.press("Shift+Tab")
    assert await unseen_focus(page, 1) == []
    await page.evaluate("history.pushState(null, '', '/settings?tab=notifications')")
    await expect(page.get_by_role("heading", level=1)).to_be_visible()
    await settled(page)
    await page.get_by_role("tab", name="Notifications").focus()
    await page.keyboard.press("Shift+Tab")
    assert await unseen_focus(page, 12) == []


@pytest.mark.parametrize("dress", DRESSES)
async def test_presence_has_a_shape_and_not_only_a_colour(office: Office, dress: str) -> None:
    await office.page("102")
    await office.page("103")
    busy = SetStatus(status=Status.AVAILABLE, text="", expires_ms=None, do_not_disturb=True)
    await office.engine.services.presence.set(office.principal("103"), busy)
    page = await office.page("101", **DRESSES[dress])
    shapes = {}
    for name, state in (("Bob Böhm", "in"), ("Cem Çelik", "busy")):
        dot = person(page, name).get_by_role("img").last
        await expect(dot).to_have_attribute("data-state", state)
        shapes[state] = shape(await picture(page, await place(page, dot)))
    await office.contexts[0].close()
    dot = person(page, "Bob Böhm").get_by_role("img").last
    await expect(dot).to_have_attribute("data-state", "out", timeout=60_000)  # after 15 s of grace
    shapes["out"] = shape(await picture(page, await place(page, dot)))
    await office.shot(page, f"presence-{dress.replace(' ', '-')}")
    for one, other in (("in", "out"), ("in", "busy"), ("out", "busy")):
        differing = sum(a != b for a, b in zip(shapes[one], shapes[other], strict=True))
        assert differing >= 8, (one, other)


def shape(dot: Image.Image) -> bytes:
    """Its pixels, each either like the edge around it or not."""
    around = dot.getpixel((0, 0))
    assert isinstance(around, int)
    return bytes(abs(pixel - around) > 60 for pixel in dot.tobytes())


@pytest.mark.parametrize("dress", DRESSES)
async def test_what_is_chosen_is_marked_by_more_than_a_colour(lively: LivelyOffice, dress: str) -> None:
    page = await lively.office.page("101", **DRESSES[dress])
    link = page.get_by_role("link", name="Settings")
    tab = page.get_by_role("tab", name="Chat and SMS")
    await page.get_by_role("link", name="Messages").click()
    await expect(tab).to_have_attribute("aria-selected", "false")
    await settled(page)
    tab_before, link_before = [await picture(page, await place(page, one)) for one in (tab, link)]
    await tab.click()
    await expect(tab).to_have_attribute("aria-selected", "true")
    await page.mouse.move(2, 2)
    await tab.evaluate("(one) => one.blur()")
    assert differing(tab_before, await picture(page, await place(page, tab))) >= 60
    await link.click()
    await expect(link).to_have_attribute("aria-current", "page")
    await page.mouse.move(2, 2)
    await link.evaluate("(one) => one.blur()")
    if dress != "as it is":  # there it has a ground of its own, too light for this
        assert differing(link_before, await picture(page, await place(page, link))) >= 60


def differing(one: Image.Image, other: Image.Image) -> int:
    """How many pixels are clearly lighter or darker."""
    return sum(pixel > 60 for pixel in ImageChops.difference(one, other).tobytes())


async def test_nothing_moves_for_who_wants_it_still(office: Office) -> None:
    thread = await office.chat("102", "101")
    for number in range(60):
        await office.say("102", thread, f"Line {number}\nwith a second line")

    async def hold(_route: Route) -> None:
        """The answer never comes, so that the page goes on saying that it reads."""

    for wish, moves in (("no-preference", True), ("reduce", False)):
        page = await office.page("101", reduced_motion=wish)
        await page.route("**/timeline?*", hold)
        window = await open_chat(page, "Bob Böhm")
        await expect(window.get_by_test_id("loading")).to_be_visible()
        await until(page, f"({_RUNNING} > 0) === {str(moves).lower()}")
        await page.unroute("**/timeline?*")
        await page.reload()
        window = conversation(page, "Chat with Bob Böhm")
        await expect(messages(window).last).to_be_in_viewport()
        scroller = await messages(window).last.evaluate_handle(
            """(one) => {
                while (getComputedStyle(one).overflowY !== "auto") one = one.parentElement;
                return one;
            }"""
        )
        await settled(page)
        # The page has to know of it before there is news, or it takes the reader along.
        await scroller.evaluate(
            """(one) => new Promise((done) => {
                one.addEventListener("scroll", () => requestAnimationFrame(() => done()), { once: true });
                one.scrollTop = 600;
            })"""
        )
        await office.say("102", thread, "News")
        pill = window.get_by_role("button", name="1 new message")
        await expect(pill).to_be_visible()
        at_once = await page.evaluate(
            """([pill, box]) => {
                pill.click();
                return box.scrollHeight - box.scrollTop - box.clientHeight < 5;
            }""",
            [await pill.element_handle(), scroller],
        )
        assert at_once is not moves
        await expect(pill).to_be_hidden()
        await page.context.close()


async def test_menus_and_dialogs_do_not_move_either(lively: LivelyOffice) -> None:
    page = await lively.office.page("101", **FORCED)
    await page.get_by_role("link", name="Office").click()
    await page.get_by_role("button", name="Add a user").click()
    await expect(page.get_by_role("dialog")).to_be_visible()
    await until(page, f"{_RUNNING} === 0")
    durations = await page.evaluate(
        """[...document.querySelectorAll("*")].map((one) => getComputedStyle(one))
            .flatMap((one) => [...one.transitionDuration.split(","), ...one.animationDuration.split(",")])
            .map(parseFloat).filter((one) => one > 0.02)"""
    )
    assert durations == []

"""Webhooks kept on the office's pages, with a receiver of the test's own that answers, or does not."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from ipaddress import ip_network
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.async_api import Page, expect
from standardwebhooks.webhooks import Webhook as Verifier

from engine.accounts.models import SYSTEM
from engine.contacts.models import CreateContact, NumberDraft
from engine.outbound import OutboundSettings
from tests.e2e.portal.looking import nothing_wrong
from tests.e2e.portal.office import CARLA, Office, open_office
from tests.e2e.portal.test_guide_messages import row
from tests.peers.receiver import a_receiver, answers

if TYPE_CHECKING:
    from playwright.async_api import Browser

HERE = OutboundSettings(allowed_networks=(ip_network("127.0.0.0/8"),))


@pytest.fixture
async def telling(built_portal: None, chromium: Browser, tmp_path: Path) -> AsyncIterator[Office]:
    """An office whose webhooks may go to this machine."""
    async with open_office(chromium, tmp_path, outbound=HERE) as office:
        yield office
        assert office.errors == []


async def _something_happens(office: Office) -> None:
    """The cheapest thing that everybody may see."""
    numbers = (NumberDraft(label="mobile", number=CARLA),)
    await office.engine.services.contacts.create(
        SYSTEM, CreateContact(domain_id=office.domain.id, name="Doro Dach", shared=True, numbers=numbers)
    )


async def _added(page: Page, url: str, *types: str) -> str:
    """A webhook made on the page for these types, or for all: its secret."""
    await page.goto("/office?tab=webhooks")
    await page.get_by_role("button", name="Add a webhook").click()
    dialog = page.get_by_role("dialog", name="Add a webhook")
    await dialog.get_by_label("Address").fill(url)
    if types:
        await dialog.get_by_role("switch", name="All events").uncheck()
        await expect(dialog.get_by_role("button", name="Save")).to_be_disabled()
    for one in types:
        await dialog.get_by_role("checkbox", name=one).check()
    await nothing_wrong(page)
    await dialog.get_by_role("button", name="Save").click()
    shown = page.get_by_role("dialog", name="Secret of the webhook")
    secret = await shown.locator("output").inner_text()
    await shown.get_by_role("button", name="Done").click()
    return secret


async def _choose(page: Page, item: str) -> None:
    await row(page, "127.0.0.1").get_by_role("button", name="More about").click()
    await page.get_by_role("menuitem", name=item).click()


async def test_a_test_event_is_sent_and_what_came_back_is_said(telling: Office) -> None:
    page = await telling.page("101")
    async with a_receiver(answers()) as receiver:
        secret = await _added(page, receiver.url, "contact.created")
        await expect(row(page, "127.0.0.1")).to_contain_text("contact.created")
        await _choose(page, "Send a test event")
        await expect(page.get_by_test_id("toast").last).to_contain_text("It answered 204")
        (request,) = await receiver.until(lambda requests: len(requests) == 1)
        assert Verifier(secret).verify(request.body, request.headers)["type"] == "webhook.test"
        receiver.behaviour = answers(500)
        await _choose(page, "Send a test event")
        await expect(page.get_by_test_id("toast").last).to_contain_text(
            "It failed: the answer was 500, not 2xx."
        )
        receiver.behaviour = answers()
        # What it asked for comes, and is listed as delivered.
        await _something_happens(telling)
        await receiver.until(lambda requests: len(requests) == 3)
        await _choose(page, "Deliveries")
        deliveries = page.get_by_role("dialog", name="Deliveries")
        await expect(deliveries.get_by_role("row", name="contact.created")).to_contain_text("delivered")
        await nothing_wrong(page)
        await telling.shot(page, "office-webhook-deliveries")


async def test_what_was_given_up_is_sent_again_when_the_receiver_is_back(telling: Office) -> None:
    page = await telling.page("101")
    async with a_receiver(answers(410)) as receiver:
        secret = await _added(page, receiver.url, "contact.*")
        await _something_happens(telling)
        await expect(row(page, "127.0.0.1")).to_contain_text("turned off: address is gone")
        await expect(row(page, "127.0.0.1").get_by_role("cell").nth(2)).to_have_text("1")
        await nothing_wrong(page)
        await telling.shot(page, "office-webhook-gone")
        await _choose(page, "Send again what was given up (1)")
        await expect(page.get_by_test_id("toast").last).to_contain_text("Turn it on first.")
        receiver.behaviour = answers()
        await _choose(page, "Turn on")
        await expect(row(page, "127.0.0.1")).not_to_contain_text("turned off")
        await _choose(page, "Send again what was given up (1)")
        await expect(page.get_by_test_id("toast").last).to_contain_text("1 event is sent again.")
        first, second = await receiver.until(lambda requests: len(requests) == 2)
        assert second.headers["webhook-id"] == first.headers["webhook-id"]
        assert Verifier(secret).verify(second.body, second.headers)["type"] == "contact.created"
        # And once more by itself, from the list of what was delivered.
        await _choose(page, "Deliveries")
        deliveries = page.get_by_role("dialog", name="Deliveries")
        one = deliveries.get_by_role("row", name="contact.created")
        await expect(one).to_contain_text("delivered")
        await one.get_by_role("button", name="Send contact.created").click()
        third = (await receiver.until(lambda requests: len(requests) == 3))[-1]
        assert third.headers["webhook-id"] == first.headers["webhook-id"]
        assert json.loads(third.body)["subject"] == json.loads(first.body)["subject"]


async def test_events_are_chosen_from_what_there_is(telling: Office) -> None:
    page = await telling.page("101")
    await _added(page, "http://127.0.0.1:9/hook", "call.*", "message.created")
    await expect(row(page, "127.0.0.1")).to_contain_text("call.*, message.created")
    await _choose(page, "Edit")
    dialog = page.get_by_role("dialog", name="Edit")
    of_calls = dialog.get_by_role("group", name="Calls from the portal")
    await expect(of_calls.get_by_role("checkbox", name="call.updated")).to_be_checked()
    await telling.shot(page, "office-webhook-events")
    # One type left out of all of a noun leaves the others.
    contacts = dialog.get_by_role("group", name="Shared contacts")
    await contacts.get_by_role("checkbox", name="contact.*").check()
    await contacts.get_by_role("checkbox", name="contact.imported").uncheck()
    await dialog.get_by_role("button", name="Save").click()
    await expect(dialog).to_have_count(0)
    ((kept, _),) = await telling.engine.services.webhooks.list(telling.principal("101"))
    assert kept.event_types == (
        "call.*",
        "message.created",
        "contact.created",
        "contact.updated",
        "contact.deleted",
    )
    await _choose(page, "Edit")
    await dialog.get_by_role("switch", name="All events").check()
    await dialog.get_by_role("button", name="Save").click()
    await expect(row(page, "127.0.0.1")).to_contain_text("All events")

"""What the guide says of calls, between a browser, a real Asterisk and real SIP phones."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

from engine.accounts.models import Scope
from engine.ami.settings import AmiSettings
from engine.simulators.asterisk import PrivateAsterisk
from engine.sip.phones import Phone, Policy
from tests.e2e.portal.office import CARLA, Office, open_office
from tests.e2e.portal.pages import open_chat, person
from tests.peers.asterisk import Shelf, hears

if TYPE_CHECKING:
    from playwright.async_api import Browser

pytestmark = pytest.mark.asterisk

ANNAS_TONE, THEIR_TONE = 440, 1000


@pytest.fixture
async def office(
    built_portal: None, chromium: Browser, asterisk: PrivateAsterisk, tmp_path: Path
) -> AsyncIterator[Office]:
    ami = AmiSettings(
        name="pbx",
        host=asterisk.host,
        port=asterisk.ami_port,
        username=asterisk.ami_username,
        secret=asterisk.ami_secret,
    )
    people = (("1001", "Anna Adler", Scope.OFFICE_MANAGER), ("1002", "Bob Böhm", Scope.BASIC_USER))
    async with open_office(chromium, tmp_path, ami=ami, people=people) as office:
        yield office
        assert office.errors == []


async def hear_each_other(anna: Phone, other: Phone) -> None:
    await asyncio.gather(hears(anna, THEIR_TONE), hears(other, ANNAS_TONE))


@pytest.mark.usefixtures("long_ringing")
async def test_the_phone_icon_across_from_a_contact_calls_your_phone_and_forwards_to_theirs(
    office: Office, phones: Shelf
) -> None:
    anna = await phones.take("1001", Policy.ring(), tone_hz=ANNAS_TONE)
    bob = await phones.take("1002", Policy.ring(), tone_hz=THEIR_TONE)
    page = await office.page("1001")
    await person(page, "Bob Böhm").hover()
    await page.get_by_role("button", name="Call Bob Böhm").click()
    card = page.get_by_test_id("call")
    await anna.wait_for("incoming")
    await expect(card).to_contain_text("Your phone is ringing")
    assert bob.count("incoming") == 0
    await anna.answer()
    await bob.wait_for("incoming")
    await expect(card).to_contain_text("It is ringing at Bob Böhm")
    await bob.answer()
    await expect(card).to_contain_text("Connected")
    await hear_each_other(anna, bob)
    await bob.hang_up()
    await expect(card).to_have_attribute("data-status", "completed")


async def test_the_phone_icon_reaches_a_contacts_number_over_the_trunk(office: Office, phones: Shelf) -> None:
    anna = await phones.take("1001", Policy.answer(), tone_hz=ANNAS_TONE)
    outside = await phones.take_carrier(Policy.answer(0.3), tone_hz=THEIR_TONE)
    page = await office.page("1001")
    await person(page, "Carla Cruz").hover()
    await page.get_by_role("button", name="Call Carla Cruz").click()
    card = page.get_by_test_id("call")
    await expect(card).to_contain_text("Connected")
    assert CARLA.removeprefix("+") in outside.invite["to"]
    await hear_each_other(anna, outside)
    await card.get_by_role("button", name="Hang up").click()
    await outside.wait_for("ended")
    await anna.wait_for("ended")


async def test_a_colleague_who_declines_is_said_to_have_declined(office: Office, phones: Shelf) -> None:
    await phones.take("1001", Policy.answer())
    await phones.take("1002", Policy.reject(603, 0.5))
    page = await office.page("1001")
    window = await open_chat(page, "Bob Böhm")
    await window.get_by_role("button", name="Call Bob Böhm").click()
    card = page.get_by_test_id("call")
    await expect(card).to_have_attribute("data-status", "rejected")
    await expect(card).to_contain_text("Declined")

"""Ending a call from the portal, in every state and any number of times."""

from __future__ import annotations

import asyncio

import pytest

from engine.click_to_call.models import Call, CallStatus, EndedLeg, EndReason, PlaceCall
from engine.sip.phones import Policy
from tests.e2e.calls.office import Office
from tests.peers.asterisk import Shelf, hears

pytestmark = [pytest.mark.asterisk, pytest.mark.every_asterisk]


def assert_canceled(call: Call) -> None:
    assert (call.status, call.end_reason, call.ended_leg) == (
        CallStatus.CANCELED,
        EndReason.CANCELED,
        EndedLeg.ENGINE,
    )


async def test_at_once_leaves_no_phone_ringing(office: Office, phones: Shelf) -> None:
    anna = await phones.take("1001", Policy.ring())
    for _ in range(5):
        placed = await office.dial("1002")
        await office.cancel(placed)
        assert_canceled(await office.ended(placed))
    await asyncio.sleep(0.2)  # what had been sent by then would ring now
    async with asyncio.timeout(15):
        while anna.count("incoming") != anna.count("ended"):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    assert anna.state == "idle"
    assert anna.count("answered") == 0


async def test_while_the_user_rings(office: Office, phones: Shelf) -> None:
    anna = await phones.take("1001", Policy.ring())
    bob = await phones.take("1002", Policy.answer())
    placed = await office.dial("1002")
    await office.seen(placed, CallStatus.CALLER_RINGING)
    await office.cancel(placed)
    assert_canceled(await office.ended(placed))
    assert (await anna.wait_for("ended")).data["sip_code"] == 487
    assert bob.count("incoming") == 0


@pytest.mark.usefixtures("long_ringing")
async def test_while_the_destination_rings(office: Office, phones: Shelf) -> None:
    anna = await phones.take("1001", Policy.answer())
    bob = await phones.take("1002", Policy.ring())
    placed = await office.dial("1002", leg_b_timeout_s=60)
    await office.seen(placed, CallStatus.CALLEE_RINGING)
    await office.cancel(placed)
    assert_canceled(await office.ended(placed))
    assert (await bob.wait_for("ended")).data["sip_code"] == 487
    await anna.wait_for("ended")


async def test_when_connected_completes_it(office: Office, phones: Shelf) -> None:
    anna = await phones.take("1001", Policy.answer())
    bob = await phones.take("1002", Policy.answer())
    placed = await office.dial("1002")
    await office.seen(placed, CallStatus.CONNECTED)
    await office.cancel(placed)
    call = await office.ended(placed)
    assert (call.status, call.end_reason, call.ended_leg) == (
        CallStatus.COMPLETED,
        EndReason.CANCELED,
        EndedLeg.ENGINE,
    )
    await anna.wait_for("ended")
    await bob.wait_for("ended")


async def test_twice_and_after_the_end_changes_nothing(office: Office, phones: Shelf) -> None:
    anna = await phones.take("1001", Policy.ring())
    placed = await office.dial("1002")
    await office.seen(placed, CallStatus.CALLER_RINGING)
    await asyncio.gather(office.cancel(placed), office.cancel(placed))
    ended = await office.ended(placed)
    assert_canceled(ended)
    assert await office.cancel(placed) == ended
    await anna.wait_for("ended")
    assert anna.count("incoming") == anna.count("ended") == 1


async def test_one_call_leaves_the_users_other_call_alone(office: Office, phones: Shelf) -> None:
    anna = await phones.take("1001", Policy.answer(), tone_hz=440)
    carrier = await phones.take_carrier(Policy.answer())
    await phones.take("1002", Policy.answer())
    first = await office.click(PlaceCall(to="+12025550123"))
    await office.seen(first, CallStatus.CONNECTED)
    second = await office.dial("1002")
    await office.seen(second, CallStatus.CONNECTED)
    await office.cancel(second)
    await office.ended(second)
    await hears(carrier, 440)
    assert (await office.calls.get(office.anna, first.id)).status is CallStatus.CONNECTED
    await anna.wait_for("ended")
    assert anna.count("ended") == 1
    await office.cancel(first)
    await office.ended(first)

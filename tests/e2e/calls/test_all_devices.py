"""The flows through the shipped dialplan snippet: all devices, and the accept prompt."""

from __future__ import annotations

import asyncio

import pytest

from engine.click_to_call.models import (
    AcceptPrompt,
    CallStatus,
    EndedLeg,
    EndReason,
    LegResult,
    LegState,
    PlaceCall,
)
from engine.simulators.asterisk import PrivateAsterisk
from engine.sip.phones import Policy
from tests.e2e.calls.office import Office
from tests.peers.asterisk import Shelf, hears

pytestmark = pytest.mark.asterisk

ALL_DEVICES = PlaceCall(to="1002", all_devices=True, leg_a_timeout_s=5)
PROMPTED = PlaceCall(to="1002", prompt=AcceptPrompt.PRESS_1, leg_a_timeout_s=20)


async def test_all_devices_ring_and_the_first_to_answer_talks(office: Office, phones: Shelf) -> None:
    desk = await phones.take("1001", Policy.ring())
    mobile = await phones.take("1001", Policy.answer(0.3), tone_hz=440)
    bob = await phones.take("1002", Policy.answer(), tone_hz=1000)
    placed = await office.click(ALL_DEVICES)
    await office.seen(placed, CallStatus.CONNECTED)
    assert (await desk.wait_for("ended")).data["sip_code"] == 487
    await asyncio.gather(hears(mobile, 1000), hears(bob, 440))
    assert '"Bob Åberg" <sip:1002@' in mobile.invite["from"]
    assert '"Anna Adler, Sales" <sip:1001@' in bob.invite["from"]
    await mobile.hang_up()
    call = await office.ended(placed)
    assert (call.status, call.end_reason, call.ended_leg) == (
        CallStatus.COMPLETED,
        EndReason.HUNG_UP,
        EndedLeg.A,
    )


@pytest.mark.every_asterisk
@pytest.mark.parametrize(
    ("policy", "status", "reason"),
    [
        pytest.param(Policy.reject(486), CallStatus.BUSY, EndReason.BUSY, id="busy"),
        pytest.param(Policy.reject(603), CallStatus.REJECTED, EndReason.REJECTED, id="declines"),
        pytest.param(Policy.ring(), CallStatus.NO_ANSWER, EndReason.NO_ANSWER, id="no answer"),
        pytest.param(None, CallStatus.UNREACHABLE, EndReason.UNREACHABLE, id="not registered"),
    ],
)
async def test_no_device_takes_the_call(
    office: Office, phones: Shelf, policy: Policy | None, status: CallStatus, reason: EndReason
) -> None:
    if policy is not None:
        await phones.take("1001", policy)
        await phones.take("1001", policy)
    bob = await phones.take("1002", Policy.answer())
    call = await office.ended(await office.click(ALL_DEVICES))
    assert (call.status, call.end_reason) == (status, reason)
    assert bob.count("incoming") == 0


async def test_cancel_stops_every_device(office: Office, phones: Shelf) -> None:
    devices = [await phones.take("1001", Policy.ring()) for _ in range(2)]
    placed = await office.click(ALL_DEVICES)
    for device in devices:
        await device.wait_for("ringing")
    await office.seen(placed, CallStatus.CALLER_RINGING)
    await office.cancel(placed)
    assert (await office.ended(placed)).status is CallStatus.CANCELED
    for device in devices:
        assert (await device.wait_for("ended")).data["sip_code"] == 487


async def test_an_address_that_would_dial_more_is_not_rung(
    office: Office, phones: Shelf, asterisk: PrivateAsterisk
) -> None:
    # As Dial reads it: this phone, and Carla's too.
    await phones.take("1001", Policy.answer(), contact="<sip:1001@127.0.0.1:5060;x=1&PJSIP/1003>")
    carla = await phones.take("1003", Policy.answer())
    assert "&PJSIP/1003" in asterisk.command("database show registrar"), (
        "Asterisk must have taken the address"
    )
    call = await office.ended(await office.click(ALL_DEVICES))
    assert call.connected_ms is None
    assert carla.count("incoming") == 0


async def test_pressing_1_accepts_the_call(office: Office, phones: Shelf) -> None:
    anna = await phones.take("1001", Policy.answer(), tone_hz=440)
    bob = await phones.take("1002", Policy.answer(), tone_hz=1000)
    placed = await office.click(PROMPTED)
    prompting = await office.seen(placed, CallStatus.PROMPTING)
    assert prompting.leg_b.state is LegState.PENDING
    await anna.wait_for("sound")
    assert bob.count("incoming") == 0
    await anna.send_dtmf("1")
    await office.seen(placed, CallStatus.CONNECTED)
    await asyncio.gather(hears(anna, 1000), hears(bob, 440))
    await bob.hang_up()
    call = await office.ended(placed)
    assert (call.status, call.ended_leg) == (CallStatus.COMPLETED, EndedLeg.B)
    assert call.leg_a.result is call.leg_b.result is LegResult.ANSWERED


async def test_the_prompt_is_spoken_and_can_be_canceled(office: Office, phones: Shelf) -> None:
    anna = await phones.take("1001", Policy.answer())
    placed = await office.click(PROMPTED)
    await anna.wait_for("sound")
    # Speech; silence is below 10. A machine that stands still leaves holes.
    while (await anna.listen(0.5)).loudness() < 300:
        pass
    bob = await phones.take("1002", Policy.answer())
    await office.cancel(placed)
    async with asyncio.timeout(4):  # the prompt by itself would go on for eight seconds
        call = await office.ended(placed)
        await anna.wait_for("ended")
    assert (call.status, call.ended_leg) == (CallStatus.CANCELED, EndedLeg.ENGINE)
    assert bob.count("incoming") == 0


@pytest.mark.parametrize("what", ["nothing", "another key", "hangs up"])
async def test_who_does_not_accept_calls_nobody(office: Office, phones: Shelf, what: str) -> None:
    anna = await phones.take("1001", Policy.answer())
    bob = await phones.take("1002", Policy.answer())
    placed = await office.click(PROMPTED)
    await office.seen(placed, CallStatus.PROMPTING)
    await anna.wait_for("sound")
    if what == "another key":
        await anna.send_dtmf("7")
    elif what == "hangs up":
        await anna.hang_up()
    call = await office.ended(placed)
    assert (call.status, call.end_reason, call.ended_leg) == (
        CallStatus.NO_ANSWER,
        EndReason.NOT_ACCEPTED,
        EndedLeg.A,
    )
    await anna.wait_for("ended")
    assert bob.count("incoming") == 0

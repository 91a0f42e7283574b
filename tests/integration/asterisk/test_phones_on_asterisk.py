"""Soft phones on a real Asterisk: the ground every call test stands on."""

from __future__ import annotations

import asyncio

import pytest

from engine.simulators.asterisk import PrivateAsterisk
from engine.sip.phones import PhoneRefused, Policy
from tests.peers.asterisk import Shelf, hears

pytestmark = pytest.mark.asterisk


async def test_two_phones_hear_each_others_tone(phones: Shelf) -> None:
    anna = await phones.take("1001", tone_hz=440)
    bob = await phones.take("1002", Policy.answer(0.1), tone_hz=1000)
    await anna.call("1002")
    await anna.wait_for("sound")
    await bob.wait_for("answered")
    await asyncio.gather(hears(anna, 1000), hears(bob, 440))
    at_anna, at_bob = await asyncio.gather(anna.listen(), bob.listen())
    assert at_anna.share(440) < 0.05
    assert at_bob.share(1000) < 0.05
    await bob.hang_up()
    await anna.wait_for("ended")
    assert anna.state == "idle"


async def test_the_called_phone_sees_who_calls(phones: Shelf) -> None:
    anna = await phones.take("1001")
    bob = await phones.take("1002", Policy.ring())
    await anna.call("1002")
    await bob.wait_for("incoming")
    assert '"Anna" <sip:1001@' in bob.invite["from"]
    assert '"Anna" <sip:1001@' in bob.invite["p-asserted-identity"]


async def test_digits_arrive_in_order(phones: Shelf) -> None:
    anna = await phones.take("1001")
    bob = await phones.take("1002", Policy.answer())
    await anna.call("1002")
    await anna.wait_for("sound")
    await anna.send_dtmf("19*#")
    await bob.wait_for("dtmf", nth=4)
    assert [event.data["digit"] for event in bob.events if event.kind == "dtmf"] == ["1", "9", "*", "#"]


@pytest.mark.parametrize(
    ("policy", "code"),
    [(Policy.reject(486), 486), (Policy.reject(603), 603), (Policy.reject(480, after_s=0.1), 480)],
)
async def test_a_rejection_reaches_the_caller_with_its_meaning(
    phones: Shelf, policy: Policy, code: int
) -> None:
    anna = await phones.take("1001")
    bob = await phones.take("1002", policy)
    await anna.call("1002")
    assert (await bob.wait_for("ended")).data["sip_code"] == code
    # Asterisk translates by Q.850: 603 is 21, which it tells the caller as 403.
    assert (await anna.wait_for("ended")).data["sip_code"] == {486: 486, 603: 403, 480: 480}[code]


async def test_a_phone_that_only_rings_is_given_up_by_the_dialplan(phones: Shelf) -> None:
    anna = await phones.take("1001")
    bob = await phones.take("1002", Policy.ring())
    await anna.call("1002")
    rang = await bob.wait_for("ringing")
    ended = await bob.wait_for("ended")
    assert rang.at < ended.at
    assert (await anna.wait_for("ended")).data["sip_code"] >= 400


async def test_a_phone_that_ignores_never_rings_for_the_caller(phones: Shelf) -> None:
    anna = await phones.take("1001")
    bob = await phones.take("1002", Policy.ignore())
    await anna.call("1002")
    await bob.wait_for("incoming")
    await anna.wait_for("ended")
    assert bob.count("ringing") == 0
    assert anna.count("ringing") == 0


async def test_echo_gives_back_ones_own_tone(phones: Shelf) -> None:
    anna = await phones.take("1001", tone_hz=600)
    await anna.call("600")
    await anna.wait_for("sound")
    await hears(anna, 600)


async def test_outside_numbers_go_to_the_carrier(phones: Shelf) -> None:
    anna = await phones.take("1001")
    carrier = await phones.take_carrier(Policy.answer())
    await anna.call("+4930123456")
    await anna.wait_for("answered")
    assert "sip:+4930123456@" in carrier.invite["to"]


async def test_a_wrong_password_does_not_register(phones: Shelf) -> None:
    with pytest.raises(PhoneRefused, match="401"):
        await phones.take("1001", password="wrong")


async def test_an_unregistered_phone_is_not_rung(asterisk: PrivateAsterisk, phones: Shelf) -> None:
    anna = await phones.take("1001")
    bob = await phones.take("1002", Policy.answer())
    await bob.unregister()
    await anna.call("1002")
    assert (await anna.wait_for("ended")).data["sip_code"] >= 400
    assert bob.count("incoming") == 0
    assert "1002/" not in asterisk.command("pjsip show contacts")


async def test_many_phones_share_few_processes(phones: Shelf) -> None:
    taken = [await phones.take(str(1000 + n), Policy.answer()) for n in range(1, 7)]
    for caller, called in zip(taken[:3], taken[3:], strict=True):
        await caller.call(called.user)
    for phone in taken:
        await phone.wait_for("answered")

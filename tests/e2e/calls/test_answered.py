"""A click that gets through: both phones ring in turn, and the two hear each other."""

from __future__ import annotations

import asyncio

import pytest

from engine.click_to_call.models import CallStatus, EndedLeg, EndReason, LegResult, PlaceCall
from engine.sip.phones import Policy
from tests.e2e.calls.office import OFFICE_NUMBER, Office
from tests.peers.asterisk import Shelf, hears

pytestmark = pytest.mark.asterisk


@pytest.mark.every_asterisk
async def test_a_click_rings_the_user_then_the_destination_and_joins_them(
    office: Office, phones: Shelf
) -> None:
    anna = await phones.take("1001", Policy.answer(0.2), tone_hz=440)
    bob = await phones.take("1002", Policy.answer(0.2), tone_hz=1000)
    placed = await office.dial("1002")
    assert placed.status is CallStatus.QUEUED
    connected = await office.seen(placed, CallStatus.CONNECTED)
    await bob.wait_for("sound")
    await asyncio.gather(hears(anna, 1000), hears(bob, 440))
    await bob.hang_up()
    call = await office.ended(placed)
    assert office.history[placed.id] == [
        "queued",
        "dialing_caller",
        "caller_ringing",
        "caller_answered",
        "dialing_callee",
        "callee_ringing",
        "connected",
        "completed",
    ]
    assert (call.end_reason, call.ended_leg) == (EndReason.HUNG_UP, EndedLeg.B)
    for leg in (call.leg_a, call.leg_b):
        assert (leg.result, leg.hangup_cause) == (LegResult.ANSWERED, 16)
        assert leg.ringing_ms <= leg.answered_ms <= leg.ended_ms
    assert connected.leg_a.channel_id == placed.channel_id
    assert anna.count("incoming") == bob.count("incoming") == 1


@pytest.mark.every_asterisk
async def test_the_user_can_hang_up(office: Office, phones: Shelf) -> None:
    anna = await phones.take("1001", Policy.answer())
    bob = await phones.take("1002", Policy.answer())
    placed = await office.dial("1002")
    await office.seen(placed, CallStatus.CONNECTED)
    await anna.hang_up()
    call = await office.ended(placed)
    assert (call.status, call.end_reason, call.ended_leg) == (
        CallStatus.COMPLETED,
        EndReason.HUNG_UP,
        EndedLeg.A,
    )
    await bob.wait_for("ended")


async def test_each_phone_shows_the_other_person(office: Office, phones: Shelf) -> None:
    anna = await phones.take("1001", Policy.answer())
    bob = await phones.take("1002", Policy.answer())
    placed = await office.dial("1002")
    await office.seen(placed, CallStatus.CONNECTED)
    assert '"Bob Åberg" <sip:1002@' in anna.invite["from"]
    assert '"Bob Åberg" <sip:1002@' in anna.invite["p-asserted-identity"]
    assert '"Anna Adler, Sales" <sip:1001@' in bob.invite["from"]


async def test_the_domains_number_can_be_shown_instead(office: Office, phones: Shelf) -> None:
    await phones.take("1001", Policy.answer())
    carrier = await phones.take_carrier(Policy.answer(), tone_hz=600)
    placed = await office.click(PlaceCall(to="(202) 555-0123", caller_id=OFFICE_NUMBER))
    assert placed.to == "+12025550123"
    await office.seen(placed, CallStatus.CONNECTED)
    assert "<sip:+12025550123@" in carrier.invite["to"]
    assert f"<sip:{OFFICE_NUMBER}@" in carrier.invite["from"]


@pytest.mark.usefixtures("long_ringing")
async def test_the_user_hears_ringing_while_the_destination_rings(office: Office, phones: Shelf) -> None:
    anna = await phones.take("1001", Policy.answer())
    await phones.take("1002", Policy.ring())
    placed = await office.dial("1002", leg_b_timeout_s=60)
    await office.seen(placed, CallStatus.CALLEE_RINGING)
    await anna.wait_for("sound")
    await hears(anna, 440, 480)


async def test_a_phone_that_may_answers_by_itself(office: Office, phones: Shelf) -> None:
    anna = await phones.take("1001", Policy.ring(auto_answer=True))
    bob = await phones.take("1002", Policy.answer())
    placed = await office.click(PlaceCall(to="1002", auto_answer=True))
    await office.seen(placed, CallStatus.CONNECTED)
    assert "answer-after=0" in anna.invite["call-info"]
    assert "info=alert-autoanswer" in anna.invite["alert-info"]
    assert "call-info" not in bob.invite


async def test_without_being_asked_to_no_phone_answers_by_itself(office: Office, phones: Shelf) -> None:
    anna = await phones.take("1001", Policy.ring(auto_answer=True))
    placed = await office.dial("1002")
    await office.seen(placed, CallStatus.CALLER_RINGING)
    assert "call-info" not in anna.invite
    await office.cancel(placed)
    await office.ended(placed)
    assert anna.count("answered") == 0


async def test_a_feature_of_the_dialplan_counts_as_a_call_without_second_leg(
    office: Office, phones: Shelf
) -> None:
    anna = await phones.take("1001", Policy.answer(), tone_hz=600)
    placed = await office.dial("600")
    await anna.wait_for("sound")
    await asyncio.sleep(0.3)  # Asterisk's way through the dialplan, and the sound's way back
    await hears(anna, 600)
    await anna.hang_up()
    call = await office.ended(placed)
    assert (call.status, call.end_reason) == (CallStatus.COMPLETED, EndReason.NO_SECOND_LEG)

"""Calls that a phone hands on: one call to the end, whoever talks to whom in between."""

from __future__ import annotations

import asyncio

import pytest

from engine.click_to_call.models import Call, CallStatus, EndedLeg, EndReason, LegResult, LegState
from tests.e2e.calls.office import Office
from tests.e2e.calls.quick_phones import Line, QuickPhone, QuickPhones, answers, refuses

pytestmark = [pytest.mark.asterisk, pytest.mark.every_asterisk]


async def talking(office: Office, quick: QuickPhones) -> tuple[Call, Line, Line]:
    """Anna and Bob on the phone with each other."""
    anna, bob = await quick.take("1001", answers()), await quick.take("1002", answers())
    call = await office.seen(await office.dial("1002"), CallStatus.CONNECTED)
    return call, anna.lines[0], bob.lines[0]


async def until_ringing(phone: QuickPhone) -> Line:
    async with asyncio.timeout(10):
        while not phone.lines:  # noqa: ASYNC110 - nothing to wait on
            await asyncio.sleep(0.01)
    return phone.lines[0]


async def assert_goes_on(office: Office, call: Call) -> None:
    """The call is still one that goes on, for as long as its end would have taken to be seen."""
    await asyncio.sleep(0.5)
    assert (await office.now(call)).status is CallStatus.CONNECTED


def assert_completed(call: Call, ended_leg: EndedLeg | None) -> None:
    assert (call.status, call.end_reason, call.ended_leg) == (
        CallStatus.COMPLETED,
        EndReason.HUNG_UP,
        ended_leg,
    )
    assert call.leg_a.state is call.leg_b.state is LegState.ENDED
    assert call.leg_a.result is call.leg_b.result is LegResult.ANSWERED


async def test_the_destination_hands_the_user_on(office: Office, quick: QuickPhones) -> None:
    call, anna, bob = await talking(office, quick)
    carla = await quick.take("1003", answers(0.1))
    bob.transfer("1003")
    await (await until_ringing(carla)).until(lambda line: line.confirmed)
    await bob.until(lambda line: line.ended)
    await assert_goes_on(office, call)
    assert (await office.now(call)).leg_b.state is LegState.ENDED
    anna.hang_up()
    await carla.lines[0].until(lambda line: line.ended)
    assert_completed(await office.ended(call), EndedLeg.B)


async def test_the_user_hands_the_destination_on(office: Office, quick: QuickPhones) -> None:
    call, anna, bob = await talking(office, quick)
    carla = await quick.take("1003", answers(0.1))
    anna.transfer("1003")
    await (await until_ringing(carla)).until(lambda line: line.confirmed)
    await anna.until(lambda line: line.ended)
    await assert_goes_on(office, call)
    carla.lines[0].hang_up()
    await bob.until(lambda line: line.ended)
    assert_completed(await office.ended(call), EndedLeg.A)


async def test_the_destination_asks_a_colleague_first(office: Office, quick: QuickPhones) -> None:
    call, anna, bob = await talking(office, quick)
    carla = await quick.take("1003", answers(0.1))
    consultation = bob.phone.call("1003")
    await consultation.until(lambda line: line.answered)
    bob.transfer_to(consultation)
    await bob.until(lambda line: line.ended)
    await consultation.until(lambda line: line.ended)
    await assert_goes_on(office, call)
    carla.lines[0].hang_up()
    await anna.until(lambda line: line.ended)
    assert_completed(await office.ended(call), EndedLeg.B)


async def test_the_user_asks_a_colleague_first(office: Office, quick: QuickPhones) -> None:
    call, anna, bob = await talking(office, quick)
    carla = await quick.take("1003", answers(0.1))
    consultation = anna.phone.call("1003")
    await consultation.until(lambda line: line.answered)
    anna.transfer_to(consultation)
    await anna.until(lambda line: line.ended)
    await assert_goes_on(office, call)
    bob.hang_up()
    await carla.lines[0].until(lambda line: line.ended)
    assert_completed(await office.ended(call), EndedLeg.A)


async def test_a_consultation_that_leads_nowhere_changes_nothing(office: Office, quick: QuickPhones) -> None:
    call, anna, bob = await talking(office, quick)
    await quick.take("1003", refuses(486))
    consultation = anna.phone.call("1003")
    await consultation.until(lambda line: line.ended)
    await assert_goes_on(office, call)
    bob.hang_up()
    await anna.until(lambda line: line.ended)
    assert_completed(await office.ended(call), EndedLeg.B)


@pytest.mark.parametrize("who", ["user", "destination"])
async def test_a_transfer_to_somebody_busy_ends_the_call(
    office: Office, quick: QuickPhones, who: str
) -> None:
    call, anna, bob = await talking(office, quick)
    carla = await quick.take("1003", refuses(486))
    giver, other = (anna, bob) if who == "user" else (bob, anna)
    giver.transfer("1003")
    await other.until(lambda line: line.ended)
    assert (await until_ringing(carla)).code == 486
    ended = await office.ended(call)
    assert_completed(ended, EndedLeg.A if who == "user" else EndedLeg.B)


@pytest.mark.parametrize("who", ["user", "destination"])
async def test_a_transferred_call_can_still_be_ended_from_the_portal(
    office: Office, quick: QuickPhones, who: str
) -> None:
    call, anna, bob = await talking(office, quick)
    carla = await quick.take("1003", answers())
    giver, other = (anna, bob) if who == "user" else (bob, anna)
    giver.transfer("1003")
    await (await until_ringing(carla)).until(lambda line: line.confirmed)
    await giver.until(lambda line: line.ended)
    await assert_goes_on(office, call)
    await office.cancel(call)
    await other.until(lambda line: line.ended)
    await carla.lines[0].until(lambda line: line.ended)
    ended = await office.ended(call)
    assert (ended.status, ended.end_reason, ended.ended_leg) == (
        CallStatus.COMPLETED,
        EndReason.CANCELED,
        EndedLeg.ENGINE,
    )

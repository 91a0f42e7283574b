"""Trouble over real sockets: cuts at every stage, crashes, silence, nonsense, wrong passwords."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from engine.ami import tracker
from engine.click_to_call.models import Call, CallStatus, EndedLeg, EndReason
from engine.click_to_call.ports import PlacementLimits
from engine.errors import PeerUnavailable
from engine.ids import new_id
from engine.simulators.pbx import PbxSimulator
from engine.storage.calls import SqlCalls
from tests.contract.click_to_call.world import call as call_row
from tests.integration.click_to_call.office import OFFICE, QUICK, Office, people_on, simulated

S, W = CallStatus, EndReason
STAGES = [S.CALLER_RINGING, S.CALLER_ANSWERED, S.CALLEE_RINGING, S.CONNECTED]


def slow(simulator: PbxSimulator, status: CallStatus) -> str:
    """Make a call stay in this status, as far as it can; the number to dial."""
    simulator.ring_s = 30.0 if status in (S.CALLER_RINGING, S.CALLEE_RINGING) else 0.05
    simulator.dial_timeout_s = 30.0
    return "9914" if status is S.CALLER_ANSWERED else "1002"


async def in_status(office: Office, status: CallStatus) -> Call:
    to = slow(office.simulator, status)
    call = await office.place(to, "instant" if status is S.CALLEE_RINGING else "")
    await office.until_status(call, status)
    return call


# Cancel


@pytest.mark.parametrize("status", STAGES)
async def test_cancel_ends_the_call(office: Office, status: CallStatus) -> None:
    call = await in_status(office, status)
    first, second = await asyncio.gather(
        office.service.cancel(OFFICE, call.id), office.service.cancel(OFFICE, call.id)
    )
    assert first.id == second.id
    ended = await office.ended(call)
    wanted = S.COMPLETED if status is S.CONNECTED else S.CANCELED
    assert (ended.status, ended.ended_leg, ended.end_reason) == (wanted, EndedLeg.ENGINE, W.CANCELED)
    assert office.simulator.channels == {}
    assert await office.service.cancel(OFFICE, call.id) == ended


async def test_cancels_right_behind_their_clicks_leave_no_phone_ringing(office: Office) -> None:
    office.simulator.ring_s = 30.0
    for pause_s in (0, 0.0005, 0.001, 0.002, 0.004, 0.008, 0.016):
        call = await office.place()
        await asyncio.sleep(pause_s)
        await office.service.cancel(OFFICE, call.id)
        assert (await office.ended(call)).status is S.CANCELED
    await office.until(lambda: office.simulator.channels == {})


async def test_a_user_who_answers_after_the_cancel_is_hung_up(office: Office) -> None:
    office.simulator.ring_s = 0.1
    hang_up = office.simulator.hang_up
    office.simulator.hang_up = lambda channel: False  # type: ignore[method-assign]
    call = await office.place("9914")
    await office.until_status(call, S.CALLER_RINGING)
    await office.service.cancel(OFFICE, call.id)
    await office.until(lambda: any(one.state == 6 for one in office.simulator.channels.values()))
    office.simulator.hang_up = hang_up  # type: ignore[method-assign]
    assert (await office.ended(call)).status is S.CANCELED
    assert office.simulator.channels == {}


async def test_a_cancel_while_the_link_is_cut_is_carried_out_when_it_is_back(office: Office) -> None:
    call = await in_status(office, S.CALLER_RINGING)
    await office.simulator.close()
    await office.until(lambda: not office.pbx.available)
    asked = await office.service.cancel(OFFICE, call.id)
    assert not asked.status.final
    await office.simulator.listen()
    ended = await office.ended(call)
    assert (ended.status, ended.end_reason) == (S.CANCELED, W.CANCELED)
    assert office.simulator.channels == {}


# The link


@pytest.mark.parametrize("status", STAGES)
async def test_a_call_goes_on_through_a_cut(office: Office, status: CallStatus) -> None:
    call = await in_status(office, status)
    office.simulator.cut_links()
    await office.until(lambda: not office.pbx.available)
    await office.until(lambda: office.pbx.available)
    assert (await office.now(call)).status is status
    await office.service.cancel(OFFICE, call.id)
    ended = await office.ended(call)
    assert ended.status is (S.COMPLETED if status is S.CONNECTED else S.CANCELED)
    assert office.originates(call) == 1


@pytest.mark.parametrize("status", STAGES)
async def test_a_call_that_ends_during_a_cut_is_not_guessed_at(office: Office, status: CallStatus) -> None:
    call = await in_status(office, status)
    await office.simulator.close()
    await office.until(lambda: not office.pbx.available)
    office.simulator.hang_up(call.channel_id)
    await office.until(lambda: office.simulator.channels == {})
    await office.simulator.listen()
    ended = await office.ended(call)
    if status is S.CONNECTED:
        assert (ended.status, ended.end_reason) == (S.COMPLETED, W.ENDED_WHILE_DISCONNECTED)
    else:
        assert (ended.status, ended.end_reason) == (S.UNKNOWN, W.OUTCOME_UNKNOWN)
    assert office.originates(call) == 1


@pytest.mark.parametrize(
    ("to", "status", "reason"),
    [("9992", S.COMPLETED, W.CANCELED), ("9993", S.COMPLETED, W.ENDED_WHILE_DISCONNECTED)],
)
async def test_cuts_that_can_be_dialled(
    office: Office, to: str, status: CallStatus, reason: EndReason
) -> None:
    up_since = office.pbx.status().since_ms
    call = await office.place(to)
    await office.until_status(call, S.CONNECTED)
    # The link may be up again before anybody sees it down.
    await office.until(lambda: office.pbx.available and office.pbx.status().since_ms != up_since)
    if to == "9992":
        await office.service.cancel(OFFICE, call.id)
    ended = await office.ended(call)
    assert (ended.status, ended.end_reason) == (status, reason)


async def test_a_destination_that_answers_during_a_cut_is_found_connected(office: Office) -> None:
    call = await office.place("9991")
    connected = await office.until_status(call, S.CONNECTED)
    assert connected.leg_b.channel_id is not None
    assert office.originates(call) == 1


async def test_without_a_link_a_click_is_refused_and_nothing_is_kept(office: Office) -> None:
    await office.simulator.close()
    await office.until(lambda: not office.pbx.available)
    with pytest.raises(PeerUnavailable) as refused:
        await office.place()
    assert refused.value.code == "pbx_unavailable"
    assert office.events == []
    await office.simulator.listen()
    await office.until(lambda: office.pbx.available)
    await office.until_status(await office.place(), S.CONNECTED)


async def test_a_restarted_pbx_has_lost_the_call(office: Office) -> None:
    call = await in_status(office, S.CONNECTED)
    office.simulator.restart()
    ended = await office.ended(call)
    assert (ended.status, ended.end_reason) == (S.COMPLETED, W.ENDED_WHILE_DISCONNECTED)


async def test_a_stopping_pbx_refuses_the_call(office: Office) -> None:
    office.simulator.stopping = True
    ended = await office.ended(await office.place())
    assert (ended.status, ended.end_reason) == (S.FAILED, W.PBX_REFUSED)


# Silence


async def test_an_unanswered_originate_is_followed_by_its_channel_and_sent_once(office: Office) -> None:
    call = await office.place("9995")
    await office.until_status(call, S.CONNECTED)
    await office.service.cancel(OFFICE, call.id)
    await office.ended(call)
    assert office.originates(call) == 1


async def test_a_pbx_that_tells_nothing_does_not_keep_a_call_for_ever(
    stopped_office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracker, "GRACE_S", 30.0)  # our own timer ends it
    stopped_office.timings = replace(QUICK, pbx_grace_s=0.3, hangup_give_up_s=1.0)
    async with stopped_office.running() as office:
        call = await office.place("9997", leg_a_timeout_s=5)
        ended = await office.ended(call)
        assert (ended.status, ended.end_reason) == (S.UNKNOWN, W.OUTCOME_UNKNOWN)
        assert office.simulator.channels == {}  # hung up by its id, although nothing was told


async def test_a_frozen_pbx_fails_no_call_that_may_be_ringing(office: Office) -> None:
    office.simulator.silent = True
    call = await office.place()
    await office.until(lambda: office.originates(call) == 1)
    await asyncio.sleep(1.5)  # the answer's deadline is one second
    assert (await office.now(call)).status is S.DIALING_CALLER
    office.simulator.silent = False
    office.simulator.cut_links()
    found = await office.until_status(call, S.CONNECTED, S.DIALING_CALLEE, S.CALLEE_RINGING)
    assert not found.status.final
    assert office.originates(call) == 1


# Our own timers


async def test_a_destination_that_rings_too_long_is_given_up(stopped_office: Office) -> None:
    stopped_office.timings = replace(QUICK, pbx_grace_s=0.3)
    async with stopped_office.running() as office:
        office.simulator.dial_timeout_s = 60.0
        call = await office.ended(await office.place("9902", leg_b_timeout_s=5))
    assert (call.status, call.ended_leg, call.end_reason) == (S.NO_ANSWER, EndedLeg.ENGINE, W.LEG_B_TIMEOUT)
    assert (call.ended_ms or 0) - (call.leg_b.started_ms or 0) >= 5000


async def test_nobody_talks_longer_than_the_limit(stopped_office: Office) -> None:
    stopped_office.timings = replace(QUICK, max_duration_s=0.5)
    async with stopped_office.running() as office:
        call = await office.ended(await office.place())
    assert (call.status, call.ended_leg, call.end_reason) == (S.COMPLETED, EndedLeg.ENGINE, W.MAX_DURATION)


# The process


@pytest.mark.parametrize("status", STAGES)
@pytest.mark.parametrize("goes_on", [True, False])
async def test_after_a_crash_the_call_is_found_or_closed_and_never_dialled_again(
    stopped_office: Office, status: CallStatus, goes_on: bool
) -> None:
    async with stopped_office.running() as office:
        call = await in_status(office, status)
    if not goes_on:
        stopped_office.simulator.hang_up(call.channel_id)
        await stopped_office.until(lambda: stopped_office.simulator.channels == {})
    async with stopped_office.running() as office:
        if goes_on:
            await office.service.cancel(OFFICE, call.id)
        ended = await office.ended(call)
    connected = status is S.CONNECTED
    if goes_on:
        assert ended.status is (S.COMPLETED if connected else S.CANCELED)
        assert ended.end_reason is W.CANCELED
    else:
        assert ended.status is (S.COMPLETED if connected else S.UNKNOWN)
    assert stopped_office.originates(call) == 1


async def test_a_call_that_was_answered_meanwhile_is_found_connected(stopped_office: Office) -> None:
    simulator = stopped_office.simulator
    simulator.ring_s = 0.5
    async with stopped_office.running() as office:
        call = await office.place(phone="instant")
        await office.until_status(call, S.CALLEE_RINGING)
    await stopped_office.until(lambda: all(one.bridge for one in simulator.channels.values()))
    assert len(simulator.channels) == 2
    async with stopped_office.running() as office:
        await office.until_status(call, S.CONNECTED)
    assert stopped_office.originates(call) == 1


async def test_a_click_committed_by_a_dead_process_is_never_dialled_late(stopped_office: Office) -> None:
    free = PlacementLimits(None, None, None, None)
    async with stopped_office.running() as office:
        left = call_row(id=new_id("call"))
        await SqlCalls(office.database).create(left, free, None, None)  # and here it died
    async with stopped_office.running() as office:
        ended = await office.ended(left)
        await asyncio.sleep(0.2)
    assert (ended.status, ended.end_reason) == (S.FAILED, W.ENGINE_RESTARTED)
    assert stopped_office.simulator.asked("Originate") == []


# The account


async def test_a_wrong_password_takes_no_calls_and_says_why(stopped_office: Office) -> None:
    stopped_office.secret = "wrong"
    stopped_office.answer_timeout_s = 3.0
    async with stopped_office.running(until_up=False) as office:
        await office.until(lambda: office.pbx.status().error_code is not None)
        assert office.pbx.status().error_code == "pbx_login_refused"
        with pytest.raises(PeerUnavailable):
            await office.place()
        assert office.service.pbx_links() == {"main": False}


@pytest.mark.parametrize(
    "trouble",
    [
        lambda pbx: pbx.send_raw(b"\x00" * 5000 + b"\r\n\r\n"),
        lambda pbx: pbx.send_raw(b"Response: Success\r\nActionID: not-ours\r\n\r\n"),
        lambda pbx: pbx.send_raw(b"Event: Hangup\r\nUniqueid: \r\nCause: 999999999999\r\n\r\n"),
        lambda pbx: pbx.send_raw(b"Event: OriginateResponse\r\nResponse: Failure\r\nReason: x\r\n\r\n"),
        lambda pbx: pbx.send_raw(b"Event: UserEvent\r\nUserEvent: Fake\r\nDialStatus: ANSWER\r\n\r\n" * 1000),
        lambda pbx: pbx.send_raw(b"X: y\r\n" * 20_000 + b"\r\n"),
    ],
)
async def test_nonsense_on_the_link_harms_no_call(
    office: Office, trouble: Callable[[PbxSimulator], None]
) -> None:
    call = await in_status(office, S.CONNECTED)
    trouble(office.simulator)
    other = await office.place("9901")
    assert (await office.ended(other)).status is S.BUSY
    assert (await office.now(call)).status is S.CONNECTED


async def test_a_slow_pbx_is_only_slow(sqlite_database: str) -> None:
    await people_on(sqlite_database)
    async with simulated(lag_s=0.1) as simulator, Office(sqlite_database, simulator).running() as office:
        call = await office.ended(await office.place("9912"))
    assert call.status is S.COMPLETED

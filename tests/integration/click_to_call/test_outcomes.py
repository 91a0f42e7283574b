"""Every way a call can go, over real sockets, from the click to the row on disk."""

from __future__ import annotations

import asyncio

import pytest

from engine.click_to_call.models import AcceptPrompt, CallStatus, EndedLeg, EndReason, LegResult, LegState
from engine.errors import NotFound
from tests.integration.click_to_call.office import OFFICE, Office

S, W, R = CallStatus, EndReason, LegResult
A, B = EndedLeg.A, EndedLeg.B


@pytest.mark.parametrize(
    ("to", "phone", "status", "side", "reason", "result_a", "result_b", "cause", "sip_code"),
    [
        ("9912", "", S.COMPLETED, B, W.HUNG_UP, R.ANSWERED, R.ANSWERED, 16, None),
        ("9901", "", S.BUSY, B, W.BUSY, R.ANSWERED, R.BUSY, 17, 486),
        ("9902", "", S.NO_ANSWER, B, W.NO_ANSWER, R.ANSWERED, R.NO_ANSWER, None, None),
        ("9903", "", S.REJECTED, B, W.REJECTED, R.ANSWERED, R.REJECTED, 21, 603),
        ("+493099904", "", S.FAILED, B, W.INVALID_NUMBER, R.ANSWERED, R.INVALID_NUMBER, 3, None),
        ("+493099905", "", S.FAILED, B, W.CONGESTION, R.ANSWERED, R.CONGESTION, 34, 503),
        ("+493099906", "", S.FAILED, B, W.INVALID_NUMBER, R.ANSWERED, R.INVALID_NUMBER, 1, 404),
        ("+493099907", "", S.FAILED, B, W.FORBIDDEN, R.ANSWERED, R.FORBIDDEN, 21, 403),
        ("+493099908", "", S.NO_ANSWER, B, W.NO_ANSWER, R.ANSWERED, R.NO_ANSWER, 19, 480),
        ("1002", "givesup", S.CANCELED, A, W.CALLER_HUNG_UP, R.ANSWERED, R.CANCELED, 16, None),
    ],
)
async def test_what_the_destination_does_is_what_the_call_becomes(
    office: Office,
    to: str,
    phone: str,
    status: CallStatus,
    side: EndedLeg,
    reason: EndReason,
    result_a: LegResult,
    result_b: LegResult,
    cause: int | None,
    sip_code: int | None,
) -> None:
    call = await office.ended(await office.place(to, phone))
    assert (call.status, call.ended_leg, call.end_reason) == (status, side, reason)
    assert (call.leg_a.result, call.leg_b.result) == (result_a, result_b)
    assert (call.leg_b.hangup_cause, call.leg_b.sip_code) == (cause, sip_code)
    assert {call.leg_a.state, call.leg_b.state} == {LegState.ENDED}
    assert office.originates(call) == 1
    assert office.simulator.channels == {}


@pytest.mark.parametrize(
    ("phone", "status", "reason", "result", "cause", "sip_code"),
    [
        ("busy", S.BUSY, W.BUSY, R.BUSY, 17, 486),
        ("noanswer", S.NO_ANSWER, W.NO_ANSWER, R.NO_ANSWER, 19, None),
        ("declines", S.REJECTED, W.REJECTED, R.REJECTED, 21, 603),
        ("unavailable", S.NO_ANSWER, W.NO_ANSWER, R.NO_ANSWER, 19, 480),
        ("offline", S.UNREACHABLE, W.UNREACHABLE, R.UNREACHABLE, None, None),
    ],
)
async def test_what_the_users_phone_does_is_what_the_call_becomes(
    office: Office,
    phone: str,
    status: CallStatus,
    reason: EndReason,
    result: LegResult,
    cause: int | None,
    sip_code: int | None,
) -> None:
    call = await office.ended(await office.place(phone=phone, leg_a_timeout_s=5))
    assert (call.status, call.ended_leg, call.end_reason) == (status, A, reason)
    assert (call.leg_a.result, call.leg_a.hangup_cause, call.leg_a.sip_code) == (result, cause, sip_code)
    assert call.leg_b.state is LegState.PENDING


async def test_a_colleague_whose_phone_is_off_is_unreachable_and_no_wrong_number(office: Office) -> None:
    await office.add_user("9904")
    call = await office.ended(await office.place("9904"))
    assert (call.status, call.ended_leg, call.end_reason) == (S.UNREACHABLE, B, W.UNREACHABLE)
    assert call.leg_b.result is R.UNREACHABLE


async def test_every_step_of_an_answered_call_is_told_once_and_in_order(office: Office) -> None:
    call = await office.place()
    connected = await office.until_status(call, S.CONNECTED)
    told = office.statuses(call)
    assert list(dict.fromkeys(told)) == [
        "queued",
        "dialing_caller",
        "caller_ringing",
        "caller_answered",
        "dialing_callee",
        "callee_ringing",
        "connected",
    ]
    sequences = [event.data["sequence"] for event in office.events if event.subject == call.id]
    assert sequences == sorted(set(sequences))
    for leg in (connected.leg_a, connected.leg_b):
        assert leg.started_ms is not None
        assert leg.ringing_ms is not None
        assert leg.answered_ms is not None
        assert leg.started_ms <= leg.ringing_ms <= leg.answered_ms <= (connected.connected_ms or 0)
    assert connected.leg_a.channel_id == call.channel_id


async def test_hold_is_seen_on_the_leg_that_holds(office: Office) -> None:
    call = await office.place()
    await office.until_status(call, S.CONNECTED)
    (b,) = [one for one in office.simulator.channels.values() if one.uniqueid != call.channel_id]
    for event, state in (("Hold", LegState.HELD), ("Unhold", LegState.ANSWERED)):
        office.simulator.emit(event, b.snapshot())
        for _ in range(600):
            if (await office.now(call)).leg_b.state is state:
                break
            await asyncio.sleep(0.005)
        assert (await office.now(call)).leg_b.state is state
    assert (await office.now(call)).status is S.CONNECTED


async def test_a_call_the_dialplan_answers_itself_completes_without_a_second_leg(office: Office) -> None:
    call = await office.place("9914")
    await office.until_status(call, S.CALLER_ANSWERED)
    await office.service.cancel(OFFICE, call.id)
    ended = await office.ended(call)
    assert (ended.status, ended.end_reason) == (S.CANCELED, W.CANCELED)


async def test_an_extension_the_dialplan_does_not_know_rings_nobody(office: Office) -> None:
    call = await office.ended(await office.place("9915"))
    assert (call.status, call.end_reason) == (S.FAILED, W.NO_SUCH_EXTENSION)
    assert call.leg_a.state is LegState.PENDING


@pytest.mark.parametrize("flow", [{"all_devices": True}, {"prompt": AcceptPrompt.PRESS_1}])
async def test_a_phone_behind_a_local_channel_is_followed_like_any_other(
    office: Office, flow: dict[str, object]
) -> None:
    call = await office.ended(await office.place("9912", **flow))
    assert (call.status, call.ended_leg, call.end_reason) == (S.COMPLETED, B, W.HUNG_UP)
    assert ("prompting" in office.statuses(call)) == ("prompt" in flow)
    assert office.simulator.channels == {}


async def test_a_prompt_nobody_accepts_never_calls_the_destination(office: Office) -> None:
    call = await office.ended(await office.place(phone="ignores", prompt=AcceptPrompt.PRESS_1))
    assert (call.status, call.ended_leg, call.end_reason) == (S.NO_ANSWER, A, W.NOT_ACCEPTED)
    assert call.leg_b.state is LegState.PENDING


async def test_early_announcements_garbage_and_repeated_events_do_no_harm(office: Office) -> None:
    calls = [await office.place(to) for to in ("9910", "9911", "9994", "9996")]
    for call in calls:
        await office.until_status(call, S.CONNECTED)
        await office.service.cancel(OFFICE, call.id)
    for call in calls:
        ended = await office.ended(call)
        assert (ended.status, ended.ended_leg, ended.end_reason) == (S.COMPLETED, EndedLeg.ENGINE, W.CANCELED)


async def test_a_hundred_calls_at_once_all_end_as_they_should(office: Office) -> None:
    kinds = {"9912": S.COMPLETED, "9901": S.BUSY, "9903": S.REJECTED, "9902": S.NO_ANSWER}
    calls = [(await office.place(to), status) for to, status in list(kinds.items()) * 25]
    for call, status in calls:
        assert (await office.ended(call)).status is status
        assert office.originates(call) == 1


async def test_nothing_a_caller_writes_reaches_the_pbx_but_what_it_is_for(office: Office) -> None:
    evil = "1&Local/900@x\r\nAction: Command"
    call = await office.place(client_ref=evil, metadata={evil: evil})
    await office.until_status(call, S.CONNECTED)
    (asked,) = office.simulator.asked("Originate")
    assert set(asked) == {
        "action",
        "actionid",
        "channel",
        "channelid",
        "context",
        "exten",
        "priority",
        "timeout",
        "async",
    }
    assert (asked["channel"], asked["exten"], asked["priority"]) == ("PJSIP/alice-desk", "1002", "1")
    assert office.simulator.asked("Command") == []
    with pytest.raises(NotFound):
        await office.place(phone="nobody")

"""Clicks that do not get through: what the user is told is what the phone did."""

from __future__ import annotations

import pytest

from engine.click_to_call.models import (
    Call,
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
from tests.peers.asterisk import Shelf, is_at_least

pytestmark = pytest.mark.asterisk
S, R = CallStatus, EndReason


def verdict(call: Call) -> tuple[CallStatus, EndReason | None, EndedLeg | None]:
    return call.status, call.end_reason, call.ended_leg


@pytest.mark.parametrize(
    ("policy", "status", "reason", "result", "cause", "sip_code"),
    [
        pytest.param(Policy.reject(486), S.BUSY, R.BUSY, LegResult.BUSY, 17, 486, id="busy"),
        pytest.param(
            Policy.reject(603, after_s=0.2),
            S.REJECTED,
            R.REJECTED,
            LegResult.REJECTED,
            21,
            603,
            id="declines",
        ),
        pytest.param(
            Policy.reject(480), S.NO_ANSWER, R.NO_ANSWER, LegResult.NO_ANSWER, 19, 480, id="unavailable"
        ),
    ],
)
async def test_the_users_phone_refuses(
    office: Office,
    phones: Shelf,
    asterisk: PrivateAsterisk,
    policy: Policy,
    status: CallStatus,
    reason: EndReason,
    result: LegResult,
    cause: int,
    sip_code: int,
) -> None:
    await phones.take("1001", policy)
    bob = await phones.take("1002", Policy.answer())
    call = await office.ended(await office.dial("1002"))
    assert verdict(call) == (status, reason, EndedLeg.A)
    assert (call.leg_a.result, call.leg_a.hangup_cause) == (result, cause)
    if is_at_least(asterisk, 22):
        assert call.leg_a.sip_code == sip_code
    assert call.leg_b.state is LegState.PENDING
    assert bob.count("incoming") == 0


async def test_the_user_does_not_answer(office: Office, phones: Shelf) -> None:
    anna = await phones.take("1001", Policy.ring())
    placed = await office.dial("1002")
    call = await office.ended(placed)
    assert verdict(call) == (S.NO_ANSWER, R.NO_ANSWER, EndedLeg.A)
    assert call.leg_a.result is LegResult.NO_ANSWER
    assert call.leg_a.ended_ms is not None
    assert call.leg_a.ringing_ms is not None
    assert 4000 < call.leg_a.ended_ms - call.leg_a.ringing_ms < 6500
    await anna.wait_for("ended")
    assert anna.count("incoming") == 1


async def test_the_users_phone_is_not_registered(office: Office, phones: Shelf) -> None:
    bob = await phones.take("1002", Policy.answer())
    call = await office.ended(await office.dial("1002"))
    assert verdict(call) == (S.UNREACHABLE, R.UNREACHABLE, EndedLeg.A)
    assert call.leg_a.result is LegResult.UNREACHABLE
    assert bob.count("incoming") == 0


@pytest.mark.parametrize(
    ("policy", "status", "reason", "result", "cause", "sip_code"),
    [
        pytest.param(Policy.reject(486), S.BUSY, R.BUSY, LegResult.BUSY, 17, 486, id="busy"),
        pytest.param(
            Policy.reject(603, after_s=0.2),
            S.REJECTED,
            R.REJECTED,
            LegResult.REJECTED,
            21,
            603,
            id="declines",
        ),
        pytest.param(
            Policy.reject(480), S.NO_ANSWER, R.NO_ANSWER, LegResult.NO_ANSWER, 19, 480, id="unavailable"
        ),
    ],
)
async def test_the_destination_refuses(
    office: Office,
    phones: Shelf,
    asterisk: PrivateAsterisk,
    policy: Policy,
    status: CallStatus,
    reason: EndReason,
    result: LegResult,
    cause: int,
    sip_code: int,
) -> None:
    anna = await phones.take("1001", Policy.answer())
    bob = await phones.take("1002", policy)
    call = await office.ended(await office.dial("1002"))
    assert verdict(call) == (status, reason, EndedLeg.B)
    assert (call.leg_b.result, call.leg_b.hangup_cause) == (result, cause)
    if is_at_least(asterisk, 22):
        assert call.leg_b.sip_code == sip_code
    assert call.leg_a.answered_ms is not None
    assert call.connected_ms is None
    await anna.wait_for("ended")
    assert bob.count("incoming") == 1


async def test_the_destination_does_not_answer(office: Office, phones: Shelf) -> None:
    anna = await phones.take("1001", Policy.answer())
    bob = await phones.take("1002", Policy.ring())
    call = await office.ended(await office.dial("1002"))
    assert verdict(call) == (S.NO_ANSWER, R.NO_ANSWER, EndedLeg.B)
    assert call.leg_b.result is LegResult.NO_ANSWER
    await anna.wait_for("ended")
    await bob.wait_for("ended")


async def test_the_destination_is_not_registered(office: Office, phones: Shelf) -> None:
    await phones.take("1001", Policy.answer())
    call = await office.ended(await office.dial("1002"))
    assert verdict(call)[:2] == (S.UNREACHABLE, R.UNREACHABLE)
    assert call.connected_ms is None


async def test_an_extension_the_dialplan_does_not_know_rings_nobody(office: Office, phones: Shelf) -> None:
    anna = await phones.take("1001", Policy.answer())
    call = await office.ended(await office.dial("7777"))
    assert verdict(call) == (S.FAILED, R.NO_SUCH_EXTENSION, EndedLeg.ENGINE)
    assert anna.count("incoming") == 0


@pytest.mark.parametrize(
    ("code", "status", "reason"),
    [
        pytest.param(404, S.FAILED, R.INVALID_NUMBER, id="not in service"),
        pytest.param(403, S.FAILED, R.FORBIDDEN, id="barred"),
        pytest.param(503, S.FAILED, R.CONGESTION, id="congestion"),
    ],
)
async def test_the_carrier_refuses(
    office: Office,
    phones: Shelf,
    asterisk: PrivateAsterisk,
    code: int,
    status: CallStatus,
    reason: EndReason,
) -> None:
    await phones.take("1001", Policy.answer())
    await phones.take_carrier(Policy.reject(code))
    call = await office.ended(await office.click(PlaceCall(to="+12025550123")))
    if is_at_least(asterisk, 22):
        assert call.leg_b.sip_code == code
    elif code == 403:  # the SIP code is all that tells it from a declined call
        status, reason = S.REJECTED, R.REJECTED
    assert (call.status, call.end_reason) == (status, reason)


async def test_the_user_gives_up_while_the_destination_rings(office: Office, phones: Shelf) -> None:
    anna = await phones.take("1001", Policy.answer())
    bob = await phones.take("1002", Policy.ring())
    placed = await office.dial("1002")
    await office.seen(placed, S.CALLEE_RINGING)
    await anna.hang_up()
    call = await office.ended(placed)
    assert verdict(call) == (S.CANCELED, R.CALLER_HUNG_UP, EndedLeg.A)
    assert (await bob.wait_for("ended")).data["sip_code"] == 487

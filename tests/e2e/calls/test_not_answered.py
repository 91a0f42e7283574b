"""Clicks that do not get through: what the user is told is what the phone did.

Each row runs on the real Asterisk; its own records of the call are compared when the office closes.
"""

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
from tests.e2e.calls.agreement import agree
from tests.e2e.calls.office import UNKNOWN_PHONE, Office
from tests.e2e.calls.quick_phones import QuickPhones, answers, ignores, refuses
from tests.peers.asterisk import Shelf, is_at_least

pytestmark = [pytest.mark.asterisk, pytest.mark.every_asterisk]
S, R = CallStatus, EndReason
# Loopback's discard port: nobody listens, and nobody says so.
NOBODY = 9


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
    anna = await phones.take("1001", policy)
    bob = await phones.take("1002", Policy.answer())
    call = await office.ended(await office.dial("1002"))
    assert (await anna.wait_for("ended")).data["sip_code"] == sip_code
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
    assert call.leg_a.started_ms is not None
    assert call.leg_a.ended_ms > call.leg_a.started_ms
    # What the phone answered to Asterisk's CANCEL; that is not why nobody spoke.
    assert (await anna.wait_for("ended")).data["sip_code"] == 487
    assert call.leg_a.sip_code is None
    assert anna.count("incoming") == 1


@pytest.mark.parametrize("phone", ["Phone", UNKNOWN_PHONE])
async def test_the_users_phone_is_not_registered(office: Office, quick: QuickPhones, phone: str) -> None:
    bob = await quick.take("1002", answers())
    call = await office.ended(await office.click(PlaceCall(to="1002", device_id=office.phones[phone])))
    assert verdict(call) == (S.UNREACHABLE, R.UNREACHABLE, EndedLeg.A)
    assert call.leg_a.result is LegResult.UNREACHABLE
    assert call.leg_a.channel_id is None
    assert call.leg_b.state is LegState.PENDING
    assert bob.lines == []


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
    assert call.leg_a.sip_code is None
    await anna.wait_for("ended")
    assert (await bob.wait_for("ended")).data["sip_code"] == sip_code
    assert bob.count("incoming") == 1


async def test_the_destination_does_not_answer(office: Office, phones: Shelf) -> None:
    anna = await phones.take("1001", Policy.answer())
    bob = await phones.take("1002", Policy.ring())
    call = await office.ended(await office.dial("1002"))
    assert verdict(call) == (S.NO_ANSWER, R.NO_ANSWER, EndedLeg.B)
    assert call.leg_b.result is LegResult.NO_ANSWER
    await anna.wait_for("ended")
    await bob.wait_for("ended")


async def test_the_destination_is_not_registered(office: Office, quick: QuickPhones) -> None:
    anna = await quick.take("1001", answers())
    call = await office.ended(await office.dial("1002"))
    assert verdict(call) == (S.UNREACHABLE, R.UNREACHABLE, EndedLeg.B)
    assert (call.leg_a.result, call.leg_a.hangup_cause, call.leg_a.sip_code) == (LegResult.ANSWERED, 3, None)
    assert (call.leg_b.result, call.leg_b.hangup_cause, call.leg_b.channel_id) == (
        LegResult.UNREACHABLE,
        3,
        None,
    )
    await agree(call, anna.rung("1002"), [])


async def test_an_extension_the_dialplan_does_not_know_rings_nobody(office: Office, phones: Shelf) -> None:
    anna = await phones.take("1001", Policy.answer())
    call = await office.ended(await office.dial("7777"))
    assert verdict(call) == (S.FAILED, R.NO_SUCH_EXTENSION, EndedLeg.ENGINE)
    assert anna.count("incoming") == 0


@pytest.mark.parametrize(
    ("code", "status", "reason", "result", "cause"),
    [
        pytest.param(403, S.FAILED, R.FORBIDDEN, LegResult.FORBIDDEN, 21, id="barred"),
        pytest.param(404, S.FAILED, R.INVALID_NUMBER, LegResult.INVALID_NUMBER, 1, id="not in service"),
        pytest.param(408, S.NO_ANSWER, R.NO_ANSWER, LegResult.NO_ANSWER, 18, id="timed out"),
        pytest.param(410, S.FAILED, R.INVALID_NUMBER, LegResult.INVALID_NUMBER, 22, id="gone"),
        pytest.param(480, S.NO_ANSWER, R.NO_ANSWER, LegResult.NO_ANSWER, 19, id="unavailable"),
        pytest.param(484, S.FAILED, R.INVALID_NUMBER, LegResult.INVALID_NUMBER, 28, id="too short"),
        pytest.param(486, S.BUSY, R.BUSY, LegResult.BUSY, 17, id="busy"),
        pytest.param(488, S.UNREACHABLE, R.UNREACHABLE, LegResult.UNREACHABLE, 58, id="no codec"),
        pytest.param(500, S.FAILED, R.CONGESTION, LegResult.CONGESTION, 38, id="broken"),
        pytest.param(503, S.FAILED, R.CONGESTION, LegResult.CONGESTION, 34, id="congestion"),
        pytest.param(603, S.REJECTED, R.REJECTED, LegResult.REJECTED, 21, id="declined"),
    ],
)
async def test_the_carrier_refuses(
    office: Office,
    quick: QuickPhones,
    asterisk: PrivateAsterisk,
    code: int,
    status: CallStatus,
    reason: EndReason,
    result: LegResult,
    cause: int,
) -> None:
    anna = await quick.take("1001", answers())
    carrier = await quick.take("carrier", refuses(code))
    call = await office.ended(await office.click(PlaceCall(to="+12025550123")))
    sip_code: int | None = code
    if not is_at_least(asterisk, 22):
        sip_code = None
        if code == 403:  # the SIP code is all that tells it from a declined call
            status, reason, result = S.REJECTED, R.REJECTED, LegResult.REJECTED
    assert verdict(call) == (status, reason, EndedLeg.B)
    assert (call.leg_b.result, call.leg_b.hangup_cause, call.leg_b.sip_code) == (result, cause, sip_code)
    # The user answered; no SIP code of the carrier's is theirs.
    assert (call.leg_a.result, call.leg_a.hangup_cause, call.leg_a.sip_code) == (
        LegResult.ANSWERED,
        cause,
        None,
    )
    await agree(call, anna.rung("+12025550123"), carrier.rung("+12025550123"))


async def test_the_carrier_takes_the_call_and_never_says_a_word(office: Office, quick: QuickPhones) -> None:
    anna = await quick.take("1001", answers())
    carrier = await quick.take("carrier", ignores)
    call = await office.ended(await office.click(PlaceCall(to="+12025550123")))
    assert verdict(call) == (S.NO_ANSWER, R.NO_ANSWER, EndedLeg.B)
    assert (call.leg_b.hangup_cause, call.leg_b.sip_code, call.leg_b.ringing_ms) == (None, None, None)
    await agree(call, anna.rung("+12025550123"), carrier.rung("+12025550123"))


async def test_the_carrier_is_dead(office: Office, quick: QuickPhones) -> None:
    anna = await quick.take("1001", answers())
    carrier = await quick.take("carrier", ignores, contact_port=NOBODY)
    call = await office.ended(await office.click(PlaceCall(to="+12025550123")))
    assert verdict(call) == (S.NO_ANSWER, R.NO_ANSWER, EndedLeg.B)
    assert (call.leg_a.result, call.leg_a.hangup_cause) == (LegResult.ANSWERED, 16)
    assert (call.leg_b.hangup_cause, call.leg_b.sip_code, call.leg_b.ringing_ms) == (None, None, None)
    await agree(call, anna.rung("+12025550123"), [])
    assert carrier.lines == []


async def test_the_users_phone_has_lost_its_power(office: Office, quick: QuickPhones) -> None:
    """Registered, and gone: Asterisk asks in vain until the time is up."""
    anna = await quick.take("1001", answers())
    anna.lose_power()
    bob = await quick.take("1002", answers())
    call = await office.ended(await office.dial("1002"))
    assert verdict(call) == (S.NO_ANSWER, R.NO_ANSWER, EndedLeg.A)
    assert (call.leg_a.result, call.leg_a.sip_code, call.leg_a.ringing_ms) == (
        LegResult.NO_ANSWER,
        None,
        None,
    )
    assert bob.lines == []


@pytest.mark.usefixtures("long_ringing")
async def test_the_user_gives_up_while_the_destination_rings(office: Office, phones: Shelf) -> None:
    anna = await phones.take("1001", Policy.answer())
    bob = await phones.take("1002", Policy.ring())
    placed = await office.dial("1002", leg_b_timeout_s=60)
    await office.seen(placed, S.CALLEE_RINGING)
    await anna.hang_up()
    call = await office.ended(placed)
    assert verdict(call) == (S.CANCELED, R.CALLER_HUNG_UP, EndedLeg.A)
    assert (await bob.wait_for("ended")).data["sip_code"] == 487

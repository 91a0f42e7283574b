"""Three witnesses of one call: the engine, the phones, and the records Asterisk keeps. They must agree.

What the engine could not see, since its link was down, it may leave out but never make up.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from engine.click_to_call.models import Call, CallStatus, EndReason, Leg, LegResult, LegState
from tests.e2e.calls.quick_phones import Line
from tests.e2e.calls.records import Record

# Between a phone's act and the engine's note of it, on a machine that has other things to do.
_CLOSE_MS = 5000
# From Asterisk's ACK of an answer that comes too late to its BYE; nobody talks for so short a time.
_AT_ONCE_S = 0.5


def recorded_outcome(records: Sequence[Record], channel_id: str) -> str:
    """What the records of one call say together; a failed leg b leaves two, one for each leg.

    `connected`, `answered` (by the user alone), the disposition of the try that failed, or `nothing`.
    """
    # Behind a Local channel the user's devices have records of their own.
    own = [record for record in records if record["UniqueID"] == channel_id]
    tries = [record["Disposition"] for record in own if record["DestinationChannel"]]
    if "ANSWERED" in tries:
        return "connected"
    if tries:
        return tries[-1].lower()
    if any(record["Disposition"] == "ANSWERED" for record in own):
        return "answered"
    return own[-1]["Disposition"].lower() if own else "nothing"


def outcomes_allowed(call: Call) -> set[str]:
    """What Asterisk may have recorded of a call that the engine saw end like this."""
    if call.connected_ms is not None:
        return {"connected"}
    if call.leg_b.channel_id is not None:
        return _failed(call.leg_b)
    if call.leg_a.answered_ms is not None:
        return {"answered"}
    if call.leg_a.channel_id is not None:
        return _failed(call.leg_a)
    # Asterisk tells that a call has failed by another way than of its channels, which may be the slower one.
    return {"nothing", *_failed(call.leg_a)} if call.status is CallStatus.UNREACHABLE else {"nothing"}


def _failed(leg: Leg) -> set[str]:
    if leg.result is LegResult.BUSY:
        return {"busy"}
    if leg.result is LegResult.CONGESTION:
        return {"congestion", "no answer", "failed"}
    return {"no answer", "failed"}


def check_records(call: Call, records: Sequence[Record], *, blind: bool = False) -> None:
    """The engine's verdict on an ended call is Asterisk's own. blind: see `check_phones`."""
    recorded = recorded_outcome(records, call.channel_id)
    allowed = outcomes_allowed(call)
    if blind and call.end_reason is EndReason.CANCELED:
        # Asked to end it, and it is gone: how far it had come by then may have escaped us.
        return
    assert recorded in allowed, f"{recorded} in the records of {call}: {list(records)}"


def status_at_phones(at_a: Sequence[Line], at_b: Sequence[Line]) -> CallStatus | None:
    """The status of a call that goes on, judging by its phones alone; None: nobody is on the phone."""
    a, b = (next((line for line in lines if line.ended is None), None) for lines in (at_a, at_b))
    if a is None:
        return None
    if a.confirmed is None:
        return CallStatus.CALLER_RINGING if a.rang else CallStatus.DIALING_CALLER
    if b is None:
        return CallStatus.CALLER_ANSWERED
    if b.confirmed is None:
        return CallStatus.CALLEE_RINGING if b.rang else CallStatus.DIALING_CALLEE
    return CallStatus.CONNECTED


async def agree(call: Call, at_a: Sequence[Line], at_b: Sequence[Line]) -> None:
    """`check_phones` of an ended call, once the phones know of the end as well."""
    for line in [*at_a, *at_b]:
        await line.until(lambda one: one.ended is not None)
    check_phones(call, at_a, at_b)


def check_phones(call: Call, at_a: Sequence[Line], at_b: Sequence[Line], *, blind: bool = False) -> None:
    """The engine's call is what both phones saw. One try a phone: nothing rings twice.

    blind: the link was down for some of it, so that times and codes may be missing or late.
    """
    about = f"{call}\n{[str(line) for line in [*at_a, *at_b]]}"
    assert len(at_a) <= 1, f"the user's phone rang twice: {about}"
    assert len(at_b) <= 1, f"the destination rang twice: {about}"
    assert not any(line.ended is None for line in [*at_a, *at_b]) or not call.status.final, (
        f"a phone is still busy with an ended call: {about}"
    )
    for leg, lines in ((call.leg_a, at_a), (call.leg_b, at_b)):
        _check_leg(call, leg, lines[0] if lines else None, about, blind=blind)
    both = [line for line in [*at_a, *at_b] if line.confirmed is not None]
    if call.connected_ms is not None:
        assert len(both) == 2, f"connected without two answered phones: {about}"
    elif call.status.final and not blind:
        crossed = any(_crossed_the_end(call, line) for line in both)
        assert len(both) < 2 or crossed, f"two answered phones and no connection: {about}"
    _check_end(call, at_a, at_b, about, blind=blind)


def _crossed_the_end(call: Call, line: Line) -> bool:
    """Its answer met the end of the call: Asterisk acknowledges it, hangs up, and tells nobody."""
    return (
        call.connected_ms is None
        and line.hung_up_by == "them"
        and line.answered is not None
        and line.ended is not None
        and line.ended - line.answered < _AT_ONCE_S
    )


def _check_leg(call: Call, leg: Leg, line: Line | None, about: str, *, blind: bool) -> None:
    if line is None:
        assert leg.ringing_ms is None, about
        assert leg.answered_ms is None, about
        return
    # Asterisk names leg a as soon as it writes the INVITE.
    assert blind or leg.channel_id is not None, about
    assert leg.answered_ms is None or line.answered is not None, f"answered, the engine says: {about}"
    assert leg.ringing_ms is None or line.rang is not None, f"rang, the engine says: {about}"
    if leg.sip_code is not None:
        assert (line.code, line.hung_up_by) == (leg.sip_code, "us"), about
    if blind:
        return
    if leg.answered_ms is not None or not _crossed_the_end(call, line):
        assert (leg.answered_ms is None) == (line.confirmed is None), about
    if leg.answered_ms is not None and line.answered is not None:
        assert abs(leg.answered_ms - _wall_ms(line.answered)) < _CLOSE_MS, about
    if leg.state is LegState.ENDED and line.hung_up_by == "us" and line.answered is None:
        assert leg.sip_code in (line.code, None), about


#: Nothing had been sent, or the PBX refused at once: no phone may have rung.
_NOTHING_RANG = {
    EndReason.PBX_UNAVAILABLE,
    EndReason.PBX_REFUSED,
    EndReason.NO_SUCH_EXTENSION,
    EndReason.NOT_STARTED,
    EndReason.ENGINE_RESTARTED,
}


def _check_end(call: Call, at_a: Sequence[Line], at_b: Sequence[Line], about: str, *, blind: bool) -> None:
    """A status names what somebody did: nobody hangs up, declines or is busy in the engine alone."""
    if call.end_reason in _NOTHING_RANG:
        assert not at_a, f"nothing rang, the engine says: {about}"
        assert not at_b, about
    refusals = {line.code for line in [*at_a, *at_b] if line.hung_up_by == "us" and line.answered is None}
    if call.status is CallStatus.BUSY:
        assert refusals & {486, 600}, about
    if call.status is CallStatus.REJECTED:
        # Without the code, as Asterisk 16 tells it, a carrier that bars a call looks like one who declines.
        told = call.leg_a.sip_code or call.leg_b.sip_code
        assert refusals & ({603} if told else {603, 403}), about
    if call.end_reason is EndReason.HUNG_UP and call.ended_leg is not None and at_a and at_b:
        line = at_a[0] if call.ended_leg.value == "a" else at_b[0]
        assert line.hung_up_by == "us", f"{call.ended_leg} hung up, the engine says: {about}"
    if not blind:
        assert call.status is not CallStatus.UNKNOWN, about


def _wall_ms(monotonic_s: float) -> float:
    return (time.time() - time.monotonic() + monotonic_s) * 1000

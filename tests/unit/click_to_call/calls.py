"""Calls and facts for tests, with as little as possible to say."""

from __future__ import annotations

from engine.click_to_call.models import Call, LegResult
from engine.click_to_call.ports import DialRequest, FactKind, PbxFact

T0_MS = 1_795_000_000_000


def queued(call_id: str = "call_1", **values: object) -> Call:
    """A call as it is created."""
    given: dict[str, object] = {
        "id": call_id,
        "domain_id": "dom_1",
        "user_id": "usr_1",
        "device_id": "dev_1",
        "pbx": "main",
        "to": "1002",
        "created_ms": T0_MS,
    }
    return Call(**{**given, **values})  # type: ignore[arg-type]


def request(call: Call) -> DialRequest:
    return DialRequest(
        call_id=call.id,
        channel_id=call.channel_id,
        endpoint="alice",
        context="internal",
        exten=call.to,
        ring_timeout_s=call.leg_a_timeout_s,
        caller_number="1001",
        caller_name="Alice",
        destination_number=call.to,
        destination_name="Bob",
        auto_answer=False,
        all_devices=False,
        prompt=False,
        destination_is_device=call.destination_is_device,
    )


def fact(
    kind: str,
    leg: str | None = None,
    result: LegResult | None = None,
    *,
    at_ms: int = T0_MS,
    cause: int | None = None,
    sip: int | None = None,
    channel: str | None = None,
    first: str | None = None,
    call_id: str = "call_1",
) -> PbxFact:
    """kind: a FactKind's value. Leg a's channel is the call's own, leg b's is `b-1`."""
    own = f"c2c-{call_id}"
    return PbxFact(
        channel_id=own,
        kind=FactKind(kind),
        leg=leg,
        leg_channel=channel if channel is not None else {"a": own, "b": "b-1"}.get(leg or "", ""),
        at_ms=at_ms,
        result=result,
        hangup_cause=cause,
        sip_code=sip,
        ended_first=first,
    )

"""Calls: one click rings the user's phone, then the destination."""

from __future__ import annotations

from typing import Annotated, Literal

from aiohttp import web
from pydantic import Field

from api.answers import done_once, json_answer
from api.permissions import Permission
from api.requests import ApiRequest, page_request
from api.routes import NoBody, NoQuery, Routes
from api.schema import (
    At,
    Input,
    Line,
    Listed,
    Metadata,
    Moment,
    PageQuery,
    Resource,
    Word,
    at,
    at_or_none,
    listed,
    to_ms,
)
from engine.click_to_call.models import (
    AcceptPrompt,
    Call,
    CallFilter,
    CallStatus,
    EndedLeg,
    EndReason,
    Leg,
    LegResult,
    LegState,
    PlaceCall,
)

routes = Routes("calls")


class NewCall(Input):
    to: Annotated[Line, Field(min_length=1, description="An extension of the domain, or a phone number.")]
    user_id: Word | None = Field(
        default=None, description="Whose phone rings; a token's own user by default."
    )
    device_id: Word | None = Field(
        default=None, description="Which phone; the user's default one by default."
    )
    domain_id: Word | None = None
    caller_id: Line | None = Field(
        default=None, description="A number of the domain, shown to the destination."
    )
    prompt: AcceptPrompt = AcceptPrompt.NONE
    auto_answer: bool = False
    all_devices: bool = False
    leg_a_timeout_s: int = Field(default=30, ge=5, le=120)
    leg_b_timeout_s: int = Field(default=60, ge=5, le=600)
    client_ref: Annotated[Line, Field(min_length=1, max_length=128)] | None = None
    metadata: Metadata = Field(default_factory=dict)


class LegResource(Resource):
    leg: Literal["a", "b"]
    state: LegState
    result: LegResult | None
    hangup_cause: int | None = Field(description="Q.850.")
    sip_code: int | None
    started_at: At | None
    ringing_at: At | None
    answered_at: At | None
    ended_at: At | None
    channel_id: str | None


class CallResource(Resource):
    id: str
    domain_id: str
    status: CallStatus
    user_id: str
    device_id: str
    to: str
    caller_id: str | None
    prompt: AcceptPrompt
    auto_answer: bool
    all_devices: bool
    legs: list[LegResource] = Field(description="Leg a is the user's phone, leg b the destination.")
    ended_leg: EndedLeg | None
    end_reason: EndReason | None
    created_at: At
    connected_at: At | None
    ended_at: At | None
    cancel_requested_at: At | None
    sequence: int = Field(description="Grows with every change of the call.")
    client_ref: str | None
    metadata: dict[str, str]


class CallList(Listed[CallResource]):
    """Calls, newest first."""


class CallQuery(PageQuery):
    domain_id: Word | None = None
    user_id: Word | None = None
    status: CallStatus | None = None
    open: bool | None = Field(default=None, description="true: calls that go on; false: ended ones.")
    client_ref: Line | None = None
    created_from: Moment | None = None
    created_before: Moment | None = None


def _leg(name: Literal["a", "b"], leg: Leg) -> LegResource:
    return LegResource(
        leg=name,
        state=leg.state,
        result=leg.result,
        hangup_cause=leg.hangup_cause,
        sip_code=leg.sip_code,
        started_at=at_or_none(leg.started_ms),
        ringing_at=at_or_none(leg.ringing_ms),
        answered_at=at_or_none(leg.answered_ms),
        ended_at=at_or_none(leg.ended_ms),
        channel_id=leg.channel_id,
    )


def shown(call: Call) -> CallResource:
    return CallResource(
        id=call.id,
        domain_id=call.domain_id,
        status=call.status,
        user_id=call.user_id,
        device_id=call.device_id,
        to=call.to,
        caller_id=call.caller_id,
        prompt=call.prompt,
        auto_answer=call.auto_answer,
        all_devices=call.all_devices,
        legs=[_leg("a", call.leg_a), _leg("b", call.leg_b)],
        ended_leg=call.ended_leg,
        end_reason=call.end_reason,
        created_at=at(call.created_ms),
        connected_at=at_or_none(call.connected_ms),
        ended_at=at_or_none(call.ended_ms),
        cancel_requested_at=at_or_none(call.cancel_requested_ms),
        sequence=call.sequence,
        client_ref=call.client_ref,
        metadata=dict(call.metadata),
    )


def rendered(call: Call) -> tuple[int, str]:
    return 202, shown(call).json_text()


@routes.add(
    "POST",
    "/v1/calls",
    summary="Ring the user's phone, then the destination, and join them. Answers before any phone rings.",
    permission=Permission.PLACE_CALLS,
    body=NewCall,
    answers={202: CallResource},
    problems=(
        "not_found",
        "invalid_number",
        "self_call",
        "no_device",
        "user_disabled",
        "not_your_device",
        "caller_id_not_allowed",
        "destination_blocked",
        "international_disabled",
        "rate_limited",
        "minutes_used_up",
        "off_hours_burst",
        "auto_answer_not_possible",
        "no_such_extension",
        "pbx_unavailable",
        "shutting_down",
    ),
    idempotent=True,
)
async def place_call(request: ApiRequest[NewCall, NoQuery]) -> web.StreamResponse:
    placed = await request.services.calls.place(
        request.principal, PlaceCall(**request.body.given()), request.claim, rendered
    )
    return done_once(placed, rendered)


@routes.add(
    "GET",
    "/v1/calls",
    summary="List calls, newest first.",
    permission=Permission.READ_CALLS,
    query=CallQuery,
    answers={200: CallList},
    problems=("not_found", "invalid_cursor"),
)
async def list_calls(request: ApiRequest[NoBody, CallQuery]) -> web.StreamResponse:
    query = request.query
    chosen = CallFilter(
        domain_id=query.domain_id,
        user_id=query.user_id,
        status=query.status,
        open=query.open,
        client_ref=query.client_ref,
        created_from_ms=to_ms(query.created_from),
        created_before_ms=to_ms(query.created_before),
    )
    page = await request.services.calls.list(request.principal, chosen, page_request(query))
    return json_answer(200, listed(page, shown))


@routes.add(
    "GET",
    "/v1/calls/{call_id}",
    summary="Read a call; an ended one stays readable.",
    permission=Permission.READ_CALLS,
    answers={200: CallResource},
    problems=("not_found",),
)
async def get_call(request: ApiRequest[NoBody, NoQuery]) -> web.StreamResponse:
    call = await request.services.calls.get(request.principal, request.id("call_id"))
    return json_answer(200, shown(call))


@routes.add(
    "POST",
    "/v1/calls/{call_id}:cancel",
    summary="End a call in any state: 202 while it is being ended, 200 when it is over.",
    permission=Permission.PLACE_CALLS,
    answers={200: CallResource, 202: CallResource},
    problems=("not_found",),
)
async def cancel_call(request: ApiRequest[NoBody, NoQuery]) -> web.StreamResponse:
    call = await request.services.calls.cancel(request.principal, request.id("call_id"))
    return json_answer(200 if call.status.final else 202, shown(call))

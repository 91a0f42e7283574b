"""Presence: who is logged in, what their phones do, and what they say of themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec
from aiohttp import web
from pydantic import AwareDatetime, Field

from api.answers import json_bytes
from api.permissions import Permission
from api.requests import ApiRequest
from api.routes import NoBody, NoQuery, Routes
from api.schema import At, Input, Line, Query, Resource, Word, to_ms
from engine.presence.frames import calls_data, presence_data
from engine.presence.models import Direction, LegState, PhoneState, SetStatus, Status, UserPresence

routes = Routes("presence")

_encode = msgspec.json.Encoder().encode


class NewStatus(Input):
    """What a user says of themselves; it replaces all they said before."""

    status: Status = Field(default=Status.AVAILABLE, strict=False)
    text: Annotated[Line, Field(max_length=140)] = ""
    expires_at: AwareDatetime | None = Field(
        default=None, strict=False, description="When status and text are over; do-not-disturb stays."
    )
    do_not_disturb: bool


class LiveCallResource(Resource):
    id: str
    direction: Direction
    state: LegState
    peer: str = Field(description="A user id, E.164, what the PBX called it, or empty.")
    peer_user_id: str | None
    peer_name: str
    started_at: At | None
    since: At | None = Field(description="Since when it is in this state; null where nobody saw.")


class PresenceResource(Resource):
    user_id: str
    extension: str
    display_name: str
    logged_in: bool = Field(description="A page or device of theirs is connected, or was a moment ago.")
    phone: PhoneState
    phone_since: At | None
    phones_registered: int | None = Field(description="Null where the PBX does not tell how many.")
    do_not_disturb: bool
    status: Status
    text: str
    expires_at: At | None
    calls: list[LiveCallResource] | None = Field(
        description="Calls that go on: one's own, for managers everybody's; null for those one may not see."
    )


class PresenceList(Resource):
    """Everybody in a domain, by extension."""

    items: list[PresenceResource]


class PresenceQuery(Query):
    domain_id: Word | None = None


def document(presence: UserPresence, *, parties: bool) -> dict[str, object]:
    return presence_data(presence) | {"calls": calls_data(presence.calls) if parties else None}


def _answer(found: Sequence[tuple[UserPresence, bool]]) -> web.Response:
    return json_bytes(200, _encode({"items": [document(one, parties=parties) for one, parties in found]}))


@routes.add(
    "GET",
    "/v1/presence",
    summary="Everybody in a domain: who is logged in, and what their phones do.",
    permission=Permission.READ_PRESENCE,
    query=PresenceQuery,
    answers={200: PresenceList},
    problems=("not_found",),
)
async def list_presence(request: ApiRequest[NoBody, PresenceQuery]) -> web.StreamResponse:
    return _answer(await request.services.presence.list(request.principal, request.query.domain_id))


@routes.add(
    "GET",
    "/v1/me/presence",
    summary="One's own presence.",
    permission=Permission.READ_PRESENCE,
    answers={200: PresenceResource},
    problems=("no_user",),
)
async def own_presence(request: ApiRequest[NoBody, NoQuery]) -> web.StreamResponse:
    own = await request.services.presence.own(request.principal)
    return json_bytes(200, _encode(document(own, parties=True)))


@routes.add(
    "PUT",
    "/v1/me/presence",
    summary="Set one's status, its text, and do-not-disturb.",
    permission=Permission.SET_PRESENCE,
    body=NewStatus,
    answers={200: PresenceResource},
    problems=("no_user",),
)
async def set_presence(request: ApiRequest[NewStatus, NoQuery]) -> web.StreamResponse:
    body = request.body
    wish = SetStatus(
        status=body.status,
        text=body.text,
        expires_ms=to_ms(body.expires_at),
        do_not_disturb=body.do_not_disturb,
    )
    own = await request.services.presence.set(request.principal, wish)
    return json_bytes(200, _encode(document(own, parties=True)))

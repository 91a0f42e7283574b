"""Events: what was committed, as a socket that pushes or as pages to poll."""

from __future__ import annotations

from typing import Any

from aiohttp import hdrs, web
from pydantic import Field

from api.answers import json_answer
from api.event_frames import MAX_STREAMS, Cursor, cursor_of_text, event_fields, may_see, text_of_cursor
from api.event_position import Position
from api.permissions import Permission
from api.requests import ApiRequest
from api.rest.messages import MessageResource
from api.routes import NoBody, NoQuery, Routes
from api.schema import At, Query, Resource, at
from engine.accounts.models import Principal, Scope
from engine.errors import InvalidRequest, NotFound
from engine.events import OPERATIONS_STREAM, domain_stream
from engine.ids import is_id
from engine.services import Services

routes = Routes("events")


class EventQuery(Query):
    cursor: str | None = Field(
        default=None,
        max_length=3_500,  # both fit into one address
        description="`stream:seq` of the last event seen, several joined by commas; without it, from now.",
    )
    limit: int = Field(default=50, ge=1, le=200)
    domains: str | None = Field(
        default=None,
        max_length=3_500,  # both fit into one address
        description="Ids joined by commas: whose events, for a credential that reaches several domains.",
    )
    ticket: str | None = Field(
        default=None, max_length=128, description="For the upgrade to a WebSocket only."
    )


class EventResource(Resource):
    stream: str
    seq: int
    type: str
    subject: str
    at: At
    data: dict[str, Any]
    message: MessageResource | None = Field(
        default=None, description="With events about a message, on the socket: the message as it is now."
    )


class EventPage(Resource):
    """Events in order. Poll with next_cursor; it moves on even where all events were others'."""

    items: list[EventResource]
    next_cursor: str
    resync: bool = Field(description="Events were lost since the cursor: read everything anew.")


class Ticket(Resource):
    ticket: str = Field(description="Goes into the socket's address as `?ticket=`; good once.")
    expires_at: At


@routes.add(
    "GET",
    "/v1/events",
    summary="Read events, or upgrade to a WebSocket that pushes them.",
    permission=Permission.READ_EVENTS,
    query=EventQuery,
    answers={200: EventPage, 101: None},
    problems=("origin_not_allowed", "bad_handshake", "not_found", "invalid_cursor", "rate_limited"),
    socket=True,
)
async def read_events(request: ApiRequest[NoBody, EventQuery]) -> web.StreamResponse:
    query = request.query
    cursor = None if query.cursor is None else cursor_of_text(query.cursor)
    streams = await streams_of(request.services, request.principal, query.domains)
    if hdrs.UPGRADE in request.http.headers:
        return await request.context.sockets.serve(request.http, request.principal, streams, cursor)
    return json_answer(200, await _page(request.services, request.principal, streams, cursor, query.limit))


@routes.add(
    "POST",
    "/v1/events/tickets",
    summary="Get a ticket that opens the event socket once, within seconds.",
    permission=Permission.READ_EVENTS,
    answers={201: Ticket},
)
async def issue_ticket(request: ApiRequest[NoBody, NoQuery]) -> web.StreamResponse:
    issued = await request.services.accounts.tokens.issue_ticket(request.principal)
    return json_answer(201, Ticket(ticket=issued.secret, expires_at=at(issued.expires_ms)))


async def streams_of(services: Services, principal: Principal, domains: str | None) -> list[str]:
    """The streams a principal reads: its domain's, or those it names; operations for a super user.

    Raises NotFound for a domain out of reach, InvalidRequest when one must be named.
    """
    if domains is None:
        if principal.domain_id is not None:
            return [domain_stream(principal.domain_id)]
        if principal.scope is Scope.SUPER_USER:
            return [OPERATIONS_STREAM]
        raise InvalidRequest("Name the domains; this credential reaches more than one.", field="?domains")
    wanted = list(dict.fromkeys(domains.split(",")))
    if len(wanted) >= MAX_STREAMS:
        raise InvalidRequest(f"Name at most {MAX_STREAMS - 1} domains.", field="?domains")
    for domain_id in wanted:
        if not is_id(domain_id, "dom"):
            raise NotFound("There is no such domain.")
        await services.accounts.domain_meant(principal, domain_id)
    streams = [domain_stream(domain_id) for domain_id in wanted]
    return [*streams, OPERATIONS_STREAM] if principal.scope is Scope.SUPER_USER else streams


async def _page(
    services: Services, principal: Principal, streams: list[str], cursor: Cursor | None, limit: int
) -> EventPage:
    position = Position(services.event_log, streams)
    resync = await position.begin(cursor)
    shown: list[EventResource] = []
    for event in await services.event_log.after(position.passed, limit):
        if not position.follows(event):
            break  # trimmed between the two reads; the next poll says so
        if may_see(principal, event):
            shown.append(EventResource.model_validate(event_fields(event)))
    return EventPage(items=shown, next_cursor=text_of_cursor(position.passed), resync=resync)

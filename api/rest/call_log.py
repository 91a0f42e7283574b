"""The call log: which calls a user had, and which they missed."""

from __future__ import annotations

from typing import Annotated

from aiohttp import web
from pydantic import Field

from api.answers import json_answer
from api.permissions import Permission
from api.requests import ApiRequest, page_request
from api.routes import NoBody, NoQuery, Routes
from api.schema import At, Input, Line, Listed, PageQuery, Resource, Word, at, at_or_none, listed
from engine.presence.models import CallLogEntry, CallLogFilter, CallResult, Direction

routes = Routes("call log")


class CallLogResource(Resource):
    """One user's view of one call."""

    id: str
    domain_id: str
    user_id: str
    direction: Direction
    result: CallResult
    missed: bool
    seen: bool
    peer: str = Field(description="A user id, E.164, what the PBX called it, or empty (withheld).")
    peer_user_id: str | None
    peer_name: str
    call_id: str | None = Field(description="The click it was, if it was one.")
    started_at: At
    answered_at: At | None
    ended_at: At | None = Field(description="Null where nobody saw it end.")


class CallLogList(Listed[CallLogResource]):
    """Entries, newest first."""


class CallLogQuery(PageQuery):
    domain_id: Word | None = None
    user_id: Word | None = None
    direction: Direction | None = None
    missed: bool | None = None
    seen: bool | None = None
    peer: Line | None = Field(default=None, min_length=1, max_length=64)


class SeenCalls(Input):
    ids: Annotated[list[Word], Field(max_length=200)] | None = Field(
        default=None, description="Which of one's own; all there are by now when left out."
    )


class UnseenCalls(Resource):
    missed: int = Field(description="Missed calls one does not know of yet.")


def shown(entry: CallLogEntry) -> CallLogResource:
    return CallLogResource(
        id=entry.id,
        domain_id=entry.domain_id,
        user_id=entry.user_id,
        direction=entry.direction,
        result=entry.result or CallResult.UNKNOWN,
        missed=entry.missed,
        seen=entry.seen,
        peer=entry.peer,
        peer_user_id=entry.peer_user_id,
        peer_name=entry.peer_name,
        call_id=entry.call_id,
        started_at=at(entry.started_ms),
        answered_at=at_or_none(entry.answered_ms),
        ended_at=at_or_none(entry.ended_ms),
    )


@routes.add(
    "GET",
    "/v1/call-log",
    summary="List calls, newest first: one's own; for managers the domain's, or one user's.",
    permission=Permission.READ_CALL_LOG,
    query=CallLogQuery,
    answers={200: CallLogList},
    problems=("not_found", "invalid_cursor"),
)
async def list_call_log(request: ApiRequest[NoBody, CallLogQuery]) -> web.StreamResponse:
    query = request.query
    chosen = CallLogFilter(
        domain_id=query.domain_id,
        user_id=query.user_id,
        direction=query.direction,
        missed=query.missed,
        seen=query.seen,
        peer=query.peer,
    )
    page = await request.services.call_log.list(request.principal, chosen, page_request(query))
    return json_answer(200, listed(page, shown))


@routes.add(
    "GET",
    "/v1/call-log/{entry_id}",
    summary="Read an entry of the call log.",
    permission=Permission.READ_CALL_LOG,
    answers={200: CallLogResource},
)
async def get_call_log_entry(request: ApiRequest[NoBody, NoQuery]) -> web.StreamResponse:
    entry = await request.services.call_log.get(request.principal, request.id("entry_id"))
    return json_answer(200, shown(entry))


@routes.add(
    "GET",
    "/v1/call-log:unseen",
    summary="How many missed calls one does not know of yet.",
    permission=Permission.READ_CALL_LOG,
    answers={200: UnseenCalls},
    problems=("no_user",),
)
async def unseen_calls(request: ApiRequest[NoBody, NoQuery]) -> web.StreamResponse:
    return json_answer(
        200, UnseenCalls(missed=await request.services.call_log.unseen_missed(request.principal))
    )


@routes.add(
    "POST",
    "/v1/call-log:seen",
    summary="Say that one knows of one's missed calls, of all or of these; how many are left.",
    permission=Permission.READ_CALL_LOG,
    body=SeenCalls,
    answers={200: UnseenCalls},
    problems=("no_user",),
)
async def mark_calls_seen(request: ApiRequest[SeenCalls, NoQuery]) -> web.StreamResponse:
    left = await request.services.call_log.mark_seen(request.principal, request.body.ids)
    return json_answer(200, UnseenCalls(missed=left))

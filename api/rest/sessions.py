"""Sessions: where a user is logged in, and ending that."""

from __future__ import annotations

from aiohttp import web
from pydantic import Field

from api.answers import empty_answer, json_answer
from api.permissions import Permission
from api.requests import ApiRequest
from api.routes import NoBody, NoQuery, Routes
from api.schema import At, Query, Resource, Word, at
from engine.accounts.models import Principal, Session

routes = Routes("sessions")


class SessionQuery(Query):
    user_id: Word | None = Field(default=None, description="Whose; managers may name a user.")


class SessionResource(Resource):
    id: str
    user_id: str
    user_agent: str = Field(description="What the browser or program called itself.")
    address: str = Field(description="Where the log-in came from.")
    created_at: At
    last_seen_at: At = Field(description="To within half a minute.")
    expires_at: At
    current: bool = Field(description="Whether this is the session that asks.")


class SessionList(Resource):
    """All of them, newest first; nobody has more than 50."""

    items: list[SessionResource]


class Ended(Resource):
    ended: int = Field(description="How many sessions there were.")


def shown(session: Session, principal: Principal) -> SessionResource:
    return SessionResource(
        id=session.id,
        user_id=session.user_id,
        user_agent=session.user_agent,
        address=session.address,
        created_at=at(session.created_ms),
        last_seen_at=at(session.last_seen_ms),
        expires_at=at(session.expires_ms),
        current=session.id == principal.credential_id,
    )


@routes.add(
    "GET",
    "/v1/sessions",
    summary="List where one, or a user one manages, is logged in.",
    permission=Permission.OWN_ACCOUNT,
    query=SessionQuery,
    answers={200: SessionList},
    problems=("not_found",),
)
async def list_sessions(request: ApiRequest[NoBody, SessionQuery]) -> web.StreamResponse:
    found = await request.services.accounts.sessions.list(request.principal, request.query.user_id)
    return json_answer(200, SessionList(items=[shown(session, request.principal) for session in found]))


@routes.add(
    "DELETE",
    "/v1/sessions/{session_id}",
    summary="End a session; its sockets are closed within 5 seconds.",
    permission=Permission.OWN_ACCOUNT,
    answers={204: None},
)
async def end_session(request: ApiRequest[NoBody, NoQuery]) -> web.StreamResponse:
    await request.services.accounts.sessions.revoke(request.principal, request.id("session_id"))
    return empty_answer()


@routes.add(
    "POST",
    "/v1/sessions:end-others",
    summary="End every session of a user but the one that asks.",
    permission=Permission.OWN_ACCOUNT,
    query=SessionQuery,
    answers={200: Ended},
    problems=("not_found",),
)
async def end_other_sessions(request: ApiRequest[NoBody, SessionQuery]) -> web.StreamResponse:
    ended = await request.services.accounts.sessions.revoke_others(request.principal, request.query.user_id)
    return json_answer(200, Ended(ended=ended))

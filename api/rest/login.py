"""Logging in and out. A page of ours asks for the cookie and never sees the secret."""

from __future__ import annotations

from typing import Annotated, Literal

from aiohttp import hdrs, web
from pydantic import Field, StringConstraints

from api.answers import empty_answer, json_answer
from api.cookies import give_cookie, take_cookie
from api.permissions import Permission
from api.proxies import client_address, own_origin
from api.requests import ApiRequest
from api.rest import users
from api.routes import NoBody, NoQuery, Routes
from api.schema import At, Input, Line, Resource, at
from engine.accounts.models import LogIn
from engine.errors import Forbidden

routes = Routes("log-in")

Password = Annotated[str, StringConstraints(min_length=1, max_length=256, pattern=r"^[^\x00-\x1f\x7f]*$")]
Name = Annotated[Line, StringConstraints(min_length=1)]


class Credentials(Input):
    """give: `secret` for programs, which send it as Bearer; `cookie` for a page of this server."""

    name: Name = Field(description="Extension or login, @, the domain's realm: 101@acme.example.")
    password: Password = Field(repr=False)
    new_password: Password | None = Field(
        default=None, repr=False, description="Needed with a temporary password, and only then."
    )
    give: Literal["secret", "cookie"] = "secret"


class LoggedIn(Resource):
    session_id: str
    user: users.UserResource
    expires_at: At
    secret: str | None = Field(description="Shown this once; null where a cookie was asked for.")


@routes.add(
    "POST",
    "/v1/login",
    summary="Log in.",
    permission=Permission.PUBLIC,
    body=Credentials,
    answers={201: LoggedIn},
    problems=(
        "login_failed",
        "password_change_required",
        "password_refused",
        "origin_not_allowed",
        "rate_limited",
    ),
)
async def log_in(request: ApiRequest[Credentials, NoQuery]) -> web.StreamResponse:
    body, trusted = request.body, request.context.settings.trusted_proxies
    origin = request.http.headers.get(hdrs.ORIGIN)
    if body.give == "cookie" and origin not in (None, own_origin(request.http, trusted)):
        raise Forbidden("Only a page of this server gets a cookie.", code="origin_not_allowed")
    command = LogIn(
        name=body.name,
        password=body.password,
        new_password=body.new_password,
        address=client_address(request.http, trusted),
        user_agent=request.http.headers.get(hdrs.USER_AGENT, ""),
    )
    issued = await request.services.accounts.sessions.log_in(command)
    session = issued.session
    shown = LoggedIn(
        session_id=session.id,
        user=users.shown(issued.user),
        expires_at=at(session.expires_ms),
        secret=issued.secret if body.give == "secret" else None,
    )
    response = json_answer(201, shown)
    if body.give == "cookie":
        give_cookie(response, issued.secret, (session.expires_ms - session.created_ms) // 1000)
    return response


@routes.add(
    "POST",
    "/v1/logout",
    summary="End the session that asks.",
    permission=Permission.OWN_ACCOUNT,
    answers={204: None},
    problems=("session_required", "not_found"),
)
async def log_out(request: ApiRequest[NoBody, NoQuery]) -> web.StreamResponse:
    await request.services.accounts.sessions.log_out(request.principal)
    response = empty_answer()
    take_cookie(response)
    return response

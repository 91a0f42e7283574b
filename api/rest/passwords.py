"""Passwords: changing one's own, and an administrator's help."""

from __future__ import annotations

from aiohttp import web
from pydantic import Field

from api.answers import json_answer
from api.permissions import Permission
from api.proxies import client_address
from api.requests import ApiRequest
from api.rest.login import Password
from api.rest.sessions import Ended
from api.routes import NoBody, NoQuery, Routes
from api.schema import At, Input, Resource, at

routes = Routes("passwords")


class PasswordChange(Input):
    current_password: Password = Field(repr=False)
    new_password: Password = Field(repr=False)


class TemporaryPasswordResource(Resource):
    user_id: str
    temporary_password: str = Field(description="Shown this once; good for one log-in.")
    expires_at: At


@routes.add(
    "POST",
    "/v1/me/password",
    summary="Change one's own password; the other sessions end.",
    permission=Permission.OWN_ACCOUNT,
    body=PasswordChange,
    answers={200: Ended},
    problems=("session_required", "login_failed", "password_refused", "rate_limited"),
)
async def change_password(request: ApiRequest[PasswordChange, NoQuery]) -> web.StreamResponse:
    body = request.body
    address = client_address(request.http, request.context.settings.trusted_proxies)
    ended = await request.services.accounts.passwords.change_own(
        request.principal, body.current_password, body.new_password, address
    )
    return json_answer(200, Ended(ended=ended))


@routes.add(
    "POST",
    "/v1/users/{user_id}:reset-password",
    summary="Make a temporary password; the old one and the user's sessions end.",
    permission=Permission.RESET_PASSWORDS,
    answers={201: TemporaryPasswordResource},
    problems=("key_required", "no_realm", "rate_limited"),
)
async def reset_password(request: ApiRequest[NoBody, NoQuery]) -> web.StreamResponse:
    made = await request.services.accounts.passwords.reset(request.principal, request.id("user_id"))
    shown = TemporaryPasswordResource(
        user_id=made.user_id, temporary_password=made.password, expires_at=at(made.expires_ms)
    )
    return json_answer(201, shown)

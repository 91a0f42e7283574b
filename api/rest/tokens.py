"""Tokens: what a server's key mints for one user's page."""

from __future__ import annotations

from aiohttp import web
from pydantic import Field

from api.answers import done_once
from api.permissions import Permission
from api.requests import ApiRequest
from api.routes import NoQuery, Routes
from api.schema import At, Input, Resource, at, at_or_none
from engine.accounts.models import IssuedCredential, MintToken, Scope

routes = Routes("tokens")


class NewToken(Input):
    lifetime_s: int = Field(default=3600, ge=60, le=86_400)
    scope: Scope = Scope.BASIC_USER


class IssuedToken(Resource):
    id: str
    domain_id: str | None
    user_id: str | None
    scope: Scope
    created_at: At
    expires_at: At | None
    secret: str | None = Field(description="Shown this once; null in the answer to a repetition.")


def rendered(issued: IssuedCredential) -> tuple[int, str]:
    token = issued.credential
    shown = IssuedToken(
        id=token.id,
        domain_id=token.domain_id,
        user_id=token.user_id,
        scope=token.scope,
        created_at=at(token.created_ms),
        expires_at=at_or_none(token.expires_ms),
        secret=issued.secret,
    )
    return 201, shown.json_text()


@routes.add(
    "POST",
    "/v1/users/{user_id}/tokens",
    summary="Mint a short token for a user's page.",
    permission=Permission.MINT_TOKENS,
    body=NewToken,
    answers={201: IssuedToken},
    problems=("key_required", "user_disabled"),
    idempotent=True,
)
async def mint_token(request: ApiRequest[NewToken, NoQuery]) -> web.StreamResponse:
    body = request.body
    command = MintToken(user_id=request.id("user_id"), lifetime_s=body.lifetime_s, scope=body.scope)
    made = await request.services.accounts.tokens.mint(
        request.principal, command, claim=request.claim, render=rendered
    )
    return done_once(made, rendered)

"""Keys: credentials of servers. The secret is shown once, when the key is made."""

from __future__ import annotations

from typing import Any

from aiohttp import web
from pydantic import AwareDatetime, Field

from api.answers import done_once, json_answer
from api.permissions import Permission
from api.requests import ApiRequest, page_request
from api.routes import NoBody, NoQuery, Routes
from api.schema import At, Input, Line, Listed, PageQuery, Resource, Word, at, at_or_none, listed, to_ms
from engine.accounts.models import CreateKey, Credential, IssuedCredential, Scope

routes = Routes("keys")


class NewKey(Input):
    label: Line
    scope: Scope
    domain_id: Word | None = None
    reseller_id: Word | None = None
    user_id: Word | None = None
    expires_at: AwareDatetime | None = Field(default=None, description="Null never ends.")


class KeyResource(Resource):
    id: str
    domain_id: str | None
    reseller_id: str | None
    user_id: str | None
    scope: Scope
    label: str
    issued_by: str
    created_at: At
    expires_at: At | None
    revoked_at: At | None


class IssuedKey(KeyResource):
    secret: str | None = Field(
        description="Shown this once; null in the answer to a repetition, since only its hash is kept."
    )


class KeyList(Listed[KeyResource]):
    """Keys, oldest first, revoked ones included."""


class KeyQuery(PageQuery):
    domain_id: Word | None = None


def _fields(key: Credential) -> dict[str, Any]:
    return {
        "id": key.id,
        "domain_id": key.domain_id,
        "reseller_id": key.reseller_id,
        "user_id": key.user_id,
        "scope": key.scope,
        "label": key.label,
        "issued_by": key.issued_by,
        "created_at": at(key.created_ms),
        "expires_at": at_or_none(key.expires_ms),
        "revoked_at": at_or_none(key.revoked_ms),
    }


def shown(key: Credential) -> KeyResource:
    return KeyResource(**_fields(key))


def rendered(issued: IssuedCredential) -> tuple[int, str]:
    return 201, IssuedKey(**_fields(issued.credential), secret=issued.secret).json_text()


@routes.add(
    "POST",
    "/v1/keys",
    summary="Make a key.",
    permission=Permission.MANAGE_KEYS,
    body=NewKey,
    answers={201: IssuedKey},
    problems=("not_found", "key_required"),
    idempotent=True,
)
async def create_key(request: ApiRequest[NewKey, NoQuery]) -> web.StreamResponse:
    body = request.body
    command = CreateKey(
        label=body.label,
        scope=body.scope,
        domain_id=body.domain_id,
        reseller_id=body.reseller_id,
        user_id=body.user_id,
        expires_ms=to_ms(body.expires_at),
    )
    made = await request.services.accounts.keys.create(
        request.principal, command, claim=request.claim, render=rendered
    )
    return done_once(made, rendered)


@routes.add(
    "GET",
    "/v1/keys",
    summary="List the keys of a domain, or those of no domain.",
    permission=Permission.MANAGE_KEYS,
    query=KeyQuery,
    answers={200: KeyList},
    problems=("not_found",),
)
async def list_keys(request: ApiRequest[NoBody, KeyQuery]) -> web.StreamResponse:
    page = await request.services.accounts.keys.list(
        request.principal, request.query.domain_id, page_request(request.query)
    )
    return json_answer(200, listed(page, shown))


@routes.add(
    "GET",
    "/v1/keys/{key_id}",
    summary="Read a key; never its secret.",
    permission=Permission.MANAGE_KEYS,
    answers={200: KeyResource},
)
async def get_key(request: ApiRequest[NoBody, NoQuery]) -> web.StreamResponse:
    key = await request.services.accounts.keys.get(request.principal, request.id("key_id"))
    return json_answer(200, shown(key))


@routes.add(
    "DELETE",
    "/v1/keys/{key_id}",
    summary="Revoke a key and the tokens it minted; it stays listed.",
    permission=Permission.MANAGE_KEYS,
    answers={200: KeyResource},
)
async def revoke_key(request: ApiRequest[NoBody, NoQuery]) -> web.StreamResponse:
    key = await request.services.accounts.keys.revoke(request.principal, request.id("key_id"))
    return json_answer(200, shown(key))

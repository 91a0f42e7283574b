"""The audit log: who did what."""

from __future__ import annotations

from typing import Any

from aiohttp import web
from pydantic import Field

from api.answers import json_answer
from api.permissions import Permission
from api.requests import ApiRequest
from api.routes import NoBody, Routes
from api.schema import At, Listed, PageQuery, Resource, Word, at, listed
from engine.accounts.models import Page, Principal, Scope
from engine.audit import AuditEntry
from engine.errors import InvalidRequest
from engine.ids import is_id
from engine.services import Services

routes = Routes("audit")


class AuditResource(Resource):
    id: str
    domain_id: str | None
    actor: str = Field(description="Id of the credential.")
    action: str = Field(description="`<noun>.<verb>`, as in `user.created`.")
    subject: str
    data: dict[str, Any]
    request_id: str | None = Field(description="Of the API request that did it, if one did.")
    created_at: At


class AuditList(Listed[AuditResource]):
    """Entries, newest first."""


class AuditQuery(PageQuery):
    domain_id: Word | None = None


def shown(entry: AuditEntry) -> AuditResource:
    return AuditResource(
        id=entry.id,
        domain_id=entry.domain_id,
        actor=entry.actor,
        action=entry.action,
        subject=entry.subject,
        data=dict(entry.data),
        request_id=entry.request_id,
        created_at=at(entry.created_ms),
    )


@routes.add(
    "GET",
    "/v1/audit",
    summary="Read the audit log of a domain, or of what belongs to none.",
    permission=Permission.READ_AUDIT,
    query=AuditQuery,
    answers={200: AuditList},
    problems=("not_found", "invalid_cursor"),
)
async def list_audit(request: ApiRequest[NoBody, AuditQuery]) -> web.StreamResponse:
    query = request.query
    if query.cursor is not None and not is_id(query.cursor, "aud"):
        raise InvalidRequest("The cursor is not one of ours.", code="invalid_cursor", field="/cursor")
    domain_id = await _domain_meant(request.services, request.principal, query.domain_id)
    found = await request.services.audit.page(domain_id, before=query.cursor, limit=query.limit + 1)
    items = tuple(found[: query.limit])
    more = len(found) > query.limit
    return json_answer(200, listed(Page(items, items[-1].id if more else None), shown))


async def _domain_meant(services: Services, principal: Principal, domain_id: str | None) -> str | None:
    """Whose log: that of a domain within reach, or for a super user who names none, the system's own."""
    if principal.scope is Scope.SUPER_USER and domain_id is None:
        return None
    return (await services.accounts.domain_meant(principal, domain_id)).id

"""Domains: the tenants."""

from __future__ import annotations

from aiohttp import web
from pydantic import Field

from api.answers import done_once, empty_answer, json_answer
from api.permissions import Permission
from api.requests import ApiRequest, page_request
from api.routes import NoBody, NoQuery, Routes
from api.schema import LEFT_AS_IT_IS, At, Input, Line, Listed, PageQuery, Resource, Word, at, listed
from engine.accounts.models import CreateDomain, Domain, UpdateDomain

routes = Routes("domains")


class NewDomain(Input):
    name: Line
    pbx: Word = Field(description="Name of a PBX in the configuration.")
    dial_context: Word = Field(description="Dialplan context in which the domain's calls start.")
    region: Word | None = Field(default=None, description="Country code by which national numbers are read.")
    reseller_id: Word | None = None
    sms_enabled: bool = True
    realm: Word | None = Field(
        default=None, description="What stands behind the @ when its people log in, such as acme.example."
    )


class DomainChanges(Input):
    name: Line = LEFT_AS_IT_IS
    pbx: Word = LEFT_AS_IT_IS
    dial_context: Word = LEFT_AS_IT_IS
    region: Word | None = LEFT_AS_IT_IS
    reseller_id: Word | None = LEFT_AS_IT_IS
    sms_enabled: bool = LEFT_AS_IT_IS
    realm: Word | None = LEFT_AS_IT_IS


class DomainResource(Resource):
    id: str
    name: str
    reseller_id: str | None
    region: str | None
    pbx: str
    dial_context: str
    sms_enabled: bool
    realm: str | None
    created_at: At


class DomainList(Listed[DomainResource]):
    """Domains, oldest first."""


def shown(domain: Domain) -> DomainResource:
    return DomainResource(
        id=domain.id,
        name=domain.name,
        reseller_id=domain.reseller_id,
        region=domain.region,
        pbx=domain.pbx,
        dial_context=domain.dial_context,
        sms_enabled=domain.sms_enabled,
        realm=domain.realm,
        created_at=at(domain.created_ms),
    )


def rendered(domain: Domain) -> tuple[int, str]:
    return 201, shown(domain).json_text()


@routes.add(
    "POST",
    "/v1/domains",
    summary="Create a domain.",
    permission=Permission.CREATE_DOMAINS,
    body=NewDomain,
    answers={201: DomainResource},
    problems=("already_exists",),
    idempotent=True,
)
async def create_domain(request: ApiRequest[NewDomain, NoQuery]) -> web.StreamResponse:
    made = await request.services.accounts.domains.create(
        request.principal, CreateDomain(**request.body.given()), claim=request.claim, render=rendered
    )
    return done_once(made, rendered)


@routes.add(
    "GET",
    "/v1/domains",
    summary="List the domains within reach.",
    permission=Permission.READ_DOMAINS,
    query=PageQuery,
    answers={200: DomainList},
)
async def list_domains(request: ApiRequest[NoBody, PageQuery]) -> web.StreamResponse:
    page = await request.services.accounts.domains.list(request.principal, page_request(request.query))
    return json_answer(200, listed(page, shown))


@routes.add(
    "GET",
    "/v1/domains/{domain_id}",
    summary="Read a domain.",
    permission=Permission.READ_DOMAINS,
    answers={200: DomainResource},
)
async def get_domain(request: ApiRequest[NoBody, NoQuery]) -> web.StreamResponse:
    domain = await request.services.accounts.domains.get(request.principal, request.id("domain_id"))
    return json_answer(200, shown(domain))


@routes.add(
    "PATCH",
    "/v1/domains/{domain_id}",
    summary="Change a domain.",
    permission=Permission.CHANGE_DOMAINS,
    body=DomainChanges,
    answers={200: DomainResource},
    problems=("already_exists",),
)
async def change_domain(request: ApiRequest[DomainChanges, NoQuery]) -> web.StreamResponse:
    domain = await request.services.accounts.domains.update(
        request.principal, request.id("domain_id"), UpdateDomain(**request.body.given())
    )
    return json_answer(200, shown(domain))


@routes.add(
    "DELETE",
    "/v1/domains/{domain_id}",
    summary="Delete a domain that has no users and no numbers.",
    permission=Permission.CHANGE_DOMAINS,
    answers={204: None},
    problems=("in_use",),
)
async def delete_domain(request: ApiRequest[NoBody, NoQuery]) -> web.StreamResponse:
    await request.services.accounts.domains.delete(request.principal, request.id("domain_id"))
    return empty_answer()

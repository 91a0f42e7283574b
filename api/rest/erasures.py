"""Erasing a person, and the reports that prove it."""

from __future__ import annotations

from aiohttp import web
from pydantic import Field

from api.answers import json_answer
from api.permissions import Permission
from api.requests import ApiRequest, page_request
from api.routes import NoBody, NoQuery, Routes
from api.schema import At, Input, Line, Listed, PageQuery, Resource, Word, at, listed
from engine.records.models import Erasure, PersonKind

routes = Routes("erasures")


class NewErasure(Input):
    user_id: Word | None = Field(default=None, description="A user of the domain; deleted as well.")
    number: Line | None = Field(
        default=None, min_length=1, max_length=64, description="Or an outside number, in any usual form."
    )
    domain_id: Word | None = None


class ErasureResource(Resource):
    """That somebody was erased, and the proof; it names nobody."""

    id: str
    domain_id: str
    kind: PersonKind
    subject_hash: str = Field(description="Keyed: tells whether it was this person, not which.")
    requested_by: str = Field(description="A credential.")
    created_at: At
    finished_at: At
    removed: dict[str, int] = Field(description="Rows that went or were made anonymous, by table.")
    left: dict[str, int] = Field(
        description="Rows that still name the person, by table and column; empty is the proof."
    )
    rewritten: bool | None = Field(
        description="The database's file was written anew, so that its free pages hold nothing either;"
        " false: do it with `ringback compact`; null: there is no such file (PostgreSQL)."
    )
    report_hash: str = Field(description="SHA-256 of the report; docs/records.md says of what.")


class ErasureList(Listed[ErasureResource]):
    """Erasures, newest first."""


class ErasureQuery(PageQuery):
    domain_id: Word | None = None


def shown(erasure: Erasure) -> ErasureResource:
    return ErasureResource(
        id=erasure.id,
        domain_id=erasure.domain_id,
        kind=erasure.kind,
        subject_hash=erasure.subject_hash,
        requested_by=erasure.requested_by,
        created_at=at(erasure.created_ms),
        finished_at=at(erasure.finished_ms),
        removed=dict(sorted(erasure.removed.items())),
        left=dict(sorted(erasure.left.items())),
        rewritten=erasure.rewritten,
        report_hash=erasure.report_hash,
    )


@routes.add(
    "POST",
    "/v1/erasures",
    summary="Erase a user or an outside number: everything that names them goes. There is no way back.",
    permission=Permission.ERASE_PEOPLE,
    body=NewErasure,
    answers={201: ErasureResource},
    problems=("not_found", "invalid_number"),
)
async def erase_person(request: ApiRequest[NewErasure, NoQuery]) -> web.StreamResponse:
    body = request.body
    erasure = await request.services.erasures.erase(
        request.principal, user_id=body.user_id, number=body.number, domain_id=body.domain_id
    )
    return json_answer(201, shown(erasure))


@routes.add(
    "GET",
    "/v1/erasures",
    summary="List erasures, newest first.",
    permission=Permission.ERASE_PEOPLE,
    query=ErasureQuery,
    answers={200: ErasureList},
    problems=("not_found", "invalid_cursor"),
)
async def list_erasures(request: ApiRequest[NoBody, ErasureQuery]) -> web.StreamResponse:
    query = request.query
    page = await request.services.erasures.list(request.principal, query.domain_id, page_request(query))
    return json_answer(200, listed(page, shown))


@routes.add(
    "GET",
    "/v1/erasures/{erasure_id}",
    summary="Read the report of an erasure.",
    permission=Permission.ERASE_PEOPLE,
    answers={200: ErasureResource},
)
async def get_erasure(request: ApiRequest[NoBody, NoQuery]) -> web.StreamResponse:
    return json_answer(
        200, shown(await request.services.erasures.get(request.principal, request.id("erasure_id")))
    )

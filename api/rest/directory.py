"""The directory: whom somebody means while they type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from aiohttp import web
from pydantic import Field

from api.answers import json_answer
from api.permissions import Permission
from api.requests import ApiRequest
from api.rest.contacts import ContactNumberResource, shown_number
from api.routes import NoBody, Routes
from api.schema import Query, Resource, Word
from engine.contacts.directory import MAX_HITS, MAX_QUERY
from engine.contacts.models import Hit, LeadsTo, Match

routes = Routes("directory")

Kind = Literal["user", "contact", "new_number"]

Matched = Literal["extension", "name", "word", "number", "email"]

_MATCHED: Mapping[Match, Matched] = {
    Match.EXTENSION: "extension",
    Match.USER_NAME: "name",
    Match.USER_WORD: "word",
    Match.CONTACT_NAME: "name",
    Match.CONTACT_WORD: "word",
    Match.NUMBER: "number",
    Match.EMAIL: "email",
    Match.NEW_NUMBER: "number",
}


class DirectoryQuery(Query):
    q: str = Field(
        min_length=1,
        max_length=MAX_QUERY,
        pattern=r"^[^\x00]*$",
        description="The beginning of an extension, a name, words of it, or digits of a number.",
    )
    limit: int = Field(default=10, ge=1, le=MAX_HITS)
    domain_id: Word | None = None


class HitResource(Resource):
    kind: Kind
    user_id: str | None = Field(description="Of a user; which user a contact's number is, the number says.")
    contact_id: str | None
    name: str = Field(description="Of a number nobody has a name for, the number.")
    company: str
    extension: str | None
    favourite: bool
    shared: bool | None = Field(description="Of a contact: whether the whole domain sees it.")
    matched: Matched = Field(description="What the query met.")
    leads_to: LeadsTo | None = Field(
        description="What a conversation with its default number is; null when it has no number."
    )
    numbers: list[ContactNumberResource]


class Hits(Resource):
    """What was found, best first."""

    items: list[HitResource]


def shown(hit: Hit) -> HitResource:
    kind: Kind = "user" if hit.user is not None else "contact" if hit.contact is not None else "new_number"
    return HitResource(
        kind=kind,
        user_id=None if hit.user is None else hit.user.id,
        contact_id=None if hit.contact is None else hit.contact.id,
        name=hit.name,
        company="" if hit.contact is None else hit.contact.company,
        extension=None if hit.user is None else hit.user.extension,
        favourite=hit.contact is not None and hit.contact.favourite,
        shared=None if hit.contact is None else hit.contact.shared,
        matched=_MATCHED[hit.match],
        leads_to=hit.leads_to,
        numbers=[shown_number(number) for number in hit.numbers],
    )


@routes.add(
    "GET",
    "/v1/directory",
    summary="Find users, contacts and numbers while somebody types, best first.",
    permission=Permission.READ_CONTACTS,
    query=DirectoryQuery,
    answers={200: Hits},
    problems=("not_found",),
)
async def search_directory(request: ApiRequest[NoBody, DirectoryQuery]) -> web.StreamResponse:
    query = request.query
    hits = await request.services.directory.search(request.principal, query.q, query.limit, query.domain_id)
    return json_answer(200, Hits(items=[shown(hit) for hit in hits]))

"""Numbers: the phone numbers a domain sends from and is reached at."""

from __future__ import annotations

from typing import Annotated, Any

from aiohttp import web
from pydantic import Field

from api.answers import done_once, empty_answer, json_answer
from api.permissions import Permission
from api.requests import ApiRequest, page_request
from api.routes import NoBody, NoQuery, Routes
from api.schema import LEFT_AS_IT_IS, At, Input, Line, Listed, PageQuery, Resource, Word, at, listed
from engine.accounts.models import CreateNumber, Number, UpdateNumber

routes = Routes("numbers")

UserIds = Annotated[list[Word], Field(max_length=200)]


class NewNumber(Input):
    e164: Line
    carrier: Word = Field(description="Name of the SMPP account it sends through.")
    domain_id: Word | None = None
    sms_enabled: bool = True
    user_ids: UserIds = Field(default_factory=list)


class NumberChanges(Input):
    """user_ids replaces the whole assignment."""

    carrier: Word = LEFT_AS_IT_IS
    sms_enabled: bool = LEFT_AS_IT_IS
    user_ids: UserIds = LEFT_AS_IT_IS


class NumberResource(Resource):
    id: str
    domain_id: str
    e164: str
    sms_enabled: bool
    carrier: str
    user_ids: list[str]
    created_at: At


class NumberList(Listed[NumberResource]):
    """Numbers, oldest first."""


class NumberQuery(PageQuery):
    domain_id: Word | None = None
    user_id: Word | None = None


def shown(number: Number) -> NumberResource:
    return NumberResource(
        id=number.id,
        domain_id=number.domain_id,
        e164=number.e164,
        sms_enabled=number.sms_enabled,
        carrier=number.carrier,
        user_ids=list(number.user_ids),
        created_at=at(number.created_ms),
    )


def rendered(number: Number) -> tuple[int, str]:
    return 201, shown(number).json_text()


def _fields(body: Input) -> dict[str, Any]:
    given = body.given()
    if "user_ids" in given:
        given["user_ids"] = tuple(given["user_ids"])
    return given


@routes.add(
    "POST",
    "/v1/numbers",
    summary="Bring a number into a domain.",
    permission=Permission.CREATE_NUMBERS,
    body=NewNumber,
    answers={201: NumberResource},
    problems=("not_found", "already_exists", "invalid_number"),
    idempotent=True,
)
async def create_number(request: ApiRequest[NewNumber, NoQuery]) -> web.StreamResponse:
    made = await request.services.accounts.numbers.create(
        request.principal, CreateNumber(**_fields(request.body)), claim=request.claim, render=rendered
    )
    return done_once(made, rendered)


@routes.add(
    "GET",
    "/v1/numbers",
    summary="List the numbers of a domain or of one of its users.",
    permission=Permission.READ_NUMBERS,
    query=NumberQuery,
    answers={200: NumberList},
    problems=("not_found",),
)
async def list_numbers(request: ApiRequest[NoBody, NumberQuery]) -> web.StreamResponse:
    query = request.query
    page = await request.services.accounts.numbers.list(
        request.principal, query.domain_id, query.user_id, page_request(query)
    )
    return json_answer(200, listed(page, shown))


@routes.add(
    "GET",
    "/v1/numbers/{number_id}",
    summary="Read a number.",
    permission=Permission.READ_NUMBERS,
    answers={200: NumberResource},
)
async def get_number(request: ApiRequest[NoBody, NoQuery]) -> web.StreamResponse:
    number = await request.services.accounts.numbers.get(request.principal, request.id("number_id"))
    return json_answer(200, shown(number))


@routes.add(
    "PATCH",
    "/v1/numbers/{number_id}",
    summary="Say who uses a number, whether it texts, and (resellers) through which carrier.",
    permission=Permission.CHANGE_NUMBERS,
    body=NumberChanges,
    answers={200: NumberResource},
)
async def change_number(request: ApiRequest[NumberChanges, NoQuery]) -> web.StreamResponse:
    number = await request.services.accounts.numbers.update(
        request.principal, request.id("number_id"), UpdateNumber(**_fields(request.body))
    )
    return json_answer(200, shown(number))


@routes.add(
    "DELETE",
    "/v1/numbers/{number_id}",
    summary="Take a number away; its conversations stay readable.",
    permission=Permission.DELETE_NUMBERS,
    answers={204: None},
    problems=("in_use",),
)
async def delete_number(request: ApiRequest[NoBody, NoQuery]) -> web.StreamResponse:
    await request.services.accounts.numbers.delete(request.principal, request.id("number_id"))
    return empty_answer()

"""Out of office: what is answered for oneself while one is away."""

from __future__ import annotations

from typing import Annotated

from aiohttp import web
from pydantic import AwareDatetime, Field, StringConstraints

from api.answers import json_answer
from api.permissions import Permission
from api.requests import ApiRequest
from api.routes import NoBody, NoQuery, Routes
from api.schema import At, Input, Resource, at_or_none, to_ms
from engine.conversations.out_of_office import OutOfOffice

routes = Routes("me")


class Absence(Input):
    enabled: bool
    text: Annotated[str, StringConstraints(max_length=500, pattern=r"^[^\x00]*$")] = ""
    from_: AwareDatetime | None = Field(default=None, alias="from", description="Null is now.")
    until: AwareDatetime | None = Field(default=None, description="Null is until it is switched off.")


class AbsenceResource(Resource):
    enabled: bool
    text: str
    from_: At | None = Field(alias="from")
    until: At | None


def _shown(absence: OutOfOffice) -> AbsenceResource:
    return AbsenceResource.model_validate(
        {
            "enabled": absence.enabled,
            "text": absence.text,
            "from": at_or_none(absence.from_ms),
            "until": at_or_none(absence.until_ms),
        }
    )


@routes.add(
    "GET",
    "/v1/me/out-of-office",
    summary="Read what is answered while one is away.",
    permission=Permission.OWN_ACCOUNT,
    answers={200: AbsenceResource},
    problems=("no_user",),
)
async def get_out_of_office(request: ApiRequest[NoBody, NoQuery]) -> web.StreamResponse:
    return json_answer(200, _shown(await request.services.absences.get(request.principal)))


@routes.add(
    "PUT",
    "/v1/me/out-of-office",
    summary="Say what is answered while one is away, and when; or that nothing is.",
    permission=Permission.OWN_ACCOUNT,
    body=Absence,
    answers={200: AbsenceResource},
    problems=("no_user", "text_empty", "text_too_long", "text_invalid"),
)
async def put_out_of_office(request: ApiRequest[Absence, NoQuery]) -> web.StreamResponse:
    body = request.body
    wanted = OutOfOffice(body.enabled, body.text, to_ms(body.from_), to_ms(body.until))
    return json_answer(200, _shown(await request.services.absences.put(request.principal, wanted)))

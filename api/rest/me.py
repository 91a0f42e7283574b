"""Oneself: what a page asks first, and one's own settings."""

from __future__ import annotations

from typing import Literal

from aiohttp import web
from pydantic import Field

from api.answers import json_answer
from api.permissions import Permission
from api.requests import ApiRequest
from api.rest import devices, domain_settings, domains, numbers, users
from api.routes import NoBody, NoQuery, Routes
from api.schema import LEFT_AS_IT_IS, At, Input, Line, Resource, at_or_none
from engine.accounts.models import Me, Scope, UpdateOneself, UpdateUserSettings, UserSettings

routes = Routes("me")


class MyChanges(Input):
    email: Line | None = LEFT_AS_IT_IS


class MySettingsChanges(Input):
    desk_phone_chat: bool = LEFT_AS_IT_IS


class MySettings(Resource):
    desk_phone_chat: bool = Field(
        description="Whether chats also go to one's desk phones; works where the domain allows it."
    )


class MeResource(Resource):
    kind: Literal["key", "token", "session"]
    credential_id: str
    scope: Scope
    expires_at: At | None
    domain: domains.DomainResource | None = Field(description="Null where the credential reaches several.")
    domain_settings: domain_settings.DomainSettingsResource | None
    user: users.UserResource | None = Field(description="Null for a server.")
    settings: MySettings | None
    devices: list[devices.DeviceResource]
    numbers: list[numbers.NumberResource]


def shown_settings(settings: UserSettings) -> MySettings:
    return MySettings(desk_phone_chat=settings.desk_phone_chat)


def shown(me: Me) -> MeResource:
    principal = me.principal
    assert principal.kind != "system"  # nobody comes over HTTP as that
    return MeResource(
        kind=principal.kind,
        credential_id=principal.credential_id,
        scope=principal.scope,
        expires_at=at_or_none(principal.expires_ms),
        domain=None if me.domain is None else domains.shown(me.domain),
        domain_settings=None if me.domain_settings is None else domain_settings.shown(me.domain_settings),
        user=None if me.user is None else users.shown(me.user),
        settings=None if me.settings is None else shown_settings(me.settings),
        devices=[devices.shown(device) for device in me.devices],
        numbers=[numbers.shown(number) for number in me.numbers],
    )


@routes.add(
    "GET",
    "/v1/me",
    summary="Read who one is: user, domain, devices, numbers, settings.",
    permission=Permission.OWN_ACCOUNT,
    answers={200: MeResource},
)
async def read_me(request: ApiRequest[NoBody, NoQuery]) -> web.StreamResponse:
    return json_answer(200, shown(await request.services.accounts.preferences.me(request.principal)))


@routes.add(
    "PATCH",
    "/v1/me",
    summary="Change what one may change of one's own user: where one gets mail.",
    permission=Permission.OWN_ACCOUNT,
    body=MyChanges,
    answers={200: MeResource},
    problems=("no_user", "not_found"),
)
async def change_me(request: ApiRequest[MyChanges, NoQuery]) -> web.StreamResponse:
    command = UpdateOneself(**request.body.given())
    return json_answer(
        200, shown(await request.services.accounts.preferences.change_oneself(request.principal, command))
    )


@routes.add(
    "GET",
    "/v1/me/settings",
    summary="Read one's own settings.",
    permission=Permission.OWN_ACCOUNT,
    answers={200: MySettings},
    problems=("no_user", "not_found"),
)
async def get_my_settings(request: ApiRequest[NoBody, NoQuery]) -> web.StreamResponse:
    found = await request.services.accounts.preferences.of_user(request.principal)
    return json_answer(200, shown_settings(found))


@routes.add(
    "PATCH",
    "/v1/me/settings",
    summary="Change one's own settings.",
    permission=Permission.OWN_ACCOUNT,
    body=MySettingsChanges,
    answers={200: MySettings},
    problems=("no_user", "not_found"),
)
async def change_my_settings(request: ApiRequest[MySettingsChanges, NoQuery]) -> web.StreamResponse:
    command = UpdateUserSettings(**request.body.given())
    changed = await request.services.accounts.preferences.change_user(request.principal, command)
    return json_answer(200, shown_settings(changed))

"""Oneself: what a page asks first, and one's own settings."""

from __future__ import annotations

from typing import Literal

from aiohttp import web
from pydantic import Field

from api.answers import json_answer
from api.event_frames import text_of_cursor
from api.permissions import Permission
from api.requests import ApiRequest
from api.rest import devices, domain_settings, domains, numbers, users
from api.routes import NoBody, NoQuery, Routes
from api.schema import LEFT_AS_IT_IS, At, Input, Line, Resource, at_or_none
from engine.accounts.models import Me, Principal, Scope, UpdateOneself, UpdateUserSettings, UserSettings
from engine.events import domain_stream
from engine.services import Services

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
    events_cursor: str | None = Field(
        description="Where the events stand: with it as the socket's `cursor`, what is read from now on needs"
        " no reading anew once the socket is open. Null where the credential reaches several domains."
    )


def shown_settings(settings: UserSettings) -> MySettings:
    return MySettings(desk_phone_chat=settings.desk_phone_chat)


def shown(me: Me, events_cursor: str | None = None) -> MeResource:
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
        events_cursor=events_cursor,
    )


async def _cursor(services: Services, principal: Principal) -> str | None:
    """Asked before all else: what happens meanwhile is then seen twice, rather than never."""
    if principal.domain_id is None:
        return None
    return text_of_cursor(await services.event_log.high_water([domain_stream(principal.domain_id)]))


@routes.add(
    "GET",
    "/v1/me",
    summary="Read who one is: user, domain, devices, numbers, settings.",
    permission=Permission.OWN_ACCOUNT,
    answers={200: MeResource},
)
async def read_me(request: ApiRequest[NoBody, NoQuery]) -> web.StreamResponse:
    cursor = await _cursor(request.services, request.principal)
    me = await request.services.accounts.preferences.me(request.principal)
    return json_answer(200, shown(me, cursor))


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
    cursor = await _cursor(request.services, request.principal)
    me = await request.services.accounts.preferences.change_oneself(request.principal, command)
    return json_answer(200, shown(me, cursor))


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

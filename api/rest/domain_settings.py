"""Settings of a domain: everybody in it reads them, office managers change them."""

from __future__ import annotations

from typing import Annotated

from aiohttp import web
from pydantic import Field

from api.answers import json_answer
from api.permissions import Permission
from api.requests import ApiRequest
from api.routes import NoBody, NoQuery, Routes
from api.schema import LEFT_AS_IT_IS, Input, Resource, Word
from engine.accounts.models import DomainSettings, UpdateDomainSettings

routes = Routes("settings")

Days = Annotated[int, Field(ge=1, le=36_500)]


class DomainSettingsChanges(Input):
    sms_enabled: bool = LEFT_AS_IT_IS
    region: Word | None = LEFT_AS_IT_IS
    desk_phone_chat: bool = LEFT_AS_IT_IS
    users_edit_shared_contacts: bool = LEFT_AS_IT_IS
    edit_within_s: Annotated[int, Field(ge=0, le=31_536_000)] = LEFT_AS_IT_IS
    webhook_content: bool = LEFT_AS_IT_IS
    time_zone: Word = LEFT_AS_IT_IS
    keep_messages_days: Days | None = LEFT_AS_IT_IS
    keep_calls_days: Days | None = LEFT_AS_IT_IS
    keep_voicemails_days: Days | None = LEFT_AS_IT_IS
    keep_attachments_days: Days | None = LEFT_AS_IT_IS
    voicemail_context: Annotated[str, Field(max_length=79)] = LEFT_AS_IT_IS


class DomainSettingsResource(Resource):
    sms_enabled: bool = Field(description="Whether its people may text; resellers change it.")
    region: str | None = Field(description="Country code by which national numbers are read.")
    desk_phone_chat: bool = Field(description="Whether users may have chats on their desk phones.")
    users_edit_shared_contacts: bool = Field(
        description="Whether users too may change the contacts the domain shares."
    )
    edit_within_s: int = Field(
        description="How long after saying something in a chat its author may change it; 0 never."
    )
    webhook_content: bool = Field(
        description="Whether webhooks carry texts and numbers; otherwise ids and states alone."
    )
    time_zone: str = Field(description="Of its days: a name of the IANA database.")
    keep_messages_days: int | None = Field(
        description="How many whole days texts and chats are kept; null for ever."
    )
    keep_calls_days: int | None
    keep_voicemails_days: int | None
    keep_attachments_days: int | None
    voicemail_context: str = Field(
        description="Context of voicemail.conf whose mailboxes are all this domain's; resellers change it."
    )


def shown(settings: DomainSettings) -> DomainSettingsResource:
    return DomainSettingsResource(
        sms_enabled=settings.sms_enabled,
        region=settings.region,
        desk_phone_chat=settings.desk_phone_chat,
        users_edit_shared_contacts=settings.users_edit_shared_contacts,
        edit_within_s=settings.edit_within_s,
        webhook_content=settings.webhook_content,
        time_zone=settings.time_zone,
        keep_messages_days=settings.keep_messages_days,
        keep_calls_days=settings.keep_calls_days,
        keep_voicemails_days=settings.keep_voicemails_days,
        keep_attachments_days=settings.keep_attachments_days,
        voicemail_context=settings.voicemail_context,
    )


@routes.add(
    "GET",
    "/v1/domains/{domain_id}/settings",
    summary="Read the settings of a domain.",
    permission=Permission.READ_DOMAINS,
    answers={200: DomainSettingsResource},
)
async def get_domain_settings(request: ApiRequest[NoBody, NoQuery]) -> web.StreamResponse:
    found = await request.services.accounts.preferences.of_domain(request.principal, request.id("domain_id"))
    return json_answer(200, shown(found))


@routes.add(
    "PATCH",
    "/v1/domains/{domain_id}/settings",
    summary="Change settings of a domain.",
    permission=Permission.CHANGE_DOMAIN_SETTINGS,
    body=DomainSettingsChanges,
    answers={200: DomainSettingsResource},
)
async def change_domain_settings(request: ApiRequest[DomainSettingsChanges, NoQuery]) -> web.StreamResponse:
    command = UpdateDomainSettings(**request.body.given())
    changed = await request.services.accounts.preferences.change_domain(
        request.principal, request.id("domain_id"), command
    )
    return json_answer(200, shown(changed))

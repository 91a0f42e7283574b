"""A user's own side of a conversation: muted, deleted, how far read, and that one is writing."""

from __future__ import annotations

from aiohttp import web
from pydantic import AwareDatetime, Field

from api.answers import empty_answer, json_answer
from api.permissions import Permission
from api.problems import Flaw, InvalidInput
from api.requests import ApiRequest
from api.rest.conversation_resources import ConversationResource, shown
from api.routes import NoBody, NoQuery, Routes
from api.schema import Input, Word, to_ms
from engine.conversations.models import FOR_EVER

routes = Routes("conversations")


class Muting(Input):
    muted: bool
    until: AwareDatetime | None = Field(default=None, description="Null mutes for ever.")


class Reading(Input):
    through: Word | None = Field(default=None, description="A message; the last one when left out.")


@routes.add(
    "POST",
    "/v1/conversations/{conversation_id}:mute",
    summary="Turn notifications of a conversation off or on, for oneself.",
    permission=Permission.CHANGE_CONVERSATIONS,
    body=Muting,
    answers={200: ConversationResource},
    problems=("no_user",),
)
async def mute_conversation(request: ApiRequest[Muting, NoQuery]) -> web.StreamResponse:
    body = request.body
    until_ms = to_ms(body.until)
    if not body.muted and until_ms is not None:
        raise InvalidInput([Flaw(field="/until", detail="Only muting has an end.")])
    if body.muted and until_ms is None:
        until_ms = FOR_EVER
    seen = await request.services.conversations.mute(
        request.principal, request.id("conversation_id"), until_ms
    )
    return json_answer(200, shown(seen))


@routes.add(
    "POST",
    "/v1/conversations/{conversation_id}:delete",
    summary="Delete a conversation for oneself, until something new is said in it.",
    permission=Permission.CHANGE_CONVERSATIONS,
    answers={200: ConversationResource},
    problems=("no_user",),
)
async def delete_conversation(request: ApiRequest[NoBody, NoQuery]) -> web.StreamResponse:
    seen = await request.services.conversations.delete(request.principal, request.id("conversation_id"))
    return json_answer(200, shown(seen))


@routes.add(
    "POST",
    "/v1/conversations/{conversation_id}:restore",
    summary="Bring back all that one has deleted of a conversation, or a text thread one has left.",
    permission=Permission.CHANGE_CONVERSATIONS,
    answers={200: ConversationResource},
    problems=("no_user",),
)
async def restore_conversation(request: ApiRequest[NoBody, NoQuery]) -> web.StreamResponse:
    seen = await request.services.conversations.restore(request.principal, request.id("conversation_id"))
    return json_answer(200, shown(seen))


@routes.add(
    "POST",
    "/v1/conversations/{conversation_id}:read",
    summary="Say how far one has read.",
    permission=Permission.CHANGE_CONVERSATIONS,
    body=Reading,
    answers={200: ConversationResource},
    problems=("no_user",),
)
async def read_conversation(request: ApiRequest[Reading, NoQuery]) -> web.StreamResponse:
    seen = await request.services.conversations.read(
        request.principal, request.id("conversation_id"), request.body.through
    )
    return json_answer(200, shown(seen))


@routes.add(
    "POST",
    "/v1/conversations/{conversation_id}:unread",
    summary="Mark a conversation as unread, until it is read next.",
    permission=Permission.CHANGE_CONVERSATIONS,
    answers={200: ConversationResource},
    problems=("no_user",),
)
async def mark_conversation_unread(request: ApiRequest[NoBody, NoQuery]) -> web.StreamResponse:
    seen = await request.services.conversations.mark_unread(request.principal, request.id("conversation_id"))
    return json_answer(200, shown(seen))


@routes.add(
    "POST",
    "/v1/conversations/{conversation_id}:typing",
    summary="Tell the others that one is writing; only those who listen now hear of it.",
    permission=Permission.CHANGE_CONVERSATIONS,
    answers={204: None},
    problems=("no_user", "rate_limited"),
    hot=True,
)
async def typing(request: ApiRequest[NoBody, NoQuery]) -> web.StreamResponse:
    await request.services.conversations.typing(request.principal, request.id("conversation_id"))
    return empty_answer()

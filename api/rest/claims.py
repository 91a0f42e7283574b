"""Shared numbers: who answers a text thread, and whether it still needs somebody."""

from __future__ import annotations

from aiohttp import web

from api.answers import json_answer
from api.permissions import Permission
from api.requests import ApiRequest
from api.rest.conversation_resources import ConversationResource, shown
from api.routes import NoBody, NoQuery, Routes
from api.schema import Input, Word

routes = Routes("conversations")

_TEXTS_ONLY = "not_an_sms_conversation"


class Assignment(Input):
    user_id: Word


@routes.add(
    "POST",
    "/v1/conversations/{conversation_id}:claim",
    summary="Take a text thread that nobody has. Of two who ask at once, one gets it.",
    permission=Permission.CHANGE_CONVERSATIONS,
    answers={200: ConversationResource},
    problems=("already_claimed", "number_not_assigned", "no_user", _TEXTS_ONLY),
)
async def claim_conversation(request: ApiRequest[NoBody, NoQuery]) -> web.StreamResponse:
    claims = request.services.conversations.claims
    seen = await claims.claim(request.principal, request.id("conversation_id"))
    return json_answer(200, shown(seen))


@routes.add(
    "POST",
    "/v1/conversations/{conversation_id}:release",
    summary="Let go of a text thread; a manager lets go for anybody.",
    permission=Permission.CHANGE_CONVERSATIONS,
    answers={200: ConversationResource},
    problems=("already_claimed", _TEXTS_ONLY),
)
async def release_conversation(request: ApiRequest[NoBody, NoQuery]) -> web.StreamResponse:
    seen = await request.services.conversations.claims.release(
        request.principal, request.id("conversation_id")
    )
    return json_answer(200, shown(seen))


@routes.add(
    "POST",
    "/v1/conversations/{conversation_id}:assign",
    summary="Give a text thread to another user of its number.",
    permission=Permission.CHANGE_CONVERSATIONS,
    body=Assignment,
    answers={200: ConversationResource},
    problems=("already_claimed", "not_on_number", _TEXTS_ONLY),
)
async def assign_conversation(request: ApiRequest[Assignment, NoQuery]) -> web.StreamResponse:
    seen = await request.services.conversations.claims.assign(
        request.principal, request.id("conversation_id"), request.body.user_id
    )
    return json_answer(200, shown(seen))


@routes.add(
    "POST",
    "/v1/conversations/{conversation_id}:done",
    summary="Say that a text thread needs nobody until the next text comes in.",
    permission=Permission.CHANGE_CONVERSATIONS,
    answers={200: ConversationResource},
    problems=(_TEXTS_ONLY,),
)
async def finish_conversation(request: ApiRequest[NoBody, NoQuery]) -> web.StreamResponse:
    claims = request.services.conversations.claims
    seen = await claims.done(request.principal, request.id("conversation_id"))
    return json_answer(200, shown(seen))


@routes.add(
    "POST",
    "/v1/conversations/{conversation_id}:reopen",
    summary="Say that a text thread needs somebody again.",
    permission=Permission.CHANGE_CONVERSATIONS,
    answers={200: ConversationResource},
    problems=(_TEXTS_ONLY,),
)
async def reopen_conversation(request: ApiRequest[NoBody, NoQuery]) -> web.StreamResponse:
    seen = await request.services.conversations.claims.reopen(
        request.principal, request.id("conversation_id")
    )
    return json_answer(200, shown(seen))

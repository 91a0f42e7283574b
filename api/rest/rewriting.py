"""What is done to a message of a chat afterwards: edited, taken back, reacted to."""

from __future__ import annotations

import msgspec
from aiohttp import web
from pydantic import Field

from api.answers import json_bytes
from api.permissions import Permission
from api.requests import ApiRequest
from api.rest.messages import MessageResource, Text, document
from api.routes import NoBody, NoQuery, Routes
from api.schema import Input, Line, Query
from engine.messaging.models import Message

routes = Routes("messages")

_encode = msgspec.json.Encoder().encode
_REFUSALS = ("not_found", "not_a_chat_message", "message_deleted")


class OtherWords(Input):
    text: Text


class NewReaction(Input):
    emoji: Line = Field(min_length=1, description="One emoji.")


class ReactionQuery(Query):
    emoji: Line = Field(min_length=1, description="The emoji to take away.")


def _answer(message: Message) -> web.Response:
    return json_bytes(200, _encode(document(message)))


@routes.add(
    "PATCH",
    "/v1/messages/{message_id}",
    summary="Edit what one said in a chat, as long as the domain allows it.",
    permission=Permission.SEND_MESSAGES,
    body=OtherWords,
    answers={200: MessageResource},
    problems=(
        *_REFUSALS,
        "not_your_message",
        "too_late_to_edit",
        "text_empty",
        "text_too_long",
        "text_invalid",
    ),
)
async def edit_message(request: ApiRequest[OtherWords, NoQuery]) -> web.StreamResponse:
    return _answer(
        await request.services.conversations.rewriting.edit(
            request.principal, request.id("message_id"), request.body.text
        )
    )


@routes.add(
    "DELETE",
    "/v1/messages/{message_id}",
    summary="Take back what one said in a chat: its text goes, that something was said stays.",
    permission=Permission.SEND_MESSAGES,
    answers={200: MessageResource},
    problems=("not_found", "not_a_chat_message", "not_your_message"),
)
async def take_back_message(request: ApiRequest[NoBody, NoQuery]) -> web.StreamResponse:
    return _answer(
        await request.services.conversations.rewriting.take_back(request.principal, request.id("message_id"))
    )


@routes.add(
    "POST",
    "/v1/messages/{message_id}/reactions",
    summary="Put an emoji on a message of a chat, once.",
    permission=Permission.SEND_MESSAGES,
    body=NewReaction,
    answers={200: MessageResource},
    problems=(*_REFUSALS, "not_an_emoji", "too_many_reactions"),
)
async def react(request: ApiRequest[NewReaction, NoQuery]) -> web.StreamResponse:
    return _answer(
        await request.services.conversations.rewriting.react(
            request.principal, request.id("message_id"), request.body.emoji
        )
    )


@routes.add(
    "DELETE",
    "/v1/messages/{message_id}/reactions",
    summary="Take one's emoji away again.",
    permission=Permission.SEND_MESSAGES,
    query=ReactionQuery,
    answers={200: MessageResource},
    problems=_REFUSALS,
)
async def unreact(request: ApiRequest[NoBody, ReactionQuery]) -> web.StreamResponse:
    return _answer(
        await request.services.conversations.rewriting.unreact(
            request.principal, request.id("message_id"), request.query.emoji
        )
    )

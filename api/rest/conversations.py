"""Conversations: threads of texts, and saying more in them."""

from __future__ import annotations

from aiohttp import web
from pydantic import Field

from api.answers import done_once, json_answer
from api.permissions import Permission
from api.requests import ApiRequest, page_request
from api.rest.messages import REFUSALS, MessageList, MessageResource, Text, page_answer, rendered
from api.routes import NoBody, NoQuery, Routes
from api.schema import At, Input, Listed, PageQuery, Resource, Word, at, listed
from engine.conversations.models import Conversation, ConversationKind, Say

routes = Routes("conversations")


class NewLine(Input):
    """Something to say in a thread; its numbers are already known."""

    text: Text
    validity_s: int | None = Field(default=None, ge=1, le=604_800)
    client_id: Word | None = Field(default=None, max_length=64)
    user_id: Word | None = None


class ConversationResource(Resource):
    id: str
    domain_id: str
    kind: ConversationKind
    number_id: str | None
    number: str | None = Field(description="Our number the thread goes over.")
    peers: list[str] = Field(description="The outside numbers.")
    created_at: At
    last_message_at: At


class ConversationList(Listed[ConversationResource]):
    """Conversations, latest activity first."""


class ConversationQuery(PageQuery):
    domain_id: Word | None = None


def shown(conversation: Conversation) -> ConversationResource:
    return ConversationResource(
        id=conversation.id,
        domain_id=conversation.domain_id,
        kind=conversation.kind,
        number_id=conversation.number_id,
        number=conversation.number,
        peers=list(conversation.peers),
        created_at=at(conversation.created_ms),
        last_message_at=at(conversation.last_message_ms),
    )


@routes.add(
    "GET",
    "/v1/conversations",
    summary="List conversations, latest activity first.",
    permission=Permission.READ_CONVERSATIONS,
    query=ConversationQuery,
    answers={200: ConversationList},
    problems=("not_found", "invalid_cursor"),
)
async def list_conversations(request: ApiRequest[NoBody, ConversationQuery]) -> web.StreamResponse:
    page = await request.services.conversations.list(
        request.principal, request.query.domain_id, page_request(request.query)
    )
    return json_answer(200, listed(page, shown))


@routes.add(
    "GET",
    "/v1/conversations/{conversation_id}",
    summary="Read a conversation.",
    permission=Permission.READ_CONVERSATIONS,
    answers={200: ConversationResource},
)
async def get_conversation(request: ApiRequest[NoBody, NoQuery]) -> web.StreamResponse:
    found = await request.services.conversations.get(request.principal, request.id("conversation_id"))
    return json_answer(200, shown(found))


@routes.add(
    "GET",
    "/v1/conversations/{conversation_id}/messages",
    summary="What was said in a conversation, newest first.",
    permission=Permission.READ_MESSAGES,
    query=PageQuery,
    answers={200: MessageList},
    problems=("invalid_cursor",),
)
async def list_conversation_messages(request: ApiRequest[NoBody, PageQuery]) -> web.StreamResponse:
    page = await request.services.conversations.messages(
        request.principal, request.id("conversation_id"), page_request(request.query)
    )
    return page_answer(page)


@routes.add(
    "POST",
    "/v1/conversations/{conversation_id}/messages",
    summary="Text every outside number of a conversation. 202 means it is on disk.",
    permission=Permission.SEND_MESSAGES,
    body=NewLine,
    answers={202: MessageResource},
    problems=(*REFUSALS, "not_an_sms_conversation"),
    idempotent=True,
)
async def say(request: ApiRequest[NewLine, NoQuery]) -> web.StreamResponse:
    said = await request.services.conversations.say(
        request.principal,
        request.id("conversation_id"),
        Say(**request.body.given()),
        request.claim,
        rendered,
    )
    return done_once(said, rendered)

"""Quick replies: texts kept ready, one's own and those a domain shares."""

from __future__ import annotations

from typing import Annotated

from aiohttp import web
from pydantic import Field, StringConstraints

from api.answers import done_once, empty_answer, json_answer
from api.permissions import Permission
from api.requests import ApiRequest
from api.routes import NoBody, NoQuery, Routes
from api.schema import LEFT_AS_IT_IS, At, Input, Line, Query, Resource, Word, at
from engine.conversations.quick_replies import CreateQuickReply, QuickReply

routes = Routes("quick replies")

_Text = Annotated[str, StringConstraints(min_length=1, max_length=4_000, pattern=r"^[^\x00]*$")]


class NewQuickReply(Input):
    text: _Text
    title: Line = ""
    shared: bool | None = Field(
        default=None, description="For the whole domain; null is one's own for a user, shared for a server."
    )
    domain_id: Word | None = None


class QuickReplyChanges(Input):
    text: _Text = LEFT_AS_IT_IS
    title: Line = LEFT_AS_IT_IS


class QuickReplyQuery(Query):
    domain_id: Word | None = None


class QuickReplyResource(Resource):
    id: str
    domain_id: str
    shared: bool
    title: str
    text: str
    created_at: At
    updated_at: At


class QuickReplyList(Resource):
    """All one may use, by title."""

    items: list[QuickReplyResource]


def shown(reply: QuickReply) -> QuickReplyResource:
    return QuickReplyResource(
        id=reply.id,
        domain_id=reply.domain_id,
        shared=reply.owner_id is None,
        title=reply.title,
        text=reply.text,
        created_at=at(reply.created_ms),
        updated_at=at(reply.updated_ms),
    )


_REFUSALS = ("shared_quick_replies_read_only", "text_empty", "text_too_long", "text_invalid")


@routes.add(
    "POST",
    "/v1/quick-replies",
    summary="Keep a text ready. Shared ones take an office manager.",
    permission=Permission.CHANGE_CONVERSATIONS,
    body=NewQuickReply,
    answers={201: QuickReplyResource},
    problems=("not_found", "no_user", "too_many_quick_replies", *_REFUSALS),
    idempotent=True,
)
async def create_quick_reply(request: ApiRequest[NewQuickReply, NoQuery]) -> web.StreamResponse:
    def render(reply: QuickReply) -> tuple[int, str]:
        return 201, shown(reply).json_text()

    body = request.body
    command = CreateQuickReply(text=body.text, title=body.title, shared=body.shared, domain_id=body.domain_id)
    made = await request.services.quick_replies.create(request.principal, command, request.claim, render)
    return done_once(made, render)


@routes.add(
    "GET",
    "/v1/quick-replies",
    summary="List the texts one has ready: one's own and the shared ones, by title.",
    permission=Permission.READ_CONVERSATIONS,
    query=QuickReplyQuery,
    answers={200: QuickReplyList},
    problems=("not_found",),
)
async def list_quick_replies(request: ApiRequest[NoBody, QuickReplyQuery]) -> web.StreamResponse:
    found = await request.services.quick_replies.list(request.principal, request.query.domain_id)
    return json_answer(200, QuickReplyList(items=[shown(one) for one in found]))


@routes.add(
    "GET",
    "/v1/quick-replies/{quick_reply_id}",
    summary="Read a text kept ready.",
    permission=Permission.READ_CONVERSATIONS,
    answers={200: QuickReplyResource},
)
async def get_quick_reply(request: ApiRequest[NoBody, NoQuery]) -> web.StreamResponse:
    found = await request.services.quick_replies.get(request.principal, request.id("quick_reply_id"))
    return json_answer(200, shown(found))


@routes.add(
    "PATCH",
    "/v1/quick-replies/{quick_reply_id}",
    summary="Change a text kept ready.",
    permission=Permission.CHANGE_CONVERSATIONS,
    body=QuickReplyChanges,
    answers={200: QuickReplyResource},
    problems=_REFUSALS,
)
async def change_quick_reply(request: ApiRequest[QuickReplyChanges, NoQuery]) -> web.StreamResponse:
    given = request.body.given()
    changed = await request.services.quick_replies.update(
        request.principal, request.id("quick_reply_id"), given.get("title"), given.get("text")
    )
    return json_answer(200, shown(changed))


@routes.add(
    "DELETE",
    "/v1/quick-replies/{quick_reply_id}",
    summary="Delete a text kept ready.",
    permission=Permission.CHANGE_CONVERSATIONS,
    answers={204: None},
    problems=("shared_quick_replies_read_only",),
)
async def delete_quick_reply(request: ApiRequest[NoBody, NoQuery]) -> web.StreamResponse:
    await request.services.quick_replies.delete(request.principal, request.id("quick_reply_id"))
    return empty_answer()

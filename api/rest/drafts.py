"""Drafts: what one has written in a conversation and not sent, on all one's screens."""

from __future__ import annotations

from typing import Annotated

from aiohttp import web
from pydantic import AwareDatetime, Field, StringConstraints

from api.answers import json_answer
from api.permissions import Permission
from api.requests import ApiRequest
from api.rest.conversation_resources import DraftResource, draft_shown
from api.routes import NoBody, NoQuery, Routes
from api.schema import Input, to_ms

routes = Routes("conversations")


class NewDraft(Input):
    text: Annotated[str, StringConstraints(max_length=40_000, pattern=r"^[^\x00]*$")] = Field(
        description="Empty takes the draft away."
    )
    at: AwareDatetime | None = Field(
        default=None, description="When it was written; one written later is not replaced. Null is now."
    )


@routes.add(
    "GET",
    "/v1/conversations/{conversation_id}/draft",
    summary="Read what one has written in a conversation and not sent.",
    permission=Permission.READ_CONVERSATIONS,
    answers={200: DraftResource},
    problems=("no_user",),
)
async def get_draft(request: ApiRequest[NoBody, NoQuery]) -> web.StreamResponse:
    mine = await request.services.conversations.drafts.get(request.principal, request.id("conversation_id"))
    return json_answer(200, draft_shown(mine))


@routes.add(
    "PUT",
    "/v1/conversations/{conversation_id}/draft",
    summary="Keep what one is writing; the answer is the draft there is then. Sending takes it away.",
    permission=Permission.CHANGE_CONVERSATIONS,
    body=NewDraft,
    answers={200: DraftResource},
    problems=("no_user", "text_too_long", "text_invalid"),
)
async def put_draft(request: ApiRequest[NewDraft, NoQuery]) -> web.StreamResponse:
    body = request.body
    mine = await request.services.conversations.drafts.save(
        request.principal, request.id("conversation_id"), body.text, to_ms(body.at)
    )
    return json_answer(200, draft_shown(mine))

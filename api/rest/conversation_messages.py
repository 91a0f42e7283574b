"""What was said in a conversation, and saying something.

Saying something is a hot path like `POST /v1/messages`, and its body is read the same way.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from aiohttp import web
from pydantic import Field

from api.answers import HotAnswer, hot_replayed, json_bytes
from api.permissions import Permission
from api.problems import Flaw, InvalidInput
from api.requests import ApiRequest, page_request
from api.rest.conversation_resources import Timeline, timeline_page
from api.rest.messages import (
    REFUSALS,
    AttachmentIds,
    FastAttachmentIds,
    MessageList,
    MessageResource,
    Text,
    document,
    page_answer,
    rendered,
)
from api.routes import NoBody, NoQuery, Routes
from api.schema import Input, PageQuery, Word
from engine.accounts.models import Page
from engine.conversations.models import Say
from engine.conversations.timeline import cursor_of
from engine.idempotency import Replayed
from engine.messaging.models import Message

routes = Routes("conversations")

MAX_TEXT = 40_000


class NewLine(Input):
    """Something to say in a conversation; whom it reaches is known already."""

    text: Text = Field(default="", description="May be empty where there are attachments.")
    validity_s: int | None = Field(default=None, ge=1, le=604_800, description="Texts only.")
    client_id: Word | None = Field(
        default=None,
        max_length=64,
        description="Made by you, unique for ever: the same one never says it twice.",
    )
    reply_to: Word | None = Field(default=None, description="An earlier message of the chat.")
    user_id: Word | None = Field(default=None, description="For whom a server says it.")
    attachment_ids: AttachmentIds = Field(
        default_factory=list, description="Files of the author. In a text thread they go as a link."
    )

    def command(self) -> Say:
        return Say(
            text=self.text,
            validity_s=self.validity_s,
            client_id=self.client_id,
            reply_to=self.reply_to,
            user_id=self.user_id,
            attachment_ids=tuple(self.attachment_ids),
        )


_Id = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]


class FastNewLine(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """NewLine for the hot path. Its patterns are checked by hand, five times as fast as by `re`."""

    text: Annotated[str, msgspec.Meta(max_length=MAX_TEXT)] = ""
    validity_s: Annotated[int, msgspec.Meta(ge=1, le=604_800)] | None = None
    client_id: Annotated[str, msgspec.Meta(min_length=1, max_length=64)] | None = None
    reply_to: _Id | None = None
    user_id: _Id | None = None
    attachment_ids: FastAttachmentIds = ()

    def __post_init__(self) -> None:
        """Raises ValueError where a pattern of NewLine would not match."""
        for word in (self.client_id, self.reply_to, self.user_id, *self.attachment_ids):
            if word is not None and not (word.isascii() and word.isprintable() and " " not in word):
                raise ValueError("an id has a blank or a character that is not printable ASCII")
        if "\0" in self.text:
            raise ValueError("the text has a NUL")

    def command(self) -> Say:
        return Say(
            text=self.text,
            validity_s=self.validity_s,
            client_id=self.client_id,
            reply_to=self.reply_to,
            user_id=self.user_id,
            attachment_ids=self.attachment_ids,
        )


class TimelineQuery(PageQuery):
    around: Word | None = Field(default=None, description="A message; the page has it in the middle.")
    after: Word | None = Field(
        default=None, description="The newer_cursor of a page: what came right behind it."
    )


class Moving(Input):
    conversation_id: Word | None = Field(
        description="Where to. Null means the sender's own conversation with our number."
    )


_encode = msgspec.json.Encoder().encode


@routes.add(
    "GET",
    "/v1/conversations/{conversation_id}/timeline",
    summary="Messages, notices and calls of a conversation, newest first.",
    permission=Permission.READ_CONVERSATIONS,
    query=TimelineQuery,
    answers={200: Timeline},
    problems=("invalid_cursor",),
)
async def conversation_timeline(request: ApiRequest[NoBody, TimelineQuery]) -> web.StreamResponse:
    history, query = request.services.conversations.history, request.query
    principal, conversation_id = request.principal, request.id("conversation_id")
    if sum(one is not None for one in (query.around, query.after, query.cursor)) > 1:
        raise InvalidInput([Flaw(field="?around", detail="Give one of around, after and cursor.")])
    if query.around is not None:
        page = await history.timeline_around(principal, conversation_id, query.around, query.limit)
    elif query.after is not None:
        items = await history.timeline_after(principal, conversation_id, query.after, query.limit)
        page = Page(tuple(items), cursor_of(items[-1].position) if items else None)
    else:
        page = await history.timeline(principal, conversation_id, page_request(query))
    return json_bytes(200, _encode(timeline_page(page)))


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
    page = await request.services.conversations.history.messages(
        request.principal, request.id("conversation_id"), page_request(request.query)
    )
    return page_answer(page)


@routes.add(
    "POST",
    "/v1/conversations/{conversation_id}/messages",
    summary="Say something in a chat, or text every outside number of a thread. 202 means it is on disk.",
    permission=Permission.SEND_MESSAGES,
    body=NewLine,
    answers={202: MessageResource},
    problems=REFUSALS,
    idempotent=True,
    decode=msgspec.json.Decoder(FastNewLine).decode,
    hot=True,
)
async def say(request: ApiRequest[NewLine, NoQuery]) -> HotAnswer:
    said = await request.services.conversations.say(
        request.principal,
        request.id("conversation_id"),
        request.body.command(),
        request.claim,
        rendered,
    )
    return hot_replayed(said) if isinstance(said, Replayed) else HotAnswer(202, _encode(document(said)))


@routes.add(
    "POST",
    "/v1/messages/{message_id}:move",
    summary="Put a text that came in into another conversation over the same number.",
    permission=Permission.CHANGE_CONVERSATIONS,
    body=Moving,
    answers={200: MessageResource},
    problems=("not_movable",),
)
async def move_message(request: ApiRequest[Moving, NoQuery]) -> web.StreamResponse:
    moved: Message = await request.services.conversations.move(
        request.principal, request.id("message_id"), request.body.conversation_id
    )
    return json_bytes(200, _encode(document(moved)))

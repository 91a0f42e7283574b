"""Messages: texts out and in. `POST /v1/messages` is the hot path; everything it calls is kept short.

Its body is read by msgspec, by a struct that accepts exactly what the model in the description
accepts (a test compares the two); a body it refuses is read again by the model, which explains
the refusal in the words of every other route.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal

import msgspec
from aiohttp import web
from pydantic import Field, StringConstraints

from api.answers import HotAnswer, hot_replayed, json_bytes
from api.permissions import Permission
from api.problems import Problem, problem_document
from api.requests import ApiRequest, page_request
from api.routes import NoBody, NoQuery, Routes
from api.schema import At, Input, Listed, PageQuery, Resource, Word, at, at_or_none
from engine.accounts.models import Page, Principal
from engine.attachments.models import MOST_FILES, Appended, AttachmentState
from engine.errors import EngineError
from engine.idempotency import Replayed
from engine.messaging.models import (
    DeliveryClass,
    Direction,
    Message,
    MessageFilter,
    RecipientStatus,
    SendText,
)
from engine.messaging.rollup import message_status
from engine.services import Services

routes = Routes("messages")

#: Beyond every carrier's 255 segments; what fits is decided by the text coding.
MAX_TEXT = 40_000
MAX_TO = 1_000
MAX_BATCH = 1_000

PhoneText = Annotated[str, StringConstraints(min_length=1, max_length=32, pattern=r"^[ -~]+$")]
Text = Annotated[str, StringConstraints(max_length=MAX_TEXT, pattern=r"^[^\x00]*$")]
AttachmentIds = Annotated[list[Word], Field(max_length=MOST_FILES)]


class NewMessage(Input):
    """A text to send. Each number gets its own and never sees the others.

    It names no conversation: whoever may write into one does so at the conversation's own address,
    which knows who that is.
    """

    from_: PhoneText = Field(alias="from", description="One of the domain's numbers.")
    to: list[PhoneText] = Field(min_length=1, max_length=MAX_TO)
    text: Text = Field(default="", description="May be empty where there are attachments.")
    class_: DeliveryClass | None = Field(
        default=None, alias="class", description="As the engine is set up where there is none."
    )
    validity_s: int | None = Field(
        default=None, ge=1, le=604_800, description="How long it is worth sending."
    )
    client_id: Word | None = Field(
        default=None,
        max_length=64,
        description="Made by you, unique for ever: the same one never sends twice.",
    )
    user_id: Word | None = None
    domain_id: Word | None = None
    attachment_ids: AttachmentIds = Field(
        default_factory=list, description="Files of the sender; they go as a link behind the text."
    )

    def command(self) -> SendText:
        return SendText(
            from_number=self.from_,
            to=tuple(self.to),
            text=self.text,
            delivery_class=self.class_,
            validity_s=self.validity_s,
            client_id=self.client_id,
            user_id=self.user_id,
            domain_id=self.domain_id,
            attachment_ids=tuple(self.attachment_ids),
        )


class NewMessages(Input):
    """Texts to send in one commit; each is answered by itself."""

    messages: list[NewMessage] = Field(min_length=1, max_length=MAX_BATCH)

    def commands(self) -> list[SendText]:
        return [message.command() for message in self.messages]


_Phone = Annotated[str, msgspec.Meta(min_length=1, max_length=32)]
_Id = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
_ClientId = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
_Text = Annotated[str, msgspec.Meta(max_length=MAX_TEXT)]
FastAttachmentIds = Annotated[tuple[_Id, ...], msgspec.Meta(max_length=MOST_FILES)]
_To = Annotated[tuple[_Phone, ...], msgspec.Meta(min_length=1, max_length=MAX_TO)]


class FastNewMessage(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """NewMessage for the hot path. Its patterns are checked by hand, five times as fast as by `re`."""

    to: _To
    from_: _Phone = msgspec.field(name="from")
    text: _Text = ""
    class_: DeliveryClass | None = msgspec.field(name="class", default=None)
    validity_s: Annotated[int, msgspec.Meta(ge=1, le=604_800)] | None = None
    client_id: _ClientId | None = None
    user_id: _Id | None = None
    domain_id: _Id | None = None
    attachment_ids: FastAttachmentIds = ()

    def __post_init__(self) -> None:
        """Raises ValueError where a pattern of NewMessage would not match."""
        for number in (self.from_, *self.to):
            if not (number.isascii() and number.isprintable()):
                raise ValueError("a number has a character that is not printable ASCII")
        for word in (self.client_id, self.user_id, self.domain_id, *self.attachment_ids):
            if word is not None and not (word.isascii() and word.isprintable() and " " not in word):
                raise ValueError("an id has a blank or a character that is not printable ASCII")
        if "\0" in self.text:
            raise ValueError("the text has a NUL")

    def command(self) -> SendText:
        return SendText(
            from_number=self.from_,
            to=self.to,
            text=self.text,
            delivery_class=self.class_,
            validity_s=self.validity_s,
            client_id=self.client_id,
            user_id=self.user_id,
            domain_id=self.domain_id,
            attachment_ids=self.attachment_ids,
        )


class FastNewMessages(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """NewMessages for the hot path."""

    messages: Annotated[list[FastNewMessage], msgspec.Meta(min_length=1, max_length=MAX_BATCH)]

    def commands(self) -> list[SendText]:
        return [message.command() for message in self.messages]


class DeliveryErrorResource(Resource):
    source: str
    code: str
    retryable: bool
    text: str
    native: dict[str, int | str]


class RecipientResource(Resource):
    number: str
    status: RecipientStatus
    error: DeliveryErrorResource | None
    segments: int
    updated_at: At


class ReactionResource(Resource):
    emoji: str
    user_ids: list[str] = Field(description="Those who put it there, in the order they did.")


class AttachedResource(Resource):
    """A file that a message carries; its octets are at `/v1/attachments/{id}/content`."""

    id: str
    filename: str
    content_type: str
    octets: int
    width: int | None = Field(description="Of images, in pixels.")
    height: int | None
    thumbnail: bool = Field(description="Whether there is one at `/v1/attachments/{id}/thumbnail`.")
    state: AttachmentState


class AppendedResource(Resource):
    """What a text's numbers got besides its words."""

    code: Literal["attachments_as_link"]
    detail: str = Field(description="Why, for a person.")
    text: str = Field(description="As it went out behind the text; counted in its segments.")
    expires_at: At = Field(description="When the link ends.")


class MessageResource(Resource):
    """A text, or what somebody said in a chat.

    Outbound: from one of our numbers to each of `to`. Inbound: to one of ours. Internal: said in a chat,
    by `user_id`.
    """

    id: str
    domain_id: str
    conversation_id: str | None
    direction: Direction
    from_: str | None = Field(alias="from", description="Null in a chat.")
    to: list[RecipientResource] = Field(description="Empty but for an outbound text.")
    number: str | None = Field(description="Our number, whichever way the text went; null in a chat.")
    text: str
    class_: DeliveryClass = Field(alias="class")
    status: str = Field(
        description="How the recipients' statuses add up; `received` for an inbound text, `sent` in a chat."
    )
    user_id: str | None
    client_id: str | None
    flags: list[str]
    created_at: At
    edited_at: At | None = Field(description="Only in a chat.")
    deleted_at: At | None = Field(description="Only in a chat; the text is empty then.")
    reply_to: str | None = Field(description="The earlier message of the chat that this one answers.")
    reactions: list[ReactionResource] = Field(description="Only in a chat.")
    attachments: list[AttachedResource]
    appended: AppendedResource | None = Field(description="Only of an outbound text with attachments.")


class MessageList(Listed[MessageResource]):
    """Messages, newest first."""


class BatchItem(Resource):
    """What became of one message of a batch: exactly one of the two is not null."""

    message: MessageResource | None
    problem: Problem | None


class BatchResult(Resource):
    """One item a message, in the order given."""

    items: list[BatchItem]


class MessageQuery(PageQuery):
    domain_id: Word | None = None
    conversation_id: Word | None = None
    direction: Literal[Direction.OUTBOUND, Direction.INBOUND] | None = None
    peer: PhoneText | None = Field(default=None, description="The outside number of inbound texts.")
    blocked: bool = Field(default=False, description="Those from blocked senders, and nothing else.")


#: Said with every text that has files.
APPENDED = "SMPP carries texts only, no MMS: the files go as a link, which was added to the text."

_encode = msgspec.json.Encoder().encode
#: What has no recipients has one status only.
_STATUS = {Direction.INBOUND: "received", Direction.INTERNAL: "sent"}


def document(message: Message) -> dict[str, Any]:
    """A MessageResource as plain values, which encode four times faster than the model."""
    direction = message.direction
    number = message.number or None
    return {
        "id": message.id,
        "domain_id": message.domain_id,
        "conversation_id": message.conversation_id,
        "direction": message.direction,
        "from": message.peer if direction is Direction.INBOUND else number,
        "to": [
            {
                "number": one.number,
                "status": one.status,
                "error": one.error,  # a dataclass of exactly DeliveryErrorResource's fields
                "segments": one.segments,
                "updated_at": at(one.updated_ms),
            }
            for one in message.recipients
        ],
        "number": number,
        "text": message.text,
        "class": message.delivery_class,
        "status": _STATUS.get(direction) or message_status(one.status for one in message.recipients),
        "user_id": message.user_id,
        "client_id": message.client_id,
        "flags": message.flags,
        "created_at": at(message.created_ms),
        "edited_at": at_or_none(message.edited_ms),
        "deleted_at": at_or_none(message.deleted_ms),
        "reply_to": message.reply_to,
        "reactions": message.reactions,  # dataclasses of exactly ReactionResource's fields
        "attachments": message.attachments,  # and these of AttachedResource's
        "appended": None if message.appended is None else _appended(message.appended),
    }


def _appended(appended: Appended) -> dict[str, Any]:
    return {
        "code": "attachments_as_link",
        "detail": APPENDED,
        "text": appended.text,
        "expires_at": at(appended.expires_ms),
    }


def rendered(message: Message) -> tuple[int, str]:
    """The answer to one text, as it is kept for an Idempotency-Key."""
    return 202, _encode(document(message)).decode()


def _renders_batch(request_id: str) -> Callable[[Sequence[Message | EngineError]], tuple[int, str]]:
    """Renders the answer to a batch. A problem's field points into the batch."""

    def item(position: int, result: Message | EngineError) -> dict[str, Any]:
        if not isinstance(result, EngineError):
            return {"message": document(result), "problem": None}
        problem = problem_document(result, request_id)
        if "field" in problem:
            problem["field"] = f"/messages/{position}{problem['field']}"
        return {"message": None, "problem": problem}

    def rendered(accepted: Sequence[Message | EngineError]) -> tuple[int, str]:
        items = [item(position, result) for position, result in enumerate(accepted)]
        return 202, _encode({"items": items}).decode()

    return rendered


async def of_events(
    services: Services, message_ids: Sequence[str], reader: Principal | None
) -> Mapping[str, Mapping[str, object]]:
    """Messages as frames of events bring them along."""
    return {one.id: document(one) for one in await services.event_rows.messages(message_ids, reader)}


#: What can be wrong with a text beyond its shape.
REFUSALS = (
    "not_found",
    "invalid_number",
    "number_not_assigned",
    "sms_disabled",
    "sms_disabled_for_user",
    "no_route",
    "destination_blocked",
    "opted_out",
    "client_id_reused",
    "text_empty",
    "text_too_long",
    "text_invalid",
    "attachment_used",
    "no_public_url",
)


@routes.add(
    "POST",
    "/v1/messages",
    summary="Send a text to each of the numbers. 202 means it is on disk.",
    permission=Permission.SEND_MESSAGES,
    body=NewMessage,
    answers={202: MessageResource},
    problems=REFUSALS,
    idempotent=True,
    decode=msgspec.json.Decoder(FastNewMessage).decode,
    hot=True,
)
async def send_message(request: ApiRequest[NewMessage, NoQuery]) -> HotAnswer:
    kept: list[str] = []

    def render(message: Message) -> tuple[int, str]:
        status, text = rendered(message)
        kept.append(text)
        return status, text

    sent = await request.services.messaging.send(
        request.principal, request.body.command(), request.claim, render
    )
    if isinstance(sent, Replayed):
        return hot_replayed(sent)
    # A transaction that had to be run again has rendered again; what was committed is the last.
    return HotAnswer(202, kept[-1].encode() if kept else _encode(document(sent)))


@routes.add(
    "POST",
    "/v1/messages:batch",
    summary="Send up to 1,000 texts in one commit; each is answered by itself.",
    permission=Permission.SEND_MESSAGES,
    body=NewMessages,
    answers={202: BatchResult},
    problems=REFUSALS,
    idempotent=True,
    decode=msgspec.json.Decoder(FastNewMessages).decode,
    hot=True,
)
async def send_messages(request: ApiRequest[NewMessages, NoQuery]) -> HotAnswer:
    kept: list[str] = []
    render_items = _renders_batch(request.request_id)

    def render(accepted: Sequence[Message | EngineError]) -> tuple[int, str]:
        status, text = render_items(accepted)
        kept.append(text)
        return status, text

    sent = await request.services.messaging.send_batch(
        request.principal, request.body.commands(), request.claim, render
    )
    if isinstance(sent, Replayed):
        return hot_replayed(sent)
    return HotAnswer(202, (kept[-1] if kept else render_items(sent)[1]).encode())


def page_answer(page: Page[Message]) -> web.Response:
    items = [document(message) for message in page.items]
    return json_bytes(200, _encode({"items": items, "next_cursor": page.next_cursor}))


@routes.add(
    "GET",
    "/v1/messages",
    summary="List texts, newest first.",
    permission=Permission.READ_MESSAGES,
    query=MessageQuery,
    answers={200: MessageList},
    problems=("not_found", "invalid_cursor"),
)
async def list_messages(request: ApiRequest[NoBody, MessageQuery]) -> web.StreamResponse:
    query = request.query
    chosen = MessageFilter(query.conversation_id, query.direction, query.peer, query.blocked)
    page = await request.services.messaging.list(
        request.principal, query.domain_id, chosen, page_request(query)
    )
    return page_answer(page)


@routes.add(
    "GET",
    "/v1/messages/{message_id}",
    summary="Read a message: a text with what became of it at each number, or what was said in a chat.",
    permission=Permission.READ_MESSAGES,
    answers={200: MessageResource},
)
async def get_message(request: ApiRequest[NoBody, NoQuery]) -> web.StreamResponse:
    message_id, principal = request.id("message_id"), request.principal
    message = await request.services.conversations.history.message(principal, message_id)
    if message is None:
        message = await request.services.messaging.get(principal, message_id)
    return json_bytes(200, _encode(document(message)))

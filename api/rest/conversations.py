"""Conversations: chats and threads of texts, who is in them, and what was said.

Saying something is a hot path like `POST /v1/messages`, and its body is read the same way.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from aiohttp import web
from pydantic import AwareDatetime, Field

from api.answers import HotAnswer, done_once, empty_answer, hot_replayed, json_answer, json_bytes
from api.permissions import Permission
from api.problems import Flaw, InvalidInput
from api.requests import ApiRequest, page_request
from api.rest.conversation_resources import (
    ConversationList,
    ConversationResource,
    ExplanationResource,
    LeftResource,
    NewConversation,
    NewMembers,
    Timeline,
    UnreadResource,
    explained,
    shown,
    timeline_page,
    totals,
)
from api.rest.messages import (
    REFUSALS,
    AttachmentIds,
    FastAttachmentIds,
    MessageList,
    MessageResource,
    PhoneText,
    Text,
    document,
    page_answer,
    rendered,
)
from api.routes import NoBody, NoQuery, Routes
from api.schema import Input, Line, PageQuery, Query, Word, listed, to_ms
from engine.accounts.models import Page
from engine.conversations.errors import user_required
from engine.conversations.models import (
    FOR_EVER,
    ConversationKind,
    ListThreads,
    Say,
    ThreadState,
    ThreadView,
)
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


class ConversationQuery(PageQuery):
    domain_id: Word | None = None
    kind: ConversationKind | None = None
    state: ThreadState | None = Field(default=None, description="Of text threads.")
    unread: bool | None = None
    mine: bool = Field(
        default=False,
        description="Only what concerns the user, where a manager sees the domain's texts.",
    )
    deleted: bool = Field(default=False, description="Those the user has deleted, and no others.")
    claimed_by: Word | None = Field(
        default=None, description="Text threads of this user, of `me`, or of `nobody`."
    )


def _claimant(request: ApiRequest[NoBody, ConversationQuery]) -> str | None:
    """Whose threads are asked for; "" for those of nobody. Raises Forbidden `no_user`."""
    named = request.query.claimed_by
    if named == "nobody":
        return ""
    if named == "me":
        if request.principal.user_id is None:
            raise user_required()
        return request.principal.user_id
    return named


class TimelineQuery(PageQuery):
    around: Word | None = Field(default=None, description="A message; the page has it in the middle.")
    after: Word | None = Field(
        default=None, description="The newer_cursor of a page: what came right behind it."
    )


class Renaming(Input):
    name: Line | None = Field(description="Null takes the name away.")


class MemberQuery(Query):
    user_id: Word | None = Field(default=None, description="A user of a chat.")
    number: PhoneText | None = Field(default=None, description="An outside number of texts, in E.164.")


class Muting(Input):
    muted: bool
    until: AwareDatetime | None = Field(default=None, description="Null mutes for ever.")


class Reading(Input):
    through: Word | None = Field(default=None, description="A message; the last one when left out.")


class Moving(Input):
    conversation_id: Word | None = Field(
        description="Where to. Null means the sender's own conversation with our number."
    )


_encode = msgspec.json.Encoder().encode

_REFUSALS = (
    "not_found",
    "mixed_conversation",
    "no_such_extension",
    "invalid_number",
    "user_disabled",
    "number_not_assigned",
    "sms_disabled",
    "sms_disabled_for_user",
)


@routes.add(
    "POST",
    "/v1/conversations",
    summary="Start a conversation: 201, or 200 with the one there is already. Who is in it decides its kind.",
    permission=Permission.CHANGE_CONVERSATIONS,
    body=NewConversation,
    answers={200: ConversationResource, 201: ConversationResource},
    problems=_REFUSALS,
    idempotent=True,
)
async def start_conversation(request: ApiRequest[NewConversation, NoQuery]) -> web.StreamResponse:
    def render(seen: ThreadView, new: bool) -> tuple[int, str]:
        return 201 if new else 200, shown(seen).json_text()

    started = await request.services.conversations.start(
        request.principal, request.body.command(), request.claim, render
    )
    return done_once(started, lambda result: render(*result))


@routes.add(
    "POST",
    "/v1/conversations:explain",
    summary="What starting a conversation would do, without doing it.",
    permission=Permission.CHANGE_CONVERSATIONS,
    body=NewConversation,
    answers={200: ExplanationResource},
    problems=_REFUSALS,
)
async def explain_conversation(request: ApiRequest[NewConversation, NoQuery]) -> web.StreamResponse:
    said = await request.services.conversations.explain(request.principal, request.body.command())
    return json_answer(200, explained(said))


@routes.add(
    "GET",
    "/v1/conversations",
    summary="List conversations, latest activity first, with what is unread and what was said last.",
    permission=Permission.READ_CONVERSATIONS,
    query=ConversationQuery,
    answers={200: ConversationList},
    problems=("not_found", "invalid_cursor", "no_user"),
)
async def list_conversations(request: ApiRequest[NoBody, ConversationQuery]) -> web.StreamResponse:
    query = request.query
    chosen = ListThreads(
        domain_id=query.domain_id,
        kind=query.kind,
        state=query.state,
        unread=query.unread,
        mine=query.mine,
        deleted=query.deleted,
        claimed_by=_claimant(request),
    )
    page = await request.services.conversations.list(request.principal, chosen, page_request(query))
    return json_answer(200, listed(page, shown))


@routes.add(
    "GET",
    "/v1/conversations:unread",
    summary="How much waits for the user: what a badge shows.",
    permission=Permission.READ_CONVERSATIONS,
    answers={200: UnreadResource},
    problems=("no_user",),
)
async def unread_conversations(request: ApiRequest[NoBody, NoQuery]) -> web.StreamResponse:
    return json_answer(200, totals(await request.services.conversations.unread_totals(request.principal)))


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
    "PATCH",
    "/v1/conversations/{conversation_id}",
    summary="Name a conversation, for everybody in it.",
    permission=Permission.CHANGE_CONVERSATIONS,
    body=Renaming,
    answers={200: ConversationResource},
)
async def rename_conversation(request: ApiRequest[Renaming, NoQuery]) -> web.StreamResponse:
    seen = await request.services.conversations.rename(
        request.principal, request.id("conversation_id"), request.body.name
    )
    return json_answer(200, shown(seen))


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
    "/v1/conversations/{conversation_id}/members",
    summary="Let users into a chat, or outside numbers into a text thread.",
    permission=Permission.CHANGE_CONVERSATIONS,
    body=NewMembers,
    answers={200: ConversationResource},
    problems=_REFUSALS,
)
async def add_members(request: ApiRequest[NewMembers, NoQuery]) -> web.StreamResponse:
    seen = await request.services.conversations.add(
        request.principal, request.id("conversation_id"), request.body.command()
    )
    return json_answer(200, shown(seen))


@routes.add(
    "DELETE",
    "/v1/conversations/{conversation_id}/members",
    summary="Put a user out of a group chat, or take an outside number out of a text thread.",
    permission=Permission.CHANGE_CONVERSATIONS,
    query=MemberQuery,
    answers={204: None},
    problems=("direct_chat", "last_member"),
)
async def remove_member(request: ApiRequest[NoBody, MemberQuery]) -> web.StreamResponse:
    conversations, query = request.services.conversations, request.query
    conversation_id = request.id("conversation_id")
    if query.user_id is not None and query.number is None:
        await conversations.remove_user(request.principal, conversation_id, query.user_id)
    elif query.number is not None and query.user_id is None:
        await conversations.remove_number(request.principal, conversation_id, query.number)
    else:
        raise InvalidInput([Flaw(field="?user_id", detail="Give either user_id or number.")])
    return empty_answer()


@routes.add(
    "POST",
    "/v1/conversations/{conversation_id}:leave",
    summary="Leave a group chat, or a text thread that others get as well; the answer says what that meant.",
    permission=Permission.CHANGE_CONVERSATIONS,
    answers={200: LeftResource},
    problems=("no_user", "direct_chat", "last_member"),
)
async def leave_conversation(request: ApiRequest[NoBody, NoQuery]) -> web.StreamResponse:
    left = await request.services.conversations.leave(request.principal, request.id("conversation_id"))
    return json_answer(
        200,
        LeftResource(conversation_id=left.conversation_id, remaining=left.remaining, meaning=left.meaning),
    )


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

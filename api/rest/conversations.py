"""Conversations: chats and threads of texts, and who is in them."""

from __future__ import annotations

from aiohttp import web
from pydantic import Field

from api.answers import done_once, empty_answer, json_answer
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
    UnreadResource,
    explained,
    shown,
    totals,
)
from api.rest.messages import PhoneText
from api.routes import NoBody, NoQuery, Routes
from api.schema import Input, Line, PageQuery, Query, Word, listed
from engine.conversations.errors import user_required
from engine.conversations.models import ConversationKind, ListThreads, ThreadState, ThreadView

routes = Routes("conversations")


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


class Renaming(Input):
    name: Line | None = Field(description="Null takes the name away.")


class MemberQuery(Query):
    user_id: Word | None = Field(default=None, description="A user of a chat.")
    number: PhoneText | None = Field(default=None, description="An outside number of texts, in E.164.")


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

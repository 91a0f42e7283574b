"""What one has missed: unread chats and texts, voicemails nobody has heard, missed calls."""

from __future__ import annotations

import asyncio

from aiohttp import web
from pydantic import Field

from api.answers import json_answer
from api.permissions import Permission
from api.requests import ApiRequest
from api.rest import call_log, conversation_resources, voicemails
from api.routes import NoBody, Routes
from api.schema import Query, Resource
from engine.accounts.models import PageRequest
from engine.conversations.models import ConversationKind, ListThreads
from engine.errors import NotFound
from engine.presence.models import CallLogFilter
from engine.voicemail.models import VoicemailFilter

routes = Routes("me")


class MissedQuery(Query):
    limit: int = Field(default=5, ge=0, le=50, description="Items of each kind.")


class MissedConversations(Resource):
    """Conversations with something unread, latest first."""

    conversations: int
    items: list[conversation_resources.ConversationResource]


class MissedVoicemails(Resource):
    """Voicemails not heard, newest first."""

    count: int
    items: list[voicemails.VoicemailResource]


class MissedCalls(Resource):
    """Missed calls not seen, newest first."""

    count: int
    items: list[call_log.CallLogResource]


class MissedResource(Resource):
    """What a page shows after a log-in. Counts go up to 999."""

    total: int = Field(description="Conversations, voicemails and calls together.")
    messages: int = Field(description="Unread messages in all conversations.")
    chats: MissedConversations
    texts: MissedConversations
    voicemails: MissedVoicemails
    missed_calls: MissedCalls


@routes.add(
    "GET",
    "/v1/me/missed",
    summary="Sum up what one has missed, with the first items of each kind.",
    permission=Permission.READ_CONVERSATIONS,
    query=MissedQuery,
    answers={200: MissedResource},
    problems=("no_user",),
)
async def get_missed(request: ApiRequest[NoBody, MissedQuery]) -> web.StreamResponse:
    services, me = request.services, request.principal
    totals = await services.conversations.unread_totals(me)  # refuses whoever is nobody
    first = PageRequest(max(1, request.query.limit))
    wanted = request.query.limit > 0

    async def threads(kind: ConversationKind, count: int) -> MissedConversations:
        if not count or not wanted:
            return MissedConversations(conversations=count, items=[])
        page = await services.conversations.list(me, ListThreads(kind=kind, unread=True, mine=True), first)
        items = [conversation_resources.shown(one) for one in page.items]
        return MissedConversations(conversations=count, items=items)

    async def calls() -> MissedCalls:
        count = await services.call_log.unseen_missed(me)
        if not count or not wanted:
            return MissedCalls(count=count, items=[])
        chosen = CallLogFilter(user_id=me.user_id, missed=True, seen=False)
        page = await services.call_log.list(me, chosen, first)
        return MissedCalls(count=count, items=[call_log.shown(one) for one in page.items])

    async def unheard() -> MissedVoicemails:
        try:
            box = await services.voicemails.mailboxes.of_user(me, me.user_id or "")
        except NotFound:
            return MissedVoicemails(count=0, items=[])
        count = box.new
        if not count or not wanted:
            return MissedVoicemails(count=count, items=[])
        page = await services.voicemails.list(me, VoicemailFilter(heard=False), first)
        names = await services.voicemails.names_of(me, page.items)
        return MissedVoicemails(count=count, items=[voicemails.shown(one, names) for one in page.items])

    chats, texts, missed_calls, voicemail = await asyncio.gather(
        threads(ConversationKind.CHAT, totals.chats),
        threads(ConversationKind.SMS, totals.sms),
        calls(),
        unheard(),
    )
    return json_answer(
        200,
        MissedResource(
            total=totals.conversations + missed_calls.count + voicemail.count,
            messages=totals.messages,
            chats=chats,
            texts=texts,
            voicemails=voicemail,
            missed_calls=missed_calls,
        ),
    )

"""Search over all that somebody may see."""

from __future__ import annotations

from typing import Any

import msgspec
from aiohttp import web
from pydantic import Field

from api.answers import json_bytes
from api.permissions import Permission
from api.requests import ApiRequest, page_request
from api.rest.messages import MessageResource, document
from api.routes import NoBody, Routes
from api.schema import PageQuery, Resource, Word
from engine.conversations.models import ConversationKind
from engine.conversations.search import MOST_QUESTION

routes = Routes("search")
_encode = msgspec.json.Encoder().encode


class SearchQuery(PageQuery):
    q: str = Field(
        min_length=1,
        max_length=MOST_QUESTION,
        description="Words that all have to be there; the last may be a beginning, unless a space follows.",
    )
    limit: int = Field(default=20, ge=1, le=100)
    domain_id: Word | None = None
    conversation_id: Word | None = None
    kind: ConversationKind | None = None


class NamedConversation(Resource):
    """A conversation whose name has the words."""

    id: str
    kind: ConversationKind
    name: str


class SearchResult(Resource):
    """What was found. Something just said takes a second or two to be found."""

    conversations: list[NamedConversation] = Field(description="By name; on the first page only.")
    items: list[MessageResource] = Field(description="What was said, newest first.")
    next_cursor: str | None


@routes.add(
    "GET",
    "/v1/search",
    summary="Find what was said, and conversations by name.",
    permission=Permission.READ_CONVERSATIONS,
    query=SearchQuery,
    answers={200: SearchResult},
    problems=("not_found", "invalid_cursor"),
)
async def search(request: ApiRequest[NoBody, SearchQuery]) -> web.StreamResponse:
    query = request.query
    found = await request.services.search.find(
        request.principal,
        query.q,
        domain_id=query.domain_id,
        conversation_id=query.conversation_id,
        kind=query.kind,
        page=page_request(query),
    )
    answer: dict[str, Any] = {
        "conversations": [{"id": one.id, "kind": one.kind, "name": one.name} for one in found.threads],
        "items": [document(message) for message in found.messages.items],
        "next_cursor": found.messages.next_cursor,
    }
    return json_bytes(200, _encode(answer))

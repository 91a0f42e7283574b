"""History looked through, and taken home: filters, a jump to a date, and files."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any, Literal

import msgspec
from aiohttp import hdrs, web
from pydantic import Field

from api.answers import json_bytes
from api.permissions import Permission
from api.requests import ApiRequest, page_request
from api.rest import call_log, contacts, me, quick_replies
from api.rest.conversation_resources import Timeline, shown, timeline_item, timeline_page
from api.routes import NoBody, NoQuery, Routes
from api.schema import Moment, PageQuery, Query, Word, to_ms
from engine.accounts.models import PageRequest
from engine.contacts.models import ContactFilter
from engine.conversations.filtering import HistoryFilter
from engine.conversations.models import ListThreads, ThreadView
from engine.conversations.words import words_of
from engine.messaging.models import Direction
from engine.presence.models import CallLogFilter
from engine.records.exporting import ExportFormat

routes = Routes("history")

_encode = msgspec.json.Encoder().encode
_KINDS = {ExportFormat.CSV: "text/csv; charset=utf-8", ExportFormat.PDF: "application/pdf"}


class HistoryQuery(PageQuery):
    type: Literal["message", "notice", "call", "voicemail"] | None = None
    direction: Direction | None = None
    author: Word | None = Field(default=None, description="A user, or an outside number in E.164.")
    from_: Moment | None = Field(default=None, alias="from")
    until: Moment | None = Field(default=None, description="What happened before then.")
    has_attachment: bool | None = None
    q: str | None = Field(
        default=None,
        min_length=1,
        max_length=200,
        description="Words that all have to be in the text; the last may be a beginning.",
    )


class JumpQuery(Query):
    at: Moment
    limit: int = Field(default=50, ge=1, le=200)


class ExportQuery(Query):
    format: ExportFormat = ExportFormat.JSON
    from_: Moment | None = Field(default=None, alias="from")
    until: Moment | None = Field(default=None, description="What happened before then.")


@routes.add(
    "GET",
    "/v1/conversations/{conversation_id}/history",
    summary="Items of a conversation that fit, newest first; a page may be short and still have a next one.",
    permission=Permission.READ_CONVERSATIONS,
    query=HistoryQuery,
    answers={200: Timeline},
    problems=("invalid_cursor",),
)
async def conversation_history(request: ApiRequest[NoBody, HistoryQuery]) -> web.StreamResponse:
    query = request.query
    chosen = HistoryFilter(
        types=frozenset(() if query.type is None else (query.type,)),
        direction=query.direction,
        author=query.author,
        from_ms=to_ms(query.from_),
        until_ms=to_ms(query.until),
        has_attachment=query.has_attachment,
        words=() if query.q is None else tuple(words_of(query.q)),
    )
    page = await request.services.conversations.history.filtered(
        request.principal, request.id("conversation_id"), chosen, page_request(query)
    )
    return json_bytes(200, _encode(timeline_page(page)))


@routes.add(
    "GET",
    "/v1/conversations/{conversation_id}/timeline:at",
    summary="The part of a timeline around a time, newest first.",
    permission=Permission.READ_CONVERSATIONS,
    query=JumpQuery,
    answers={200: Timeline},
)
async def timeline_at(request: ApiRequest[NoBody, JumpQuery]) -> web.StreamResponse:
    query = request.query
    page = await request.services.conversations.history.timeline_at(
        request.principal, request.id("conversation_id"), to_ms(query.at) or 0, query.limit
    )
    return json_bytes(200, _encode(timeline_page(page)))


@routes.add(
    "GET",
    "/v1/conversations/{conversation_id}:export",
    summary="All one may see of a conversation as a file, oldest first.",
    permission=Permission.READ_CONVERSATIONS,
    query=ExportQuery,
    answers={200: "application/json, text/csv, application/pdf"},
    problems=("export_too_large", "rate_limited"),
)
async def export_conversation(request: ApiRequest[NoBody, ExportQuery]) -> web.StreamResponse:
    query, exports = request.query, request.services.exports
    view = await exports.view(request.principal, request.id("conversation_id"))
    span = (to_ms(query.from_) or 0, to_ms(query.until))
    if query.format is ExportFormat.JSON:
        return _file(_conversation(request, view, *span), "application/json", f"{view.id}.json")
    name = f"{view.id}.{query.format.value}"
    if query.format is ExportFormat.CSV:
        return _file(exports.csv(request.principal, view, *span), _KINDS[query.format], name)
    return _file(await exports.pdf(request.principal, view, *span), _KINDS[query.format], name)


@routes.add(
    "GET",
    "/v1/me:export",
    summary="Everything of one's own as one JSON file: account, contacts, calls, threads.",
    permission=Permission.OWN_ACCOUNT,
    answers={200: "application/json"},
    problems=("no_user",),
)
async def export_me(request: ApiRequest[NoBody, NoQuery]) -> web.StreamResponse:
    await request.services.call_log.unseen_missed(request.principal)  # a key that is nobody's is told so now
    return _file(_account(request), "application/json", "my-data.json")


def _file(body: bytes | AsyncIterator[bytes], kind: str, name: str) -> web.Response:
    return web.Response(
        body=body,
        headers={
            hdrs.CONTENT_TYPE: kind,
            hdrs.CONTENT_DISPOSITION: f'attachment; filename="{name}"',
            "X-Content-Type-Options": "nosniff",
        },
    )


async def _conversation(
    request: ApiRequest[Any, Any], view: ThreadView, from_ms: int = 0, until_ms: int | None = None
) -> AsyncIterator[bytes]:
    yield b'{"conversation":' + shown(view).json_text().encode() + b',"items":['
    between = b""
    async for one in request.services.exports.items(request.principal, view.id, from_ms, until_ms):
        yield between + _encode(timeline_item(one))
        between = b",\n"
    yield b"]}\n"


async def _account(request: ApiRequest[Any, Any]) -> AsyncIterator[bytes]:
    services, principal = request.services, request.principal
    own = await services.accounts.preferences.me(principal)
    yield b'{"me":' + me.shown(own).json_text().encode()
    replies = [
        one for one in await services.quick_replies.list(principal) if one.owner_id == principal.user_id
    ]
    yield b',"quick_replies":' + _listed([quick_replies.shown(one) for one in replies])
    yield b',"contacts":['
    between, cursor = b"", None
    while True:
        found = await services.contacts.list(
            principal, None, ContactFilter(shared=False), PageRequest(200, cursor)
        )
        for contact in found.items:
            yield between + contacts.shown(contact).json_text().encode()
            between = b",\n"
        cursor = found.next_cursor
        if cursor is None:
            break
    yield b'],"calls":['
    between = b""
    while True:
        calls = await services.call_log.list(
            principal, CallLogFilter(user_id=principal.user_id), PageRequest(200, cursor)
        )
        for entry in calls.items:
            yield between + call_log.shown(entry).json_text().encode()
            between = b",\n"
        cursor = calls.next_cursor
        if cursor is None:
            break
    yield b'],"conversations":['
    between, seen = b"", set[str]()
    while True:
        threads = await services.conversations.list(
            principal, ListThreads(mine=True), PageRequest(200, cursor)
        )
        for view in threads.items:
            if view.id in seen:  # it moved to the front while pages were read
                continue
            seen.add(view.id)
            yield between
            between = b",\n"
            async for piece in _conversation(request, view):
                yield piece
        cursor = threads.next_cursor
        if cursor is None:
            break
    yield b"]}\n"


def _listed(resources: Sequence[Any]) -> bytes:
    return b"[" + b",".join(one.json_text().encode() for one in resources) + b"]"

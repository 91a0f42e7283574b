"""Blocked senders: outside numbers whose texts are kept and not shown."""

from __future__ import annotations

from aiohttp import web
from pydantic import Field

from api.answers import done_once, empty_answer, json_answer
from api.permissions import Permission
from api.requests import ApiRequest, page_request
from api.rest.messages import PhoneText
from api.routes import NoBody, NoQuery, Routes
from api.schema import At, Input, Listed, PageQuery, Resource, Word, at, listed
from engine.messaging.models import BlockedSender

routes = Routes("blocked_senders")


class NewBlockedSender(Input):
    """Whom to block. Blocking for the whole domain takes an office manager."""

    peer: PhoneText = Field(description="An outside number, short code or name.")
    number: PhoneText | None = Field(default=None, description="One of ours; null: all of the domain's.")
    domain_id: Word | None = None


class BlockedSenderResource(Resource):
    id: str
    domain_id: str
    number: str | None
    peer: str
    blocked_by: str = Field(description="A user, else a credential.")
    created_at: At


class BlockedSenderList(Listed[BlockedSenderResource]):
    """Blocked senders, oldest first."""


class BlockedSenderQuery(PageQuery):
    domain_id: Word | None = None


def shown(block: BlockedSender) -> BlockedSenderResource:
    return BlockedSenderResource(
        id=block.id,
        domain_id=block.domain_id,
        number=block.number,
        peer=block.peer,
        blocked_by=block.blocked_by,
        created_at=at(block.created_ms),
    )


def rendered(block: BlockedSender) -> tuple[int, str]:
    return 201, shown(block).json_text()


@routes.add(
    "POST",
    "/v1/blocked-senders",
    summary="Block a sender: what it texts from now on is kept and not shown.",
    permission=Permission.BLOCK_SENDERS,
    body=NewBlockedSender,
    answers={201: BlockedSenderResource},
    problems=("not_found", "invalid_number", "scope_too_low"),
    idempotent=True,
)
async def block_sender(request: ApiRequest[NewBlockedSender, NoQuery]) -> web.StreamResponse:
    body = request.body
    made = await request.services.blocked_senders.block(
        request.principal, body.peer, body.number, body.domain_id, request.claim, rendered
    )
    return done_once(made, rendered)


@routes.add(
    "GET",
    "/v1/blocked-senders",
    summary="List blocked senders; their texts are at /v1/messages?blocked=true.",
    permission=Permission.READ_MESSAGES,
    query=BlockedSenderQuery,
    answers={200: BlockedSenderList},
    problems=("not_found", "invalid_cursor"),
)
async def list_blocked_senders(request: ApiRequest[NoBody, BlockedSenderQuery]) -> web.StreamResponse:
    page = await request.services.blocked_senders.list(
        request.principal, request.query.domain_id, page_request(request.query)
    )
    return json_answer(200, listed(page, shown))


@routes.add(
    "GET",
    "/v1/blocked-senders/{blocked_sender_id}",
    summary="Read a block.",
    permission=Permission.READ_MESSAGES,
    answers={200: BlockedSenderResource},
)
async def get_blocked_sender(request: ApiRequest[NoBody, NoQuery]) -> web.StreamResponse:
    found = await request.services.blocked_senders.get(request.principal, request.id("blocked_sender_id"))
    return json_answer(200, shown(found))


@routes.add(
    "DELETE",
    "/v1/blocked-senders/{blocked_sender_id}",
    summary="Unblock; what was kept meanwhile stays where it is.",
    permission=Permission.BLOCK_SENDERS,
    answers={204: None},
    problems=("scope_too_low",),
)
async def unblock_sender(request: ApiRequest[NoBody, NoQuery]) -> web.StreamResponse:
    await request.services.blocked_senders.unblock(request.principal, request.id("blocked_sender_id"))
    return empty_answer()

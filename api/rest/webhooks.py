"""Webhooks: where events are sent, what became of each, and sending them again."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from aiohttp import web
from pydantic import AwareDatetime, Field

from api.answers import done_once, empty_answer, json_answer
from api.permissions import Permission
from api.requests import ApiRequest, page_request
from api.routes import NoBody, NoQuery, Routes
from api.schema import (
    LEFT_AS_IT_IS,
    At,
    Input,
    Line,
    Listed,
    PageQuery,
    Query,
    Resource,
    Word,
    at,
    at_or_none,
    listed,
    to_ms,
)
from engine.outbound import MAX_URL_CHARACTERS
from engine.webhooks import event_types
from engine.webhooks.models import (
    Backlog,
    CreateWebhook,
    Delivery,
    DeliveryState,
    DisabledBecause,
    IssuedWebhook,
    Replay,
    Replaying,
    UpdateWebhook,
    Webhook,
    message_id,
)
from engine.webhooks.service import MOST_OVERLAP_S, OVERLAP_S, REPLAY_AT_ONCE

routes = Routes("webhooks")

Address = Annotated[str, Field(min_length=1, max_length=MAX_URL_CHARACTERS)]
#: The description lists what there is; the service refuses the rest, since it knows of which stream.
Type = Annotated[Word, Field(json_schema_extra={"enum": list(event_types.ALL)})]
Types = Annotated[list[Type], Field(max_length=50)]
Seq = Annotated[int, Field(ge=1, le=2**53 - 1)]


class NewWebhook(Input):
    url: Address
    description: Line = ""
    event_types: Types = Field(
        default_factory=list, description="As in call.updated, or call.* for all of a noun; empty for all."
    )
    domain_id: Word | None = None


class WebhookChanges(Input):
    url: Address = LEFT_AS_IT_IS
    description: Line = LEFT_AS_IT_IS
    event_types: Types = LEFT_AS_IT_IS
    enabled: bool = LEFT_AS_IT_IS


class Rotation(Input):
    overlap_s: Annotated[int, Field(ge=0, le=MOST_OVERLAP_S)] = Field(
        default=OVERLAP_S, description="How long the secret before signs besides the new one."
    )


class WebhookFields(Resource):
    id: str
    domain_id: str | None = Field(description="Null: of the stream of operations.")
    url: str
    description: str
    event_types: list[str]
    enabled: bool
    disabled_because: DisabledBecause | None = Field(
        description="asked: by somebody; gone: by the receiver, with 410; failing: it took nothing for days."
    )
    created_by: str
    created_at: At
    updated_at: At
    secret_changes_at: At | None = Field(description="Until then the secret before signs as well.")


class WebhookResource(WebhookFields):
    cursor: str = Field(description="Everything up to this event was dealt with: `stream:seq`.")
    failing_since: At | None = Field(description="The first failure since something was delivered.")
    last_delivered_at: At | None
    behind: int = Field(description="Events of the stream that were not looked at yet.")
    waiting: int = Field(description="Deliveries that failed and are tried again.")
    dead: int = Field(description="Deliveries that were given up.")


class IssuedWebhookResource(WebhookFields):
    secret: str | None = Field(description="Shown this once; null in the answer to a repetition.")


class WebhookList(Resource):
    """The webhooks of a domain, oldest first."""

    items: list[WebhookResource]


class WebhookQuery(Query):
    domain_id: Word | None = None


class TestResult(Resource):
    delivered: bool
    status: int | None = Field(description="HTTP status of the answer; null without one.")
    error: str | None = Field(description="A code, see docs/webhooks.md.")
    elapsed_ms: int


class DeliveryResource(Resource):
    id: str
    webhook_id: str
    message_id: str = Field(description="The Webhook-Id it goes out with: `stream:seq`.")
    stream: str
    seq: int
    type: str
    subject: str
    at: At
    state: DeliveryState
    attempts: int = Field(description="Since it was first sent, or replayed.")
    created_at: At
    last_attempt_at: At | None
    next_attempt_at: At | None
    status: int | None = Field(description="HTTP status of the last answer; null without one.")
    error: str | None = Field(description="A code, see docs/webhooks.md.")


class DeliveryList(Listed[DeliveryResource]):
    """Deliveries, newest first."""


class DeliveryQuery(PageQuery):
    state: DeliveryState | None = None


class ReplayWish(Input):
    """From where on is needed, by number or by time; what is given narrows the range, ends included."""

    only: Literal["dead", "all"] = Field(
        default="dead", description="all: everything that was dealt with and is still kept, also delivered."
    )
    from_seq: Seq | None = None
    to_seq: Seq | None = None
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None


class ReplayResult(Resource):
    replaying: int = Field(description="How many are sent again.")
    next_seq: int | None = Field(
        description=f"Where to go on; a request looks at {REPLAY_AT_ONCE:,} at most. Null: that was all."
    )


def _fields(webhook: Webhook) -> dict[str, Any]:
    return {
        "id": webhook.id,
        "domain_id": webhook.domain_id,
        "url": webhook.url,
        "description": webhook.description,
        "event_types": list(webhook.event_types),
        "enabled": webhook.enabled,
        "disabled_because": webhook.disabled_because,
        "created_by": webhook.created_by,
        "created_at": at(webhook.created_ms),
        "updated_at": at(webhook.updated_ms),
        "secret_changes_at": at_or_none(webhook.old_secret_until_ms),
    }


def shown(webhook: Webhook, backlog: Backlog) -> WebhookResource:
    return WebhookResource(
        **_fields(webhook),
        cursor=f"{webhook.stream}:{webhook.seq}",
        failing_since=at_or_none(webhook.failing_since_ms),
        last_delivered_at=at_or_none(webhook.last_delivered_ms),
        behind=backlog.behind,
        waiting=backlog.waiting,
        dead=backlog.dead,
    )


def rendered(issued: IssuedWebhook) -> tuple[int, str]:
    return 201, IssuedWebhookResource(**_fields(issued.webhook), secret=issued.secret).json_text()


def rotated(issued: IssuedWebhook) -> tuple[int, str]:
    return 200, rendered(issued)[1]


def shown_delivery(delivery: Delivery) -> DeliveryResource:
    event = delivery.event
    return DeliveryResource(
        id=delivery.id,
        webhook_id=delivery.webhook_id,
        message_id=message_id(event),
        stream=event.stream,
        seq=event.seq,
        type=event.type,
        subject=event.subject,
        at=at(event.at_ms),
        state=delivery.state,
        attempts=delivery.attempts,
        created_at=at(delivery.created_ms),
        last_attempt_at=at_or_none(delivery.last_attempt_ms),
        next_attempt_at=at_or_none(delivery.next_attempt_ms),
        status=delivery.status,
        error=delivery.error,
    )


def rendered_delivery(delivery: Delivery) -> tuple[int, str]:
    return 202, shown_delivery(delivery).json_text()


def rendered_replay(replaying: Replaying) -> tuple[int, str]:
    return 202, ReplayResult(replaying=replaying.count, next_seq=replaying.next_seq).json_text()


@routes.add(
    "POST",
    "/v1/webhooks",
    summary="Have events sent to an address from now on. A super user who names no domain gets operations.",
    permission=Permission.MANAGE_WEBHOOKS,
    body=NewWebhook,
    answers={201: IssuedWebhookResource},
    problems=("not_found", "invalid_url", "unknown_event_type", "key_required", "too_many_webhooks"),
    idempotent=True,
)
async def create_webhook(request: ApiRequest[NewWebhook, NoQuery]) -> web.StreamResponse:
    body = request.body
    command = CreateWebhook(
        url=body.url,
        description=body.description,
        event_types=body.event_types,
        domain_id=body.domain_id,
    )
    made = await request.services.webhooks.create(request.principal, command, request.claim, rendered)
    return done_once(made, rendered)


@routes.add(
    "GET",
    "/v1/webhooks",
    summary="List the webhooks of a domain; for a super user who names none, those of operations.",
    permission=Permission.MANAGE_WEBHOOKS,
    query=WebhookQuery,
    answers={200: WebhookList},
    problems=("not_found",),
)
async def list_webhooks(request: ApiRequest[NoBody, WebhookQuery]) -> web.StreamResponse:
    found = await request.services.webhooks.list(request.principal, request.query.domain_id)
    return json_answer(200, WebhookList(items=[shown(*one) for one in found]))


@routes.add(
    "GET",
    "/v1/webhooks/{webhook_id}",
    summary="Read a webhook; never its secret.",
    permission=Permission.MANAGE_WEBHOOKS,
    answers={200: WebhookResource},
)
async def get_webhook(request: ApiRequest[NoBody, NoQuery]) -> web.StreamResponse:
    found = await request.services.webhooks.get(request.principal, request.id("webhook_id"))
    return json_answer(200, shown(*found))


@routes.add(
    "PATCH",
    "/v1/webhooks/{webhook_id}",
    summary="Change a webhook; enabled again, it goes on behind the last event it was sent.",
    permission=Permission.MANAGE_WEBHOOKS,
    body=WebhookChanges,
    answers={200: WebhookResource},
    problems=("invalid_url", "unknown_event_type", "key_required"),
)
async def update_webhook(request: ApiRequest[WebhookChanges, NoQuery]) -> web.StreamResponse:
    webhook_id = request.id("webhook_id")
    command = UpdateWebhook(**request.body.given())
    await request.services.webhooks.update(request.principal, webhook_id, command)
    return json_answer(200, shown(*await request.services.webhooks.get(request.principal, webhook_id)))


@routes.add(
    "DELETE",
    "/v1/webhooks/{webhook_id}",
    summary="Delete a webhook with what is known of its deliveries.",
    permission=Permission.MANAGE_WEBHOOKS,
    answers={204: None},
)
async def delete_webhook(request: ApiRequest[NoBody, NoQuery]) -> web.StreamResponse:
    await request.services.webhooks.delete(request.principal, request.id("webhook_id"))
    return empty_answer()


@routes.add(
    "POST",
    "/v1/webhooks/{webhook_id}:rotate-secret",
    summary="Get a new secret; the one before signs besides it for a while.",
    permission=Permission.MANAGE_WEBHOOKS,
    body=Rotation,
    answers={200: IssuedWebhookResource},
    problems=("key_required",),
    idempotent=True,
)
async def rotate_webhook_secret(request: ApiRequest[Rotation, NoQuery]) -> web.StreamResponse:
    issued = await request.services.webhooks.rotate_secret(
        request.principal, request.id("webhook_id"), request.body.overlap_s, request.claim, rotated
    )
    return done_once(issued, rotated)


@routes.add(
    "POST",
    "/v1/webhooks/{webhook_id}:test",
    summary="Send one event of the type webhook.test now, and say what came back.",
    permission=Permission.MANAGE_WEBHOOKS,
    answers={200: TestResult},
    problems=("rate_limited",),
)
async def test_webhook(request: ApiRequest[NoBody, NoQuery]) -> web.StreamResponse:
    outcome = await request.services.webhooks.test(request.principal, request.id("webhook_id"))
    result = TestResult(
        delivered=outcome.delivered,
        status=outcome.status,
        error=outcome.error,
        elapsed_ms=outcome.elapsed_ms,
    )
    return json_answer(200, result)


@routes.add(
    "POST",
    "/v1/webhooks/{webhook_id}:replay",
    summary="Send a range of events again, under the same ids.",
    permission=Permission.MANAGE_WEBHOOKS,
    body=ReplayWish,
    answers={202: ReplayResult},
    problems=("webhook_disabled",),
    idempotent=True,
)
async def replay_events(request: ApiRequest[ReplayWish, NoQuery]) -> web.StreamResponse:
    body = request.body
    wish = Replay(
        dead_only=body.only == "dead",
        from_seq=body.from_seq,
        to_seq=body.to_seq,
        since_ms=to_ms(body.since),
        until_ms=to_ms(body.until),
    )
    done = await request.services.webhooks.replay(
        request.principal, request.id("webhook_id"), wish, request.claim, rendered_replay
    )
    return done_once(done, rendered_replay)


@routes.add(
    "GET",
    "/v1/webhooks/{webhook_id}/deliveries",
    summary="List deliveries: those that wait for another attempt, were given up, or arrived lately.",
    permission=Permission.MANAGE_WEBHOOKS,
    query=DeliveryQuery,
    answers={200: DeliveryList},
)
async def list_deliveries(request: ApiRequest[NoBody, DeliveryQuery]) -> web.StreamResponse:
    page = await request.services.webhooks.deliveries(
        request.principal, request.id("webhook_id"), request.query.state, page_request(request.query)
    )
    return json_answer(200, listed(page, shown_delivery))


@routes.add(
    "GET",
    "/v1/webhooks/{webhook_id}/deliveries/{delivery_id}",
    summary="Read what became of one event.",
    permission=Permission.MANAGE_WEBHOOKS,
    answers={200: DeliveryResource},
)
async def get_delivery(request: ApiRequest[NoBody, NoQuery]) -> web.StreamResponse:
    delivery = await request.services.webhooks.delivery(
        request.principal, request.id("webhook_id"), request.id("delivery_id")
    )
    return json_answer(200, shown_delivery(delivery))


@routes.add(
    "POST",
    "/v1/webhooks/{webhook_id}/deliveries/{delivery_id}:replay",
    summary="Send one event again, under the same id.",
    permission=Permission.MANAGE_WEBHOOKS,
    answers={202: DeliveryResource},
    problems=("webhook_disabled",),
    idempotent=True,
)
async def replay_delivery(request: ApiRequest[NoBody, NoQuery]) -> web.StreamResponse:
    done = await request.services.webhooks.replay_delivery(
        request.principal,
        request.id("webhook_id"),
        request.id("delivery_id"),
        request.claim,
        rendered_delivery,
    )
    return done_once(done, rendered_delivery)

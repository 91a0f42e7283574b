"""Webhooks and deliveries as rows and back."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Row

from engine.events import Event
from engine.storage.statements import HotStatement, insert
from engine.storage.tables.webhooks import webhook_deliveries
from engine.webhooks.models import Delivery, DeliveryState, Webhook

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.decode

_COLUMNS = (
    "id",
    "webhook_id",
    "stream",
    "seq",
    "type",
    "subject",
    "data",
    "at_ms",
    "state",
    "attempts",
    "created_ms",
    "last_attempt_ms",
    "next_attempt_ms",
    "status",
    "error",
)
_new = insert(webhook_deliveries)
#: An event has one delivery a webhook, whose id stays; so keeping it twice is harmless.
SAVE_DELIVERY = HotStatement(
    _new.on_conflict_do_update(
        index_elements=["webhook_id", "seq"],
        set_={
            name: _new.excluded[name]
            for name in ("state", "attempts", "last_attempt_ms", "next_attempt_ms", "status", "error")
        },
    ),
    *_COLUMNS,
)


def delivery_row(delivery: Delivery) -> tuple[Any, ...]:
    """Values for SAVE_DELIVERY."""
    event = delivery.event
    return (
        delivery.id,
        delivery.webhook_id,
        event.stream,
        event.seq,
        event.type,
        event.subject,
        _encode(event.data).decode(),
        event.at_ms,
        delivery.state.value,
        delivery.attempts,
        delivery.created_ms,
        delivery.last_attempt_ms,
        delivery.next_attempt_ms,
        delivery.status,
        delivery.error,
    )


def read_delivery(row: Row[Any]) -> Delivery:
    event = Event(row.stream, row.seq, row.type, row.subject, _decode(row.data), row.at_ms)
    return Delivery(
        row.id,
        row.webhook_id,
        event,
        DeliveryState(row.state),
        row.attempts,
        row.created_ms,
        row.last_attempt_ms,
        row.next_attempt_ms,
        row.status,
        row.error,
    )


def webhook_row(webhook: Webhook) -> dict[str, Any]:
    return {
        "id": webhook.id,
        "domain_id": webhook.domain_id,
        "stream": webhook.stream,
        "url": webhook.url,
        "description": webhook.description,
        "event_types": _encode(webhook.event_types).decode(),
        "enabled": int(webhook.enabled),
        "disabled_because": webhook.disabled_because,
        "secret": webhook.secret,
        "old_secret": webhook.old_secret,
        "old_secret_until_ms": webhook.old_secret_until_ms,
        "created_by": webhook.created_by,
        "created_ms": webhook.created_ms,
        "updated_ms": webhook.updated_ms,
        "seq": webhook.seq,
        "failing_since_ms": webhook.failing_since_ms,
        "last_delivered_ms": webhook.last_delivered_ms,
    }


def read_webhook(row: Row[Any]) -> Webhook:
    return Webhook(
        id=row.id,
        domain_id=row.domain_id,
        url=row.url,
        description=row.description,
        event_types=tuple(_decode(row.event_types)),
        enabled=bool(row.enabled),
        disabled_because=row.disabled_because,
        secret=row.secret,
        old_secret=row.old_secret,
        old_secret_until_ms=row.old_secret_until_ms,
        created_by=row.created_by,
        created_ms=row.created_ms,
        updated_ms=row.updated_ms,
        seq=row.seq,
        failing_since_ms=row.failing_since_ms,
        last_delivered_ms=row.last_delivered_ms,
    )

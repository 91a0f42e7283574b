"""What webhooks have to do, and how far they are: the delivering side's reads and writes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import partial

import sqlalchemy as sa
from sqlalchemy import Connection

from engine.audit import AuditEntry
from engine.events import MANAGERS_ONLY, Event, NewEvent
from engine.ids import new_id
from engine.storage import audit, settings
from engine.storage.database import Database, Transaction
from engine.storage.event_log import following
from engine.storage.tables.log import streams
from engine.storage.tables.webhooks import webhook_deliveries, webhooks
from engine.storage.webhook_rows import SAVE_DELIVERY, delivery_row, read_delivery, read_webhook
from engine.webhooks.models import RESYNC, Delivery, DeliveryState, Progress, Webhook, Work

_hooks, _deliveries = webhooks.c, webhook_deliveries.c
_WAITING = DeliveryState.WAITING.value

#: Deliveries forgotten in one transaction.
TRIM_DELIVERIES = 1000


class SqlWebhookProgress:
    """`WebhookProgress`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def enabled(self) -> Sequence[Webhook]:
        query = sa.select(webhooks).where(_hooks.enabled == 1).order_by(_hooks.id)
        return await self._database.read(
            lambda connection: [read_webhook(row) for row in connection.execute(query)]
        )

    async def work(
        self,
        webhook_id: str,
        *,
        after: int,
        limit: int,
        due_ms: int,
        due_limit: int,
        besides: Collection[str],
    ) -> Work | None:
        def read(connection: Connection) -> Work | None:
            row = connection.execute(
                sa.select(webhooks).where(_hooks.id == webhook_id, _hooks.enabled == 1)
            ).first()
            if row is None:
                return None
            webhook = read_webhook(row)
            content = webhook.domain_id is None or settings.webhook_content(connection, webhook.domain_id)
            events = _next_events(connection, webhook.stream, after, limit)
            due = _due(connection, webhook_id, due_ms, due_limit, besides)
            next_due_ms = connection.execute(
                sa.select(sa.func.min(_deliveries.next_attempt_ms)).where(
                    _deliveries.webhook_id == webhook_id,
                    _deliveries.state == _WAITING,
                    _deliveries.next_attempt_ms > due_ms,
                )
            ).scalar()
            more = len(events) >= limit or len(due) >= due_limit
            return Work(webhook, content, events, due, next_due_ms, more)

        return await self._database.read(read)

    async def keep(self, progress: Progress) -> bool:
        return await self._database.transact(partial(_keep, progress))

    async def trim(self, delivered_before_ms: int, dead_before_ms: int) -> int:
        forgotten = 0
        for state, before_ms in (
            (DeliveryState.DELIVERED, delivered_before_ms),
            (DeliveryState.DEAD, dead_before_ms),
        ):
            while count := await self._database.transact(partial(_trim, state, before_ms)):
                forgotten += count
        return forgotten


def _next_events(connection: Connection, stream: str, after: int, limit: int) -> list[Event]:
    if limit == 0:
        return []
    found = list(following(connection, stream, after, limit))
    if found and found[0].seq == after + 1:
        return found
    high = connection.execute(sa.select(streams.c.seq).where(streams.c.stream == stream)).scalar() or 0
    lost_to = found[0].seq - 1 if found else high
    if lost_to <= after:
        return found
    at_ms = found[0].at_ms if found else 0
    return [Event(stream, lost_to, RESYNC, stream, {"from_seq": after + 1, "to_seq": lost_to}, at_ms), *found]


def _due(
    connection: Connection, webhook_id: str, due_ms: int, limit: int, besides: Collection[str]
) -> list[Delivery]:
    if limit == 0:
        return []
    query = (
        sa.select(webhook_deliveries)
        .where(
            _deliveries.webhook_id == webhook_id,
            _deliveries.state == _WAITING,
            _deliveries.next_attempt_ms <= due_ms,
            _deliveries.id.not_in(besides),
        )
        .order_by(_deliveries.next_attempt_ms, _deliveries.id)
        .limit(limit)
    )
    return [read_delivery(row) for row in connection.execute(query)]


def _keep(progress: Progress, tx: Transaction) -> bool:
    values: dict[str, object] = {"seq": progress.seq, "failing_since_ms": progress.failing_since_ms}
    if progress.last_delivered_ms is not None:
        values["last_delivered_ms"] = progress.last_delivered_ms
    kept = tx.connection.execute(
        webhooks.update()
        .where(_hooks.id == progress.webhook_id)
        .values(values)
        .returning(_hooks.domain_id, _hooks.stream, _hooks.enabled)
    ).first()
    if kept is None:
        return False
    tx.execute_many(SAVE_DELIVERY, [delivery_row(one) for one in progress.deliveries])
    if progress.disable is not None and kept.enabled:
        tx.connection.execute(
            webhooks.update()
            .where(_hooks.id == progress.webhook_id)
            .values(enabled=0, disabled_because=progress.disable, updated_ms=tx.now_ms)
        )
        data = {"reason": progress.disable}
        tx.emit(NewEvent(kept.stream, "webhook.disabled", progress.webhook_id, data, MANAGERS_ONLY))
        audit.record(
            tx,
            AuditEntry(
                id=new_id("aud"),
                domain_id=kept.domain_id,
                actor="system",
                action="webhook.disabled",
                subject=progress.webhook_id,
                data=data,
                created_ms=tx.now_ms,
            ),
        )
    return True


def _trim(state: DeliveryState, before_ms: int, tx: Transaction) -> int:
    old = (
        sa.select(_deliveries.id)
        .where(_deliveries.state == state.value, _deliveries.last_attempt_ms < before_ms)
        .limit(TRIM_DELIVERIES)
    )
    gone = tx.connection.execute(webhook_deliveries.delete().where(_deliveries.id.in_(old)))
    return gone.rowcount

"""Webhooks as their keepers see them: read, changed, replayed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import sqlalchemy as sa
import structlog
from sqlalchemy import Connection

from engine.events import Event
from engine.ids import new_id
from engine.storage.accounts import SqlAccountsChanges, SqlAccountsReads
from engine.storage.database import Database
from engine.storage.event_log import following
from engine.storage.tables.log import events, streams
from engine.storage.tables.webhooks import webhook_deliveries, webhooks
from engine.storage.webhook_rows import (
    SAVE_DELIVERY,
    delivery_row,
    read_delivery,
    read_webhook,
    webhook_row,
)
from engine.webhooks.models import Backlog, Delivery, DeliveryState, Replay, Replaying, Webhook
from engine.webhooks.ports import WebhookChanges, WebhookReads

R = TypeVar("R")

_hooks, _deliveries = webhooks.c, webhook_deliveries.c


class SqlWebhooks:
    """`WebhookStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(self, work: Callable[[WebhookReads], R]) -> R:
        return await self._database.read(lambda connection: work(_Reads(connection)))

    async def change(self, work: Callable[[WebhookChanges], R]) -> R:
        request_id = structlog.contextvars.get_contextvars().get("request_id")
        return await self._database.transact(lambda tx: work(_Changes(tx, request_id)))


class _Reads(SqlAccountsReads):
    def webhook(self, webhook_id: str) -> Webhook | None:
        row = self._connection.execute(sa.select(webhooks).where(_hooks.id == webhook_id)).first()
        return None if row is None else read_webhook(row)

    def webhooks(self, domain_id: str | None) -> Sequence[Webhook]:
        query = sa.select(webhooks).where(_hooks.domain_id == domain_id).order_by(_hooks.id)
        return [read_webhook(row) for row in self._connection.execute(query)]

    def backlogs(self, webhooks: Sequence[Webhook]) -> Mapping[str, Backlog]:
        open_states = (DeliveryState.WAITING.value, DeliveryState.DEAD.value)
        counted = self._connection.execute(
            sa.select(_deliveries.webhook_id, _deliveries.state, sa.func.count().label("count"))
            .where(
                _deliveries.webhook_id.in_([one.id for one in webhooks]), _deliveries.state.in_(open_states)
            )
            .group_by(_deliveries.webhook_id, _deliveries.state)
        )
        counts = {(row.webhook_id, row.state): int(row[2]) for row in counted}
        return {
            one.id: Backlog(
                max(0, self.high_water(one.stream) - one.seq),
                *(counts.get((one.id, state), 0) for state in open_states),
            )
            for one in webhooks
        }

    def delivery(self, delivery_id: str) -> Delivery | None:
        query = sa.select(webhook_deliveries).where(_deliveries.id == delivery_id)
        row = self._connection.execute(query).first()
        return None if row is None else read_delivery(row)

    def deliveries(
        self, webhook_id: str, state: DeliveryState | None, before: str | None, limit: int
    ) -> Sequence[Delivery]:
        query = sa.select(webhook_deliveries).where(_deliveries.webhook_id == webhook_id)
        if state is not None:
            query = query.where(_deliveries.state == state.value)
        if before is not None:
            query = query.where(_deliveries.id < before)
        rows = self._connection.execute(query.order_by(_deliveries.id.desc()).limit(limit))
        return [read_delivery(row) for row in rows]

    def high_water(self, stream: str) -> int:
        return (
            self._connection.execute(sa.select(streams.c.seq).where(streams.c.stream == stream)).scalar() or 0
        )


class _Changes(SqlAccountsChanges, _Reads):
    def insert_webhook(self, webhook: Webhook) -> None:
        self._connection.execute(webhooks.insert().values(webhook_row(webhook)))

    def save_webhook(self, webhook: Webhook) -> None:
        row = webhook_row(webhook)
        del row["seq"], row["last_delivered_ms"]
        self._connection.execute(webhooks.update().where(_hooks.id == webhook.id).values(row))

    def delete_webhook(self, webhook_id: str) -> None:
        self._connection.execute(webhooks.delete().where(_hooks.id == webhook_id))

    def replay_delivery(self, delivery_id: str) -> None:
        self._send_again(_deliveries.id == delivery_id)

    def replay_dead(self, webhook_id: str, wish: Replay, limit: int) -> Replaying:
        query = sa.select(_deliveries.id, _deliveries.seq).where(
            _deliveries.webhook_id == webhook_id, _deliveries.state == DeliveryState.DEAD.value
        )
        bounds = (
            (wish.from_seq, _deliveries.seq.__ge__),
            (wish.to_seq, _deliveries.seq.__le__),
            (wish.since_ms, _deliveries.at_ms.__ge__),
            (wish.until_ms, _deliveries.at_ms.__le__),
        )
        for bound, compare in bounds:
            if bound is not None:
                query = query.where(compare(bound))
        found = self._connection.execute(query.order_by(_deliveries.seq).limit(limit + 1)).all()
        some = [row.id for row in found[:limit]]
        for start in range(0, len(some), 500):
            self._send_again(_deliveries.id.in_(some[start : start + 500]))
        return Replaying(len(some), found[limit].seq if len(found) > limit else None)

    def replay_logged(
        self, webhook: Webhook, wish: Replay, wanted: Callable[[Event], bool], limit: int
    ) -> Replaying:
        first = wish.from_seq or 1
        if wish.since_ms is not None:
            first = max(first, _first_since(self._connection, webhook.stream, wish.since_ms))
        last = webhook.seq if wish.to_seq is None else min(wish.to_seq, webhook.seq)
        found = [
            event
            for event in following(self._connection, webhook.stream, first - 1, limit + 1)
            if event.seq <= last and (wish.until_ms is None or event.at_ms <= wish.until_ms)
        ]
        some = [event for event in found[:limit] if wanted(event)]
        now_ms = self.now_ms
        rows = [
            delivery_row(
                Delivery(
                    new_id("whd"),
                    webhook.id,
                    event,
                    DeliveryState.WAITING,
                    0,
                    now_ms,
                    next_attempt_ms=now_ms,
                )
            )
            for event in some
        ]
        self._tx.execute_many(SAVE_DELIVERY, rows)
        return Replaying(len(some), found[limit].seq if len(found) > limit else None)

    def _send_again(self, which: sa.ColumnElement[bool]) -> None:
        self._connection.execute(
            webhook_deliveries.update()
            .where(which)
            .values(
                state=DeliveryState.WAITING.value,
                attempts=0,
                next_attempt_ms=self.now_ms,
            )
        )


def _first_since(connection: Connection, stream: str, since_ms: int) -> int:
    """The number of the first event of that time or later, found by halving: no index has the times."""
    own = events.c.stream == stream
    low = connection.execute(sa.select(sa.func.min(events.c.seq)).where(own)).scalar() or 1
    high = (connection.execute(sa.select(sa.func.max(events.c.seq)).where(own)).scalar() or 0) + 1
    while low < high:
        middle = (low + high) // 2
        at_ms = connection.execute(sa.select(events.c.at_ms).where(own, events.c.seq == middle)).scalar()
        if at_ms is None or at_ms >= since_ms:
            high = middle
        else:
            low = middle + 1
    return low

"""Usage counted from messages and the call log: one day at a time, or of rows that are to be removed.

Grouping is the database's; what a group costs and why it failed is said here, once for each group.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection

from engine.storage.statements import insert
from engine.storage.tables.accounts import numbers
from engine.storage.tables.messaging import messages, recipients, segments
from engine.storage.tables.presence import call_log, ended
from engine.storage.tables.usage import carrier_prices, usage_days
from engine.storage.transaction import Transaction
from engine.usage.days import QUARTER_MS, begins_ms, day_of
from engine.usage.models import Kind, failure_class
from engine.usage.prices import PriceList

#: The carrier has these, or may have.
_CHARGED = ("sent", "delivered", "undelivered", "unconfirmed", "uncertain")

_decode = msgspec.json.decode
_encode = msgspec.json.encode

DIMENSIONS = ("user_id", "number", "direction", "carrier", "status", "failure_class", "currency")
MEASURES = ("items", "segments", "charged_segments", "cost_micros", "answered", "missed", "talk_ms")

#: kind, day and the dimensions, to the measures.
Counts = dict[tuple[str, ...], list[int]]


@dataclass(frozen=True, slots=True)
class Prices:
    """Price lists by carrier, oldest first, each with the time from which on it holds."""

    lists: Mapping[str, Sequence[tuple[int, PriceList | None]]] = field(default_factory=dict)

    @property
    def telling_characters(self) -> int:
        lists = [one for history in self.lists.values() for _, one in history if one is not None]
        return max((one.telling_characters for one in lists), default=0)

    def at(self, carrier: str, at_ms: int) -> PriceList | None:
        """The list that held then."""
        held = [one for from_ms, one in self.lists.get(carrier, ()) if from_ms <= at_ms]
        return held[-1] if held else None


def read_prices(connection: Connection) -> Prices:
    found: dict[str, list[tuple[int, PriceList | None]]] = {}
    query = sa.select(carrier_prices).order_by(carrier_prices.c.carrier, carrier_prices.c.from_ms)
    for row in connection.execute(query):
        stored = _decode(row.prices)
        found.setdefault(row.carrier, []).append((row.from_ms, stored and PriceList(**stored)))
    return Prices(found)


def remember_prices(tx: Transaction, configured: Mapping[str, PriceList | None]) -> None:
    """Note what carriers charge from now on, where it differs from what was noted last."""
    known = read_prices(tx.connection)
    for carrier, prices in configured.items():
        history = known.lists.get(carrier, ())
        if (history[-1][1] if history else None) == prices:
            continue
        stored = prices and {
            "currency": prices.currency,
            "outbound": dict(prices.outbound),
            "inbound": prices.inbound,
        }
        from_ms = tx.now_ms if history else 0  # the first one known holds for all there was
        row = {"carrier": carrier, "from_ms": from_ms, "prices": _encode(stored).decode()}
        change = insert(carrier_prices).values(row)
        tx.connection.execute(
            change.on_conflict_do_update(
                index_elements=["carrier", "from_ms"], set_={"prices": change.excluded.prices}
            )
        )


class Counting:
    """Counts rows of one domain into days of one time zone."""

    def __init__(self, connection: Connection, domain_id: str, time_zone: str, prices: Prices) -> None:
        self._connection = connection
        self._domain_id = domain_id
        self._zone = time_zone
        self._prices = prices
        self.counts: Counts = {}

    def texts(self, *which: sa.ColumnElement[bool]) -> None:
        """Texts that fulfil these conditions on messages."""
        mine = messages.c.domain_id == self._domain_id
        self._outbound(mine, *which)
        self._inbound(mine, *which)

    def chats(self, *which: sa.ColumnElement[bool]) -> None:
        quarter = messages.c.created_ms // QUARTER_MS
        query = (
            sa.select(quarter.label("quarter"), messages.c.user_id, sa.func.count().label("items"))
            .where(messages.c.domain_id == self._domain_id, messages.c.direction == "internal", *which)
            .group_by(quarter, messages.c.user_id)
        )
        for row in self._connection.execute(query):
            self._add(Kind.CHAT, row.quarter, {"user_id": row.user_id or ""}, items=row.items)

    def calls(self, *which: sa.ColumnElement[bool]) -> None:
        """Entries of the call log that are over and fulfil these conditions."""
        c = call_log.c
        quarter = c.started_ms // QUARTER_MS
        talked = sa.case(
            (sa.and_(c.answered == 1, c.ended_ms > c.answered_ms), c.ended_ms - c.answered_ms), else_=0
        )
        query = (
            sa.select(
                quarter.label("quarter"),
                c.user_id,
                c.direction,
                c.result,
                sa.func.count().label("items"),
                sa.func.sum(c.answered).label("answered"),
                sa.func.sum(c.missed).label("missed"),
                sa.func.sum(talked).label("talk_ms"),
            )
            .where(c.domain_id == self._domain_id, ended, *which)
            .group_by(quarter, c.user_id, c.direction, c.result)
        )
        for row in self._connection.execute(query):
            told_apart = {
                "user_id": row.user_id,
                "direction": row.direction,
                "status": row.result or "unknown",
            }
            self._add(
                Kind.CALL,
                row.quarter,
                told_apart,
                items=row.items,
                answered=int(row.answered),
                missed=int(row.missed),
                talk_ms=int(row.talk_ms),
            )

    def _outbound(self, *which: sa.ColumnElement[bool]) -> None:
        quarter = messages.c.created_ms // QUARTER_MS
        taken = (
            sa.select(sa.func.coalesce(sa.func.sum(segments.c.attempt), 0))
            .where(
                segments.c.message_id == recipients.c.message_id,
                segments.c.position == recipients.c.position,
                segments.c.status.in_(_CHARGED),
            )
            .scalar_subquery()
        )
        # Bound as a literal: PostgreSQL would not know two parameters for the same expression.
        telling: sa.ColumnClause[int] = sa.literal_column(str(self._prices.telling_characters))
        prefix = sa.func.substr(recipients.c.number, 1, telling)
        apart = (
            quarter.label("quarter"),
            messages.c.user_id,
            messages.c.number,
            recipients.c.carrier,
            recipients.c.status,
            recipients.c.error,
            prefix.label("prefix"),
        )
        each = (
            sa.select(*apart, recipients.c.segment_count, taken.label("taken"))
            .join(messages, messages.c.id == recipients.c.message_id)
            .where(*which)
            .subquery()
        )
        names = [each.c[column.name] for column in apart]
        query = sa.select(
            *names,
            sa.func.count().label("items"),
            sa.func.sum(each.c.segment_count).label("segments"),
            sa.func.sum(each.c.taken).label("taken"),
        ).group_by(*names)
        for row in self._connection.execute(query):
            code = "" if row.error is None else str(_decode(row.error).get("code", ""))
            prices = self._prices.at(row.carrier, begins_ms(self._day(row.quarter), self._zone))
            taken_count = int(row.taken)
            self._add(
                Kind.TEXT,
                row.quarter,
                {
                    "user_id": row.user_id or "",
                    "number": row.number,
                    "direction": "outbound",
                    "carrier": row.carrier,
                    "status": row.status,
                    "failure_class": failure_class(row.status, code),
                    "currency": "" if prices is None else prices.currency,
                },
                items=row.items,
                segments=int(row.segments),
                charged_segments=taken_count,
                cost_micros=0 if prices is None else taken_count * prices.outbound_micros(row.prefix),
            )

    def _inbound(self, *which: sa.ColumnElement[bool]) -> None:
        quarter = messages.c.created_ms // QUARTER_MS
        status = sa.case((messages.c.flags.contains("blocked"), "blocked"), else_="received")
        each = (
            sa.select(
                quarter.label("quarter"),
                messages.c.number,
                sa.func.coalesce(numbers.c.carrier, "").label("carrier"),
                status.label("status"),
                messages.c.part_count,
            )
            .select_from(messages.outerjoin(numbers, numbers.c.e164 == messages.c.number))
            .where(messages.c.direction == "inbound", *which)
            .subquery()
        )
        names = [each.c[name] for name in ("quarter", "number", "carrier", "status")]
        query = sa.select(
            *names, sa.func.count().label("items"), sa.func.sum(each.c.part_count).label("segments")
        ).group_by(*names)
        for row in self._connection.execute(query):
            prices = self._prices.at(row.carrier, begins_ms(self._day(row.quarter), self._zone))
            parts = int(row.segments)
            self._add(
                Kind.TEXT,
                row.quarter,
                {
                    "number": row.number,
                    "direction": "inbound",
                    "carrier": row.carrier,
                    "status": row.status,
                    "currency": "" if prices is None else prices.currency,
                },
                items=row.items,
                segments=parts,
                charged_segments=parts,
                cost_micros=0 if prices is None else parts * prices.inbound,
            )

    def _day(self, quarter: int) -> str:
        return day_of(quarter * QUARTER_MS, self._zone)

    def _add(self, kind: Kind, quarter: int, told_apart: Mapping[str, str], **measured: int) -> None:
        key = (kind.value, self._day(quarter), *(told_apart.get(name, "") for name in DIMENSIONS))
        sums = self.counts.setdefault(key, [0] * len(MEASURES))
        for name, value in measured.items():
            sums[MEASURES.index(name)] += value


def rows_of(domain_id: str, kept: int, counts: Counts) -> list[dict[str, Any]]:
    """Counts as rows of `usage_days`."""
    names = ("kind", "day", *DIMENSIONS)
    return [
        {"domain_id": domain_id, "kept": kept}
        | dict(zip(names, key, strict=True))
        | dict(zip(MEASURES, sums, strict=True))
        for key, sums in counts.items()
    ]


def add_kept(tx: Transaction, domain_id: str, counts: Counts) -> None:
    """Keep counts of rows that go with this transaction."""
    for row in rows_of(domain_id, 1, counts):
        new = insert(usage_days).values(row)
        tx.connection.execute(
            new.on_conflict_do_update(
                index_elements=list(usage_days.primary_key.columns),
                set_={name: usage_days.c[name] + new.excluded[name] for name in MEASURES},
            )
        )

"""Usage by day on disk: kept in line with what it counts, and summed.

The event log says which days have changed; those are counted anew, as a whole, so that what is shown always
equals a count. A text that is accepted or sent writes nothing here. `keep_counts` is for whoever removes
messages or calls: it keeps what was counted of them, in the same transaction.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import sqlalchemy as sa
from sqlalchemy import Connection

from engine.clock import Clock
from engine.storage.database import Database
from engine.storage.settings import time_zone_of
from engine.storage.statements import insert
from engine.storage.tables.accounts import domains, users
from engine.storage.tables.log import events, streams
from engine.storage.tables.messaging import messages
from engine.storage.tables.presence import call_log, ended
from engine.storage.tables.usage import usage_days, usage_marks, usage_spans, usage_stale
from engine.storage.transaction import Transaction
from engine.storage.usage_counting import (
    MEASURES,
    Counting,
    Counts,
    Prices,
    add_kept,
    read_prices,
    remember_prices,
    rows_of,
)
from engine.usage.days import QUARTER_MS, bounds_ms, day_after, day_of
from engine.usage.models import Group, GroupBy, Kind, Sums, UsageDomain
from engine.usage.ports import Counted
from engine.usage.prices import PriceList

#: Events read in one go when looking for days that have changed.
_SLICE = 20_000
#: Counting may take this share of the time of one reader, however often somebody looks.
_SHARE = 20
#: A removal may come in between; then it is counted once more.
_TRIES = 5
#: Segments of a text may move on without their recipient, and so without an event; days this recent are
#: counted anew now and then all the same.
_RECENT_DAYS = 10

_COLUMNS: Mapping[GroupBy, sa.Column[str]] = {
    GroupBy.DAY: usage_days.c.day,
    GroupBy.USER: usage_days.c.user_id,
    GroupBy.NUMBER: usage_days.c.number,
    GroupBy.DIRECTION: usage_days.c.direction,
    GroupBy.CARRIER: usage_days.c.carrier,
    GroupBy.STATUS: usage_days.c.status,
    GroupBy.FAILURE_CLASS: usage_days.c.failure_class,
}
_FIELDS = {one: "user_id" if one is GroupBy.USER else one.value for one in GroupBy}

_Span = tuple[str, str]


@dataclass(slots=True)
class _Plan:
    """What there is to count of a domain, as one snapshot shows it. full: everything.

    version: of the mark, None where there is none. spans: of days of messages, by day.
    """

    version: int | None
    time_zone: str
    head: int
    full: bool
    days: set[tuple[Kind, str]] = field(default_factory=set)
    spans: dict[str, _Span] = field(default_factory=dict)

    def found(self, kind: Kind, quarter: int, span: _Span | None = None) -> None:
        day = day_of(quarter * QUARTER_MS, self.time_zone)
        self.days.add((kind, day))
        if span is not None:
            known = self.spans.get(day, span)
            self.spans[day] = (min(known[0], span[0]), max(known[1], span[1]))


class SqlUsage:
    """`engine.usage.ports.UsageStore`."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._locks: dict[str, asyncio.Lock] = {}
        #: Domains that take long to count rest until then, in seconds of the monotonic clock.
        self._rest_until: dict[str, float] = {}

    async def remember_prices(self, configured: Mapping[str, PriceList | None]) -> None:
        """What carriers charge from now on. Days count at the prices they began with."""
        await self._database.transact(partial(remember_prices, configured=configured))

    async def domain(self, domain_id: str) -> UsageDomain | None:
        return await self._database.read(lambda connection: _domain(connection, domain_id))

    async def catch_up(self, domain_id: str, *, now: bool = False) -> None:
        if not now and self._clock.monotonic() < self._rest_until.get(domain_id, 0.0):
            return
        async with self._locks.setdefault(domain_id, asyncio.Lock()):
            await self._count(domain_id, ())

    async def keep_up(self) -> int:
        """Count what has changed in any domain; how many there were."""
        waiting = await self._database.read(_domains_with_news)
        for domain_id in waiting:
            await self.catch_up(domain_id)
        return len(waiting)

    async def recount_recent(self) -> None:
        """Count the last days of every domain anew."""
        for domain_id in await self._database.read(lambda c: list(c.scalars(sa.select(domains.c.id)))):
            zone = await self._database.read(partial(time_zone_of, domain_id=domain_id))
            today = day_of(self._clock.now_ms(), zone)
            async with self._locks.setdefault(domain_id, asyncio.Lock()):
                await self._count(domain_id, [day_after(today, -ago) for ago in range(_RECENT_DAYS)])

    async def sums(
        self,
        domain_id: str,
        kind: Kind,
        group_by: Sequence[GroupBy],
        from_day: str,
        until_day: str,
        limit: int,
    ) -> Counted:
        return await self._database.read(
            lambda connection: _sums(connection, domain_id, kind, group_by, (from_day, until_day), limit)
        )

    async def _count(self, domain_id: str, also: Iterable[str]) -> None:
        began = self._clock.monotonic()
        for _ in range(_TRIES):
            plan = await self._database.read(lambda connection: _plan(connection, domain_id, also))
            if plan is None:
                return
            prices = await self._database.read(read_prices)
            counts: Counts = {}
            for kind, day in sorted(plan.days):
                count = partial(_count_day, domain_id, plan, prices, kind, day)
                counts |= await self._database.read(count)
            if await self._database.transact(partial(_save, domain_id, plan, counts)):
                break
        took = self._clock.monotonic() - began
        self._rest_until[domain_id] = self._clock.monotonic() + took * _SHARE


def _domain(connection: Connection, domain_id: str) -> UsageDomain | None:
    row = connection.execute(
        sa.select(domains.c.id, domains.c.reseller_id, domains.c.sms_enabled).where(domains.c.id == domain_id)
    ).first()
    if row is None:
        return None
    texting = connection.execute(
        sa.select(sa.func.count())
        .select_from(users)
        .where(users.c.domain_id == domain_id, users.c.sms_enabled == 1, users.c.enabled == 1)
    ).scalar_one()
    return UsageDomain(
        row.id, row.reseller_id, time_zone_of(connection, domain_id), bool(row.sms_enabled), int(texting)
    )


def _domains_with_news(connection: Connection) -> list[str]:
    marks = usage_marks
    query = (
        sa.select(domains.c.id)
        .join(streams, streams.c.stream == domains.c.id)
        .outerjoin(marks, marks.c.domain_id == domains.c.id)
        .where(sa.or_(marks.c.seq.is_(None), marks.c.seq < streams.c.seq))
    )
    return list(connection.scalars(query))


def _plan(connection: Connection, domain_id: str, also: Iterable[str]) -> _Plan | None:
    """What there is to count; None if nothing is."""
    mark = connection.execute(sa.select(usage_marks).where(usage_marks.c.domain_id == domain_id)).first()
    zone = time_zone_of(connection, domain_id)
    head = connection.execute(sa.select(streams.c.seq).where(streams.c.stream == domain_id)).scalar() or 0
    oldest = connection.execute(
        sa.select(sa.func.min(events.c.seq)).where(events.c.stream == domain_id)
    ).scalar()
    kept_from = head + 1 if oldest is None else oldest
    full = mark is None or mark.seq < 0 or mark.time_zone != zone or kept_from > mark.seq + 1
    plan = _Plan(None if mark is None else mark.version, zone, head, full)
    if mark is None or full:
        mine = messages.c.domain_id == domain_id
        _find_messages(connection, plan, sa.select(messages.c.id).where(mine), mine)
        _find_calls(connection, plan, call_log.c.domain_id == domain_id)
        return plan
    stale = connection.execute(
        sa.select(usage_stale.c.kind, usage_stale.c.day).where(usage_stale.c.domain_id == domain_id)
    )
    plan.days = {(Kind(row.kind), row.day) for row in stale}
    plan.days |= {(kind, day) for day in also for kind in Kind}
    for first in range(mark.seq, head, _SLICE):
        changed = sa.select(events.c.subject).where(
            events.c.stream == domain_id, events.c.seq > first, events.c.seq <= first + _SLICE
        )
        _find_messages(connection, plan, changed, messages.c.domain_id == domain_id)
        _find_calls(connection, plan, call_log.c.domain_id == domain_id, call_log.c.id.in_(changed))
    if mark.seq == head and not plan.days:
        return None
    return plan


def _find_messages(
    connection: Connection, plan: _Plan, ids: sa.Select[tuple[str]], mine: sa.ColumnElement[bool]
) -> None:
    kind = sa.case((messages.c.direction == "internal", Kind.CHAT.value), else_=Kind.TEXT.value)
    each = sa.select(
        kind.label("kind"), (messages.c.created_ms // QUARTER_MS).label("quarter"), messages.c.id
    ).where(mine)
    if not plan.full:
        each = each.where(messages.c.id.in_(ids))
    found = each.subquery()
    query = sa.select(
        found.c.kind, found.c.quarter, sa.func.min(found.c.id).label("a"), sa.func.max(found.c.id).label("z")
    ).group_by(found.c.kind, found.c.quarter)
    for row in connection.execute(query):
        plan.found(Kind(row.kind), row.quarter, (row.a, row.z))


def _find_calls(connection: Connection, plan: _Plan, *which: sa.ColumnElement[bool]) -> None:
    quarters = sa.select(call_log.c.started_ms // QUARTER_MS).where(ended, *which).distinct()
    for quarter in connection.scalars(quarters):
        plan.found(Kind.CALL, quarter)


def _count_day(
    domain_id: str, plan: _Plan, prices: Prices, kind: Kind, day: str, connection: Connection
) -> Counts:
    counting = Counting(connection, domain_id, plan.time_zone, prices)
    begin, end = bounds_ms(day, plan.time_zone)
    if kind is Kind.CALL:
        counting.calls(call_log.c.started_ms >= begin, call_log.c.started_ms < end)
        return counting.counts
    span = _span(connection, domain_id, plan, day)
    if span is None:
        return {}
    which = (
        messages.c.id >= span[0],
        messages.c.id <= span[1],
        messages.c.created_ms >= begin,
        messages.c.created_ms < end,
    )
    if kind is Kind.TEXT:
        counting.texts(*which)
    else:
        counting.chats(*which)
    return counting.counts


def _span(connection: Connection, domain_id: str, plan: _Plan, day: str) -> _Span | None:
    """Between which ids the messages of a day are."""
    seen = plan.spans.get(day)
    if plan.full:
        return seen
    row = connection.execute(
        sa.select(usage_spans).where(usage_spans.c.domain_id == domain_id, usage_spans.c.day == day)
    ).first()
    if row is None:
        return seen
    return (
        (row.first_id, row.last_id)
        if seen is None
        else (min(row.first_id, seen[0]), max(row.last_id, seen[1]))
    )


def _save(domain_id: str, plan: _Plan, counts: Counts, tx: Transaction) -> bool:
    """Put new counts in place of the old ones; False when others changed them meanwhile."""
    connection, marks = tx.connection, usage_marks.c
    found = connection.execute(
        sa.select(marks.version).where(marks.domain_id == domain_id).with_for_update()
    ).scalar()
    if found != plan.version:
        return False
    mine = (usage_days.c.domain_id == domain_id, usage_days.c.kept == 0)
    if plan.full:
        connection.execute(sa.delete(usage_days).where(*mine))
        connection.execute(sa.delete(usage_spans).where(usage_spans.c.domain_id == domain_id))
        connection.execute(sa.delete(usage_stale).where(usage_stale.c.domain_id == domain_id))
    for kind, day in plan.days:
        if not plan.full:
            connection.execute(
                sa.delete(usage_days).where(*mine, usage_days.c.kind == kind.value, usage_days.c.day == day)
            )
        stale = usage_stale.c
        connection.execute(
            sa.delete(usage_stale).where(
                stale.domain_id == domain_id, stale.kind == kind.value, stale.day == day
            )
        )
    if counts:
        connection.execute(sa.insert(usage_days), rows_of(domain_id, 0, counts))
    for day, (first, last) in plan.spans.items():
        new = insert(usage_spans).values(domain_id=domain_id, day=day, first_id=first, last_id=last)
        connection.execute(
            new.on_conflict_do_update(
                index_elements=["domain_id", "day"],
                set_={
                    "first_id": sa.case(
                        (usage_spans.c.first_id < first, usage_spans.c.first_id), else_=first
                    ),
                    "last_id": sa.case((usage_spans.c.last_id > last, usage_spans.c.last_id), else_=last),
                },
            )
        )
    _mark(tx, domain_id, plan.head, plan.time_zone, tx.now_ms)
    return True


def _mark(tx: Transaction, domain_id: str, seq: int, time_zone: str, counted_ms: int) -> None:
    new = insert(usage_marks).values(
        domain_id=domain_id, seq=seq, time_zone=time_zone, version=1, counted_ms=counted_ms
    )
    changed = {name: new.excluded[name] for name in ("seq", "time_zone", "counted_ms")}
    tx.connection.execute(
        new.on_conflict_do_update(
            index_elements=["domain_id"], set_={**changed, "version": usage_marks.c.version + 1}
        )
    )


def keep_counts(
    tx: Transaction, domain_id: str, *, message_ids: Sequence[str] = (), call_ids: Sequence[str] = ()
) -> None:
    """Keep what is counted of messages and entries of the call log that this transaction removes or changes.

    To be called before they are, with some hundreds of ids at most.
    """
    marks = usage_marks.c
    known = tx.connection.execute(
        sa.select(marks.time_zone).where(marks.domain_id == domain_id).with_for_update()
    ).scalar()
    zone = known or time_zone_of(tx.connection, domain_id)
    counting = Counting(tx.connection, domain_id, zone, read_prices(tx.connection))
    if message_ids:
        counting.texts(messages.c.id.in_(message_ids))
        counting.chats(messages.c.id.in_(message_ids))
    if call_ids:
        counting.calls(call_log.c.id.in_(call_ids))
    add_kept(tx, domain_id, counting.counts)
    for kind, day in {(key[0], key[1]) for key in counting.counts}:
        tx.connection.execute(
            insert(usage_stale).values(domain_id=domain_id, kind=kind, day=day).on_conflict_do_nothing()
        )
    if known is None:
        _mark(tx, domain_id, -1, zone, 0)
    else:
        tx.connection.execute(
            sa.update(usage_marks).where(marks.domain_id == domain_id).values(version=marks.version + 1)
        )


def _sums(
    connection: Connection,
    domain_id: str,
    kind: Kind,
    group_by: Sequence[GroupBy],
    days: tuple[str, str],
    limit: int,
) -> Counted:
    days_c = usage_days.c
    apart = [_COLUMNS[one] for one in group_by]
    # Costs of different currencies cannot be added; statuses say what became of the items.
    inner = list(dict.fromkeys([*apart, days_c.status, days_c.currency]))
    query = (
        sa.select(*inner, *(sa.func.sum(days_c[name]).label(name) for name in MEASURES))
        .where(
            days_c.domain_id == domain_id,
            days_c.kind == kind.value,
            days_c.day >= days[0],
            days_c.day <= days[1],
        )
        .group_by(*inner)
        .order_by(*inner)
    )
    found: dict[Group, Sums] = {}
    for row in connection.execute(query):
        group = Group(**{_FIELDS[one]: getattr(row, _FIELDS[one]) or None for one in group_by})
        if group not in found and len(found) == limit:
            break
        sums = found.setdefault(group, Sums())
        cost = {row.currency: int(row.cost_micros)} if row.currency else {}
        values = {name: int(getattr(row, name)) for name in MEASURES if name != "cost_micros"}
        sums.add(Sums(**values, cost_micros=cost, by_status={row.status: int(row.items)}))
    stale = connection.execute(
        sa.select(usage_stale.c.day)
        .where(usage_stale.c.domain_id == domain_id, usage_stale.c.kind == kind.value)
        .limit(1)
    ).first()
    mark = connection.execute(
        sa.select(usage_marks.c.counted_ms, usage_marks.c.seq, streams.c.seq.label("head"))
        .join(streams, streams.c.stream == usage_marks.c.domain_id)
        .where(usage_marks.c.domain_id == domain_id)
    ).first()
    behind = mark is not None and mark.seq < mark.head
    counted_ms = mark.counted_ms if mark is not None and behind else None
    return Counted(counted_ms, stale is not None, list(found.items()))

"""What limits the calls of a user and a domain, counted in the transaction that adds the next one.

Two clicks cannot both be the last one allowed, on one node or on several.
"""

from __future__ import annotations

import sqlalchemy as sa

from engine.click_to_call import errors
from engine.click_to_call.models import Call
from engine.click_to_call.ports import OffHours, PlacementLimits
from engine.errors import RateLimited
from engine.ids import first_id_at
from engine.storage.tables.calls import calls
from engine.storage.transaction import Transaction

_MINUTE_MS = 60_000
_HOUR_MS = 60 * _MINUTE_MS
_DAY_MS = 24 * _HOUR_MS
# When a call that goes on will end is not known; asking again sooner only adds load.
_RETRY_OPEN_S = 10.0

_OWNERS = {"user": calls.c.user_id, "domain": calls.c.domain_id}
_OPEN = {
    who: sa.select(sa.func.count()).where(column == sa.bindparam("owner"), calls.c.ended_ms.is_(None))
    for who, column in _OWNERS.items()
}
# Ids sort by creation time, so this reads as many index entries as the limit allows calls.
_NTH_NEWEST = {
    who: sa.select(calls.c.created_ms)
    .where(column == sa.bindparam("owner"))
    .order_by(calls.c.id.desc())
    .offset(sa.bindparam("newer", type_=sa.Integer))
    .limit(1)
    for who, column in _OWNERS.items()
}
# The id bounds what is read, a day's calls or an hour's; the time decides.
_OUTSIDE_SINCE = (
    calls.c.id >= sa.bindparam("first_id"),
    calls.c.created_ms >= sa.bindparam("since_ms"),
    calls.c.destination.like("+%"),
)
_TALKED = {
    who: sa.select(
        sa.func.sum(
            sa.func.coalesce(calls.c.ended_ms, sa.bindparam("now_ms", type_=sa.BigInteger))
            - calls.c.connected_ms
        ),
        sa.func.min(calls.c.created_ms),
    ).where(column == sa.bindparam("owner"), *_OUTSIDE_SINCE, calls.c.connected_ms.is_not(None))
    for who, column in _OWNERS.items()
}
_PLACED = sa.select(sa.func.count(), sa.func.min(calls.c.created_ms)).where(
    calls.c.domain_id == sa.bindparam("owner"), *_OUTSIDE_SINCE
)


def check_limits(tx: Transaction, call: Call, limits: PlacementLimits) -> bool:
    """Whether this call is the last that the guard of closed offices lets through.

    Raises RateLimited, with the code of the limit and when to come back.
    """
    owners = (
        (
            "user",
            call.user_id,
            limits.open_per_user,
            limits.per_minute_per_user,
            limits.minutes_per_day_per_user,
        ),
        (
            "domain",
            call.domain_id,
            limits.open_per_domain,
            limits.per_minute_per_domain,
            limits.minutes_per_day_per_domain,
        ),
    )
    for who, owner, most_open, most_a_minute, minutes_a_day in owners:
        if most_open is not None:
            _check_open(tx, who, owner, most_open)
        if most_a_minute is not None:
            _check_rate(tx, who, owner, most_a_minute, call.created_ms)
        if minutes_a_day is not None:
            _check_minutes(tx, who, owner, minutes_a_day, call.created_ms)
    return limits.off_hours is not None and _is_last_off_hours(tx, call, limits.off_hours)


def _check_open(tx: Transaction, who: str, owner: str, most: int) -> None:
    if tx.connection.execute(_OPEN[who], {"owner": owner}).scalar_one() >= most:
        raise RateLimited(
            f"The {who} has {most} calls going on, which is the limit.",
            retry_after_s=_RETRY_OPEN_S,
            native={"limit": f"open_per_{who}"},
        )


def _check_rate(tx: Transaction, who: str, owner: str, most: int, now_ms: int) -> None:
    since_ms = now_ms - _MINUTE_MS
    oldest_ms = tx.connection.execute(_NTH_NEWEST[who], {"owner": owner, "newer": most - 1}).scalar()
    if oldest_ms is not None and oldest_ms > since_ms:
        raise RateLimited(
            f"The {who} may place {most} calls a minute.",
            retry_after_s=(oldest_ms - since_ms) / 1000,
            native={"limit": f"per_minute_per_{who}"},
        )


def _check_minutes(tx: Transaction, who: str, owner: str, most: int, now_ms: int) -> None:
    since_ms = now_ms - _DAY_MS
    asked = {"owner": owner, "now_ms": now_ms, **_since(since_ms)}
    talked_ms, oldest_ms = tx.connection.execute(_TALKED[who], asked).one()
    if talked_ms is not None and talked_ms >= most * _MINUTE_MS:
        raise errors.minutes_used_up(who, most, (oldest_ms - since_ms) / 1000)


def _is_last_off_hours(tx: Transaction, call: Call, guard: OffHours) -> bool:
    hour_ago_ms = call.created_ms - _HOUR_MS
    asked = {"owner": call.domain_id, **_since(max(guard.since_ms, hour_ago_ms))}
    placed, oldest_ms = tx.connection.execute(_PLACED, asked).one()
    if placed >= guard.calls_per_hour:
        raise errors.off_hours_burst(guard.calls_per_hour, (oldest_ms - hour_ago_ms) / 1000)
    return bool(placed + 1 == guard.calls_per_hour)


def _since(since_ms: int) -> dict[str, object]:
    return {"since_ms": since_ms, "first_id": first_id_at("call", since_ms)}

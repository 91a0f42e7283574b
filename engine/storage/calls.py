"""Calls on disk: `engine.click_to_call.ports.CallStore` and its `Directory` over SQL.

A call is written whole, guarded by its sequence, so saving a snapshot twice or late is harmless.
Limits are counted in the transaction that adds the call: two clicks cannot both be the last one
allowed, on one node or on several.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any, TypeVar

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection

from engine.accounts.models import Device, Domain, Number, Page, PageRequest, User
from engine.click_to_call.models import (
    AcceptPrompt,
    Call,
    CallFilter,
    CallStatus,
    EndedLeg,
    EndReason,
    Leg,
)
from engine.click_to_call.ports import PlacementLimits
from engine.errors import Conflict, InvalidRequest, RateLimited
from engine.events import NewEvent, domain_stream
from engine.idempotency import Claim, Replayed
from engine.ids import is_id
from engine.storage import idempotency
from engine.storage.accounts import SqlAccountsReads
from engine.storage.database import Database
from engine.storage.tables.calls import calls
from engine.storage.tables.log import idempotency_keys
from engine.storage.transaction import Transaction

R = TypeVar("R")
Row = sa.Row[Any]

_MINUTE_MS = 60_000
# When a call that goes on will end is not known; asking again sooner only adds load.
_RETRY_OPEN_S = 10.0
_LONGEST_PAGE = 200
_MOST_DEVICES = 200

_encode = msgspec.json.Encoder().encode
_leg = msgspec.json.Decoder(Leg).decode
_pairs = msgspec.json.Decoder(dict[str, str]).decode


class SqlCalls:
    """The call store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def answered(self, claim: Claim) -> Replayed | None:
        keys = idempotency_keys.c
        query = sa.select(keys.fingerprint, keys.status, keys.body).where(
            keys.scope == claim.scope, keys.key == claim.key
        )
        row = await self._database.read(lambda connection: connection.execute(query).first())
        if row is None or row.status is None:
            return None
        if row.fingerprint != claim.fingerprint:
            raise Conflict("This Idempotency-Key was used for another request.", code="idempotency_mismatch")
        return Replayed(row.status, row.body)

    async def create(
        self, call: Call, limits: PlacementLimits, claim: Claim | None, answer: Replayed | None
    ) -> Replayed | None:
        def insert(tx: Transaction) -> Replayed | None:
            if claim is not None and (replayed := idempotency.claim(tx, claim)) is not None:
                return replayed
            _check_limits(tx, call, limits)
            tx.connection.execute(sa.insert(calls).values(_values(call)))
            tx.emit(_event(call))
            if claim is not None and answer is not None:
                idempotency.settle(tx, claim, answer.status, answer.body)
            return None

        return await self._database.transact(insert)

    async def save(self, snapshots: Sequence[Call]) -> None:
        def update(tx: Transaction) -> None:
            for call in snapshots:
                newer = sa.update(calls).where(calls.c.id == call.id, calls.c.sequence < call.sequence)
                if tx.connection.execute(newer.values(_progress(call))).rowcount:
                    tx.emit(_event(call))

        await self._database.transact(update)

    async def get(self, call_id: str) -> Call | None:
        query = sa.select(calls).where(calls.c.id == call_id)
        row = await self._database.read(lambda connection: connection.execute(query).first())
        return None if row is None else _call(row)

    async def list(
        self, domain_id: str, user_id: str | None, chosen: CallFilter, page: PageRequest
    ) -> Page[Call]:
        limit = max(1, min(page.limit, _LONGEST_PAGE))
        query = sa.select(calls).where(calls.c.domain_id == domain_id, *_conditions(user_id, chosen))
        if page.cursor is not None:
            if not is_id(page.cursor, "call"):
                raise InvalidRequest("The cursor is not one of ours.", code="invalid_cursor", field="/cursor")
            query = query.where(calls.c.id < page.cursor)
        query = query.order_by(calls.c.id.desc()).limit(limit + 1)
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        items = tuple(_call(row) for row in rows[:limit])
        return Page(items, items[-1].id if len(rows) > limit else None)

    async def unfinished(self, pbx_names: Collection[str]) -> Sequence[Call]:
        query = (
            sa.select(calls)
            .where(calls.c.ended_ms.is_(None), calls.c.pbx.in_(sorted(pbx_names)))
            .order_by(calls.c.id)
        )
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        return [_call(row) for row in rows]


class SqlDirectory:
    """Who is who, from the accounts tables: `engine.click_to_call.ports.Directory`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def domain(self, domain_id: str) -> Domain | None:
        return await self._read(lambda accounts: accounts.domain(domain_id))

    async def user(self, user_id: str) -> User | None:
        return await self._read(lambda accounts: accounts.user(user_id))

    async def user_with_extension(self, domain_id: str, extension: str) -> User | None:
        return await self._read(lambda accounts: accounts.user_with_extension(domain_id, extension))

    async def device(self, device_id: str) -> Device | None:
        return await self._read(lambda accounts: accounts.device(device_id))

    async def devices_of(self, user: User) -> Sequence[Device]:
        return await self._read(
            lambda accounts: accounts.list_devices(
                domain_id=user.domain_id, user_id=user.id, after="", limit=_MOST_DEVICES
            )
        )

    async def number(self, e164: str) -> Number | None:
        return await self._read(lambda accounts: accounts.number_with_e164(e164))

    async def _read(self, look: Callable[[SqlAccountsReads], R]) -> R:
        return await self._database.read(lambda connection: look(SqlAccountsReads(connection)))


def _check_limits(tx: Transaction, call: Call, limits: PlacementLimits) -> None:
    owners = (
        (calls.c.user_id == call.user_id, limits.open_per_user, limits.per_minute_per_user, "user"),
        (calls.c.domain_id == call.domain_id, limits.open_per_domain, limits.per_minute_per_domain, "domain"),
    )
    for owned, most_open, most_a_minute, who in owners:
        if most_open is not None and _count(tx.connection, owned, calls.c.ended_ms.is_(None)) >= most_open:
            raise RateLimited(
                f"The {who} has {most_open} calls going on, which is the limit.",
                retry_after_s=_RETRY_OPEN_S,
                native={"limit": f"open_per_{who}"},
            )
        if most_a_minute is not None:
            _check_rate(tx, call, owned, most_a_minute, who)


def _check_rate(tx: Transaction, call: Call, owned: sa.ColumnElement[bool], most: int, who: str) -> None:
    since_ms = call.created_ms - _MINUTE_MS
    # The n-th newest call; ids sort by creation time, so this reads n index entries at most.
    nth = sa.select(calls.c.created_ms).where(owned).order_by(calls.c.id.desc()).offset(most - 1).limit(1)
    oldest_ms = tx.connection.execute(nth).scalar()
    if oldest_ms is not None and oldest_ms > since_ms:
        raise RateLimited(
            f"The {who} may place {most} calls a minute.",
            retry_after_s=(oldest_ms - since_ms) / 1000,
            native={"limit": f"per_minute_per_{who}"},
        )


def _count(connection: Connection, *conditions: sa.ColumnElement[bool]) -> int:
    query = sa.select(sa.func.count()).select_from(calls).where(*conditions)
    return int(connection.execute(query).scalar_one())


def _conditions(user_id: str | None, chosen: CallFilter) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    if user_id is not None:
        found.append(calls.c.user_id == user_id)
    if chosen.status is not None:
        found.append(calls.c.status == chosen.status.value)
    if chosen.open is not None:
        found.append(calls.c.ended_ms.is_(None) if chosen.open else calls.c.ended_ms.is_not(None))
    if chosen.client_ref is not None:
        found.append(calls.c.client_ref == chosen.client_ref)
    if chosen.created_from_ms is not None:
        found.append(calls.c.created_ms >= chosen.created_from_ms)
    if chosen.created_before_ms is not None:
        found.append(calls.c.created_ms < chosen.created_before_ms)
    return found


def _event(call: Call) -> NewEvent:
    data: dict[str, object] = {
        "status": call.status.value,
        "user_id": call.user_id,
        "sequence": call.sequence,
    }
    if call.status.final:
        data["end_reason"] = call.end_reason.value if call.end_reason else None
        data["ended_leg"] = call.ended_leg.value if call.ended_leg else None
    return NewEvent(domain_stream(call.domain_id), "call.updated", call.id, data, (call.user_id,))


def _values(call: Call) -> dict[str, Any]:
    """Every column of a new row."""
    return {
        "id": call.id,
        "domain_id": call.domain_id,
        "user_id": call.user_id,
        "device_id": call.device_id,
        "pbx": call.pbx,
        "destination": call.to,
        "destination_is_device": int(call.destination_is_device),
        "caller_id": call.caller_id,
        "prompt": call.prompt.value,
        "auto_answer": int(call.auto_answer),
        "all_devices": int(call.all_devices),
        "leg_a_timeout_s": call.leg_a_timeout_s,
        "leg_b_timeout_s": call.leg_b_timeout_s,
        "client_ref": call.client_ref,
        "metadata": _encode(call.metadata).decode(),
        "requested_by": call.requested_by,
        "created_ms": call.created_ms,
        **_progress(call),
    }


def _progress(call: Call) -> dict[str, Any]:
    """The columns that change."""
    return {
        "status": call.status.value,
        "leg_a": _encode(call.leg_a).decode(),
        "leg_b": _encode(call.leg_b).decode(),
        "connected_ms": call.connected_ms,
        "cancel_requested_ms": call.cancel_requested_ms,
        "ended_leg": call.ended_leg.value if call.ended_leg else None,
        "end_reason": call.end_reason.value if call.end_reason else None,
        "ended_ms": call.ended_ms,
        "sequence": call.sequence,
    }


def _call(row: Row) -> Call:
    return Call(
        id=row.id,
        domain_id=row.domain_id,
        user_id=row.user_id,
        device_id=row.device_id,
        pbx=row.pbx,
        to=row.destination,
        destination_is_device=bool(row.destination_is_device),
        caller_id=row.caller_id,
        prompt=AcceptPrompt(row.prompt),
        auto_answer=bool(row.auto_answer),
        all_devices=bool(row.all_devices),
        leg_a_timeout_s=row.leg_a_timeout_s,
        leg_b_timeout_s=row.leg_b_timeout_s,
        client_ref=row.client_ref,
        metadata=_pairs(row.metadata),
        requested_by=row.requested_by,
        status=CallStatus(row.status),
        leg_a=_leg(row.leg_a),
        leg_b=_leg(row.leg_b),
        connected_ms=row.connected_ms,
        cancel_requested_ms=row.cancel_requested_ms,
        ended_leg=EndedLeg(row.ended_leg) if row.ended_leg else None,
        end_reason=EndReason(row.end_reason) if row.end_reason else None,
        created_ms=row.created_ms,
        ended_ms=row.ended_ms,
        sequence=row.sequence,
    )

"""Calls on disk: `engine.click_to_call.ports.CallStore` and its `Directory` over SQL.

A call is written whole, guarded by its sequence, so saving a snapshot twice or late is harmless.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgspec
import sqlalchemy as sa

from engine.accounts.models import Device, Domain, Page, PageRequest, User
from engine.audit import AuditEntry
from engine.click_to_call.models import (
    AcceptPrompt,
    Call,
    CallFilter,
    CallStatus,
    EndedLeg,
    EndReason,
    Leg,
)
from engine.click_to_call.ports import Lookup, PlacementLimits
from engine.errors import Conflict, InvalidRequest
from engine.events import NewEvent, domain_stream
from engine.idempotency import Claim, Replayed
from engine.ids import is_id, new_id
from engine.storage import audit, idempotency
from engine.storage.account_rows import read_device, read_domain, read_user
from engine.storage.accounts import SqlAccountsReads
from engine.storage.call_limits import check_limits
from engine.storage.clicks_logged import log_clicks
from engine.storage.database import Database, HotStatement
from engine.storage.tables.accounts import devices, domains, users
from engine.storage.tables.calls import calls
from engine.storage.tables.log import idempotency_keys
from engine.storage.transaction import Transaction

R = TypeVar("R")
Row = sa.Row[Any]

_LONGEST_PAGE = 200

_encode = msgspec.json.Encoder().encode
_leg = msgspec.json.Decoder(Leg).decode
_pairs = msgspec.json.Decoder(dict[str, str]).decode


# Statements that every call needs are made once: building them costs more than running them.
_FIXED = (
    *("id", "domain_id", "user_id", "device_id", "pbx", "destination", "destination_is_device", "caller_id"),
    *("prompt", "auto_answer", "all_devices", "leg_a_timeout_s", "leg_b_timeout_s", "client_ref"),
    *("metadata", "requested_by", "created_ms"),
)
_PROGRESS = (
    *("status", "leg_a", "leg_b", "connected_ms", "cancel_requested_ms", "ended_leg", "end_reason"),
    *("ended_ms", "sequence"),
)
_INSERT = HotStatement(sa.insert(calls), *_FIXED, *_PROGRESS)
_UPDATE = HotStatement(
    sa.update(calls)
    .where(calls.c.id == sa.bindparam("of_call"), calls.c.sequence < sa.bindparam("new_sequence"))
    .values({name: sa.bindparam(f"new_{name}") for name in _PROGRESS}),
    *(f"new_{name}" for name in _PROGRESS),
    "of_call",
)
_SEQUENCES = sa.select(calls.c.id, calls.c.sequence).where(
    calls.c.id.in_(sa.bindparam("ids", expanding=True))
)
_ANSWERED = sa.select(
    idempotency_keys.c.fingerprint, idempotency_keys.c.status, idempotency_keys.c.body
).where(
    idempotency_keys.c.scope == sa.bindparam("of_scope"), idempotency_keys.c.key == sa.bindparam("of_key")
)

_ASKED: sa.BindParameter[str] = sa.bindparam("asked", type_=sa.Text)
_DOMAIN = sa.select(domains).where(domains.c.id == _ASKED)
_USER = sa.select(users).where(users.c.id == _ASKED)
_USER_WITH_EXTENSION = sa.select(users).where(
    users.c.domain_id == sa.bindparam("within"), users.c.extension == _ASKED
)
_DEVICE = sa.select(devices).where(devices.c.id == _ASKED)
_DEFAULT_DEVICE = sa.select(devices).where(devices.c.user_id == _ASKED, devices.c.is_default == 1)


class SqlCalls:
    """The call store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(
        self, call: Call, limits: PlacementLimits, claim: Claim | None, answer: Replayed | None
    ) -> Replayed | None:
        entry = _guard_tripped(call) if limits.off_hours is not None else None

        def insert(tx: Transaction) -> Replayed | None:
            if claim is not None and (replayed := idempotency.claim(tx, claim)) is not None:
                return replayed
            is_last_off_hours = check_limits(tx, call, limits)
            tx.execute_many(_INSERT, [(*_fixed(call), *_progress(call))])
            tx.emit(_event(call))
            if is_last_off_hours and entry is not None:
                audit.record(tx, entry)
            if claim is not None and answer is not None:
                idempotency.settle(tx, claim, answer.status, answer.body)
            return None

        return await self._database.transact(insert)

    async def save(self, snapshots: Sequence[Call]) -> None:
        def update(tx: Transaction) -> None:
            ids = list({call.id for call in snapshots})
            known = {row.id: row.sequence for row in tx.connection.execute(_SEQUENCES, {"ids": ids})}
            latest: dict[str, Call] = {}
            for call in snapshots:
                if call.sequence > known.get(call.id, call.sequence):
                    known[call.id] = call.sequence
                    latest[call.id] = call
                    tx.emit(_event(call))
            tx.execute_many(_UPDATE, [(*_progress(call), call.id) for call in latest.values()])
            log_clicks(tx, list(latest.values()))

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

    async def unfinished(self) -> Sequence[Call]:
        query = sa.select(calls).where(calls.c.ended_ms.is_(None)).order_by(calls.c.id)
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        return [_call(row) for row in rows]


class SqlDirectory:
    """`engine.click_to_call.ports.Directory` over the accounts tables."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def look(self, read: Callable[[Lookup], R]) -> R:
        return await self._database.read(lambda connection: read(_SqlLookup(connection)))


class _SqlLookup:
    """`engine.click_to_call.ports.Lookup` on one snapshot."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        self.number = SqlAccountsReads(connection).number_with_e164

    def domain(self, domain_id: str) -> Domain | None:
        return self._one(_DOMAIN, read_domain, asked=domain_id)

    def user(self, user_id: str) -> User | None:
        return self._one(_USER, read_user, asked=user_id)

    def user_with_extension(self, domain_id: str, extension: str) -> User | None:
        return self._one(_USER_WITH_EXTENSION, read_user, asked=extension, within=domain_id)

    def device(self, device_id: str) -> Device | None:
        return self._one(_DEVICE, read_device, asked=device_id)

    def default_device(self, user: User) -> Device | None:
        return self._one(_DEFAULT_DEVICE, read_device, asked=user.id)

    def answered(self, claim: Claim) -> Replayed | None:
        asked = {"of_scope": claim.scope, "of_key": claim.key}
        row = self._connection.execute(_ANSWERED, asked).first()
        if row is None or row.status is None:
            return None
        if row.fingerprint != claim.fingerprint:
            raise Conflict("This Idempotency-Key was used for another request.", code="idempotency_mismatch")
        return Replayed(row.status, row.body)

    def _one(self, query: sa.Select[Any], read: Callable[[Row], R], **asked: str) -> R | None:
        row = self._connection.execute(query, asked).first()
        return None if row is None else read(row)


def _guard_tripped(call: Call) -> AuditEntry:
    """The guard of closed offices lets no further call of this domain through for now."""
    return AuditEntry(
        new_id("aud"),
        call.domain_id,
        call.requested_by,
        "calls.off_hours_burst",
        call.id,
        {"user_id": call.user_id},
        call.created_ms,
    )


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


def _fixed(call: Call) -> tuple[object, ...]:
    """The values of _FIXED."""
    return (
        call.id,
        call.domain_id,
        call.user_id,
        call.device_id,
        call.pbx,
        call.to,
        int(call.destination_is_device),
        call.caller_id,
        call.prompt.value,
        int(call.auto_answer),
        int(call.all_devices),
        call.leg_a_timeout_s,
        call.leg_b_timeout_s,
        call.client_ref,
        _encode(call.metadata).decode(),
        call.requested_by,
        call.created_ms,
    )


def _progress(call: Call) -> tuple[object, ...]:
    """The values of _PROGRESS."""
    return (
        call.status.value,
        _encode(call.leg_a).decode(),
        _encode(call.leg_b).decode(),
        call.connected_ms,
        call.cancel_requested_ms,
        call.ended_leg.value if call.ended_leg else None,
        call.end_reason.value if call.end_reason else None,
        call.ended_ms,
        call.sequence,
    )


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

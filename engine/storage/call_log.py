"""The call log on disk: `engine.presence.ports.CallLogStore`, and what click-to-call adds to it.

A row is written when a call first reaches a user's phone and overwritten as it goes on; lists show the
ended ones. What a user has seen stays seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import sqlalchemy as sa

from engine.events import NewEvent, domain_stream
from engine.presence.models import CallLogEntry, CallLogFilter, CallResult, Direction
from engine.storage.database import Database, HotStatement
from engine.storage.statements import insert
from engine.storage.tables.presence import call_log, ended, unseen_missed
from engine.storage.transaction import Transaction

Row = sa.Row[Any]

_FIXED = ("id", "domain_id", "user_id", "pbx", "linkedid")
_CHANGING = (
    *("peer", "peer_user_id", "peer_name", "direction", "result", "call_id", "answered", "started_ms"),
    *("answered_ms", "ended_ms", "open", "missed"),
)
_new = insert(call_log)
_SAVE = HotStatement(
    _new.on_conflict_do_update(
        index_elements=["linkedid", "user_id", "pbx"],
        set_={
            **{name: _new.excluded[name] for name in _CHANGING},
            # An open row counts as seen by nobody; what was seen once stays so.
            "seen": sa.case(
                (sa.and_(call_log.c.open == 0, call_log.c.seen == 1), 1), else_=_new.excluded.seen
            ),
        },
    ),
    *_FIXED,
    *_CHANGING,
    "seen",
)
_KNOWN = sa.select(
    call_log.c.user_id, call_log.c.pbx, call_log.c.linkedid, call_log.c.id, call_log.c.open
).where(call_log.c.linkedid.in_(sa.bindparam("linkedids", expanding=True)))


@dataclass(frozen=True, slots=True)
class SaveEntries:
    """Write snapshots of entries, each with its event once it has ended."""

    commutes_with: ClassVar[frozenset[str]] = frozenset()

    entries: Sequence[CallLogEntry]

    @classmethod
    def apply_many(cls, tx: Transaction, operations: Sequence[Self]) -> Sequence[None]:
        save_entries(tx, [entry for operation in operations for entry in operation.entries])
        return [None] * len(operations)


def save_entries(tx: Transaction, entries: Sequence[CallLogEntry]) -> None:
    """Write entries within a transaction; the last snapshot of one counts."""
    latest = {(entry.user_id, entry.pbx, entry.linkedid): entry for entry in entries}
    linkedids = sorted({entry.linkedid for entry in latest.values()})
    known = {
        (row.user_id, row.pbx, row.linkedid): row
        for row in tx.connection.execute(_KNOWN, {"linkedids": linkedids})
    }
    rows = []
    for key, entry in latest.items():
        there = known.get(key)
        rows.append(_values(entry))
        if not entry.open:
            verb = "created" if there is None or there.open else "updated"
            tx.emit(_event(entry, entry.id if there is None else there.id, verb))
    tx.execute_many(_SAVE, rows)


class SqlCallLog:
    """The call log."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def save(self, entries: Sequence[CallLogEntry]) -> None:
        await self._database.write(SaveEntries(tuple(entries)))

    async def open_entries(self) -> Sequence[CallLogEntry]:
        query = sa.select(call_log).where(call_log.c.open == sa.literal_column("1")).order_by(call_log.c.id)
        return await self._all(query)

    async def get(self, entry_id: str) -> CallLogEntry | None:
        found = await self._all(sa.select(call_log).where(call_log.c.id == entry_id, ended))
        return found[0] if found else None

    async def list(
        self,
        domain_id: str,
        user_id: str | None,
        chosen: CallLogFilter,
        before: tuple[int, str] | None,
        limit: int,
    ) -> Sequence[CallLogEntry]:
        query = sa.select(call_log).where(ended)
        if user_id is None:
            query = query.where(call_log.c.domain_id == domain_id)
        else:
            query = query.where(call_log.c.user_id == user_id, call_log.c.domain_id == domain_id)
        return await self._all(_page(query.where(*_conditions(chosen)), before, limit))

    async def calls_between(
        self, user_id: str, peer: str, before: tuple[int, str] | None, limit: int
    ) -> Sequence[CallLogEntry]:
        query = sa.select(call_log).where(ended, call_log.c.user_id == user_id, call_log.c.peer == peer)
        return await self._all(_page(query, before, limit))

    async def unseen_missed(self, user_id: str) -> int:
        return await self._database.read(lambda connection: _unseen(connection, user_id))

    async def mark_seen(self, user_id: str, through_ms: int, ids: Sequence[str] | None) -> int:
        mine = sa.and_(
            call_log.c.user_id == user_id, unseen_missed, ended, call_log.c.started_ms <= through_ms
        )
        if ids is not None:
            mine = sa.and_(mine, call_log.c.id.in_(ids))
        change = sa.update(call_log).where(mine).values(seen=1).returning(call_log.c.id, call_log.c.domain_id)

        def work(tx: Transaction) -> int:
            marked = tx.connection.execute(change).all()
            left = _unseen(tx.connection, user_id)
            if marked:
                data = {"user_id": user_id, "unseen_missed": left}
                stream = domain_stream(marked[0].domain_id)
                tx.emit(NewEvent(stream, "call_log.seen", user_id, data, (user_id,)))
            return left

        return await self._database.transact(work)

    async def _all(self, query: sa.Select[Any]) -> Sequence[CallLogEntry]:
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        return [_entry(row) for row in rows]


def _page(query: sa.Select[Any], before: tuple[int, str] | None, limit: int) -> sa.Select[Any]:
    if before is not None:
        query = query.where(sa.tuple_(call_log.c.started_ms, call_log.c.id) < before)
    return query.order_by(call_log.c.started_ms.desc(), call_log.c.id.desc()).limit(limit)


def _conditions(chosen: CallLogFilter) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    if chosen.direction is not None:
        found.append(call_log.c.direction == chosen.direction.value)
    if chosen.missed is not None:
        found.append(call_log.c.missed == int(chosen.missed))
    if chosen.seen is not None:
        found.append(call_log.c.seen == int(chosen.seen))
    if chosen.peer is not None:
        found.append(call_log.c.peer == chosen.peer)
    return found


def _unseen(connection: sa.Connection, user_id: str) -> int:
    query = (
        sa.select(sa.func.count())
        .select_from(call_log)
        .where(call_log.c.user_id == user_id, unseen_missed, ended)
    )
    return int(connection.execute(query).scalar_one())


def _event(entry: CallLogEntry, entry_id: str, verb: str) -> NewEvent:
    data: dict[str, object] = {
        "user_id": entry.user_id,
        "direction": entry.direction.value,
        "result": entry.result.value if entry.result else None,
        "peer_user_id": entry.peer_user_id,
        "call_id": entry.call_id,
        "missed": entry.missed,
    }
    return NewEvent(domain_stream(entry.domain_id), f"call_log.{verb}", entry_id, data, (entry.user_id,))


def _values(entry: CallLogEntry) -> tuple[object, ...]:
    """The values of _FIXED, _CHANGING and seen."""
    return (
        entry.id,
        entry.domain_id,
        entry.user_id,
        entry.pbx,
        entry.linkedid,
        entry.peer,
        entry.peer_user_id,
        entry.peer_name,
        entry.direction.value,
        entry.result.value if entry.result else None,
        entry.call_id,
        int(entry.answered),
        entry.started_ms,
        entry.answered_ms,
        entry.ended_ms,
        int(entry.open),
        int(entry.missed),
        int(entry.seen),
    )


def _entry(row: Row) -> CallLogEntry:
    return CallLogEntry(
        id=row.id,
        domain_id=row.domain_id,
        user_id=row.user_id,
        pbx=row.pbx,
        linkedid=row.linkedid,
        peer=row.peer,
        peer_user_id=row.peer_user_id,
        peer_name=row.peer_name,
        direction=Direction(row.direction),
        result=CallResult(row.result) if row.result else None,
        call_id=row.call_id,
        answered=bool(row.answered),
        started_ms=row.started_ms,
        answered_ms=row.answered_ms,
        ended_ms=row.ended_ms,
        open=bool(row.open),
        seen=bool(row.seen),
    )

"""What the database holds, read past the engine: after a kill, and when everything has come to rest."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import asyncpg
import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection

from engine.storage import postgres, sqlite
from engine.storage.tables import log
from engine.storage.tables.messaging import (
    inbound_parts,
    inbound_unrouted,
    messages,
    receipts,
    recipients,
    segments,
)
from engine.storage.urls import sqlite_path
from tests.e2e.texts.engine_process import LIMIT_S
from tests.e2e.texts.wire import Part

T = TypeVar("T")

_OTHERS = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


class SegmentRow(NamedTuple):
    message_id: str
    position: int
    part: Part
    status: str
    smsc_id: str | None
    attempt: int


class ReceiptRow(NamedTuple):
    """source: the number it is about. message_id, part_no: what it was matched with, None if nothing."""

    raw_id: str
    state: str
    source: str
    message_id: str | None
    part_no: int | None
    applied: bool


class InboundRow(NamedTuple):
    """A text that came in. routed: whether it is anybody's."""

    source: str
    text: str
    flags: str
    routed: bool


@dataclass
class Facts:
    """Numbers as on the wire, without `+`.

    classes: of outbound messages by id. recipients: status by (message id, position). waiting_parts:
    (source, octets) of inbound parts that wait for others. history: statuses announced, by (message id,
    position), in order.
    """

    classes: dict[str, str] = field(default_factory=dict)
    segments: list[SegmentRow] = field(default_factory=list)
    recipients: dict[tuple[str, int], str] = field(default_factory=dict)
    receipts: list[ReceiptRow] = field(default_factory=list)
    inbound: list[InboundRow] = field(default_factory=list)
    waiting_parts: list[tuple[str, bytes]] = field(default_factory=list)
    history: dict[tuple[str, int], list[str]] = field(default_factory=dict)

    def lines(self) -> Iterator[object]:
        """All of it, for people."""
        for one in fields(self):
            found = getattr(self, one.name)
            for item in found.items() if isinstance(found, dict) else found:
                yield f"{one.name} {item}"


async def until_alone(url: str) -> None:
    """Wait until a PostgreSQL server has ended the connections of an engine that was killed.

    It may still be at a commit whose asker is gone; no process of SQLite's outlives the engine.
    """
    if sqlite_path(url) is not None:
        return
    connection = await asyncpg.connect(url)
    try:
        async with asyncio.timeout(LIMIT_S):
            while await connection.fetchval(_OTHERS):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
    finally:
        await connection.close()


async def read_facts(url: str) -> Facts:
    """Everything, for the oracle."""
    return await _read(url, _all)


async def read_statuses(url: str) -> dict[Part, str]:
    """The status of each segment: cheap enough for every kill."""
    return await _read(url, lambda connection: {row.part: row.status for row in _segments(connection)})


async def _read(url: str, function: Callable[[Connection], T]) -> T:
    path = sqlite_path(url)
    if path is not None:
        engine = sqlite.make_engine(Path(path), writer=False)
        try:
            with engine.connect() as connection, connection.begin():
                return function(connection)
        finally:
            engine.dispose()
    server = postgres.make_engine(url, writer=False)
    try:
        async with server.connect() as remote, remote.begin():
            return await remote.run_sync(function)
    finally:
        await server.dispose()


def _segments(connection: Connection) -> Sequence[SegmentRow]:
    rows = connection.execute(
        sa.select(
            segments.c.message_id,
            segments.c.position,
            segments.c.part_no,
            segments.c.status,
            segments.c.smsc_id,
            segments.c.attempt,
            recipients.c.number,
        ).join(
            recipients,
            sa.and_(
                recipients.c.message_id == segments.c.message_id,
                recipients.c.position == segments.c.position,
            ),
        )
    )
    return [
        SegmentRow(
            row.message_id,
            row.position,
            (_bare(row.number), row.part_no),
            row.status,
            row.smsc_id,
            row.attempt,
        )
        for row in rows
    ]


def _all(connection: Connection) -> Facts:
    facts = Facts(segments=list(_segments(connection)))
    for row in connection.execute(sa.select(messages)):
        if row.direction == "outbound":
            facts.classes[row.id] = row.delivery_class
        else:
            facts.inbound.append(InboundRow(_bare(row.peer), row.text, row.flags, True))
    for row in connection.execute(sa.select(recipients)):
        facts.recipients[row.message_id, row.position] = row.status
    for row in connection.execute(sa.select(receipts)):
        facts.receipts.append(
            ReceiptRow(
                row.raw_id, row.state, _bare(row.source), row.message_id, row.part_no, bool(row.applied)
            )
        )
    for row in connection.execute(sa.select(inbound_unrouted)):
        facts.inbound.append(InboundRow(_bare(row.source), row.text, "", False))
    for row in connection.execute(sa.select(inbound_parts).where(inbound_parts.c.message_id.is_(None))):
        facts.waiting_parts.append((_bare(row.source), bytes(row.octets)))
    facts.history = _history(connection, facts)
    return facts


def _history(connection: Connection, facts: Facts) -> dict[tuple[str, int], list[str]]:
    found: dict[tuple[str, int], list[str]] = {place: [] for place in facts.recipients}
    places: dict[str, list[tuple[str, int]]] = {}
    for place in found:
        places.setdefault(place[0], []).append(place)
    order = (log.events.c.stream, log.events.c.seq)
    for row in connection.execute(sa.select(log.events).order_by(*order)):
        data: dict[str, Any] = msgspec.json.decode(row.data)
        if row.type == "message.created" and data["direction"] == "outbound":
            for place in places[row.subject]:
                found[place].append(data["status"])
        elif row.type == "message.updated":
            found[row.subject, data["position"]].append(data["status"])
    return found


def _bare(number: str) -> str:
    return number.removeprefix("+")

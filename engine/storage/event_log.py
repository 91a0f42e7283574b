"""The event log as its readers see it: by stream, in sequence order, without gaps filled late."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from heapq import merge
from itertools import islice
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, delete, func, select

from engine.events import Event
from engine.storage.database import Database, Transaction
from engine.storage.tables.log import events, streams
from engine.storage.tables.webhooks import webhooks

#: Events deleted in one transaction, so that trimming never holds up the writer for long.
TRIM_EVENTS = 1000

_decode = msgspec.json.decode


class EventLog:
    """Reads and trims the log; only transactions append to it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def after(self, cursor: Mapping[str, int], limit: int) -> list[Event]:
        """At most limit events that follow the cursor, which holds a seq for each wanted stream.

        Each stream's events are complete and in order as far as they go; streams are mixed by time.
        """

        def read(connection: Connection) -> list[Event]:
            found = [following(connection, stream, seq, limit) for stream, seq in cursor.items()]
            return list(islice(merge(*found, key=lambda event: event.at_ms), limit))

        return await self._database.read(read)

    async def high_water(self, of: Sequence[str]) -> dict[str, int]:
        """The number of each stream's last event; 0 for a stream that never had one."""

        def read(connection: Connection) -> dict[str, int]:
            rows = connection.execute(select(streams).where(streams.c.stream.in_(of)))
            return dict.fromkeys(of, 0) | {row.stream: row.seq for row in rows}

        return await self._database.read(read)

    async def oldest(self, of: Sequence[str]) -> dict[str, int]:
        """The number of the oldest event still kept; a stream that keeps none is absent."""

        def read(connection: Connection) -> dict[str, int]:
            query = select(events.c.stream, func.min(events.c.seq).label("first"))
            query = query.where(events.c.stream.in_(of)).group_by(events.c.stream)
            return {row.stream: row.first for row in connection.execute(query)}

        return await self._database.read(read)

    async def trim(self, older_than_ms: int) -> int:
        """Delete events committed before this time, in small transactions; returns how many.

        What a webhook has still to be sent is kept. Only ever a beginning of each stream goes, even if the
        clock once jumped: what is left has no gap.
        """
        every = select(streams.c.stream)
        deleted = 0
        for stream in await self._database.read(lambda connection: list(connection.scalars(every))):
            while count := await self._database.transact(partial(_trim, stream, older_than_ms)):
                deleted += count
        return deleted


def following(connection: Connection, stream: str, seq: int, limit: int) -> Iterable[Event]:
    """At most limit events of a stream behind a number, in order."""
    query = select(events).where(events.c.stream == stream, events.c.seq > seq)
    return map(read_event, connection.execute(query.order_by(events.c.seq).limit(limit)).all())


def read_event(row: Row[Any]) -> Event:
    return Event(
        stream=row.stream,
        seq=row.seq,
        type=row.type,
        subject=row.subject,
        data=_decode(row.data),
        at_ms=row.at_ms,
        user_ids=tuple(_decode(row.user_ids)),
    )


def _trim(stream: str, older_than_ms: int, tx: Transaction) -> int:
    first = (
        select(events.c.seq, events.c.at_ms)
        .where(events.c.stream == stream)
        .order_by(events.c.seq)
        .limit(TRIM_EVENTS)
    )
    needed = tx.connection.execute(
        select(func.min(webhooks.c.seq)).where(webhooks.c.stream == stream, webhooks.c.enabled == 1)
    ).scalar()
    last = None
    for seq, at_ms in tx.connection.execute(first).all():
        if at_ms >= older_than_ms or (needed is not None and seq > needed):
            break
        last = seq
    if last is None:
        return 0
    gone = tx.connection.execute(delete(events).where(events.c.stream == stream, events.c.seq <= last))
    return gone.rowcount

"""A plain count of what is in the tables, row by row, as somebody with a pencil would make it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from engine.storage.database import Database
from engine.storage.tables.messaging import messages, recipients, segments
from engine.storage.tables.presence import call_log
from tests.contract.usage.conftest import PRICES


@dataclass
class Count:
    """figures: by (day, user, number, direction, status), so many of each measure."""

    figures: dict[tuple[str, ...], Counter[str]] = field(default_factory=dict)

    def add(self, key: tuple[str, ...], **measured: int) -> None:
        self.figures.setdefault(key, Counter()).update(measured)


async def count_texts(database: Database, domain_id: str, zone: str) -> Count:
    rows, towards, parts = await database.read(
        lambda connection: (
            connection.execute(sa.select(messages).where(messages.c.domain_id == domain_id)).all(),
            connection.execute(sa.select(recipients)).all(),
            connection.execute(sa.select(segments)).all(),
        )
    )
    count = Count()
    for message in rows:
        day = day_of(message.created_ms, zone)
        if message.direction == "inbound":
            status = "blocked" if "blocked" in message.flags.split(",") else "received"
            count.add(
                (day, "", message.number, "inbound", status),
                items=1,
                segments=message.part_count,
                charged=message.part_count,
                micros=message.part_count * 5_000,
            )
        if message.direction != "outbound":
            continue
        for one in towards:
            if one.message_id != message.id:
                continue
            charged = sum(
                part.attempt
                for part in parts
                if (part.message_id, part.position) == (message.id, one.position)
                and part.status in {"sent", "delivered", "undelivered", "unconfirmed", "uncertain"}
            )
            price = 70_000 if one.number.startswith("+4917") else 61_500
            price = price if one.number.startswith("+49") else 90_000
            count.add(
                (day, message.user_id or "", message.number, "outbound", one.status),
                items=1,
                segments=one.segment_count,
                charged=charged,
                micros=charged * price,
            )
    assert PRICES.inbound == 5_000
    return count


async def count_chats(database: Database, domain_id: str, zone: str) -> Count:
    rows = await database.read(
        lambda connection: connection.execute(
            sa.select(messages).where(messages.c.domain_id == domain_id, messages.c.direction == "internal")
        ).all()
    )
    count = Count()
    for message in rows:
        count.add((day_of(message.created_ms, zone), message.user_id), items=1)
    return count


async def count_calls(database: Database, domain_id: str, zone: str) -> Count:
    rows = await database.read(
        lambda connection: connection.execute(
            sa.select(call_log).where(call_log.c.domain_id == domain_id, call_log.c.open == 0)
        ).all()
    )
    count = Count()
    for entry in rows:
        talked = entry.answered and entry.answered_ms is not None and entry.ended_ms is not None
        count.add(
            (day_of(entry.started_ms, zone), entry.user_id, entry.direction, entry.result),
            items=1,
            answered=entry.answered,
            missed=entry.missed,
            talk_ms=entry.ended_ms - entry.answered_ms if talked else 0,
        )
    return count


def day_of(at_ms: int, zone: str) -> str:
    return datetime.fromtimestamp(at_ms / 1000, ZoneInfo(zone)).strftime("%Y-%m-%d")

"""Answers for users who are not in their office: whose turn it is, asked where what they answer is stored.

The answer is stored with what it answers, so that neither is ever there without the other. Once a day in
a thread is enough for a person, and ends it for two machines.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import sqlalchemy as sa
from sqlalchemy import Connection

from engine.storage.statements import insert
from engine.storage.tables.accounts import number_users
from engine.storage.tables.conversations import out_of_office, out_of_office_told
from engine.storage.transaction import Transaction

#: Of an answer; `auto_answer` is what nothing is answered to.
AWAY_FLAGS = ("auto_answer", "out_of_office")
_TOLD_EVERY_MS = 86_400_000
_told = out_of_office_told.c


def is_away(from_ms: int | None, until_ms: int | None, now_ms: int) -> bool:
    """Whether an absence that is switched on has begun and is not over."""
    return (from_ms is None or from_ms <= now_ms) and (until_ms is None or now_ms < until_ms)


def absent_among(connection: Connection, user_ids: Collection[str], now_ms: int) -> Mapping[str, str]:
    """What to answer for those of these users who are away."""
    away = out_of_office.c
    rows = connection.execute(
        sa.select(away.user_id, away.text, away.from_ms, away.until_ms).where(
            away.user_id.in_(list(user_ids)), away.enabled == 1
        )
    )
    return {row.user_id: row.text for row in rows if is_away(row.from_ms, row.until_ms, now_ms)}


def is_theirs_alone(connection: Connection, number_id: str) -> bool:
    """Whether a number is assigned to exactly one user."""
    query = sa.select(sa.func.count()).select_from(number_users).where(number_users.c.number_id == number_id)
    return connection.execute(query).scalar_one() == 1


def not_told_lately(tx: Transaction, wanted: Collection[tuple[str, str]]) -> Collection[tuple[str, str]]:
    """Those of these (user, conversation) in which the absence is to be told now; noted as told."""
    rows = tx.connection.execute(
        sa.select(_told.user_id, _told.conversation_id).where(
            sa.tuple_(_told.user_id, _told.conversation_id).in_(list(wanted)),
            _told.told_ms > tx.now_ms - _TOLD_EVERY_MS,
        )
    )
    due = set(wanted) - {(row.user_id, row.conversation_id) for row in rows}
    for user_id, conversation_id in sorted(due):
        tx.connection.execute(
            insert(out_of_office_told)
            .values(user_id=user_id, conversation_id=conversation_id, told_ms=tx.now_ms)
            .on_conflict_do_update(index_elements=["user_id", "conversation_id"], set_={"told_ms": tx.now_ms})
        )
    return due

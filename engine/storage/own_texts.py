"""Texts kept ready: quick replies, and what is answered for users who are away."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import sqlalchemy as sa

from engine.conversations.out_of_office import AbsenceChanges, AbsenceReads, OutOfOffice
from engine.conversations.quick_replies import QuickReply, QuickReplyChanges, QuickReplyReads
from engine.storage.conversation_changes import SqlThreadChanges
from engine.storage.conversation_reads import SqlThreadReads
from engine.storage.database import Database
from engine.storage.statements import insert
from engine.storage.tables.conversations import out_of_office, quick_replies
from engine.storage.text_rows import AnyRow

R = TypeVar("R")

_replies, _away = quick_replies.c, out_of_office.c


class SqlOwnTexts:
    """`QuickReplyStore` and `AbsenceStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read_replies(self, work: Callable[[QuickReplyReads], R]) -> R:
        return await self._database.read(lambda connection: work(_Reads(connection)))

    async def change_replies(self, work: Callable[[QuickReplyChanges], R]) -> R:
        return await self._database.transact(lambda tx: work(_Changes(tx)))

    async def read_absences(self, work: Callable[[AbsenceReads], R]) -> R:
        return await self._database.read(lambda connection: work(_Reads(connection)))

    async def change_absences(self, work: Callable[[AbsenceChanges], R]) -> R:
        return await self._database.transact(lambda tx: work(_Changes(tx)))


class _Reads(SqlThreadReads):
    def quick_reply(self, reply_id: str) -> QuickReply | None:
        row = self._connection.execute(sa.select(quick_replies).where(_replies.id == reply_id)).first()
        return None if row is None else _reply(row)

    def quick_replies(self, domain_id: str, owner_id: str | None) -> Sequence[QuickReply]:
        theirs = _replies.owner_id.is_(None) if owner_id is None else _replies.owner_id == owner_id
        rows = self._connection.execute(
            sa.select(quick_replies)
            .where(_replies.domain_id == domain_id, theirs)
            .order_by(_replies.title, _replies.id)
        )
        return [_reply(row) for row in rows]

    def out_of_office(self, user_id: str) -> OutOfOffice:
        row = self._connection.execute(sa.select(out_of_office).where(_away.user_id == user_id)).first()
        if row is None:
            return OutOfOffice()
        return OutOfOffice(bool(row.enabled), row.text, row.from_ms, row.until_ms)


class _Changes(SqlThreadChanges, _Reads):
    def save_quick_reply(self, reply: QuickReply) -> None:
        values = {
            "id": reply.id,
            "domain_id": reply.domain_id,
            "owner_id": reply.owner_id,
            "title": reply.title,
            "text": reply.text,
            "created_ms": reply.created_ms,
            "updated_ms": reply.updated_ms,
        }
        new = insert(quick_replies).values(values)
        self._connection.execute(new.on_conflict_do_update(index_elements=["id"], set_=values))

    def delete_quick_reply(self, reply_id: str) -> None:
        self._connection.execute(sa.delete(quick_replies).where(_replies.id == reply_id))

    def save_out_of_office(self, user_id: str, wanted: OutOfOffice) -> None:
        values = {
            "user_id": user_id,
            "enabled": int(wanted.enabled),
            "text": wanted.text,
            "from_ms": wanted.from_ms,
            "until_ms": wanted.until_ms,
            "updated_ms": self._tx.now_ms,
        }
        new = insert(out_of_office).values(values)
        self._connection.execute(new.on_conflict_do_update(index_elements=["user_id"], set_=values))


def _reply(row: AnyRow) -> QuickReply:
    return QuickReply(
        row.id, row.domain_id, row.owner_id, row.title, row.text, row.created_ms, row.updated_ms
    )

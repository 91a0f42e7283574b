"""Who is to be looked at for a mail, and what they have not read: `engine.notifications.ports.MailQueue`.

A row is all that waits: what a mail tells is read when it is due, so that what was read meanwhile is not
told. Positions are the 32 digits of ids, which say when a thing was made, whatever kind it is.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy import Connection, bindparam

from engine.events import Event
from engine.notifications.models import Digest, DueMail, NotificationSettings
from engine.storage.database import Database, HotStatement
from engine.storage.event_log import read_event
from engine.storage.notifications import save_settings, settings_of
from engine.storage.statements import insert
from engine.storage.tables.accounts import users
from engine.storage.tables.log import events, streams
from engine.storage.tables.notifications import mail_digests, notification_positions
from engine.storage.transaction import Transaction
from engine.storage.unread_things import unread_things

_mail = mail_digests.c
#: Events read at once after a start.
_EVENTS_AT_ONCE = 1_000

_new = insert(mail_digests)
_NOTE = HotStatement(
    _new.on_conflict_do_update(
        index_elements=["user_id"],
        set_={
            "due_ms": sa.case(
                (sa.and_(_mail.due_ms.is_not(None), _mail.due_ms < _new.excluded.due_ms), _mail.due_ms),
                else_=_new.excluded.due_ms,
            ),
            "notes": _mail.notes + 1,
            # What came while nothing waited was read, told, or not to be told.
            "told_through": sa.case(
                (
                    sa.and_(_mail.due_ms.is_(None), _mail.told_through < _new.excluded.told_through),
                    _new.excluded.told_through,
                ),
                else_=_mail.told_through,
            ),
        },
    ),
    "user_id",
    "due_ms",
    "told_through",
    "attempts",
    "notes",
)
_position = insert(notification_positions)
_MOVE = HotStatement(
    _position.on_conflict_do_update(
        index_elements=["stream"],
        set_={"seq": _position.excluded.seq},
        where=notification_positions.c.seq < _position.excluded.seq,
    ),
    "stream",
    "seq",
)
_OF_USER = sa.select(users.c.domain_id, users.c.display_name, users.c.email, users.c.enabled).where(
    users.c.id == bindparam("user")
)


class SqlMailQueue:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def note(self, due: Mapping[str, tuple[int, str]], positions: Mapping[str, int]) -> None:
        def work(tx: Transaction) -> None:
            there = sa.select(users.c.id).where(users.c.id.in_(sorted(due)))
            known = sorted(tx.connection.scalars(there)) if due else []
            tx.execute_many(_NOTE, [(user_id, *due[user_id], 0, 0) for user_id in known])
            tx.execute_many(_MOVE, sorted(positions.items()))

        await self._database.transact(work)

    async def due(self, now_ms: int, limit: int) -> Sequence[DueMail]:
        query = (
            sa.select(mail_digests)
            .where(_mail.due_ms.is_not(None), _mail.due_ms <= now_ms)
            .order_by(_mail.due_ms)
            .limit(limit)
        )
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        return [
            DueMail(
                row.user_id,
                row.notes,
                row.told_through,
                row.mail_id,
                row.mail_through,
                row.attempts,
                row.first_attempt_ms,
            )
            for row in rows
        ]

    async def waiting(self) -> Collection[str]:
        query = sa.select(_mail.user_id).where(_mail.due_ms.is_not(None))
        return await self._database.read(lambda connection: set(connection.scalars(query)))

    async def digest(self, user_id: str, after: str, through: str, most: int, now_ms: int) -> Digest | None:
        return await self._database.read(
            lambda connection: _digest(connection, user_id, after, through, most, now_ms)
        )

    async def begin(self, user_id: str, mail_id: str, through: str, now_ms: int) -> None:
        begun = (
            mail_digests.update()
            .where(_mail.user_id == user_id)
            .values(
                mail_id=mail_id,
                mail_through=through,
                attempts=_mail.attempts + 1,
                first_attempt_ms=sa.func.coalesce(_mail.first_attempt_ms, now_ms),
            )
        )
        await self._database.transact(lambda tx: tx.connection.execute(begun).rowcount)

    async def finish(self, due: DueMail, told_through: str, again_ms: int | None, noted_ms: int) -> None:
        done = (
            mail_digests.update()
            .where(_mail.user_id == due.user_id)
            .values(
                told_through=told_through,
                due_ms=sa.case((_mail.notes == due.notes, again_ms), else_=noted_ms),
                mail_id=None,
                mail_through=None,
                attempts=0,
                first_attempt_ms=None,
            )
        )
        await self._database.transact(lambda tx: tx.connection.execute(done).rowcount)

    async def postpone(self, user_id: str, due_ms: int) -> None:
        later = mail_digests.update().where(_mail.user_id == user_id).values(due_ms=due_ms)
        await self._database.transact(lambda tx: tx.connection.execute(later).rowcount)

    async def missed_events(self, types: Collection[str]) -> Sequence[Event]:
        positions = notification_positions.c
        behind = (
            sa.select(streams.c.stream, sa.func.coalesce(positions.seq, 0).label("seq"))
            .outerjoin(notification_positions, positions.stream == streams.c.stream)
            .where(streams.c.seq > sa.func.coalesce(positions.seq, 0))
            .order_by(streams.c.stream)
        )

        def work(connection: Connection) -> list[Event]:
            for stream, seq in connection.execute(behind).all():
                query = (
                    sa.select(events)
                    .where(events.c.stream == stream, events.c.seq > seq, events.c.type.in_(sorted(types)))
                    .order_by(events.c.seq)
                    .limit(_EVENTS_AT_ONCE)
                )
                found = [read_event(row) for row in connection.execute(query)]
                if found:
                    return found
            return []

        return await self._database.read(work)

    async def high_water(self) -> Mapping[str, int]:
        query = sa.select(streams)
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        return {row.stream: row.seq for row in rows}

    async def end_mails(self, user_id: str) -> bool:
        def work(tx: Transaction) -> bool:
            row = tx.connection.execute(_OF_USER, {"user": user_id}).first()
            if row is None:
                return False
            before = settings_of(tx.connection, user_id)
            after: NotificationSettings = dataclasses.replace(before, email=False)
            if after != before:
                save_settings(tx, row.domain_id, user_id, before, after)
            tx.connection.execute(mail_digests.update().where(_mail.user_id == user_id).values(due_ms=None))
            return True

        return await self._database.transact(work)


def _digest(
    connection: Connection, user_id: str, after: str, through: str, most: int, now_ms: int
) -> Digest | None:
    row = connection.execute(_OF_USER, {"user": user_id}).first()
    settings = settings_of(connection, user_id)
    if row is None or row.email is None or not row.enabled or not settings.email:
        return None
    found, later_ms = unread_things(
        connection, row.domain_id, user_id, settings, after, through, most, now_ms
    )
    return Digest(user_id, row.domain_id, row.display_name, row.email, settings, tuple(found), later_ms)

"""What users set of their presence, and who is who: `engine.presence.ports.StatusStore` and `Roster`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from engine.events import NewEvent, domain_stream
from engine.presence.models import OwnStatus, RosterDomain, RosterUser, Status
from engine.storage.database import Database
from engine.storage.statements import insert
from engine.storage.tables.accounts import devices, domains, users
from engine.storage.tables.presence import user_status
from engine.storage.transaction import Transaction

Row = sa.Row[Any]

_CHANGING = ("status", "text", "expires_ms", "do_not_disturb", "to_be_told", "updated_ms")
_statement = insert(user_status)
_SAVE = _statement.on_conflict_do_update(
    index_elements=["user_id"], set_={name: _statement.excluded[name] for name in _CHANGING}
)


class SqlStatuses:
    """The store of statuses."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> Sequence[OwnStatus]:
        rows = await self._database.read(lambda connection: connection.execute(sa.select(user_status)).all())
        return [_own(row) for row in rows]

    async def save(self, own: OwnStatus) -> None:
        there = sa.select(users.c.id).where(users.c.id == own.user_id)

        def work(tx: Transaction) -> None:
            if tx.connection.execute(there).first() is None:
                return  # deleted meanwhile
            tx.connection.execute(_SAVE, _row(own))
            tx.emit(_updated(own))

        await self._database.transact(work)

    async def told(self, user_id: str, updated_ms: int) -> None:
        change = (
            sa.update(user_status)
            .where(user_status.c.user_id == user_id, user_status.c.updated_ms == updated_ms)
            .values(to_be_told=0)
        )
        await self._database.transact(lambda tx: tx.connection.execute(change) and None)


class SqlRoster:
    """Who is who, read in three queries however many there are."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def domains(self, domain_ids: Iterable[str] | None) -> Sequence[RosterDomain]:
        wanted = None if domain_ids is None else list(domain_ids)
        return await self._database.read(lambda connection: _roster(connection, wanted))


def _roster(connection: sa.Connection, wanted: list[str] | None) -> list[RosterDomain]:
    def of(table: sa.Table, column: sa.Column[str]) -> Sequence[Row]:
        query = sa.select(table).order_by(table.c.id)
        return connection.execute(query if wanted is None else query.where(column.in_(wanted))).all()

    phones: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    for row in of(devices, devices.c.domain_id):
        phones[row.user_id].append((row.pbx, row.endpoint))
    found = of(domains, domains.c.id)
    regions = {row.id: row.region for row in found}
    members: defaultdict[str, list[RosterUser]] = defaultdict(list)
    for row in of(users, users.c.domain_id):
        if row.enabled:
            region = regions.get(row.domain_id)
            its = tuple(phones[row.id])
            members[row.domain_id].append(
                RosterUser(row.id, row.domain_id, row.extension, row.display_name, region, its)
            )
    for inhabitants in members.values():
        inhabitants.sort(key=lambda user: (len(user.extension), user.extension))
    return [RosterDomain(row.id, row.reseller_id, row.region, tuple(members[row.id])) for row in found]


def _updated(own: OwnStatus) -> NewEvent:
    data = {"status": own.status.value, "do_not_disturb": own.do_not_disturb, "expires_ms": own.expires_ms}
    return NewEvent(domain_stream(own.domain_id), "presence.updated", own.user_id, data)


def _row(own: OwnStatus) -> dict[str, object]:
    return {
        "user_id": own.user_id,
        "domain_id": own.domain_id,
        "status": own.status.value,
        "text": own.text,
        "expires_ms": own.expires_ms,
        "do_not_disturb": int(own.do_not_disturb),
        "to_be_told": int(own.to_be_told),
        "updated_ms": own.updated_ms,
    }


def _own(row: Row) -> OwnStatus:
    return OwnStatus(
        user_id=row.user_id,
        domain_id=row.domain_id,
        status=Status(row.status),
        text=row.text,
        expires_ms=row.expires_ms,
        do_not_disturb=bool(row.do_not_disturb),
        to_be_told=bool(row.to_be_told),
        updated_ms=row.updated_ms,
    )

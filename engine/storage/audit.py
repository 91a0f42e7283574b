"""The audit trail's table: append within a transaction, read in pages."""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection, select

from engine.audit import AuditEntry
from engine.storage.database import Database
from engine.storage.statements import HotStatement, insert
from engine.storage.tables.log import audit_log
from engine.storage.transaction import Transaction

_INSERT = HotStatement(
    insert(audit_log), "id", "domain_id", "actor", "action", "subject", "detail", "request_id", "at_ms"
)


def record(tx: Transaction, entry: AuditEntry) -> None:
    """Append an entry; it is there exactly when the rest of the transaction is."""
    detail = msgspec.json.encode(entry.data).decode()
    row = (
        entry.id,
        entry.domain_id,
        entry.actor,
        entry.action,
        entry.subject,
        detail,
        entry.request_id,
        entry.created_ms,
    )
    tx.execute_many(_INSERT, [row])


class AuditReader:
    """Reads the trail. It asks nobody's permission: that is for whoever calls it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(self, domain_id: str | None, *, before: str | None, limit: int) -> list[AuditEntry]:
        """At most limit entries of one domain (None: of no domain), newest first.

        before: the id of the last entry of the page before.
        """
        query = select(audit_log).where(audit_log.c.domain_id == domain_id)
        if before is not None:
            query = query.where(audit_log.c.id < before)
        query = query.order_by(audit_log.c.id.desc()).limit(limit)

        def read(connection: Connection) -> list[AuditEntry]:
            return [
                AuditEntry(
                    id=row.id,
                    domain_id=row.domain_id,
                    actor=row.actor,
                    action=row.action,
                    subject=row.subject,
                    data=msgspec.json.decode(row.detail),
                    created_ms=row.at_ms,
                    request_id=row.request_id,
                )
                for row in connection.execute(query)
            ]

        return await self._database.read(read)

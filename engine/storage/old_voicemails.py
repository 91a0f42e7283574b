"""Which messages of mailboxes are to go, with a user in whose name the PBX may be asked to remove them."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from engine.records.models import Person, PersonKind
from engine.storage.database import Database
from engine.storage.tables.voicemail import mailbox_users, voicemails

#: (voicemail, user)
Found = Sequence[tuple[str, str]]


class SqlOldVoicemails:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def older(self, domain_id: str, before_ms: int, limit: int) -> Found:
        return await self._some(
            limit, voicemails.c.domain_id == domain_id, voicemails.c.received_ms < before_ms
        )

    async def of(self, person: Person, limit: int) -> Found:
        """What a person has left in mailboxes of the domain."""
        column = voicemails.c.peer_user_id if person.kind is PersonKind.USER else voicemails.c.number
        return await self._some(limit, voicemails.c.domain_id == person.domain_id, column == person.value)

    async def _some(self, limit: int, *conditions: sa.ColumnElement[bool]) -> Found:
        query = (
            sa.select(voicemails.c.id, sa.func.min(mailbox_users.c.user_id))
            .join(mailbox_users, mailbox_users.c.mailbox_id == voicemails.c.mailbox_id)
            .where(*conditions)
            .group_by(voicemails.c.id)
            .order_by(voicemails.c.id)
            .limit(limit)
        )
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        return [(row[0], row[1]) for row in rows]

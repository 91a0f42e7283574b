"""The rows that events are about, for readers the events have been found to be for."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy import Connection

from engine.accounts.models import Principal, Scope
from engine.messaging.models import Direction, Message
from engine.storage.database import Database
from engine.storage.tables.accounts import number_users, numbers
from engine.storage.tables.conversations import conversation_members
from engine.storage.text_rows import messages_by_id


class EventRows:
    """See `engine.services.EventRows`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def messages(
        self, message_ids: Sequence[str], reader: Principal | None = None
    ) -> Sequence[Message]:
        """Those that are there, in no order; for a reader, those it may still see."""

        def read(connection: Connection) -> list[Message]:
            found = [*messages_by_id(connection, message_ids).values()]
            return found if reader is None else _still_seen(connection, found, reader)

        return await self._database.read(read)


def _still_seen(connection: Connection, found: Sequence[Message], reader: Principal) -> list[Message]:
    """An event was for its readers when it was committed; since then they may have left, or lost a number."""
    user_id = reader.user_id or ""
    mine = conversation_members.c
    chats = {one.conversation_id for one in found if one.direction is Direction.INTERNAL}
    since = {
        row.conversation_id: row.seen_from
        for row in connection.execute(
            sa.select(mine.conversation_id, mine.seen_from).where(
                mine.user_id == user_id, mine.left_ms.is_(None), mine.conversation_id.in_(chats)
            )
        )
    }
    own = set(
        connection.scalars(
            sa.select(numbers.c.e164)
            .join(number_users, number_users.c.number_id == numbers.c.id)
            .where(number_users.c.user_id == user_id)
        )
    )
    everything = reader.scope >= Scope.OFFICE_MANAGER

    def sees(message: Message) -> bool:
        if message.direction is Direction.INTERNAL:
            after = since.get(message.conversation_id or "")
            return after is not None and message.id > after
        return everything or message.number in own

    return [message for message in found if sees(message)]

"""The rows that events are about, for readers the events have been found to be for."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from engine.messaging.models import Message
from engine.storage.database import Database
from engine.storage.tables.messaging import messages
from engine.storage.text_rows import read_messages

#: Well below what one statement may have of parameters.
_IDS_AT_ONCE = 500


class EventRows:
    """See `engine.services.EventRows`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def messages(self, message_ids: Sequence[str]) -> Sequence[Message]:
        """Those that are there, in no order."""

        def read(connection: Connection) -> list[Message]:
            found: list[Message] = []
            for start in range(0, len(message_ids), _IDS_AT_ONCE):
                wanted = message_ids[start : start + _IDS_AT_ONCE]
                found += read_messages(connection, messages.c.id.in_(wanted))
            return found

        return await self._database.read(read)

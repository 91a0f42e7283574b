"""Threads on disk: `engine.conversations.ports.ConversationStore` over SQL."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import sqlalchemy as sa

from engine.conversations.models import Conversation, ConversationKind
from engine.storage.database import Database
from engine.storage.tables.conversations import conversations
from engine.storage.text_rows import AnyRow

_decode_peers = msgspec.json.Decoder(tuple[str, ...]).decode


class SqlConversations:
    """The thread store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, conversation_id: str) -> Conversation | None:
        row = await self._database.read(
            lambda connection: connection.execute(
                sa.select(conversations).where(conversations.c.id == conversation_id)
            ).first()
        )
        return None if row is None else _conversation(row)

    async def list(
        self, domain_id: str, numbers: Sequence[str] | None, before: tuple[int, str] | None, limit: int
    ) -> Sequence[Conversation]:
        chosen = sa.select(conversations).where(conversations.c.domain_id == domain_id)
        if numbers is not None:
            chosen = chosen.where(conversations.c.number.in_(numbers))
        if before is not None:
            chosen = chosen.where(sa.tuple_(conversations.c.last_message_ms, conversations.c.id) < before)
        chosen = chosen.order_by(conversations.c.last_message_ms.desc(), conversations.c.id.desc())
        rows = await self._database.read(lambda connection: connection.execute(chosen.limit(limit)).all())
        return [_conversation(row) for row in rows]


def _conversation(row: AnyRow) -> Conversation:
    return Conversation(
        row.id,
        row.domain_id,
        ConversationKind(row.kind),
        row.number_id,
        row.number,
        _decode_peers(row.peers),
        row.created_ms,
        row.last_message_ms,
    )

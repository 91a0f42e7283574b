"""Threads on disk: `engine.conversations.ports.ThreadStore` over SQL."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from engine.conversations.models import Member
from engine.conversations.ports import NewChatMessage, ThreadChanges, ThreadReads
from engine.errors import EngineError
from engine.idempotency import Replayed
from engine.messaging.models import Message
from engine.storage.chat_messages import SayInChat
from engine.storage.conversation_changes import SqlThreadChanges
from engine.storage.conversation_reads import SqlThreadReads
from engine.storage.database import Database
from engine.storage.reading import MarkRead

R = TypeVar("R")


class SqlConversations:
    """The thread store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(self, work: Callable[[ThreadReads], R]) -> R:
        return await self._database.read(lambda connection: work(SqlThreadReads(connection)))

    async def change(self, work: Callable[[ThreadChanges], R]) -> R:
        return await self._database.transact(lambda tx: work(SqlThreadChanges(tx)))

    def say(self, message: NewChatMessage, done: Callable[[Message | Replayed | EngineError], None]) -> None:
        self._database.write_soon(SayInChat(message), done)

    async def mark_read(self, conversation_id: str, side: Member, through: str) -> None:
        await self._database.write(MarkRead(conversation_id, side, through))

"""Files of conversations, put together."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from engine.accounts.models import Principal
from engine.adapters.pdf import PdfProcess
from engine.conversations.models import ThreadView, TimelineItem
from engine.conversations.service import Conversations
from engine.records.exporting import Exports
from engine.records.settings import RecordsSettings
from engine.storage.database import Database
from engine.storage.settings import time_zone_of


class _Threads:
    """`engine.records.exporting.Threads`."""

    def __init__(self, conversations: Conversations, database: Database) -> None:
        self._conversations = conversations
        self._database = database

    async def get(self, principal: Principal, conversation_id: str) -> ThreadView:
        return await self._conversations.get(principal, conversation_id)

    async def following(
        self, principal: Principal, conversation_id: str, after: tuple[int, str], limit: int
    ) -> Sequence[TimelineItem]:
        return await self._conversations.history.following(principal, conversation_id, after, limit)

    async def time_zone(self, domain_id: str) -> str:
        return await self._database.read(partial(time_zone_of, domain_id=domain_id))


def make_exports(conversations: Conversations, database: Database, settings: RecordsSettings) -> Exports:
    return Exports(_Threads(conversations, database), PdfProcess(settings.pdf_font_file))

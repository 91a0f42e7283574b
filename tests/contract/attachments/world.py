"""Uploads, messages that carry them and the sweep, over one database; the files are in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from pathlib import Path

from engine.accounts.models import Principal
from engine.attachments.links import LinkReader
from engine.attachments.models import Attachment, Upload
from engine.attachments.service import Attachments
from engine.attachments.settings import AttachmentSettings
from engine.attachments.sweep import Sweep
from engine.attachments.uploads import Uploads
from engine.idempotency import Replayed
from engine.messaging.models import Message
from engine.storage.attachments import SqlAttachments
from tests.contract.attachments.twins import Believer, MemoryFiles
from tests.contract.conversations.world import World as People

HOUR_MS = 3_600_000
SETTINGS = AttachmentSettings(unsent_kept_s=86_400, upload_idle_s=30, user_quota_octets=1_000)


class World:
    def __init__(self, people: People, incoming: Path) -> None:
        self.people = people
        self.clock = people.clock
        self.incoming = incoming
        self.files = MemoryFiles(self.clock.now_ms)
        self.store = SqlAttachments(people.database)
        self.uploads = self.uploads_with(SETTINGS)
        links = LinkReader(self.store, SETTINGS, self.clock)
        self.service = Attachments(self.store, self.files, self, self.uploads, links)
        self.sweep = Sweep(self.store, self.files, SETTINGS, self.clock, incoming)

    def uploads_with(self, settings: AttachmentSettings) -> Uploads:
        return Uploads(self.store, self.files, Believer(), self, settings, self.clock, self.incoming)

    async def domain_of(self, principal: Principal, conversation_id: str) -> str:
        return (await self.people.conversations.get(principal, conversation_id)).conversation.domain_id

    async def require_seen(self, principal: Principal, message_id: str) -> bool:
        return await self.people.conversations.history.message(principal, message_id) is None

    async def upload(
        self, who: Principal, filename: str = "notes.txt", content: bytes = b"Hello"
    ) -> Attachment:
        file = await self.uploads.receive(who, Upload(filename=filename), pieces([content]))
        assert not isinstance(file, Replayed)
        return file

    async def chat(self) -> str:
        return (await self.people.chat(self.people.ann, self.people.bob)).conversation.id

    async def send(self, chat: str, *files: Attachment) -> Message:
        ids = tuple(one.id for one in files)
        return await self.people.say(self.people.ann, chat, "", attachment_ids=ids)  # type: ignore[arg-type]


async def pieces(octets: Iterable[bytes]) -> AsyncIterator[bytes]:
    for piece in octets:
        yield piece

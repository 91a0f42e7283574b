"""Attachments, put together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from engine.accounts.models import Principal
from engine.adapters.attachment_bucket import BucketFiles
from engine.adapters.attachment_folder import FolderFiles
from engine.adapters.content_check import ContentCheck
from engine.attachments.errors import FilesUnavailable
from engine.attachments.links import LinkMaker, LinkReader
from engine.attachments.ports import Files
from engine.attachments.service import Attachments
from engine.attachments.settings import AttachmentSettings
from engine.attachments.sweep import Sweep
from engine.attachments.uploads import Uploads
from engine.clock import Clock
from engine.conversations.service import Conversations
from engine.messaging.service import Messaging
from engine.storage.attachments import SqlAttachments
from engine.storage.database import Database
from engine.upkeep import Job

#: Deleted files are gone from the store this soon; nobody can read them from the commit on.
_PURGE_EVERY_S = 20.0


@dataclass(frozen=True, slots=True)
class AttachmentsPart:
    service: Attachments
    sweep: Sweep
    upkeep: Mapping[str, Job]


def link_maker(public_url: str | None, settings: AttachmentSettings) -> LinkMaker | None:
    """What texts with files need; None where nobody has configured how the outside reaches us."""
    return None if public_url is None else LinkMaker(public_url, settings)


def make_attachments(
    database: Database,
    clock: Clock,
    settings: AttachmentSettings,
    data_dir: Path,
    conversations: Conversations,
    messaging: Messaging,
) -> AttachmentsPart:
    """Raises FilesUnavailable where the place of the files cannot be used."""
    folder = settings.folder or data_dir / "attachments"
    files = _files(settings, folder)
    # Beside the files where they are in a folder, so that a rename takes them there.
    incoming = (data_dir / "attachments" if settings.storage == "s3" else folder) / "incoming"
    store = SqlAttachments(database)
    seen = _Seen(conversations, messaging)
    uploads = Uploads(store, files, ContentCheck(settings), seen, settings, clock, incoming)
    service = Attachments(store, files, seen, uploads, LinkReader(store, settings, clock))
    sweep = Sweep(store, files, settings, clock, incoming)
    jobs: dict[str, Job] = {
        "purge_attachments": (_PURGE_EVERY_S, sweep.purge),
        "sweep_attachments": (settings.sweep_every_s, sweep.round),
    }
    return AttachmentsPart(service, sweep, jobs)


def _files(settings: AttachmentSettings, folder: Path) -> Files:
    if settings.storage == "s3":
        return BucketFiles(settings)
    files = FolderFiles(folder)
    try:
        files.prepare()
    except OSError as error:
        raise FilesUnavailable(f"The folder of attachments cannot be used: {error.strerror}.") from error
    return files


class _Seen:
    """`engine.attachments.ports.Conversations`."""

    def __init__(self, conversations: Conversations, messaging: Messaging) -> None:
        self._conversations = conversations
        self._messaging = messaging

    async def domain_of(self, principal: Principal, conversation_id: str) -> str:
        return (await self._conversations.get(principal, conversation_id)).conversation.domain_id

    async def require_seen(self, principal: Principal, message_id: str) -> bool:
        if await self._conversations.history.message(principal, message_id) is not None:
            return False
        await self._messaging.get(principal, message_id)
        return True

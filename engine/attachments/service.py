"""Files as callers meet them: taken in, looked up, read in parts, withdrawn."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from engine.accounts.models import Principal
from engine.attachments import access, errors
from engine.attachments.links import LinkReader
from engine.attachments.models import Attachment
from engine.attachments.ports import AttachmentStore, Conversations, Files
from engine.attachments.uploads import Uploads


class Attachments:
    """uploads: taking files in. links: what outside numbers get. All may raise StorageUnavailable."""

    def __init__(
        self,
        store: AttachmentStore,
        files: Files,
        conversations: Conversations,
        uploads: Uploads,
        links: LinkReader,
    ) -> None:
        self._store = store
        self._files = files
        self._conversations = conversations
        self.uploads = uploads
        self.links = links

    async def get(self, principal: Principal, attachment_id: str) -> Attachment:
        """Raises NotFound for a file that is not there or not the principal's to see, with the code
        `attachment_gone` for one that was withdrawn."""
        file, _ = await access.seen(self._store, self._conversations, principal, attachment_id)
        return file

    async def delete(self, principal: Principal, attachment_id: str) -> None:
        """Withdraw a file: an unsent one is forgotten, a sent one leaves its name on the message.

        Links to it are dead at once. Raises NotFound, or Forbidden `not_your_attachment`.
        """
        _, may = await access.seen(self._store, self._conversations, principal, attachment_id)
        if not may:
            raise errors.not_your_attachment()
        await self._store.withdraw(attachment_id)

    def read(self, key: str, start: int, end: int) -> AsyncGenerator[bytes, None]:
        """Octets of a file that was found to be the reader's to see.

        Raises NotFound `attachment_gone` before the first octet, or FilesUnavailable.
        """
        return self._files.read(key, start, end)

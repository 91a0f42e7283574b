"""Links that outside numbers get instead of files: short, unguessable, and good for a while.

A link belongs to one text. It is looked up each time: it ends with its time, its downloads, its message and
its domain, and a file that was withdrawn is not behind it any more.
"""

from __future__ import annotations

import hashlib
import secrets
import string

from engine.attachments import errors
from engine.attachments.models import Appended, Attachment, AttachmentState, NewLink, OpenedLink
from engine.attachments.ports import AttachmentStore
from engine.attachments.settings import AttachmentSettings
from engine.clock import Clock

#: 95 bits: short enough for a text, and nobody tries them all. Letters and digits alone, since telephones end
#: a link at anything else.
TOKEN_CHARACTERS = 16
_ALPHABET = string.ascii_letters + string.digits


def token_hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


class LinkMaker:
    """`engine.messaging.ports.FileLinks`. base_url: how the outside reaches the engine."""

    def __init__(self, base_url: str, settings: AttachmentSettings) -> None:
        self._base = base_url.rstrip("/")
        self._lifetime_ms = settings.link_lifetime_s * 1000

    def new(self, text: str, now_ms: int) -> NewLink:
        token = "".join(secrets.choice(_ALPHABET) for _ in range(TOKEN_CHARACTERS))
        before = "\n" if text else ""
        appended = Appended(f"{before}{self._base}/a/{token}", now_ms + self._lifetime_ms)
        return NewLink(token_hash(token), appended)


class LinkReader:
    """Every method raises NotFound for a link that leads nowhere, whatever the reason."""

    def __init__(self, store: AttachmentStore, settings: AttachmentSettings, clock: Clock) -> None:
        self._store = store
        self._most = settings.link_downloads
        self._clock = clock

    async def open(self, token: str) -> OpenedLink:
        """What is behind it; looking costs no download."""
        found = await self._store.link(token_hash(token))
        used_up = found is not None and self._most and found.downloads >= self._most
        if found is None or used_up or found.expires_ms <= self._clock.now_ms():
            raise errors.no_such_link()
        if not any(one.state is AttachmentState.READY for one in found.attachments):
            raise errors.no_such_link()
        return found

    async def file(self, token: str, place: int) -> Attachment:
        """The file at a place, from 1."""
        found = await self.open(token)
        if not 1 <= place <= len(found.attachments):
            raise errors.no_such_link()
        file = found.attachments[place - 1]
        if file.state is not AttachmentState.READY:
            raise errors.no_such_link()
        return file

    async def count(self, token: str) -> None:
        """A file is about to be fetched from its beginning."""
        if not await self._store.count_download(token_hash(token), self._most):
            raise errors.no_such_link()

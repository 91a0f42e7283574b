"""A voicemail spool on this machine as voicemail's `Spool`; files are read in threads."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from engine.adapters.voicemail_files import SpoolFiles
from engine.adapters.voicemail_sound import OpenSound
from engine.voicemail.errors import SpoolUnavailable
from engine.voicemail.models import Box, Listing

_PIECE_OCTETS = 65_536


class LocalSpool:
    """See `engine.voicemail.ports.Spool`."""

    def __init__(self, root: Path) -> None:
        self._files = SpoolFiles(root)

    def check(self) -> None:
        """Raises SpoolUnavailable when there is no such folder. Blocks."""
        self._files.check()

    async def listing(self, box: Box, known: str | None = None) -> Listing | None:
        return await asyncio.to_thread(self._files.listing, box.context, box.mailbox, known)

    async def audio(self, box: Box, message_id: str, copy: int) -> LocalAudio:
        return LocalAudio(
            await asyncio.to_thread(self._files.open, box.context, box.mailbox, message_id, copy)
        )

    async def close(self) -> None:
        """Nothing is kept open."""


class LocalAudio:
    """See `engine.voicemail.ports.Audio`."""

    def __init__(self, sound: OpenSound) -> None:
        self._sound = sound
        self.media_type = sound.media_type
        self.octets = sound.octets
        self.etag = sound.etag
        self.modified_ms = sound.modified_ms

    async def pieces(self, start: int, end: int) -> AsyncIterator[bytes]:
        while start < end:
            piece = await asyncio.to_thread(self._sound.read, start, min(end, start + _PIECE_OCTETS))
            if not piece:
                raise SpoolUnavailable("The recording has become shorter.")
            start += len(piece)
            yield piece

    async def close(self) -> None:
        self._sound.close()

"""Keeping rows and files together: what was never sent, what was deleted, what lost its other half.

Safe beside everything else. A row is marked as deleted before its file goes, in a transaction that a message
taking the file excludes; a file without a row is only removed when it is older than any upload can be; a row
without a file is marked, never removed, and is good again when the file comes back.
"""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import structlog

from engine.attachments.models import AttachmentState, thumbnail_key
from engine.attachments.ports import AttachmentStore, Files
from engine.attachments.settings import AttachmentSettings
from engine.clock import Clock

log = structlog.get_logger()

#: Rows in one transaction, so that nobody waits for it.
_AT_ONCE = 200
#: Rows whose files are looked for in one round; the next round goes on behind them.
_LOOKED_FOR = 2_000
#: Between a file's last octet and its row there are a check of at most two minutes and one commit.
_SETTLED_MS = 3_600_000
_OURS = re.compile(r"(att_[0-9a-f]{32})(?:\.thumbnail)?(?:\.part)?")


class Sweep:
    """incoming: the folder files are received in."""

    def __init__(
        self,
        store: AttachmentStore,
        files: Files,
        settings: AttachmentSettings,
        clock: Clock,
        incoming: Path,
    ) -> None:
        self._store = store
        self._files = files
        self._settings = settings
        self._clock = clock
        self._incoming = incoming
        self._looked_for = ""

    async def purge(self) -> None:
        """Remove the files of what was deleted. Raises StorageUnavailable or FilesUnavailable."""
        while ids := await self._store.to_purge(_AT_ONCE):
            await self._files.remove([key for one in ids for key in (one, thumbnail_key(one))])
            await self._store.purged(ids)

    async def round(self) -> None:
        """Everything. Raises StorageUnavailable or FilesUnavailable; the next round goes on."""
        before_ms = self._clock.now_ms() - round(self._settings.unsent_kept_s * 1000)
        while await self._store.delete_unsent(before_ms, _AT_ONCE) == _AT_ONCE:
            pass
        await self.purge()
        await asyncio.to_thread(self._clear_incoming)
        await self._remove_strays()
        await self._look_for_files()

    def _clear_incoming(self) -> None:
        """What a kill left of uploads."""
        oldest_ms = self._clock.now_ms() - round(self._settings.upload_within_s * 1000) - _SETTLED_MS
        for path in self._incoming.glob("att_*"):
            if path.stat().st_mtime_ns // 1_000_000 < oldest_ms:
                path.unlink(missing_ok=True)

    async def _remove_strays(self) -> None:
        settled_ms = self._clock.now_ms() - _SETTLED_MS
        async for some in self._files.all():
            old = {
                one.key: found.group(1)
                for one in some
                if one.modified_ms < settled_ms and (found := _OURS.fullmatch(one.key))
            }
            known = await self._store.known(set(old.values())) if old else ()
            strays = [key for key, owner in old.items() if owner not in known or key.endswith(".part")]
            if strays:
                await self._files.remove(strays)
                log.info("attachments.strays_removed", files=len(strays))

    async def _look_for_files(self) -> None:
        rows = await self._store.kept_after(self._looked_for, _LOOKED_FOR)
        self._looked_for = rows[-1][0] if len(rows) == _LOOKED_FOR else ""
        lost, back = [], []
        for attachment_id, state in rows:
            there = await self._files.has(attachment_id)
            if not there and state is AttachmentState.READY:
                lost.append(attachment_id)
            elif there and state is AttachmentState.LOST:
                back.append(attachment_id)
        if lost:
            log.error("attachments.files_lost", files=len(lost))
            await self._store.set_states(lost, AttachmentState.LOST)
        if back:
            await self._store.set_states(back, AttachmentState.READY)

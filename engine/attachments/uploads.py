"""Taking a file in: counted while it comes, looked at when it is there, kept before its row is.

What is stated about a length is only ever a reason to refuse early. Whatever ends an upload, a caller who
goes away or a server that stops, leaves nothing that the next sweep does not remove.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import structlog

from engine.accounts.models import Principal
from engine.attachments import errors
from engine.attachments.access import Owner, owner_of
from engine.attachments.errors import FilesUnavailable
from engine.attachments.kinds import Group, Kind, clean_name, kind_of
from engine.attachments.models import (
    Attachment,
    AttachmentState,
    Checked,
    Upload,
    Usage,
    thumbnail_key,
)
from engine.attachments.ports import AttachmentStore, Conversations, Files, Inspector, Quotas, Render
from engine.attachments.settings import AttachmentSettings
from engine.clock import Clock
from engine.errors import EngineError
from engine.idempotency import Claim, Replayed
from engine.ids import new_id

log = structlog.get_logger()

#: What is gathered before it is written, so that a thread is asked for once in many pieces.
_WRITE_OCTETS = 512 * 1024


class Uploads:
    """incoming: the folder files are received in."""

    def __init__(
        self,
        store: AttachmentStore,
        files: Files,
        inspector: Inspector,
        conversations: Conversations,
        settings: AttachmentSettings,
        clock: Clock,
        incoming: Path,
    ) -> None:
        self._store = store
        self._files = files
        self._inspector = inspector
        self._conversations = conversations
        self._settings = settings
        self._clock = clock
        self._incoming = incoming
        self._quotas = Quotas(settings.user_quota_octets, settings.domain_quota_octets)
        self._under_way: dict[str, int] = {}
        self._held: dict[str, int] = {}

    async def receive(
        self,
        principal: Principal,
        upload: Upload,
        pieces: AsyncIterator[bytes],
        claim: Claim | None = None,
        render: Render | None = None,
    ) -> Attachment | Replayed:
        """Take in one file; returns once it and its row are on disk.

        The claim's fingerprint is made here, of the octets. Raises InvalidRequest (`attachment_…`,
        `upload_…`), NotFound, Forbidden, Conflict `attachment_quota`, RateLimited, FilesUnavailable or
        StorageUnavailable; nothing is kept then. Cancelling keeps nothing.
        """
        filename = clean_name(upload.filename)
        kind = kind_of(filename, upload.declared_type, self._settings.content_types)
        stated = upload.declared_octets
        if stated is not None and stated > self._settings.max_octets:
            raise errors.too_large(self._settings.max_octets)
        owner = await owner_of(self._store, self._conversations, principal, upload)
        with self._admitted(owner.sender_id):
            usage = await self._store.usage((owner.domain_id, owner.sender_id))
            room = _Room(owner, usage, self._quotas, self._held)
            room.require(stated or 0)
            attachment_id = new_id("att")
            path = self._incoming / attachment_id
            try:
                octets, digest = await self._take_in(pieces, path, room)
                checked = await self._check(path, kind, filename)
                if claim is not None:
                    said = f"{filename}\n{kind.content_type}\n{upload.conversation_id}\n{digest}"
                    claim = replace(claim, fingerprint=hashlib.sha256(said.encode()).hexdigest())
                new = self._attachment(attachment_id, owner, upload, filename, octets, checked)
                return await self._keep(new, checked, claim, render)
            finally:
                room.give_back()
                for left in (path, _rewritten(path), _thumbnail(path)):
                    left.unlink(missing_ok=True)

    @contextlib.contextmanager
    def _admitted(self, sender_id: str) -> Iterator[None]:
        mine = self._under_way.get(sender_id, 0)
        everybody = sum(self._under_way.values())
        if mine >= self._settings.uploads_per_user or everybody >= self._settings.uploads_at_once:
            raise errors.too_many_uploads()
        self._under_way[sender_id] = mine + 1
        try:
            yield
        finally:
            self._under_way[sender_id] -= 1
            if not self._under_way[sender_id]:
                del self._under_way[sender_id]

    async def _take_in(self, pieces: AsyncIterator[bytes], path: Path, room: _Room) -> tuple[int, str]:
        """Write what comes; how much it was, and its SHA-256."""
        settings, digest = self._settings, hashlib.sha256()
        octets, gathered = 0, bytearray()
        try:
            with await asyncio.to_thread(_create, path) as file:
                async with asyncio.timeout(settings.upload_within_s):
                    while True:
                        async with asyncio.timeout(settings.upload_idle_s):
                            piece = await anext(pieces, None)
                        if piece is None:
                            break
                        octets += len(piece)
                        if octets > settings.max_octets:
                            raise errors.too_large(settings.max_octets)
                        room.take(len(piece))
                        gathered += piece
                        if len(gathered) >= _WRITE_OCTETS:
                            await asyncio.to_thread(_write, file, gathered, digest)
                            gathered = bytearray()
                await asyncio.to_thread(_write, file, gathered, digest)
        except TimeoutError:
            raise errors.too_slow() from None
        except OSError as error:
            raise FilesUnavailable("Files cannot be kept now.", native={"errno": error.errno or 0}) from error
        if not octets:
            raise errors.empty()
        return octets, digest.hexdigest()

    async def _check(self, path: Path, kind: Kind, filename: str) -> Checked:
        extension = filename.rpartition(".")[2].lower()
        checked = await self._inspector.check(path, kind, extension, _rewritten(path), _thumbnail(path))
        if kind.group is Group.IMAGE and not checked.rewritten:
            raise FilesUnavailable("Images cannot be cleaned now.")
        return checked

    def _attachment(
        self, attachment_id: str, owner: Owner, upload: Upload, filename: str, octets: int, checked: Checked
    ) -> Attachment:
        path = self._incoming / attachment_id
        return Attachment(
            attachment_id,
            owner.domain_id,
            owner.sender_id,
            owner.user_id,
            upload.conversation_id,
            None,
            filename,
            checked.content_type,
            _rewritten(path).stat().st_size if checked.rewritten else octets,
            checked.width,
            checked.height,
            _thumbnail(path).stat().st_size if checked.thumbnail else 0,
            AttachmentState.READY,
            self._clock.now_ms(),
        )

    async def _keep(
        self, new: Attachment, checked: Checked, claim: Claim | None, render: Render | None
    ) -> Attachment | Replayed:
        path = self._incoming / new.id
        try:
            await self._files.put(new.key, _rewritten(path) if checked.rewritten else path)
            if checked.thumbnail:
                await self._files.put(new.thumbnail_key, _thumbnail(path))
            kept = await self._store.add(new, self._quotas, claim, render)
        except EngineError as error:
            # Where nobody knows whether the row is there, the sweep will find out.
            if error.code != "storage_outcome_unknown":
                await self._forget(new.id)
            raise
        if isinstance(kept, Replayed):
            await self._forget(new.id)
        return kept

    async def _forget(self, attachment_id: str) -> None:
        try:
            await self._files.remove((attachment_id, thumbnail_key(attachment_id)))
        except FilesUnavailable as error:
            log.warning("attachments.leftover", attachment_id=attachment_id, code=error.code)


@dataclass(slots=True)
class _Room:
    """What an upload may still take up, counting what others are uploading at the same time."""

    owner: Owner
    usage: Usage
    quotas: Quotas
    held: dict[str, int]
    taken: int = 0

    def require(self, octets: int) -> None:
        """Raises Conflict `attachment_quota`."""
        for owner_id, most, whose in (
            (self.owner.sender_id, self.quotas.sender_octets, "this user"),
            (self.owner.domain_id, self.quotas.domain_octets, "the domain"),
        ):
            if most and self.usage.of(owner_id) + self.held.get(owner_id, 0) + octets > most:
                raise errors.quota_exceeded(whose)

    def take(self, octets: int) -> None:
        self.require(octets)
        self.taken += octets
        for owner_id in {self.owner.sender_id, self.owner.domain_id}:
            self.held[owner_id] = self.held.get(owner_id, 0) + octets

    def give_back(self) -> None:
        for owner_id in {self.owner.sender_id, self.owner.domain_id} & self.held.keys():
            self.held[owner_id] -= self.taken
            if not self.held[owner_id]:
                del self.held[owner_id]
        self.taken = 0


def _rewritten(path: Path) -> Path:
    return path.with_name(f"{path.name}.rewritten")


def _thumbnail(path: Path) -> Path:
    return path.with_name(f"{path.name}.thumbnail")


def _create(path: Path) -> BinaryIO:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path.open("xb")


def _write(file: BinaryIO, piece: bytearray, digest: hashlib._Hash) -> None:
    file.write(piece)
    digest.update(piece)

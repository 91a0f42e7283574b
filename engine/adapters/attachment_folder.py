"""Attachments in a folder: one file each, put there by a rename, spread over 256 folders.

The folder says whose it is by a file of its own: one that is not mounted looks empty, and what looks empty
must not make the sweep believe that everything is lost.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from pathlib import Path

from engine.attachments.errors import FilesUnavailable, gone
from engine.attachments.ports import StoredFile

_CHUNK = 256 * 1024
_MARK = "this-is-ringback"


class FolderFiles:
    """`engine.attachments.ports.Files`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def prepare(self) -> None:
        """Make the folder if it is not there. Raises OSError."""
        if not self._folder.exists():
            self._folder.mkdir(parents=True, mode=0o700)
        mark = self._folder / _MARK
        if not mark.exists() and not any(self._folder.iterdir()):
            mark.touch(mode=0o600)

    async def put(self, key: str, path: Path) -> None:
        try:
            await asyncio.to_thread(self._put, key, path)
        except OSError as error:
            raise _unavailable(error) from error

    def _put(self, key: str, path: Path) -> None:
        if not (self._folder / _MARK).exists():
            raise FileNotFoundError(2, "the folder of attachments is not there")
        target = self._path(key)
        if not target.parent.exists():
            target.parent.mkdir(mode=0o700, exist_ok=True)
            _sync(self._folder)
        try:
            with path.open("rb+") as file:
                os.fsync(file.fileno())
            path.replace(target)
        except OSError as error:
            if error.errno != 18:  # EXDEV: the folder is on another file system
                raise
            beside = target.with_name(f"{target.name}.part")
            with path.open("rb") as source, beside.open("wb") as copy:
                shutil.copyfileobj(source, copy, _CHUNK)
                copy.flush()
                os.fsync(copy.fileno())
            beside.replace(target)
        target.chmod(0o600)
        _sync(target.parent)

    async def read(self, key: str, start: int, end: int) -> AsyncGenerator[bytes, None]:
        try:
            file = await asyncio.to_thread(self._path(key).open, "rb")
        except FileNotFoundError:
            raise gone() from None
        except OSError as error:
            raise _unavailable(error) from error
        try:
            await asyncio.to_thread(file.seek, start)
            while start < end:
                piece = await asyncio.to_thread(file.read, min(_CHUNK, end - start))
                if not piece:
                    raise FilesUnavailable("The file is shorter than it was.")
                start += len(piece)
                yield piece
        finally:
            file.close()

    async def has(self, key: str) -> bool:
        def work() -> bool:
            if self._path(key).is_file():
                return True
            if not (self._folder / _MARK).exists():
                raise FilesUnavailable("The folder of attachments is not there.")
            return False

        return await asyncio.to_thread(work)

    async def remove(self, keys: Sequence[str]) -> None:
        def work() -> None:
            for key in keys:
                with contextlib.suppress(FileNotFoundError):
                    self._path(key).unlink()

        try:
            await asyncio.to_thread(work)
        except OSError as error:
            raise _unavailable(error) from error

    async def all(self) -> AsyncIterator[Sequence[StoredFile]]:
        if not await asyncio.to_thread((self._folder / _MARK).exists):
            raise FilesUnavailable("The folder of attachments is not there.")
        try:
            for folder in await asyncio.to_thread(lambda: sorted(self._folder.glob("[0-9a-f][0-9a-f]"))):
                yield await asyncio.to_thread(_listed, folder)
        except OSError as error:
            raise _unavailable(error) from error

    def _path(self, key: str) -> Path:
        """The last digits of an id are random; the first ones are the time."""
        name = key.partition(".")[0]
        return self._folder / name[-2:] / key


def _listed(folder: Path) -> list[StoredFile]:
    found = []
    with os.scandir(folder) as entries:
        for entry in entries:
            with contextlib.suppress(FileNotFoundError):
                state = entry.stat(follow_symlinks=False)
                found.append(StoredFile(entry.name, state.st_size, state.st_mtime_ns // 1_000_000))
    return found


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _unavailable(error: OSError) -> FilesUnavailable:
    """The system's words name paths, so they are for the log alone."""
    return FilesUnavailable("Files cannot be kept or read now.", native={"errno": error.errno or 0})

"""Files in memory, and somebody who looks at files and believes them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from pathlib import Path

from engine.attachments.errors import FilesUnavailable, gone
from engine.attachments.kinds import Kind
from engine.attachments.models import Checked
from engine.attachments.ports import StoredFile


class MemoryFiles:
    """`engine.attachments.ports.Files`. now_ms: the time files are put at. down: nothing works."""

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self._now_ms = now_ms
        self.kept: dict[str, tuple[bytes, int]] = {}
        self.down = False

    def _work(self) -> None:
        if self.down:
            raise FilesUnavailable("Files cannot be kept or read now.")

    async def put(self, key: str, path: Path) -> None:
        self._work()
        self.kept[key] = (path.read_bytes(), self._now_ms())  # noqa: ASYNC240

    async def read(self, key: str, start: int, end: int) -> AsyncGenerator[bytes, None]:
        self._work()
        if key not in self.kept:
            raise gone()
        yield self.kept[key][0][start:end]

    async def has(self, key: str) -> bool:
        self._work()
        return key in self.kept

    async def remove(self, keys: Sequence[str]) -> None:
        self._work()
        for key in keys:
            self.kept.pop(key, None)

    async def all(self) -> AsyncIterator[Sequence[StoredFile]]:
        self._work()
        yield [StoredFile(key, len(octets), at_ms) for key, (octets, at_ms) in self.kept.items()]


class Believer:
    """`engine.attachments.ports.Inspector`."""

    async def check(
        self, path: Path, kind: Kind, extension: str, rewritten: Path, thumbnail: Path
    ) -> Checked:
        return Checked(kind.content_type)

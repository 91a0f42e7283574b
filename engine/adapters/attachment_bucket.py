"""Attachments in S3, or in what speaks like it. The only importer of obstore, an extra (`ringback[s3]`)."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from engine.attachments.errors import FilesUnavailable, gone
from engine.attachments.ports import StoredFile
from engine.attachments.settings import AttachmentSettings
from engine.errors import NotFound

#: What is fetched at once; a part of S3's own.
_CHUNK = 1024 * 1024
_LISTED = 500


class BucketFiles:
    """`engine.attachments.ports.Files`. Raises FilesUnavailable at once where obstore is not installed."""

    def __init__(self, settings: AttachmentSettings) -> None:
        try:
            import obstore
            from obstore.store import S3Store
        except ImportError as error:
            raise FilesUnavailable(
                "Attachments in S3 need the package obstore: install ringback[s3].", code="s3_not_installed"
            ) from error
        self._obstore = obstore
        options: dict[str, Any] = {"region": settings.s3_region, "virtual_hosted_style_request": False}
        if settings.s3_endpoint:
            options["endpoint"] = settings.s3_endpoint
            options["client_options"] = {"allow_http": settings.s3_endpoint.startswith("http://")}
        if settings.s3_access_key_id:
            options["access_key_id"] = settings.s3_access_key_id
            options["secret_access_key"] = settings.s3_secret_access_key
        self._store = S3Store(
            settings.s3_bucket,
            prefix=settings.s3_prefix.strip("/") or None,
            retry_config={"max_retries": 3},
            **options,
        )

    async def put(self, key: str, path: Path) -> None:
        async with _translated(missing_key=False):
            await self._obstore.put_async(self._store, key, path)

    async def read(self, key: str, start: int, end: int) -> AsyncGenerator[bytes, None]:
        while start < end:
            upto = min(start + _CHUNK, end)
            async with _translated():
                piece = bytes(await self._obstore.get_range_async(self._store, key, start=start, end=upto))
            if not piece:
                raise FilesUnavailable("The file is shorter than it was.")
            start += len(piece)
            yield piece

    async def has(self, key: str) -> bool:
        try:
            async with _translated():
                await self._obstore.head_async(self._store, key)
        except NotFound:
            return False
        return True

    async def remove(self, keys: Sequence[str]) -> None:
        if keys:
            async with _translated():
                await self._obstore.delete_async(self._store, list(keys))

    async def all(self) -> AsyncIterator[Sequence[StoredFile]]:
        async with _translated(missing_key=False):
            async for some in self._obstore.list(self._store, chunk_size=_LISTED):
                yield [
                    StoredFile(one["path"], one["size"], int(one["last_modified"].timestamp() * 1000))
                    for one in some
                ]


@asynccontextmanager
async def _translated(*, missing_key: bool = True) -> AsyncIterator[None]:
    """The bucket's errors as ours. Its words name addresses and keys, so they go no further.

    missing_key: whether what is not found is a key; else it is the bucket itself.
    """
    try:
        yield
    except Exception as error:
        if missing_key and isinstance(error, FileNotFoundError):
            raise gone() from None
        raise FilesUnavailable(
            "Files cannot be kept or read now.", native={"error": type(error).__name__}
        ) from error

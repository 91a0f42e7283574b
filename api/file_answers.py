"""Files as answers: in parts, named, and never run by the browser that gets them.

Whatever a file is, it comes with `nosniff`, a content policy that lets nothing in it run or load, and, unless
it is a picture we have written ourselves, as a download.
Source: RFC 9110 §14 (ranges); RFC 6266 §4, RFC 8187 (names); CSP 3 §6.3.2 (sandbox).
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from urllib.parse import quote

from aiohttp import hdrs, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.payload import Payload

from api.ranges import headers_of, part_wanted
from engine.attachments.kinds import KINDS
from engine.attachments.models import Attachment

#: Everything a file may be, as a route declares it.
CONTENT_TYPES = ", ".join(sorted({kind.content_type for kind in KINDS}))

#: What browsers may show as it is: pictures that were written anew from their pixels.
_SHOWN = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
_POLICY = "sandbox; default-src 'none'; style-src 'none'; frame-ancestors 'none'"

#: Octets from start up to and without end.
Read = Callable[[int, int], AsyncGenerator[bytes, None]]


class _Pieces(Payload):
    """A body that is read while it is written. It cannot be read twice."""

    def __init__(
        self, pieces: AsyncGenerator[bytes, None], first: bytes, octets: int, content_type: str
    ) -> None:
        super().__init__(pieces, content_type=content_type)
        self._pieces = pieces
        self._first = first
        self._size = octets

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        raise TypeError("a file is not text")

    async def write(self, writer: AbstractStreamWriter) -> None:
        await self.write_with_length(writer, None)

    async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:
        """What goes wrong from here on ends the connection: the length has been stated."""
        async with aclosing(self._pieces):
            await writer.write(self._first)
            async for piece in self._pieces:
                await writer.write(piece)


async def file_answer(
    request: web.Request, file: Attachment, read: Read, *, thumbnail: bool = False
) -> web.Response:
    """The file, or the part of it that is asked for.

    Raises RangeNotSatisfiable, or what `read` raises before its first octet.
    """
    octets = file.thumbnail_octets if thumbnail else file.octets
    content_type = "image/webp" if thumbnail else file.content_type
    etag = f'"{file.id}{".t" if thumbnail else ""}"'
    part = part_wanted(request.headers, octets, etag, file.created_ms)
    headers = headers_of(part, octets, etag, file.created_ms)
    headers[hdrs.CONTENT_DISPOSITION] = _disposition(file.filename, shown=content_type in _SHOWN)
    headers["Content-Security-Policy"] = _POLICY
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
    headers["Referrer-Policy"] = "no-referrer"
    if part.status == 304:
        return web.Response(status=304, headers=headers)
    pieces = read(part.start, part.end)
    # Read before the answer begins, so that a file that is gone is a problem of its own.
    first = await anext(pieces, b"")
    body = _Pieces(pieces, first, part.end - part.start, content_type)
    return web.Response(status=part.status, body=body, headers=headers)


def _disposition(filename: str, *, shown: bool) -> str:
    plain = "".join(one if " " <= one <= "~" and one not in '"\\%;' else "_" for one in filename)
    kind = "inline" if shown else "attachment"
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='')}"

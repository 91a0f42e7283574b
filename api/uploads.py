"""Bodies that are files: read by the handler that wants one, up to a limit of its own."""

from __future__ import annotations

from collections.abc import Collection

from aiohttp import hdrs, web

from api.problems import BodyTooLarge, UnsupportedMediaType


async def read_upload(http: web.Request, media_types: Collection[str], most_octets: int) -> tuple[str, bytes]:
    """The media type, one of those wanted, and the body. Raises UnsupportedMediaType or BodyTooLarge."""
    media_type = http.content_type
    if media_type not in media_types or hdrs.CONTENT_TYPE not in http.headers:
        raise UnsupportedMediaType(f"Send the body as {' or '.join(sorted(media_types))}.")
    if http.headers.get(hdrs.CONTENT_ENCODING, "identity") != "identity":
        raise UnsupportedMediaType("Send the body uncompressed.")
    octets = bytearray()
    async for piece in http.content.iter_any():
        octets += piece
        if len(octets) > most_octets:
            raise BodyTooLarge(f"A body may have {most_octets} octets here.")
    return media_type, bytes(octets)

"""`ringback voicemail-fetcher`: gives a voicemail spool to a Ringback on another machine, and nothing else.

It reads mailboxes and recordings below one folder, for whoever has the token. It changes nothing: that is
the PBX's, over AMI. Answers are those of `SpoolFiles`, so the same names and links are refused here.

GET /v1/mailboxes/{context}/{mailbox}[?known=token]                    the listing as JSON; 304 when unchanged
GET /v1/mailboxes/{context}/{mailbox}/messages/{message_id}/{copy}     the recording; Range: bytes=a-b
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import structlog
from aiohttp import hdrs, web

from engine.adapters.voicemail_spool import LocalSpool
from engine.errors import EngineError, NotFound, PeerUnavailable
from engine.voicemail.models import Box

log = structlog.get_logger(__name__)

_BOX = "/v1/mailboxes/{context}/{mailbox}"
_SOUND = _BOX + "/messages/{message_id}/{copy:[0-9]{1,4}}"


def build_fetcher(root: Path, token: str) -> web.Application:
    """The application. root: Asterisk's `voicemail` folder. token: what every request has to bring."""
    spool = LocalSpool(root)
    expected = f"Bearer {token}".encode()

    @web.middleware
    async def guard(request: web.Request, handler: Any) -> web.StreamResponse:
        given = request.headers.get(hdrs.AUTHORIZATION, "").encode("utf-8", "surrogateescape")
        if not hmac.compare_digest(given, expected):
            return _problem(401, "unauthenticated", "The token is missing or another one.")
        try:
            answer: web.StreamResponse = await handler(request)
            return answer
        except EngineError as error:
            status = (
                404 if isinstance(error, NotFound) else 503 if isinstance(error, PeerUnavailable) else 409
            )
            return _problem(status, error.code, error.detail)

    async def listing(request: web.Request) -> web.StreamResponse:
        box = _box(request)
        found = await spool.listing(box, request.query.get("known"))
        if found is None:
            return web.Response(status=304)
        return web.Response(body=msgspec.json.encode(found), content_type="application/json")

    async def sound(request: web.Request) -> web.StreamResponse:
        match = request.match_info
        audio = await spool.audio(_box(request), match["message_id"], int(match["copy"]))
        try:
            try:
                start, stop, _ = request.http_range.indices(audio.octets)
            except ValueError:
                start, stop = 0, 0
            wanted = request.headers.get(hdrs.IF_MATCH)
            if wanted is not None and wanted != audio.etag:
                return _problem(412, "changed", "It is another recording by now.")
            if start >= stop:
                return _problem(416, "range_not_satisfiable", "There is no such part of it.")
            response = web.StreamResponse(status=206)
            response.content_type = audio.media_type
            response.content_length = stop - start
            response.headers[hdrs.CONTENT_RANGE] = f"bytes {start}-{stop - 1}/{audio.octets}"
            response.headers[hdrs.ETAG] = audio.etag
            response.headers["X-Modified-Ms"] = str(audio.modified_ms)
            await response.prepare(request)
            async for piece in audio.pieces(start, stop):
                await response.write(piece)
            await response.write_eof()
            return response
        finally:
            await audio.close()

    app = web.Application(middlewares=[guard], client_max_size=1)
    app.router.add_get(_BOX, listing, allow_head=False)
    app.router.add_get(_SOUND, sound, allow_head=False)
    return app


@contextlib.asynccontextmanager
async def serving_fetcher(
    root: Path, token: str, host: str, port: int, tls: ssl.SSLContext | None = None
) -> AsyncIterator[tuple[str, int]]:
    """Serve while the block runs; yields the address. Raises OSError, or SpoolUnavailable without a root."""
    await asyncio.to_thread(LocalSpool(root).check)
    runner = web.AppRunner(build_fetcher(root, token), access_log=None, shutdown_timeout=5.0)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port, ssl_context=tls)
        await site.start()
        bound_host, bound_port = runner.addresses[0][:2]
        log.info("voicemail.fetcher_started", host=bound_host, port=bound_port)
        yield bound_host, bound_port
    finally:
        await runner.cleanup()


def _box(request: web.Request) -> Box:
    return Box("", request.match_info["context"], request.match_info["mailbox"])


def _problem(status: int, code: str, detail: str) -> web.Response:
    return web.json_response({"code": code, "detail": detail}, status=status)

"""Requests that cannot be read: no HTTP, broken off, or never finished.

They are answered with a problem like all others. aiohttp would answer in plain text, log the octets that it
could not read (what somebody searched for, a credential), and wait for ever for what is still to come.
Source: RFC 9112 §2.2, §3, §5 (what may be refused), §9.5 (time-outs), §9.6 (close after it).
"""

from __future__ import annotations

import asyncio
import traceback
from typing import Any

import structlog
from aiohttp import hdrs, web

from api.front_door import FrontDoor
from api.problems import MalformedRequest

log = structlog.get_logger("api")


async def go_on(request: web.Request) -> None:
    """Tell who waits with the body to send it. Any other expectation is nobody's here, and may be ignored.

    Source: RFC 9110 §10.1.1.
    """
    if request.headers.get(hdrs.EXPECT, "").lower() == "100-continue":
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        # What is sent before the answer itself is no part of it.
        request.writer.output_size = 0


class Connection(web.RequestHandler):
    """aiohttp's side of one connection, closed when its client leaves a request unfinished and falls silent.

    patience_s: how long it may be silent, and idle between requests. limits: aiohttp's settings, by name.
    """

    __slots__ = ("_door", "_heard_at", "_patience_s", "_watch")

    def __init__(self, server: web.Server, door: FrontDoor, patience_s: float, **limits: Any) -> None:
        loop = asyncio.get_running_loop()
        # The front door writes one line a request, and none on the hot path: hence no access log.
        super().__init__(
            server,
            loop=loop,
            access_log=None,  # type: ignore[arg-type]
            keepalive_timeout=patience_s,
            **limits,
        )
        self._door = door
        self._patience_s = patience_s
        self._heard_at = loop.time()
        self._watch: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._watch = self._loop.call_later(self._patience_s, self._check_silence)

    def data_received(self, data: bytes) -> None:
        self._heard_at = self._loop.time()
        super().data_received(data)

    def connection_lost(self, exc: BaseException | None) -> None:
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
        super().connection_lost(exc)

    def _check_silence(self) -> None:
        """A handler that has its request whole may take its time; between requests aiohttp keeps the time."""
        request = self._current_request
        unfinished = not self._request_count if request is None else not request.content.is_eof()
        left_s = self._heard_at + self._patience_s - self._loop.time()
        if unfinished and not self._reading_paused and left_s <= 0:
            self.force_close()
            return
        self._watch = self._loop.call_later(left_s if left_s > 0 else self._patience_s, self._check_silence)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """The answer to what aiohttp could not read or finish; the connection closes behind it.

        Raises ConnectionError when an answer has begun, since there is no taking it back.
        """
        identity = self._door.ids.of(None)
        if status < 500:
            reason = type(exc).__name__
            log.info("api.request_unreadable", reason=reason, remote=request.remote, request_id=identity)
            error: Exception = MalformedRequest(
                "This is no HTTP request, its method is unknown, or its first line or headers are too long.",
                code="unreadable_request",
            )
        else:
            error = exc if isinstance(exc, Exception) else RuntimeError("aiohttp failed")
        if request.writer.output_size > 0:
            raise ConnectionError("an answer has begun")
        response = self._door.failed(hdrs.METH_POST, error, identity)
        self._door.finish(request, response, identity)
        response.force_close()
        return response

    def log_exception(self, *args: Any, **kw: Any) -> None:
        """What went wrong and where, without what the error says: that quotes what came."""
        error = kw.get("exc_info")
        if isinstance(error, BaseException):
            frames = traceback.extract_tb(error.__traceback__)[-3:]
            where = [f"{frame.filename}:{frame.lineno}" for frame in frames]
            log.error("api.connection_failed", reason=type(error).__name__, where=where)

"""Answers as bytes: the success side of what `problems` is for failure."""

from __future__ import annotations

import time
from collections.abc import Callable
from email.utils import formatdate
from functools import lru_cache
from typing import TypeVar

from aiohttp import HttpVersion11, hdrs, web
from aiohttp.abc import AbstractStreamWriter
from multidict import CIMultiDict

from api.problems import CONTENT_TYPE as PROBLEM_JSON
from api.schema import Resource
from engine.idempotency import Replayed

T = TypeVar("T")

JSON = "application/json"
_JSON_HEADERS = CIMultiDict({hdrs.CONTENT_TYPE: JSON})


def json_answer(status: int, resource: Resource) -> web.Response:
    return json_bytes(status, resource.json_text().encode())


def json_bytes(status: int, body: bytes) -> web.Response:
    return web.Response(status=status, body=body, headers=_JSON_HEADERS)


class QuickAnswer(web.Response):
    """An answer written as one piece, for the hot path: aiohttp's own way costs 25 us more.

    Only to HTTP/1.1 with keep-alive; any other request is answered aiohttp's way. Header values
    must be vetted by whoever sets them: they go out as they are.
    Source: RFC 9112 §2.1, §6.3.
    """

    _whole_to: web.BaseRequest | None = None

    @property
    def keep_alive(self) -> bool | None:
        return True if self._whole_to is not None else super().keep_alive

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        if request.version != HttpVersion11 or not request.keep_alive:
            return await super().prepare(request)
        self._whole_to = request
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        """Raises ConnectionResetError when the client has gone."""
        request = self._whole_to
        if request is None:
            await super().write_eof(data)
            return
        transport = request.transport
        if transport is None or transport.is_closing():
            raise ConnectionResetError("the client has gone")
        body = self.body
        assert isinstance(body, bytes)
        lines = "".join([f"{name}: {value}\r\n" for name, value in self.headers.items()])
        head = (
            f"HTTP/1.1 {self.status} {self.reason}\r\n{lines}"
            f"Content-Length: {len(body)}\r\nDate: {_date(int(time.time()))}\r\n\r\n"
        )
        transport.write(head.encode() + body)
        if transport.get_write_buffer_size():
            await request.writer.drain()


@lru_cache(maxsize=2)
def _date(at_s: int) -> str:
    return formatdate(at_s, usegmt=True)


def quick_answer(status: int, body: bytes) -> web.Response:
    """JSON on the hot path."""
    return QuickAnswer(status=status, body=body, headers=_JSON_HEADERS)


def empty_answer() -> web.Response:
    return web.Response(status=204)


def replayed(earlier: Replayed) -> web.Response:
    """The answer kept for an Idempotency-Key, and a header that says so."""
    headers = {
        hdrs.CONTENT_TYPE: JSON if earlier.status < 400 else PROBLEM_JSON,
        "Idempotency-Replayed": "true",
    }
    return web.Response(status=earlier.status, body=earlier.body.encode(), headers=headers)


def done_once(result: T | Replayed, render: Callable[[T], tuple[int, str]]) -> web.Response:
    """The answer to a request that may carry an Idempotency-Key: rendered now, or the one kept."""
    if isinstance(result, Replayed):
        return replayed(result)
    status, text = render(result)
    return json_bytes(status, text.encode())

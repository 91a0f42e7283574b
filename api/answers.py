"""Answers as bytes: the success side of what `problems` is for failure."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from typing import TypeVar

from aiohttp import HttpVersion11, hdrs, web
from aiohttp.abc import AbstractStreamWriter
from multidict import CIMultiDict

from api.problems import CONTENT_TYPE as PROBLEM_JSON
from api.schema import Resource
from engine.idempotency import Replayed

T = TypeVar("T")

JSON = "application/json"
_REASONS = {status.value: status.phrase for status in HTTPStatus}
_JSON_HEADERS = CIMultiDict({hdrs.CONTENT_TYPE: JSON})


def json_answer(status: int, resource: Resource) -> web.Response:
    return json_bytes(status, resource.json_text().encode())


def json_bytes(status: int, body: bytes) -> web.Response:
    return web.Response(status=status, body=body, headers=_JSON_HEADERS)


@dataclass(slots=True)
class HotAnswer:
    """What the handler of a hot route answers: JSON. How it goes out is the front door's to decide.

    replayed: it is the answer kept for an Idempotency-Key.
    """

    status: int
    body: bytes
    replayed: bool = False

    @property
    def content_type(self) -> str:
        return JSON if self.status < 400 else PROBLEM_JSON

    def response(self) -> web.Response:
        """As aiohttp sends it."""
        headers: dict[str, str] = {hdrs.CONTENT_TYPE: self.content_type}
        if self.replayed:
            headers["Idempotency-Replayed"] = "true"
        return QuickAnswer(status=self.status, body=self.body, headers=headers)

    def octets(self, lines: str) -> bytes:
        """The whole answer. lines: further headers, each with its line end, vetted by the caller."""
        replayed = "Idempotency-Replayed: true\r\n" if self.replayed else ""
        return _octets(self.status, f"Content-Type: {self.content_type}\r\n{replayed}{lines}", self.body)


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
        transport.write(whole(self))
        if transport.get_write_buffer_size():
            await request.writer.drain()


def whole(response: web.Response) -> bytes:
    """A response as octets; its body must be bytes, and whoever set its headers must have vetted them."""
    body = response.body
    assert isinstance(body, bytes)
    lines = "".join([f"{name}: {value}\r\n" for name, value in response.headers.items()])
    return _octets(response.status, lines, body)


def _octets(status: int, lines: str, body: bytes) -> bytes:
    head = (
        f"HTTP/1.1 {status} {_REASONS[status]}\r\n{lines}"
        f"Content-Length: {len(body)}\r\nDate: {_date(int(time.time()))}\r\n\r\n"
    )
    return head.encode() + body


@lru_cache(maxsize=2)
def _date(at_s: int) -> str:
    return formatdate(at_s, usegmt=True)


def empty_answer() -> web.Response:
    return web.Response(status=204)


def replayed(earlier: Replayed) -> web.Response:
    """The answer kept for an Idempotency-Key, and a header that says so."""
    headers = {
        hdrs.CONTENT_TYPE: JSON if earlier.status < 400 else PROBLEM_JSON,
        "Idempotency-Replayed": "true",
    }
    return web.Response(status=earlier.status, body=earlier.body.encode(), headers=headers)


def hot_replayed(earlier: Replayed) -> HotAnswer:
    """`replayed` for a hot route."""
    return HotAnswer(earlier.status, earlier.body.encode(), replayed=True)


def done_once(result: T | Replayed, render: Callable[[T], tuple[int, str]]) -> web.Response:
    """The answer to a request that may carry an Idempotency-Key: rendered now, or the one kept."""
    if isinstance(result, Replayed):
        return replayed(result)
    status, text = render(result)
    return json_bytes(status, text.encode())

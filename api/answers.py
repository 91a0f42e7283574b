"""Answers as bytes: the success side of what `problems` is for failure."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from aiohttp import hdrs, web
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

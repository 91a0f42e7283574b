"""What can go wrong with a request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec


class RingbackError(Exception):
    """Everything this package raises on purpose."""


class Unreachable(RingbackError):
    """No answer came. What a request without an Idempotency-Key has done is not known then."""


class Problem(RingbackError):
    """The server refused; see RFC 9457.

    code: stable, decide by it. detail: for a person. field: where the fault is, a JSON pointer. errors:
    every fault of the body, where there are several. retryable: whether the same may succeed later.
    """

    def __init__(self, document: Mapping[str, Any], status: int) -> None:
        self.status = status
        self.code = str(document.get("code", "unknown"))
        self.detail = str(document.get("detail", ""))
        self.request_id = document.get("request_id")
        self.retryable = bool(document.get("retryable", False))
        self.field = document.get("field")
        self.retry_after_s = document.get("retry_after_s")
        self.native: Mapping[str, Any] = document.get("native") or {}
        self.errors: Sequence[Mapping[str, Any]] = document.get("errors") or ()
        super().__init__(f"{status} {self.code}: {self.detail}")


def problem_of(status: int, octets: bytes) -> Problem:
    """Also for what is none, say a page of a proxy in between."""
    try:
        document = msgspec.json.decode(octets)
    except msgspec.DecodeError:
        document = None
    if not isinstance(document, dict) or "code" not in document:
        document = {"code": "not_a_problem", "detail": f"Something answered {status} that is not Ringback."}
        document["retryable"] = status in (502, 503, 504)
    return Problem(document, status)

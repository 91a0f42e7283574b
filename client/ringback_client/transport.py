"""Requests: credentials, what is repeated safely, and errors."""

from __future__ import annotations

import asyncio
import random
import uuid
from collections.abc import Mapping
from enum import Enum
from types import TracebackType
from typing import Self, TypeVar
from urllib.parse import quote

import aiohttp
import msgspec

from ringback_client.problems import Unreachable, problem_of

T = TypeVar("T")

#: How often a request is sent that was not answered, or answered with "later".
_ATTEMPTS = 4
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.2, 5.0
_REPEATABLE = frozenset({"GET", "PUT", "DELETE"})


class Unset(Enum):
    """The type of UNSET: not given, where None would mean "make it empty"."""

    UNSET = "unset"


UNSET = Unset.UNSET


class Transport:
    """Sends requests with a credential: a key (rbk_), a token (rbt_) or a session (rbs_).

    base_url: where the server is, without /v1. session: one of yours to use; it is not closed then.
    A request that changes something is repeated only under an Idempotency-Key, which the server keeps
    for 72 hours; it is made up where none is given.
    """

    def __init__(
        self,
        base_url: str,
        credential: str | None,
        *,
        session: aiohttp.ClientSession | None = None,
        timeout_s: float = 30.0,
    ) -> None:
        self._base = base_url.rstrip("/")
        self._credential = credential
        self._given = session
        self._session = session
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections, unless the session is yours."""
        if self._session is not None and self._given is None:
            await self._session.close()
            self._session = None

    def use(self, credential: str | None) -> None:
        """Go on with another credential, say that of a session just begun."""
        self._credential = credential

    @property
    def _headers(self) -> dict[str, str]:
        return {} if self._credential is None else {"Authorization": f"Bearer {self._credential}"}

    @property
    def _http(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession()
        return self._session

    @staticmethod
    def _key(given: str | None) -> str:
        return given or str(uuid.uuid4())

    @staticmethod
    def _in_path(value: str) -> str:
        return quote(value, safe="")

    async def _call(
        self,
        method: str,
        path: str,
        answer: type[T],
        *,
        query: Mapping[str, object] | None = None,
        body: Mapping[str, object] | None = None,
        raw: tuple[bytes, str] | None = None,
        idempotency_key: str | None = None,
    ) -> T:
        """Send a request and decode its answer; NoneType where it has none."""
        headers = self._headers
        octets = None
        if raw is not None:
            octets, headers["Content-Type"] = raw
        elif body is not None:
            headers["Content-Type"] = "application/json"
            octets = msgspec.json.encode({name: one for name, one in body.items() if one is not UNSET})
        if idempotency_key is not None:
            headers["Idempotency-Key"] = idempotency_key
        may_repeat = method in _REPEATABLE or idempotency_key is not None
        given = {name: one for name, one in (query or {}).items() if one is not UNSET and one is not None}
        parameters = {name: _text(one) for name, one in given.items()}
        for attempt in range(_ATTEMPTS):
            last = attempt == _ATTEMPTS - 1 or not may_repeat
            try:
                async with self._http.request(
                    method, self._base + path, params=parameters, data=octets, headers=headers,
                    timeout=self._timeout, allow_redirects=False,
                ) as response:  # fmt: skip
                    got = await response.read()
                    status = response.status
            except (aiohttp.ClientConnectionError, TimeoutError) as error:
                if last:
                    raise Unreachable(f"{method} {path}: {error or type(error).__name__}") from error
                await asyncio.sleep(_pause_s(attempt))
                continue
            if 200 <= status < 300:
                return _decoded(got, answer)
            problem = problem_of(status, got)
            if last or not problem.retryable or status not in (429, 503):
                raise problem
            await asyncio.sleep(max(_pause_s(attempt), float(problem.retry_after_s or 0)))
        raise AssertionError("the last attempt returns or raises")


def _decoded(octets: bytes, answer: type[T]) -> T:
    if isinstance(octets, answer):
        return octets
    return msgspec.json.decode(octets or b"null", type=answer)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _pause_s(attempt: int) -> float:
    return random.uniform(0.5, 1.0) * min(_FIRST_PAUSE_S * 2.0**attempt, _LONGEST_PAUSE_S)  # noqa: S311

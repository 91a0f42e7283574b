"""Requests to addresses that somebody else chose, over aiohttp: see `engine/outbound.py` for the rules.

Each address is judged where its socket is made, so neither a name that changes its answer nor a way
of writing an address gets past it.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Mapping
from ipaddress import ip_address
from types import TracebackType
from typing import Any, Self

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from engine.clock import Clock
from engine.errors import InvalidRequest
from engine.outbound import (
    MAX_ANSWER_OCTETS,
    TIME_LIMIT_S,
    Answer,
    OutboundFailed,
    OutboundSettings,
    checked_url,
    may_connect,
    retry_after_s,
)

#: Names looked up at the same time. The system's resolver holds a thread until it gives up, so one name
#: that nobody answers for is asked for once, and many of them cannot take every thread of the process.
_LOOKUPS = 64

_IDLE_S = 30.0  # how long a connection is kept for the next request


class OutboundClient:
    """Implements `Outbound`. Make and close it on the loop that uses it.

    The number of connections is the callers' to bound: a limit here would let one receiver that hangs
    hold up the others.
    """

    def __init__(self, settings: OutboundSettings, clock: Clock) -> None:
        self._clock = clock
        self._allowed = settings.allowed_networks
        self._resolver = _Resolver()
        tls = ssl.create_default_context()
        tls.minimum_version = ssl.TLSVersion.TLSv1_2
        if settings.ca_file is not None:
            tls.load_verify_locations(settings.ca_file)
        self._secure = self._session(tls)
        self._plain = self._session(False)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close idle connections; requests under way should have been awaited or cancelled."""
        await self._secure.close()
        await self._plain.close()

    async def post(
        self, url: str, body: bytes, headers: Mapping[str, str], *, time_limit_s: float = TIME_LIMIT_S
    ) -> Answer:
        """See `Outbound.post`."""
        try:
            target = URL(checked_url(url))
        except (InvalidRequest, ValueError) as error:
            raise OutboundFailed("The address cannot be used.", code="address_refused") from error
        session = self._secure if target.scheme == "https" else self._plain
        deadline = asyncio.get_running_loop().time() + min(time_limit_s, TIME_LIMIT_S)
        try:
            async with asyncio.timeout_at(deadline):
                answer = await session.post(target, data=body, headers=headers, allow_redirects=False)
        except TimeoutError as error:
            raise OutboundFailed("No answer within the time limit.", code="timed_out") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise _failure(error) from error
        wait_s = retry_after_s(answer.headers.get("Retry-After"), self._clock.now_ms())
        read, complete = await _read(answer, deadline)
        return Answer(answer.status, read, complete, wait_s)

    def _session(self, tls: ssl.SSLContext | bool) -> aiohttp.ClientSession:
        secure = tls is not False

        def make_socket(info: Any) -> socket.socket:
            family, kind, protocol, _, where = info
            address = ip_address(where[0].partition("%")[0])
            if not may_connect(address, secure=secure, allowed=self._allowed):
                raise _Refused
            made = socket.socket(family, kind, protocol)
            made.setblocking(False)
            return made

        connector = aiohttp.TCPConnector(
            ssl=tls if isinstance(tls, ssl.SSLContext) else True,
            resolver=self._resolver,
            socket_factory=make_socket,
            limit=0,
            keepalive_timeout=_IDLE_S,
        )
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,  # nothing of ours reads it, and a small body may unpack to a huge one
            trust_env=False,
            timeout=aiohttp.ClientTimeout(total=None),  # `post` keeps the time, the look-up included
            skip_auto_headers=("User-Agent", "Accept-Encoding"),
            headers={"User-Agent": "Ringback"},
        )


class _Refused(OSError):
    """The address is none that a request may go to."""


class _Resolver(AbstractResolver):
    """Looks names up as the system does, on threads that nobody else waits for."""

    def __init__(self) -> None:
        self._asked: dict[tuple[str, int, int], asyncio.Future[list[ResolveResult]]] = {}

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Raises OSError."""
        question = (host, port, int(family))
        asked = self._asked.get(question)
        if asked is None:
            if len(self._asked) >= _LOOKUPS:
                raise socket.gaierror(socket.EAI_AGAIN, "too many names are being looked up")
            loop = asyncio.get_running_loop()
            asked = self._asked[question] = loop.create_future()
            asked.add_done_callback(lambda done: done.cancelled() or done.exception())
            threading.Thread(target=self._look_up, args=(loop, question, asked), daemon=True).start()
        return await asyncio.shield(asked)

    def _look_up(
        self,
        loop: asyncio.AbstractEventLoop,
        question: tuple[str, int, int],
        asked: asyncio.Future[list[ResolveResult]],
    ) -> None:
        host, port, family = question
        found: list[ResolveResult] | OSError
        try:
            infos = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
            found = [_result(host, port, info) for info in infos]
        except OSError as error:
            found = error
        except ValueError:  # a label that is too long for IDNA
            found = socket.gaierror(socket.EAI_NONAME, "not a name")
        try:
            loop.call_soon_threadsafe(self._answer, question, asked, found)
        except RuntimeError:
            pass  # the loop is gone, and with it whoever asked

    def _answer(
        self,
        question: tuple[str, int, int],
        asked: asyncio.Future[list[ResolveResult]],
        found: list[ResolveResult] | OSError,
    ) -> None:
        del self._asked[question]
        if isinstance(found, OSError):
            asked.set_exception(found)
        else:
            asked.set_result(found)

    async def close(self) -> None:
        """Look-ups under way end by themselves; their answers reach nobody."""


def _result(host: str, port: int, info: Any) -> ResolveResult:
    family, _, protocol, _, where = info
    return ResolveResult(
        hostname=host,
        host=where[0],
        port=port,
        family=family,
        proto=protocol,
        flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
    )


async def _read(answer: aiohttp.ClientResponse, deadline: float) -> tuple[bytes, bool]:
    """The body as far as it came: a status that was given stands, even if the body drips or breaks off."""
    read = bytearray()
    try:
        async with asyncio.timeout_at(deadline):
            async for piece in answer.content.iter_any():
                read += piece
                if len(read) > MAX_ANSWER_OCTETS:
                    return bytes(read[:MAX_ANSWER_OCTETS]), False
        answer.release()  # the connection may be used again
    except (aiohttp.ClientError, OSError):  # TimeoutError is an OSError
        return bytes(read), False
    finally:
        answer.close()
    return bytes(read), True


def _failure(error: BaseException) -> OutboundFailed:
    """What became of a request that got no answer; its text is ours, the peer's may be anything."""
    if isinstance(error, aiohttp.InvalidURL):
        return OutboundFailed("The address cannot be used.", code="address_refused")
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, _Refused):
            return OutboundFailed("The host's address is not one we may reach.", code="address_refused")
        if isinstance(cause, socket.gaierror):
            return OutboundFailed("The host's name has no address.", code="name_not_found")
        cause = getattr(cause, "os_error", None) or cause.__cause__ or cause.__context__
    if isinstance(error, (aiohttp.ClientConnectorSSLError, aiohttp.ClientConnectorCertificateError)):
        return OutboundFailed("TLS with the host failed.", code="tls_failed")
    if isinstance(error, aiohttp.ClientConnectorError):
        return OutboundFailed("The host takes no connection.", code="connection_refused")
    if isinstance(error, (aiohttp.ClientResponseError, aiohttp.ClientPayloadError, ValueError)):
        return OutboundFailed("The answer is not HTTP.", code="answer_malformed")
    return OutboundFailed("The connection was lost.", code="connection_lost")

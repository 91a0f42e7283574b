"""The short way for the few routes that are called thousands of times a second: octets in, octets out.

A connection stays here as long as each of its requests is a plain one to a hot route: whole, alone, every
header known. With the first that is not, it goes to aiohttp, for good, with what was read of it. So this
file need not understand HTTP, only recognise what leaves no doubt; all else is decided in one place.
aiohttp's way of the same request costs four times as much, most of it for what a plain one does not need.
Source: RFC 9112 §2 (message), §3 (request line), §5 (fields), §6.3 (length), §9.3 (persistence).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import cast

from api.front_door import Endpoint

#: What is read of a request, and what says nothing to us. Whatever else there is, is aiohttp's.
_READ = frozenset(
    (
        "authorization",
        "connection",
        "content-length",
        "content-type",
        "host",
        "idempotency-key",
        "x-request-id",
    )
)
_MEANINGLESS = frozenset(
    (
        "accept",
        "accept-encoding",
        "accept-language",
        "cache-control",
        "forwarded",
        "pragma",
        "traceparent",
        "tracestate",
        "user-agent",
        "via",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-proto",
        "x-real-ip",
    )
)
#: Longer heads are aiohttp's to judge.
_MAX_HEAD_OCTETS = 8_190
#: What a client sends before it has its answer is not read beyond this.
_READ_AHEAD_OCTETS = 64 * 1024
_NO_PATH: Mapping[str, str] = {}


def plain_headers(head: bytes) -> Mapping[str, str] | None:
    """Header lines, without the request line, by lower-case name; only those that are read.

    None where anything is out of the ordinary: a name unknown or given twice, octets that are not
    printable ASCII, no Host, a body that is not JSON of a known length, a connection that is not to stay.
    """
    try:
        lines = head.decode("ascii").split("\r\n")
    except UnicodeDecodeError:
        return None
    found: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        name = name.lower()
        if not line.isprintable():
            return None
        if name in _READ:
            if name in found:
                return None
            found[name] = value.strip(" ")
        elif name not in _MEANINGLESS:
            return None
    length = found.get("content-length", "")
    plain = (
        found.get("content-type") == "application/json"
        and found.get("host")
        and length.isdigit()
        and len(length) < 10
        and found.get("connection", "keep-alive").lower() == "keep-alive"
    )
    return found if plain else None


#: Of a route with a parameter: what stands before it, what stands behind it, its name, the endpoint.
_Addressed = tuple[str, str, str, Endpoint]


class HotRoutes:
    """Which endpoint a request line means, where it is a plain one."""

    def __init__(self, endpoints: Iterable[Endpoint]) -> None:
        self._whole: dict[str, Endpoint] = {}
        self._addressed: list[_Addressed] = []
        for one in endpoints:
            line = f"{one.route.method} {one.route.path} HTTP/1.1"
            if not one.served_plainly or line.count("{") > 1:
                continue
            before, _, rest = line.partition("{")
            name, _, behind = rest.partition("}")
            if name:
                self._addressed.append((before, behind, name, one))
            else:
                self._whole[line] = one

    def find(self, line: str) -> tuple[Endpoint, Mapping[str, str]] | None:
        """The endpoint and what the line gives for its parameter; None for whatever is not plain."""
        endpoint = self._whole.get(line)
        if endpoint is not None:
            return endpoint, _NO_PATH
        for before, behind, name, endpoint in self._addressed:
            if line.startswith(before) and line.endswith(behind):
                value = line[len(before) : -len(behind)]
                # Letters, digits and _ alone: nothing escaped, no further step, no query.
                if value.isascii() and value.isidentifier():
                    return endpoint, {name: value}
        return None


class HotLanes:
    """What all lanes of one server share.

    Give it `to_aiohttp`, which makes a protocol of aiohttp's, before the first connection.
    """

    def __init__(self, endpoints: Iterable[Endpoint], max_body_octets: int, keepalive_s: float) -> None:
        self.routes = HotRoutes(endpoints)
        self.max_body_octets = max_body_octets
        self.keepalive_s = keepalive_s
        self.to_aiohttp: Callable[[], asyncio.Protocol] | None = None
        self.open: set[HotLane] = set()
        self.closing = False
        self._last_answered: asyncio.Event = asyncio.Event()

    def __call__(self) -> HotLane:
        """A protocol for a new connection."""
        return HotLane(self)

    def answered(self) -> None:
        """Some lane is idle again."""
        if self.closing and not any(lane.busy for lane in self.open):
            self._last_answered.set()

    async def close(self, within_s: float) -> None:
        """Close idle connections now, busy ones when they have their answer; at most so many seconds."""
        self.closing = True
        for lane in list(self.open):
            if not lane.busy:
                lane.close()
        self.answered()
        try:
            async with asyncio.timeout(within_s):
                await self._last_answered.wait()
        except TimeoutError:
            for lane in list(self.open):
                lane.close()


class HotLane(asyncio.Protocol):
    """One connection, until it closes or is handed to aiohttp. One request at a time, as they came."""

    def __init__(self, lanes: HotLanes) -> None:
        self._lanes = lanes
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._received = b""
        self._task: asyncio.Task[None] | None = None
        self._reading = True
        self._paused = False  # the client does not take its answers
        self._used_at = self._loop.time()
        self._idle: asyncio.TimerHandle | None = None

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Not asserted: uvloop's transports are no asyncio.Transport.
        self._transport = cast(asyncio.Transport, transport)
        if self._lanes.closing:
            transport.close()
            return
        self._lanes.open.add(self)
        self._idle = self._loop.call_later(self._lanes.keepalive_s, self._check_idle)

    def data_received(self, data: bytes) -> None:
        self._received = self._received + data if self._received else data
        if self._task is None and not self._paused:
            self._take()
        elif len(self._received) > _READ_AHEAD_OCTETS:
            self._stop_reading()

    def pause_writing(self) -> None:
        self._paused = True

    def resume_writing(self) -> None:
        self._paused = False
        self._go_on()

    def connection_lost(self, exc: Exception | None) -> None:
        self._leave()
        self._transport = None

    # What the lanes ask.

    @property
    def busy(self) -> bool:
        """Whether a request waits for its answer."""
        return self._task is not None

    def close(self) -> None:
        """What has been written still goes out."""
        if self._transport is not None:
            self._transport.close()

    # Taking requests.

    def _go_on(self) -> None:
        if self._task is None and self._received and not self._paused:
            self._take()
        if not self._reading and len(self._received) <= _READ_AHEAD_OCTETS and self._transport is not None:
            self._reading = True
            self._transport.resume_reading()

    def _take(self) -> None:
        """Serve what has come, wait for the rest of it, or hand it over."""
        data, lanes = self._received, self._lanes
        line_end = data.find(b"\r\n")
        head_end = data.find(b"\r\n\r\n", line_end, _MAX_HEAD_OCTETS)
        line = data[:line_end].decode("latin-1") if line_end > 0 else ""
        found = lanes.routes.find(line)
        headers = plain_headers(data[line_end + 2 : head_end]) if found and head_end > line_end else None
        if found is None or headers is None:
            self._hand_over()
            return
        missing = int(headers["content-length"]) - (len(data) - head_end - 4)
        if missing < 0 or int(headers["content-length"]) > lanes.max_body_octets:
            self._hand_over()
        elif missing == 0:
            self._received = b""
            body, address = data[head_end + 4 :], line.split(" ")[1]
            self._task = self._loop.create_task(self._serve(*found, headers, body, address))

    async def _serve(
        self,
        endpoint: Endpoint,
        path: Mapping[str, str],
        headers: Mapping[str, str],
        body: bytes,
        address: str,
    ) -> None:
        try:
            octets = await endpoint.serve_plain(headers, body, address, path)
        finally:
            self._task = None
            self._lanes.answered()
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        transport.write(octets)
        self._used_at = self._loop.time()
        if self._lanes.closing:
            transport.close()
        elif self._received or not self._reading:
            self._go_on()

    def _hand_over(self) -> None:
        """aiohttp has the connection from here on, beginning with what was read and not answered."""
        transport, to_aiohttp = self._transport, self._lanes.to_aiohttp
        if transport is None or to_aiohttp is None:
            return
        self._leave()
        self._transport = None
        protocol = to_aiohttp()
        transport.set_protocol(protocol)
        protocol.connection_made(transport)
        if not self._reading:
            transport.resume_reading()
        protocol.data_received(self._received)
        self._received = b""

    def _leave(self) -> None:
        self._lanes.open.discard(self)
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None

    def _stop_reading(self) -> None:
        if self._reading and self._transport is not None:
            self._reading = False
            self._transport.pause_reading()

    def _check_idle(self) -> None:
        """Close what has been idle for too long, half a request being idle too."""
        left_s = self._lanes.keepalive_s - (self._loop.time() - self._used_at)
        if self._task is None and left_s <= 0:
            self.close()
            return
        self._idle = self._loop.call_later(max(left_s, 1.0), self._check_idle)

"""The wire between the engine and Asterisk, in hands that can cut it, hold it up, and slow it down.

TCP loses nothing on the way, so neither does this: bytes held up arrive late or, when the link is
then cut, never.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

_HOST = "127.0.0.1"


class LinkProxy:
    """Passes bytes on in both directions, until told otherwise.

    open: whether new links are let through. delay_s: added to whatever passes. trap: `before` cuts
    the link instead of passing on the next Originate, `after` right behind it; None does neither.
    """

    def __init__(self, port: int) -> None:
        """port: where Asterisk's AMI listens."""
        self.upstream_port = port
        self.port = 0
        self.open = True
        self.delay_s = 0.0
        self.trap: str | None = None
        self.links = 0
        self._held = False
        self._pairs: set[_Pair] = set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[LinkProxy]:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: _Side(_Pair(self), is_engine=True), _HOST, 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            self.cut()

    def cut(self, *, reset: bool = True) -> None:
        """Drop every link: with a reset, or as if both sides had closed."""
        self._held = False
        for pair in list(self._pairs):
            pair.cut(reset=reset)

    def hold(self) -> None:
        """A black hole: whatever comes from now on stays here."""
        self._held = True
        for pair in self._pairs:
            pair.hold()

    def release(self) -> None:
        """What was held up arrives, late."""
        self._held = False
        for pair in self._pairs:
            pair.release()


class _Pair:
    """One link: the engine's side and Asterisk's."""

    def __init__(self, proxy: LinkProxy) -> None:
        self.proxy = proxy
        self.engine: _Side | None = None
        self.asterisk: _Side | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._early = b""
        self._last_at = {True: 0.0, False: 0.0}  # when the last delayed bytes of a direction are due

    def begin(self, engine: _Side) -> None:
        self.engine = engine
        if not self.proxy.open:
            engine.abort()
            return
        self.proxy.links += 1
        self.proxy._pairs.add(self)
        self._connecting = asyncio.create_task(self._connect())

    async def _connect(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            _, side = await loop.create_connection(
                lambda: _Side(self, is_engine=False), _HOST, self.proxy.upstream_port
            )
        except OSError:  # Asterisk is down, and so is its port
            self.cut(reset=True)
            return
        self.asterisk = side
        if self.proxy._held:
            self.hold()
        early, self._early = self._early, b""
        if early:
            side.write(early)

    def pass_on(self, data: bytes, *, from_engine: bool) -> None:
        trap = self.proxy.trap if from_engine and b"Action: Originate" in data else None
        if trap is not None:
            self.proxy.trap = None
        if trap == "before":
            self.cut(reset=True)
            return
        loop = asyncio.get_running_loop()
        # Never before what came earlier: this is TCP. Timers of one moment run in any order.
        at = max(loop.time() + self.proxy.delay_s, self._last_at[from_engine] + 1e-6)
        if at > loop.time():
            self._last_at[from_engine] = at
            loop.call_at(at, self._deliver, data, from_engine)
        else:
            self._deliver(data, from_engine)
        if trap == "after":
            if self.engine is not None:
                self.engine.abort()
            if self.asterisk is not None:
                self.asterisk.close()  # what was written still arrives

    def _deliver(self, data: bytes, from_engine: bool) -> None:
        side = self.asterisk if from_engine else self.engine
        if side is not None:
            side.write(data)
        elif from_engine:
            self._early += data

    def hold(self) -> None:
        for side in (self.engine, self.asterisk):
            if side is not None:
                side.pause()

    def release(self) -> None:
        for side in (self.engine, self.asterisk):
            if side is not None:
                side.resume()

    def cut(self, *, reset: bool) -> None:
        self.proxy._pairs.discard(self)
        if self._connecting is not None and self.asterisk is None:
            self._connecting.cancel()
        for side in (self.engine, self.asterisk):
            if side is not None:
                side.abort() if reset else side.close()


class _Side(asyncio.Protocol):
    def __init__(self, pair: _Pair, *, is_engine: bool) -> None:
        self._pair = pair
        self._is_engine = is_engine
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        if self._is_engine:
            self._pair.begin(self)

    def data_received(self, data: bytes) -> None:
        self._pair.pass_on(data, from_engine=self._is_engine)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._pair.cut(reset=exc is not None)

    def write(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def pause(self) -> None:
        if self._transport is not None:
            self._transport.pause_reading()

    def resume(self) -> None:
        if self._transport is not None:
            self._transport.resume_reading()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

"""The event socket: one reader's connection, and the set of all of them.

Three things happen to a connection at once: it reads (a cursor, or nothing), it follows the log and
the bus into its outbox, and it sends what the outbox holds. When the outbox is half full, following
waits; what the bus drops meanwhile comes from the log. A reader that makes no room in time is closed,
and nobody else has waited for it. Timers are one loop for all connections.
Close codes: 1001 stopping, 4001 credential ended, 4002 a frame it may not send, 4008 too slow.
Source: RFC 6455 §7.4 (close codes), §10.2 (Origin).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Annotated

import msgspec
import structlog
from aiohttp import WSMessage, WSMsgType, web

from api.event_frames import Cursor, EventFrames, Outbox, checked_cursor, control_frame, may_see
from api.event_position import Position
from api.metrics import ApiMetrics
from api.problems import MalformedRequest
from api.schema import at
from api.settings import ApiSettings
from engine.accounts.models import Principal
from engine.clock import Clock
from engine.errors import EngineError, RateLimited, StorageUnavailable
from engine.events import Event
from engine.services import Closed, Overflowed, Services

log = structlog.get_logger("api")

GOING_AWAY = 1001
CREDENTIAL_ENDED = 4001
BAD_FRAME = 4002
STORAGE_FAILED = 1011
SLOW_READER = 4008

#: A reader says which cursor it continues from, and nothing else.
MAX_FRAME_OCTETS = 8_192
#: Each subscribe may cost a replay; a reader that needs more than this a minute is broken.
SUBSCRIBES_A_MINUTE = 20
#: How long a peer may take to answer our close frame.
CLOSE_WITHIN_S = 3.0
#: Credentials asked about at once when they are due.
_CHECKS_AT_ONCE = 32


class Subscribe(msgspec.Struct, forbid_unknown_fields=True, tag="subscribe", tag_field="type"):
    """The one frame a reader may send: continue after this cursor; without one, from now."""

    cursor: Annotated[dict[str, int], msgspec.Meta(max_length=101)] | None = None


_decode = msgspec.json.Decoder(Subscribe).decode


class _Ended(Exception):
    """The connection is to be closed with this code."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class EventSocket:
    """One reader's connection. Times are monotonic seconds."""

    def __init__(
        self,
        sockets: EventSockets,
        principal: Principal,
        streams: Sequence[str],
        cursor: Cursor | None,
        now: float,
    ) -> None:
        settings = sockets.settings
        self.principal = principal
        self.heartbeat_at = now + settings.heartbeat_s
        self.check_at = now + settings.recheck_credential_s
        self._sockets = sockets
        self._cursor = cursor
        self._position = Position(sockets.services.event_log, streams)
        self._outbox = Outbox(settings.socket_buffer_octets, settings.socket_buffer_events)
        self._filled = asyncio.Event()
        self._drained = asyncio.Event()
        self._end: asyncio.Future[_Ended] = asyncio.get_running_loop().create_future()
        self._subscribes = 0
        self._subscribes_since = now

    async def run(self, request: web.Request) -> web.WebSocketResponse:
        """Serve the connection until it ends. Raises MalformedRequest before the upgrade."""
        heartbeat_s = self._sockets.settings.heartbeat_s
        ws = web.WebSocketResponse(
            heartbeat=heartbeat_s,
            timeout=CLOSE_WITHIN_S,
            max_msg_size=MAX_FRAME_OCTETS,
            compress=False,  # a quarter of a megabyte a connection, for frames of 200 octets
            autoclose=True,
        )
        if not ws.can_prepare(request):
            raise MalformedRequest("The WebSocket handshake is malformed.", code="bad_handshake")
        await ws.prepare(request)
        transport = request.transport
        following = asyncio.create_task(self._follow("hello", self._cursor))
        sending = asyncio.create_task(self._send(ws))
        reading = asyncio.create_task(self._read(ws))
        try:
            while True:
                await asyncio.wait(
                    (self._end, following, sending, reading), return_when=asyncio.FIRST_COMPLETED
                )
                if reading.done() and not reading.cancelled() and reading.exception() is None:
                    wanted = reading.result()
                    if wanted is None:
                        break
                    await _stopped(following)
                    following = asyncio.create_task(self._follow("subscribed", wanted.cursor))
                    reading = asyncio.create_task(self._read(ws))
                    continue
                break
            await self._close(ws, _reason(self._end, following, sending, reading))
        finally:
            for task in (following, sending, reading):
                await _stopped(task)
            if transport is not None and (not ws.closed or transport.get_write_buffer_size()):
                transport.abort()  # a peer that does not read would hold what is buffered for ever
        return ws

    def end(self, code: int, reason: str) -> None:
        """Have the connection closed; the first reason counts."""
        if not self._end.done():
            self._end.set_result(_Ended(code, reason))

    def beat(self, now: float, wall_ms: int) -> None:
        """Send the high-water mark. now: monotonic; wall_ms: for the reader."""
        self.heartbeat_at = now + self._sockets.settings.heartbeat_s
        if self._outbox.half_empty:  # else it has enough to read
            self._put(control_frame("heartbeat", self._position.passed, at=at(wall_ms)))

    # Reading.

    async def _read(self, ws: web.WebSocketResponse) -> Subscribe | None:
        """The next subscribe frame; None when the peer has closed."""
        message: WSMessage = await ws.receive()
        if message.type is not WSMsgType.TEXT:
            if message.type is WSMsgType.BINARY:
                raise _Ended(BAD_FRAME, "bad_frame")
            return None
        try:
            wanted = _decode(message.data)
            if wanted.cursor is not None:
                checked_cursor(wanted.cursor)
        except (ValueError, EngineError):
            raise _Ended(BAD_FRAME, "bad_frame") from None
        now = self._sockets.clock.monotonic()
        if now - self._subscribes_since > 60:
            self._subscribes, self._subscribes_since = 0, now
        self._subscribes += 1
        if self._subscribes > SUBSCRIBES_A_MINUTE:
            raise _Ended(BAD_FRAME, "too_many_subscribes")
        return wanted

    # Following the log and the bus.

    async def _follow(self, greeting: str, cursor: Mapping[str, int] | None) -> None:
        """Bring every event after the cursor into the outbox, then those that are committed from now on."""
        live = self._sockets.services.bus.subscribe(self._position.streams)
        try:
            lost = await self._position.begin(cursor)
            heartbeat_s = self._sockets.settings.heartbeat_s
            self._put(control_frame(greeting, self._position.passed, heartbeat_s=heartbeat_s))
            if lost:
                self._put(control_frame("resync", self._position.passed))
            await self._replay()
            while True:
                try:
                    event = await live.get()
                except Overflowed:
                    live.resume()
                    await self._replay()
                    continue
                follows = self._position.follows(event)
                if follows:
                    await self._show(event)
                elif follows is None:
                    await self._replay()
        except Closed:
            raise _Ended(GOING_AWAY, "stopping") from None
        except StorageUnavailable:
            raise _Ended(STORAGE_FAILED, "storage_unavailable") from None
        except EngineError as error:
            raise _Ended(BAD_FRAME, error.code) from None
        finally:
            live.close()

    async def _replay(self) -> None:
        """What the log holds beyond the position; waits for a reader that is reading."""
        async with contextlib.aclosing(self._position.missed()) as missed:
            async for event in missed:
                if event is None:
                    self._put(control_frame("resync", self._position.passed))
                else:
                    await self._show(event)

    async def _show(self, event: Event) -> None:
        """Queue an event if the reader may see it, and wait for room behind it.

        Raises _Ended when the reader makes none in time.
        """
        if not may_see(self.principal, event):
            return
        self._put(self._sockets.frames.of(event))
        if self._outbox.half_empty:
            return
        try:
            async with asyncio.timeout(self._sockets.settings.slow_reader_s):
                while not self._outbox.half_empty:
                    self._drained.clear()
                    await self._drained.wait()
        except TimeoutError:
            raise _Ended(SLOW_READER, "slow_reader") from None

    def _put(self, frame: bytes) -> None:
        if self._outbox.put(frame):
            self._filled.set()
        else:
            self.end(SLOW_READER, "slow_reader")

    # Sending.

    async def _send(self, ws: web.WebSocketResponse) -> None:
        while True:
            await self._filled.wait()
            self._filled.clear()
            while (frame := self._outbox.take()) is not None:
                await ws.send_frame(frame, WSMsgType.TEXT)
                self._drained.set()

    async def _close(self, ws: web.WebSocketResponse, ended: _Ended | None) -> None:
        if ended is None or ws.closed:
            return
        self._sockets.metrics.sockets_closed[ended.code] += 1
        log.info(
            "api.socket_closed",
            code=ended.code,
            reason=ended.reason,
            credential=self.principal.credential_id,
        )
        # Not drained: a reader that has stopped reading would keep us here.
        await ws.close(code=ended.code, message=ended.reason.encode(), drain=False)


class EventSockets:
    """All event sockets of this server; `watch` keeps their time."""

    def __init__(self, services: Services, settings: ApiSettings, metrics: ApiMetrics, clock: Clock) -> None:
        self.services = services
        self.settings = settings
        self.metrics = metrics
        self.clock = clock
        self.frames = EventFrames()
        self._open: dict[str, set[EventSocket]] = {}

    async def serve(
        self, request: web.Request, principal: Principal, streams: Sequence[str], cursor: Cursor | None
    ) -> web.WebSocketResponse:
        """Serve a connection until it ends. Raises RateLimited or MalformedRequest before the upgrade."""
        mine = self._open.setdefault(principal.credential_id, set())
        if len(mine) >= self.settings.sockets_per_credential:
            raise RateLimited("This credential has too many event sockets open.", retry_after_s=30)
        socket = EventSocket(self, principal, streams, cursor, self.clock.monotonic())
        mine.add(socket)
        self.metrics.sockets += 1
        try:
            return await socket.run(request)
        finally:
            self.metrics.sockets -= 1
            mine.discard(socket)
            if not mine and self._open.get(principal.credential_id) is mine:
                del self._open[principal.credential_id]

    async def watch(self) -> None:
        """Heartbeats and credentials, for all sockets, for ever."""
        while True:
            await asyncio.sleep(
                min(1.0, self.settings.heartbeat_s / 4, self.settings.recheck_credential_s / 4)
            )
            try:
                await self._tick(self.clock.monotonic(), self.clock.now_ms())
            except Exception:
                log.exception("api.socket_watch_failed")

    def close_all(self) -> None:
        """The server is stopping."""
        for socket in self._all():
            socket.end(GOING_AWAY, "stopping")

    def _all(self) -> list[EventSocket]:
        return [socket for sockets in self._open.values() for socket in sockets]

    async def _tick(self, now: float, now_ms: int) -> None:
        due: dict[str, Principal] = {}
        for socket in self._all():
            expires_ms = socket.principal.expires_ms
            if expires_ms is not None and expires_ms <= now_ms:
                socket.end(CREDENTIAL_ENDED, "credential_expired")
                continue
            if now >= socket.heartbeat_at:
                socket.beat(now, now_ms)
            if now >= socket.check_at:
                socket.check_at = now + self.settings.recheck_credential_s
                due[socket.principal.credential_id] = socket.principal
        waiting = list(due.values())
        for start in range(0, len(waiting), _CHECKS_AT_ONCE):
            await asyncio.gather(*map(self._check, waiting[start : start + _CHECKS_AT_ONCE]))

    async def _check(self, principal: Principal) -> None:
        try:
            if await self.services.accounts.still_holds(principal):
                return
        except StorageUnavailable:
            return  # nothing can have been revoked through a database that takes no writes
        for socket in self._open.get(principal.credential_id, ()):
            socket.end(CREDENTIAL_ENDED, "credential_revoked")


@contextlib.asynccontextmanager
async def watching(sockets: EventSockets) -> AsyncIterator[None]:
    """Keeps the sockets' time while the server runs."""
    task = asyncio.create_task(sockets.watch())
    try:
        yield
    finally:
        await _stopped(task)


def _reason(end: asyncio.Future[_Ended], *tasks: asyncio.Task[object]) -> _Ended | None:
    """Why the connection ends; None when the peer left. A fault of ours is logged and closes with 1011."""
    if end.done():
        return end.result()
    for task in tasks:
        error = task.exception() if task.done() and not task.cancelled() else None
        if isinstance(error, _Ended):
            return error
        if error is not None and not isinstance(error, ConnectionError):
            log.error("api.socket_failed", exc_info=error)
            return _Ended(STORAGE_FAILED, "internal")
    return None


async def _stopped(task: asyncio.Task[object]) -> None:
    """Cancel a task and wait until it has ended; what it raised has been or need not be seen."""
    task.cancel()
    await asyncio.wait((task,))
    if not task.cancelled():
        task.exception()

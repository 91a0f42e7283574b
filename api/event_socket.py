"""One reader's connection to the event socket.

A connection begins with the log, and goes on with the feeds of its streams once it has caught up. One
that reads too slowly goes back to the log; if it makes no room in time it is closed, and nobody else
has waited for it.
Close codes: 1001 stopping, 4001 credential ended, 4002 a frame it may not send, 4008 too slow.
Source: RFC 6455 §7.4 (close codes).
"""

from __future__ import annotations

import asyncio
import contextlib
import enum
from collections.abc import Mapping, Sequence
from typing import Protocol

import structlog
from aiohttp import WSMessage, WSMsgType, web

from api.event_feed import Feed, Feeds
from api.event_frames import Cursor, checked_cursor, control_frame, ephemeral_frame, event_frame, may_see
from api.event_position import Position
from api.event_wishes import Activity, Notified, Subscribe, wish_of
from api.metrics import ApiMetrics
from api.problems import MalformedRequest
from api.schema import at
from api.settings import ApiSettings
from engine.accounts.models import Principal
from engine.clock import Clock
from engine.errors import EngineError, StorageUnavailable
from engine.services import Ephemeral, Services

log = structlog.get_logger("api")

GOING_AWAY = 1001
CREDENTIAL_ENDED = 4001
BAD_FRAME = 4002
STORAGE_FAILED = 1011
SLOW_READER = 4008

#: A reader says which cursor it continues from, or what its page is used for.
MAX_FRAME_OCTETS = 8_192
#: Each subscribe may cost a replay; a reader that needs more than this a minute is broken.
SUBSCRIBES_A_MINUTE = 20
#: A page reports when somebody turns to it or away, and what it shows; faster is a fault.
REPORTS_A_MINUTE = 300
#: How long a peer may take to answer our close frame.
CLOSE_WITHIN_S = 3.0
#: How often a full transport is looked at, in seconds.
_LOOK_FOR_ROOM_S = 0.05
#: More events than this while the last of the log is read, and it is read again.
_KEPT_WHILE_JOINING = 1_000
#: More moments than this while a reader catches up, and it is told to read everything anew.
_MOMENTS_KEPT = 200


class Shared(Protocol):
    """What all connections have in common; see `api.websocket.EventSockets`."""

    services: Services
    settings: ApiSettings
    metrics: ApiMetrics
    clock: Clock
    feeds: Feeds


class _Ended(Exception):
    """The connection is to be closed with this code."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class _Stage(enum.Enum):
    """Where the frames of a connection come from."""

    CATCHING_UP = "catching up"  # from the log
    JOINING = "joining"  # from the log, while what the feeds show is kept for after it
    LIVE = "live"  # from the feeds


class EventSocket:
    """One reader's connection. Times are monotonic seconds.

    A live connection has no task but the one that reads: feeds write into its transport. One whose
    transport is full goes back to the log, and is closed if it makes no room in time.
    """

    __slots__ = (
        "_catching_up",
        "_closing",
        "_cursor",
        "_ended",
        "_feeds",
        "_kept",
        "_moments",
        "_moments_lost",
        "_passed",
        "_reports",
        "_screen",
        "_sockets",
        "_stage",
        "_streams",
        "_subscribes",
        "_subscribes_since",
        "_transport",
        "_ws",
        "check_at",
        "heartbeat_at",
        "principal",
    )

    def __init__(
        self,
        sockets: Shared,
        principal: Principal,
        streams: Sequence[str],
        cursor: Cursor | None,
        now: float,
    ) -> None:
        self.principal = principal
        self.heartbeat_at = now + sockets.settings.heartbeat_s
        self.check_at = now + sockets.settings.recheck_credential_s
        self._sockets = sockets
        self._ws = web.WebSocketResponse(
            heartbeat=sockets.settings.heartbeat_s,
            timeout=CLOSE_WITHIN_S,
            max_msg_size=MAX_FRAME_OCTETS,
            compress=False,  # a quarter of a megabyte a connection, for frames of 200 octets
            autoclose=True,
        )
        self._transport: asyncio.Transport | None = None
        self._streams = tuple(streams)
        self._cursor = cursor
        self._feeds: list[Feed] = []
        self._passed: Cursor = {}
        self._stage = _Stage.CATCHING_UP
        self._kept: list[tuple[str, int, bytes]] = []
        # Frames without a number are in no log: those of a reader that catches up wait for it here.
        self._moments: list[bytes] = []
        self._moments_lost = False
        self._catching_up: asyncio.Task[None] | None = None
        self._closing: asyncio.Task[None] | None = None
        self._ended: _Ended | None = None
        self._reports = 0
        self._screen = sockets.services.notifications.open(principal, self._notify)
        self._subscribes = 0
        self._subscribes_since = now

    async def run(self, request: web.Request) -> web.WebSocketResponse:
        """Serve the connection until it ends. Raises MalformedRequest before the upgrade."""
        ws = self._ws
        if not ws.can_prepare(request):
            raise MalformedRequest("The WebSocket handshake is malformed.", code="bad_handshake")
        try:
            await ws.prepare(request)
        except ConnectionError:
            return ws  # gone already
        transport = request.transport
        if transport is None:
            return ws
        self._transport = transport
        try:
            for stream in self._streams:
                self._feeds.append(await self._sockets.feeds.hold(stream))
            # Before the log is read: a feed that has an event in hand is to know of this reader already.
            for feed in self._feeds:
                feed.join(self)
            self._catch_up("hello", self._cursor)
            await self._read()
        except _Ended as ended:
            self._end(ended)
        except StorageUnavailable:
            self.end(STORAGE_FAILED, "storage_unavailable")
        finally:
            await self._leave()
            if not ws.closed or transport.get_write_buffer_size():
                transport.abort()  # a peer that does not read would hold what is buffered for ever
        return ws

    def end(self, code: int, reason: str) -> None:
        """Have the connection closed; the first reason counts."""
        self._end(_Ended(code, reason))

    def beat(self, now: float, wall_ms: int) -> None:
        """Send the high-water mark. now: monotonic; wall_ms: for the reader."""
        if self._stage is _Stage.LIVE:  # else it has enough to read, and is told once it is
            self.heartbeat_at = now + self._sockets.settings.heartbeat_s
            self._write(control_frame("heartbeat", self._high_water(), at=at(wall_ms)))

    # What the feeds show.

    def show(self, stream: str, seq: int, frame: bytes) -> None:
        """See `Reader`."""
        if self._stage is _Stage.JOINING:
            self._kept.append((stream, seq, frame))
        elif self._stage is _Stage.LIVE and seq > self._passed[stream]:
            self._passed[stream] = seq
            if not self._write(frame):
                self._catch_up(None, self._high_water())

    def pass_on(self, frame: bytes) -> None:
        """See `Reader`."""
        if self._stage is _Stage.LIVE:
            self._write(frame)
        elif not self._kept_for_later(frame):
            self._moments_lost = True

    def stream_ended(self, stopping: bool) -> None:
        """See `Reader`."""
        if stopping:
            self.end(GOING_AWAY, "stopping")
        else:
            self.end(STORAGE_FAILED, "storage_unavailable")

    def _high_water(self) -> Cursor:
        """The last number of each stream that was shown or passed over."""
        return {feed.stream: max(feed.passed, self._passed[feed.stream]) for feed in self._feeds}

    def _write(self, frame: bytes) -> bool:
        """Hand a frame to the transport; False when the reader is behind."""
        transport = self._transport
        if transport is None or transport.is_closing() or self._ended is not None:
            return True
        transport.write(frame)
        return transport.get_write_buffer_size() <= self._sockets.settings.socket_buffer_octets

    def _notify(self, kind: str, stream: str, data: Mapping[str, object]) -> bool:
        """Give a frame to this connection alone; False, and nothing given, if it is too far behind."""
        transport, limit = self._transport, self._sockets.settings.socket_buffer_octets
        if transport is None or transport.is_closing() or self._ended is not None:
            return False
        frame = ephemeral_frame(Ephemeral(stream, kind, data))
        if self._stage is not _Stage.LIVE:
            return self._kept_for_later(frame)
        if transport.get_write_buffer_size() > limit:
            return False
        self._write(frame)
        return True

    def _kept_for_later(self, frame: bytes) -> bool:
        if len(self._moments) >= _MOMENTS_KEPT:
            return False
        self._moments.append(frame)
        return True

    # Reading.

    async def _read(self) -> None:
        """Take frames until the peer or we close. Raises _Ended for one it may not send."""
        while self._ended is None:
            message: WSMessage = await self._ws.receive()
            if message.type is not WSMsgType.TEXT:
                if message.type is WSMsgType.BINARY:
                    raise _Ended(BAD_FRAME, "bad_frame")
                return
            try:
                wanted = wish_of(message.data)
                if isinstance(wanted, Subscribe) and wanted.cursor is not None:
                    checked_cursor(wanted.cursor)
            except (ValueError, EngineError):
                raise _Ended(BAD_FRAME, "bad_frame") from None
            now = self._sockets.clock.monotonic()
            if now - self._subscribes_since > 60:
                self._subscribes, self._reports, self._subscribes_since = 0, 0, now
            if not isinstance(wanted, Subscribe):
                self._report(wanted)
                continue
            self._subscribes += 1
            if self._subscribes > SUBSCRIBES_A_MINUTE:
                raise _Ended(BAD_FRAME, "too_many_subscribes")
            if self._catching_up is not None:
                await stopped(self._catching_up)
            self._catch_up("subscribed", wanted.cursor)

    def _report(self, said: Activity | Notified) -> None:
        """Raises _Ended for more than a page has to say."""
        self._reports += 1
        if self._reports > REPORTS_A_MINUTE:
            raise _Ended(BAD_FRAME, "too_many_reports")
        if isinstance(said, Activity):
            self._screen.report(said.state, said.conversation_id)
        else:
            self._screen.shows(said.id)

    # From the log to the feeds.

    def _catch_up(self, greeting: str | None, cursor: Cursor | None) -> None:
        self._stage = _Stage.CATCHING_UP
        self._catching_up = asyncio.create_task(self._follow(greeting, cursor))

    async def _follow(self, greeting: str | None, cursor: Cursor | None) -> None:
        """Write every event after the cursor, then let the feeds go on."""
        try:
            await self._room()
            position = Position(self._sockets.services.event_log, self._streams)
            lost = await position.begin(cursor)
            if greeting is not None:
                heartbeat_s = self._sockets.settings.heartbeat_s
                self._write(control_frame(greeting, position.passed, heartbeat_s=heartbeat_s))
            if lost:
                self._write(control_frame("resync", position.passed))
            await self._replay(position)
            while not await self._joined(position):
                pass
        except _Ended as ended:
            self._end(ended)
        except StorageUnavailable:
            self.end(STORAGE_FAILED, "storage_unavailable")
        except EngineError as error:
            self.end(BAD_FRAME, error.code)
        except Exception:
            log.exception("api.socket_failed")
            self.end(STORAGE_FAILED, "internal")

    async def _joined(self, position: Position) -> bool:
        """Take from the feeds what follows the position. False if too much happened meanwhile."""
        self._kept.clear()
        self._stage = _Stage.JOINING
        if any(position.passed[feed.stream] < feed.passed for feed in self._feeds):
            await self._replay(position)
        if len(self._kept) > _KEPT_WHILE_JOINING:
            self._stage = _Stage.CATCHING_UP
            await self._replay(position)
            return False
        kept, self._kept = self._kept, []
        self._passed = position.passed
        for stream, seq, frame in kept:
            if seq > self._passed[stream]:
                self._passed[stream] = seq
                self._write(frame)
        self._stage = _Stage.LIVE
        self._catching_up = None
        moments, self._moments = self._moments, []
        for frame in moments:
            self._write(frame)
        if self._moments_lost:
            self._moments_lost = False
            self._write(control_frame("resync", self._passed))
        return True

    async def _replay(self, position: Position) -> None:
        """What the log holds beyond the position; waits for a reader that is reading."""
        async with contextlib.aclosing(position.missed()) as missed:
            async for page in missed:
                if page is None:
                    self._write(control_frame("resync", position.passed))
                    continue
                seen = [event for event in page if may_see(self.principal, event)]
                rows = await self._sockets.feeds.rows(seen, self.principal)
                for event in seen:
                    row = rows.get((event.type.partition(".")[0], event.subject))
                    if not self._write(event_frame(event, row)):
                        await self._room()

    async def _room(self) -> None:
        """Wait until the reader has made room. Raises _Ended when it makes none in time."""
        settings, transport = self._sockets.settings, self._transport
        enough = settings.socket_buffer_octets // 2
        try:
            async with asyncio.timeout(settings.slow_reader_s):
                # No library offers to wait for its write buffer without writing more.
                while transport and transport.get_write_buffer_size() > enough:  # noqa: ASYNC110
                    await asyncio.sleep(_LOOK_FOR_ROOM_S)
        except TimeoutError:
            raise _Ended(SLOW_READER, "slow_reader") from None

    # Ending.

    def _end(self, ended: _Ended) -> None:
        if self._ended is None:
            self._ended = ended
            self._closing = asyncio.create_task(self._close(ended))

    async def _close(self, ended: _Ended) -> None:
        if not self._ws.prepared or self._ws.closed:
            return
        self._sockets.metrics.sockets_closed[ended.code] += 1
        log.info(
            "api.socket_closed",
            code=ended.code,
            reason=ended.reason,
            credential=self.principal.credential_id,
        )
        # Not drained: a reader that has stopped reading would keep us here.
        await self._ws.close(code=ended.code, message=ended.reason.encode(), drain=False)

    async def _leave(self) -> None:
        self._screen.close()
        for feed in self._feeds:
            feed.leave(self)
            self._sockets.feeds.release(feed)
        if self._catching_up is not None:
            await stopped(self._catching_up)
        if self._closing is not None:
            await self._closing


async def stopped(task: asyncio.Task[object]) -> None:
    """Cancel a task and wait until it has ended; what it raised has been or need not be seen."""
    task.cancel()
    await asyncio.wait((task,))
    if not task.cancelled():
        task.exception()

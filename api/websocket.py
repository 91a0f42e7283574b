"""All event sockets of this server: who may open one, and their time, one loop for all.

Source: RFC 6455 §10.2 (Origin).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence

import structlog
from aiohttp import web

from api.event_feed import Completion, Feeds
from api.event_frames import Cursor
from api.event_socket import CREDENTIAL_ENDED, GOING_AWAY, EventSocket, stopped
from api.metrics import ApiMetrics
from api.settings import ApiSettings
from engine.accounts.models import Principal
from engine.clock import Clock
from engine.errors import RateLimited, StorageUnavailable
from engine.services import Services

log = structlog.get_logger("api")

#: How often the sockets are looked through, in seconds, so that each time only a few are due.
_TICK_S = 0.2
#: Credentials asked about at once, however few sockets there are.
_AT_LEAST = 50


class EventSockets:
    """All event sockets of this server; `watch` keeps their time."""

    def __init__(
        self,
        services: Services,
        settings: ApiSettings,
        metrics: ApiMetrics,
        clock: Clock,
        completions: Mapping[str, Completion],
    ) -> None:
        self.services = services
        self.settings = settings
        self.metrics = metrics
        self.clock = clock
        self.feeds = Feeds(services, completions)
        self._open: dict[str, set[EventSocket]] = {}
        self._tick_s = min(_TICK_S, settings.heartbeat_s / 4, settings.recheck_credential_s / 4)

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
        self.services.presence.connected(principal)
        try:
            return await socket.run(request)
        finally:
            self.services.presence.disconnected(principal)
            self.metrics.sockets -= 1
            mine.discard(socket)
            if not mine and self._open.get(principal.credential_id) is mine:
                del self._open[principal.credential_id]

    async def watch(self) -> None:
        """Heartbeats and credentials, for all sockets, for ever."""
        while True:
            await asyncio.sleep(self._tick_s)
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
        sockets = self._all()
        # Twice as many as would do if all were spread evenly: what came in one rush spreads by itself.
        most = max(_AT_LEAST, int(2 * len(sockets) * self._tick_s / self.settings.recheck_credential_s))
        for socket in sockets:
            expires_ms = socket.principal.expires_ms
            if expires_ms is not None and expires_ms <= now_ms:
                socket.end(CREDENTIAL_ENDED, "credential_expired")
                continue
            if now >= socket.heartbeat_at:
                socket.beat(now, now_ms)
            if now >= socket.check_at and len(due) < most:
                socket.check_at = now + self.settings.recheck_credential_s
                due[socket.principal.credential_id] = socket.principal
        try:
            ended = await self.services.accounts.ended(list(due.values())) if due else ()
        except StorageUnavailable:
            return  # nothing can have been revoked through a database that takes no writes
        for principal in ended:
            for socket in self._open.get(principal.credential_id, ()):
                socket.end(CREDENTIAL_ENDED, "credential_revoked")


@contextlib.asynccontextmanager
async def watching(sockets: EventSockets) -> AsyncIterator[None]:
    """Keeps the sockets' time while the server runs."""
    task = asyncio.create_task(sockets.watch())
    try:
        yield
    finally:
        await stopped(task)

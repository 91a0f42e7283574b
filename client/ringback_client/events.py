"""The event stream: every event once and in order, over any number of lost connections."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Mapping
from typing import Any

import aiohttp
import msgspec

from ringback_client.problems import Problem, RingbackError, Unreachable, problem_of

#: Close codes that mean "come back": stopping, a fault of the server, too slow; and none at all.
_COME_BACK = frozenset({1000, 1001, 1006, 1011, 1012, 4008, None})
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 30.0
#: Silence for this many heartbeats is a dead connection.
_SILENT_HEARTBEATS = 2.5
_DEFAULT_HEARTBEAT_S = 20.0


class Event(msgspec.Struct, frozen=True):
    """Something that was committed.

    type: `<noun>.<verb>`. subject: the id it is about. resource: that thing as it was when the event
    was sent, where the server sends it along (`message.created`). resync: events were lost before this
    one; read everything anew.
    """

    type: str
    subject: str
    data: Mapping[str, Any]
    at: str
    stream: str
    seq: int
    resource: Mapping[str, Any] | None = None


class Moment(msgspec.Struct, frozen=True):
    """Something that nobody keeps: `typing`, `presence`."""

    type: str
    stream: str
    data: Mapping[str, Any]


class Resync(msgspec.Struct, frozen=True):
    """Events were lost: what you know may be old, read it anew. More events follow."""


class EventEnded(RingbackError):
    """The server will not have this reader back. code: the WebSocket close code, reason: its word."""

    def __init__(self, code: int | None, reason: str) -> None:
        super().__init__(f"{code} {reason}")
        self.code = code
        self.reason = reason


class EventStream:
    """Iterate over it. cursor: {stream: seq}; keep it, and a later stream goes on behind it."""

    def __init__(
        self,
        http: aiohttp.ClientSession,
        url: str,
        headers: Mapping[str, str],
        cursor: Mapping[str, int] | None,
    ) -> None:
        self._http = http
        self._url = url
        self._headers = headers
        self.cursor: dict[str, int] = dict(cursor or {})
        self._heartbeat_s = _DEFAULT_HEARTBEAT_S

    async def __aiter__(self) -> AsyncIterator[Event | Moment | Resync]:
        """Never ends by itself.

        Raises Problem when the server refuses the credential, EventEnded when it ends later. Lost
        connections are made again, with growing pauses; nothing is seen twice.
        """
        pause_s = _FIRST_PAUSE_S
        while True:
            try:
                async for seen in self._one_connection():
                    pause_s = _FIRST_PAUSE_S
                    yield seen
            except (aiohttp.ClientConnectionError, TimeoutError, Unreachable):
                pass
            await asyncio.sleep(random.uniform(0.5, 1.0) * pause_s)  # noqa: S311
            pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)

    async def _one_connection(self) -> AsyncIterator[Event | Moment | Resync]:
        parameters = {}
        if self.cursor:
            parameters["cursor"] = ",".join(f"{stream}:{seq}" for stream, seq in sorted(self.cursor.items()))
        try:
            socket = await self._http.ws_connect(self._url, params=parameters, headers=dict(self._headers))
        except aiohttp.WSServerHandshakeError as error:
            if error.status in (429, 502, 503, 504):
                raise Unreachable(str(error)) from error
            raise await self._refusal(parameters, error.status) from error
        async with socket:
            while True:
                message = await socket.receive(timeout=self._heartbeat_s * _SILENT_HEARTBEATS)
                if message.type is not aiohttp.WSMsgType.TEXT:
                    break
                seen = self._understood(msgspec.json.decode(message.data))
                if seen is not None:
                    yield seen
        if socket.close_code not in _COME_BACK:
            raise EventEnded(socket.close_code, str(message.extra or ""))

    async def _refusal(self, parameters: Mapping[str, str], status: int) -> Problem:
        """The problem behind a handshake that was refused, whose body no WebSocket client shows."""
        async with self._http.get(self._url, params=parameters, headers=dict(self._headers)) as response:
            if response.status == status:
                return problem_of(status, await response.read())
        return problem_of(status, b"")

    def _understood(self, frame: Mapping[str, Any]) -> Event | Moment | Resync | None:
        kind = str(frame["type"])
        if "seq" in frame:
            self.cursor[frame["stream"]] = frame["seq"]
            noun = kind.partition(".")[0]
            return Event(
                kind,
                frame["subject"],
                frame["data"],
                frame["at"],
                frame["stream"],
                frame["seq"],
                frame.get(noun),
            )
        if kind in ("hello", "subscribed", "heartbeat", "resync"):
            self.cursor.update(frame["streams"])
            self._heartbeat_s = float(frame.get("heartbeat_s", self._heartbeat_s))
            return Resync() if kind == "resync" else None
        return Moment(kind, frame["stream"], frame["data"])

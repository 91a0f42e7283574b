"""A scripted AMI server: it answers what Asterisk would, unless a test says otherwise."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

GREETING = b"Asterisk Call Manager/11.0.0\r\n"
LEAST_COMMANDS = {
    "Originate": "Originate a call.  (Priv: originate,all)",
    "Hangup": "Hangup channel.  (Priv: system,call,all)",
    "CoreShowChannels": "List currently active channels.  (Priv: system,reporting,all)",
    "Ping": "Keepalive command.  (Priv: <none>)",
}
Action = dict[str, Any]


class Connection:
    """One client's connection, as the server sees it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.actions: list[Action] = []

    def send(self, *parts: bytes | dict[str, str]) -> None:
        for part in parts:
            self.writer.write(part if isinstance(part, bytes) else frame(part))

    def reply(self, action: Action, response: str = "Success", **headers: str) -> None:
        self.send({"Response": response, "ActionID": action["ActionID"], **headers})

    def abort(self) -> None:
        self.writer.transport.abort()

    async def read_action(self) -> Action:
        action: Action = {}
        while (line := await self.reader.readline()) not in (b"\r\n", b""):
            key, _, value = line.decode().rstrip("\r\n").partition(": ")
            action.setdefault(key, value)
        if not action:
            raise ConnectionResetError
        return action


def frame(headers: dict[str, str]) -> bytes:
    return "".join(f"{key}: {value}\r\n" for key, value in headers.items()).encode() + b"\r\n"


class FakeAmi:
    """handlers: what to do with an action, by its name; None stays silent."""

    def __init__(self) -> None:
        self.greeting = GREETING
        self.handlers: dict[str, Callable[[Connection, Action], Awaitable[None] | None] | None] = {
            "Login": lambda link, action: link.reply(action, Message="Authentication accepted"),
            "CoreSettings": lambda link, action: link.reply(action, AsteriskVersion="22.10.1"),
            "CoreStatus": lambda link, action: link.reply(
                action, CoreStartupDate="2026-11-22", CoreStartupTime="10:00:00"
            ),
            "ListCommands": lambda link, action: link.reply(action, **LEAST_COMMANDS),
            "Ping": lambda link, action: link.reply(action, Ping="Pong"),
        }
        self.connections: list[Connection] = []
        self.port = 0
        self._changed = asyncio.Condition()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def link(self) -> Connection:
        return self.connections[-1]

    def received(self, name: str) -> list[Action]:
        """Every such action, over all connections."""
        return [action for link in self.connections for action in link.actions if action["Action"] == name]

    async def until(self, true: Callable[[], bool]) -> None:
        """Wait until something received makes it so."""
        async with asyncio.timeout(10), self._changed:
            await self._changed.wait_for(true)

    @asynccontextmanager
    async def serve(self, tls: ssl.SSLContext | None = None) -> AsyncIterator[FakeAmi]:
        server = await asyncio.start_server(self._talk, "127.0.0.1", 0, ssl=tls)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for link in self.connections:
                link.abort()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link = Connection(reader, writer)
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self.connections.append(link)
        link.send(self.greeting)
        try:
            while True:
                action = await link.read_action()
                link.actions.append(action)
                async with self._changed:
                    self._changed.notify_all()
                handler = self.handlers.get(action["Action"])
                done = handler(link, action) if handler else None
                if done is not None:
                    await done
        except (ConnectionError, asyncio.CancelledError):
            writer.transport.abort()

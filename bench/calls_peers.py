"""The two ways from a click to a phone: a bare AMI client, and `ringback serve` behind its API.

Both place the same call with the same bytes of Originate, and both tell when it is over.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

import aiohttp

from bench.sms.processes import ROOT, Processes, Trouble, free_port, listens
from engine.ami.actions import OriginateRequest, originate
from engine.ids import new_id
from engine.simulators.asterisk import PrivateAsterisk

USER, DESTINATION = "1001", "1002"
_OVER_WITHIN_S = 20.0


class Way(Protocol):
    name: str

    async def click(self) -> str:
        """Ring the user's phone; returns the call's name once the request has been answered."""

    async def over(self, call: str) -> None:
        """Return when that call has ended, as far as this way can tell."""


@dataclass
class BareAmi:
    """The least that can place a call: one socket, no store, no states, no second thoughts."""

    asterisk: PrivateAsterisk
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    name: str = "bare AMI client"
    _ends: dict[str, asyncio.Future[None]] = field(default_factory=dict)
    _replies: dict[str, asyncio.Future[None]] = field(default_factory=dict)

    @classmethod
    @asynccontextmanager
    async def to(cls, asterisk: PrivateAsterisk) -> AsyncIterator[BareAmi]:
        reader, writer = await asyncio.open_connection(asterisk.host, asterisk.ami_port)
        who = f"Username: {asterisk.ami_username}\r\nSecret: {asterisk.ami_secret}"
        writer.write(f"Action: Login\r\n{who}\r\nEvents: call\r\n\r\n".encode())
        await reader.readuntil(b"Authentication accepted")
        way = cls(asterisk, reader, writer)
        reading = asyncio.create_task(way._read())
        try:
            yield way
        finally:
            reading.cancel()
            writer.close()

    async def click(self) -> str:
        name = f"bare-{new_id('call')}"
        request = OriginateRequest(
            channel_id=name,
            call_id=name,
            endpoint=USER,
            context=self.asterisk.dial_context,
            exten=DESTINATION,
            timeout_ms=30_000,
            caller_number=USER,
            caller_name="Anna",
            destination_number=DESTINATION,
            destination_name="Bob",
        )
        loop = asyncio.get_running_loop()
        self._ends[name], reply = loop.create_future(), loop.create_future()
        self._replies[name] = reply
        self.writer.write(originate(request).to_bytes(name))
        await reply
        return name

    async def over(self, call: str) -> None:
        async with asyncio.timeout(_OVER_WITHIN_S):
            await self._ends[call]
        del self._ends[call]

    async def _read(self) -> None:
        while True:
            message = await self.reader.readuntil(b"\r\n\r\n")
            if message.startswith(b"Response:"):
                reply = self._replies.pop(_header(message, b"ActionID"), None)
                if reply is not None:
                    reply.set_result(None)
            elif message.startswith(b"Event: Hangup\r\n"):
                end = self._ends.get(_header(message, b"Uniqueid"))
                if end is not None and not end.done():
                    end.set_result(None)


@dataclass
class Engine:
    """`ringback serve` on SQLite, asked over HTTP, heard over its event socket."""

    http: aiohttp.ClientSession
    processes: Processes
    user: str
    name: str = "engine"
    clicks: int = 0
    _ends: dict[str, asyncio.Future[None]] = field(default_factory=dict)

    @classmethod
    @asynccontextmanager
    async def on(cls, asterisk: PrivateAsterisk, processes: Processes) -> AsyncIterator[Engine]:
        """Raises Trouble when it does not start."""
        port, user, key = _serve(asterisk, processes)
        head = {"Authorization": f"Bearer {key}"}
        connector = aiohttp.TCPConnector(limit=0)
        base = f"http://127.0.0.1:{port}"
        async with aiohttp.ClientSession(base_url=base, headers=head, connector=connector) as http:
            engine = cls(http, processes, user)
            async with http.ws_connect("/v1/events") as socket:
                await socket.receive()  # hello: what happens from now on is told
                listening = asyncio.create_task(engine._listen(socket))
                try:
                    yield engine
                finally:
                    listening.cancel()

    async def click(self) -> str:
        self.clicks += 1
        body = {"user_id": self.user, "to": DESTINATION}
        key = {"Idempotency-Key": f"bench-{self.clicks}"}
        async with self.http.post("/v1/calls", json=body, headers=key) as answer:
            document = await answer.json()
            if answer.status != 202:
                raise Trouble(f"POST /v1/calls: {answer.status} {document}")
        call: str = document["id"]
        self._end(call)
        return call

    async def over(self, call: str) -> None:
        async with asyncio.timeout(_OVER_WITHIN_S):
            await self._end(call)
        del self._ends[call]

    async def wrong(self, wanted: dict[str, Any]) -> list[Any]:
        """The calls that did not end as wanted, from the API; the whole list is read."""
        found, cursor = [], ""
        while True:
            async with self.http.get(f"/v1/calls?limit=200{cursor}") as answer:
                page = await answer.json()
            found += [call for call in page["items"] if wanted != {key: call[key] for key in wanted}]
            if page["next_cursor"] is None:
                return found
            cursor = f"&cursor={page['next_cursor']}"

    def _end(self, call: str) -> asyncio.Future[None]:
        """May be asked for by the event before the answer has been read, and the other way round."""
        return self._ends.setdefault(call, asyncio.get_running_loop().create_future())

    async def _listen(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for message in socket:
            frame = json.loads(message.data)
            if frame["type"] == "call.updated" and "end_reason" in frame["data"]:
                end = self._end(frame["subject"])
                if not end.done():
                    end.set_result(None)


def _serve(asterisk: PrivateAsterisk, processes: Processes) -> tuple[int, str, str]:
    """Port, the user whose phone rings, and a key."""
    folder, port = processes.folder, free_port()
    config = folder / "ringback.toml"
    config.touch(mode=0o600)
    config.write_text(f"""
[server]
port = {port}
[storage]
data_dir = "{folder}/data"
[log]
level = "warning"
[calls]
open_per_user = 10_000
open_per_domain = 10_000
per_minute_per_user = 100_000
per_minute_per_domain = 100_000
[[pbx]]
name = "main"
host = "{asterisk.host}"
port = {asterisk.ami_port}
username = "{asterisk.ami_username}"
secret = "{asterisk.ami_secret}"
""")

    def add(*words: str) -> dict[str, str]:
        command = [sys.executable, "-m", "engine.cli", *words, "-c", str(config), "--json"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
        if done.returncode:
            raise Trouble(f"ringback {' '.join(words)}: {done.stderr}")
        made: dict[str, str] = json.loads(done.stdout)
        return made

    domain = add("domain", "add", "Bench", "--pbx", "main", "--context", asterisk.dial_context)["id"]
    user = add("user", "add", USER, "Anna", "--domain", domain)["id"]
    add("device", "add", USER, "--user", user)
    add("user", "add", DESTINATION, "Bob", "--domain", domain)
    key = add("key", "add", "bench", "--domain", domain, "--scope", "office_manager")["secret"]
    processes.start("ringback", [sys.executable, "-m", "engine.cli", "serve", "-c", str(config)])
    processes.until(lambda: listens(port), "ringback serve")
    return port, user, key


def _header(message: bytes, name: bytes) -> str:
    return message.partition(b"\r\n" + name + b": ")[2].partition(b"\r\n")[0].decode()

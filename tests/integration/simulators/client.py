"""A bare AMI client: enough to hear what the simulated PBX writes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Self

from engine.ami.messages import Frame, FrameParser

CHANNEL_ID = "c2c-call_1"


class BareClient:
    """Reads every frame; logs in and writes what it is told."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._parser = FrameParser()
        self.frames: list[Frame] = []
        self.raw = b""

    @classmethod
    async def connect(cls, port: int, secret: str = "ringback") -> Self:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        client = cls(reader, writer)
        client.write("Login", Username="ringback", Secret=secret, ActionID="login")
        return client

    def write(self, action: str, *variables: str, **headers: str) -> None:
        lines = [f"Action: {action}", *(f"{name}: {value}" for name, value in headers.items())]
        lines += [f"Variable: {variable}" for variable in variables]
        self._writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())

    def originate(self, channel: str, exten: str, *, timeout_ms: int = 5000) -> None:
        self.write(
            "Originate",
            '"CALLERID(num)=1001"',
            '"CALLERID(name)=Alice"',
            Channel=channel,
            ChannelId=CHANNEL_ID,
            ActionID=CHANNEL_ID,
            Context="internal",
            Exten=exten,
            Priority="1",
            Timeout=str(timeout_ms),
            Async="true",
        )

    async def reply(self, action_id: str) -> Frame:
        """The answer to an action."""
        return await self.until(lambda frame: "Response" in frame and frame.get("ActionID") == action_id)

    async def until(self, wanted: Callable[[Frame], bool]) -> Frame:
        """Read until a frame is wanted; those read before count."""
        seen = 0
        async with asyncio.timeout(5):
            while True:
                for frame in self.frames[seen:]:
                    seen += 1
                    if wanted(frame):
                        return frame
                await self._more()

    async def hung_up(self, channels: int) -> None:
        """Read until so many channels have hung up, and the last words after it."""
        async with asyncio.timeout(5):
            while len(self.named("Hangup")) < channels:
                await self._more()
            self.write("Ping", ActionID="last")
            await self.reply("last")

    async def closed(self) -> None:
        """Read until the other side closes."""
        async with asyncio.timeout(5):
            while await self._reader.read(65_536):
                pass

    def header_names(self, event: str) -> list[str]:
        """The headers of the last such event, as they stood on the wire."""
        found = [one for one in self.raw.decode().split("\r\n\r\n") if one.startswith(f"Event: {event}\r\n")]
        return [line.partition(":")[0] for line in found[-1].split("\r\n")]

    def named(self, event: str) -> Sequence[Frame]:
        return [frame for frame in self.frames if frame.get("Event") == event]

    def close(self) -> None:
        self._writer.close()

    async def _more(self) -> None:
        data = await self._reader.read(65_536)
        if not data:
            raise ConnectionError("the simulated PBX closed the link")
        self.raw += data
        self.frames += self._parser.feed(data)

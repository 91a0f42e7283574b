"""What Asterisk itself writes down about a call: its CDR, heard by a client that is not the engine's.

A plain AMI reader on purpose: were it built on ours, a fault of ours could hide from it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

from engine.simulators.asterisk import PrivateAsterisk

Record = Mapping[str, str]


class CallRecords:
    """The records of one Asterisk from now on, by the Linkedid of their call."""

    def __init__(self) -> None:
        self._records: dict[str, list[Record]] = {}
        self._news = asyncio.Event()

    @classmethod
    @asynccontextmanager
    async def of(cls, asterisk: PrivateAsterisk) -> AsyncIterator[CallRecords]:
        reader, writer = await asyncio.open_connection(asterisk.host, asterisk.ami_port)
        who = f"Username: {asterisk.ami_username}\r\nSecret: {asterisk.ami_secret}"
        writer.write(f"Action: Login\r\n{who}\r\nEvents: cdr\r\n\r\n".encode())
        await reader.readuntil(b"Authentication accepted")
        records = cls()
        reading = asyncio.create_task(records._read(reader))
        try:
            yield records
        finally:
            reading.cancel()
            writer.transport.abort()

    def about(self, linkedid: str) -> list[Record]:
        """What was written so far, in the order it came."""
        return list(self._records.get(linkedid, ()))

    async def until(
        self, linkedid: str, enough: Callable[[list[Record]], bool], within_s: float = 10.0
    ) -> list[Record]:
        """The records of a call once they are what the caller waits for, or when time is up."""
        try:
            async with asyncio.timeout(within_s):
                while not enough(self.about(linkedid)):
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            pass
        return self.about(linkedid)

    async def _read(self, reader: asyncio.StreamReader) -> None:
        while True:
            message = (await reader.readuntil(b"\r\n\r\n")).decode()
            record = dict(line.partition(": ")[::2] for line in message.strip().split("\r\n"))
            if record.get("Event") == "Cdr":
                self._records.setdefault(record["LinkedID"], []).append(record)
                self._news.set()

"""A way to PostgreSQL that can be cut in the very moment of a COMMIT."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import parse_qs, urlsplit


class CuttingProxy:
    """Passes bytes on. cut: `before` loses the next COMMIT, `after` loses its answer; else nothing."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._socket = f"{parse_qs(parts.query)['host'][0]}/.s.PGSQL.5432"
        self._name = parts.path
        self._port = 0
        self.cut: str | None = None
        self._pumps: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self._port}{self._name}?sslmode=disable"

    @asynccontextmanager
    async def running(self) -> AsyncIterator[CuttingProxy]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self._port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for pump in self._pumps:
                pump.cancel()
            await asyncio.gather(*self._pumps, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_server, to_server = await asyncio.open_unix_connection(self._socket)
        answers = asyncio.create_task(self._pump(from_server, writer))
        self._pumps.add(answers)
        try:
            while data := await reader.read(65536):
                cut = self.cut if b"COMMIT" in data else None
                if cut is not None:
                    self.cut = None
                    answers.cancel()
                    await asyncio.gather(answers, return_exceptions=True)
                if cut != "before":
                    to_server.write(data)
                if cut == "after":
                    await from_server.read(1)  # the server has committed
                if cut is not None:
                    break
        finally:
            writer.close()
            to_server.close()

    @staticmethod
    async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
        writer.close()

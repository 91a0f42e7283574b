"""The engine as a process that can be killed, frozen and stopped, started warm."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

_ROOT = Path(__file__).resolve().parents[3]
#: What takes longer, on the slowest machine these tests may meet, will never come; in seconds.
LIMIT_S = 90.0


@dataclass
class EngineProcess:
    """One life of an engine. ended: its exit status, or minus the signal that ended it."""

    pid: int
    ended: asyncio.Future[int]

    def signal(self, number: signal.Signals) -> None:
        """At once, without the loop; nothing happens when it is gone."""
        if not self.ended.done():
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.signal(signal.SIGKILL)


class WarmParent:
    """Starts engines in some milliseconds, from any event loop. All of them end with it."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.e2e.texts.warm_parent"],
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._starting: deque[asyncio.Future[EngineProcess]] = deque()
        self._running: dict[int, EngineProcess] = {}
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    async def start(self, config: Path, log: Path) -> EngineProcess:
        """One at a time."""
        started: asyncio.Future[EngineProcess] = asyncio.get_running_loop().create_future()
        self._starting.append(started)
        assert self._process.stdin is not None
        order = json.dumps({"config": str(config), "log": str(log)})
        self._process.stdin.write(order.encode() + b"\n")
        self._process.stdin.flush()
        async with asyncio.timeout(LIMIT_S):  # the first one waits for the imports
            return await started

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)
        self._reader.join()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            report = json.loads(line)
            if "started" in report:
                started = self._starting.popleft()
                loop = started.get_loop()
                child = EngineProcess(report["started"], loop.create_future())
                self._running[child.pid] = child
                loop.call_soon_threadsafe(_resolve, started, child)
            else:
                ended = self._running.pop(report["ended"]).ended
                with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                    ended.get_loop().call_soon_threadsafe(_resolve, ended, report["status"])
        for started in self._starting:
            with suppress(RuntimeError):
                started.get_loop().call_soon_threadsafe(_fail, started)


def _resolve(future: asyncio.Future[Any], result: object) -> None:
    if not future.done():
        future.set_result(result)


def _fail(future: asyncio.Future[Any]) -> None:
    if not future.done():
        future.set_exception(RuntimeError("the engine cannot be imported; see stderr"))


def kept_port() -> socket.socket:
    """A port for all of an engine's lives: bound, so that nobody else is given it, and not listened on."""
    kept = socket.socket()
    kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    kept.bind(("127.0.0.1", 0))
    return kept


async def until_ready(http: aiohttp.ClientSession, process: EngineProcess) -> None:
    """Wait until the API says that the engine is ready, its carrier bound."""
    async with asyncio.timeout(LIMIT_S):
        while True:
            if process.ended.done():
                raise RuntimeError(f"the engine ended by itself: {process.ended.result()}")
            try:
                async with http.get("/health/ready") as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.01)


def write_config(path: Path, sections: Mapping[str, Mapping[str, object]]) -> None:
    """A configuration file. A section called `carrier` becomes one of a list."""
    lines = []
    for name, values in sections.items():
        lines.append(f"[[{name}]]" if name == "carrier" else f"[{name}]")
        lines += [f"{key} = {json.dumps(value)}" for key, value in values.items()]
    path.write_text("\n".join(lines) + "\n")

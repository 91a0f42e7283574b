"""A process that writes as fast as it can, says what was acknowledged, and is killed.

Run as a script with a database URL. For every line on stdin it forks (warm, so that a kill costs no
import time); the child writes its acknowledged names to stdout, one a line, until somebody kills it.
The child first says its pid, and the parent in the end how it ended.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import structlog
from sqlalchemy import Column, Integer, MetaData, Table, Text

from engine.clock import SystemClock
from engine.events import NewEvent
from engine.storage.database import Database, HotStatement, Transaction, insert

#: Operations under way at any time: enough for batches of some dozen.
OUTSTANDING = 40

metadata = MetaData()
written = Table("written", metadata, Column("name", Text, primary_key=True), Column("parts", Integer))
parts = Table(
    "written_parts",
    metadata,
    Column("name", Text, primary_key=True),
    Column("part", Integer, primary_key=True, autoincrement=False),
)
_WRITTEN = HotStatement(insert(written), "name", "parts")
_PART = HotStatement(insert(parts), "name", "part")


@dataclass
class Write:
    """Three rows in two tables and an event: all there, or none."""

    name: str
    commutes_with: ClassVar[frozenset[str]] = frozenset()

    @classmethod
    def apply_many(cls, tx: Transaction, operations: Sequence[Write]) -> Sequence[str]:
        tx.execute_many(_WRITTEN, [(operation.name, 2) for operation in operations])
        tx.execute_many(_PART, [(operation.name, part) for operation in operations for part in (1, 2)])
        for operation in operations:
            tx.emit(NewEvent("dom_1", "thing.written", operation.name, {}))
        return [operation.name for operation in operations]


async def write_for_ever(url: str, prefix: str) -> None:
    database = await Database.open(url, bus_publish=lambda _: None, clock=SystemClock())
    number = 0

    def next_write() -> None:
        nonlocal number
        number += 1
        database.write_soon(Write(f"{prefix}-{number}"), acknowledged)

    def acknowledged(result: Any) -> None:
        if isinstance(result, BaseException):
            raise SystemExit(f"a write failed: {result!r}")
        os.write(1, f"{result}\n".encode())
        next_write()

    for _ in range(OUTSTANDING):
        next_write()
    await asyncio.get_running_loop().create_future()


def main() -> None:
    # Standard output is for acknowledged names alone.
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    url = sys.argv[1]
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            os.write(1, f"pid {os.getpid()}\n".encode())
            asyncio.run(write_for_ever(url, line.strip()))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        os.write(1, f"ended {os.waitstatus_to_exitcode(status)}\n".encode())


if __name__ == "__main__":
    main()

"""The two times the engine knows: wall time for people, monotonic time for deadlines.

Stored times are integers, milliseconds since 1970-01-01 UTC: equal on SQLite and
PostgreSQL, and free of time-zone conversion on the hot path.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Where time comes from; tests pass a clock that stands still."""

    def now_ms(self) -> int:
        """Wall time, milliseconds since the epoch, UTC; may jump."""

    def monotonic(self) -> float:
        """Seconds since some fixed point; never jumps."""


class SystemClock:
    """The machine's clocks."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        return time.monotonic()


def to_rfc3339(at_ms: int) -> str:
    """Milliseconds since the epoch as RFC 3339 in UTC, with milliseconds and a `Z`."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

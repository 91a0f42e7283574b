"""Days of a time zone: which one a moment is in, and when one begins.

Pure. A day is named as ISO 8601 writes it, `2026-11-22`, so names sort as the days do.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

#: Every zone's days begin at a whole multiple of this, so what is grouped by it is easily put into days.
QUARTER_MS = 15 * 60_000


def day_of(at_ms: int, time_zone: str) -> str:
    return datetime.fromtimestamp(at_ms / 1000, ZoneInfo(time_zone)).date().isoformat()


def begins_ms(day: str, time_zone: str) -> int:
    """When a day begins, milliseconds since the epoch: its midnight, or what comes next after a gap."""
    midnight = datetime.combine(date.fromisoformat(day), time(), ZoneInfo(time_zone))
    return round(midnight.timestamp() * 1000)


def day_after(day: str, days: int = 1) -> str:
    return (date.fromisoformat(day) + timedelta(days=days)).isoformat()


def bounds_ms(day: str, time_zone: str) -> tuple[int, int]:
    """When a day begins, and when it is over."""
    return begins_ms(day, time_zone), begins_ms(day_after(day), time_zone)

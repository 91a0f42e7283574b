"""When a domain's office is open, and since when it has been closed.

Pure. Spans repeat every week, in local time: a clock that changes for summer changes them too.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SPAN = re.compile(
    r"(?P<first>[a-z]{3})(?:-(?P<last>[a-z]{3}))? "
    r"(?P<opens>\d\d:[0-5]\d)-(?P<closes>\d\d:[0-5]\d)",
    re.IGNORECASE,
)
_A_DAY_MIN = 24 * 60


@dataclass(frozen=True, slots=True)
class OfficeHours:
    """spans: weekday (0 is Monday), first and last minute of it; the last is closed already."""

    spans: tuple[tuple[int, int, int], ...]
    zone: ZoneInfo

    def closed_since_ms(self, now_ms: int) -> int | None:
        """When the office closed last; None while it is open. Milliseconds since the epoch."""
        today = datetime.fromtimestamp(now_ms / 1000, self.zone).date()
        closed_ms = 0
        for days_ago in range(8):
            day = today - timedelta(days=days_ago)
            for weekday, opens_min, closes_min in self.spans:
                if weekday != day.weekday():
                    continue
                opens_ms, closes_ms = self._at_ms(day, opens_min), self._at_ms(day, closes_min)
                if opens_ms <= now_ms < closes_ms:
                    return None
                if closes_ms <= now_ms:
                    closed_ms = max(closed_ms, closes_ms)
        return closed_ms

    def opens_ms(self, now_ms: int) -> int | None:
        """When the office opens next; None while it is open. Milliseconds since the epoch."""
        if self.closed_since_ms(now_ms) is None:
            return None
        today = datetime.fromtimestamp(now_ms / 1000, self.zone).date()
        days = [today + timedelta(days=ahead) for ahead in range(8)]
        openings = (
            self._at_ms(day, span[1]) for day in days for span in self.spans if span[0] == day.weekday()
        )
        return min((at_ms for at_ms in openings if at_ms > now_ms), default=None)

    def _at_ms(self, day: date, minute: int) -> int:
        midnight = datetime.combine(day, time(), self.zone)
        return round((midnight + timedelta(minutes=minute)).timestamp() * 1000)


@lru_cache(maxsize=1000)  # asked at every click; a few per installation
def read_office_hours(spans: Sequence[str], time_zone: str) -> OfficeHours:
    """Spans like `Mon-Fri 08:00-18:00` or `Sat 09:00-13:00`; time_zone like `Europe/Berlin`.

    Raises ValueError with a sentence that says what is wrong.
    """
    found = [span for text in spans for span in _read_span(text)]
    try:
        zone = ZoneInfo(time_zone)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"time_zone: {time_zone!r} is no time zone; one is Europe/Berlin.") from None
    return OfficeHours(tuple(found), zone)


def _read_span(text: str) -> list[tuple[int, int, int]]:
    match = _SPAN.fullmatch(text)
    first = match["first"].lower() if match else ""
    last = (match["last"] or first).lower() if match else ""
    if match is not None and first in _DAYS and last in _DAYS:
        opens_min, closes_min = _minute(match["opens"]), _minute(match["closes"])
        days = range(_DAYS.index(first), _DAYS.index(last) + 1)
        if days and opens_min < closes_min <= _A_DAY_MIN:
            return [(day, opens_min, closes_min) for day in days]
    raise ValueError(
        f"office_hours: {text!r} is not like Mon-Fri 08:00-18:00, on days and times in their order."
    )


def _minute(text: str) -> int:
    hours, _, minutes = text.partition(":")
    return int(hours) * 60 + int(minutes)

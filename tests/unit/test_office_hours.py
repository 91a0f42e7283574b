"""When an office is open: weekdays, local time, and clocks that change."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from engine.office_hours import read_office_hours

BERLIN = "Europe/Berlin"
USUAL = ("Mon-Fri 08:00-18:00", "Sat 09:00-13:00")


def ms(text: str, zone: str = BERLIN) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)


def closed_since(now: str, spans: tuple[str, ...] = USUAL, zone: str = BERLIN) -> int | None:
    return read_office_hours(spans, zone).closed_since_ms(ms(now, zone))


@pytest.mark.parametrize("now", ["2026-11-23 08:00", "2026-11-27 17:59:59", "2026-11-28 12:00"])
def test_an_open_office_is_not_closed(now: str) -> None:
    assert closed_since(now) is None


@pytest.mark.parametrize(
    ("now", "since"),
    [
        ("2026-11-23 18:00", "2026-11-23 18:00"),
        ("2026-11-24 03:00", "2026-11-23 18:00"),
        ("2026-11-24 07:59:59", "2026-11-23 18:00"),
        ("2026-11-28 13:30", "2026-11-28 13:00"),
        ("2026-11-29 12:00", "2026-11-28 13:00"),
        ("2026-11-30 02:00", "2026-11-28 13:00"),
    ],
)
def test_a_closed_one_knows_since_when(now: str, since: str) -> None:
    assert closed_since(now) == ms(since)


def test_open_once_a_week_is_closed_for_the_rest_of_it() -> None:
    assert closed_since("2026-11-23 07:00", ("Mon 08:00-09:00",)) == ms("2026-11-16 09:00")


def test_always_open_never_closes() -> None:
    for now in ("2026-11-23 00:00", "2026-11-29 23:59:59"):
        assert closed_since(now, ("Mon-Sun 00:00-24:00",)) is None


def test_hours_are_local_before_and_after_the_clock_changes() -> None:
    spans = ("Mon-Sun 08:00-18:00",)
    for day in ("2026-10-24", "2026-10-25", "2026-10-26"):  # the 25th is an hour longer
        assert closed_since(f"{day} 08:00", spans) is None
        assert closed_since(f"{day} 18:00", spans) == ms(f"{day} 18:00")
    assert ms("2026-10-25 08:00") - ms("2026-10-24 08:00") == 25 * 3600 * 1000


def test_two_offices_in_two_places_close_apart() -> None:
    now = ms("2026-11-23 18:30")
    assert read_office_hours(USUAL, BERLIN).closed_since_ms(now) is not None
    assert read_office_hours(USUAL, "America/New_York").closed_since_ms(now) is None


@pytest.mark.parametrize(
    "span",
    [
        *(
            "",
            "Mon",
            "Mon-Fri",
            "Mon-Fri 8:00-18:00",
            "Mon-Fri 18:00-08:00",
            "Mon 08:00-08:00",
            "Fri-Mon 08:00-18:00",
        ),
        *("Mon 08:00-24:01", "Mon 08:00-25:00", "Foo 08:00-18:00", "Mon 08:60-18:00", "Mon 08:00-18:00 "),
    ],
)
def test_what_is_no_span_is_named(span: str) -> None:
    with pytest.raises(ValueError, match=r"office_hours: .*is not like"):
        read_office_hours((span,), BERLIN)


@pytest.mark.parametrize("zone", ["Nowhere/City", "", "../etc/passwd", "/etc/localtime"])
def test_what_is_no_time_zone_is_named(zone: str) -> None:
    with pytest.raises(ValueError, match=r"time_zone: .* is no time zone"):
        read_office_hours(USUAL, zone)


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        ("2026-11-23 12:00", None),
        ("2026-11-23 07:00", "2026-11-23 08:00"),
        ("2026-11-23 18:00", "2026-11-24 08:00"),
        ("2026-11-28 13:00", "2026-11-30 08:00"),
        # Clocks go forward on Sunday, and so does the opening on Monday.
        ("2027-03-27 14:00", "2027-03-29 08:00"),
    ],
)
def test_a_closed_one_knows_when_it_opens(now: str, opens: str | None) -> None:
    hours = read_office_hours(USUAL, BERLIN)
    assert hours.opens_ms(ms(now)) == (None if opens is None else ms(opens))


def test_an_office_open_once_a_week_opens_next_week() -> None:
    hours = read_office_hours(("Mon 08:00-09:00",), BERLIN)
    assert hours.opens_ms(ms("2026-11-23 09:00")) == ms("2026-11-30 08:00")

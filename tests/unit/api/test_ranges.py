"""Which part of a file is answered with."""

from __future__ import annotations

import pytest

from api.ranges import Part, RangeNotSatisfiable, last_modified, part_wanted

OCTETS = 1_000
ETAG = '"abc"'
MODIFIED_MS = 1_800_000_000_123
WHOLE = Part(200, 0, OCTETS)


def wanted(**headers: str) -> Part:
    named = {name.replace("_", "-").title(): value for name, value in headers.items()}
    return part_wanted(named, OCTETS, ETAG, MODIFIED_MS)


def test_nothing_asked_for_is_the_whole() -> None:
    assert wanted() == WHOLE


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=0-", 0, 1_000),
        ("bytes=10-19", 10, 20),
        ("BYTES=990-5000", 990, 1_000),
        ("bytes=-1", 999, 1_000),
        ("bytes=-5000", 0, 1_000),
        ("bytes= 999-", 999, 1_000),
    ],
)
def test_one_range(asked: str, start: int, end: int) -> None:
    assert wanted(range=asked) == Part(206, start, end)


@pytest.mark.parametrize("asked", ["bytes=1000-", "bytes=1000-1001", "bytes=-0", "bytes=999999999999-"])
def test_a_part_that_is_not_there(asked: str) -> None:
    with pytest.raises(RangeNotSatisfiable) as refused:
        wanted(range=asked)
    assert refused.value.octets == OCTETS


@pytest.mark.parametrize(
    "asked", ["", "bytes=-", "bytes=5-4", "bytes=0-1,5-6", "lines=1-2", "bytes=a-b", "bytes=1-2x", "bytes=٣-"]
)
def test_what_makes_no_sense_is_passed_over(asked: str) -> None:
    assert wanted(range=asked) == WHOLE


@pytest.mark.parametrize("condition", [ETAG, last_modified(MODIFIED_MS)])
def test_a_download_goes_on_where_the_file_is_the_same(condition: str) -> None:
    assert wanted(range="bytes=500-", if_range=condition) == Part(206, 500, 1_000)


@pytest.mark.parametrize("condition", ['"other"', 'W/"abc"', last_modified(MODIFIED_MS + 1_000), "nonsense"])
def test_a_download_begins_anew_where_it_may_not_be(condition: str) -> None:
    assert wanted(range="bytes=500-", if_range=condition) == WHOLE


@pytest.mark.parametrize("known", ['"abc"', 'W/"abc"', '"x", "abc"', "*"])
def test_what_is_known_is_not_sent_again(known: str) -> None:
    assert wanted(if_none_match=known, range="bytes=0-1").status == 304


def test_what_is_known_otherwise_is_sent() -> None:
    assert wanted(if_none_match='"other"', range="bytes=0-1") == Part(206, 0, 2)


def test_an_empty_file_has_no_part() -> None:
    assert part_wanted({}, 0, ETAG, 0) == Part(200, 0, 0)
    with pytest.raises(RangeNotSatisfiable):
        part_wanted({"Range": "bytes=0-"}, 0, ETAG, 0)

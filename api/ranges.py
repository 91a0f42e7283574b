"""Which part of a file a request asks for. Pure.

One range, or the whole: more than one at once is answered with the whole, as is what makes no sense.
Source: RFC 9110 §13.1.2, §13.1.5, §14.1.2, §14.2.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import formatdate

from aiohttp import hdrs

from engine.errors import InvalidRequest

_RANGE = re.compile(r"bytes=[ \t]*([0-9]{0,18})-([0-9]{0,18})[ \t]*", re.IGNORECASE)
_ETAG = re.compile(r'(?:W/)?("[^"]*")')


class RangeNotSatisfiable(InvalidRequest):
    """octets: how many the file has."""

    code = "range_not_satisfiable"

    def __init__(self, octets: int) -> None:
        super().__init__(f"It has {octets} octets.")
        self.octets = octets


@dataclass(frozen=True, slots=True)
class Part:
    """Octets from start up to and without end. status: 200, 206 or 304."""

    status: int
    start: int
    end: int


def part_wanted(headers: Mapping[str, str], octets: int, etag: str, modified_ms: int) -> Part:
    """What to answer with.

    headers: of the request, by names of any case. etag: strong, quoted. Raises RangeNotSatisfiable.
    """
    known = headers.get(hdrs.IF_NONE_MATCH)
    if known is not None and (known.strip() == "*" or etag in _ETAG.findall(known)):
        return Part(304, 0, 0)
    wanted = _RANGE.fullmatch(headers.get(hdrs.RANGE, ""))
    condition = headers.get(hdrs.IF_RANGE)
    # A weak tag or another date proves nothing: the two halves could be of different files.
    if wanted is None or (condition is not None and condition not in (etag, last_modified(modified_ms))):
        return Part(200, 0, octets)
    first, last = wanted.groups()
    if not first and not last:
        return Part(200, 0, octets)
    if not first:
        start, end = max(octets - int(last), 0), octets
    else:
        start, end = int(first), min(int(last) + 1, octets) if last else octets
        if last and int(last) < start:
            return Part(200, 0, octets)
    if start >= octets or start >= end:
        raise RangeNotSatisfiable(octets)
    return Part(206, start, end)


def last_modified(modified_ms: int) -> str:
    return formatdate(modified_ms // 1000, usegmt=True)


def headers_of(part: Part, octets: int, etag: str, modified_ms: int) -> dict[str, str]:
    """What says which part it is."""
    headers = {
        hdrs.ACCEPT_RANGES: "bytes",
        hdrs.ETAG: etag,
        hdrs.LAST_MODIFIED: last_modified(modified_ms),
    }
    if part.status == 206:
        headers[hdrs.CONTENT_RANGE] = f"bytes {part.start}-{part.end - 1}/{octets}"
    return {str(name): value for name, value in headers.items()}

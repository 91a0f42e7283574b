"""Where a long text may be cut: never inside a pair, and if it costs nothing not inside a character.

Positions count units: septets, octets or UTF-16 units. What a person sees as one character may be
several code points (a flag, a letter with its accent, a family joined by U+200D); keeping those whole
is a courtesy and never makes a text one segment longer.
Source: 3GPP TS 23.038 §6.2.1.1 (escape pairs), Unicode 3.9 D91 (surrogate pairs), a working part of
UAX #29 §3.1.1 (grapheme clusters).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

# Longer clusters exist only as decoration ("Zalgo" text), and looking further back costs time.
_LONGEST_CLUSTER_UNITS = 32

_ZERO_WIDTH_JOINER = "\u200d"


def cut_points(
    units: int, limit: int, is_torn: Callable[[int], bool], is_rough: Callable[[int], bool]
) -> list[int]:
    """Ends of the segments, in units; the last is `units` itself.

    limit: units one segment holds, at least 2.
    is_torn(i): a cut before unit i would part two units of one code point.
    is_rough(i): a cut there would part one visible character; only asked where it is not torn.
    The number of segments is the smallest possible that tears nothing.
    """

    def furthest(start: int) -> int:
        end = start + limit
        if end >= units:
            return units
        return end - 1 if is_torn(end) else end

    def segments_from(start: int) -> int:
        count = 0
        while start < units:
            start = furthest(start)
            count += 1
        return count

    ends: list[int] = []
    start, left = 0, segments_from(0)
    while start < units:
        end = furthest(start)
        left -= 1
        if end < units:
            smooth = _step_back(end, max(start, end - _LONGEST_CLUSTER_UNITS), is_torn, is_rough)
            if smooth != end and segments_from(smooth) <= left:
                end = smooth
        ends.append(end)
        start = end
    return ends


def tears_escape(septets: bytes, position: int) -> bool:
    """Whether a cut before septets[position] would leave an escape alone."""
    return septets[position - 1] == 0x1B


def tears_surrogates(utf16: bytes, position: int) -> bool:
    """Whether a cut before UTF-16 unit position would part a surrogate pair. utf16: big-endian, sound."""
    return 0xDC <= utf16[2 * position] <= 0xDF


def tears_nothing(octets: bytes, position: int) -> bool:
    """For alphabets in which one octet is one character."""
    return False


def splits_line_end(octets: bytes, position: int) -> bool:
    """Whether a cut would part CR from LF, the only cluster of the one-octet alphabets."""
    return octets[position] == 0x0A and octets[position - 1] == 0x0D


def splits_cluster(utf16: bytes, position: int) -> bool:
    """Whether a cut before UTF-16 unit position, itself between code points, splits a cluster.

    utf16: big-endian, sound.
    """
    first = max(0, position - _LONGEST_CLUSTER_UNITS)
    if tears_surrogates(utf16, first):
        first += 1
    before = utf16[2 * first : 2 * position].decode("utf-16-be")
    after = utf16[2 * position : 2 * position + 4].decode("utf-16-be", "replace")[0]
    last = before[-1]
    if after == "\n":
        return last == "\r"
    if after == _ZERO_WIDTH_JOINER or last == _ZERO_WIDTH_JOINER or _extends(after):
        return True
    if _is_regional_indicator(after):
        run = len(before) - len(before.rstrip("".join(map(chr, range(0x1F1E6, 0x1F200)))))
        return run % 2 == 1
    return _is_vowel_or_final_jamo(after) and (_is_jamo(last) or "\uac00" <= last <= "\ud7a3")


def _step_back(end: int, floor: int, is_torn: Callable[[int], bool], is_rough: Callable[[int], bool]) -> int:
    """The nearest smooth cut above floor, else end."""
    for position in range(end, floor, -1):
        if not is_torn(position) and not is_rough(position):
            return position
    return end


def _extends(character: str) -> bool:
    if character < "\u0300":
        return False
    return (
        unicodedata.category(character) in ("Mn", "Me", "Mc")
        or "\U0001f3fb" <= character <= "\U0001f3ff"  # skin tones
        or "\U000e0020" <= character <= "\U000e007f"  # tags of subdivision flags
        or character in "\uff9e\uff9f"  # half-width Japanese voicing marks
    )


def _is_regional_indicator(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _is_jamo(character: str) -> bool:
    return "\u1100" <= character <= "\u11ff"


def _is_vowel_or_final_jamo(character: str) -> bool:
    return "\u1160" <= character <= "\u11ff"

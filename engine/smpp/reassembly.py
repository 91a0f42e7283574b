"""Parts of long inbound texts: what marks a part, and when parts make a whole.

Plain data to plain decision; the store keeps the parts and knows the time. A part belongs with those of
the same carrier, sender, receiver, reference, reference width and total.
Source: 3GPP TS 23.040 §9.2.3.24 (user data header), §9.2.3.24.1 and .8 (concatenation);
SMPP v3.4 §5.3.2.22 to .24 (sar_*), §5.3.2.32 (message_payload).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from engine.smpp import gsm7
from engine.smpp.text import UDH_INDICATOR, TextProfile, decode_text
from engine.smpp.tlv import (
    MESSAGE_PAYLOAD,
    SAR_MSG_REF_NUM,
    SAR_SEGMENT_SEQNUM,
    SAR_TOTAL_SEGMENTS,
    Tlv,
)

#: A text whose next part is not there this long after its newest one is shown as it is. Networks
#: deliver the parts of one text within seconds; a handset out of reach is retried within minutes.
PART_WAIT_MS = 10 * 60 * 1000

#: Stands in a shown text for parts that never came.
GAP = "[…]"

_CONCATENATION_8 = 0x00
_CONCATENATION_16 = 0x08


@dataclass(frozen=True, slots=True)
class Concatenation:
    """A part's place in its text. number: 1 to total; total: 2 to 255.

    reference_bits: 8 or 16; the same reference in the other width is another text. sar_* has 16.
    """

    reference: int
    total: int
    number: int
    reference_bits: int


@dataclass(frozen=True, slots=True)
class ReceivedPart:
    """User data taken apart.

    octets: without header, one septet an octet if they were packed. malformed_header: a header was
    announced but cannot be read, so that octets hold everything, header or not.
    """

    concatenation: Concatenation | None
    octets: bytes
    malformed_header: bool = False


class Fit(StrEnum):
    """How a part relates to those already there."""

    NEW = "new"
    REPEAT = "repeat"
    CONFLICT = "conflict"  # the reference is in use again: another text begins


def read_part(
    esm_class: int, short_message: bytes, tlvs: Iterable[Tlv] = (), *, packed: bool = False
) -> ReceivedPart:
    """Take the user data of a deliver_sm or data_sm apart. Never fails.

    packed: the octets behind the header are septets at seven bits, see `TextProfile.packs`.
    Empty short_message: message_payload is read. A header's concatenation wins over sar_*, and the
    last of several wins; one that contradicts itself is ignored, as the standard asks.
    """
    values = {tag: value for tag, value in tlvs}  # noqa: C416 - a Tlv is a pair
    octets = short_message or values.get(MESSAGE_PAYLOAD, b"")
    concatenation = None
    header_octets = 0
    malformed = False
    if esm_class & UDH_INDICATOR:
        elements = _information_elements(octets)
        if elements is None:
            malformed = True
        else:
            header_octets = 1 + octets[0]
            for identifier, data in elements:
                concatenation = _concatenation(identifier, data) or concatenation
    if concatenation is None:
        concatenation = _from_sar(values)
    octets = octets[header_octets:]
    if packed:
        octets = gsm7.unpack(octets, gsm7.fill_bits(header_octets))
    return ReceivedPart(concatenation, octets, malformed)


def fit(parts: Mapping[int, bytes], number: int, octets: bytes) -> Fit:
    """Whether a part is new to parts, a repeat, or the first of another text with a recycled reference."""
    there = parts.get(number)
    if there is None:
        return Fit.NEW
    return Fit.REPEAT if there == octets else Fit.CONFLICT


def join(parts: Mapping[int, bytes], total: int) -> bytes | None:
    """All octets in order, or None while one is missing.

    Decode the result, not each part: some senders cut an escape or a surrogate pair in two.
    """
    if any(number not in parts for number in range(1, total + 1)):
        return None
    return b"".join(parts[number] for number in range(1, total + 1))


def join_incomplete(parts: Mapping[int, bytes], total: int, data_coding: int, profile: TextProfile) -> str:
    """The text of what came, `[…]` for each run of parts that did not; whole if nothing is missing."""
    return "".join(
        GAP if run is None else decode_text(run, data_coding, profile) for run in _runs(parts, total)
    )


def _information_elements(octets: bytes) -> list[tuple[int, bytes]] | None:
    """Identifier and data of each element, or None if lengths contradict each other."""
    if not octets or octets[0] >= len(octets):
        return None
    end = 1 + octets[0]
    at = 1
    elements: list[tuple[int, bytes]] = []
    while at < end:
        if at + 2 > end or at + 2 + octets[at + 1] > end:
            return None
        data = octets[at + 2 : at + 2 + octets[at + 1]]
        elements.append((octets[at], data))
        at += 2 + len(data)
    return elements


def _concatenation(identifier: int, data: bytes) -> Concatenation | None:
    if identifier == _CONCATENATION_8 and len(data) == 3:
        return _checked(data[0], data[1], data[2], 8)
    if identifier == _CONCATENATION_16 and len(data) == 4:
        return _checked(data[0] << 8 | data[1], data[2], data[3], 16)
    return None


def _from_sar(values: Mapping[int, bytes]) -> Concatenation | None:
    reference = values.get(SAR_MSG_REF_NUM)
    total = values.get(SAR_TOTAL_SEGMENTS)
    number = values.get(SAR_SEGMENT_SEQNUM)
    if reference is None or total is None or number is None:
        return None
    return _checked(
        int.from_bytes(reference, "big") & 0xFFFF,
        int.from_bytes(total, "big"),
        int.from_bytes(number, "big"),
        16,
    )


def _checked(reference: int, total: int, number: int, reference_bits: int) -> Concatenation | None:
    """None for what contradicts itself, and for "part 1 of 1", which is a text like any other."""
    if not 1 <= number <= total or not 2 <= total <= 255:
        return None
    return Concatenation(reference, total, number, reference_bits)


def _runs(parts: Mapping[int, bytes], total: int) -> Iterator[bytes | None]:
    """Neighbouring parts joined; None for each run of missing ones."""
    run = b""
    missing = False
    for number in range(1, total + 1):
        part = parts.get(number)
        if part is None:
            if run:
                yield run
            if not missing:
                yield None
            run, missing = b"", True
        else:
            run, missing = run + part, False
    if run:
        yield run

"""Where one PDU ends and the next begins: a pure cut of received octets, nothing decoded but the header.

Knows the 16-octet header and nothing of commands. A length that cannot be believed ends the
stream, since nothing behind it can be found again.
Source: SMPP v3.4 §3.2 (header), §4.3 (generic_nack for an invalid command_length).
"""

from __future__ import annotations

import struct
from typing import NamedTuple

HEADER_OCTETS = 16

# The largest PDU of v3.4 is a data_sm whose message_payload announces 65,535 octets; carriers
# refuse such texts long before, so 64 KiB in all is room for every real PDU.
DEFAULT_MAX_PDU_OCTETS = 64 * 1024

_HEADER = struct.Struct(">IIII")

# What a NamedTuple's own constructor comes down to, at a third of its cost.
_make = tuple.__new__


class Frame(NamedTuple):
    """One whole PDU: its header without command_length, and the octets behind the header."""

    command_id: int
    command_status: int
    sequence_number: int
    body: bytes


class FramingError(NamedTuple):
    """A command_length below 16 or above the cap. sequence_number: what that header said, or 0."""

    command_length: int
    sequence_number: int


def split_frames(
    data: bytes, max_pdu_octets: int = DEFAULT_MAX_PDU_OCTETS
) -> tuple[list[Frame], bytes, FramingError | None]:
    """Cut data into whole PDUs.

    Returns the PDUs, the octets of an unfinished one (at most max_pdu_octets, whatever length it
    announces), and the error that makes the rest of the stream unreadable, if there is one. The
    length is judged as soon as its own four octets are there.
    """
    frames: list[Frame] = []
    at, end = 0, len(data)
    unpack = _HEADER.unpack_from
    while end - at >= HEADER_OCTETS:
        length, command_id, command_status, sequence_number = unpack(data, at)
        if not HEADER_OCTETS <= length <= max_pdu_octets:
            return frames, b"", FramingError(length, sequence_number)
        if end - at < length:
            return frames, data[at:], None
        body = data[at + 16 : at + length]
        frames.append(_make(Frame, (command_id, command_status, sequence_number, body)))
        at += length
    rest = data[at:]
    if len(rest) >= 4:
        length = int.from_bytes(rest[:4], "big")
        if not HEADER_OCTETS <= length <= max_pdu_octets:
            return frames, b"", FramingError(length, 0)
    return frames, rest, None

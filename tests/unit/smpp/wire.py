"""PDUs by hand for session tests: header and body as SMPP v3.4 §3.2 writes them, no codec of ours."""

from __future__ import annotations

import struct
from typing import NamedTuple

BIND_RESPONSES = {1: 0x80000001, 2: 0x80000002, 9: 0x80000009}


class Pdu(NamedTuple):
    """A PDU as a test reads it."""

    command_id: int
    command_status: int
    sequence_number: int
    body: bytes = b""


def pdu(command_id: int, sequence_number: int, command_status: int = 0, body: bytes = b"") -> bytes:
    """One PDU's octets."""
    return struct.pack(">IIII", 16 + len(body), command_id, command_status, sequence_number) + body


def pdus(octets: bytes) -> list[Pdu]:
    """The PDUs in octets; there must be nothing else."""
    found = []
    while octets:
        length, *head = struct.unpack_from(">IIII", octets)
        assert len(octets) >= length >= 16
        found.append(Pdu(*head, octets[16:length]))
        octets = octets[length:]
    return found


def deliver_sm(sequence_number: int, text: bytes = b"hello", tlvs: bytes = b"") -> bytes:
    """A mobile-originated text."""
    body = b"\0\1\x01491700000001\0\1\x0112345\0\0\0\0\0\0\0\0\0\0" + bytes((len(text),)) + text + tlvs
    return pdu(5, sequence_number, 0, body)


def submit_sm_resp(sequence_number: int, message_id: bytes = b"id-1") -> bytes:
    """An acceptance."""
    return pdu(0x80000004, sequence_number, 0, message_id + b"\0")

"""Cutting the received stream into PDUs, whatever pieces it arrives in."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.smpp.framing import DEFAULT_MAX_PDU_OCTETS, Frame, FramingError, split_frames

# enquire_link with sequence_number 1 and submit_sm_resp "SMSC0001" with sequence_number 2, by hand
# from SMPP v3.4 §4.11.1 and §4.4.2.
ENQUIRE_LINK = bytes.fromhex("00000010 00000015 00000000 00000001")
SUBMIT_SM_RESP = bytes.fromhex("00000019 80000004 00000000 00000002 534d534330303031 00")
TWO = ENQUIRE_LINK + SUBMIT_SM_RESP
TWO_FRAMES = [Frame(0x15, 0, 1, b""), Frame(0x80000004, 0, 2, b"SMSC0001\0")]


def feed(pieces: list[bytes]) -> tuple[list[Frame], FramingError | None]:
    """What a session does: keep the rest, put the next piece behind it."""
    frames: list[Frame] = []
    rest = b""
    for piece in pieces:
        found, rest, error = split_frames(rest + piece)
        frames += found
        if error:
            return frames, error
    assert rest == b""
    return frames, None


def test_several_pdus_in_one_read_come_out_in_order() -> None:
    assert split_frames(TWO) == (TWO_FRAMES, b"", None)


@pytest.mark.parametrize("cut", range(1, len(TWO)))
def test_a_cut_at_any_octet_changes_nothing(cut: int) -> None:
    assert feed([TWO[:cut], TWO[cut:]]) == (TWO_FRAMES, None)


def test_octets_one_at_a_time_give_the_same_pdus() -> None:
    assert feed([TWO[i : i + 1] for i in range(len(TWO))]) == (TWO_FRAMES, None)


@given(
    st.lists(
        st.tuples(
            st.integers(0, 2**32 - 1),
            st.integers(0, 2**32 - 1),
            st.integers(0, 2**32 - 1),
            st.binary(max_size=300),
        ),
        max_size=20,
    ),
    st.lists(st.integers(1, 400), max_size=60),
)
def test_any_pdus_survive_any_cutting(
    pdus: list[tuple[int, int, int, bytes]], piece_lengths: list[int]
) -> None:
    stream = b"".join(
        struct.pack(">IIII", 16 + len(body), command, status, sequence) + body
        for command, status, sequence, body in pdus
    )
    pieces = []
    for length in piece_lengths:
        pieces.append(stream[:length])
        stream = stream[length:]
    assert feed([*pieces, stream]) == ([Frame(*pdu) for pdu in pdus], None)


@pytest.mark.parametrize("length", [0, 1, 15, DEFAULT_MAX_PDU_OCTETS + 1, 0x7FFFFFFF, 0xFFFFFFFF])
def test_a_length_that_cannot_be_believed_ends_the_stream_behind_the_good_pdus(length: int) -> None:
    bad = struct.pack(">IIII", length, 4, 0, 77)
    frames, rest, error = split_frames(ENQUIRE_LINK + bad + b"x" * 100)
    assert frames == TWO_FRAMES[:1]
    assert rest == b""
    assert error == FramingError(length, 77)


def test_a_bad_length_is_seen_before_the_rest_of_its_header_comes() -> None:
    assert split_frames(b"\x7f\xff\xff\xff") == ([], b"", FramingError(0x7FFFFFFF, 0))


def test_the_longest_allowed_pdu_passes_and_one_octet_more_does_not() -> None:
    fits = struct.pack(">IIII", DEFAULT_MAX_PDU_OCTETS, 4, 0, 1).ljust(DEFAULT_MAX_PDU_OCTETS, b"x")
    frames, rest, error = split_frames(fits)
    assert len(frames[0].body) == DEFAULT_MAX_PDU_OCTETS - 16
    assert (rest, error) == (b"", None)


def test_an_announced_length_is_never_allocated() -> None:
    head = struct.pack(">IIII", DEFAULT_MAX_PDU_OCTETS, 4, 0, 1)
    _, rest, error = split_frames(head)
    assert error is None
    assert len(rest) == len(head)

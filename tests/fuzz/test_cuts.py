"""Where a read ends is the network's choice: every cut gives what one read gives."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest

from engine.ami.messages import FrameParser
from engine.smpp.codec import BindKind, BindRequest
from engine.smpp.framing import Frame, FramingError, split_frames
from engine.smpp.session import SmppSession
from engine.smpp.session_state import SessionLimits
from tests.fuzz import ami, smpp
from tests.unit.ami import recordings

PDUS = 200
_BIND_RESP = bytes.fromhex("00000015 80000009 00000000 00000001") + b"SMSC\0"


def two_hundred_pdus() -> list[bytes]:
    """The corpus, then part of it again; sequence numbers count, so that a PDU out of place shows."""
    corpus = smpp.corpus()
    pdus = [corpus[number % len(corpus)] for number in range(PDUS)]
    return [pdu[:12] + number.to_bytes(4, "big") + pdu[16:] for number, pdu in enumerate(pdus, 1)]


def frames_of(*reads: bytes) -> tuple[list[Frame], bytes, FramingError | None]:
    frames: list[Frame] = []
    rest, error = b"", None
    for read in reads:
        found, rest, error = split_frames(rest + read)
        frames += found
    return frames, rest, error


@pytest.mark.slow
def test_every_cut_of_two_hundred_pdus_gives_the_same_pdus() -> None:
    pdus = two_hundred_pdus()
    stream = b"".join(pdus)
    whole = frames_of(stream)
    assert [frame.sequence_number for frame in whole[0]] == list(range(1, PDUS + 1))
    assert [frame.body for frame in whole[0]] == [pdu[16:] for pdu in pdus]
    for cut in range(len(stream) + 1):
        assert frames_of(stream[:cut], stream[cut:]) == whole
    assert frames_of(*(stream[at : at + 1] for at in range(len(stream)))) == whole


@pytest.mark.slow
def test_every_cut_of_two_hundred_pdus_gives_the_same_session() -> None:
    pdus = two_hundred_pdus()
    for first, second in pairwise(pdus):
        stream = first + second
        whole = told_and_answered(stream)
        for cut in range(len(first) + 17):
            assert told_and_answered(stream[:cut], stream[cut:]) == whole
        assert told_and_answered(*(stream[at : at + 1] for at in range(len(stream)))) == whole


def told_and_answered(*reads: bytes) -> tuple[list[str], bytes]:
    """The events of a bound session that gets these reads, and what it sends."""
    session = SmppSession(SessionLimits(), 0.0)
    session.bind(BindRequest(kind=BindKind.TRANSCEIVER, system_id="me", password="secret"), 0.0)
    session.data_to_send()
    session.receive(_BIND_RESP, 0.0)
    events = [event for read in reads for event in session.receive(read, 1.0)]
    return [repr(event) for event in events], session.data_to_send()


@pytest.mark.slow
def test_every_cut_of_five_hundred_recorded_frames_gives_the_same_frames() -> None:
    corpus = ami.corpus()
    assert len(corpus) == ami.RECORDED_FRAMES
    every_cut(corpus)


@pytest.mark.slow
def test_every_cut_of_frames_whose_lines_end_in_lf_gives_the_same_frames() -> None:
    every_cut([frame.replace(b"\r\n", b"\n") for frame in ami.corpus()[::10]])


def every_cut(corpus: Sequence[bytes]) -> None:
    """Each frame cut everywhere, with the next one behind it."""
    for first, second in zip(corpus, [*corpus[1:], corpus[0]], strict=True):
        stream = first + second
        whole = parsed(stream)
        assert len(whole[0]) == 2
        for cut in range(len(first) + 3):
            assert parsed(stream[:cut], stream[cut:]) == whole


def test_five_hundred_recorded_frames_one_octet_at_a_time_are_the_same_frames() -> None:
    stream = b"".join(ami.corpus())
    whole = parsed(stream)
    assert len(whole[0]) == ami.RECORDED_FRAMES
    assert parsed(*(stream[at : at + 1] for at in range(len(stream)))) == whole


def parsed(*reads: bytes) -> tuple[list[dict[str, str]], tuple[int, int, int]]:
    parser = FrameParser()
    parser.feed(recordings.GREETING)
    frames = [frame for read in reads for frame in parser.feed(read)]
    return frames, (parser.skipped_events, parser.nonsense_frames, parser.oversize_frames)

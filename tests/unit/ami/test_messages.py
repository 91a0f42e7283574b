"""AMI bytes into frames: recordings, odd spellings, and malice."""

from __future__ import annotations

import random
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.ami.messages import FrameParser, NotAnAmiServer, unescape
from engine.ami.wanted import WANTED_EVENTS
from tests.unit.ami import recordings

GREETING = recordings.GREETING
HANGUP = b"Event: Hangup\r\nUniqueid: c2c-1\r\nCause: 16\r\n\r\n"
HANGUP_FRAME = {"Event": "Hangup", "Uniqueid": "c2c-1", "Cause": "16"}


def parser(*args: Any, **options: Any) -> FrameParser:
    made = FrameParser(*args, **options)
    made.feed(GREETING)
    return made


def as_read(frame: dict[str, Any]) -> dict[str, str]:
    """A recorded frame as the parser returns it: first of repeated values, known spellings."""
    spelled = {"UniqueID": "Uniqueid", "LinkedID": "Linkedid", "BridgeID": "BridgeId"}
    spelled |= {"DestUniqueId": "DestUniqueid", "CallerIDname": "CallerIDName", "CallerIDnum": "CallerIDNum"}
    first = {key: value[0] if isinstance(value, list) else value for key, value in frame.items()}
    return {spelled.get(key, key): value.rstrip("\n") for key, value in first.items()}


@pytest.mark.parametrize("name", recordings.names())
def test_recorded_session_is_read_frame_by_frame(name: str) -> None:
    reader = FrameParser()
    frames = reader.feed(recordings.stream(name))
    assert frames == [as_read(frame) for frame in recordings.frames(name)]
    assert (reader.nonsense_frames, reader.oversize_frames) == (0, 0)


@pytest.mark.parametrize("name", recordings.names())
def test_reads_cut_at_random_give_the_same_frames(name: str) -> None:
    stream, dice = recordings.stream(name), random.Random(name)
    reader, frames, at = FrameParser(), [], 0
    while at < len(stream):
        size = dice.choice([1, 2, 3, 7, 100, 1500, 9000])
        frames += reader.feed(stream[at : at + size])
        at += size
    assert frames == FrameParser().feed(stream)


def test_one_byte_at_a_time_gives_the_same_frames() -> None:
    stream = recordings.stream("a-dest-busy")[:20_000]
    reader = FrameParser()
    frames = [frame for byte in stream for frame in reader.feed(bytes([byte]))]
    assert frames == FrameParser().feed(stream)


@pytest.mark.parametrize("name", recordings.names())
def test_unwanted_events_are_skipped_and_counted(name: str) -> None:
    every = FrameParser().feed(recordings.stream(name))
    reader = FrameParser(WANTED_EVENTS)
    frames = reader.feed(recordings.stream(name))
    assert frames == [f for f in every if f.get("Event") in {None, *WANTED_EVENTS}]
    assert reader.skipped_events == len(every) - len(frames)


@pytest.mark.parametrize(
    "wire",
    [
        pytest.param(HANGUP.replace(b"\r\n", b"\n"), id="bare LF"),
        pytest.param(HANGUP[:-4] + b"\r\n\n", id="ended by CRLF LF"),
        pytest.param(HANGUP.replace(b"Uniqueid", b"UNIQUEID").replace(b"Event", b"event"), id="any case"),
        pytest.param(HANGUP.replace(b": ", b":"), id="no space"),
        pytest.param(b"\r\n\n\r\n" + HANGUP, id="empty lines before"),
        pytest.param(HANGUP.replace(b"Cause", b"no colon here\r\nCause"), id="a line that is no header"),
        pytest.param(HANGUP[:-2] + b"Uniqueid: other\r\nEvent: Fake\r\n\r\n", id="repeated headers"),
    ],
)
def test_odd_but_legible_frames_are_read(wire: bytes) -> None:
    reader = parser()
    assert reader.feed(wire + HANGUP) == [HANGUP_FRAME, HANGUP_FRAME]


def test_reply_whose_message_ends_in_a_bare_lf_is_one_frame() -> None:
    reader = parser()
    wire = b"Response: Success\r\nActionID: a3\r\nMessage: Park successful\n\r\n\r\n"
    reply = {"Response": "Success", "ActionID": "a3", "Message": "Park successful"}
    assert reader.feed(wire + HANGUP) == [reply, HANGUP_FRAME]


def test_line_feeds_inside_a_value_do_not_make_headers() -> None:
    reader = parser()
    wire = b"Event: Newstate\r\nUniqueid: c2c-1\r\nCallerIDName: x\nUniqueid: faked\n\nEvent: Hangup\r\n\r\n"
    frames = reader.feed(wire + HANGUP)
    assert frames[0]["Uniqueid"] == "c2c-1"
    assert frames[0]["CallerIDName"] == "x\nUniqueid: faked\n\nEvent: Hangup"
    assert frames[1:] == [HANGUP_FRAME]


def test_empty_and_huge_values_and_many_headers_are_read() -> None:
    reader = parser()
    huge = "x" * 65536
    many = "".join(f"Header{n}: {n}\r\n" for n in range(300))
    wire = f"Event: Newstate\r\nAccountCode: \r\nExten:\r\nContext: {huge}\r\n{many}\r\n".encode()
    (frame,) = reader.feed(wire)
    assert (frame["AccountCode"], frame["Exten"], frame["Context"], frame["Header299"]) == (
        *("", "", huge),
        "299",
    )


def test_utf8_cut_between_reads_is_whole() -> None:
    reader = parser()
    wire = "Event: Newstate\r\nCallerIDName: Zoë Müller\r\n\r\n".encode()
    cut = wire.index("ë".encode()) + 1
    assert reader.feed(wire[:cut]) == []
    assert reader.feed(wire[cut:]) == [{"Event": "Newstate", "CallerIDName": "Zoë Müller"}]


def test_names_are_unescaped_and_nothing_else_is() -> None:
    reader = parser()
    wire = rb"Event: Newstate" + b"\r\n" + rb"DestCallerIDName: \"J\" O\'Hara \\ Co" + b"\r\n"
    (frame,) = reader.feed(wire + rb"AppData: a\'b" + b"\r\n\r\n")
    assert frame["DestCallerIDName"] == '"J" O\'Hara \\ Co'
    assert frame["AppData"] == r"a\'b"
    assert unescape(r"tab\tbell\aodd\x") == "tab\tbell\aodd\\x"


def test_oversize_frame_is_dropped_and_the_next_one_is_intact() -> None:
    for piece in (100, 1000, 1_000_000):
        reader = parser(max_frame_octets=2000)
        wire = b"Event: Newstate\r\nContext: " + b"y" * 50_000 + b"\r\n\r\n" + HANGUP
        frames, held = [], 0
        for at in range(0, len(wire), piece):
            frames += reader.feed(wire[at : at + piece])
            held = max(held, len(reader._rest))
        assert frames == [HANGUP_FRAME]
        assert reader.oversize_frames == 1
        assert held <= 2000


def test_line_feeds_in_a_dropped_frame_cannot_forge_a_frame() -> None:
    reader = parser(max_frame_octets=2000)
    forged = b"\n\nEvent: Hangup\nUniqueid: c2c-2\n\n"
    wire = b"Event: Newstate\r\nContext: " + b"y" * 5000 + forged + b"y" * 5000 + b"\r\n\r\n" + HANGUP
    frames = [frame for at in range(0, len(wire), 500) for frame in reader.feed(wire[at : at + 500])]
    assert frames == [HANGUP_FRAME]


def test_nonsense_is_counted_and_skipped() -> None:
    reader = parser()
    noise = b"Hello: there\r\nWorld: yes\r\n\r\n" + b"\x00\xff\xfe\r\n\r\n" + b"::::\r\n\r\n"
    assert reader.feed(noise + HANGUP) == [HANGUP_FRAME]
    assert reader.nonsense_frames == 3


@given(st.binary(max_size=400), st.integers(min_value=1, max_value=50))
def test_garbage_is_parsed_or_skipped_and_nothing_else(noise: bytes, piece: int) -> None:
    reader = parser()
    wire = noise + b"\r\n\r\n\r\n\r\n" + HANGUP
    frames = [frame for at in range(0, len(wire), piece) for frame in reader.feed(wire[at : at + piece])]
    assert frames[-1] == HANGUP_FRAME


@pytest.mark.parametrize(
    "banner",
    [b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.1 400 Bad Request\r\n", b"A", b"\r\n", b"Asterisk Call Mgr\r\n"],
)
def test_another_service_on_the_port_is_recognised(banner: bytes) -> None:
    reader = FrameParser()
    if GREETING.startswith(banner):
        assert reader.feed(banner) == []
        banner = b"nother thing\r\n"
    with pytest.raises(NotAnAmiServer) as error:
        reader.feed(banner)
    assert error.value.code == "not_an_ami_server"


def test_greeting_that_never_ends_is_refused() -> None:
    reader = FrameParser()
    with pytest.raises(NotAnAmiServer):
        reader.feed(b"Asterisk Call Manager/" + b"1" * 5000)


def test_greeting_is_kept() -> None:
    reader = FrameParser()
    assert reader.feed(b"Asterisk Call Manager/11.0.0\r") == []
    assert reader.feed(b"\n" + HANGUP) == [HANGUP_FRAME]
    assert reader.greeting == "Asterisk Call Manager/11.0.0"


def test_invented_event_names_and_headers_do_not_fill_memory() -> None:
    reader = parser(frozenset({"Hangup"}))
    for n in range(6000):
        reader.feed(f"Event: E{n}\r\nH{n}: x\r\n\r\n".encode())
    assert reader.skipped_events == 6000
    assert len(reader._unwanted_names) <= 4096
    assert len(reader._learnt) <= 4096


@pytest.mark.parametrize("wanted", [None, WANTED_EVENTS], ids=["headers", "events"])
def test_what_is_learnt_from_a_hostile_peer_is_bounded_in_octets_not_only_in_number(wanted: Any) -> None:
    reader = parser(wanted)
    tracemalloc.start()
    for number in range(300):
        word = b"%05d" % number * 4000
        reader.feed(b"Event: %b\r\n%b: 1\r\n\r\n" % (word, word))
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert held < 200_000

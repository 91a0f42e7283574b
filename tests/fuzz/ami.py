"""What Asterisk, or whoever listens on its port, can make the AMI parser read."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from random import Random

from engine.ami.messages import FrameParser, NotAnAmiServer
from engine.ami.wanted import WANTED_EVENTS
from tests.fuzz.mutation import Mutator
from tests.unit.ami import recordings

RECORDED_FRAMES = 500

# Ends whatever frame is open: in CRLF, in LF, or being dropped.
_END = b"\r\n\r\n\n\n"
_SENTINEL = b"Event: Hangup\r\nUniqueid: c2c-1\r\nCause: 16\r\n\r\n"
_SENTINEL_FRAME = {"Event": "Hangup", "Uniqueid": "c2c-1", "Cause": "16"}
_SMALL_FRAME_OCTETS = 1500
_TOKENS = (
    b"\r\n",
    b"\n",
    b"\r",
    b"\n\n",
    b"\r\n\n",
    b"\r\n\r\n",
    b"\n\r\n",
    b"\0",
    b": ",
    b":",
    b"Event: ",
    b"event:",
    b"EVENT: Hangup\r\n",
    b"Event: DialBegin\r\n",
    b"Response: Error\r\n",
    b"ActionID: 1\r\n",
    b"UniqueID: x\r\nuniqueid: y\r\n",
    b'CallerIDName: \\n\\"\\q\\',
    b"\xff\xfe",
    b"\xed\xa0\x80",  # half a surrogate pair
    b"\xc2",
    b"x" * 300,
    b"Asterisk Call Manager/",
)


@cache
def corpus() -> tuple[bytes, ...]:
    """Recorded frames as Asterisk wrote them: the first of each kind and session, then others."""
    first: dict[tuple[str, str], bytes] = {}
    others: list[bytes] = []
    for name in recordings.names():
        for frame in recordings.frames(name):
            kind = (name, str(frame.get("Event", frame.get("Message", ""))))
            wire = recordings.to_wire(frame)
            if kind in first:
                others.append(wire)
            else:
                first[kind] = wire
    chosen = [*first.values(), *others]
    step = max(1, len(chosen) // RECORDED_FRAMES)
    return tuple(chosen[::step][:RECORDED_FRAMES])


def inputs(count: int, dice: Random) -> Iterator[bytes]:
    """What follows the greeting, or now and then a spoilt greeting: one frame, or one between others."""
    mutator = Mutator(corpus(), _TOKENS, dice)
    for _ in range(count):
        data = bytes(mutator.next())
        if mutator.chance(0.1):
            data = mutator.pick() + data + mutator.pick()
        if mutator.chance(0.1):
            data = data.replace(b"\r\n", b"\n")
        if mutator.chance(0.01):
            yield recordings.GREETING[mutator.below(20) :] + data
        else:
            yield recordings.GREETING + data


class Target:
    """Parses each input in one read, and every eighth in two as well."""

    def __init__(self) -> None:
        self._turn = 0

    def __call__(self, data: bytes) -> None:
        """Raises AssertionError for a wrong result, and whatever escapes from the parser."""
        self._turn += 1
        limit = _SMALL_FRAME_OCTETS if self._turn % 16 == 0 else 256 * 1024
        whole = self._parse((data, _END, _SENTINEL), limit)
        if whole is None:
            return
        assert whole[0][-1] == _SENTINEL_FRAME, "the next event was lost"
        for frame in whole[0]:
            assert "Event" in frame or "Response" in frame
        if self._turn % 8 == 0:
            cut = (self._turn * 31) % (len(data) + 1)
            pieces = self._parse((data[:cut], data[cut:], _END, _SENTINEL), limit)
            assert pieces == whole, f"cut at {cut} it reads otherwise"

    def _parse(
        self, reads: tuple[bytes, ...], limit: int
    ) -> tuple[list[dict[str, str]], tuple[int, ...]] | None:
        parser = FrameParser(None if self._turn % 2 else WANTED_EVENTS, limit)
        frames: list[dict[str, str]] = []
        try:
            for read in reads:
                frames += parser.feed(read)
        except NotAnAmiServer:
            return None
        if parser.greeting is None:
            return None
        return frames, (parser.skipped_events, parser.nonsense_frames, parser.oversize_frames)

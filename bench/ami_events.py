"""How fast AMI events are read: ours against panoramisk's, over the same recorded stream in one run.

    python bench/ami_events.py

The stream is every recording of tests/captures/ami, repeated, in pieces of 4 KiB. Prints events a
second for panoramisk (one callback for everything), for ours returning everything, and for ours
returning what the engine wants; the last line is the ratio of the last to the first.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections import Counter, deque
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from panoramisk import Manager

from engine.ami.messages import FrameParser
from engine.ami.wanted import WANTED_EVENTS
from tests.unit.ami import recordings

PIECE_OCTETS = 4096
ROUNDS = 5


def recorded_events() -> tuple[bytes, int]:
    frames = [
        recordings.to_wire(frame)
        for name in recordings.names()
        for frame in recordings.frames(name)
        if frame.get("Event") and "ActionID" not in frame
    ]
    return b"".join(frames) * 3, len(frames) * 3


def seconds(feed: Callable[[bytes], object], stream: bytes) -> float:
    """The best of some rounds, since anything else on the machine only slows a round down."""
    pieces = [stream[at : at + PIECE_OCTETS] for at in range(0, len(stream), PIECE_OCTETS)]
    best = float("inf")
    for _ in range(ROUNDS):
        began = time.perf_counter()
        for piece in pieces:
            feed(piece)
        best = min(best, time.perf_counter() - began)
    return best


async def panoramisk_seconds(stream: bytes, events: int) -> float:
    manager = Manager()
    protocol = manager.config["protocol_factory"]()
    protocol.factory, protocol.responses, protocol.queue = manager, {}, deque()
    protocol.encoding, protocol.version, protocol.closed = "utf8", "11.0.0", False
    protocol.log = manager.log
    seen: Counter[str] = Counter()
    manager.register_event("*", lambda _, event: seen.update(events=1))
    protocol.connection_lost = lambda reason: None  # it takes the recorded Shutdown for its own
    best = seconds(protocol.data_received, stream)
    if seen["events"] != events * ROUNDS:
        raise SystemExit(f"panoramisk read {seen['events']} events of {events * ROUNDS}")
    return best


def our_seconds(stream: bytes, events: int, wanted: frozenset[str] | None) -> float:
    parser = FrameParser(wanted)
    parser.feed(recordings.GREETING)
    seen: Counter[str] = Counter()
    best = seconds(lambda piece: seen.update(events=len(parser.feed(piece))), stream)
    if seen["events"] + parser.skipped_events != events * ROUNDS:
        raise SystemExit(
            f"ours read {seen['events']} and skipped {parser.skipped_events} of {events * ROUNDS}"
        )
    return best


def main() -> None:
    stream, events = recorded_events()
    print(f"{events} events, {len(stream) // events} bytes each")
    theirs = asyncio.run(panoramisk_seconds(stream, events))
    every = our_seconds(stream, events, None)
    wanted = our_seconds(stream, events, WANTED_EVENTS)
    for name, took in (("panoramisk", theirs), ("ours, all events", every), ("ours, wanted events", wanted)):
        print(f"{name:20} {events / took:10,.0f} events/s")
    print(f"ratio {theirs / wanted:.1f}")


if __name__ == "__main__":
    main()

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


class Contender:
    """One reader of the stream; events: how many it has seen or skipped, to prove that it read all."""

    def __init__(self, name: str, feed: Callable[[bytes], object], events: Callable[[], int]) -> None:
        self.name, self.feed, self.events = name, feed, events
        self.best_s = float("inf")

    def run_once(self, pieces: list[bytes]) -> None:
        began = time.perf_counter()
        for piece in pieces:
            self.feed(piece)
        # The best round counts, since anything else on the machine only slows one down.
        self.best_s = min(self.best_s, time.perf_counter() - began)


def panoramisk_contender() -> Contender:
    manager = Manager()
    protocol = manager.config["protocol_factory"]()
    protocol.factory, protocol.responses, protocol.queue = manager, {}, deque()
    protocol.encoding, protocol.version, protocol.closed = "utf8", "11.0.0", False
    protocol.log = manager.log
    protocol.connection_lost = lambda reason: None  # it takes the recorded Shutdown for its own
    seen: Counter[str] = Counter()
    manager.register_event("*", lambda _, event: seen.update(events=1))
    return Contender("panoramisk", protocol.data_received, lambda: seen["events"])


def our_contender(name: str, wanted: frozenset[str] | None) -> Contender:
    parser = FrameParser(wanted)
    parser.feed(recordings.GREETING)
    seen: Counter[str] = Counter()
    return Contender(
        name,
        lambda piece: seen.update(events=len(parser.feed(piece))),
        lambda: seen["events"] + parser.skipped_events,
    )


async def main() -> None:
    stream, events = recorded_events()
    pieces = [stream[at : at + PIECE_OCTETS] for at in range(0, len(stream), PIECE_OCTETS)]
    theirs, every, wanted = contenders = (
        panoramisk_contender(),
        our_contender("ours, all events", None),
        our_contender("ours, wanted events", WANTED_EVENTS),
    )
    for _ in range(ROUNDS):
        for contender in contenders:
            contender.run_once(pieces)
    print(f"{events} events, {len(stream) // events} bytes each")
    for contender in contenders:
        if contender.events() != events * ROUNDS:
            raise SystemExit(f"{contender.name} read {contender.events()} events of {events * ROUNDS}")
        print(f"{contender.name:20} {events / contender.best_s:10,.0f} events/s")
    print(f"ratio {theirs.best_s / wanted.best_s:.1f} (all events: {theirs.best_s / every.best_s:.1f})")


if __name__ == "__main__":
    asyncio.run(main())

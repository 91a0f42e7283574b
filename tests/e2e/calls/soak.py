"""Hundreds of link faults in real calls: `python -m tests.e2e.calls.soak --faults 300 --seed 7`.

Starts an Asterisk of its own. Ends with 1 after the first call that is not what its phones saw, and
prints what happened in that lane; the seed repeats what is drawn by chance, though not the timing.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import random
import sys
import tempfile
import time
from pathlib import Path

import structlog

from engine.simulators.asterisk import PrivateAsterisk, find_asterisk
from tests.e2e.calls.campaign import Lane, lanes
from tests.e2e.calls.office import make_empty_database
from tests.peers.asterisk import RING_S, USERS


async def soak(asterisk: PrivateAsterisk, folder: Path, faults: int, count: int, seed: int) -> bool:
    """Whether every call was right."""
    empty = folder / "empty.db"
    make_empty_database(empty)
    left = faults

    async def run(index: int, lane: Lane) -> None:
        nonlocal left
        while left > 0:
            left -= 1
            await lane.suffer()
            print(f"lane {index}: {lane.told[-1].partition(', [')[0]}", flush=True)

    began = time.monotonic()
    async with lanes(asterisk, empty, folder, count, seed) as made:
        running = [asyncio.create_task(run(index, lane)) for index, lane in enumerate(made)]
        done, others = await asyncio.wait(running, return_when=asyncio.FIRST_EXCEPTION)
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        failures = [
            (lane, task.exception()) for lane, task in zip(made, running, strict=True) if task in done
        ]
        calls, unknown = sum(lane.calls for lane in made), sum(lane.unknown for lane in made)
    failures = [(lane, error) for lane, error in failures if error is not None]
    for lane, error in failures:
        print(f"WRONG after {lane.told[-1]}:\n{error!r}", file=sys.stderr)
    suffered = sum(len(lane.told) for lane in made)
    print(
        f"{suffered} faults, {calls} calls right, {unknown} of them unknown, {len(failures)} lanes wrong,"
        f" {time.monotonic() - began:.0f} s, seed {seed}"
    )
    return not failures


def main() -> int:
    parser = argparse.ArgumentParser(description="Real calls under link faults.")
    parser.add_argument("--faults", type=int, default=300)
    parser.add_argument("--lanes", type=int, default=6, help="engines side by side")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10_000))
    given = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with tempfile.TemporaryDirectory(prefix="rb-soak-") as name:
        folder = Path(name)
        with PrivateAsterisk(folder / "asterisk", USERS, tree=find_asterisk(), ring_s=RING_S) as asterisk:
            right = asyncio.run(soak(asterisk, folder, given.faults, given.lanes, given.seed))
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())

"""Kills by chance: where each life of the engine ends, and what keeps it busy until then."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field

from tests.e2e.texts.engine_process import LIMIT_S
from tests.e2e.texts.oracle import Verdict
from tests.e2e.texts.world import World

#: What may set a kill off: moments of the tap and the client, each with the range of its nth time in
#: this life, and two times, in seconds: since the start, and since the first submit_sm.
_MOMENTS = {
    "since_start": 0.6,
    "since_busy": 0.4,
    "bind_arrived": 1,
    "bound": 1,
    "requested": 40,
    "accepted": 40,
    "submit_arrived": 40,
    "answer_passed": 40,
    "delivery_passed": 30,
    "delivery_answered": 30,
}
#: What was waited for does not always come, say the 30th receipt when the client waits for 10; so a
#: life that is at work ends after so long, of old age.
_LONGEST_LIFE_S = 1.0
_AT_WORK = ("accepted", "submit_arrived", "delivery_answered")


@dataclass
class Figures:
    """What a run of kills did. in_flight: segments with an intent and no outcome, at each kill."""

    kills: Counter[str] = field(default_factory=Counter)
    in_flight: list[int] = field(default_factory=list)
    ready_after_s: list[float] = field(default_factory=list)
    texts: int = 0
    submits: int = 0
    uncertain: int = 0
    second_copies: int = 0
    texts_in: int = 0
    seconds: float = 0.0
    broken: dict[str, list[str]] = field(default_factory=dict)

    def add(self, other: Figures) -> None:
        """Sum up what another run did, broken promises aside."""
        self.kills += other.kills
        self.in_flight += other.in_flight
        self.ready_after_s += other.ready_after_s
        for name in ("texts", "submits", "uncertain", "second_copies", "texts_in", "seconds"):
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def line(self) -> str:
        ready_after_s = sorted(self.ready_after_s) or [0.0]
        kills = sum(self.kills.values())
        return (
            f"{kills} kills, {self.texts} requests, {self.submits} submit_sm, {self.texts_in} texts in;"
            f" in flight {sum(self.in_flight)} (most {max(self.in_flight, default=0)}),"
            f" uncertain {self.uncertain}, second copies {self.second_copies};"
            f" submitting again after {ready_after_s[len(ready_after_s) // 2]:.2f} s"
            f" (at most {ready_after_s[-1]:.2f});"
            f" {self.seconds:.0f} s"
        )


async def kill_often(world: World, kills: int, chance: random.Random) -> Figures:
    """Kill the engine so many times under load, let it come to rest, stop it, and judge.

    Raises TimeoutError when it does not come to rest, AssertionError when it leaves by itself.
    """
    began, figures = time.monotonic(), Figures()
    world.client.start()
    texting = asyncio.create_task(_texts_in(world, random.Random(chance.random())))
    try:
        for _ in range(kills):
            moment = await _one_life(world, chance, figures)
            await world.killed(moment)
            figures.kills[moment] += 1
            figures.in_flight.append(len(world.kills[-1].in_flight))
    finally:
        texting.cancel()
        with suppress(asyncio.CancelledError):
            await texting
    await world.start()
    await world.client.finish()
    await world.at_rest()
    await world.stop()
    verdict: Verdict = await world.verdict()
    figures.texts, figures.submits = len(world.client.requests), len(world.tap.log.submits)
    figures.uncertain, figures.second_copies = verdict.uncertain, verdict.second_copies
    figures.texts_in = len(world.texts_in)
    figures.broken = verdict.broken()
    figures.seconds = time.monotonic() - began
    return figures


async def _one_life(world: World, chance: random.Random, figures: Figures) -> str:
    """Start the engine and kill it at a moment left to chance; returns which."""
    moment = chance.choice(list(_MOMENTS))
    timed_s = chance.uniform(0.0, _MOMENTS[moment])
    left = chance.randint(1, max(1, int(_MOMENTS[moment])))
    delay_s = chance.choice((0.0, 0.0, 0.001, 0.004, 0.015)) * chance.random()
    loop, over = asyncio.get_running_loop(), asyncio.Event()
    up = working = submitting = False

    def end(set_off_by: str) -> None:
        nonlocal moment
        if not over.is_set():
            moment = set_off_by
            process.kill()
            over.set()

    def watch(seen: str) -> None:
        nonlocal left, up, working, submitting
        up |= seen == "bound"
        if seen in _AT_WORK and not working:
            working = True
            loop.call_later(_LONGEST_LIFE_S, end, "old_age")
        if seen == "submit_arrived" and not submitting:
            submitting = True
            figures.ready_after_s.append(time.time() - world.started_at)
            if moment == "since_busy":
                loop.call_later(timed_s, end, moment)
        # Requests that nobody is there to hear are no moments.
        if seen == moment and left > 0 and (up or moment == "bind_arrived"):
            left -= 1
            if left == 0:
                if delay_s:
                    loop.call_later(delay_s, end, moment)
                else:
                    end(moment)

    process = await world.start()
    world.tap.watch = watch
    if moment == "since_start":
        loop.call_later(timed_s, end, moment)
    try:
        async with asyncio.timeout(LIMIT_S):
            await over.wait()
    finally:
        world.tap.watch = None
    return moment


async def _texts_in(world: World, chance: random.Random) -> None:
    while True:
        if world.tap.links:  # else a slow machine is asked to take more and more
            world.text_in("a reply " * chance.choice((1, 1, 1, 30)))
        await asyncio.sleep(chance.uniform(0.02, 0.12))

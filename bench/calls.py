"""What the engine adds to a call, and how many calls a second come out right, on a real Asterisk.

    python -m bench.calls [--rounds 5] [--calls 40] [--seconds 6] [--at-once 16]

A private Asterisk, phones without sound that answer at once, and in turn a bare AMI client and
`ringback serve` over HTTP: the same Originate, the same phones, the same minute. Prints a line a
round and the medians in the end. Everything shares the machine, so compare ratios, not rates.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import structlog
import uvloop

from bench import ami_events
from bench.calls_peers import DESTINATION, USER, BareAmi, Engine, Way
from bench.sms.processes import Processes, machine_busy_s
from engine.simulators.asterisk import PrivateAsterisk, SipUser, find_asterisk
from tests.e2e.calls.quick_phones import Line, QuickPhone, QuickPhones

_TALK_S = 0.1
# A BYE that overtakes the ACK of its call's answer is another story.
_LEAST_TALK_S = 0.02
#: What the engine does behind a call it has done with, so that it does not fall on the next one.
_PAUSE_S = 0.02
_RIGHT = {"status": "completed", "end_reason": "hung_up", "ended_leg": "b"}


@dataclass
class Times:
    """Milliseconds, one a call. answered: until the click was answered; at_user: until the INVITE
    was at the user's phone; on: from the user's 200 OK to the INVITE at the destination."""

    answered: list[float] = field(default_factory=list)
    at_user: list[float] = field(default_factory=list)
    on: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Rate:
    """calls_per_s: calls begun and ended in the time. CPU in milliseconds a call."""

    calls_per_s: float
    asterisk_ms: float
    way_ms: float
    others_cores: float


class Phones:
    """Anna's and Bob's. Both answer at once; Bob hangs up after talk_s."""

    def __init__(self) -> None:
        self.talk_s = _TALK_S
        self.anna: QuickPhone | None = None
        self.bob: QuickPhone | None = None

    def at_anna(self, line: Line) -> None:
        line.answer()

    def at_bob(self, line: Line) -> None:
        line.answer()
        asyncio.get_running_loop().call_later(self.talk_s, line.hang_up)

    def forget(self) -> None:
        for phone, number in ((self.anna, DESTINATION), (self.bob, USER)):
            assert phone is not None
            phone.forget(number)


async def set_up_times(way: Way, phones: Phones, calls: int) -> Times:
    """One call at a time, from the click to its end."""
    times = Times()
    assert phones.anna is not None
    assert phones.bob is not None
    for _ in range(calls):
        await asyncio.sleep(_PAUSE_S)
        phones.forget()
        clicked = time.monotonic()
        call = await way.click()
        answered = time.monotonic()
        await way.over(call)
        (anna,), (bob,) = phones.anna.rung(DESTINATION), phones.bob.rung(USER)
        assert anna.answered is not None
        times.answered.append((answered - clicked) * 1000)
        times.at_user.append((anna.began - clicked) * 1000)
        times.on.append((bob.began - anna.answered) * 1000)
    phones.forget()
    return times


async def rate(way: Way, phones: Phones, seconds: float, at_once: int, asterisk_pid: int) -> Rate:
    """A closed loop: each of at_once callers clicks again when their call is over."""
    done = 0
    stop_at = time.monotonic() + seconds

    async def caller() -> None:
        nonlocal done
        while time.monotonic() < stop_at:
            await way.over(await way.click())
            done += 1

    spent = [_cpu_s(asterisk_pid), _way_cpu_s(way), machine_busy_s(), _own_cpu_s()]
    began = time.monotonic()
    await asyncio.gather(*(caller() for _ in range(at_once)))
    elapsed = time.monotonic() - began
    now = [_cpu_s(asterisk_pid), _way_cpu_s(way), machine_busy_s(), _own_cpu_s()]
    asterisk, way_cpu, machine, own = (after - before for after, before in zip(now, spent, strict=True))
    phones.forget()
    others = max(machine - asterisk - way_cpu - own, 0) / elapsed
    return Rate(done / elapsed, asterisk / done * 1000, way_cpu / done * 1000, others)


async def measure(options: argparse.Namespace, asterisk: PrivateAsterisk, folder: Path) -> int:
    """How many of the engine's calls were wrong."""
    phones = Phones()
    assert asterisk.pid is not None
    with Processes(folder / "engine") as processes:
        async with (
            QuickPhones(asterisk) as quick,
            BareAmi.to(asterisk) as bare,
            Engine.on(asterisk, processes) as engine,
        ):
            phones.anna = await quick.take(USER, phones.at_anna)
            phones.bob = await quick.take(DESTINATION, phones.at_bob)
            ways: tuple[Way, Way] = (bare, engine)
            for way in ways:
                await set_up_times(way, phones, 10)  # warm
            times = await _times_in_turn(ways, phones, options)
            rates = await _rates_in_turn(ways, phones, options, asterisk.pid)
            wrong = await engine.wrong(_RIGHT)
            _conclude(times, rates, engine.clicks, len(wrong))
            if wrong:
                print(f"for example {wrong[0]}", file=sys.stderr)
            return len(wrong)


async def _times_in_turn(
    ways: Sequence[Way], phones: Phones, options: argparse.Namespace
) -> dict[str, list[Times]]:
    phones.talk_s = _LEAST_TALK_S
    taken: dict[str, list[Times]] = {way.name: [] for way in ways}
    for number in range(options.rounds):
        for way in ways:
            times = await set_up_times(way, phones, options.calls)
            taken[way.name].append(times)
            print(
                f"round {number + 1} {way.name:16} click to INVITE {_median(times.at_user):6.2f} ms"
                f" (p95 {_p95(times.at_user):6.2f}), answered after {_median(times.answered):6.2f},"
                f" 200 OK to INVITE {_median(times.on):5.2f}",
                flush=True,
            )
    phones.talk_s = _TALK_S
    return taken


async def _rates_in_turn(
    ways: Sequence[Way], phones: Phones, options: argparse.Namespace, asterisk_pid: int
) -> dict[str, list[Rate]]:
    taken: dict[str, list[Rate]] = {way.name: [] for way in ways}
    for number in range(options.rounds):
        for way in ways:
            found = await rate(way, phones, options.seconds, options.at_once, asterisk_pid)
            taken[way.name].append(found)
            print(
                f"round {number + 1} {way.name:16} {found.calls_per_s:6.1f} calls/s, CPU a call: Asterisk"
                f" {found.asterisk_ms:4.1f} ms, way {found.way_ms:4.1f} ms;"
                f" others took {found.others_cores:.2f} cores",
                flush=True,
            )
    return taken


def _conclude(times: dict[str, list[Times]], rates: dict[str, list[Rate]], clicks: int, wrong: int) -> None:
    bare, engine = times["bare AMI client"], times["engine"]
    added = _median([_median(b.at_user) - _median(a.at_user) for a, b in zip(bare, engine, strict=True)])
    slower = _median([_median(b.at_user) / _median(a.at_user) for a, b in zip(bare, engine, strict=True)])
    on = _median([_median(b.on) / _median(a.on) for a, b in zip(bare, engine, strict=True)])
    print(
        f"set-up: click to INVITE {_median([_median(one.at_user) for one in bare]):.2f} ms bare,"
        f" {_median([_median(one.at_user) for one in engine]):.2f} ms through the engine:"
        f" {added:.2f} ms added ({slower:.1f} times); from the user's answer to the destination's INVITE"
        f" {on:.2f} times"
    )
    pairs = list(zip(rates["bare AMI client"], rates["engine"], strict=True))
    part = _median([b.calls_per_s / a.calls_per_s for a, b in pairs])
    print(
        f"rate: {_median([a.calls_per_s for a, _ in pairs]):.0f} calls/s bare,"
        f" {_median([b.calls_per_s for _, b in pairs]):.0f} through the engine ({part:.2f} of it),"
        f" {_median([b.way_ms for _, b in pairs]):.1f} ms of the engine's CPU a call;"
        f" {clicks - wrong} of {clicks} calls right"
    )


def _median(values: Sequence[float]) -> float:
    return statistics.median(values)


def _p95(values: Sequence[float]) -> float:
    return sorted(values)[round(0.95 * (len(values) - 1))]


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _way_cpu_s(way: Way) -> float:
    """The engine's; the bare client is part of this process and costs next to nothing."""
    return way.processes.cpu_s() if isinstance(way, Engine) else 0.0


def _own_cpu_s() -> float:
    return time.process_time()


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--calls", type=int, default=40, help="one at a time, a round and way")
    parser.add_argument("--seconds", type=float, default=6.0, help="of the closed loop, a round and way")
    parser.add_argument("--at-once", type=int, default=16, help="callers of the closed loop")
    options = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    users = [SipUser(USER, "secret-1001", "Anna"), SipUser(DESTINATION, "secret-1002", "Bob")]
    with tempfile.TemporaryDirectory(prefix="rb-bench-") as name:
        folder = Path(name)
        with PrivateAsterisk(folder / "asterisk", users, tree=find_asterisk()) as asterisk:
            wrong = uvloop.run(measure(options, asterisk, folder))
    asyncio.run(ami_events.main())
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

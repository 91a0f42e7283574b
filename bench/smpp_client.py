"""How many texts a second one carrier submits to a server that is not ours, and what each costs.

    python bench/smpp_client.py [--count 40000] [--window 100] [--loop uvloop] [--rounds 3]

Starts npm's `smpp` server, which answers every submit_sm at once; with --port the server is already
there. Prints a line a round and the medians in the end. Both processes share the machine, so at a wide
window the server is the limit: the client's CPU a text is the steadier figure.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import resource
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import structlog
import uvloop

from engine.clock import SystemClock
from engine.smpp.carrier import (
    AnswerKind,
    BindSettings,
    Carrier,
    CarrierSettings,
    Delivery,
    SmscAddress,
    SubmitAnswer,
)
from engine.smpp.codec import SubmitSm
from tests.peers.node_smpp import start_node_smsc


class Feeder:
    """Keeps the window full until `count` texts are answered."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._submitted = 0
        self._answered = 0
        self._carrier: Carrier | None = None
        self.started_at = 0.0
        self.started_cpu_s = 0.0
        self.done = asyncio.Event()
        self.bound = asyncio.Event()
        self.refused = 0

    def feed(self, carrier: Carrier) -> None:
        """Start now."""
        self._carrier = carrier
        self.started_cpu_s = cpu_s()
        self.started_at = asyncio.get_running_loop().time()
        self.room_changed("")

    def room_changed(self, carrier: str) -> None:
        if self._carrier is None:
            return
        while self._submitted < self._count:
            slot = self._carrier.reserve()
            if slot is None:
                return
            text = SubmitSm(
                source_addr_ton=5,
                source_addr="Ringback",
                dest_addr_ton=1,
                dest_addr_npi=1,
                destination_addr="491700000001",
                registered_delivery=1,
                short_message=b"%08d a text of seventy-one octets, as the other measurements use it, ok"
                % self._submitted,
            )
            self._carrier.submit(slot, text, self._submitted)
            self._submitted += 1

    def submits_answered(self, carrier: str, answers: Sequence[SubmitAnswer]) -> None:
        self.refused += sum(answer.kind is not AnswerKind.ACCEPTED for answer in answers)
        self._answered += len(answers)
        if self._answered >= self._count:
            self.done.set()

    def delivered(self, carrier: str, deliveries: Sequence[Delivery]) -> None:
        for delivery in deliveries:
            delivery.acknowledge(0)

    def bind_changed(self, carrier: str, bind: str, state: str, reason: str) -> None:
        if state == "bound":
            self.bound.set()


def cpu_s() -> float:
    """User and system seconds of this process so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def one_round(port: int, count: int, window: int) -> tuple[float, float]:
    """Texts a second, and microseconds of this process a text."""
    bind = BindSettings(
        hosts=(SmscAddress("127.0.0.1", port),), system_id="bench", password="secret", window_pdus=window
    )
    feeder = Feeder(count)
    carrier = Carrier(CarrierSettings(name="bench", binds=(bind,)), feeder, SystemClock())
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(carrier.run())
        await feeder.bound.wait()
        feeder.feed(carrier)
        await feeder.done.wait()
        elapsed_s = asyncio.get_running_loop().time() - feeder.started_at
        used_s = cpu_s() - feeder.started_cpu_s
        await carrier.drain(5.0)
    if feeder.refused:
        raise SystemExit(f"{feeder.refused} texts were not accepted")
    return count / elapsed_s, used_s / count * 1e6


async def measure(options: argparse.Namespace) -> None:
    """All rounds against one server, the first of them thrown away."""
    smsc = None if options.port else await start_node_smsc(quiet=True)
    port = options.port or (smsc.port if smsc else 0)
    try:
        await one_round(port, options.count // 4, options.window)
        rounds = []
        for number in range(options.rounds):
            rounds.append(await one_round(port, options.count, options.window))
            print(
                f"round {number + 1}: {rounds[-1][0]:9,.0f} submits/s  {rounds[-1][1]:6.1f} us of CPU a text"
            )
    finally:
        if smsc is not None:
            await smsc.stop()
    per_s = statistics.median(rate for rate, _ in rounds)
    cpu_us = statistics.median(cpu for _, cpu in rounds)
    setting = f"window {options.window}, {options.loop}"
    print(f"{setting}: {per_s:,.0f} submits/s, {cpu_us:.1f} us of CPU a text (medians)")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=40_000)
    parser.add_argument("--window", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--loop", choices=("asyncio", "uvloop"), default="uvloop")
    parser.add_argument("--port", type=int, default=0)
    options = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    runner = uvloop.run if options.loop == "uvloop" else asyncio.run
    runner(measure(options))


if __name__ == "__main__":
    main()

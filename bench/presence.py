"""How long a PBX with many phones takes to be known again after its link was lost.

    python -m bench.presence [--phones 2000] [--calls 300] [--rounds 5] [--only simulator,asterisk]

One user a phone. The link is cut, and the time runs from the new login until every list has been taken,
applied, and told to whoever listens. The simulator has calls going on; Asterisk has the endpoints of a real
configuration, none registered. The last line of each is the median and the worst, in ms.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from engine.accounts.models import Principal, Scope
from engine.adapters.ami_pbx import AmiPbx
from engine.adapters.ami_presence import AmiPresence
from engine.ami.client import LinkFacts
from engine.ami.settings import AmiSettings
from engine.clock import SystemClock
from engine.errors import EngineError
from engine.presence.frames import presence_data
from engine.presence.live_roster import LiveRoster
from engine.presence.models import RosterDomain, RosterUser
from engine.presence.service import Presence
from engine.presence.settings import PresenceSettings
from engine.simulators.asterisk import AsteriskUnavailable, PrivateAsterisk, SipUser
from engine.simulators.pbx import PbxOptions, PbxSimulator
from engine.simulators.pbx_events import Channel
from tests.e2e.calls.link_proxy import LinkProxy
from tests.unit.presence.twins import MemoryCallLog, MemoryRoster, MemoryStatuses

GOAL_MS = 2_000.0
DOMAIN = "dom_bench"


@dataclass
class Frames:
    """Counts what everybody is told, and what it weighs."""

    frames: int = 0
    octets: int = 0

    def publish_ephemeral(
        self, stream: str, type: str, data: Mapping[str, object], user_ids: Iterable[str] | None = None
    ) -> None:
        self.frames += 1
        self.octets += len(msgspec.json.encode(data))


@dataclass
class Link:
    """Notes when the link comes up; an AmiListener."""

    ups: list[float] = field(default_factory=list)

    def events(self, pbx: str, events: object) -> None: ...

    def link_up(self, pbx: str, facts: LinkFacts) -> None:
        self.ups.append(time.perf_counter())

    def link_down(self, pbx: str, reason: EngineError) -> None: ...


def a_user(pbx: str, endpoint: str) -> RosterUser:
    return RosterUser(f"usr_{endpoint}", DOMAIN, endpoint, f"User {endpoint}", None, ((pbx, endpoint),))


async def measure(settings: AmiSettings, wire: LinkProxy, endpoints: list[str], rounds: int) -> list[float]:
    """Milliseconds from each login to everything known and told."""
    clock, frames, link = SystemClock(), Frames(), Link()
    users = tuple(
        RosterUser(f"usr_{one}", DOMAIN, one, f"User {one}", None, ((settings.name, one),))
        for one in endpoints
    )
    pbx = AmiPbx(settings, clock)
    pbx.share(link)
    phones = AmiPresence(settings, pbx, clock)
    presence = Presence(
        LiveRoster(MemoryRoster({DOMAIN: RosterDomain(DOMAIN, None, None, users)})),
        MemoryStatuses(),
        MemoryCallLog(),
        {settings.name: phones},
        frames,
        PresenceSettings(),
        clock,
    )
    known = asyncio.Event()
    resynced = presence.resynced

    def note(name: str) -> None:
        resynced(name)
        presence.tell()
        known.set()

    presence.resynced = note  # type: ignore[method-assign]
    await presence.start()
    taken: list[float] = []
    tasks = [asyncio.create_task(work) for work in (pbx.run(), phones.run(), presence.run())]
    try:
        for _ in range(rounds + 1):
            await asyncio.wait_for(known.wait(), 60)
            taken.append((time.perf_counter() - link.ups[-1]) * 1000)
            known.clear()
            wire.cut()
        manager = Principal("key", "bench", DOMAIN, None, Scope.OFFICE_MANAGER)
        began = time.perf_counter()
        shown = await presence.list(manager)
        body = msgspec.json.encode([presence_data(one) for one, _ in shown])
        elapsed_ms = (time.perf_counter() - began) * 1000
        print(
            f"  all {len(shown):,} users in one call: {elapsed_ms:.1f} ms, {len(body):,} octets", flush=True
        )
        print(f"  told: {frames.frames} frames, {frames.octets:,} octets in {rounds + 1} rounds", flush=True)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
    return taken


def settings_for(port: int, username: str, secret: str) -> AmiSettings:
    return AmiSettings(
        name="bench",
        host="127.0.0.1",
        port=port,
        username=username,
        secret=secret,
        reconnect_min_s=0.05,
        reconnect_max_s=0.1,
        answer_timeout_s=30.0,
    )


@contextlib.asynccontextmanager
async def simulated(phones: int, calls: int) -> AsyncIterator[tuple[AmiSettings, LinkProxy, list[str]]]:
    """A simulated PBX, some of whose phones talk to each other."""
    endpoints = [str(10_000 + number) for number in range(phones)]
    options = PbxOptions(port=0)
    async with PbxSimulator(options).serving() as pbx, LinkProxy(pbx.port).running() as wire:
        for endpoint in endpoints:
            pbx.devices[endpoint] = "NOT_INUSE"
        for number in range(min(calls, phones // 2)):
            for place, endpoint in enumerate(endpoints[2 * number : 2 * number + 2]):
                name, linkedid = f"PJSIP/{endpoint}-{number:08x}", f"sim-{number}.0"
                channel = Channel(name, f"sim-{number}.{place}", linkedid, "acme", endpoints[2 * number + 1])
                channel.state, channel.bridge, channel.number = 6, f"bridge-{number}", endpoint
                channel.application = "AppDial" if place else "Dial"
                pbx.channels[channel.uniqueid] = channel
                pbx.devices[endpoint] = "INUSE"
        yield settings_for(wire.port, options.username, options.secret), wire, endpoints


@contextlib.asynccontextmanager
async def real(phones: int, calls: int) -> AsyncIterator[tuple[AmiSettings, LinkProxy, list[str]]]:
    """A real Asterisk with so many endpoints. Raises AsteriskUnavailable."""
    users = [SipUser(str(10_000 + number), "not-used") for number in range(phones)]
    with tempfile.TemporaryDirectory() as folder, PrivateAsterisk(Path(folder), users) as asterisk:
        async with LinkProxy(asterisk.ami_port).running() as wire:
            settings = settings_for(wire.port, asterisk.ami_username, asterisk.ami_secret)
            yield settings, wire, [user.name for user in users]


PEERS = {"simulator": simulated, "asterisk": real}


async def bench(peer: str, phones: int, calls: int, rounds: int) -> bool:
    """Whether every round was within the goal."""
    print(f"{peer}: {phones:,} phones", flush=True)
    async with PEERS[peer](phones, calls) as (settings, wire, endpoints):
        taken = await measure(settings, wire, endpoints, rounds)
    median, worst = statistics.median(taken), max(taken)
    print(f"  known again after {median:.0f} ms (median of {len(taken)}), {worst:.0f} ms at worst")
    return worst <= GOAL_MS


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--phones", type=int, default=2_000)
    parser.add_argument("--calls", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default=",".join(PEERS))
    given = parser.parse_args()
    within = True
    for peer in given.only.split(","):
        try:
            within &= asyncio.run(bench(peer, given.phones, given.calls, given.rounds))
        except AsteriskUnavailable as error:
            print(f"asterisk: left out, {error.detail}")
    sys.exit(0 if within else 1)


if __name__ == "__main__":
    main()

"""A PBX with many phones, lost and found: what happened meanwhile is known, and told in few frames."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from engine.accounts.models import Principal, Scope
from engine.adapters.ami_pbx import AmiPbx
from engine.adapters.ami_presence import AmiPresence
from engine.ami.settings import AmiSettings
from engine.clock import SystemClock
from engine.presence.live_roster import LiveRoster
from engine.presence.models import PhoneState, RosterDomain, RosterUser
from engine.presence.service import Presence
from engine.presence.settings import PresenceSettings
from engine.simulators.pbx import PbxOptions, PbxSimulator
from tests.unit.presence.twins import Frames, MemoryCallLog, MemoryRoster, MemoryStatuses

PHONES = 2_000
MANAGER = Principal("key", "test", "dom_a", None, Scope.OFFICE_MANAGER)
P = PhoneState


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not true():  # noqa: ASYNC110 - looked at as a page would
            await asyncio.sleep(0.01)


async def test_what_changed_while_the_link_was_down_is_known_after_it() -> None:
    endpoints = [str(10_000 + number) for number in range(PHONES)]
    users = tuple(
        RosterUser(f"usr_{one}", "dom_a", one, f"User {one}", None, (("main", one),)) for one in endpoints
    )
    clock, frames = SystemClock(), Frames()
    options = PbxOptions(port=0)
    async with PbxSimulator(options).serving() as simulator:
        simulator.devices = dict.fromkeys(endpoints, "NOT_INUSE")
        settings = AmiSettings(
            name="main",
            host="127.0.0.1",
            port=simulator.port,
            username=options.username,
            secret=options.secret,
            reconnect_min_s=0.05,
            reconnect_max_s=0.1,
        )
        pbx = AmiPbx(settings, clock)
        phones = AmiPresence(settings, pbx, clock)
        presence = Presence(
            LiveRoster(MemoryRoster({"dom_a": RosterDomain("dom_a", None, None, users)})),
            MemoryStatuses(),
            MemoryCallLog(),
            {"main": phones},
            frames,
            PresenceSettings(tell_every_s=0.02),
            clock,
        )
        await presence.start()
        told: dict[str, str] = {}

        def learn() -> dict[str, str]:
            for frame in frames.take("presence"):
                told.update({user["user_id"]: user["phone"] for user in frame["users"]})  # type: ignore[attr-defined]
            return told

        tasks = [asyncio.create_task(work) for work in (pbx.run(), phones.run(), presence.run())]
        try:
            await until(lambda: list(learn().values()).count("idle") == PHONES)
            simulator.set_device(endpoints[0], "INUSE")
            await until(lambda: learn()["usr_10000"] == "on_the_phone")
            simulator.cut_links()
            simulator.devices[endpoints[0]] = "NOT_INUSE"
            simulator.devices[endpoints[1]] = "UNAVAILABLE"
            await until(lambda: learn()["usr_10001"] == "not_registered")
            assert learn()["usr_10000"] == "idle"
            shown = [one.phone for one, _ in await presence.list(MANAGER)]
            assert (shown[0], shown[1], shown.count(P.IDLE)) == (P.IDLE, P.NOT_REGISTERED, PHONES - 1)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)

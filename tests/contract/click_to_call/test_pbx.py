"""What every Pbx promises: the in-memory twin, and Asterisk's AMI over a real socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from engine.adapters.ami_pbx import AmiPbx
from engine.ami.settings import AmiSettings
from engine.click_to_call.models import Call, CallStatus, LegResult
from engine.click_to_call.ports import DialRequest, FactKind, Pbx, PbxFact
from engine.clock import SystemClock
from engine.errors import PeerRejected, PeerUnavailable
from engine.simulators.pbx import PbxOptions, PbxSimulator
from tests.contract.click_to_call.twins import MemoryPbx
from tests.contract.click_to_call.world import call


@dataclass
class Ear:
    """Hears a PBX."""

    heard: list[PbxFact] = field(default_factory=list)
    links: list[str] = field(default_factory=list)

    def facts(self, facts: Sequence[PbxFact]) -> None:
        self.heard += facts

    def link_up(self) -> None:
        self.links.append("up")

    def link_down(self) -> None:
        self.links.append("down")

    def kinds(self, one: Call) -> list[tuple[str, str | None]]:
        return [(fact.kind.value, fact.leg) for fact in self.heard if fact.channel_id == one.channel_id]


@dataclass
class Side:
    """A PBX under test, who hears it, and the ways to cut and mend its link."""

    pbx: Pbx
    ear: Ear
    cut: Callable[[], object]
    mend: Callable[[], object]

    async def until(self, condition: Callable[[], bool]) -> None:
        for _ in range(1500):
            if condition():
                return
            await asyncio.sleep(0.01)
        raise TimeoutError("it did not happen within 15 s")

    async def dial(self, exten: str) -> Call:
        one = call(to=exten, destination_is_device=True)
        self.pbx.follow(one)
        await self.pbx.originate(dial_request(one))
        return one


def dial_request(one: Call) -> DialRequest:
    return DialRequest(
        call_id=one.id,
        channel_id=one.channel_id,
        endpoint="alice",
        context="internal",
        exten=one.to,
        ring_timeout_s=20,
        caller_number="1001",
        caller_name="Alice",
        destination_number=one.to,
        destination_name="",
        auto_answer=False,
        all_devices=False,
        prompt=False,
        destination_is_device=True,
    )


@asynccontextmanager
async def ami_side() -> AsyncIterator[Side]:
    async with PbxSimulator(PbxOptions(port=0, ring_s=0.02)).serving() as simulator:
        settings = AmiSettings(
            name="main",
            host="127.0.0.1",
            port=simulator.port,
            username="ringback",
            secret="ringback",
            reconnect_min_s=0.05,
            reconnect_max_s=0.1,
        )
        pbx, ear = AmiPbx(settings, SystemClock()), Ear()
        pbx.subscribe(ear)

        def cut() -> None:
            closing.append(asyncio.ensure_future(simulator.close()))

        def mend() -> None:
            closing.append(asyncio.ensure_future(simulator.listen()))

        closing: list[asyncio.Future[None]] = []
        running = asyncio.create_task(pbx.run())
        yield Side(pbx, ear, cut, mend)
        await asyncio.gather(*closing)
        await pbx.stop()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@pytest.fixture(params=["twin", "ami"])
async def side(request: pytest.FixtureRequest) -> AsyncIterator[Side]:
    if request.param == "twin":
        twin, ear = MemoryPbx(), Ear()
        twin.subscribe(ear)
        yield Side(twin, ear, twin.cut, twin.mend)
        return
    async with ami_side() as one:
        await one.until(lambda: one.pbx.available)
        yield one


async def test_a_call_that_is_answered_is_told_step_by_step(side: Side) -> None:
    one = await side.dial("1002")
    await side.until(lambda: ("connected", None) in side.ear.kinds(one))
    told = [kind for kind in side.ear.kinds(one) if kind[0] != "leg_dialing"]
    assert told[:3] == [("leg_created", "a"), ("leg_ringing", "a"), ("leg_answered", "a")]
    assert told[-3:] == [("leg_ringing", "b"), ("leg_answered", "b"), ("connected", None)]
    leg_b = {fact.leg_channel for fact in side.ear.heard if fact.leg == "b"}
    assert len(leg_b) == 1
    assert one.channel_id not in leg_b


async def test_a_hang_up_ends_the_call_and_the_end_is_the_last_word(side: Side) -> None:
    one = await side.dial("1002")
    await side.until(lambda: ("connected", None) in side.ear.kinds(one))
    assert await side.pbx.hangup(one.channel_id) is True
    await side.until(lambda: ("call_ended", None) in side.ear.kinds(one))
    ended = next(fact for fact in side.ear.heard if (fact.kind, fact.leg) == (FactKind.LEG_ENDED, "a"))
    assert (ended.result, ended.hangup_cause) == (LegResult.ANSWERED, 16)
    assert side.ear.kinds(one)[-1] == ("call_ended", None)
    assert await side.pbx.hangup(one.channel_id) is False


@pytest.mark.parametrize(("exten", "result"), [("9901", LegResult.BUSY), ("9904", LegResult.UNREACHABLE)])
async def test_a_destination_that_fails_tells_why(side: Side, exten: str, result: LegResult) -> None:
    one = await side.dial(exten)
    await side.until(lambda: ("call_ended", None) in side.ear.kinds(one))
    ended = [fact for fact in side.ear.heard if (fact.kind, fact.leg) == (FactKind.LEG_ENDED, "b")]
    assert [fact.result for fact in ended] == [result]
    assert side.ear.heard[-1].ended_first == "b"


async def test_an_extension_nobody_knows_is_rejected_and_nothing_is_told(side: Side) -> None:
    with pytest.raises(PeerRejected) as refused:
        await side.dial("9915")
    assert refused.value.code == "no_such_extension"
    assert side.ear.heard == []


async def test_without_a_channel_a_hang_up_finds_none(side: Side) -> None:
    assert await side.pbx.hangup("c2c-call_none") is False


async def test_without_a_link_nothing_is_sent(side: Side) -> None:
    side.cut()
    await side.until(lambda: not side.pbx.available)
    with pytest.raises(PeerUnavailable):
        await side.dial("1002")
    with pytest.raises(PeerUnavailable):
        await side.pbx.hangup("c2c-call_none")
    side.mend()
    await side.until(lambda: side.pbx.available)
    assert side.ear.links[-2:] == ["down", "up"]
    one = await side.dial("1002")
    await side.until(lambda: ("connected", None) in side.ear.kinds(one))


async def test_a_call_that_goes_on_through_a_cut_is_followed_to_its_end(side: Side) -> None:
    one = await side.dial("1002")
    await side.until(lambda: ("connected", None) in side.ear.kinds(one))
    side.cut()
    await side.until(lambda: not side.pbx.available)
    side.mend()
    await side.until(lambda: side.pbx.available)
    assert await side.pbx.hangup(one.channel_id) is True
    await side.until(lambda: ("call_ended", None) in side.ear.kinds(one))
    assert ("lost", None) not in side.ear.kinds(one)


async def test_a_call_of_an_earlier_process_that_is_gone_is_lost(side: Side) -> None:
    one = call(status=CallStatus.CALLER_RINGING)
    side.pbx.follow(one)
    await side.until(lambda: ("lost", None) in side.ear.kinds(one))

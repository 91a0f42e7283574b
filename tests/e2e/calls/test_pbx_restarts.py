"""Asterisk stopped, killed, drained, reloaded, and two of them, with real calls going on."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from engine.click_to_call.models import Call, CallStatus, EndedLeg, EndReason, PlaceCall
from engine.errors import PeerUnavailable
from engine.simulators.asterisk import PrivateAsterisk
from tests.e2e.calls.office import OTHER_PHONE, Office, new_office_file, open_office
from tests.e2e.calls.quick_phones import Line, OnRing, QuickPhone, QuickPhones, answers, refuses, rings
from tests.peers.asterisk import USERS
from tests.peers.ports import free_port

pytestmark = pytest.mark.asterisk
S, R = CallStatus, EndReason

#: Promised: this long after the link is back, what is shown is so.
RIGHT_WITHIN_S = 10.0


@dataclass
class Site:
    """An Asterisk that a test may stop, its phones, and an engine. Nobody else uses it."""

    asterisk: PrivateAsterisk
    phones: QuickPhones
    office: Office
    rung: dict[str, QuickPhone]

    async def restart(self) -> None:
        """On the same ports; it has forgotten its phones, which register anew as they always do."""
        self.asterisk.start()
        for phone in self.rung.values():
            await phone.register()
        await self.office.linked()

    def invites(self) -> int:
        return sum(len(phone.lines) for phone in self.rung.values())

    def line(self, user: str) -> Line:
        return self.rung[user].lines[-1]


def rings_when_calling(silent: str) -> OnRing:
    """Anna's phone: rings on for calls to one number, answers the others."""

    def act(line: Line) -> None:
        line.ring()
        if line.shown != silent:
            line.answer()

    return act


@asynccontextmanager
async def a_site(asterisk: PrivateAsterisk, empty_database: Path, folder: Path) -> AsyncIterator[Site]:
    """asterisk: whose programme is used; it is left alone."""
    async with AsyncExitStack() as stack:
        own = stack.enter_context(private(asterisk, folder / "asterisk"))
        file = folder / "ringback.db"
        await new_office_file(own, empty_database, file)
        phones = await stack.enter_async_context(QuickPhones(own))
        rung = {
            "1001": await phones.take("1001", rings_when_calling("1004")),
            "1002": await phones.take("1002", rings),
            "1003": await phones.take("1003", answers()),
        }
        office = await stack.enter_async_context(
            open_office(own, file, reconnect_min_s=0.05, reconnect_max_s=0.3)
        )
        yield Site(own, phones, office, rung)


def private(asterisk: PrivateAsterisk, folder: Path) -> PrivateAsterisk:
    """On ports of our choice, where a restart has to come back."""
    sip_port, ami_port = free_port(socket.SOCK_DGRAM), free_port(socket.SOCK_STREAM)
    return PrivateAsterisk(folder, USERS, tree=asterisk.tree, ring_s=20, sip_port=sip_port, ami_port=ami_port)


@pytest.fixture
async def site(asterisk: PrivateAsterisk, empty_database: Path, tmp_path: Path) -> AsyncIterator[Site]:
    opened: asyncio.Future[Site] = asyncio.get_running_loop().create_future()
    finished = asyncio.Event()

    async def hold() -> None:
        async with a_site(asterisk, empty_database, tmp_path) as site:
            opened.set_result(site)
            await finished.wait()

    holder = asyncio.create_task(hold())
    await asyncio.wait([holder, opened], return_when=asyncio.FIRST_COMPLETED)
    if holder.done():
        await holder
    yield opened.result()
    finished.set()
    await holder


async def a_call_at_each_stage(site: Site) -> tuple[Call, Call, Call]:
    """Anna's phone rings, Bob's phone rings, Anna talks with Carla."""
    stages = {"1004": S.CALLER_RINGING, "1002": S.CALLEE_RINGING, "1003": S.CONNECTED}
    placed = [
        await site.office.click(PlaceCall(to=to, leg_a_timeout_s=60, leg_b_timeout_s=60)) for to in stages
    ]
    one, two, three = [
        await site.office.seen(call, status) for call, status in zip(placed, stages.values(), strict=True)
    ]
    return one, two, three


def end(call: Call) -> tuple[CallStatus, EndReason | None, EndedLeg | None]:
    return call.status, call.end_reason, call.ended_leg


@pytest.mark.every_asterisk
async def test_stopped_with_calls_at_every_stage(site: Site) -> None:
    ringing, calling, talking = await a_call_at_each_stage(site)
    rung = site.invites()
    await asyncio.to_thread(site.asterisk.stop)
    for call in (ringing, calling):
        assert end(await site.office.ended(call)) == (S.FAILED, R.ENDED_BY_PBX, None)
    assert end(await site.office.ended(talking)) == (S.COMPLETED, R.ENDED_BY_PBX, None)
    await site.office.unlinked()
    with pytest.raises(PeerUnavailable):
        await site.office.dial("1003")
    await site.restart()
    assert site.invites() == rung
    await site.office.seen(await site.office.dial("1003"), S.CONNECTED)


@pytest.mark.every_asterisk
async def test_killed_with_calls_at_every_stage(site: Site) -> None:
    ringing, calling, talking = await a_call_at_each_stage(site)
    rung = site.invites()
    site.asterisk.kill()
    await site.office.unlinked()
    await asyncio.sleep(0.5)
    for call in (ringing, calling, talking):  # nobody knows, so nothing is told
        assert await site.office.now(call) == call
    site.line("1003").hang_up()  # its BYE is for an Asterisk that is no more
    await site.restart()
    for call in (ringing, calling):
        ended = await site.office.ended(call, within_s=RIGHT_WITHIN_S)
        assert end(ended) == (S.UNKNOWN, R.OUTCOME_UNKNOWN, None)
    assert end(await site.office.ended(talking, within_s=RIGHT_WITHIN_S)) == (
        S.COMPLETED,
        R.ENDED_WHILE_DISCONNECTED,
        None,
    )
    assert site.invites() == rung
    await site.office.seen(await site.office.dial("1003"), S.CONNECTED)


async def test_a_cancel_while_it_is_down_needs_no_phone(site: Site) -> None:
    site.rung["1001"].on_ring = rings
    call = await site.office.seen(await site.office.dial("1003"), S.CALLER_RINGING)
    site.asterisk.kill()
    await site.office.unlinked()
    await site.office.cancel(call)
    rung = site.invites()
    await site.restart()
    ended = await site.office.ended(call, within_s=RIGHT_WITHIN_S)
    assert end(ended) == (S.CANCELED, R.CANCELED, EndedLeg.ENGINE)
    assert site.invites() == rung


@pytest.mark.every_asterisk
async def test_drained_it_lets_calls_end_and_refuses_new_ones(site: Site) -> None:
    talking = await site.office.seen(await site.office.dial("1003"), S.CONNECTED)
    console = await drain(site.asterisk)
    rung = site.invites()
    refused = await site.office.ended(await site.office.dial("1002"))
    assert end(refused) == (S.FAILED, R.PBX_REFUSED, EndedLeg.ENGINE)
    assert site.invites() == rung
    await site.office.cancel(talking)  # it refuses that, too
    await asyncio.sleep(1.0)
    assert (await site.office.now(talking)).status is S.CONNECTED
    assert site.line("1003").up
    await asyncio.to_thread(site.asterisk.command, "core abort shutdown")
    assert end(await site.office.ended(talking)) == (S.COMPLETED, R.CANCELED, EndedLeg.ENGINE)
    await console
    await site.line("1003").until(lambda line: line.ended)


async def test_drained_it_goes_once_the_last_call_has_ended(site: Site) -> None:
    talking = await site.office.seen(await site.office.dial("1003"), S.CONNECTED)
    console = await drain(site.asterisk)
    site.line("1003").hang_up()
    assert end(await site.office.ended(talking)) == (S.COMPLETED, R.HUNG_UP, EndedLeg.B)
    await site.office.unlinked()
    await console
    site.asterisk.stop()  # only to collect what it left
    await site.restart()
    await site.office.seen(await site.office.dial("1003"), S.CONNECTED)


async def test_reloaded_in_a_call_it_is_still_the_same_call(site: Site) -> None:
    talking = await site.office.seen(await site.office.dial("1003"), S.CONNECTED)
    site.asterisk.command("core reload")
    during = await site.office.seen(await site.office.dial("1002"), S.CALLEE_RINGING)
    assert (await site.office.now(talking)).status is S.CONNECTED
    site.line("1003").hang_up()
    assert end(await site.office.ended(talking)) == (S.COMPLETED, R.HUNG_UP, EndedLeg.B)
    site.rung["1002"].lines[-1].answer()
    await site.office.seen(during, S.CONNECTED)


async def test_two_that_name_their_channels_alike_never_mix(
    site: Site, asterisk: PrivateAsterisk, empty_database: Path, tmp_path: Path
) -> None:
    """Fresh ones count from the same number; with luck even the uniqueids of both legs b are equal."""
    file = tmp_path / "two.db"
    await new_office_file(site.asterisk, empty_database, file)
    with private(asterisk, tmp_path / "twin") as twin:
        async with (
            QuickPhones(twin) as phones,
            open_office(site.asterisk, file, other=twin) as office,
        ):
            other_anna = await phones.take("1001", answers())
            other_carla = await phones.take("1003", answers())
            here = PlaceCall(to="1003", device_id=office.phones["Phone"])
            there = PlaceCall(to="1003", device_id=office.phones[OTHER_PHONE])
            for _ in range(20):
                one, two = await asyncio.gather(office.click(here), office.click(there))
                one, two = await asyncio.gather(office.seen(one, S.CONNECTED), office.seen(two, S.CONNECTED))
                if one.leg_b.channel_id == two.leg_b.channel_id:
                    break
                for call in (one, two):
                    await office.cancel(call)
                    await office.ended(call)
            assert one.leg_b.channel_id == two.leg_b.channel_id
            assert names(site.asterisk) == names(twin)
            other_carla.lines[-1].hang_up()
            assert end(await office.ended(two)) == (S.COMPLETED, R.HUNG_UP, EndedLeg.B)
            assert (await office.now(one)).status is S.CONNECTED
            assert site.line("1003").up
            other_carla.on_ring = refuses(486)
            busy = await office.ended(await office.click(there))
            assert end(busy) == (S.BUSY, R.BUSY, EndedLeg.B)
            await office.cancel(one)
            assert end(await office.ended(one)) == (S.COMPLETED, R.CANCELED, EndedLeg.ENGINE)
            await site.line("1003").until(lambda line: line.ended)
            assert not any(line.up for line in other_anna.lines)


async def drain(asterisk: PrivateAsterisk) -> asyncio.Task[str]:
    """Have it stop once nobody talks any more. The console waits for that, as the task returned."""
    console = asyncio.create_task(asyncio.to_thread(asterisk.command, "core stop gracefully"))
    async with asyncio.timeout(10):
        while True:
            reader, writer = await asyncio.open_connection(asterisk.host, asterisk.ami_port)
            writer.write(b"Action: Login\r\nUsername: x\r\nSecret: x\r\n\r\n")
            said = await reader.readuntil(b"\r\n\r\n")
            writer.close()
            if b"shutting down" in said:
                return console


def names(asterisk: PrivateAsterisk) -> set[str]:
    rows = asterisk.command("core show channels concise").splitlines()
    return {row.partition("!")[0] for row in rows if row}

"""Real calls while the way to Asterisk is cut, held up and slowed down, at moments drawn by chance."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from engine.click_to_call.models import CallStatus, EndedLeg, EndReason
from engine.errors import PeerUnavailable
from engine.simulators.asterisk import PrivateAsterisk
from tests.e2e.calls.campaign import FAULTS, Lane, lanes
from tests.e2e.calls.link_proxy import LinkProxy
from tests.e2e.calls.office import new_office_file, open_office
from tests.e2e.calls.quick_phones import QuickPhones, answers, rings

pytestmark = pytest.mark.asterisk

#: `./dev soak calls` draws others, and more of them.
SEED = 22
LANES, FAULTS_A_LANE = 5, 6


async def test_whatever_happens_to_the_link_each_call_is_what_its_phones_saw(
    asterisk: PrivateAsterisk, empty_database: Path, tmp_path: Path
) -> None:
    async def run(lane: Lane) -> None:
        for _ in range(FAULTS_A_LANE):
            await lane.suffer()

    async with lanes(asterisk, empty_database, tmp_path, LANES, SEED) as made:
        await asyncio.gather(*(run(lane) for lane in made))
    suffered = {told.partition(" at ")[0] for lane in made for told in lane.told}
    assert suffered == set(FAULTS)
    assert sum(lane.calls for lane in made) > 2 * LANES * FAULTS_A_LANE


@pytest.mark.usefixtures("long_ringing")
async def test_a_link_that_swallows_everything_is_given_up(
    asterisk: PrivateAsterisk, empty_database: Path, tmp_path: Path, quick: QuickPhones
) -> None:
    anna, bob = await quick.take("1001", answers()), await quick.take("1002", rings)
    file = tmp_path / "ringback.db"
    await new_office_file(asterisk, empty_database, file)
    async with (
        LinkProxy(asterisk.ami_port).running() as proxy,
        open_office(asterisk, file, ami_port=proxy.port, ping_every_s=0.5, reconnect_min_s=0.05) as office,
    ):
        call = await office.seen(await office.dial("1002", leg_b_timeout_s=60), CallStatus.CALLEE_RINGING)
        proxy.hold()
        await office.unlinked()
        with pytest.raises(PeerUnavailable):
            await office.dial("1002")
        bob.lines[0].answer()
        await anna.lines[0].until(lambda line: line.up)
        assert (await office.now(call)).status is CallStatus.CALLEE_RINGING  # nobody knows better
        proxy.cut()
        await office.linked()
        await office.seen(call, CallStatus.CONNECTED)
        anna.lines[0].hang_up()
        ended = await office.ended(call)
    assert (ended.status, ended.end_reason, ended.ended_leg) == (
        CallStatus.COMPLETED,
        EndReason.HUNG_UP,
        EndedLeg.A,
    )
    assert len(anna.lines) == len(bob.lines) == 1


async def test_events_that_come_late_are_believed_as_they_come(
    asterisk: PrivateAsterisk, empty_database: Path, tmp_path: Path, quick: QuickPhones
) -> None:
    anna, bob = await quick.take("1001", answers()), await quick.take("1002", answers())
    file = tmp_path / "ringback.db"
    await new_office_file(asterisk, empty_database, file)
    async with (
        LinkProxy(asterisk.ami_port).running() as proxy,
        open_office(asterisk, file, ami_port=proxy.port) as office,
    ):
        call = await office.seen(await office.dial("1002"), CallStatus.CONNECTED)
        proxy.hold()
        bob.lines[0].hang_up()
        await anna.lines[0].until(lambda line: line.ended)
        await asyncio.sleep(1.0)
        assert (await office.now(call)).status is CallStatus.CONNECTED
        proxy.release()
        ended = await office.ended(call)
        assert proxy.links == 1  # a pause is no reason to drop a link
    assert (ended.status, ended.end_reason, ended.ended_leg) == (
        CallStatus.COMPLETED,
        EndReason.HUNG_UP,
        EndedLeg.B,
    )

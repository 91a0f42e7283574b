"""The reader never waits for the database: thousands of events a second while nothing can be stored."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from engine.ami.wanted import WANTED_EVENTS
from engine.click_to_call.models import Call, CallStatus, EndReason
from engine.errors import StorageUnavailable
from engine.simulators.pbx import PbxSimulator
from engine.simulators.pbx_events import Channel
from engine.storage.urls import sqlite_path
from tests.integration.click_to_call.office import Office

STALL_S = 5.0
EVENTS_A_SECOND = 5_000
_TURN_S = 0.01
CALLS = 40
# Who waits for the database leaves the link unread for all of the stall, which is Asterisk's patience
# with the shipped account; a machine that has other things to do does not.
LONGEST_UNREAD_S = STALL_S * 0.9


@contextmanager
def nothing_can_be_stored(url: str) -> Iterator[None]:
    """Somebody else keeps the database's write lock, as a backup or a full disk's journal would."""
    path = sqlite_path(url)
    assert path is not None
    other = sqlite3.connect(path, isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")
    finally:
        other.close()


async def flood(simulator: PbxSimulator, calls: list[Call]) -> float:
    """STALL_S of events about strangers' channels and our own; the longest time bytes waited unread."""
    stranger = Channel("PJSIP/9-1", "other-1", "other-1", "acme", "9", state=6)
    ours = [Channel("PJSIP/1001-1", call.channel_id, call.channel_id, "acme", "1", state=6) for call in calls]
    assert {"Newstate", "Hold", "Unhold"} <= WANTED_EVENTS  # skipped ones would prove nothing
    mix = [simulator.event("Newstate", stranger.snapshot()) for _ in range(40)]
    mix += [simulator.event(name, ours[0].snapshot()) for name in ("Hold", "Unhold") * 3]
    mix += [simulator.event("Newstate", one.snapshot()) for one in ours[:4]]
    a_turn = b"".join(mix) * round(EVENTS_A_SECOND * _TURN_S / len(mix))
    assert a_turn.count(b"\r\n\r\n") == round(EVENTS_A_SECOND * _TURN_S)
    loop = asyncio.get_running_loop()
    began, unread_since, longest = loop.time(), None, 0.0
    for turn in range(round(STALL_S / _TURN_S)):
        simulator.send_raw(a_turn)
        await asyncio.sleep(max(began + (turn + 1) * _TURN_S - loop.time(), 0))
        (session,) = simulator.sessions
        unsent = session._transport.get_write_buffer_size() if session._transport else 0
        unread_since = (unread_since or loop.time()) if unsent else None
        longest = max(longest, loop.time() - unread_since if unread_since else 0.0)
    return longest


async def test_a_flood_of_events_while_nothing_can_be_stored_costs_neither_link_nor_call(
    office: Office, simulator: PbxSimulator
) -> None:
    calls = [await office.place() for _ in range(CALLS)]
    for call in calls:
        await office.until_status(call, CallStatus.CONNECTED)
    ended, going_on = calls[: CALLS // 2], calls[CALLS // 2 :]

    async def hang_up_some() -> None:
        await asyncio.sleep(STALL_S / 4)
        for call in ended:
            simulator.hang_up(call.channel_id)

    async def click() -> Call | None:
        await asyncio.sleep(STALL_S / 2)
        try:
            return await office.place()
        except StorageUnavailable:
            return None

    async with asyncio.TaskGroup() as group:
        with nothing_can_be_stored(office.url):
            group.create_task(hang_up_some())
            clicked = group.create_task(click())
            longest = await flood(simulator, calls)
            told_in_vain = len(office.service._desks["main"]._live._changes)
    assert longest < LONGEST_UNREAD_S
    assert told_in_vain <= 2 * CALLS  # what waits is a snapshot a call and status, however much is told
    assert len(simulator.asked("Login")) == 1  # the link has never been made again
    assert office.pbx.available
    for call in ended:
        over = await office.ended(call)
        assert (over.status, over.end_reason) == (CallStatus.COMPLETED, EndReason.HUNG_UP)
    for call in going_on:
        assert (await office.now(call)).status is CallStatus.CONNECTED
    late = clicked.result()
    if late is None:  # refused, so nothing may ring
        assert len(simulator.asked("Originate")) == CALLS
    else:
        await office.until_status(late, CallStatus.CONNECTED)
    another = await office.until_status(await office.place(), CallStatus.CONNECTED)
    assert another.connected_ms is not None

"""A call from click to end: cancels in every state, outages at every stage, restarts at every stage."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from engine.click_to_call.models import Call, CallStatus, EndReason, LegResult, PlaceCall
from engine.click_to_call.ports import FactKind
from engine.errors import OutcomeUnknown, PeerRejected, StorageUnavailable
from engine.idempotency import Replayed
from tests.contract.click_to_call.twins import MemoryPbx
from tests.unit.click_to_call.calls import queued
from tests.unit.click_to_call.world import ALICE, World, claim, render

F = FactKind

#: What has been told when a call is in this status, in order.
STAGES: dict[CallStatus, list[tuple[FactKind, str | None]]] = {
    CallStatus.DIALING_CALLER: [],
    CallStatus.CALLER_RINGING: [(F.LEG_CREATED, "a"), (F.LEG_RINGING, "a")],
    CallStatus.CALLER_ANSWERED: [(F.LEG_CREATED, "a"), (F.LEG_ANSWERED, "a")],
    CallStatus.PROMPTING: [(F.LEG_CREATED, "a"), (F.PROMPTING, "a")],
    CallStatus.DIALING_CALLEE: [(F.LEG_ANSWERED, "a"), (F.LEG_DIALING, "b")],
    CallStatus.CALLEE_RINGING: [(F.LEG_ANSWERED, "a"), (F.LEG_RINGING, "b")],
    CallStatus.CONNECTED: [(F.LEG_ANSWERED, "a"), (F.LEG_ANSWERED, "b"), (F.CONNECTED, None)],
}


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """A PBX that does only what the test says."""
    async with World(pbx=MemoryPbx(by_hand=True)).running() as one:
        yield one


async def in_status(world: World, status: CallStatus) -> Call:
    call = await world.place()
    await world.until(lambda: len(world.pbx.live) > 0)
    for kind, leg in STAGES[status]:
        world.pbx.tell(call.id, kind, leg)
    return await world.until_status(call, status)


def end(world: World, call: Call) -> None:
    """The PBX says that all is over."""
    world.pbx.live.clear()
    world.pbx.tell(call.id, F.CALL_ENDED)


# Cancel


@pytest.mark.parametrize("status", STAGES)
async def test_cancel_hangs_up_and_the_pbx_says_when_it_is_over(world: World, status: CallStatus) -> None:
    call = await in_status(world, status)
    asked = await world.service.cancel(ALICE, call.id)
    assert (asked.status, asked.end_reason) == (status, None)
    assert world.store.rows[call.id].cancel_requested_ms is not None
    again = await world.service.cancel(ALICE, call.id)
    assert (again.status, again.cancel_requested_ms) == (asked.status, asked.cancel_requested_ms)
    await world.until(lambda: bool(world.pbx.hung_up))
    assert set(world.pbx.hung_up) == {call.channel_id}
    end(world, call)
    connected = status is CallStatus.CONNECTED
    final = await world.until_status(call, CallStatus.COMPLETED if connected else CallStatus.CANCELED)
    assert (final.end_reason, final.ended_leg) == (EndReason.CANCELED, "engine")
    assert await world.service.cancel(ALICE, call.id) == final
    assert len(world.pbx.originated) == 1


async def test_cancel_right_after_the_click_rings_nobody(world: World) -> None:
    call = await world.place()
    canceled = await world.service.cancel(ALICE, call.id)
    assert canceled.status is CallStatus.CANCELED
    await world.settle()
    assert world.pbx.originated == []
    assert world.statuses(call)[-1] == "canceled"


async def test_cancel_between_the_commit_and_the_originate_rings_nobody(world: World) -> None:
    call = await world.place()
    await world.until_status(call, CallStatus.DIALING_CALLER)
    assert world.pbx.originated == []
    canceled = await world.service.cancel(ALICE, call.id)
    assert canceled.status is CallStatus.CANCELED
    await world.settle()
    assert world.pbx.originated == []


async def test_a_cancel_that_found_no_channel_is_repeated_when_one_appears(world: World) -> None:
    call = await in_status(world, CallStatus.DIALING_CALLER)
    channels = dict(world.pbx.live)
    world.pbx.live.clear()  # accepted, and no channel yet
    await world.service.cancel(ALICE, call.id)
    await world.until(lambda: len(world.pbx.hung_up) == 1)
    world.pbx.live.update(channels)
    world.pbx.tell(call.id, F.LEG_CREATED, "a")
    await world.until(lambda: len(world.pbx.hung_up) == 2)


async def test_a_user_who_answers_after_the_cancel_is_hung_up(world: World) -> None:
    call = await in_status(world, CallStatus.CALLER_RINGING)
    await world.service.cancel(ALICE, call.id)
    await world.until(lambda: len(world.pbx.hung_up) == 1)
    world.pbx.tell(call.id, F.LEG_ANSWERED, "a")
    await world.until(lambda: len(world.pbx.hung_up) == 2)


async def test_a_cancel_that_cannot_be_stored_hangs_up_all_the_same(world: World) -> None:
    call = await in_status(world, CallStatus.CALLER_RINGING)
    world.store.broken = True
    waiting = asyncio.create_task(world.service.cancel(ALICE, call.id))
    await world.until(lambda: bool(world.pbx.hung_up))
    assert not waiting.done()
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    world.store.broken = False


# The PBX says no, or nothing


@pytest.mark.parametrize(
    ("code", "reason"),
    [("no_such_extension", EndReason.NO_SUCH_EXTENSION), ("pbx_rejected", EndReason.PBX_REFUSED)],
)
async def test_a_refused_originate_fails_the_call(world: World, code: str, reason: EndReason) -> None:
    world.pbx.refuses = PeerRejected(code=code)
    call = await world.place()
    final = await world.until_status(call, CallStatus.FAILED)
    assert final.end_reason is reason


async def test_a_link_lost_before_the_originate_fails_the_call_unrung(world: World) -> None:
    call = await world.place()
    world.pbx.available = False
    final = await world.until_status(call, CallStatus.FAILED)
    assert final.end_reason is EndReason.PBX_UNAVAILABLE
    assert world.pbx.originated == []


async def test_an_unanswered_originate_is_found_by_its_channel_and_never_sent_again(world: World) -> None:
    world.pbx.refuses = OutcomeUnknown()
    call = await world.place()
    await world.until(lambda: len(world.pbx.originated) == 1)
    world.pbx.tell(call.id, F.LEG_CREATED, "a")
    world.pbx.tell(call.id, F.LEG_RINGING, "a")
    await world.until_status(call, CallStatus.CALLER_RINGING)
    assert len(world.pbx.originated) == 1


async def test_an_unanswered_originate_without_a_trace_is_unknown(world: World) -> None:
    world.pbx.refuses = OutcomeUnknown()
    call = await world.place()
    await world.until(lambda: len(world.pbx.originated) == 1)
    await world.settle()
    world.pbx.cut()
    world.pbx.mend()
    final = await world.until_status(call, CallStatus.UNKNOWN)
    assert final.end_reason is EndReason.OUTCOME_UNKNOWN
    assert len(world.pbx.originated) == 1


async def test_an_originate_that_breaks_in_an_unforeseen_way_is_unknown_too(world: World) -> None:
    async def broken(request: object) -> None:
        raise RuntimeError("a defect")

    world.pbx.originate = broken  # type: ignore[assignment,method-assign]
    call = await world.place()
    await world.until_status(call, CallStatus.DIALING_CALLER)
    await world.settle()
    assert world.store.rows[call.id].status is CallStatus.DIALING_CALLER
    end(world, call)
    await world.until_status(call, CallStatus.FAILED)

    assert (await world.place()).status is CallStatus.QUEUED  # the desk works on


@pytest.mark.parametrize("status", STAGES)
async def test_a_call_that_ended_while_the_link_was_cut_is_not_guessed_at(
    world: World, status: CallStatus
) -> None:
    call = await in_status(world, status)
    world.pbx.cut()
    world.pbx.live.clear()
    world.pbx.mend()
    connected = status is CallStatus.CONNECTED
    final = await world.until_status(call, CallStatus.COMPLETED if connected else CallStatus.UNKNOWN)
    reason = EndReason.ENDED_WHILE_DISCONNECTED if connected else EndReason.OUTCOME_UNKNOWN
    assert final.end_reason is reason
    assert len(world.pbx.originated) == 1


@pytest.mark.parametrize("status", STAGES)
async def test_a_call_that_goes_on_through_a_cut_keeps_its_state(world: World, status: CallStatus) -> None:
    call = await in_status(world, status)
    world.pbx.cut()
    await world.settle()
    world.pbx.mend()
    await world.settle()
    assert world.store.rows[call.id].status is status
    assert len(world.pbx.originated) == 1


# The process ends


async def test_hang_ups_that_were_asked_for_are_written_before_the_end() -> None:
    """More of them than can be asked for at once, of a PBX that is slow to answer."""
    world = World(pbx=MemoryPbx(by_hand=True))
    answers = asyncio.Event()
    hang_up = world.pbx.hangup

    async def slow(channel_id: str) -> bool:
        await answers.wait()
        return await hang_up(channel_id)

    async with world.service.running(stop_within_s=1):
        calls = [await world.place() for _ in range(20)]
        await world.until(lambda: len(world.pbx.live) == len(calls))
        world.pbx.hangup = slow  # type: ignore[method-assign]
        for call in calls:
            await world.service.cancel(ALICE, call.id)
        await world.settle()
        after_turns(200, answers.set)
    assert sorted(world.pbx.hung_up) == sorted(call.channel_id for call in calls)


def after_turns(turns: int, act: Callable[[], None]) -> None:
    """Act when the loop has gone round so many times."""
    if turns == 0:
        act()
    else:
        asyncio.get_running_loop().call_soon(after_turns, turns - 1, act)


# The process dies


@pytest.mark.parametrize("status", STAGES)
@pytest.mark.parametrize("goes_on", [True, False])
async def test_after_a_crash_a_dialled_call_is_looked_for_and_never_dialled_again(
    status: CallStatus, goes_on: bool
) -> None:
    first = World(pbx=MemoryPbx(by_hand=True))
    async with first.running():
        call = await in_status(first, status)
    second = first.after_a_crash()
    if not goes_on:
        second.pbx.live.clear()
    async with second.running():
        if goes_on:
            second.pbx.tell(call.id, F.LEG_ENDED, "a", result=LegResult.BUSY)
            end(second, call)
            final = await second.until_status(
                call, CallStatus.COMPLETED if status is CallStatus.CONNECTED else second_status(call)
            )
            assert final.end_reason not in (EndReason.OUTCOME_UNKNOWN, EndReason.ENDED_WHILE_DISCONNECTED)
        else:
            await second.until_status(
                call, CallStatus.COMPLETED if status is CallStatus.CONNECTED else CallStatus.UNKNOWN
            )
        await second.settle()
    assert len(second.pbx.originated) == 1


def second_status(call: Call) -> CallStatus:
    """What a call becomes whose leg a turned out busy in the second process."""
    if call.status is CallStatus.PROMPTING:
        return CallStatus.NO_ANSWER
    if call.status in (CallStatus.DIALING_CALLEE, CallStatus.CALLEE_RINGING):
        return CallStatus.CANCELED
    return CallStatus.BUSY


async def test_after_a_crash_a_queued_call_is_never_dialled_late() -> None:
    first = World(pbx=MemoryPbx(by_hand=True))
    async with first.running():
        call = await first.place()
        assert first.statuses(call) == ["queued"]
    second = first.after_a_crash()
    async with second.running():
        final = await second.until_status(call, CallStatus.FAILED)
        await second.settle()
    assert final.end_reason is EndReason.ENGINE_RESTARTED
    assert second.pbx.originated == []


async def test_after_a_crash_the_key_still_answers_and_rings_nobody() -> None:
    first = World(pbx=MemoryPbx(by_hand=True))
    async with first.running():
        await first.service.place(ALICE, PlaceCall(to="1002"), claim(), render)
    second = first.after_a_crash()
    async with second.running():
        again = await second.service.place(ALICE, PlaceCall(to="1002"), claim(), render)
        await second.settle()
    assert isinstance(again, Replayed)
    assert second.pbx.originated == []


async def test_after_a_crash_a_cancel_is_carried_out() -> None:
    first = World(pbx=MemoryPbx(by_hand=True))
    async with first.running():
        call = await in_status(first, CallStatus.CALLER_RINGING)
        first.pbx.hangup = never  # type: ignore[assignment,method-assign]
        await first.service.cancel(ALICE, call.id)
    second = first.after_a_crash()
    del second.pbx.hangup  # type: ignore[method-assign]
    async with second.running():
        await second.until(lambda: second.pbx.hung_up == [call.channel_id])
        end(second, call)
        await second.until_status(call, CallStatus.CANCELED)


async def never(channel_id: str) -> bool:
    await asyncio.Event().wait()
    return False


async def test_a_channel_that_appears_after_the_call_was_closed_is_hung_up(world: World) -> None:
    call = await in_status(world, CallStatus.DIALING_CALLER)
    world.pbx.tell(call.id, F.LOST)
    await world.until_status(call, CallStatus.UNKNOWN)
    world.pbx.tell(call.id, F.LEG_CREATED, "a")
    await world.until(lambda: world.pbx.hung_up == [call.channel_id])


async def test_what_goes_wrong_beside_it_comes_out_as_it_is() -> None:
    with pytest.raises(ZeroDivisionError):
        async with World().running():
            raise ZeroDivisionError


# The store stalls


async def test_while_the_store_stalls_facts_are_taken_and_none_is_lost(world: World) -> None:
    call = await in_status(world, CallStatus.CALLER_RINGING)
    save, gate = world.store.save, asyncio.Event()

    async def stalled(calls: object) -> None:
        await gate.wait()
        await save(calls)  # type: ignore[arg-type]

    world.store.save = stalled  # type: ignore[assignment,method-assign]
    for kind, leg in STAGES[CallStatus.CONNECTED]:
        world.pbx.tell(call.id, kind, leg)
    for _ in range(5000):
        world.pbx.tell(call.id, F.HELD, "b")
        world.pbx.tell(call.id, F.UNHELD, "b")
    end(world, call)
    await world.settle()
    gate.set()
    await world.until_status(call, CallStatus.COMPLETED)
    assert world.statuses(call) == [
        "queued",
        "dialing_caller",
        "caller_ringing",
        "caller_answered",
        "callee_ringing",
        "connected",
        "completed",
    ]


async def test_a_call_whose_row_cannot_be_written_does_not_hold_up_another(world: World) -> None:
    save = world.store.save

    async def picky(calls: list[Call]) -> None:
        if any(one.to == "1003" for one in calls):
            raise ValueError("refused for good")
        await save(calls)

    world.store.save = picky  # type: ignore[assignment,method-assign]
    await world.place("1003")
    good = await world.place()
    await world.until_status(good, CallStatus.DIALING_CALLER)
    await world.until(lambda: bool(world.pbx.originated))
    await world.settle()
    assert [request.call_id for request in world.pbx.originated] == [good.id]


async def test_a_caller_who_leaves_during_the_commit_rings_nobody(world: World) -> None:
    create, gate = world.store.create, asyncio.Event()

    async def slow(*given: object) -> Replayed | None:
        await gate.wait()
        return await create(*given)  # type: ignore[arg-type]

    world.store.create = slow  # type: ignore[assignment,method-assign]
    leaving = asyncio.create_task(world.place())
    await world.settle()
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    gate.set()
    await world.settle()
    assert world.pbx.originated == []


async def test_a_store_that_fails_at_placing_leaves_no_call_half_dialled(world: World) -> None:
    create = world.store.create

    async def lost(*given: object) -> None:
        await create(*given)  # type: ignore[arg-type]
        raise StorageUnavailable(code="storage_outcome_unknown")

    world.store.create = lost  # type: ignore[assignment,method-assign]
    with pytest.raises(StorageUnavailable):
        await world.place()
    (row,) = world.store.rows.values()
    assert row.status is CallStatus.QUEUED
    world.clock.ms += 10_000
    desk = world.service._desks["main"]
    await desk._end_doubtful()
    final = await world.until_status(row, CallStatus.FAILED)
    assert final.end_reason is EndReason.NOT_STARTED
    assert world.pbx.originated == []


@pytest.mark.parametrize("status", STAGES)
async def test_a_call_whose_pbx_was_taken_away_ends_at_the_next_start(status: CallStatus) -> None:
    first = World(pbx=MemoryPbx(by_hand=True))
    async with first.running():
        call = await in_status(first, status)
        await first.service.cancel(ALICE, call.id)
    second = World(first.store, MemoryPbx("new"), first.clock)
    async with second.running():
        ended = second.store.rows[call.id]
    wanted = CallStatus.COMPLETED if status is CallStatus.CONNECTED else CallStatus.UNKNOWN
    assert (ended.status, ended.end_reason, ended.ended_leg) == (wanted, EndReason.PBX_NOT_CONFIGURED, None)
    assert second.pbx.hung_up == []


async def test_a_queued_call_whose_pbx_was_taken_away_was_never_dialled() -> None:
    first = World()
    async with first.running():
        first.store.rows["call_1"] = queued()
    second = World(first.store, MemoryPbx("new"), first.clock)
    async with second.running():
        ended = second.store.rows["call_1"]
    assert (ended.status, ended.end_reason) == (CallStatus.FAILED, EndReason.ENGINE_RESTARTED)

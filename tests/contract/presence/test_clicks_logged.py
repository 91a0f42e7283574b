"""A click's entry in the call log of who clicked: made by the commit that ends the call, once."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from engine.click_to_call.models import Call, CallStatus, EndReason
from engine.click_to_call.ports import PlacementLimits
from engine.ids import new_id
from engine.presence.models import CallLogEntry, CallLogFilter, CallResult, Direction
from engine.storage.calls import SqlCalls
from tests.contract.presence.conftest import World

S, C = CallStatus, CallResult
NO_LIMITS = PlacementLimits(**{one.name: None for one in fields(PlacementLimits)})


@pytest.fixture
def calls(world: World) -> SqlCalls:
    return SqlCalls(world.database)


def a_call(world: World, to: str = "102", **changes: object) -> Call:
    anna = world.users[0]
    call = Call(
        id=new_id("call"),
        domain_id=anna.domain_id,
        user_id=anna.id,
        device_id="dev_1",
        pbx="main",
        to=to,
        destination_is_device=len(to) < 7,
        created_ms=world.clock.now_ms(),
    )
    return replace(call, **changes)  # type: ignore[arg-type]


async def ended(world: World, calls: SqlCalls, call: Call, status: CallStatus, **changes: object) -> None:
    """The call is placed, goes on, and ends so."""
    await calls.create(call, NO_LIMITS, None, None)
    at_ms = call.created_ms + 3_000
    reason = EndReason.HUNG_UP
    over = replace(call, status=status, end_reason=reason, ended_ms=at_ms, sequence=3, **changes)  # type: ignore[arg-type]
    await calls.save([replace(call, status=S.DIALING_CALLER, sequence=2), over, over])


async def log_of(world: World, user: int = 0) -> list[CallLogEntry]:
    who = world.users[user]
    return list(await world.calls.list(who.domain_id, who.id, CallLogFilter(), None, 10))


async def test_click_that_connected_is_an_answered_call_with_a_colleague(
    world: World, calls: SqlCalls
) -> None:
    call = a_call(world)
    await ended(world, calls, call, S.COMPLETED, connected_ms=call.created_ms + 1_000)
    (entry,) = await log_of(world)
    assert (entry.direction, entry.result, entry.call_id) == (Direction.OUTBOUND, C.ANSWERED, call.id)
    assert (entry.peer, entry.peer_user_id, entry.peer_name) == (
        world.users[1].id,
        world.users[1].id,
        "Acme 102",
    )
    assert (entry.linkedid, entry.answered_ms) == (call.channel_id, call.created_ms + 1_000)
    assert entry.seen
    assert await log_of(world, 1) == []


@pytest.mark.parametrize(
    ("status", "result"),
    [
        (S.BUSY, C.BUSY),
        (S.NO_ANSWER, C.NO_ANSWER),
        (S.REJECTED, C.REJECTED),
        (S.CANCELED, C.CANCELED),
        (S.UNREACHABLE, C.UNREACHABLE),
        (S.FAILED, C.FAILED),
        (S.UNKNOWN, C.UNKNOWN),
    ],
)
async def test_click_that_did_not_connect(
    world: World, calls: SqlCalls, status: CallStatus, result: CallResult
) -> None:
    await ended(world, calls, a_call(world, "+4930123456"), status)
    (entry,) = await log_of(world)
    assert (entry.result, entry.peer, entry.peer_user_id, entry.answered_ms) == (
        result,
        "+4930123456",
        None,
        None,
    )


async def test_click_whose_end_nobody_saw_was_answered_if_it_had_connected(
    world: World, calls: SqlCalls
) -> None:
    call = a_call(world)
    await ended(world, calls, call, S.UNKNOWN, connected_ms=call.created_ms + 1_000)
    assert [entry.result for entry in await log_of(world)] == [C.ANSWERED]


async def test_entry_is_told_in_the_commit_that_ends_the_call(world: World, calls: SqlCalls) -> None:
    await ended(world, calls, a_call(world), S.BUSY)
    kinds = [event.type for event in world.events]
    assert kinds.count("call_log.created") == 1
    assert kinds.index("call_log.created") > kinds.index("call.updated")

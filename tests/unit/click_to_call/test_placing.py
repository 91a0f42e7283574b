"""Who may place which call, and what is promised when it is placed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from engine.accounts.models import PageRequest, Principal
from engine.click_to_call.models import AcceptPrompt, CallFilter, CallStatus, PlaceCall
from engine.click_to_call.settings import CallSettings
from engine.errors import Conflict, EngineError, Forbidden, NotFound, PeerUnavailable, StorageUnavailable
from engine.idempotency import Replayed
from tests.contract.click_to_call.twins import MemoryPbx, StillClock
from tests.unit.click_to_call.world import (
    ALICE,
    BOB,
    OFFICE,
    OTHER_OFFICE,
    OTHER_RESELLER,
    RESELLER,
    ROOMY,
    ROOT,
    World,
    claim,
    render,
)

SATURDAY_NIGHT_MS = 1_795_903_200_000


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with World().running() as one:
        yield one


async def code(world: World, principal: Principal, **values: object) -> str:
    """`ok`, or the code of the refusal."""
    command = PlaceCall(**{"to": "1002", **values})  # type: ignore[arg-type]
    try:
        await world.service.place(principal, command)
    except EngineError as error:
        return error.code
    return "ok"


# What is dialled


async def test_the_request_to_the_pbx_is_made_of_what_was_looked_up(world: World) -> None:
    call = await world.place(metadata={"Variable": "EVIL=1"}, client_ref="\r\nAction: Command")
    await world.until(lambda: bool(world.pbx.originated))
    (request,) = world.pbx.originated
    assert (request.channel_id, request.endpoint, request.context, request.exten) == (
        f"c2c-{call.id}",
        "alice-desk",
        "internal",
        "1002",
    )
    assert (request.caller_number, request.caller_name) == ("1001", "Alice A.")
    assert (request.destination_number, request.destination_name) == ("1002", "Bob B")
    assert request.destination_is_device
    assert "EVIL" not in str(request)
    assert "Command" not in str(request)


async def test_an_outside_number_is_dialled_as_e164_and_shows_the_chosen_caller_id(world: World) -> None:
    call = await world.place("030 999 888", caller_id="030111111")
    await world.until(lambda: bool(world.pbx.originated))
    (request,) = world.pbx.originated
    assert (request.exten, request.caller_number, request.destination_is_device) == (
        "+4930999888",
        "+4930111111",
        False,
    )
    assert (call.to, call.caller_id) == ("+4930999888", "+4930111111")


async def test_what_was_asked_for_is_passed_on(world: World) -> None:
    await world.place(all_devices=True, leg_a_timeout_s=17)
    await world.place(prompt=AcceptPrompt.PRESS_1)
    await world.place(auto_answer=True, device_id="dev_alice2")
    await world.until(lambda: len(world.pbx.originated) == 3)
    first, second, third = world.pbx.originated
    assert (first.all_devices, first.ring_timeout_s) == (True, 17)
    assert second.prompt
    assert (third.auto_answer, third.endpoint) == (True, "alice-mobile")


async def test_everything_is_looked_up_in_one_trip(world: World) -> None:
    await world.place("030 999 888", caller_id="030111111", device_id="dev_alice2")
    assert world.directory.looks == 1
    await world.service.place(ALICE, PlaceCall(to="1002"), claim(), render)
    await world.service.place(ALICE, PlaceCall(to="1002"), claim(), render)
    assert world.directory.looks == 3


# The answer comes first


async def test_the_answer_waits_for_the_row_and_not_for_the_phone() -> None:
    async with World(pbx=MemoryPbx(by_hand=True)).running() as world:
        call = await world.place()
        assert world.statuses(call) == ["queued"]
        assert world.pbx.originated == []
        await world.until(lambda: bool(world.pbx.originated))
        assert world.statuses(call) == ["queued", "dialing_caller"]


async def test_the_intent_is_on_disk_before_the_originate_is_written(world: World) -> None:
    seen: list[str] = []
    originate = world.pbx.originate

    async def spy(request: object) -> None:
        seen.extend(status for _, status in world.store.events)
        await originate(request)  # type: ignore[arg-type]

    world.pbx.originate = spy  # type: ignore[assignment,method-assign]
    call = await world.place()
    await world.until_status(call, CallStatus.CONNECTED)
    assert seen == ["queued", "dialing_caller"]


async def test_every_status_on_the_way_is_one_committed_event(world: World) -> None:
    call = await world.place()
    await world.until_status(call, CallStatus.CONNECTED)
    assert world.statuses(call) == [
        "queued",
        "dialing_caller",
        "caller_ringing",
        "caller_answered",
        "dialing_callee",
        "callee_ringing",
        "connected",
    ]


async def test_a_pbx_that_is_down_refuses_before_anything_is_committed(world: World) -> None:
    world.pbx.cut()
    with pytest.raises(PeerUnavailable) as refused:
        await world.place()
    assert refused.value.code == "pbx_unavailable"
    assert world.store.rows == {}


async def test_a_store_that_is_down_refuses_and_nothing_rings(world: World) -> None:
    world.store.broken = True
    with pytest.raises(StorageUnavailable):
        await world.place()
    world.store.broken = False
    await world.settle()
    assert world.pbx.originated == []


async def test_a_service_that_is_not_running_takes_no_calls() -> None:
    world = World()
    assert await code(world, ALICE) == "shutting_down"
    async with world.running():
        assert await code(world, ALICE) == "ok"
    assert await code(world, ALICE) == "shutting_down"


# One key, one call


async def test_a_hundred_clicks_with_one_key_are_one_originate(world: World) -> None:
    command = PlaceCall(to="1002")
    answers = await asyncio.gather(
        *(world.service.place(ALICE, command, claim(), render) for _ in range(100))
    )
    await world.settle()
    assert len(world.pbx.originated) == 1
    assert len(world.store.rows) == 1
    bodies = {answer.body for answer in answers if isinstance(answer, Replayed)}
    (call_id,) = world.store.rows
    assert bodies == {f'{{"id":"{call_id}"}}'}
    assert sum(isinstance(answer, Replayed) for answer in answers) == 99


async def test_a_thousand_racing_pairs_are_a_thousand_originates(world: World) -> None:
    command = PlaceCall(to="1002")
    await asyncio.gather(
        *(world.service.place(ALICE, command, claim(f"k{pair // 2}"), render) for pair in range(2000))
    )
    await world.until(lambda: len(world.pbx.originated) == 1000)
    await world.settle()
    assert len(world.pbx.originated) == 1000
    assert len({request.channel_id for request in world.pbx.originated}) == 1000


async def test_a_repeated_click_gets_the_first_answer_whatever_holds_now(world: World) -> None:
    command = PlaceCall(to="1002")
    await world.service.place(ALICE, command, claim(), render)
    world.pbx.cut()
    assert isinstance(await world.service.place(ALICE, command, claim(), render), Replayed)


async def test_a_key_used_for_another_request_is_refused(world: World) -> None:
    await world.service.place(ALICE, PlaceCall(to="1002"), claim(), render)
    with pytest.raises(Conflict) as refused:
        await world.service.place(ALICE, PlaceCall(to="1003"), claim(fingerprint="e"), render)
    assert refused.value.code == "idempotency_mismatch"


# Who calls


@pytest.mark.parametrize(
    ("principal", "values", "expected"),
    [
        (ALICE, {}, "ok"),
        (ALICE, {"user_id": "usr_alice", "device_id": "dev_alice2"}, "ok"),
        (ALICE, {"user_id": "usr_bob"}, "not_your_device"),
        (ALICE, {"device_id": "dev_bob"}, "not_your_device"),
        (ALICE, {"device_id": "dev_mallory"}, "not_found"),
        (ALICE, {"device_id": "dev_none"}, "not_found"),
        (ALICE, {"domain_id": "dom_other"}, "not_found"),
        (OFFICE, {}, "invalid_request"),
        (OFFICE, {"user_id": "usr_alice"}, "ok"),
        (OFFICE, {"device_id": "dev_alice2"}, "ok"),
        (OFFICE, {"user_id": "usr_bob", "device_id": "dev_alice"}, "not_found"),
        (OFFICE, {"user_id": "usr_mallory"}, "not_found"),
        (OFFICE, {"device_id": "dev_mallory"}, "not_found"),
        (OFFICE, {"user_id": "usr_none"}, "not_found"),
        (OFFICE, {"user_id": "usr_dave"}, "no_device"),
        (OFFICE, {"user_id": "usr_carol"}, "user_disabled"),
        (RESELLER, {"user_id": "usr_alice"}, "ok"),
        (RESELLER, {"user_id": "usr_mallory"}, "not_found"),
        (OTHER_RESELLER, {"user_id": "usr_alice"}, "not_found"),
        (ROOT, {"user_id": "usr_mallory"}, "ok"),
        (ROOT, {"user_id": "usr_mallory", "domain_id": "dom_acme"}, "not_found"),
    ],
)
async def test_who_may_ring_whose_phone(
    world: World, principal: Principal, values: dict[str, object], expected: str
) -> None:
    assert await code(world, principal, **values) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"to": "1001"}, "self_call"),
        ({"to": "+4930222222"}, "self_call"),
        ({"to": "+4930111111"}, "ok"),
        ({"to": "bob"}, "invalid_number"),
        ({"to": "112"}, "destination_blocked"),
        ({"caller_id": "+4930111111"}, "ok"),
        ({"caller_id": "+4930333333"}, "caller_id_not_allowed"),
        ({"caller_id": "+4930444444"}, "caller_id_not_allowed"),
        ({"caller_id": "nonsense"}, "invalid_number"),
        ({"leg_a_timeout_s": 4}, "invalid_request"),
        ({"leg_a_timeout_s": 121}, "invalid_request"),
        ({"leg_b_timeout_s": 601}, "invalid_request"),
        ({"leg_b_timeout_s": 600}, "ok"),
        ({"client_ref": "x" * 129}, "invalid_request"),
        ({"client_ref": ""}, "invalid_request"),
        ({"metadata": {str(n): "" for n in range(21)}}, "invalid_request"),
        ({"metadata": {"a": "ä" * 2100}}, "invalid_request"),
        ({"auto_answer": True, "all_devices": True}, "auto_answer_not_possible"),
        ({"auto_answer": True, "prompt": AcceptPrompt.PRESS_1}, "auto_answer_not_possible"),
    ],
)
async def test_what_may_be_asked_for(world: World, values: dict[str, object], expected: str) -> None:
    assert await code(world, ALICE, **values) == expected
    assert len(world.store.rows) == (expected == "ok")


async def test_limits_of_a_user_hold_and_name_a_time(world: World) -> None:
    limited = World(settings=CallSettings(open_per_user=2))
    async with limited.running():
        await limited.place()
        await limited.place()
        assert await code(limited, ALICE) == "rate_limited"
        assert await code(limited, BOB, to="1001") == "ok"


async def test_at_night_a_burst_of_outside_calls_is_stopped_and_colleagues_are_not() -> None:
    asleep = replace(ROOMY, office_hours=("Mon-Fri 08:00-18:00",), off_hours_calls_per_hour=2)
    limited = World(clock=StillClock(SATURDAY_NIGHT_MS), settings=asleep)
    async with limited.running():
        for _ in range(2):
            await limited.place("+4930123456")
        for principal in (ALICE, BOB):
            assert await code(limited, principal, to="+4930123456") == "off_hours_burst"
        assert await code(limited, ALICE, to="1002") == "ok"
        assert [action for action, _ in limited.store.audited] == ["calls.off_hours_burst"]


async def test_a_pbx_takes_so_many_calls(world: World) -> None:
    limited = World(settings=CallSettings(open_per_pbx=1))
    async with limited.running():
        await limited.place()
        assert await code(limited, BOB, to="1001") == "rate_limited"


# Who sees what


@pytest.mark.parametrize(
    ("principal", "visible"),
    [
        (ALICE, True),
        (BOB, False),
        (OFFICE, True),
        (OTHER_OFFICE, False),
        (RESELLER, True),
        (OTHER_RESELLER, False),
        (ROOT, True),
    ],
)
async def test_a_call_is_seen_by_its_own_and_is_nothing_to_others(
    world: World, principal: Principal, visible: bool
) -> None:
    call = await world.place()
    if visible:
        assert (await world.service.get(principal, call.id)).id == call.id
        assert (await world.service.cancel(principal, call.id)).cancel_requested_ms is not None
        return
    for attempt in (world.service.get, world.service.cancel):
        with pytest.raises(NotFound) as refused:
            await attempt(principal, call.id)
        assert refused.value.code == "not_found"
    assert world.store.rows[call.id].cancel_requested_ms is None


async def test_lists_show_what_the_principal_may_see(world: World) -> None:
    mine = await world.place()
    theirs = await world.place("1001", BOB)

    async def listed(principal: Principal, **chosen: object) -> list[str]:
        page = await world.service.list(principal, CallFilter(**chosen), PageRequest())  # type: ignore[arg-type]
        return sorted(call.id for call in page.items)

    assert await listed(ALICE) == [mine.id]
    assert await listed(OFFICE) == sorted([mine.id, theirs.id])
    assert await listed(OFFICE, user_id="usr_bob") == [theirs.id]
    assert await listed(OTHER_OFFICE) == []
    assert await listed(ROOT, domain_id="dom_acme") == sorted([mine.id, theirs.id])
    for principal, chosen in ((ALICE, {"user_id": "usr_bob"}), (OFFICE, {"domain_id": "dom_other"})):
        with pytest.raises(NotFound):
            await listed(principal, **chosen)


async def test_a_foreign_device_is_not_told_from_a_missing_one(world: World) -> None:
    said = set()
    for device_id in ("dev_mallory", "dev_none"):
        with pytest.raises(NotFound) as refused:
            await world.place(device_id=device_id)
        said.add((refused.value.code, refused.value.detail))
    assert len(said) == 1


async def test_only_own_devices_is_said_to_be_a_matter_of_rights(world: World) -> None:
    with pytest.raises(Forbidden):
        await world.place(device_id="dev_bob")

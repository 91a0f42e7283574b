"""What every CallStore and Directory promises."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from engine.accounts.models import PageRequest
from engine.click_to_call.call import commit_originate, request_cancel
from engine.click_to_call.models import (
    AcceptPrompt,
    Call,
    CallFilter,
    CallStatus,
    EndedLeg,
    EndReason,
    Leg,
    LegResult,
    LegState,
)
from engine.click_to_call.ports import Lookup, OffHours, PlacementLimits
from engine.errors import Conflict, InvalidRequest, RateLimited
from engine.idempotency import Claim, Replayed
from tests.contract.click_to_call.world import PEOPLE, T0_MS, World, call

FREE = PlacementLimits(None, None, None, None)
MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
EVERYTHING = CallFilter()


async def put(world: World, **values: object) -> Call:
    created = call(**values)
    assert await world.calls.create(created, FREE, None, None) is None
    return created


async def ids(
    world: World, *, user: str | None = None, domain: str = "dom_acme", **chosen: object
) -> list[str]:
    page = await world.calls.list(domain, user, CallFilter(**chosen), PageRequest())  # type: ignore[arg-type]
    return [one.id for one in page.items]


async def test_a_call_comes_back_as_it_was_put(world: World) -> None:
    created = await put(
        world,
        to="+4930123456",
        caller_id="+4930111111",
        prompt=AcceptPrompt.PRESS_1,
        auto_answer=True,
        all_devices=True,
        leg_a_timeout_s=7,
        leg_b_timeout_s=8,
        client_ref="order 7",
        metadata={"crm": 'Zoë "7"', "": ""},
        requested_by="key_1",
        destination_is_device=True,
    )
    assert await world.calls.get(created.id) == created
    assert await world.calls.get("call_none") is None


async def test_a_final_call_comes_back_with_both_legs(world: World) -> None:
    created = await put(world)
    leg = Leg(LegState.ENDED, LegResult.BUSY, 17, 486, "lab-1.2", 1, 2, 3, 4)
    ended = replace(
        created,
        status=CallStatus.BUSY,
        leg_a=leg,
        leg_b=replace(leg, result=LegResult.CANCELED, sip_code=None),
        connected_ms=T0_MS + 1,
        cancel_requested_ms=T0_MS + 2,
        ended_leg=EndedLeg.B,
        end_reason=EndReason.BUSY,
        ended_ms=T0_MS + 3,
        sequence=9,
    )
    await world.calls.save([ended])
    assert await world.calls.get(created.id) == ended


async def test_every_saved_snapshot_is_an_event_and_the_last_one_stays(world: World) -> None:
    created = await put(world)
    dialing = commit_originate(created)
    ringing = replace(dialing, status=CallStatus.CALLER_RINGING, sequence=3)
    await world.calls.save([dialing, ringing])
    assert world.happened() == [
        (created.id, "queued"),
        (created.id, "dialing_caller"),
        (created.id, "caller_ringing"),
    ]
    assert await world.calls.get(created.id) == ringing


async def test_an_older_snapshot_changes_nothing(world: World) -> None:
    created = await put(world)
    dialing = commit_originate(created)
    canceled = replace(request_cancel(dialing, T0_MS), status=CallStatus.CANCELED)
    await world.calls.save([canceled])
    await world.calls.save([dialing, canceled])
    assert await world.calls.get(created.id) == canceled
    assert world.happened() == [(created.id, "queued"), (created.id, "canceled")]


async def test_lists_are_newest_first_and_walk_through_all(world: World) -> None:
    made = [(await put(world)).id for _ in range(5)]
    await put(world, domain_id="dom_other", user_id="usr_mallory", device_id="dev_mallory")
    seen, cursor = [], None
    while True:
        page = await world.calls.list("dom_acme", None, EVERYTHING, PageRequest(limit=2, cursor=cursor))
        seen += [one.id for one in page.items]
        if (cursor := page.next_cursor) is None:
            break
    assert seen == made[::-1]


async def test_filters_narrow_a_list(world: World) -> None:
    first = await put(world, client_ref="a")
    second = await put(world, user_id="usr_bob", created_ms=T0_MS + 1000)
    await world.calls.save([request_cancel(first, T0_MS)])
    assert await ids(world, user="usr_bob") == [second.id]
    assert await ids(world, status=CallStatus.CANCELED) == [first.id]
    assert await ids(world, open=True) == [second.id]
    assert await ids(world, open=False) == [first.id]
    assert await ids(world, client_ref="a") == [first.id]
    assert await ids(world, created_from_ms=T0_MS + 1000) == [second.id]
    assert await ids(world, created_before_ms=T0_MS + 1000) == [first.id]
    assert await ids(world, domain="dom_other") == []


async def test_a_cursor_that_is_not_ours_is_refused(world: World) -> None:
    with pytest.raises(InvalidRequest) as refused:
        await world.calls.list("dom_acme", None, EVERYTHING, PageRequest(cursor="' OR 1=1"))
    assert refused.value.code == "invalid_cursor"


async def test_unfinished_calls_are_those_that_have_not_ended_on_any_pbx(world: World) -> None:
    assert await world.calls.unfinished() == []
    first = await put(world)
    second = await put(world, pbx="spare")
    ended = await put(world)
    await world.calls.save([request_cancel(ended, T0_MS)])
    assert await world.calls.unfinished() == [first, second]


# One key, one call


CLAIM = Claim("key_1 POST /v1/calls", "k1", "f" * 64)
ANSWER = Replayed(202, '{"id":"first"}')


async def test_a_used_key_gives_the_first_answer_and_adds_nothing(world: World) -> None:
    assert await world.directory.look(lambda look: look.answered(CLAIM)) is None
    first, second = call(), call()
    assert await world.calls.create(first, FREE, CLAIM, ANSWER) is None
    assert await world.calls.create(second, FREE, CLAIM, Replayed(202, "{}")) == ANSWER
    assert await world.directory.look(lambda look: look.answered(CLAIM)) == ANSWER
    assert await ids(world) == [first.id]
    assert world.happened() == [(first.id, "queued")]


async def test_racing_twins_are_one_call(world: World) -> None:
    answers = await asyncio.gather(*(world.calls.create(call(), FREE, CLAIM, ANSWER) for _ in range(50)))
    assert answers.count(None) == 1
    assert answers.count(ANSWER) == 49
    assert len(await ids(world)) == 1


async def test_a_key_used_for_another_request_is_refused(world: World) -> None:
    await world.calls.create(call(), FREE, CLAIM, ANSWER)
    other = replace(CLAIM, fingerprint="e" * 64)
    looked_up = world.directory.look(lambda look: look.answered(other))
    for attempt in (looked_up, world.calls.create(call(), FREE, other, ANSWER)):
        with pytest.raises(Conflict) as refused:
            await attempt
        assert refused.value.code == "idempotency_mismatch"


# Limits


async def test_a_user_has_so_many_calls_going_on_and_a_twin_of_an_accepted_one_is_no_other(
    world: World,
) -> None:
    limits = replace(FREE, open_per_user=1)
    first = call()
    await world.calls.create(first, limits, CLAIM, ANSWER)
    with pytest.raises(RateLimited) as refused:
        await world.calls.create(call(), limits, None, None)
    assert refused.value.retry_after_s is not None
    assert await world.calls.create(call(), limits, CLAIM, ANSWER) == ANSWER
    await world.calls.create(call(user_id="usr_bob"), limits, None, None)
    await world.calls.save([request_cancel(first, T0_MS)])
    await world.calls.create(call(), limits, None, None)


async def test_a_refused_request_may_be_repeated_with_its_key(world: World) -> None:
    limits = replace(FREE, open_per_domain=1)
    first = call()
    await world.calls.create(first, limits, None, None)
    with pytest.raises(RateLimited):
        await world.calls.create(call(user_id="usr_bob"), limits, CLAIM, ANSWER)
    await world.calls.save([request_cancel(first, T0_MS)])
    assert await world.calls.create(call(user_id="usr_bob"), limits, CLAIM, ANSWER) is None


@pytest.mark.parametrize("limit", ["per_minute_per_user", "per_minute_per_domain"])
async def test_calls_a_minute_are_limited_and_the_error_says_when_to_come_back(
    world: World, limit: str
) -> None:
    limits = replace(FREE, **{limit: 2})
    for at_ms in (T0_MS, T0_MS + 20_000):
        await world.calls.create(call(created_ms=at_ms), limits, None, None)
    with pytest.raises(RateLimited) as refused:
        await world.calls.create(call(created_ms=T0_MS + 50_000), limits, None, None)
    assert refused.value.retry_after_s == pytest.approx(10)
    await world.calls.create(call(created_ms=T0_MS + 60_000), limits, None, None)


def spoken(minutes: float, *, at_ms: int = T0_MS, to: str = "+4930123456", **values: object) -> Call:
    """A call that was connected at once and for so long."""
    ended_ms = at_ms + round(minutes * MINUTE_MS)
    return call(
        to=to,
        created_ms=at_ms,
        connected_ms=at_ms,
        ended_ms=ended_ms,
        status=CallStatus.COMPLETED,
        sequence=9,
        **values,
    )


@pytest.mark.parametrize(("limit", "others"), [("per_user", "usr_bob"), ("per_domain", None)])
async def test_minutes_spoken_with_outside_numbers_are_limited_over_a_day(
    world: World, limit: str, others: str | None
) -> None:
    limits = replace(FREE, **{f"minutes_per_day_{limit}": 10})
    for one in (
        spoken(6),
        spoken(500, to="1002"),  # a colleague costs nothing
        spoken(500, domain_id="dom_other", user_id="usr_mallory"),
        spoken(3.9, at_ms=T0_MS + HOUR_MS),
    ):
        await world.calls.create(one, FREE, None, None)
    later_ms = T0_MS + 2 * HOUR_MS
    going_on = replace(spoken(0, at_ms=later_ms), ended_ms=None, status=CallStatus.CONNECTED)
    await world.calls.create(going_on, limits, None, None)  # 9.9 minutes: this one may still begin
    at_ms = later_ms + MINUTE_MS
    with pytest.raises(RateLimited) as refused:
        await world.calls.create(call(to="+4930123456", created_ms=at_ms), limits, None, None)
    assert refused.value.code == "minutes_used_up"
    assert refused.value.retry_after_s == pytest.approx((T0_MS + 24 * HOUR_MS - at_ms) / 1000)
    if others is not None:
        await world.calls.create(call(user_id=others, created_ms=at_ms), limits, None, None)
    # A day after the first of them its minutes are free again.
    tomorrow_ms = T0_MS + 24 * HOUR_MS + 1
    ended = replace(going_on, ended_ms=at_ms, status=CallStatus.COMPLETED, sequence=10)
    await world.calls.save([ended])
    await world.calls.create(call(to="+4930123456", created_ms=tomorrow_ms), limits, None, None)


async def test_while_the_office_is_closed_a_burst_of_outside_calls_is_stopped_and_audited(
    world: World,
) -> None:
    closed_ms = T0_MS
    limits = replace(FREE, off_hours=OffHours(since_ms=closed_ms, calls_per_hour=3))

    def outside(minute: int, user_id: str = "usr_alice") -> Call:
        at_ms = closed_ms + minute * MINUTE_MS
        return call(to="+4930123456", created_ms=at_ms, user_id=user_id)

    for minute in (-3, -2, -1):  # before it closed
        await world.calls.create(outside(minute), FREE, None, None)
    await world.calls.create(call(created_ms=closed_ms), FREE, None, None)  # to a colleague
    await world.calls.create(outside(5), limits, None, None)
    await world.calls.create(outside(6, "usr_bob"), limits, None, None)
    assert await world.audited() == []
    third = outside(7)
    await world.calls.create(third, limits, None, None)
    for _ in range(2):
        with pytest.raises(RateLimited) as refused:
            await world.calls.create(outside(15, "usr_bob"), limits, None, None)
        assert refused.value.code == "off_hours_burst"
        assert refused.value.retry_after_s == pytest.approx(50 * 60)
    assert await world.audited() == [("calls.off_hours_burst", third.id)]
    other = replace(outside(15), domain_id="dom_other", user_id="usr_mallory")
    await world.calls.create(other, limits, None, None)
    await world.calls.create(outside(66), limits, None, None)  # the first is more than an hour ago


async def test_racing_clicks_cannot_all_be_the_last_one_allowed(world: World) -> None:
    limits = replace(FREE, open_per_user=3)
    tries = (world.calls.create(call(), limits, None, None) for _ in range(20))
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert results.count(None) == 3
    assert sum(isinstance(result, RateLimited) for result in results) == 17
    assert len(await ids(world)) == 3


# Who is who


async def test_the_directory_finds_everybody_and_nobody_else(world: World) -> None:
    def read(look: Lookup) -> None:
        for domain in PEOPLE.domains:
            assert look.domain(domain.id) == domain
        for user in PEOPLE.users:
            assert look.user(user.id) == user
            assert look.user_with_extension(user.domain_id, user.extension) == user
        for device in PEOPLE.devices:
            assert look.device(device.id) == device
        for number in PEOPLE.numbers:
            assert look.number(number.e164) == number
        assert look.domain("no") is None
        assert look.user("no") is None
        assert look.user_with_extension("dom_other", "1002") is None
        assert look.device("no") is None
        assert look.number("+4930999999") is None

    await world.directory.look(read)


async def test_a_users_default_device_is_the_one_that_rings(world: World) -> None:
    alice, _, _, dave, _ = PEOPLE.users
    assert await world.directory.look(lambda look: look.default_device(alice)) == PEOPLE.devices[0]
    assert await world.directory.look(lambda look: look.default_device(dave)) is None


async def test_what_a_look_raises_is_raised(world: World) -> None:
    def read(look: Lookup) -> None:
        raise Conflict(code="no_device")

    with pytest.raises(Conflict) as refused:
        await world.directory.look(read)
    assert refused.value.code == "no_device"

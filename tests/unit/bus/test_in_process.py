"""What a listener gets, and what it is told when it was too slow."""

from __future__ import annotations

import asyncio

import pytest

from engine.bus.in_process import Bus, Closed, Ephemeral, Overflowed
from engine.events import Event


def event(seq: int, stream: str = "dom_1") -> Event:
    return Event(stream, seq, "call.updated", f"call_{seq}", {}, 0)


async def test_events_of_subscribed_streams_arrive_in_order() -> None:
    bus = Bus()
    both, one = bus.subscribe(["dom_1", "dom_2"]), bus.subscribe(["dom_1"])
    bus.publish([event(1), event(1, "dom_2"), event(2), event(9, "dom_3")])
    assert [await both.get() for _ in range(3)] == [event(1), event(1, "dom_2"), event(2)]
    assert await one.take() == [event(1), event(2)]


async def test_a_waiting_listener_wakes_up() -> None:
    bus = Bus()
    subscription = bus.subscribe(["dom_1"])
    waiting = asyncio.create_task(subscription.get())
    await asyncio.sleep(0)
    bus.publish([event(1)])
    assert await waiting == event(1)


async def test_cancelling_a_wait_loses_nothing() -> None:
    bus = Bus()
    subscription = bus.subscribe(["dom_1"])
    waiting = asyncio.create_task(subscription.get())
    await asyncio.sleep(0)
    bus.publish([event(1)])
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert await subscription.get() == event(1)


async def test_a_slow_listener_holds_up_nobody_and_is_told_that_it_missed_something() -> None:
    bus = Bus(capacity=2)
    slow, fast = bus.subscribe(["dom_1"]), bus.subscribe(["dom_1"])
    bus.publish([event(1), event(2)])
    assert await fast.take() == [event(1), event(2)]
    bus.publish([event(3)])
    assert await fast.take() == [event(3)]
    assert slow.overflowed
    assert not fast.overflowed


async def test_after_an_overflow_the_beginning_still_comes_and_nothing_follows_the_gap() -> None:
    bus = Bus(capacity=2)
    subscription = bus.subscribe(["dom_1"])
    bus.publish([event(1), event(2), event(3)])
    assert await subscription.get() == event(1)
    bus.publish([event(4)])  # there is room again, but 3 is missing
    assert await subscription.get() == event(2)
    with pytest.raises(Overflowed):
        await subscription.get()
    with pytest.raises(Overflowed):
        await subscription.take()
    subscription.resume()
    bus.publish([event(5)])
    assert await subscription.get() == event(5)


async def test_ephemeral_frames_reach_only_those_listening_now() -> None:
    bus = Bus()
    bus.publish_ephemeral("dom_1", "typing", {"user_id": "usr_1"})
    subscription = bus.subscribe(["dom_1"])
    bus.publish_ephemeral("dom_2", "typing", {})
    bus.publish([event(1)])
    bus.publish_ephemeral("dom_1", "typing", {"user_id": "usr_2"})
    assert await subscription.take() == [event(1), Ephemeral("dom_1", "typing", {"user_id": "usr_2"})]


async def test_too_many_ephemeral_frames_cost_the_oldest_and_no_event() -> None:
    bus = Bus(capacity=2)
    subscription = bus.subscribe(["dom_1"])
    for number in range(5):
        bus.publish_ephemeral("dom_1", "typing", {"n": number})
    bus.publish([event(1)])
    assert not subscription.overflowed
    frames = await subscription.take()
    assert [frame.data for frame in frames if isinstance(frame, Ephemeral)] == [{"n": 3}, {"n": 4}]
    assert event(1) in frames


async def test_closing_ends_the_wait_and_the_listening() -> None:
    bus = Bus()
    subscription = bus.subscribe(["dom_1"])
    waiting = asyncio.create_task(subscription.get())
    await asyncio.sleep(0)
    subscription.close()
    with pytest.raises(Closed):
        await waiting
    bus.publish([event(1)])
    with pytest.raises(Closed):
        await subscription.get()
    subscription.close()


async def test_closing_the_bus_closes_every_subscription() -> None:
    bus = Bus()
    subscriptions = [bus.subscribe(["dom_1", "dom_2"]), bus.subscribe(["dom_2"])]
    bus.close()
    for subscription in subscriptions:
        with pytest.raises(Closed):
            await subscription.take()

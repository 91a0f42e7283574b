"""What a webhook has to do, and what is kept of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.accounts.models import SYSTEM, UpdateDomainSettings
from engine.errors import Conflict, Forbidden, InvalidRequest, NotFound
from engine.events import domain_stream
from engine.webhooks.models import (
    RESYNC,
    CreateWebhook,
    DeliveryState,
    Progress,
    Replay,
    Replaying,
    UpdateWebhook,
)
from tests.contract.webhooks.world import World, delivery

HOUR_MS = 3_600_000
WAITING, DELIVERED, DEAD = DeliveryState.WAITING, DeliveryState.DELIVERED, DeliveryState.DEAD


async def test_a_new_webhook_gets_what_happens_from_now_on(world: World) -> None:
    await world.happens(3)
    webhook = await world.webhook()
    subjects = await world.happens(2)
    await world.happens(2, of=1)
    events = (await world.work(webhook)).events
    assert [one.type for one in events] == ["webhook.created", "call.updated", "call.updated"]
    assert [one.subject for one in events[1:]] == subjects
    assert [one.seq for one in events] == [webhook.seq + at for at in (1, 2, 3)]


async def test_a_portion_says_that_there_is_more(world: World) -> None:
    webhook = await world.webhook()
    await world.happens(4)
    first = await world.work(webhook, limit=2)
    assert (len(first.events), first.more) == (2, True)
    rest = await world.work(webhook, after=first.events[-1].seq, limit=100)
    assert (len(rest.events), rest.more) == (3, False)


async def test_position_and_outcomes_are_kept_together(world: World) -> None:
    webhook = await world.webhook()
    await world.happens(2)
    _, one, two = (await world.work(webhook)).events
    now = world.clock.ms
    waiting = delivery(webhook, two, WAITING, now + 5_000)
    assert await world.keep(webhook, two.seq, delivery(webhook, one, DELIVERED, now), waiting)
    work = await world.work(webhook, after=two.seq)
    assert (work.webhook.seq, work.due, work.next_due_ms) == (two.seq, [], now + 5_000)
    world.clock.ms += 5_000
    (due,) = (await world.work(webhook, after=two.seq)).due
    assert due == waiting
    shown, backlog = await world.webhooks.get(world.manager(), webhook.id)
    assert (shown.seq, backlog.behind, backlog.waiting, backlog.dead) == (two.seq, 0, 1, 0)


async def test_keeping_an_outcome_twice_leaves_one_delivery_with_its_id(world: World) -> None:
    """After a crash the same event is sent, and noted, again."""
    webhook = await world.webhook()
    await world.happens()
    event = (await world.work(webhook)).events[-1]
    first = delivery(webhook, event, WAITING, world.clock.ms)
    await world.keep(webhook, event.seq, first)
    await world.keep(webhook, event.seq, delivery(webhook, event, DELIVERED, world.clock.ms, number=2))
    (kept,) = (await world.webhooks.deliveries(world.manager(), webhook.id)).items
    assert (kept.id, kept.state, kept.attempts) == (first.id, DELIVERED, 2)


async def test_what_a_webhook_has_not_been_sent_is_not_trimmed(world: World) -> None:
    webhook = await world.webhook()
    await world.happens(5)
    events = (await world.work(webhook)).events
    await world.keep(webhook, events[2].seq)
    world.clock.ms += 100 * HOUR_MS
    assert await world.log.trim(world.clock.ms) > 0
    left = (await world.work(webhook, after=events[2].seq)).events
    assert [one.seq for one in left] == [one.seq for one in events[3:]]
    await world.webhooks.update(world.manager(), webhook.id, UpdateWebhook(enabled=False))
    world.clock.ms += 100 * HOUR_MS
    await world.log.trim(world.clock.ms)
    stream = domain_stream(world.domains[0].id)
    assert await world.log.after({stream: 0}, 100) == []


@pytest.mark.parametrize("later", [0, 2])
async def test_events_that_are_gone_are_told_of_once(world: World, later: int) -> None:
    webhook = await world.webhook()
    await world.happens(3)
    await world.webhooks.update(world.manager(), webhook.id, UpdateWebhook(enabled=False))
    world.clock.ms += HOUR_MS
    await world.log.trim(world.clock.ms)
    stream = domain_stream(world.domains[0].id)
    lost_to = (await world.log.high_water([stream]))[stream]
    # Enabled by hand, so that no event of it follows.
    await world.happens(later)
    await world.webhooks.update(world.manager(), webhook.id, UpdateWebhook(enabled=True))
    resync, *rest = (await world.work(webhook)).events
    assert (resync.type, resync.seq) == (RESYNC, lost_to)
    assert resync.data == {"from_seq": webhook.seq + 1, "to_seq": lost_to}
    assert [one.seq for one in rest] == [lost_to + at + 1 for at in range(later + 1)]


async def test_everything_lost_is_told_of_too(world: World) -> None:
    webhook = await world.webhook()
    await world.webhooks.update(world.manager(), webhook.id, UpdateWebhook(enabled=False))
    await world.webhooks.update(world.manager(), webhook.id, UpdateWebhook(enabled=True))
    stream = domain_stream(world.domains[0].id)
    high = (await world.log.high_water([stream]))[stream]
    await world.keep(webhook, high)
    world.clock.ms += HOUR_MS
    await world.log.trim(world.clock.ms)
    (resync,) = (await world.work(webhook)).events  # as if it had not got so far
    assert (resync.type, resync.seq) == (RESYNC, high)


async def test_a_webhook_that_is_disabled_or_gone_has_no_work(world: World) -> None:
    webhook = await world.webhook()
    (event,) = (await world.work(webhook)).events
    assert [one.id for one in await world.progress.enabled()] == [webhook.id]
    gone = Progress(webhook.id, event.seq, [delivery(webhook, event, DEAD, 1)], None, None, "gone")
    assert await world.progress.keep(gone)
    assert await world.progress.enabled() == []
    shown, backlog = await world.webhooks.get(world.manager(), webhook.id)
    assert (shown.enabled, shown.disabled_because, backlog.dead) == (False, "gone", 1)
    assert await world.progress.work(webhook.id, after=0, limit=1, due_ms=0, due_limit=1, besides=()) is None
    await world.webhooks.delete(world.manager(), webhook.id)
    assert not await world.keep(webhook, 7, delivery(webhook, event, DEAD, 1))


async def test_a_domain_that_goes_takes_its_webhooks_along(world: World) -> None:
    webhook = await world.webhook()
    (event,) = (await world.work(webhook)).events
    await world.keep(webhook, event.seq, delivery(webhook, event, DEAD, 1))
    await world.accounts.domains.delete(SYSTEM, world.domains[0].id)
    assert await world.progress.enabled() == []


async def test_whether_bodies_have_content_is_the_domains_to_say(world: World) -> None:
    webhook = await world.webhook()
    assert (await world.work(webhook)).content
    wish = UpdateDomainSettings(webhook_content=False)
    await world.accounts.preferences.change_domain(SYSTEM, world.domains[0].id, wish)
    assert not (await world.work(webhook)).content


async def test_dead_letters_of_a_range_are_replayed_and_no_others(world: World) -> None:
    webhook = await world.webhook()
    await world.happens(6)
    events = (await world.work(webhook)).events
    states = (DELIVERED, DEAD, DEAD, DEAD, DEAD, WAITING, DEAD)
    ends = [
        delivery(webhook, event, state, world.clock.ms + HOUR_MS)
        for event, state in zip(events, states, strict=True)
    ]
    await world.keep(webhook, events[-1].seq, *ends)
    wish = Replay(from_seq=events[2].seq, to_seq=events[4].seq)
    done = await world.webhooks.replay(world.manager(), webhook.id, wish)
    assert done == Replaying(3, None)
    due = (await world.work(webhook, after=events[-1].seq)).due
    assert [one.event.seq for one in due] == [event.seq for event in events[2:5]]
    assert {one.attempts for one in due} == {0}
    assert webhook.id in world.told


async def test_what_is_still_logged_is_replayed_as_far_as_it_was_dealt_with(world: World) -> None:
    webhook = await world.webhook("call.updated")
    await world.happens(2)
    world.clock.ms += HOUR_MS
    await world.happens(2, "contact.created")
    await world.happens(3)
    events = (await world.work(webhook)).events
    await world.keep(webhook, events[-2].seq)
    wish = Replay(dead_only=False, since_ms=world.clock.ms)
    assert await world.webhooks.replay(world.manager(), webhook.id, wish) == Replaying(2, None)
    due = (await world.work(webhook, after=events[-1].seq)).due
    assert [one.event.seq for one in due] == [event.seq for event in events[-3:-1]]
    await world.webhooks.replay(world.manager(), webhook.id, wish)
    assert len((await world.work(webhook, after=events[-1].seq)).due) == 2


async def test_outcomes_are_forgotten_when_they_are_old(world: World) -> None:
    webhook = await world.webhook()
    await world.happens(2)
    one, two, three = (await world.work(webhook)).events
    now = world.clock.ms
    await world.keep(
        webhook,
        three.seq,
        delivery(webhook, one, DELIVERED, now - HOUR_MS),
        delivery(webhook, two, DEAD, now - HOUR_MS),
        delivery(webhook, three, WAITING, now - HOUR_MS),
    )
    assert await world.progress.trim(now, now - 2 * HOUR_MS) == 1
    assert await world.progress.trim(now, now) == 1
    (left,) = (await world.webhooks.deliveries(world.manager(), webhook.id)).items
    assert left.state is WAITING


async def test_a_domain_has_so_many_and_sees_its_own_alone(world: World) -> None:
    made = [await world.webhook() for _ in range(3)]
    with pytest.raises(Conflict) as refused:
        await world.webhook()
    assert refused.value.code == "too_many_webhooks"
    assert [one.id for one, _ in await world.webhooks.list(world.manager())] == [one.id for one in made]
    assert await world.webhooks.list(world.manager(1)) == []
    with pytest.raises(NotFound):
        await world.webhooks.get(world.manager(1), made[0].id)


async def test_a_page_token_sets_up_nothing_that_outlives_it(world: World) -> None:
    webhook = await world.webhook()
    token = replace(world.manager(), kind="token")
    with pytest.raises(Forbidden):
        await world.webhooks.create(token, CreateWebhook(url="https://example.com/"))
    with pytest.raises(Forbidden):
        await world.webhooks.update(token, webhook.id, UpdateWebhook(url="https://example.com/"))
    with pytest.raises(Forbidden):
        await world.webhooks.rotate_secret(token, webhook.id)
    assert (await world.webhooks.get(token, webhook.id))[0] == webhook


async def test_operations_are_a_super_users(world: World) -> None:
    command = CreateWebhook(url="https://example.com/operations")
    made = await world.webhooks.create(SYSTEM, command)
    assert not hasattr(made, "status")
    ((webhook, _),) = await world.webhooks.list(SYSTEM)
    assert (webhook.domain_id, webhook.stream) == (None, "operations")
    with pytest.raises(NotFound):
        await world.webhooks.get(world.manager(), webhook.id)


@pytest.mark.parametrize(
    "types", [["call"], ["*"], ["call.updated.now"], ["Call.updated"], ["call.updated"] * 51]
)
async def test_types_that_no_event_can_have_are_refused(world: World, types: list[str]) -> None:
    with pytest.raises(InvalidRequest):
        await world.webhook(*types)


async def test_the_type_that_never_occurs_is_pointed_at_and_nothing_is_made_or_changed(world: World) -> None:
    with pytest.raises(InvalidRequest, match=r"'call\.created'.*there are: call\.updated") as refused:
        await world.webhook("message.*", "call.created")
    assert (refused.value.code, refused.value.field) == ("unknown_event_type", "/event_types/1")
    assert await world.webhooks.list(world.manager()) == []
    webhook = await world.webhook("message.*")
    with pytest.raises(InvalidRequest, match="happens in operations"):
        await world.webhooks.update(
            world.manager(), webhook.id, UpdateWebhook(event_types=("carrier.bind_changed",))
        )
    assert (await world.webhooks.get(world.manager(), webhook.id))[0].event_types == ("message.*",)


async def test_a_webhook_of_operations_asks_for_what_happens_there(world: World) -> None:
    url = "https://example.com/operations"
    await world.webhooks.create(SYSTEM, CreateWebhook(url=url, event_types=("carrier.bind_changed",)))
    with pytest.raises(InvalidRequest, match="happens in a domain"):
        await world.webhooks.create(SYSTEM, CreateWebhook(url=url, event_types=("call.*",)))

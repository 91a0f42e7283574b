"""Usage equals a plain count, whatever happens to texts and calls, on both databases."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest
import sqlalchemy as sa

from engine.accounts.models import SYSTEM, Principal, Scope, UpdateDomainSettings, UpdateUser
from engine.conversations.models import Say, StartConversation, Target
from engine.errors import InvalidRequest, NotFound
from engine.idempotency import Replayed
from engine.ids import new_id
from engine.messaging.models import DeliveryClass, SegmentStatus
from engine.messaging.ports import AnswerKind, InboundPart
from engine.presence.models import CallLogEntry, CallResult, Direction
from engine.storage import usage
from engine.storage.event_log import EventLog
from engine.storage.tables.messaging import messages, recipients, segments
from engine.storage.tables.presence import call_log
from engine.storage.transaction import Transaction
from engine.storage.usage import keep_counts
from engine.usage.models import FailureClass, GroupBy, Kind
from engine.usage.prices import PriceList
from tests.contract.messaging.world import OTHER_OF_OURS, OURS, PEER
from tests.contract.usage.conftest import UsageWorld
from tests.contract.usage.counting import count_calls, count_chats, count_texts

HOUR_MS = 3_600_000
TEXT_GROUPS = (GroupBy.DAY, GroupBy.USER, GroupBy.NUMBER, GroupBy.DIRECTION, GroupBy.STATUS)
CALL_GROUPS = (GroupBy.DAY, GroupBy.USER, GroupBy.DIRECTION, GroupBy.STATUS)
NUMBERS = (PEER, "+493099887766", "+33612345678", "+12025550142")


async def reported(
    world: UsageWorld, kind: Kind, groups: tuple[GroupBy, ...]
) -> dict[tuple[str, ...], Counter[str]]:
    """What the report says, in the form of a Count."""
    usage = await world.usage.report(
        world.texts.manager, kind, groups, from_day="2023-11-01", until_day="2024-10-31"
    )
    names = {GroupBy.USER: "user_id"}
    return {
        tuple(getattr(group, names.get(one, one.value)) or "" for one in groups): Counter(
            items=sums.items,
            segments=sums.segments,
            charged=sums.charged_segments,
            micros=sums.cost_micros.get("EUR", 0),
            answered=sums.answered,
            missed=sums.missed,
            talk_ms=sums.talk_ms,
        )
        for group, sums in usage.rows
    }


async def assert_equal_to_a_count(world: UsageWorld, zone: str = "UTC") -> None:
    domain_id = world.texts.domain.id
    database = world.texts.database
    for kind, groups, count in (
        (Kind.TEXT, TEXT_GROUPS, await count_texts(database, domain_id, zone)),
        (Kind.CHAT, (GroupBy.DAY, GroupBy.USER), await count_chats(database, domain_id, zone)),
        (Kind.CALL, CALL_GROUPS, await count_calls(database, domain_id, zone)),
    ):
        assert plain(await reported(world, kind, groups)) == plain(count.figures)


def plain(figures: dict[tuple[str, ...], Counter[str]]) -> dict[tuple[str, ...], dict[str, int]]:
    return {key: {name: n for name, n in counter.items() if n} for key, counter in figures.items()}


async def a_call(world: UsageWorld, dice: random.Random) -> None:
    user = dice.choice(world.texts.users)
    began = world.texts.clock.ms
    answered = dice.random() < 0.6
    inbound = dice.random() < 0.5
    result = CallResult.ANSWERED if answered else CallResult.MISSED if inbound else CallResult.NO_ANSWER
    entry = CallLogEntry(
        id=new_id("clog"),
        domain_id=world.texts.domain.id,
        user_id=user.id,
        pbx="main",
        linkedid=new_id("pbx"),
        peer=PEER,
        peer_user_id=None,
        peer_name="",
        direction=Direction.INBOUND if inbound else Direction.OUTBOUND,
        result=result,
        answered=answered,
        started_ms=began,
        answered_ms=began + 4_000 if answered else None,
        ended_ms=began + dice.randrange(5_000, 600_000),
    )
    await world.calls.save([entry])


async def a_text(world: UsageWorld, dice: random.Random) -> None:
    texts = world.texts
    to = dice.sample(NUMBERS, dice.choice((1, 1, 1, 2, 3)))
    words = "ä" * dice.choice((5, 5, 5, 200, 400))
    way = dice.choice(("conversation", "bulk", "must_arrive"))
    await texts.send(*to, text=words, delivery_class=DeliveryClass(way))


async def an_answer(world: UsageWorld, dice: random.Random, said: dict[str, str]) -> None:
    """The carrier takes, refuses or never answers something it was sent."""
    texts = world.texts
    if not texts.carrier.jobs:
        return
    job = texts.carrier.jobs.pop(dice.randrange(len(texts.carrier.jobs)))
    kind = dice.choice((AnswerKind.ACCEPTED,) * 5 + (AnswerKind.REFUSED, AnswerKind.AMBIGUOUS))
    if kind is AnswerKind.ACCEPTED:
        smsc_id = f"id{len(said)}x{dice.randrange(10**9)}"
        said[smsc_id] = job.destination
        await texts.answer(job, kind, smsc_id)
    elif kind is AnswerKind.REFUSED:
        await texts.answer(job, kind, command_status=dice.choice((0x0B, 0x08)))
    else:
        await texts.answer(job, kind)
    texts.carrier.taken = 0


async def a_receipt(world: UsageWorld, dice: random.Random, said: dict[str, str]) -> None:
    if said:
        smsc_id = dice.choice(sorted(said))
        status = dice.choice((SegmentStatus.DELIVERED, SegmentStatus.DELIVERED, SegmentStatus.UNDELIVERED))
        await world.texts.receipt(smsc_id, status, said[smsc_id])


async def something_comes_in(world: UsageWorld, dice: random.Random) -> None:
    texts = world.texts
    number, source = dice.choice((OURS, OTHER_OF_OURS)), dice.choice(NUMBERS)
    if dice.random() < 0.6:
        await texts.receive(f"Hi {dice.random()}", destination=number, source=source, session=new_id("s"))
        return
    reference, total = dice.randrange(256), dice.choice((2, 3))
    for part_no in range(1, total + 1):
        part = InboundPart(reference, total, part_no)
        await texts.receive(f"p{part_no}", destination=number, source=source, part=part)


async def a_chat(world: UsageWorld, dice: random.Random) -> None:
    texts = world.texts
    place = dice.randrange(2)
    with_whom = StartConversation(to=(Target(user_id=texts.users[1 - place].id),))
    started = await texts.conversations.start(texts.user(place), with_whom)
    assert not isinstance(started, Replayed)
    await texts.conversations.say(texts.user(place), started[0].conversation.id, Say(text="Hello"))


@pytest.mark.parametrize("seed", range(3))
async def test_usage_equals_a_plain_count_whatever_happens(
    world: UsageWorld, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(usage, "_RECENT_DAYS", 90)
    dice = random.Random(seed)
    said: dict[str, str] = {}
    texts = world.texts
    for step in range(120):
        what = dice.random()
        if what < 0.3:
            await a_text(world, dice)
        elif what < 0.55:
            await an_answer(world, dice, said)
        elif what < 0.7:
            await a_receipt(world, dice, said)
        elif what < 0.8:
            await something_comes_in(world, dice)
        elif what < 0.87:
            await a_call(world, dice)
        elif what < 0.93:
            await a_chat(world, dice)
        else:
            texts.clock.ms += dice.randrange(1, 40) * HOUR_MS
            await texts.store.settle_overdue(texts.clock.now_ms(), 72 * HOUR_MS)
            await texts.outbox._tick()
        if step % 30 == 29:
            await texts.settle()
            # A part of a text moves on without an event: it is counted with the last days, all anew.
            await world.store.recount_recent()
            await assert_equal_to_a_count(world)
    assert len(await reported(world, Kind.TEXT, (GroupBy.DAY,))) > 1


async def test_days_are_those_of_the_domain_and_a_new_time_zone_counts_anew(world: UsageWorld) -> None:
    texts = world.texts
    texts.clock.ms = 1_700_000_000_000 // 86_400_000 * 86_400_000 + 23 * HOUR_MS  # 23:00 in UTC
    await texts.send()
    before = set(await reported(world, Kind.TEXT, (GroupBy.DAY,)))
    assert before == {("2023-11-14",)}
    await world.accounts.preferences.change_domain(
        SYSTEM, texts.domain.id, UpdateDomainSettings(time_zone="Asia/Kathmandu")
    )
    assert set(await reported(world, Kind.TEXT, (GroupBy.DAY,))) == {("2023-11-15",)}
    await assert_equal_to_a_count(world, "Asia/Kathmandu")


async def test_what_is_removed_goes_on_being_counted(world: UsageWorld) -> None:
    dice, texts = random.Random(7), world.texts
    said: dict[str, str] = {}
    for _ in range(15):
        await a_text(world, dice)
        await an_answer(world, dice, said)
        await something_comes_in(world, dice)
        await a_call(world, dice)
        await a_chat(world, dice)
    await texts.settle()
    whole = [await reported(world, *one) for one in EVERYTHING]
    domain_id = texts.domain.id
    ids = [one.id for one in await rows_of(world, messages)]
    entries = [one.id for one in await rows_of(world, call_log)]

    def remove(tx: Transaction) -> None:
        gone, calls = ids[::2], entries[::2]
        keep_counts(tx, domain_id, message_ids=gone, call_ids=calls)
        for table in (segments, recipients):
            tx.connection.execute(sa.delete(table).where(table.c.message_id.in_(gone)))
        tx.connection.execute(sa.delete(messages).where(messages.c.id.in_(gone)))
        tx.connection.execute(sa.delete(call_log).where(call_log.c.id.in_(calls)))

    await texts.database.transact(remove)
    assert len(await rows_of(world, messages)) < len(ids)
    assert [await reported(world, *one) for one in EVERYTHING] == whole
    # What is left may still change.
    for _ in range(10):
        await an_answer(world, dice, said)
    await texts.settle()
    after = [await reported(world, *one) for one in EVERYTHING]
    assert [total(one) for one in after] == [total(one) for one in whole]
    await world.store.recount_recent()
    assert [await reported(world, *one) for one in EVERYTHING] == after


async def test_a_log_that_was_trimmed_meanwhile_is_made_up_for(world: UsageWorld) -> None:
    texts = world.texts
    await texts.send()
    await assert_equal_to_a_count(world)
    await texts.send(text="Another")
    texts.clock.ms += 30 * 24 * HOUR_MS
    await EventLog(texts.database).trim(texts.clock.now_ms())
    await assert_equal_to_a_count(world)


async def test_failures_have_classes(world: UsageWorld) -> None:
    texts = world.texts
    await texts.send()
    await texts.answer(texts.carrier.jobs[0], AnswerKind.REFUSED, command_status=0x0B)
    await texts.send(text="Second")
    await texts.answer(texts.carrier.jobs[1], AnswerKind.AMBIGUOUS)
    await texts.send(text="Third")
    await texts.answer(texts.carrier.jobs[2], AnswerKind.ACCEPTED, "A1")
    await texts.receipt("a1", SegmentStatus.UNDELIVERED)
    await texts.send(text="Fourth")
    await texts.answer(texts.carrier.jobs[3], AnswerKind.ACCEPTED, "A2")
    found = await world.usage.report(texts.manager, Kind.TEXT, [GroupBy.FAILURE_CLASS])
    figures = {
        group.failure_class: (sums.items, sums.charged_segments, sums.failed) for group, sums in found.rows
    }
    assert figures == {
        None: (1, 1, 0),
        FailureClass.INVALID_NUMBER: (1, 0, 1),
        FailureClass.NO_ANSWER: (1, 1, 0),
        FailureClass.UNDELIVERED: (1, 1, 1),
    }


async def test_a_day_keeps_the_prices_it_began_with(world: UsageWorld) -> None:
    texts = world.texts
    await texts.send()
    await texts.answer(texts.carrier.jobs[0], AnswerKind.ACCEPTED, "A1")
    await world.store.remember_prices({"carrier": PriceList("EUR", {"+": 1_000_000})})
    await texts.receipt("a1")
    (before,) = (await world.usage.report(texts.manager, Kind.TEXT)).rows
    assert before[1].cost_micros == {"EUR": 70_000}
    texts.clock.ms += 24 * HOUR_MS
    await texts.send(text="Dearer")
    await texts.answer(texts.carrier.jobs[1], AnswerKind.ACCEPTED, "A2")
    rows = (await world.usage.report(texts.manager, Kind.TEXT)).rows
    assert [sums.cost_micros for _, sums in rows] == [{"EUR": 70_000}, {"EUR": 1_000_000}]


async def test_the_home_page_shows_usage_where_somebody_may_text(world: UsageWorld) -> None:
    texts = world.texts
    await texts.send()
    await texts.receive("Hi")
    texts.clock.ms += 8 * 24 * HOUR_MS
    await texts.send(text="Second")
    summary = await world.usage.summary(texts.manager)
    assert (summary.shown, summary.domain.texting_users) == (True, 2)
    days = list(summary.texts.values())
    assert (len(days), days[-1].items, days[-9].items, days[-9].received) == (30, 1, 2, 1)
    for user in texts.users:
        await world.accounts.users.update(SYSTEM, user.id, UpdateUser(sms_enabled=False))
    assert not (await world.usage.summary(texts.manager)).shown
    await world.accounts.users.update(SYSTEM, texts.users[0].id, UpdateUser(sms_enabled=True))
    assert (await world.usage.summary(texts.manager)).shown
    await world.accounts.preferences.change_domain(
        SYSTEM, texts.domain.id, UpdateDomainSettings(sms_enabled=False)
    )
    assert not (await world.usage.summary(texts.manager)).shown


async def test_who_asks_for_too_much_or_for_another_domain_is_refused(world: UsageWorld) -> None:
    texts = world.texts
    stranger = Principal("key", "key_2", new_id("dom"), None, Scope.OFFICE_MANAGER)
    with pytest.raises(NotFound):
        await world.usage.report(stranger, Kind.TEXT, domain_id=texts.domain.id)
    for wrong in (
        {"from_day": "2023-01-01", "until_day": "2026-01-01"},
        {"from_day": "2023-01-02", "until_day": "2023-01-01"},
        {"from_day": "2023-02-30"},
        {"until_day": "20230101"},
    ):
        with pytest.raises(InvalidRequest):
            await world.usage.report(texts.manager, Kind.TEXT, **wrong)
    with pytest.raises(InvalidRequest):
        await world.usage.report(texts.manager, Kind.CHAT, [GroupBy.CARRIER])


EVERYTHING = (
    (Kind.TEXT, (GroupBy.DAY, GroupBy.STATUS)),
    (Kind.CHAT, (GroupBy.USER,)),
    (Kind.CALL, CALL_GROUPS),
)


def total(figures: dict[tuple[str, ...], Counter[str]]) -> int:
    return sum(counter["items"] for counter in figures.values())


async def rows_of(world: UsageWorld, table: sa.Table) -> list[sa.Row[Any]]:
    return await world.texts.database.read(
        lambda connection: list(connection.execute(sa.select(table).order_by(table.c.id)))
    )

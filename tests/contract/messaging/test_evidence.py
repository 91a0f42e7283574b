"""Receipts that settle texts whose response was lost, on both databases."""

from __future__ import annotations

import pytest

from engine.messaging.models import DeliveryClass, Message, SegmentStatus
from engine.messaging.models import RecipientStatus as R
from engine.messaging.ports import AnswerKind, SegmentJob
from tests.contract.messaging.world import OTHER_OF_OURS, OURS, PEER, World

SECOND = "+4917012345679"


async def doubtful(world: World, text: str = "Hello", **fields: object) -> Message:
    """A text of which nobody knows whether the carrier has it."""
    first = len(world.carrier.jobs)
    message = await world.send(text=text, **fields)
    for job in world.carrier.jobs[first:]:
        await world.answer(job, AnswerKind.AMBIGUOUS)
    return message


@pytest.mark.parametrize("source", [PEER, PEER[1:]])
@pytest.mark.parametrize("quote", ["", "Hello"])
async def test_a_receipt_with_an_unknown_id_settles_the_one_text_it_can_mean(
    world: World, source: str, quote: str
) -> None:
    message = await doubtful(world)
    await world.receipt("x1", source=source, destination=OURS[1:], quote=quote)
    assert await world.statuses(message) == [R.DELIVERED]
    assert world.told(message) == ["sending", "uncertain", "delivered"]


async def test_bad_news_settles_a_doubt_as_well(world: World) -> None:
    message = await doubtful(world)
    await world.receipt("x1", SegmentStatus.UNDELIVERED)
    assert await world.statuses(message) == [R.UNDELIVERED]


async def test_a_receipt_that_came_before_the_doubt_settles_it(world: World) -> None:
    message = await world.send()
    await world.receipt("x1")
    assert await world.statuses(message) == [R.SENDING], "the response may still name the id"
    await world.answer(world.carrier.jobs[0], AnswerKind.AMBIGUOUS)
    assert await world.statuses(message) == [R.DELIVERED]


async def test_a_restart_finds_the_receipt_that_came_before_it(world: World) -> None:
    message = await world.send()
    await world.receipt("x1")
    await world.store.recover("carrier", world.clock.ms)
    assert await world.statuses(message) == [R.DELIVERED]


async def test_a_late_response_changes_nothing_that_its_receipt_has_settled(world: World) -> None:
    message = await doubtful(world)
    await world.receipt("x1")
    await world.answer(world.carrier.jobs[0], AnswerKind.ACCEPTED, "X1", late=True)
    assert await world.statuses(message) == [R.DELIVERED]
    assert world.told(message) == ["sending", "uncertain", "delivered"]


async def test_two_texts_a_receipt_can_mean_stay_in_doubt(world: World) -> None:
    both = [await doubtful(world), await doubtful(world)]
    await world.receipt("x1")
    assert [await world.statuses(message) for message in both] == [[R.UNCERTAIN]] * 2


async def test_the_quote_tells_texts_apart(world: World) -> None:
    lunch, dinner = await doubtful(world, "Lunch at one?"), await doubtful(world, "Dinner at eight?")
    await world.receipt("x1", quote="Dinner at eight?")
    assert await world.statuses(dinner) == [R.DELIVERED]
    assert await world.statuses(lunch) == [R.UNCERTAIN]
    await world.receipt("x2", quote="Lunch at one?")
    assert await world.statuses(lunch) == [R.DELIVERED]


async def test_a_text_being_sent_to_the_same_number_keeps_the_doubt_until_it_is_answered(
    world: World,
) -> None:
    message = await doubtful(world)
    later = await world.send()
    await world.receipt("x1")
    assert await world.statuses(message) == [R.UNCERTAIN], "it may be the later one's"
    await world.answer(world.carrier.jobs[1], AnswerKind.ACCEPTED, "X2")
    await world.receipt("x2")
    assert await world.store.settle_overdue(world.clock.ms, 3_600_000) == 1
    assert await world.statuses(message) == [R.DELIVERED]
    assert await world.statuses(later) == [R.DELIVERED]


@pytest.mark.parametrize(
    "receipt",
    [
        {"source": SECOND},
        {"destination": OTHER_OF_OURS},
        {"quote": "Something else"},
        {"carrier": "another"},
        {"status": None},
    ],
)
async def test_a_receipt_that_does_not_fit_settles_nothing(world: World, receipt: dict[str, object]) -> None:
    message = await doubtful(world)
    await world.receipt("x1", **receipt)  # type: ignore[arg-type]
    assert await world.statuses(message) == [R.UNCERTAIN]


async def test_a_receipt_from_before_the_text_settles_nothing(world: World) -> None:
    await world.receipt("x1")
    world.clock.ms += 1
    message = await doubtful(world)
    assert await world.statuses(message) == [R.UNCERTAIN]


async def test_parts_are_settled_when_there_is_a_receipt_for_each(world: World) -> None:
    message = await doubtful(world, "x" * 300)
    await world.receipt("x1", quote="x" * 20)
    await world.receipt("x1", quote="x" * 20)
    assert await world.statuses(message) == [R.UNCERTAIN], "one id is one part"
    await world.receipt("x2", quote="x" * 20)
    assert await world.statuses(message) == [R.DELIVERED]


async def test_a_doubtful_part_is_settled_beside_parts_with_known_ids(world: World) -> None:
    message = await world.send(text="x" * 300)
    first, second = world.carrier.jobs
    await world.answer(first, AnswerKind.AMBIGUOUS)
    await world.receipt("x1")
    assert await world.statuses(message) == [R.UNCERTAIN], "the other part is being sent"
    await world.answer(second, AnswerKind.ACCEPTED, "X2")
    assert await world.statuses(message) == [R.SENT]
    await world.receipt("x2")
    assert await world.statuses(message) == [R.DELIVERED]


async def test_a_receipt_spares_must_arrive_its_second_copy(world: World) -> None:
    message = await doubtful(world, delivery_class=DeliveryClass.MUST_ARRIVE)
    assert await world.statuses(message) == [R.QUEUED]
    await world.receipt("x1")
    assert await world.statuses(message) == [R.DELIVERED]
    world.clock.ms += 60_000
    await world.outbox._tick()
    await world.settle()
    assert len(world.carrier.written) == 1
    assert world.told(message) == ["sending", "queued", "delivered"]


async def twice_in_doubt(world: World, text: str = "Hello") -> Message:
    """A text the carrier may have twice."""
    message = await doubtful(world, text, delivery_class=DeliveryClass.MUST_ARRIVE)
    first = len(world.carrier.jobs)
    world.clock.ms += 60_000
    await world.outbox._tick()
    await world.settle()
    for job in world.carrier.jobs[first:]:
        await world.answer(job, AnswerKind.AMBIGUOUS)
    assert await world.statuses(message) == [R.UNCERTAIN]
    return message


async def test_a_receipt_for_either_of_two_doubtful_copies_settles_the_text(world: World) -> None:
    message = await twice_in_doubt(world)
    await world.receipt("x2")
    assert await world.statuses(message) == [R.DELIVERED]


async def test_two_copies_of_one_part_do_not_speak_for_another(world: World) -> None:
    message = await twice_in_doubt(world, "x" * 300)
    await world.receipt("x1")
    await world.receipt("x2")
    assert await world.statuses(message) == [R.UNCERTAIN]
    await world.receipt("x3")
    assert await world.statuses(message) == [R.DELIVERED]


async def test_bad_news_of_a_second_copy_is_not_taken_for_good_news_of_another_part(world: World) -> None:
    message = await twice_in_doubt(world, "x" * 300)
    await world.receipt("x1")
    await world.receipt("x2", SegmentStatus.UNDELIVERED)
    await world.receipt("x3")
    assert await world.statuses(message) == [R.UNCERTAIN]


async def test_one_copy_that_arrived_is_enough(world: World) -> None:
    message = await world.send(delivery_class=DeliveryClass.MUST_ARRIVE)
    await world.receipt("x1", SegmentStatus.UNDELIVERED)
    await world.receipt("x2")
    (job,) = world.carrier.jobs
    await world.answer(job, AnswerKind.AMBIGUOUS)
    assert await world.statuses(message) == [R.QUEUED], "two ids for one copy: one is somebody else's"
    world.clock.ms += 60_000
    await world.outbox._tick()
    await world.settle()
    await world.answer(job, AnswerKind.AMBIGUOUS)
    assert await world.statuses(message) == [R.DELIVERED]


async def test_more_receipts_than_copies_are_not_ours_to_explain(world: World) -> None:
    earlier = await world.send()
    message = await doubtful(world)
    await world.receipt("x1")
    await world.receipt("x2")
    await world.answer(world.carrier.jobs[0], AnswerKind.ACCEPTED, "X0")
    await world.store.settle_overdue(world.clock.ms, 3_600_000)
    assert await world.statuses(earlier) == [R.SENT]
    assert await world.statuses(message) == [R.UNCERTAIN]


async def second_copies(world: World, message: Message) -> list[SegmentJob]:
    """What is written when the wait for evidence is over, in the order of the parts."""
    first = len(world.carrier.jobs)
    world.clock.ms += 60_000
    await world.outbox._tick()
    await world.settle()
    return sorted(world.carrier.jobs[first:], key=lambda job: job.key)


async def test_a_first_copy_of_an_answered_part_does_not_speak_for_another_part(world: World) -> None:
    message = await doubtful(world, "x" * 300, delivery_class=DeliveryClass.MUST_ARRIVE)
    doubted, answered = await second_copies(world, message)
    await world.answer(answered, AnswerKind.ACCEPTED, "X2")
    await world.answer(doubted, AnswerKind.AMBIGUOUS)
    await world.receipt("x2")
    await world.receipt("x1")
    assert await world.statuses(message) == [R.UNCERTAIN], "it may be the answered part's first copy"
    await world.receipt("x3")
    assert await world.statuses(message) == [R.DELIVERED]


async def test_first_copies_of_answered_parts_do_not_keep_another_part_in_doubt(world: World) -> None:
    message = await doubtful(world, "x" * 400, delivery_class=DeliveryClass.MUST_ARRIVE)
    doubted, *answered = await second_copies(world, message)
    for number, job in enumerate(answered):
        await world.answer(job, AnswerKind.ACCEPTED, f"X{number}")
        await world.receipt(f"x{number}")
    await world.answer(doubted, AnswerKind.AMBIGUOUS)
    for key in ("first", "second"):
        await world.receipt(key)
    assert await world.statuses(message) == [R.UNCERTAIN], "both may be the answered parts' first copies"
    await world.receipt("third")
    assert await world.statuses(message) == [R.DELIVERED]


async def test_a_first_copy_of_an_answered_text_does_not_speak_for_a_later_one(world: World) -> None:
    earlier = await doubtful(world, delivery_class=DeliveryClass.MUST_ARRIVE)
    (job,) = await second_copies(world, earlier)
    await world.answer(job, AnswerKind.ACCEPTED, "X2")
    later = await doubtful(world)
    await world.receipt("x1")
    assert await world.statuses(later) == [R.UNCERTAIN]
    await world.receipt("x2")
    assert await world.statuses(earlier) == [R.DELIVERED]


async def test_a_part_whose_id_was_never_told_does_not_speak_for_another(world: World) -> None:
    message = await world.send(text="x" * 300)
    nameless, doubted = world.carrier.jobs
    await world.answer(nameless, AnswerKind.ACCEPTED)
    await world.answer(doubted, AnswerKind.AMBIGUOUS)
    await world.receipt("x1")
    assert await world.statuses(message) == [R.UNCERTAIN]
    await world.answer(doubted, AnswerKind.ACCEPTED, "X2", late=True)
    await world.receipt("x2")
    assert await world.statuses(message) == [R.DELIVERED], "now the other id is the nameless part's"


@pytest.mark.parametrize("receipt_first", [True, False])
async def test_a_receipt_finds_a_text_that_was_accepted_without_an_id(
    world: World, receipt_first: bool
) -> None:
    message = await world.send()
    if receipt_first:
        await world.receipt("x1")
    await world.answer(world.carrier.jobs[0], AnswerKind.ACCEPTED)
    if not receipt_first:
        assert await world.statuses(message) == [R.SENT]
        await world.receipt("x1")
    assert await world.statuses(message) == [R.DELIVERED]


async def test_two_texts_accepted_without_ids_stay_sent(world: World) -> None:
    both = [await world.send(), await world.send()]
    for job in world.carrier.jobs:
        await world.answer(job, AnswerKind.ACCEPTED)
    await world.receipt("x1")
    assert [await world.statuses(message) for message in both] == [[R.SENT]] * 2


async def test_a_refused_part_owns_no_receipt(world: World) -> None:
    message = await world.send(text="x" * 300)
    refused, doubted = world.carrier.jobs
    await world.answer(refused, AnswerKind.REFUSED, command_status=0x0B)
    await world.answer(doubted, AnswerKind.AMBIGUOUS)
    await world.receipt("x1")
    assert await world.statuses(message) == [R.PARTIALLY_DELIVERED]

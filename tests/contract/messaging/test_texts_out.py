"""Texts out, from acceptance to the last receipt, on both databases."""

from __future__ import annotations

import asyncio

import pytest

from engine.accounts.models import PageRequest, Principal, Scope
from engine.errors import Conflict, EngineError, Forbidden, InvalidRequest, NotFound
from engine.idempotency import Claim, Replayed
from engine.messaging.models import DeliveryClass, Message, MessageFilter, SegmentStatus, SendText
from engine.messaging.models import RecipientStatus as R
from engine.messaging.ports import Accepted, AnswerKind
from engine.messaging.settings import MessagingSettings
from tests.contract.messaging.world import OTHER_OF_OURS, OURS, PEER, World

SECOND = "+4917012345679"


def render(message: Message) -> tuple[int, str]:
    return 202, f'{{"id":"{message.id}"}}'


async def test_a_text_with_room_is_written_with_its_intent_committed(world: World) -> None:
    message = await world.send()
    assert world.carrier.written == [(message.id, 0, 1)]
    assert message.recipients[0].status is R.SENDING
    assert await world.statuses(message) == [R.SENDING]


async def test_a_text_goes_through_all_its_states(world: World) -> None:
    message = await world.send()
    await world.answer(world.carrier.jobs[0], AnswerKind.ACCEPTED, "A1")
    assert await world.statuses(message) == [R.SENT]
    await world.receipt("a1")
    assert await world.statuses(message) == [R.DELIVERED]
    states = [event.data["status"] for event in world.published if event.subject == message.id]
    assert states == ["sending", "sent", "delivered"]


async def test_events_concern_the_users_of_the_number(world: World) -> None:
    message = await world.send()
    await world.answer(world.carrier.jobs[0], AnswerKind.ACCEPTED, "A1")
    await world.receipt("a1")
    concerned = {event.user_ids for event in world.published if event.subject == message.id}
    assert concerned == {(world.users[0].id,)}


async def test_a_receipt_before_its_response_is_kept_and_applied(world: World) -> None:
    message = await world.send()
    await world.receipt("a1")
    assert await world.statuses(message) == [R.SENDING]
    await world.answer(world.carrier.jobs[0], AnswerKind.ACCEPTED, "A1")
    assert await world.statuses(message) == [R.DELIVERED]


async def test_a_second_receipt_changes_nothing(world: World) -> None:
    message = await world.send()
    await world.answer(world.carrier.jobs[0], AnswerKind.ACCEPTED, "A1")
    await world.receipt("a1", SegmentStatus.UNDELIVERED)
    await world.receipt("a1", SegmentStatus.DELIVERED)
    assert await world.statuses(message) == [R.UNDELIVERED]


async def test_an_intermediate_receipt_is_history_only(world: World) -> None:
    message = await world.send()
    await world.answer(world.carrier.jobs[0], AnswerKind.ACCEPTED, "A1")
    await world.receipt("a1", None)
    assert await world.statuses(message) == [R.SENT]


async def test_a_recycled_id_means_the_newest_text_to_that_number(world: World) -> None:
    old = await world.send()
    other = await world.send(SECOND)
    new = await world.send()
    for job in world.carrier.jobs:
        await world.answer(job, AnswerKind.ACCEPTED, "A1")
    await world.receipt("a1", source=PEER.removeprefix("+"))
    assert await world.statuses(new) == [R.DELIVERED]
    assert await world.statuses(old) == [R.SENT]
    await world.receipt("a1", source=SECOND)
    assert await world.statuses(other) == [R.DELIVERED]


async def test_a_recycled_id_means_the_text_from_the_number_the_receipt_goes_to(world: World) -> None:
    ours = await world.send()
    others = await world.messaging.send(
        world.manager, SendText(from_number=OTHER_OF_OURS, to=(PEER,), text="Hello")
    )
    assert isinstance(others, Message)
    for job in world.carrier.jobs:
        await world.answer(job, AnswerKind.ACCEPTED, "A1")
    await world.receipt("a1", destination=OURS.removeprefix("+"))
    assert await world.statuses(ours) == [R.DELIVERED]
    assert await world.statuses(others) == [R.SENT]
    await world.receipt("a1", destination="Acme")
    assert await world.statuses(others) == [R.DELIVERED], "a name tells nothing, so the newest is meant"


async def test_a_receipt_for_an_unknown_id_is_kept_and_harms_nothing(world: World) -> None:
    message = await world.send()
    await world.receipt("zz")
    await world.answer(world.carrier.jobs[0], AnswerKind.ACCEPTED, "A1")
    assert await world.statuses(message) == [R.SENT]


async def test_a_long_text_is_delivered_when_all_its_parts_are(world: World) -> None:
    message = await world.send(text="x" * 400)
    assert message.recipients[0].segments == 3
    for number, job in enumerate(list(world.carrier.jobs)):
        assert await world.statuses(message) == [R.SENDING]
        await world.answer(job, AnswerKind.ACCEPTED, f"p{number}")
    assert await world.statuses(message) == [R.SENT]
    await world.receipt("p0")
    await world.receipt("p2")
    assert await world.statuses(message) == [R.SENT]
    await world.receipt("p1", SegmentStatus.UNDELIVERED)
    assert await world.statuses(message) == [R.PARTIALLY_DELIVERED]


async def test_each_recipient_gets_a_text_and_a_status_of_its_own(world: World) -> None:
    message = await world.send(PEER, SECOND, PEER)
    assert [one.number for one in message.recipients] == [PEER, SECOND]
    first, second = world.carrier.jobs
    await world.answer(first, AnswerKind.ACCEPTED, "1")
    await world.answer(second, AnswerKind.REFUSED, command_status=0x0B)
    assert await world.statuses(message) == [R.SENT, R.FAILED]
    found = await world.store.get(message.id)
    assert found is not None
    error = found.recipients[1].error
    assert error is not None
    assert (error.source, error.code, error.native) == (
        "carrier",
        "invalid_destination",
        {"command_status": 11},
    )


async def test_national_numbers_are_read_by_the_domains_region(world: World) -> None:
    message = await world.send("0170 12345678")
    assert message.recipients[0].number == PEER


async def test_without_room_a_text_queues_and_goes_when_there_is_some(world: World) -> None:
    world.carrier.room = 0
    message = await world.send()
    assert message.recipients[0].status is R.QUEUED
    world.carrier.room = 10
    world.outbox.pump()
    await world.settle()
    assert world.carrier.written == [(message.id, 0, 1)]
    assert await world.statuses(message) == [R.SENDING]


async def test_an_unanswered_intent_is_uncertain_after_a_restart(world: World) -> None:
    message = await world.send()
    again = await world.send(delivery_class=DeliveryClass.MUST_ARRIVE)
    again_ms = world.clock.ms + 10_000
    assert await world.store.recover("carrier", again_ms) == 2
    assert await world.statuses(message) == [R.UNCERTAIN]
    assert await world.statuses(again) == [R.QUEUED]
    assert await world.store.waiting("carrier", again_ms - 1, 10) == []
    waiting = await world.store.waiting("carrier", again_ms, 10)
    assert [job.message_id for job in waiting] == [again.id]
    assert waiting[0].segment.short_message == b"Hello"
    assert await world.store.recover("carrier", again_ms) == 0


async def test_a_late_receipt_settles_what_was_uncertain_once_its_id_is_known(world: World) -> None:
    message = await world.send()
    job = world.carrier.jobs[0]
    await world.answer(job, AnswerKind.AMBIGUOUS)
    assert await world.statuses(message) == [R.UNCERTAIN]
    await world.receipt("a1")
    await world.answer(job, AnswerKind.ACCEPTED, "A1", late=True)
    assert await world.statuses(message) == [R.DELIVERED]


async def test_without_a_receipt_in_time_a_text_is_unconfirmed_and_a_late_one_settles_it(
    world: World,
) -> None:
    message = await world.send()
    await world.answer(world.carrier.jobs[0], AnswerKind.ACCEPTED, "A1")
    world.clock.ms += 3_600_001
    assert await world.store.settle_overdue(world.clock.ms, 3_600_000) == 1
    assert await world.statuses(message) == [R.UNCONFIRMED]
    await world.receipt("a1")
    assert await world.statuses(message) == [R.DELIVERED]


async def test_a_part_that_starts_late_says_nothing_of_a_doubtful_text(world: World) -> None:
    world.carrier.room = 1
    message = await world.send(text="x" * 300)
    assert await world.store.recover("carrier", world.clock.ms) == 1
    assert await world.statuses(message) == [R.UNCERTAIN]
    world.carrier.taken = 0
    world.outbox.pump()
    await world.settle()
    assert len(world.carrier.written) == 2
    assert world.told(message) == ["queued", "sending", "uncertain"]


async def test_a_second_answer_tells_nothing_that_has_been_overtaken(world: World) -> None:
    message = await world.send(delivery_class=DeliveryClass.MUST_ARRIVE)
    (job,) = world.carrier.jobs
    await world.answer(job, AnswerKind.AMBIGUOUS)
    world.clock.ms += 60_000
    await world.outbox._tick()
    await world.settle()
    await world.answer(job, AnswerKind.ACCEPTED, "A1", late=True)
    await world.receipt("a1")
    await world.answer(job, AnswerKind.ACCEPTED, "A2")
    assert len(world.carrier.written) == 2
    assert world.told(message) == ["sending", "queued", "sending", "sent", "delivered"]


async def test_what_a_restart_finds_counts_only_copies_the_carrier_may_have(world: World) -> None:
    message = await world.send(delivery_class=DeliveryClass.MUST_ARRIVE)
    (job,) = world.carrier.jobs
    for _ in range(3):
        await world.answer(job, AnswerKind.REFUSED, command_status=0x58)
    await world.store.recover("carrier", world.clock.ms)
    assert await world.statuses(message) == [R.QUEUED]
    (waiting,) = await world.store.waiting("carrier", world.clock.ms, 10)
    assert waiting.attempt == 1


async def test_a_suspected_intent_is_queued_again_only_if_it_is_there(world: World) -> None:
    message = await world.send()
    await world.store.requeue_unsent([(message.id, 0, 1), ("msg_missing", 0, 1)])
    assert await world.statuses(message) == [R.QUEUED]


# One key, one text.


async def test_a_repeated_key_gets_the_first_answer_and_sends_once(world: World) -> None:
    claim = Claim("key_1 POST /v1/messages", "k", "f")
    request = SendText(from_number=OURS, to=(PEER,), text="Hello")
    first = await world.messaging.send(world.manager, request, claim, render)
    assert isinstance(first, Message)
    second = await world.messaging.send(world.manager, request, claim, render)
    assert second == Replayed(202, f'{{"id":"{first.id}"}}')
    assert len(world.carrier.written) == 1


async def test_racing_twins_send_once_and_get_the_same_answer(world: World) -> None:
    claim = Claim("key_1 POST /v1/messages", "k", "f")
    request = SendText(from_number=OURS, to=(PEER,), text="Hello")
    answers = await asyncio.gather(
        *(world.messaging.send(world.manager, request, claim, render) for _ in range(20))
    )
    made = [answer for answer in answers if isinstance(answer, Message)]
    assert len(made) == 1
    assert {a for a in answers if isinstance(a, Replayed)} == {Replayed(*render(made[0]))}
    assert len(world.carrier.written) == 1
    assert world.carrier.taken == 1, "the twins' slots are given back"


async def test_a_key_with_another_body_is_refused(world: World) -> None:
    request = SendText(from_number=OURS, to=(PEER,), text="Hello")
    await world.messaging.send(world.manager, request, Claim("s", "k", "f"), render)
    with pytest.raises(Conflict) as refused:
        await world.messaging.send(world.manager, request, Claim("s", "k", "g"), render)
    assert refused.value.code == "idempotency_mismatch"
    assert len(world.carrier.written) == 1


async def test_a_client_id_sends_once_for_ever(world: World) -> None:
    first = await world.send(client_id="c1")
    again = await world.send(client_id="c1")
    assert again.id == first.id
    assert len(world.carrier.written) == 1
    with pytest.raises(Conflict) as refused:
        await world.send(text="Other", client_id="c1")
    assert refused.value.code == "client_id_reused"


async def test_racing_twins_with_one_client_id_send_once(world: World) -> None:
    sent = await asyncio.gather(*(world.send(client_id="c1") for _ in range(10)))
    assert len({message.id for message in sent}) == 1
    assert len(world.carrier.written) == 1


async def test_a_batch_answers_each_text_by_itself(world: World) -> None:
    def render_all(accepted: Accepted) -> tuple[int, str]:
        return 202, ",".join("bad" if isinstance(one, EngineError) else one.id for one in accepted)

    good = SendText(from_number=OURS, to=(PEER,), text="One", client_id="same")
    bad = SendText(from_number=OURS, to=("12",), text="Two")
    claim = Claim("s", "k", "f")
    answer = await world.messaging.send_batch(world.manager, [good, bad, good], claim, render_all)
    assert not isinstance(answer, Replayed)
    first, refused, twin = answer
    assert isinstance(first, Message)
    assert isinstance(twin, Message)
    assert isinstance(refused, InvalidRequest)
    assert first.id == twin.id
    assert len(world.carrier.written) == 1
    again = await world.messaging.send_batch(world.manager, [good, bad, good], claim, render_all)
    assert again == Replayed(202, f"{first.id},bad,{first.id}")


# Who may send, and what is refused before anything is stored.


async def test_a_user_sends_only_from_assigned_numbers(world: World) -> None:
    request = SendText(from_number=OTHER_OF_OURS, to=(PEER,), text="Hello")
    with pytest.raises(Forbidden) as refused:
        await world.messaging.send(world.user(0), request)
    assert refused.value.code == "number_not_assigned"
    sent = await world.messaging.send(world.user(1), request)
    assert isinstance(sent, Message)
    assert sent.user_id == world.users[1].id


async def test_another_tenants_number_is_like_a_missing_one(world: World) -> None:
    stranger = Principal("key", "key_2", "dom_other", None, Scope.OFFICE_MANAGER)
    refusals = []
    for number in (OURS, "+4930999999"):
        with pytest.raises(NotFound) as refused:
            await world.messaging.send(stranger, SendText(from_number=number, to=(PEER,), text="Hello"))
        refusals.append((refused.value.code, refused.value.detail, refused.value.field))
    assert refusals[0] == refusals[1]


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({"to": ()}, "invalid_request", "/to"),
        ({"to": ("12",)}, "invalid_number", "/to/0"),
        ({"to": (OURS,)}, "invalid_request", "/to/0"),
        ({"text": ""}, "text_empty", "/text"),
        ({"text": "x" * 10_000}, "text_too_long", "/text"),
        ({"validity_s": 0}, "invalid_request", "/validity_s"),
        ({"client_id": ""}, "invalid_request", "/client_id"),
    ],
)
async def test_a_bad_request_is_refused_with_its_place(
    world: World, fields: dict[str, object], code: str, field: str
) -> None:
    request = SendText(**{"from_number": OURS, "to": (PEER,), "text": "Hello", **fields})  # type: ignore[arg-type]
    with pytest.raises(InvalidRequest) as refused:
        await world.messaging.send(world.manager, request)
    assert (refused.value.code, refused.value.field) == (code, field)
    assert world.carrier.written == []
    assert world.event_types().count("message.created") == 0


async def test_pages_of_messages_hold_each_once_newest_first(world: World) -> None:
    sent = [await world.send(text=f"Text {number}") for number in range(5)]
    seen: list[str] = []
    cursor = None
    while True:
        page = await world.messaging.list(world.manager, page=PageRequest(2, cursor))
        seen += [message.id for message in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == [message.id for message in reversed(sent)]


async def test_a_user_sees_the_texts_of_assigned_numbers_only(world: World) -> None:
    message = await world.send()
    assert (await world.messaging.get(world.user(0), message.id)).id == message.id
    with pytest.raises(NotFound):
        await world.messaging.get(world.user(1), message.id)
    assert (await world.messaging.list(world.user(1))).items == ()
    chosen = MessageFilter(peer=PEER)
    assert [one.id for one in (await world.messaging.list(world.user(0), None, chosen)).items] == [message.id]


async def test_a_text_that_names_no_class_is_of_the_one_the_engine_is_set_to(world: World) -> None:
    world.messaging._settings = MessagingSettings(default_class=DeliveryClass.BULK)
    assert (await world.send()).delivery_class is DeliveryClass.BULK
    named = await world.send(delivery_class=DeliveryClass.CONVERSATION)
    assert named.delivery_class is DeliveryClass.CONVERSATION

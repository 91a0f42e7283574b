"""STOP, START and HELP, from the text that says so to what is no longer sent, on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
import sqlalchemy as sa

from engine.accounts.models import PageRequest
from engine.errors import Forbidden, InvalidRequest, NotFound
from engine.idempotency import Claim, Replayed
from engine.messaging.consent import Consents, SetConsent
from engine.messaging.models import (
    ConsentAction,
    ConsentEntry,
    ConsentFilter,
    ConsentState,
    DeliveryClass,
    Direction,
    KeywordAnswers,
    Message,
    MessageFilter,
    SendText,
)
from engine.messaging.models import RecipientStatus as R
from engine.messaging.ports import AnswerKind
from engine.storage.consent_ledger import SqlConsents
from engine.storage.tables.conversations import timeline_entries
from tests.contract.messaging.world import OTHER_OF_OURS, OURS, PEER, World

SECOND = "+4917012345679"
MINUTE_MS = 60_000


@pytest.fixture
def consents(world: World) -> Consents:
    world.store.answers_queued = world.messaging.take_up
    return Consents(SqlConsents(world.database), world.numbers)


async def refusal(world: World, *to: str, **fields: object) -> Forbidden:
    with pytest.raises(Forbidden) as refused:
        await world.send(*to, **fields)
    return refused.value


async def said_by_us(world: World) -> Sequence[Message]:
    """What keywords were answered with, oldest first."""
    page = await world.messaging.list(
        world.manager, chosen=MessageFilter(direction=Direction.OUTBOUND), page=PageRequest(200)
    )
    return [message for message in reversed(page.items) if "auto_answer" in message.flags]


async def ledger(world: World, consents: Consents) -> list[ConsentEntry]:
    """Oldest first."""
    return list(reversed((await consents.ledger(world.manager)).items))


async def notices(world: World) -> list[str]:
    query = sa.select(timeline_entries.c.kind).order_by(timeline_entries.c.id)
    return list(await world.database.read(lambda connection: connection.execute(query).scalars().all()))


async def test_stop_blocks_the_pair_at_once_and_is_confirmed_once(world: World, consents: Consents) -> None:
    await world.receive("Stop.")
    refused = await refusal(world)
    assert (refused.code, refused.field) == ("opted_out", "/to/0")
    (confirmation,) = await said_by_us(world)
    assert "opted out" in confirmation.text
    assert world.carrier.written == [(confirmation.id, 0, 1)]
    await world.receive("STOP")
    assert len(await said_by_us(world)) == 1
    assert await world.statuses(confirmation) == [R.SENDING]


async def test_an_opt_out_is_for_one_pair_alone(world: World, consents: Consents) -> None:
    await world.receive("STOP")
    assert (await world.send(SECOND)).recipients[0].status is R.SENDING
    other = await world.messaging.send(
        world.user(1), SendText(from_number=OTHER_OF_OURS, to=(PEER,), text="x")
    )
    assert isinstance(other, Message)
    assert other.recipients[0].status is R.SENDING


async def test_stop_takes_back_what_is_queued_and_leaves_what_is_being_sent(
    world: World, consents: Consents
) -> None:
    world.carrier.room = 1
    under_way = await world.send()
    waiting = [await world.send(), await world.send(text="x" * 400)]
    others = await world.send(SECOND)
    await world.receive("STOP")
    assert [await world.statuses(one) for one in waiting] == [[R.REJECTED], [R.REJECTED]]
    found = await world.store.get(waiting[0].id)
    assert found is not None
    assert found.recipients[0].error is not None
    assert found.recipients[0].error.code == "opted_out"
    assert world.told(waiting[0]) == ["queued", "rejected"]
    assert await world.statuses(under_way) == [R.SENDING]

    world.carrier.room = 10
    await world.answer(world.carrier.jobs[0], AnswerKind.ACCEPTED, "A1")
    assert await world.statuses(under_way) == [R.SENT]
    (confirmation,) = await said_by_us(world)
    assert {key[0] for key in world.carrier.written} == {under_way.id, others.id, confirmation.id}


async def test_the_confirmation_goes_out_after_a_restart_too(world: World, consents: Consents) -> None:
    world.store.answers_queued = lambda jobs: None  # the process died between the commit and the outbox
    await world.receive("STOP")
    assert world.carrier.written == []
    world.clock.ms += 60_000
    await world.outbox._tick()
    await world.settle()
    (confirmation,) = await said_by_us(world)
    assert world.carrier.written == [(confirmation.id, 0, 1)]


async def test_a_segment_the_carrier_may_have_goes_no_second_time(world: World, consents: Consents) -> None:
    message = await world.send(delivery_class=DeliveryClass.MUST_ARRIVE)
    await world.answer(world.carrier.jobs[0], AnswerKind.AMBIGUOUS)
    assert await world.statuses(message) == [R.QUEUED]
    await world.receive("STOP")
    assert await world.statuses(message) == [R.UNCERTAIN]
    world.clock.ms += 60_000
    await world.outbox._tick()
    await world.settle()
    assert [key[0] for key in world.carrier.written].count(message.id) == 1


async def test_a_text_refused_for_now_is_not_sent_again_after_a_stop(
    world: World, consents: Consents
) -> None:
    message = await world.send()
    await world.receive("STOP")
    await world.answer(world.carrier.jobs[0], AnswerKind.REFUSED, command_status=0x58)
    await world.settle()
    assert await world.statuses(message) == [R.REJECTED]
    assert [key[0] for key in world.carrier.written].count(message.id) == 1


async def test_of_several_recipients_only_those_that_opted_out_are_left_out(
    world: World, consents: Consents
) -> None:
    await world.receive("STOP")
    taken = world.carrier.taken
    message = await world.send(SECOND, PEER)
    assert [one.status for one in message.recipients] == [R.SENDING, R.REJECTED]
    assert await world.statuses(message) == [R.SENDING, R.REJECTED]
    assert [key for key in world.carrier.written if key[0] == message.id] == [(message.id, 0, 1)]
    assert world.carrier.taken == taken + 1  # the slot of the other was given back
    world.carrier.room = world.carrier.taken
    queued = await world.send(PEER, SECOND)
    assert await world.statuses(queued) == [R.REJECTED, R.QUEUED]
    assert world.outbox.status()["waiting"] == 1
    await world.receive("opt out", source=SECOND)
    assert (await refusal(world, SECOND, PEER)).field == "/to/0"


async def test_a_refusal_is_not_kept_under_an_idempotency_key(world: World, consents: Consents) -> None:
    await world.receive("STOP")
    claim = Claim("scope", "key", "print")
    request = SendText(from_number=OURS, to=(PEER,), text="Hello", client_id="c1")

    async def send() -> Message | Replayed:
        return await world.messaging.send(world.manager, request, claim, lambda message: (202, message.id))

    with pytest.raises(Forbidden):
        await send()
    await world.receive("START")
    sent = await send()
    assert isinstance(sent, Message)
    again = await send()
    assert isinstance(again, Replayed)
    assert again.body == sent.id


async def test_a_batch_tells_for_each_text_whether_it_was_refused(world: World, consents: Consents) -> None:
    await world.receive("STOP")
    requests = [SendText(from_number=OURS, to=(one,), text="x") for one in (PEER, SECOND)]
    answer = await world.messaging.send_batch(world.manager, requests)
    assert not isinstance(answer, Replayed)
    assert isinstance(answer[0], Forbidden)
    assert isinstance(answer[1], Message)


async def test_a_text_and_a_stop_in_one_commit_never_both_win(world: World, consents: Consents) -> None:
    stop = asyncio.create_task(world.receive("STOP"))
    await asyncio.sleep(0)
    world.carrier.room = 0
    sent = asyncio.create_task(world.send())
    await asyncio.wait((stop, sent))
    world.carrier.room = 10
    world.outbox.pump()
    await world.settle()
    if sent.exception() is None:
        assert await world.statuses(sent.result()) == [R.REJECTED]
        assert sent.result().id not in {key[0] for key in world.carrier.written}
    else:
        assert isinstance(sent.exception(), Forbidden)


async def test_start_restores_the_pair_and_is_confirmed_once(world: World, consents: Consents) -> None:
    await world.receive("STOP")
    await world.receive("start!")
    await world.receive("START")
    assert (await world.send()).recipients[0].status is R.SENDING
    assert [("opt out" in one.text, one.flags) for one in await said_by_us(world)] == [
        (False, ("auto_answer", "opt_out_confirmation")),
        (True, ("auto_answer",)),
    ]


async def test_start_from_a_number_that_never_stopped_is_recorded_and_not_answered(
    world: World, consents: Consents
) -> None:
    await world.receive("Subscribe")
    assert await said_by_us(world) == []
    current = await consents.current(world.manager, OURS, PEER)
    assert current.state is ConsentState.ACTIVE


async def test_help_is_answered_once_in_a_while(world: World, consents: Consents) -> None:
    for _ in range(3):
        await world.receive("HELP")
    (answer,) = await said_by_us(world)
    assert answer.text.startswith("Acme: text STOP")
    world.clock.ms += 11 * MINUTE_MS
    await world.receive("info")
    assert len(await said_by_us(world)) == 2


async def test_two_machines_that_answer_each_other_fall_silent(world: World, consents: Consents) -> None:
    for _ in range(10):
        await world.receive("STOP")
        await world.receive("START")
        world.clock.ms += 11 * MINUTE_MS
        await world.receive("HELP")
    assert len(await said_by_us(world)) == 5
    assert (await consents.current(world.manager, OURS, PEER)).state is ConsentState.ACTIVE
    world.clock.ms += 24 * 60 * MINUTE_MS
    await world.receive("STOP")
    assert len(await said_by_us(world)) == 6


async def test_a_short_code_is_obeyed_and_not_answered(world: World, consents: Consents) -> None:
    await world.receive("STOP", source="12345")
    assert await said_by_us(world) == []
    assert (await consents.current(world.manager, OURS, "12345")).state is ConsentState.STOPPED


async def test_the_ledger_says_who_when_why_and_by_which_text(world: World, consents: Consents) -> None:
    stop_id = await world.receive("Opt-out")
    await world.receive("STOP")
    restore = SetConsent(number=OURS, peer=PEER, state=ConsentState.ACTIVE, reason=" Signed a form ")
    await consents.set(world.manager, restore)
    first, second, third = await ledger(world, consents)
    (confirmation,) = await said_by_us(world)
    assert (first.action, first.keyword, first.message_id, first.answer_id) == (
        ConsentAction.STOP,
        "opt out",
        stop_id,
        confirmation.id,
    )
    assert (first.old_state, first.new_state) == (ConsentState.NONE, ConsentState.STOPPED)
    assert (first.number, first.peer, first.at_ms) == (OURS, PEER, world.clock.ms)
    assert (second.old_state, second.new_state) == (ConsentState.STOPPED, ConsentState.STOPPED)
    assert (third.action, third.reason, third.credential_id) == (ConsentAction.SET, "Signed a form", "key_1")
    assert (third.old_state, third.new_state) == (ConsentState.STOPPED, ConsentState.ACTIVE)
    stops = await consents.ledger(world.manager, chosen=ConsentFilter(action=ConsentAction.STOP, peer=PEER))
    assert [one.id for one in stops.items] == [second.id, first.id]
    page = await consents.ledger(world.manager, page=PageRequest(2))
    rest = await consents.ledger(world.manager, page=PageRequest(2, page.next_cursor))
    assert [one.id for one in (*page.items, *rest.items)] == [third.id, second.id, first.id]


async def test_a_manager_stops_and_restores_and_what_is_queued_is_taken_back(
    world: World, consents: Consents
) -> None:
    world.carrier.room = 0
    message = await world.send()
    stop = SetConsent(number=OURS, peer=PEER, state=ConsentState.STOPPED, reason="Called us")
    assert (await consents.set(world.manager, stop)).state is ConsentState.STOPPED
    assert await world.statuses(message) == [R.REJECTED]
    await consents.set(world.manager, stop)
    assert len(await ledger(world, consents)) == 1  # nothing changed the second time
    assert (await refusal(world)).code == "opted_out"
    for wrong in (
        SetConsent(number=OURS, peer=PEER, state=ConsentState.NONE, reason="x"),
        SetConsent(number=OURS, peer=PEER, state=ConsentState.ACTIVE, reason="  "),
        SetConsent(number=OURS, peer="nobody at all", state=ConsentState.ACTIVE, reason="x"),
    ):
        with pytest.raises(InvalidRequest):
            await consents.set(world.manager, wrong)


async def test_it_is_seen_in_every_thread_of_the_pair(world: World, consents: Consents) -> None:
    await world.receive("Hello")
    await world.receive("STOP")
    await world.receive("START")
    assert await notices(world) == ["consent_stopped", "consent_restored"]
    told = [event for event in world.published if event.type == "consent.updated"]
    assert [event.data["state"] for event in told] == ["stopped", "active"]
    assert {event.user_ids for event in told} == {(world.users[0].id,)}
    (answer, _) = await said_by_us(world)
    inbound = await world.messaging.list(world.manager, chosen=MessageFilter(direction=Direction.INBOUND))
    assert {one.conversation_id for one in inbound.items} == {answer.conversation_id}


async def test_the_answers_are_the_numbers_own_else_the_domains(world: World, consents: Consents) -> None:
    await consents.set_answers(world.manager, KeywordAnswers(None, stop="Bye.", help="Ask Acme.", start=""))
    await consents.set_answers(world.manager, KeywordAnswers(OURS, help="Ask Ann."))
    await world.receive("STOP")
    await world.receive("START")
    await world.receive("HELP")
    await world.receive("HELP", destination=OTHER_OF_OURS)
    assert [one.text for one in await said_by_us(world)] == ["Bye.", "Ask Ann.", "Ask Acme."]
    shown = await consents.answers(world.manager)
    assert [(one.number, one.help) for one in shown] == [(None, "Ask Acme."), (OURS, "Ask Ann.")]
    assert [one.number for one in await consents.answers(world.user(1))] == [None]
    with pytest.raises(InvalidRequest):
        await consents.set_answers(world.manager, KeywordAnswers(None, stop="x" * 460))
    with pytest.raises(InvalidRequest):
        await consents.set_answers(world.manager, KeywordAnswers(None, stop="a\x00b"))


async def test_a_user_sees_the_consent_of_its_own_numbers_alone(world: World, consents: Consents) -> None:
    await world.receive("STOP")
    assert len((await consents.ledger(world.user(0))).items) == 1
    assert (await consents.ledger(world.user(1))).items == ()
    with pytest.raises(NotFound):
        await consents.current(world.user(1), OURS, PEER)
    with pytest.raises(NotFound):
        await consents.current(world.manager, "+4930999999", PEER)

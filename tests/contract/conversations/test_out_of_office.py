"""Out of office: answered once a day in a thread, and never to an answer; on both databases."""

from __future__ import annotations

import pytest

from engine.accounts.models import SYSTEM, Principal, UpdateNumber, UpdateUser
from engine.conversations.out_of_office import OutOfOffice
from engine.errors import Forbidden, InvalidRequest
from engine.events import private_to
from engine.messaging.models import Message
from tests.contract.conversations.world import OWN, PEER, SHARED, STRANGER, World

DAY_MS = 86_400_000
AWAY = OutOfOffice(True, "Back on Monday")


async def answers(world: World, who: Principal, thread_id: str) -> list[Message]:
    page = await world.conversations.history.messages(who, thread_id)
    return [one for one in reversed(page.items) if "out_of_office" in one.flags]


async def test_a_chat_is_answered_once_a_day(world: World) -> None:
    chat = await world.chat(world.ann, world.bob)
    await world.absences.put(world.bob, AWAY)
    assert await world.absences.get(world.bob) == AWAY
    await world.say(world.ann, chat.id, "Are you there?")
    await world.say(world.ann, chat.id, "Hello?")
    (answer,) = await answers(world, world.ann, chat.id)
    assert (answer.text, answer.user_id, answer.flags) == (
        "Back on Monday",
        world.bob.user_id,
        ("auto_answer", "out_of_office"),
    )
    assert await world.heard(world.ann, chat.id) == ["Are you there?", "Back on Monday", "Hello?"]
    assert await world.unread(world.bob, chat.id) == 2  # an answer of this kind reads nothing
    world.clock.ms += DAY_MS - 1
    await world.say(world.ann, chat.id, "Still not?")
    assert len(await answers(world, world.ann, chat.id)) == 1
    world.clock.ms += 1
    await world.say(world.ann, chat.id, "And now?")
    assert len(await answers(world, world.ann, chat.id)) == 2


async def test_two_who_are_away_do_not_answer_each_other_for_ever(world: World) -> None:
    chat = await world.chat(world.ann, world.bob)
    await world.absences.put(world.ann, AWAY)
    await world.absences.put(world.bob, AWAY)
    await world.say(world.ann, chat.id, "One thing before I go")
    assert [one.user_id for one in await answers(world, world.ann, chat.id)] == [world.bob.user_id]


async def test_a_group_is_not_answered(world: World) -> None:
    chat = await world.chat(world.ann, world.bob, world.cem)
    await world.absences.put(world.bob, AWAY)
    await world.say(world.ann, chat.id, "Everybody there?")
    assert await answers(world, world.ann, chat.id) == []


async def test_an_absence_begins_and_ends(world: World) -> None:
    chat, now_ms = await world.chat(world.ann, world.bob), world.clock.ms
    await world.absences.put(world.bob, OutOfOffice(True, "Away", now_ms + 10, now_ms + 20))
    await world.say(world.ann, chat.id, "Before")
    assert await answers(world, world.ann, chat.id) == []
    world.clock.ms = now_ms + 20
    await world.say(world.ann, chat.id, "After")
    assert await answers(world, world.ann, chat.id) == []
    world.clock.ms = now_ms + 19
    await world.say(world.ann, chat.id, "Within")
    assert len(await answers(world, world.ann, chat.id)) == 1
    await world.absences.put(world.bob, OutOfOffice())
    world.clock.ms += DAY_MS
    await world.say(world.ann, chat.id, "Back?")
    assert len(await answers(world, world.ann, chat.id)) == 1


async def test_a_text_to_ones_own_number_is_answered_by_text(world: World) -> None:
    await world.absences.put(world.bob, AWAY)
    came = await world.receive("Are you open?", to=OWN)
    thread_id = came.conversation_id or ""
    (answer,) = await answers(world, world.bob, thread_id)
    assert (answer.number, answer.text, answer.user_id) == (OWN, "Back on Monday", world.bob.user_id)
    assert [one.number for one in answer.recipients] == [PEER]
    await world.receive("Hello?", to=OWN)
    assert len(await answers(world, world.bob, thread_id)) == 1
    other = await world.receive("Hello", to=OWN, source=STRANGER)
    assert len(await answers(world, world.bob, other.conversation_id or "")) == 1
    assert await world.unread(world.bob, thread_id) == 2


async def test_a_shared_number_is_not_answered_for_one_of_its_users(world: World) -> None:
    await world.absences.put(world.ann, AWAY)
    came = await world.receive("Are you open?", to=SHARED)
    assert await answers(world, world.bob, came.conversation_id or "") == []


async def test_a_number_that_is_shared_with_somebody_who_may_not_text_is_shared(world: World) -> None:
    await world.absences.put(world.bob, AWAY)
    both = (world.people[1].id, world.people[2].id)
    await world.accounts.users.update(SYSTEM, both[1], UpdateUser(sms_enabled=False))
    await world.accounts.numbers.update(SYSTEM, world.own.id, UpdateNumber(user_ids=both))
    came = await world.receive("Are you open?", to=OWN)
    assert await answers(world, world.bob, came.conversation_id or "") == []


@pytest.mark.parametrize("word", ["STOP", "HELP", "START"])
async def test_a_keyword_has_its_own_answer_and_no_other(world: World, word: str) -> None:
    await world.absences.put(world.bob, AWAY)
    came = await world.receive(word, to=OWN)
    assert await answers(world, world.bob, came.conversation_id or "") == []


async def test_who_wants_no_texts_gets_none(world: World) -> None:
    await world.receive("STOP", to=OWN)
    await world.absences.put(world.bob, AWAY)
    came = await world.receive("I said stop", to=OWN)
    assert await answers(world, world.bob, came.conversation_id or "") == []


async def test_a_number_that_may_not_send_does_not_answer(world: World) -> None:
    await world.absences.put(world.bob, AWAY)
    await world.accounts.numbers.update(SYSTEM, world.own.id, UpdateNumber(sms_enabled=False))
    came = await world.receive("Are you open?", to=OWN)
    assert await answers(world, world.bob, came.conversation_id or "") == []


async def test_a_machine_is_not_answered(world: World) -> None:
    await world.absences.put(world.bob, AWAY)
    came = await world.receive("Your parcel is here", to=OWN, source="PARCELS")
    assert await answers(world, world.bob, came.conversation_id or "") == []


async def test_ones_absence_is_ones_own(world: World) -> None:
    await world.absences.put(world.bob, AWAY)
    (told,) = [event for event in world.published if event.type == "out_of_office.updated"]
    assert told.user_ids == private_to((world.bob.user_id or "",))
    assert "Monday" not in str(told.data)
    assert await world.absences.get(world.ann) == OutOfOffice()
    with pytest.raises(Forbidden):
        await world.absences.put(world.manager, AWAY)


@pytest.mark.parametrize(
    "wanted",
    [
        OutOfOffice(True, " "),
        OutOfOffice(True, "a" * 501),
        OutOfOffice(True, "nul\0"),
        OutOfOffice(True, "\ud83d"),
        OutOfOffice(True, "Away", 20, 20),
    ],
)
async def test_an_absence_that_makes_no_sense_is_refused(world: World, wanted: OutOfOffice) -> None:
    with pytest.raises(InvalidRequest):
        await world.absences.put(world.bob, wanted)

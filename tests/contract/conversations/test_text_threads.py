"""Threads of texts: one number of ours and outside numbers, on both databases."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from engine.accounts.models import SYSTEM, CreateNumber, UpdateDomain, UpdateNumber, UpdateUser
from engine.contacts.models import Contact, ContactNumber, Named
from engine.conversations.models import (
    AddMembers,
    ConversationKind,
    Say,
    StartConversation,
    Target,
)
from engine.errors import Conflict, EngineError, Forbidden, InvalidRequest, NotFound
from engine.messaging.models import Direction
from engine.presence.models import CallLogEntry, CallResult
from engine.presence.models import Direction as CallDirection
from tests.contract.conversations.world import FOREIGN, OWN, PEER, SHARED, STRANGER, World


async def test_a_pair_has_one_thread_whoever_starts_it(world: World) -> None:
    first = await world.text(world.ann, PEER)
    again, inbound = await world.text(world.bob, PEER, from_number=SHARED), await world.receive("Hi")
    assert (again.id, inbound.conversation_id) == (first.id, first.id)
    assert first.conversation.kind is ConversationKind.SMS
    assert (first.conversation.number, first.conversation.peers) == (SHARED, (PEER,))
    twins = await asyncio.gather(*(world.text(world.ann, STRANGER) for _ in range(6)))
    assert len({one.id for one in twins}) == 1


async def test_a_number_may_be_written_as_people_write_it(world: World) -> None:
    first = await world.text(world.ann, "0170 12345678")
    assert first.conversation.peers == (PEER,)
    assert (await world.text(world.ann, "+49 170 12345678", PEER)).id == first.id


async def test_texts_are_seen_by_those_who_share_the_number_and_by_managers(world: World) -> None:
    message = await world.receive("Hello")
    thread_id = message.conversation_id or ""
    for who in (world.ann, world.bob, world.manager, world.managing_dea, SYSTEM):
        assert await world.heard(who, thread_id) == ["Hello"]
    for who in (world.cem, world.outsider, replace(world.manager, domain_id=world.next_door.id)):
        with pytest.raises(NotFound):
            await world.heard(who, thread_id)
        assert thread_id not in await world.ids(who)
    assert await world.ids(world.manager) == [thread_id]
    assert await world.ids(world.managing_dea) == [thread_id]
    assert await world.ids(world.managing_dea, mine=True) == []


async def test_unread_texts_are_each_ones_own(world: World) -> None:
    message = await world.receive("One")
    await world.receive("Two")
    thread_id = message.conversation_id or ""
    assert [await world.unread(who, thread_id) for who in (world.ann, world.bob)] == [2, 2]
    await world.conversations.read(world.ann, thread_id, None)
    assert [await world.unread(who, thread_id) for who in (world.ann, world.bob)] == [0, 2]
    await world.say(world.ann, thread_id, "Our answer")
    assert await world.unread(world.bob, thread_id) == 2  # a colleague's answer is no news
    assert await world.unread(world.managing_dea, thread_id) == 0
    totals = await world.conversations.unread_totals(world.bob)
    assert (totals.conversations, totals.chats, totals.sms, totals.messages) == (1, 0, 1, 2)
    assert await world.ids(world.ann, unread=True) == []
    assert await world.ids(world.ann, unread=False) == [thread_id]
    assert await world.ids(world.bob, unread=True) == [thread_id]


async def test_a_badge_counts_every_thread_however_many_there_are(world: World) -> None:
    for at in range(130):
        for text in ("One", "Two"):
            await world.receive(text, source=f"+1202555{at:04}")
    totals = await world.conversations.unread_totals(world.bob)
    assert (totals.sms, totals.messages) == (130, 260)


async def test_what_came_before_a_number_was_assigned_is_no_news(world: World) -> None:
    message = await world.receive("Before")
    thread_id = message.conversation_id or ""
    user_ids = tuple(one.id for one in world.people[:3])
    await world.accounts.numbers.update(SYSTEM, world.shared.id, UpdateNumber(user_ids=user_ids))
    assert await world.unread(world.cem, thread_id) == 0
    assert (await world.conversations.unread_totals(world.cem)).conversations == 0
    assert await world.heard(world.cem, thread_id) == ["Before"]
    await world.receive("After")
    assert await world.unread(world.cem, thread_id) == 1
    assert await world.unread(world.ann, thread_id) == 2  # whose assignment has not changed


async def test_losing_a_number_loses_its_threads(world: World) -> None:
    message = await world.receive("Hello")
    await world.accounts.numbers.update(SYSTEM, world.shared.id, UpdateNumber(user_ids=(world.people[1].id,)))
    with pytest.raises(NotFound):
        await world.conversations.get(world.ann, message.conversation_id or "")
    assert await world.ids(world.ann) == []


async def test_a_number_that_goes_next_door_leaves_its_threads_behind(world: World) -> None:
    ours = await world.receive("For Acme")
    await world.say(world.ann, ours.conversation_id or "", "From Acme")
    await world.accounts.numbers.delete(SYSTEM, world.shared.id)
    await world.accounts.numbers.create(
        SYSTEM,
        CreateNumber(
            domain_id=world.next_door.id, e164=SHARED, carrier="carrier", user_ids=(world.stranger.id,)
        ),
    )
    world.numbers.forget()
    theirs = await world.receive("For next door")
    assert theirs.domain_id == world.next_door.id
    assert theirs.conversation_id != ours.conversation_id
    assert await world.heard(world.outsider, theirs.conversation_id or "") == ["For next door"]
    with pytest.raises(NotFound):
        await world.heard(world.outsider, ours.conversation_id or "")
    assert await world.heard(world.manager, ours.conversation_id or "") == ["For Acme", "From Acme"]
    again = await world.text(world.outsider, PEER, from_number=SHARED)
    assert again.id == theirs.conversation_id


async def test_the_sending_number_is_among_ones_own_and_remembered(world: World) -> None:
    assert (await world.text(world.bob, PEER)).conversation.number == SHARED  # the oldest to begin with
    world.clock.ms += 1
    assert (await world.text(world.bob, PEER, from_number=OWN)).conversation.number == OWN
    assert (await world.text(world.bob, STRANGER)).conversation.number == OWN
    world.clock.ms += 1
    await world.text(world.bob, PEER, from_number=SHARED)  # found again, and used last
    explained = await world.conversations.explain(
        world.bob, StartConversation(to=(Target(number="+33612345679"),))
    )
    assert explained.number is not None
    assert explained.number.e164 == SHARED
    assert [one.e164 for one in explained.numbers] == [SHARED, OWN]
    for who, number in (
        (world.ann, OWN),
        (world.ann, FOREIGN),
        (world.cem, SHARED),
        (world.outsider, SHARED),
    ):
        with pytest.raises(Forbidden) as refused:
            await world.text(who, PEER, from_number=number)
        assert refused.value.code == "number_not_assigned"
    with pytest.raises(Forbidden) as refused:
        await world.text(world.cem, PEER)
    assert refused.value.code == "number_not_assigned"
    with pytest.raises(InvalidRequest):
        await world.chat(world.ann, world.bob) and await world.start(
            world.ann, StartConversation(to=(Target(extension="102"),), from_number=SHARED)
        )


async def test_nothing_is_started_where_texting_is_off(world: World) -> None:
    async def refused() -> str:
        with pytest.raises(Forbidden) as error:
            await world.text(world.ann, PEER, from_number=SHARED)
        return error.value.code

    await world.accounts.users.update(SYSTEM, world.people[0].id, UpdateUser(sms_enabled=False))
    assert await refused() == "sms_disabled_for_user"
    await world.accounts.users.update(SYSTEM, world.people[0].id, UpdateUser(sms_enabled=True))
    await world.accounts.numbers.update(SYSTEM, world.shared.id, UpdateNumber(sms_enabled=False))
    assert await refused() == "sms_disabled"
    await world.accounts.numbers.update(SYSTEM, world.shared.id, UpdateNumber(sms_enabled=True))
    await world.accounts.domains.update(SYSTEM, world.domain.id, UpdateDomain(sms_enabled=False))
    assert await refused() == "sms_disabled"


async def test_each_number_of_a_group_gets_its_own_text_and_that_is_said_before(world: World) -> None:
    wanted = StartConversation(to=(Target(number=PEER), Target(number=STRANGER)))
    explained = await world.conversations.explain(world.ann, wanted)
    codes = [one.code for one in explained.consequences]
    assert codes == [
        "each_gets_own_text",
        "recipients_do_not_see_each_other",
        "answers_join_this_conversation",
        "shared_number",
    ]
    assert explained.conversation_id is None
    assert await world.list(world.ann) == []  # nothing was made
    group = await world.start(world.ann, wanted)
    assert (await world.start(world.ann, wanted)).id != group.id
    said = await world.say(world.ann, group.id, "Hello both")
    assert [one.number for one in said.recipients] == [STRANGER, PEER]
    assert STRANGER not in said.text


async def test_an_answer_joins_the_group_and_one_taken_out_goes_its_own_way(world: World) -> None:
    group = await world.text(world.ann, PEER, STRANGER)
    await world.say(world.ann, group.id, "Hello both")
    answer = await world.receive("Hello", source=STRANGER)
    assert (answer.conversation_id, answer.flags) == (group.id, ("inferred",))
    await world.conversations.remove_number(world.ann, group.id, STRANGER)
    await world.say(world.ann, group.id, "To one")
    alone = await world.receive("And me?", source=STRANGER)
    assert alone.conversation_id != group.id
    assert (await world.conversations.get(world.ann, group.id)).conversation.peers == (PEER,)
    with pytest.raises(Conflict) as refused:
        await world.conversations.remove_number(world.ann, group.id, PEER)
    assert refused.value.code == "last_member"
    with pytest.raises(NotFound):
        await world.conversations.remove_number(world.ann, group.id, STRANGER)


async def test_a_number_added_gets_what_is_said_next(world: World) -> None:
    pair = await world.text(world.ann, PEER)
    grown = await world.conversations.add(world.bob, pair.id, AddMembers(to=(Target(number=STRANGER),)))
    assert grown.conversation.peers == (STRANGER, PEER)
    said = await world.say(world.ann, pair.id, "Both")
    assert [one.number for one in said.recipients] == [STRANGER, PEER]
    assert (await world.text(world.ann, PEER)).id != pair.id  # the pair has a thread of its own again
    assert [what for _, what in await world.told(world.ann, pair.id)] == ["created", "member_added", "Both"]
    for target, code in (
        (Target(user_id=world.cem.user_id), "mixed_conversation"),
        (Target(number=SHARED), "invalid_request"),
    ):
        with pytest.raises(InvalidRequest) as refused:
            await world.conversations.add(world.ann, pair.id, AddMembers(to=(target,)))
        assert refused.value.code == code
    with pytest.raises(NotFound):
        await world.conversations.add(world.cem, pair.id, AddMembers(to=(Target(number=PEER),)))


async def test_an_inbound_text_brings_the_thread_back_for_everybody(world: World) -> None:
    message = await world.receive("Old")
    thread_id = message.conversation_id or ""
    for who in (world.ann, world.bob):
        await world.conversations.delete(who, thread_id)
        assert await world.ids(who) == []
    await world.receive("New")
    for who in (world.ann, world.bob):
        assert await world.ids(who) == [thread_id]
        assert await world.heard(who, thread_id) == ["New"]
        assert await world.unread(who, thread_id) == 1


async def test_leaving_a_shared_thread_leaves_it_to_the_others(world: World) -> None:
    message = await world.receive("Hello")
    thread_id = message.conversation_id or ""
    left = await world.conversations.leave(world.ann, thread_id)
    assert left.remaining == 1
    await world.receive("Again")
    assert await world.ids(world.ann) == []
    assert (await world.conversations.unread_totals(world.ann)).conversations == 0
    assert await world.ids(world.bob) == [thread_id]
    with pytest.raises(Conflict) as refused:
        await world.conversations.leave(world.bob, thread_id)
    assert refused.value.code == "last_member"
    await world.conversations.restore(world.ann, thread_id)
    assert await world.ids(world.ann) == [thread_id]


async def test_a_thread_that_everybody_has_left_or_lost_comes_back_with_a_text(world: World) -> None:
    message = await world.receive("Hello")
    thread_id = message.conversation_id or ""
    await world.conversations.leave(world.ann, thread_id)
    await world.accounts.numbers.update(SYSTEM, world.shared.id, UpdateNumber(user_ids=(world.people[0].id,)))
    assert await world.ids(world.ann) == []
    await world.receive("Is anybody there?")
    assert await world.ids(world.ann) == [thread_id]
    assert await world.unread(world.ann, thread_id) == 2


async def test_personal_state_needs_a_person(world: World) -> None:
    message = await world.receive("Hello")
    thread_id = message.conversation_id or ""
    conversations = world.conversations
    for attempt in (
        conversations.mute(world.manager, thread_id, None),
        conversations.delete(world.manager, thread_id),
        conversations.read(world.manager, thread_id, None),
        conversations.leave(world.manager, thread_id),
        conversations.typing(world.manager, thread_id),
        conversations.unread_totals(world.manager),
    ):
        with pytest.raises(Forbidden) as refused:
            await attempt
        assert refused.value.code == "no_user"


async def test_typing_tells_those_who_share_the_number(world: World) -> None:
    message = await world.receive("Hello")
    await world.conversations.typing(world.ann, message.conversation_id or "")
    (frame,) = world.announcements.frames
    assert frame[3] == (world.bob.user_id,)


async def test_an_inferred_answer_can_be_moved_to_its_senders_own_thread_and_back(world: World) -> None:
    group = await world.text(world.ann, PEER, STRANGER)
    await world.say(world.ann, group.id, "Hello both")
    answer = await world.receive("About something else", source=STRANGER)
    moved = await world.conversations.move(world.ann, answer.id, None)
    own = moved.conversation_id or ""
    assert own not in ("", group.id)
    assert moved.flags == ("moved",)
    assert await world.heard(world.ann, own) == ["About something else"]
    assert await world.heard(world.ann, group.id) == ["Hello both"]
    assert await world.unread(world.bob, own) == 1
    seen = await world.conversations.get(world.ann, group.id)
    assert (seen.unread, seen.last and seen.last.text) == (0, "Hello both")
    assert ("notice", "message_moved") in await world.told(world.ann, own)
    back = await world.conversations.move(world.bob, answer.id, group.id)
    assert back.conversation_id == group.id
    assert (await world.conversations.get(world.ann, own)).last is None


async def test_what_does_not_belong_there_is_not_moved(world: World) -> None:
    pair = await world.receive("Hello")
    sent = await world.say(world.ann, pair.conversation_id or "", "Ours")
    chat = await world.chat(world.ann, world.bob)
    said = await world.say(world.ann, chat.id, "Said")
    over_own = await world.text(world.bob, PEER, from_number=OWN)
    other_peer = await world.text(world.ann, STRANGER, from_number=SHARED)
    for message_id, target in (
        (sent.id, None),
        (said.id, None),
        (pair.id, chat.id),
        (pair.id, over_own.id),
        (pair.id, other_peer.id),
    ):
        with pytest.raises(Conflict) as refused:
            await world.conversations.move(world.bob, message_id, target)
        assert refused.value.code == "not_movable", (message_id, target)
    for who in (world.cem, world.outsider):
        with pytest.raises(NotFound):
            await world.conversations.move(who, pair.id, None)
    with pytest.raises(NotFound):
        await world.conversations.move(world.ann, pair.id, "conv_" + "0" * 32)


async def test_a_contact_is_texted_at_its_default_or_the_chosen_number(world: World) -> None:
    contact = Contact(
        "cont_" + "1" * 32,
        world.domain.id,
        None,
        "Smith",
        "",
        "",
        "",
        (
            ContactNumber("work", STRANGER, STRANGER, None, False),
            ContactNumber("mobile", PEER, PEER, None, True),
            ContactNumber("desk", None, "", world.bob.user_id, False, "102"),
        ),
        0,
        0,
    )
    world.phonebook.contacts[contact.id] = contact
    world.phonebook.names[PEER] = Named(contact.id, "Smith", "mobile")
    by_default = await world.start(world.ann, StartConversation(to=(Target(contact_id=contact.id),)))
    assert by_default.conversation.peers == (PEER,)
    assert [(one.name, one.label) for one in by_default.peers] == [("Smith", "mobile")]
    chosen = Target(contact_id=contact.id, number=STRANGER)
    assert (await world.start(world.ann, StartConversation(to=(chosen,)))).conversation.peers == (STRANGER,)
    assert {one.peers[0].name for one in await world.list(world.ann)} == {"Smith", None}
    for wrong in (
        Target(contact_id=contact.id, number="+33611111111"),
        Target(contact_id=contact.id, extension="102"),
        Target(contact_id="cont_" + "2" * 32),
    ):
        with pytest.raises(EngineError):
            await world.start(world.ann, StartConversation(to=(wrong,)))
    at_desk = replace(
        contact,
        numbers=tuple(replace(one, is_default=one.user_id is not None) for one in contact.numbers),
    )
    world.phonebook.contacts[contact.id] = at_desk
    chat = await world.start(world.ann, StartConversation(to=(Target(contact_id=contact.id),)))
    assert chat.conversation.kind is ConversationKind.CHAT


async def test_calls_stand_among_texts_in_the_order_of_time(world: World) -> None:
    first = await world.receive("First")
    thread_id = first.conversation_id or ""
    second = await world.receive("Second")
    between_ms = int(first.id[4:16], 16)
    call = CallLogEntry(
        id="clog_" + second.id[4:],
        domain_id=world.domain.id,
        user_id=world.ann.user_id or "",
        pbx="main",
        linkedid="1",
        peer=PEER,
        peer_user_id=None,
        peer_name="",
        direction=CallDirection.INBOUND,
        result=CallResult.NO_ANSWER,
        started_ms=between_ms - 1000,
    )
    world.phonebook.calls = [call]
    assert await world.told(world.ann, thread_id) == [
        ("call", call.id),
        ("message", "First"),
        ("message", "Second"),
    ]
    assert await world.told(world.bob, thread_id) == [("message", "First"), ("message", "Second")]
    world.phonebook.calls = [replace(call, started_ms=between_ms + 3_600_000)]
    assert [kind for kind, _ in await world.told(world.ann, thread_id)] == ["message", "message", "call"]
    await world.conversations.delete(world.ann, thread_id)
    world.phonebook.calls = [call]
    assert await world.told(world.ann, thread_id) == []


async def test_a_text_cannot_answer_another_message(world: World) -> None:
    message = await world.receive("Hello")
    with pytest.raises(InvalidRequest):
        await world.conversations.say(
            world.ann, message.conversation_id or "", Say(text="x", reply_to=message.id)
        )
    assert message.direction is Direction.INBOUND

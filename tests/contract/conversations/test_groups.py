"""Who is in a chat: let in, put out, leaving, on both databases."""

from __future__ import annotations

import asyncio

import pytest

from engine.conversations.models import AddMembers, Target
from engine.errors import Conflict, InvalidRequest, NotFound
from tests.contract.conversations.world import PEER, World


async def test_a_third_makes_a_group_and_the_two_start_a_new_chat(world: World) -> None:
    chat = await world.chat(world.ann, world.bob)
    await world.say(world.ann, chat.id, "Between us")
    grown = await world.add(world.ann, chat.id, world.cem)
    assert [person.name for person, _ in grown.people] == ["Ann", "Bob", "Cem"]
    assert (await world.thread(chat.id)).direct_key is None
    again = await world.chat(world.ann, world.bob)
    assert again.id != chat.id
    added = [event for event in world.published if event.type == "member.added"]
    assert [event.data for event in added] == [{"user_id": world.cem.user_id}]
    assert set(added[0].user_ids[1:]) == {one.id for one in world.people[:3]}


@pytest.mark.parametrize("shared", [False, True])
async def test_history_is_shared_only_on_request(world: World, shared: bool) -> None:
    chat = await world.chat(world.ann, world.bob)
    await world.say(world.ann, chat.id, "Before")
    await world.add(world.ann, chat.id, world.cem, share_history=shared)
    await world.say(world.ann, chat.id, "After")
    assert await world.heard(world.cem, chat.id) == (["Before", "After"] if shared else ["After"])
    assert await world.unread(world.cem, chat.id) == 1
    told = await world.told(world.cem, chat.id)
    assert ("notice", "created") in told if shared else ("notice", "created") not in told


async def test_who_is_put_out_hears_no_more_and_is_told(world: World) -> None:
    chat = await world.chat(world.ann, world.bob, world.cem)
    await world.say(world.ann, chat.id, "One")
    await world.conversations.remove_user(world.ann, chat.id, world.cem.user_id or "")
    assert ("member.removed", ("!", *sorted(one.id for one in world.people[:3]))) in world.events(chat.id)
    await world.say(world.ann, chat.id, "Two")
    for attempt in (
        world.conversations.get(world.cem, chat.id),
        world.conversations.history.timeline(world.cem, chat.id),
        world.say(world.cem, chat.id, "Me?"),
        world.conversations.read(world.cem, chat.id, None),
        world.conversations.restore(world.cem, chat.id),
    ):
        with pytest.raises(NotFound):
            await attempt
    assert await world.ids(world.cem) == []
    assert (await world.conversations.unread_totals(world.cem)).messages == 0
    last = [event for event in world.published if event.type == "message.created"][-1]
    assert world.cem.user_id not in last.user_ids


async def test_who_comes_back_sees_nothing_of_the_time_between(world: World) -> None:
    chat = await world.chat(world.ann, world.bob, world.cem)
    await world.say(world.ann, chat.id, "With Cem")
    await world.conversations.leave(world.cem, chat.id)
    await world.say(world.ann, chat.id, "Without Cem")
    await world.add(world.bob, chat.id, world.cem)
    await world.say(world.ann, chat.id, "With Cem again")
    assert await world.heard(world.cem, chat.id) == ["With Cem again"]
    assert await world.heard(world.ann, chat.id) == ["With Cem", "Without Cem", "With Cem again"]


async def test_adding_somebody_who_is_there_changes_nothing(world: World) -> None:
    chat = await world.chat(world.ann, world.bob)
    same = await world.add(world.ann, chat.id, world.bob, world.ann)
    assert len(same.people) == 2
    assert (await world.thread(chat.id)).direct_key is not None
    assert [kind for kind, _ in world.events(chat.id)] == ["conversation.created"]


async def test_a_chat_of_two_is_not_left_nor_put_out_of(world: World) -> None:
    chat = await world.chat(world.ann, world.bob)
    for attempt in (
        world.conversations.leave(world.ann, chat.id),
        world.conversations.remove_user(world.ann, chat.id, world.bob.user_id or ""),
    ):
        with pytest.raises(Conflict) as refused:
            await attempt
        assert refused.value.code == "direct_chat"


async def test_leaving_says_what_it_means_to_the_last_one_too(world: World) -> None:
    chat = await world.chat(world.ann, world.bob, world.cem)
    left = await world.conversations.leave(world.ann, chat.id)
    assert (left.remaining, "add you again" in left.meaning) == (2, True)
    assert (await world.conversations.leave(world.bob, chat.id)).remaining == 1
    last = await world.conversations.leave(world.cem, chat.id)
    assert (last.remaining, "last one" in last.meaning) == (0, True)
    with pytest.raises(NotFound):
        await world.conversations.leave(world.cem, chat.id)
    for who in (world.ann, world.bob, world.cem, world.manager):
        with pytest.raises(NotFound):
            await world.conversations.get(who, chat.id)


async def test_an_outside_number_does_not_come_into_a_chat(world: World) -> None:
    chat = await world.chat(world.ann, world.bob)
    with pytest.raises(InvalidRequest) as refused:
        await world.conversations.add(world.ann, chat.id, AddMembers(to=(Target(number=PEER),)))
    assert refused.value.code == "mixed_conversation"


async def test_a_stranger_changes_nothing(world: World) -> None:
    chat = await world.chat(world.ann, world.bob, world.cem)
    before = len(world.published)
    for who in (world.dea, world.outsider, world.manager):
        for attempt in (
            world.add(who, chat.id, world.dea),
            world.conversations.remove_user(who, chat.id, world.bob.user_id or ""),
            world.conversations.rename(who, chat.id, "Mine"),
            world.conversations.leave(who, chat.id),
            world.conversations.mute(who, chat.id, None),
            world.conversations.delete(who, chat.id),
            world.conversations.read(who, chat.id, None),
            world.conversations.mark_unread(who, chat.id),
        ):
            with pytest.raises(NotFound):
                await attempt
    with pytest.raises(NotFound):
        await world.add(world.ann, chat.id, world.outsider)
    assert len(world.published) == before


async def test_a_name_is_for_everybody_and_can_be_taken_away(world: World) -> None:
    chat = await world.chat(world.ann, world.bob, name="Lunch")
    assert (await world.conversations.get(world.bob, chat.id)).conversation.name == "Lunch"
    await world.conversations.rename(world.bob, chat.id, "  Dinner ")
    assert (await world.conversations.get(world.ann, chat.id)).conversation.name == "Dinner"
    await world.conversations.rename(world.ann, chat.id, None)
    assert (await world.conversations.get(world.bob, chat.id)).conversation.name is None
    for name in ("", " ", "x" * 121, "two\nlines", "bell\x07", "\ud83d"):
        with pytest.raises(InvalidRequest):
            await world.conversations.rename(world.ann, chat.id, name)
    updated = [event for event in world.published if event.type == "conversation.updated"]
    assert [event.data for event in updated] == [{"changed": ["name"]}] * 2  # the name itself is no event's


async def test_nobody_speaks_after_leaving_however_close_the_two_are(world: World) -> None:
    chat = await world.chat(world.ann, world.bob, world.cem)
    await world.say(world.ann, chat.id, "Begin")

    async def chatter() -> list[str]:
        heard = []
        for number in range(30):
            try:
                heard.append((await world.say(world.cem, chat.id, str(number))).text)
            except NotFound:
                break
        return heard

    said, _ = await asyncio.gather(chatter(), world.conversations.leave(world.cem, chat.id))
    kept = await world.heard(world.ann, chat.id)
    assert kept == ["Begin", *said]
    order = [event.type for event in world.published if event.type in ("message.created", "member.left")]
    assert order == ["message.created"] * (1 + len(said)) + ["member.left"]


async def test_everybody_who_is_added_at_once_is_in_once(world: World) -> None:
    chat = await world.chat(world.ann, world.bob)
    await asyncio.gather(*(world.add(world.ann, chat.id, world.cem) for _ in range(5)))
    seen = await world.conversations.get(world.ann, chat.id)
    assert [person.name for person, _ in seen.people] == ["Ann", "Bob", "Cem"]
    assert [event.type for event in world.published].count("member.added") == 1

"""Drafts: kept for their writer alone, the last one wins, gone when sent; on both databases."""

from __future__ import annotations

import pytest

from engine.errors import Forbidden, InvalidRequest, NotFound
from engine.events import private_to
from tests.contract.conversations.world import PEER, World


async def test_a_draft_is_its_writers_alone(world: World) -> None:
    chat = await world.chat(world.ann, world.bob)
    drafts = world.conversations.drafts
    kept = await drafts.save(world.ann, chat.id, "Dear Bob", None)
    assert (kept.draft, kept.draft_ms) == ("Dear Bob", world.clock.ms)
    assert (await drafts.get(world.ann, chat.id)).draft == "Dear Bob"
    assert (await drafts.get(world.bob, chat.id)).draft is None
    (listed,) = await world.list(world.ann)
    assert listed.mine is not None
    assert listed.mine.draft == "Dear Bob"
    told = [event for event in world.published if event.type == "conversation.draft"]
    assert [event.user_ids for event in told] == [private_to((world.ann.user_id or "",))]
    assert "Dear" not in str(told)


async def test_the_screen_that_wrote_last_wins_whatever_arrives_last(world: World) -> None:
    chat = await world.chat(world.ann, world.bob)
    drafts, now_ms = world.conversations.drafts, world.clock.ms
    await drafts.save(world.ann, chat.id, "Later", now_ms - 1_000)
    late = await drafts.save(world.ann, chat.id, "Earlier", now_ms - 2_000)
    assert (late.draft, late.draft_ms) == ("Later", now_ms - 1_000)
    # A clock that is ahead shuts nobody out.
    await drafts.save(world.ann, chat.id, "From the future", now_ms + 3_600_000)
    assert (await drafts.save(world.ann, chat.id, "Now", None)).draft == "Now"


async def test_an_empty_draft_is_none_and_mute_leaves_drafts_alone(world: World) -> None:
    chat = await world.chat(world.ann, world.bob)
    drafts = world.conversations.drafts
    await drafts.save(world.ann, chat.id, "Dear Bob", None)
    await world.conversations.mute(world.ann, chat.id, -1)
    assert (await drafts.get(world.ann, chat.id)).draft == "Dear Bob"
    assert (await drafts.save(world.ann, chat.id, "", None)).draft is None


async def test_saying_it_takes_the_draft_away_and_what_was_under_way_stays_away(world: World) -> None:
    chat = await world.chat(world.ann, world.bob)
    drafts, written_ms = world.conversations.drafts, world.clock.ms
    await drafts.save(world.ann, chat.id, "Hell", None)
    await drafts.save(world.bob, chat.id, "Hi", None)
    world.clock.ms += 10
    await world.say(world.ann, chat.id, "Hello")
    assert (await drafts.get(world.ann, chat.id)).draft is None
    assert (await drafts.get(world.bob, chat.id)).draft == "Hi"
    assert (await drafts.save(world.ann, chat.id, "Hello", written_ms)).draft is None
    told = [event.user_ids[1:] for event in world.published if event.type == "conversation.draft"]
    assert told == [(world.ann.user_id,), (world.bob.user_id,), (world.ann.user_id,)]


async def test_texting_takes_the_draft_away(world: World) -> None:
    thread = await world.text(world.ann, PEER)
    drafts = world.conversations.drafts
    await drafts.save(world.ann, thread.id, "Hell", None)
    await drafts.save(world.bob, thread.id, "Mine", None)
    await world.say(world.ann, thread.id, "Hello")
    assert (await drafts.get(world.ann, thread.id)).draft is None
    assert (await drafts.get(world.bob, thread.id)).draft == "Mine"


async def test_drafts_are_refused_to_those_who_do_not_see_the_thread(world: World) -> None:
    chat, thread = await world.chat(world.ann, world.bob), await world.text(world.ann, PEER)
    drafts = world.conversations.drafts
    for other in (world.cem, world.outsider, world.manager):
        with pytest.raises(NotFound):
            await drafts.save(other, chat.id, "Mine", None)
        with pytest.raises(NotFound):
            await drafts.get(other, chat.id)
    with pytest.raises(Forbidden) as nobody:
        await drafts.save(world.manager, thread.id, "Mine", None)
    assert nobody.value.code == "no_user"


@pytest.mark.parametrize("text", ["a" * 40_001, "nul\0", "\ud83d"])
async def test_what_cannot_be_kept_is_refused(world: World, text: str) -> None:
    chat = await world.chat(world.ann, world.bob)
    with pytest.raises(InvalidRequest):
        await world.conversations.drafts.save(world.ann, chat.id, text, None)

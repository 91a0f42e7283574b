"""Texts in: parts joined, threads found, repeats flagged, on both databases."""

from __future__ import annotations

import itertools

import pytest

from engine.accounts.models import PageRequest, Principal
from engine.conversations.models import Conversation, Say
from engine.errors import NotFound
from engine.messaging.models import Direction, Message, MessageFilter
from engine.messaging.ports import InboundPart
from engine.smpp.reassembly import GAP, PART_WAIT_MS
from tests.contract.messaging.world import OTHER_OF_OURS, OURS, PEER, World

STRANGER = "+33612345678"


async def inbound(world: World) -> list[Message]:
    page = await world.messaging.list(world.manager, None, MessageFilter(direction=Direction.INBOUND))
    return list(page.items)


async def threads(world: World, who: Principal) -> list[Conversation]:
    return [seen.conversation for seen in (await world.conversations.list(who)).items]


async def test_a_text_from_a_stranger_opens_a_thread(world: World) -> None:
    await world.receive("Hi", source=STRANGER)
    (thread,) = await threads(world, world.user(0))
    assert (thread.number, thread.peers) == (OURS, (STRANGER,))
    (message,) = (await world.conversations.history.messages(world.user(0), thread.id)).items
    assert (message.text, message.peer, message.flags) == ("Hi", STRANGER, ())
    assert world.event_types()[-2:] == ["conversation.created", "message.created"]


async def test_a_reply_opens_a_thread_that_holds_the_text_it_answers(world: World) -> None:
    sent = await world.send()
    await world.receive("Thanks")
    (thread,) = await threads(world, world.manager)
    page = await world.conversations.history.messages(world.manager, thread.id)
    assert [message.direction for message in page.items] == [Direction.INBOUND, Direction.OUTBOUND]
    assert page.items[1].id == sent.id


async def test_a_text_to_several_stays_out_of_the_thread_of_one(world: World) -> None:
    await world.send(PEER, STRANGER)
    await world.receive("Who?")
    (thread,) = await threads(world, world.manager)
    page = await world.conversations.history.messages(world.manager, thread.id)
    assert [message.text for message in page.items] == ["Who?"]


async def test_all_texts_of_a_pair_share_a_thread_and_answers_go_there(world: World) -> None:
    await world.receive("One")
    await world.receive("Two", session="s2")
    (thread,) = await threads(world, world.manager)
    answer = await world.conversations.say(world.user(0), thread.id, Say(text="Three"))
    assert isinstance(answer, Message)
    assert answer.conversation_id == thread.id
    assert answer.recipients[0].number == PEER
    page = await world.conversations.history.messages(world.manager, thread.id)
    assert [message.text for message in page.items] == ["Three", "Two", "One"]


async def test_a_reply_after_a_month_still_finds_the_pairs_thread(world: World) -> None:
    await world.receive("One")
    world.clock.ms += 31 * 86_400_000
    await world.receive("Two")
    assert len(await threads(world, world.manager)) == 1


async def test_threads_of_two_numbers_are_two(world: World) -> None:
    await world.receive("One")
    await world.receive("Two", destination=OTHER_OF_OURS)
    assert len(await threads(world, world.manager)) == 2
    (mine,) = await threads(world, world.user(1))
    assert mine.number == OTHER_OF_OURS
    with pytest.raises(NotFound):
        await world.conversations.get(world.user(0), mine.id)


async def test_latest_activity_comes_first_over_all_pages(world: World) -> None:
    for number in range(5):
        world.clock.ms += 1000
        await world.receive("x", source=f"+3361234567{number}")
    world.clock.ms += 1000
    await world.receive("again", source="+33612345670")
    peers: list[str] = []
    cursor = None
    while True:
        page = await world.conversations.list(world.manager, page=PageRequest(2, cursor))
        peers += [seen.conversation.peers[0][-1] for seen in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert peers == ["0", "4", "3", "2", "1"]


@pytest.mark.parametrize("order", list(itertools.permutations((1, 2, 3))))
async def test_parts_join_in_any_order(world: World, order: tuple[int, ...]) -> None:
    for number in order:
        assert await inbound(world) == []
        await world.receive(f"<{number}>", part=InboundPart(7, 3, number))
    (message,) = await inbound(world)
    assert message.text == "<1><2><3>"
    assert message.flags == ()


async def test_a_repeated_part_counts_once(world: World) -> None:
    for number in (1, 1, 2):
        await world.receive(f"-{number}", part=InboundPart(7, 2, number))
    assert [message.text for message in await inbound(world)] == ["-1-2"]


@pytest.mark.parametrize("repeated", [(2,), (1,), (1, 2), (2, 1)])
async def test_parts_that_come_again_after_their_text_was_put_together_add_nothing(
    world: World, repeated: tuple[int, ...]
) -> None:
    for number in (1, 2):
        await world.receive(f"-{number}", part=InboundPart(7, 2, number))
    for number in repeated:
        await world.receive(f"-{number}", part=InboundPart(7, 2, number), session="s2")
    world.clock.ms += PART_WAIT_MS + 1
    assert await world.store.settle_overdue(world.clock.ms, 10**9) == 0
    assert [(message.text, message.flags) for message in await inbound(world)] == [("-1-2", ())]


async def test_a_reference_used_again_after_its_text_was_put_together_starts_a_new_one(
    world: World,
) -> None:
    for text in ("-1", "-2"):
        await world.receive(text, part=InboundPart(7, 2, int(text[1])))
    await world.receive("+1", part=InboundPart(7, 2, 1))
    await world.receive("-2", part=InboundPart(7, 2, 2))
    assert [message.text for message in await inbound(world)] == ["+1-2", "-1-2"]


async def test_an_equal_long_text_much_later_is_another_one(world: World) -> None:
    for _ in range(2):
        for number in (1, 2):
            await world.receive(f"-{number}", part=InboundPart(7, 2, number))
        world.clock.ms += 600_000
    assert [message.text for message in await inbound(world)] == ["-1-2", "-1-2"]


async def test_a_reference_that_comes_round_again_starts_a_new_text(world: World) -> None:
    await world.receive("old", part=InboundPart(7, 2, 1))
    await world.receive("new", part=InboundPart(7, 2, 1))
    await world.receive("er", part=InboundPart(7, 2, 2))
    newer, older = await inbound(world)
    assert (newer.text, newer.flags) == ("newer", ())
    assert (older.text, older.flags) == (f"old{GAP}", ("incomplete",))


async def test_a_part_that_never_comes_does_not_swallow_the_others(world: World) -> None:
    await world.receive("one", part=InboundPart(7, 3, 1))
    await world.receive("three", part=InboundPart(7, 3, 3))
    world.clock.ms += PART_WAIT_MS - 1
    assert await world.store.settle_overdue(world.clock.ms, 10**9) == 0
    world.clock.ms += 1
    assert await world.store.settle_overdue(world.clock.ms, 10**9) == 1
    (message,) = await inbound(world)
    assert (message.text, message.flags) == (f"one{GAP}three", ("incomplete",))


async def test_an_equal_text_on_another_session_is_kept_and_flagged(world: World) -> None:
    await world.receive("Yes", session="s1")
    await world.receive("Yes", session="s1")
    await world.receive("Yes", session="s2")
    flags = [message.flags for message in await inbound(world)]
    assert flags == [("possible_duplicate",), (), ()]


async def test_a_text_to_a_number_that_is_not_ours_is_kept_and_told_to_operations(world: World) -> None:
    await world.receive("Hi", destination="+4930555555")
    assert await inbound(world) == []
    assert [(event.stream, event.type) for event in world.published][-1] == ("operations", "inbound.unrouted")

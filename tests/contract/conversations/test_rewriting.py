"""Messages of chats edited, taken back, reacted to, and found again by a link, on both databases."""

from __future__ import annotations

import pytest

from engine.accounts.models import SYSTEM, Page, PageRequest, UpdateDomainSettings
from engine.conversations.models import TimelineItem
from engine.conversations.rewriting import MOST_EMOJI, MOST_OF_ONE
from engine.conversations.search import Search
from engine.conversations.timeline import cursor_of
from engine.errors import Conflict, Forbidden, InvalidRequest, NotFound
from engine.events import is_private
from engine.messaging.models import Reaction
from engine.storage.search import SearchIndex, SqlSearch
from tests.contract.conversations.world import PEER, World

HEART, THUMB = "\u2764\ufe0f", "\U0001f44d"
FACES = [chr(0x1F600 + place) for place in range(40)]
DAY_MS = 86_400_000


def texts(page: Page[TimelineItem]) -> list[str]:
    return [getattr(one.item, "text", one.type) for one in page.items]


async def test_an_author_says_it_in_other_words(world: World) -> None:
    chat = await world.chat(world.ann, world.bob)
    said = await world.say(world.ann, chat.id, "Hallo")
    world.clock.ms += 5_000
    edited = await world.conversations.rewriting.edit(world.ann, said.id, "Hello")
    assert (edited.id, edited.text, edited.edited_ms) == (said.id, "Hello", world.clock.ms)
    assert await world.heard(world.bob, chat.id) == ["Hello"]
    (listed,) = await world.list(world.bob)
    assert listed.last is not None
    assert listed.last.text == "Hello"
    (told,) = [event for event in world.published if event.type == "message.updated"]
    assert is_private(told.user_ids)
    assert set(told.user_ids[1:]) == {world.ann.user_id, world.bob.user_id}
    assert told.data == {"conversation_id": chat.id, "changed": ["text"]}


async def test_the_same_words_again_change_nothing(world: World) -> None:
    chat = await world.chat(world.ann, world.bob)
    said = await world.say(world.ann, chat.id, "Hello")
    assert (await world.conversations.rewriting.edit(world.ann, said.id, "Hello")).edited_ms is None
    assert not [event for event in world.published if event.type == "message.updated"]


async def test_a_sender_that_tries_again_after_editing_gets_the_message_as_it_is(world: World) -> None:
    chat = await world.chat(world.ann, world.bob)
    said = await world.say(world.ann, chat.id, "Hallo", client_id="c1")
    await world.conversations.rewriting.edit(world.ann, said.id, "Hello")
    assert (await world.say(world.ann, chat.id, "Hallo", client_id="c1")).text == "Hello"


async def test_editing_ends_after_a_day_or_what_the_domain_says(world: World) -> None:
    chat = await world.chat(world.ann, world.bob)
    said = await world.say(world.ann, chat.id, "Hallo")
    world.clock.ms += DAY_MS - 1
    await world.conversations.rewriting.edit(world.ann, said.id, "Hello")
    world.clock.ms += 1
    with pytest.raises(Conflict) as refused:
        await world.conversations.rewriting.edit(world.ann, said.id, "Good day")
    assert refused.value.code == "too_late_to_edit"
    settings = UpdateDomainSettings(edit_within_s=2 * 86_400)
    await world.accounts.preferences.change_domain(SYSTEM, world.domain.id, settings)
    assert (await world.conversations.rewriting.edit(world.ann, said.id, "Good day")).text == "Good day"
    settings = UpdateDomainSettings(edit_within_s=0)
    await world.accounts.preferences.change_domain(SYSTEM, world.domain.id, settings)
    fresh = await world.say(world.ann, chat.id, "New")
    with pytest.raises(Conflict):
        await world.conversations.rewriting.edit(world.ann, fresh.id, "Newer")


@pytest.mark.parametrize("text", ["", "  ", "a" * 10_001, "nul\0", "\ud83d"])
async def test_other_words_have_to_be_words(world: World, text: str) -> None:
    chat = await world.chat(world.ann, world.bob)
    said = await world.say(world.ann, chat.id, "Hello")
    with pytest.raises(InvalidRequest):
        await world.conversations.rewriting.edit(world.ann, said.id, text)
    assert await world.heard(world.bob, chat.id) == ["Hello"]


async def test_what_is_taken_back_is_empty_and_nothing_waits(world: World) -> None:
    chat = await world.chat(world.ann, world.bob)
    kept = await world.say(world.ann, chat.id, "Kept")
    await world.conversations.read(world.bob, chat.id, kept.id)
    said = await world.say(world.ann, chat.id, "Oops")
    await world.conversations.rewriting.react(world.bob, said.id, HEART)
    assert await world.unread(world.bob, chat.id) == 1
    gone = await world.conversations.rewriting.take_back(world.ann, said.id)
    assert (gone.text, gone.deleted_ms, gone.reactions) == ("", world.clock.ms, ())
    assert await world.heard(world.bob, chat.id) == ["Kept", ""]
    assert await world.unread(world.bob, chat.id) == 0
    assert await world.ids(world.bob, unread=True) == []
    (listed,) = await world.list(world.bob)
    assert listed.last is not None
    assert (listed.last.id, listed.last.text) == (said.id, "")
    told = len(world.published)
    await world.conversations.rewriting.take_back(world.ann, said.id)
    assert len(world.published) == told
    for late in (
        world.conversations.rewriting.edit(world.ann, said.id, "Again"),
        world.conversations.rewriting.react(world.bob, said.id, HEART),
    ):
        with pytest.raises(Conflict) as refused:
            await late
        assert refused.value.code == "message_deleted"


async def test_search_finds_what_a_message_says_now(world: World) -> None:
    chat = await world.chat(world.ann, world.bob)
    said = await world.say(world.ann, chat.id, "The old password")
    index, search = SearchIndex(world.database), Search(SqlSearch(world.database))

    async def found(question: str) -> list[str]:
        await index.catch_up()
        return [one.id for one in (await search.find(world.bob, question)).messages.items]

    assert await found("password") == [said.id]
    await world.conversations.rewriting.edit(world.ann, said.id, "The meeting")
    assert (await found("password"), await found("meeting")) == ([], [said.id])
    await world.conversations.rewriting.take_back(world.ann, said.id)
    assert await found("meeting") == []


async def test_nobody_but_the_author_changes_a_message_and_strangers_do_not_know_it(world: World) -> None:
    chat = await world.chat(world.ann, world.bob)
    said = await world.say(world.ann, chat.id, "Hello")
    own = world.conversations.rewriting
    for attempt in (own.edit(world.bob, said.id, "Mine"), own.take_back(world.bob, said.id)):
        with pytest.raises(Forbidden) as refused:
            await attempt
        assert refused.value.code == "not_your_message"
    for other in (world.cem, world.manager, world.managing_dea, world.outsider, SYSTEM):
        for hidden in (
            own.edit(other, said.id, "Mine"),
            own.take_back(other, said.id),
            own.react(other, said.id, HEART),
            own.unreact(other, said.id, HEART),
        ):
            with pytest.raises(NotFound):
                await hidden
    assert await world.heard(world.bob, chat.id) == ["Hello"]


async def test_who_left_a_chat_changes_nothing_in_it(world: World) -> None:
    chat = await world.chat(world.ann, world.bob, world.cem)
    said = await world.say(world.ann, chat.id, "Hello")
    await world.conversations.leave(world.ann, chat.id)
    with pytest.raises(NotFound):
        await world.conversations.rewriting.edit(world.ann, said.id, "Bye")


async def test_a_text_stays_as_it_left(world: World) -> None:
    thread = await world.text(world.ann, PEER)
    sent = await world.say(world.ann, thread.id, "Hello")
    own = world.conversations.rewriting
    for attempt in (
        own.edit(world.ann, sent.id, "Mine"),
        own.take_back(world.ann, sent.id),
        own.react(world.ann, sent.id, HEART),
        own.unreact(world.ann, sent.id, HEART),
    ):
        with pytest.raises(Conflict) as refused:
            await attempt
        assert refused.value.code == "not_a_chat_message"
    with pytest.raises(NotFound):  # who does not see it is not told that it is a text
        await own.edit(world.cem, sent.id, "Mine")


async def test_reactions_are_counted_by_who_put_them_there(world: World) -> None:
    chat = await world.chat(world.ann, world.bob, world.cem)
    said = await world.say(world.ann, chat.id, "Lunch?")
    own = world.conversations.rewriting
    ann, bob, cem = (one.user_id or "" for one in (world.ann, world.bob, world.cem))
    for who, emoji in ((world.bob, THUMB), (world.cem, HEART), (world.ann, THUMB)):
        world.clock.ms += 1
        await own.react(who, said.id, emoji)
    again = await own.react(world.bob, said.id, THUMB)
    assert again.reactions == (Reaction(THUMB, (bob, ann)), Reaction(HEART, (cem,)))
    assert len([event for event in world.published if event.type == "message.updated"]) == 3
    assert (await own.unreact(world.cem, said.id, HEART)).reactions == (Reaction(THUMB, (bob, ann)),)
    await own.unreact(world.cem, said.id, THUMB)  # not theirs: nothing to take away
    (message,) = (await world.conversations.history.messages(world.bob, chat.id)).items
    assert message.reactions == (Reaction(THUMB, (bob, ann)),)
    assert message.edited_ms is None


async def test_reactions_have_limits(world: World) -> None:
    chat = await world.chat(world.ann, world.bob, world.cem, world.dea)
    people = [world.ann, world.bob, world.cem, world.dea]
    said = await world.say(world.ann, chat.id, "Lunch?")
    own = world.conversations.rewriting
    with pytest.raises(InvalidRequest) as refused:
        await own.react(world.ann, said.id, "yes")
    assert refused.value.code == "not_an_emoji"
    assert len(people) * MOST_OF_ONE == MOST_EMOJI
    for place, face in enumerate(FACES[:MOST_EMOJI]):
        await own.react(people[place // MOST_OF_ONE], said.id, face)
    with pytest.raises(Conflict) as full:
        await own.react(world.ann, said.id, FACES[MOST_EMOJI])
    assert full.value.code == "too_many_reactions"
    await own.unreact(world.ann, said.id, FACES[0])  # nobody else put it there
    await own.react(world.ann, said.id, FACES[MOST_EMOJI])


# Links.


async def test_a_link_opens_the_timeline_around_its_message(world: World) -> None:
    chat = await world.chat(world.ann, world.bob)
    said = []
    for place in range(9):
        world.clock.ms += 1
        said.append(await world.say(world.ann, chat.id, f"{place}"))
    history = world.conversations.history
    page = await history.timeline_around(world.bob, chat.id, said[4].id, 5)
    assert texts(page) == ["6", "5", "4", "3", "2"]
    assert page.next_cursor is not None
    older = await history.timeline(world.bob, chat.id, PageRequest(cursor=page.next_cursor, limit=10))
    assert texts(older)[:2] == ["1", "0"]
    newer = await history.timeline_after(world.bob, chat.id, cursor_of(page.items[0].position), 2)
    assert [getattr(one.item, "text", "") for one in newer] == ["8", "7"]
    assert await history.timeline_after(world.bob, chat.id, cursor_of(newer[0].position), 2) == []
    assert texts(await history.timeline_around(world.bob, chat.id, said[8].id, 3)) == ["8", "7", "6"]
    assert texts(await history.timeline_around(world.bob, chat.id, said[4].id, 1)) == ["4"]


async def test_a_link_into_another_thread_leads_nowhere(world: World) -> None:
    chat, other = await world.chat(world.ann, world.bob), await world.chat(world.ann, world.cem)
    said = await world.say(world.ann, other.id, "Secret")
    history = world.conversations.history
    for who, thread_id, message_id in (
        (world.bob, chat.id, said.id),
        (world.bob, other.id, said.id),
        (world.outsider, other.id, said.id),
        (world.ann, chat.id, "msg_" + "0" * 32),
        (world.ann, chat.id, "' OR 1=1"),
    ):
        with pytest.raises(NotFound):
            await history.timeline_around(who, thread_id, message_id, 10)


async def test_a_link_to_what_was_said_before_one_came_leads_nowhere(world: World) -> None:
    chat = await world.chat(world.ann, world.bob, world.cem)
    early = await world.say(world.ann, chat.id, "Early")
    await world.add(world.ann, chat.id, world.dea)
    late = await world.say(world.ann, chat.id, "Late")
    history = world.conversations.history
    with pytest.raises(NotFound):
        await history.timeline_around(world.dea, chat.id, early.id, 10)
    assert "Early" not in texts(await history.timeline_around(world.dea, chat.id, late.id, 10))

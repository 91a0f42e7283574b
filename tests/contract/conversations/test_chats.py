"""Chats: found again, said in, read, left, on both databases."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from engine.accounts.models import SYSTEM, PageRequest, UpdateUser
from engine.conversations.models import (
    FOR_EVER,
    ConversationKind,
    Say,
    StartConversation,
    Target,
    ThreadView,
)
from engine.errors import Conflict, EngineError, InvalidRequest, NotFound
from engine.events import is_private
from engine.idempotency import Claim, Replayed
from engine.messaging.models import Direction, Message
from tests.contract.conversations.world import PEER, World


async def test_two_people_have_one_chat_whoever_starts_it(world: World) -> None:
    first = await world.chat(world.ann, world.bob)
    again = await world.chat(world.bob, world.ann)
    assert again.id == first.id
    assert first.conversation.kind is ConversationKind.CHAT
    assert [person.name for person, _ in first.people] == ["Ann", "Bob"]


async def test_two_people_who_start_at_once_have_one_chat(world: World) -> None:
    pairs = [(world.ann, world.bob), (world.bob, world.ann)] * 5
    started = await asyncio.gather(*(world.chat(one, other) for one, other in pairs))
    assert len({one.id for one in started}) == 1
    assert [kind for kind, _ in world.events(started[0].id)] == ["conversation.created"]


async def test_a_group_is_made_anew_each_time(world: World) -> None:
    first = await world.chat(world.ann, world.bob, world.cem)
    second = await world.chat(world.ann, world.bob, world.cem)
    assert first.id != second.id


async def test_a_chat_is_found_by_extension_too(world: World) -> None:
    first = await world.chat(world.ann, world.bob)
    by_extension = await world.start(world.ann, StartConversation(to=(Target(extension="102"),)))
    assert by_extension.id == first.id


async def test_what_is_said_is_heard_by_the_others_alone(world: World) -> None:
    chat = await world.chat(world.ann, world.bob)
    said = await world.say(world.ann, chat.id, "Hello Bob")
    assert (said.direction, said.user_id, said.number) == (Direction.INTERNAL, world.ann.user_id, "")
    assert await world.heard(world.bob, chat.id) == ["Hello Bob"]
    for other in (world.cem, world.manager, world.managing_dea, world.outsider, SYSTEM):
        for attempt in (
            world.conversations.get(other, chat.id),
            world.conversations.history.messages(other, chat.id),
            world.conversations.history.timeline(other, chat.id),
            world.conversations.history.message(other, said.id),
        ):
            with pytest.raises(NotFound):
                await attempt
        with pytest.raises(EngineError) as refused:
            await world.say(other, chat.id, "Me too")
        assert refused.value.code in ("not_found", "invalid_request")  # a server names nobody
    created = [event for event in world.published if event.subject == said.id]
    assert [event.type for event in created] == ["message.created"]
    assert is_private(created[0].user_ids)
    assert set(created[0].user_ids[1:]) == {world.ann.user_id, world.bob.user_id}
    assert "Hello" not in str(created[0].data)


async def test_nobody_sees_an_empty_chat_but_who_made_it(world: World) -> None:
    chat = await world.chat(world.ann, world.bob)
    assert await world.ids(world.ann) == [chat.id]
    assert await world.ids(world.bob) == []
    await world.say(world.ann, chat.id, "Hello")
    assert await world.ids(world.bob) == [chat.id]


async def test_an_author_has_read_what_they_said(world: World) -> None:
    chat = await world.chat(world.ann, world.bob)
    await world.say(world.ann, chat.id, "One")
    await world.say(world.ann, chat.id, "Two")
    assert await world.unread(world.ann, chat.id) == 0
    assert await world.unread(world.bob, chat.id) == 2
    await world.say(world.bob, chat.id, "Three")
    assert await world.unread(world.bob, chat.id) == 0
    assert await world.unread(world.ann, chat.id) == 1


async def test_reading_goes_forward_only(world: World) -> None:
    chat = await world.chat(world.ann, world.bob)
    said = [await world.say(world.ann, chat.id, str(number)) for number in range(4)]
    assert (await world.conversations.read(world.bob, chat.id, said[1].id)).unread == 2
    assert (await world.conversations.read(world.bob, chat.id, said[0].id)).unread == 2
    seen = await world.conversations.read(world.bob, chat.id, None)
    assert (seen.unread, seen.mine and seen.mine.read_through) == (0, said[3].id)
    by_ann = await world.conversations.get(world.ann, chat.id)
    assert {person.name: side.read_through for person, side in by_ann.people}["Bob"] == said[3].id
    read = [event for event in world.published if event.type == "conversation.read"]
    assert [event.data["unread"] for event in read] == [2, 0]
    assert all(set(event.user_ids[1:]) == {world.ann.user_id, world.bob.user_id} for event in read)


async def test_a_position_beyond_the_end_is_the_end(world: World) -> None:
    chat = await world.chat(world.ann, world.bob)
    await world.say(world.ann, chat.id, "One")
    await world.conversations.read(world.bob, chat.id, "msg_" + "f" * 32)
    await world.say(world.ann, chat.id, "Two")
    assert await world.unread(world.bob, chat.id) == 1


async def test_unread_is_a_mark_until_it_is_read(world: World) -> None:
    chat = await world.chat(world.ann, world.bob)
    await world.say(world.ann, chat.id, "One")
    await world.conversations.read(world.bob, chat.id, None)
    marked = await world.conversations.mark_unread(world.bob, chat.id)
    assert (marked.unread, marked.mine and marked.mine.marked_unread) == (0, True)
    assert await world.ids(world.bob, unread=True) == [chat.id]
    assert (await world.conversations.unread_totals(world.bob)).chats == 1
    seen = await world.conversations.read(world.bob, chat.id, None)
    assert seen.mine is not None
    assert not seen.mine.marked_unread
    assert await world.ids(world.bob, unread=True) == []


async def test_the_same_client_id_says_it_once_for_ever(world: World) -> None:
    chat, other = await world.chat(world.ann, world.bob), await world.chat(world.ann, world.cem)
    first = await world.say(world.ann, chat.id, "Hello", client_id="c1")
    twins = await asyncio.gather(
        *(world.say(world.ann, chat.id, "Hello", client_id="c1") for _ in range(5)),
        *(world.say(world.ann, chat.id, "New", client_id="c2") for _ in range(5)),
    )
    assert {one.id for one in twins[:5]} == {first.id}
    assert len({one.id for one in twins[5:]}) == 1
    assert await world.heard(world.bob, chat.id) == ["Hello", "New"]
    for thread_id, text in ((chat.id, "Other"), (other.id, "Hello")):
        with pytest.raises(Conflict) as refused:
            await world.say(world.ann, thread_id, text, client_id="c1")
        assert refused.value.code == "client_id_reused"
    theirs = await world.say(world.bob, chat.id, "Hello", client_id="c1")
    assert theirs.id != first.id


async def test_a_repeated_request_gets_the_first_answer(world: World) -> None:
    chat = await world.chat(world.ann, world.bob)
    claim = Claim("tok POST /say", "key-1", "0" * 64)

    def rendered(message: Message) -> tuple[int, str]:
        return 202, f'"{message.id}"'

    async def ask() -> Message | Replayed:
        return await world.conversations.say(world.ann, chat.id, Say(text="Once"), claim, rendered)

    answers = await asyncio.gather(*(ask() for _ in range(5)))
    fresh = [one for one in answers if isinstance(one, Message)]
    assert len(fresh) == 1
    assert {one.body for one in answers if isinstance(one, Replayed)} == {f'"{fresh[0].id}"'}
    assert await world.heard(world.bob, chat.id) == ["Once"]
    with pytest.raises(Conflict) as refused:
        await world.conversations.say(
            world.ann, chat.id, Say(text="Twice"), replace(claim, fingerprint="1" * 64), rendered
        )
    assert refused.value.code == "idempotency_mismatch"


async def test_a_repeated_start_gets_the_first_answer(world: World) -> None:
    claim = Claim("tok POST /v1/conversations", "key-1", "0" * 64)
    wanted = StartConversation(to=(Target(user_id=world.bob.user_id), Target(user_id=world.cem.user_id)))

    def rendered(seen: ThreadView, new: bool) -> tuple[int, str]:
        return 201 if new else 200, f'"{seen.id}"'

    answers = await asyncio.gather(
        *(world.conversations.start(world.ann, wanted, claim, rendered) for _ in range(4))
    )
    assert sum(isinstance(one, Replayed) for one in answers) == 3
    assert len(await world.list(world.ann)) == 1


async def test_messages_of_one_millisecond_stand_in_the_order_they_were_said(world: World) -> None:
    chat = await world.chat(world.ann, world.bob)
    words = [str(number) for number in range(60)]
    await asyncio.gather(*(world.say(world.ann, chat.id, word) for word in words))
    assert await world.heard(world.bob, chat.id) == words[10:]  # a page of 50
    assert await world.unread(world.bob, chat.id) == 60


async def test_a_reply_names_a_message_of_its_chat(world: World) -> None:
    chat, other = await world.chat(world.ann, world.bob), await world.chat(world.ann, world.cem)
    asked = await world.say(world.ann, chat.id, "When?")
    answered = await world.say(world.bob, chat.id, "Now", reply_to=asked.id)
    assert answered.reply_to == asked.id
    with pytest.raises(InvalidRequest) as refused:
        await world.say(world.ann, other.id, "Now", reply_to=asked.id)
    assert refused.value.field == "/reply_to"


@pytest.mark.parametrize(
    ("say", "code"),
    [
        (Say(text="  \n"), "text_empty"),
        (Say(text="x" * 10_001), "text_too_long"),
        (Say(text="half \ud83d"), "text_invalid"),
        (Say(text="nul \0"), "text_invalid"),
        (Say(text="x", validity_s=60), "invalid_request"),
        (Say(text="x", client_id=""), "invalid_request"),
    ],
)
async def test_what_cannot_be_said_is_refused_with_its_reason(world: World, say: Say, code: str) -> None:
    chat = await world.chat(world.ann, world.bob)
    with pytest.raises(InvalidRequest) as refused:
        await world.conversations.say(world.ann, chat.id, say)
    assert refused.value.code == code
    assert await world.heard(world.bob, chat.id) == []


async def test_hostile_text_comes_back_as_it_was(world: World) -> None:
    chat = await world.chat(world.ann, world.bob)
    nasty = "<script>alert(1)</script>\r\nX: y\n=cmd()|'/c'!A1 \u202e \U0001f468\u200d\U0001f469"
    await world.say(world.ann, chat.id, nasty)
    assert await world.heard(world.bob, chat.id) == [nasty]


@pytest.mark.parametrize(
    ("to", "code"),
    [
        ((), "invalid_request"),
        ((Target(),), "invalid_request"),
        ((Target(extension="102", number=PEER),), "invalid_request"),
        ((Target(extension="999"),), "no_such_extension"),
        ((Target(user_id="usr_" + "0" * 32),), "not_found"),
        ((Target(user_id="nonsense"),), "not_found"),
        ((Target(contact_id="cont_" + "0" * 32),), "not_found"),
        ((Target(extension="101"),), "invalid_request"),  # oneself
        ((Target(number="12"),), "invalid_number"),
        ((Target(extension="102"), Target(number=PEER)), "mixed_conversation"),
    ],
)
async def test_a_start_that_makes_no_sense_is_refused_with_its_reason(
    world: World, to: tuple[Target, ...], code: str
) -> None:
    wanted = StartConversation(to=to)
    for attempt in (world.conversations.start, world.conversations.explain):
        with pytest.raises(EngineError) as refused:
            await attempt(world.ann, wanted)
        assert refused.value.code == code
    assert await world.list(world.ann) == []


async def test_nobody_starts_a_chat_with_another_domain_or_a_disabled_user(world: World) -> None:
    with pytest.raises(NotFound):
        await world.start(world.ann, StartConversation(to=(Target(user_id=world.stranger.id),)))
    await world.accounts.users.update(SYSTEM, world.people[3].id, UpdateUser(enabled=False))
    with pytest.raises(Conflict) as refused:
        await world.chat(world.ann, world.dea)
    assert refused.value.code == "user_disabled"


async def test_a_server_starts_and_speaks_for_a_user_it_names(world: World) -> None:
    to = (Target(user_id=world.bob.user_id),)
    with pytest.raises(InvalidRequest):
        await world.start(world.manager, StartConversation(to=to))
    chat = await world.start(world.manager, StartConversation(to=to, user_id=world.ann.user_id))
    await world.say(world.manager, chat.id, "By the server", user_id=world.people[0].id)
    assert await world.heard(world.bob, chat.id) == ["By the server"]
    with pytest.raises(NotFound):
        await world.say(world.manager, chat.id, "As Cem", user_id=world.people[2].id)
    elsewhere = replace(world.manager, domain_id=world.next_door.id)
    with pytest.raises(NotFound):
        await world.say(elsewhere, chat.id, "From next door", user_id=world.people[0].id)
    with pytest.raises(EngineError) as refused:
        await world.say(world.bob, chat.id, "As Ann", user_id=world.people[0].id)
    assert refused.value.code == "forbidden"


async def test_muting_is_ones_own(world: World) -> None:
    chat = await world.chat(world.ann, world.bob)
    until = world.clock.ms + 60_000
    assert (await world.conversations.mute(world.bob, chat.id, until)).muted
    assert not (await world.conversations.get(world.ann, chat.id)).muted
    world.clock.ms = until
    assert not (await world.conversations.get(world.bob, chat.id)).muted
    assert (await world.conversations.mute(world.bob, chat.id, FOR_EVER)).muted
    assert not (await world.conversations.mute(world.bob, chat.id, None)).muted
    told = [users for kind, users in world.events(chat.id) if kind == "conversation.updated"]
    assert told == [("!", world.bob.user_id)] * 3


async def test_deleting_hides_until_something_new_and_restoring_brings_all_back(world: World) -> None:
    chat = await world.chat(world.ann, world.bob)
    await world.say(world.ann, chat.id, "Old")
    deleted = await world.conversations.delete(world.bob, chat.id)
    assert (deleted.deleted, deleted.last, deleted.unread) == (True, None, 0)
    assert await world.ids(world.bob) == []
    assert await world.ids(world.bob, deleted=True) == [chat.id]
    assert await world.heard(world.bob, chat.id) == []
    assert await world.ids(world.ann) == [chat.id]
    assert await world.heard(world.ann, chat.id) == ["Old"]

    await world.say(world.ann, chat.id, "New")
    assert await world.ids(world.bob) == [chat.id]
    assert await world.heard(world.bob, chat.id) == ["New"]
    assert await world.unread(world.bob, chat.id) == 1
    await world.conversations.restore(world.bob, chat.id)
    assert await world.heard(world.bob, chat.id) == ["Old", "New"]


async def test_an_empty_chat_can_be_deleted(world: World) -> None:
    chat = await world.chat(world.ann, world.bob)
    assert (await world.conversations.delete(world.ann, chat.id)).deleted
    assert await world.ids(world.ann) == []
    await world.say(world.bob, chat.id, "Hello")
    assert await world.ids(world.ann) == [chat.id]


async def test_a_page_continues_where_the_one_before_ended(world: World) -> None:
    chat = await world.chat(world.ann, world.bob)
    for number in range(7):
        await world.say(world.ann, chat.id, str(number))
    seen: list[str] = []
    cursor = None
    while True:
        page = await world.conversations.history.timeline(world.bob, chat.id, PageRequest(3, cursor))
        seen += [one.item.text if isinstance(one.item, Message) else one.type for one in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
        await world.say(world.ann, chat.id, "meanwhile")
    assert seen == ["6", "5", "4", "3", "2", "1", "0", "notice"]
    for cursor in ("x", "1.2", "9" * 20 + "." + "0" * 32, "1." + "g" * 32):
        with pytest.raises(InvalidRequest) as refused:
            await world.conversations.history.timeline(world.bob, chat.id, PageRequest(3, cursor))
        assert refused.value.code == "invalid_cursor"


async def test_typing_is_told_to_the_others_and_not_too_often(world: World) -> None:
    chat = await world.chat(world.ann, world.bob, world.cem)
    await world.conversations.typing(world.ann, chat.id)
    await world.conversations.typing(world.ann, chat.id)
    others = tuple(sorted((world.people[1].id, world.people[2].id)))
    data = {"conversation_id": chat.id, "user_id": world.ann.user_id}
    assert world.announcements.frames == [(world.domain.id, "typing", data, others)]
    with pytest.raises(NotFound):
        await world.conversations.typing(world.dea, chat.id)

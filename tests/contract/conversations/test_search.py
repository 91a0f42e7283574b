"""What is found, by whom, and what never is; on both databases."""

from __future__ import annotations

import pytest

from engine.accounts.models import PageRequest, Principal, Scope
from engine.conversations.models import AddMembers, ConversationKind, Target
from engine.conversations.search import Found, Search
from engine.errors import InvalidRequest, NotFound
from engine.storage.search import SearchIndex, SqlSearch
from tests.contract.conversations.world import PEER, STRANGER, World


class Looking:
    """Asks after everything has been indexed."""

    def __init__(self, world: World) -> None:
        self._index = SearchIndex(world.database)
        self.search = Search(SqlSearch(world.database))

    async def find(self, who: Principal, question: str, **more: object) -> Found:
        await self._index.catch_up()
        return await self.search.find(who, question, **more)  # type: ignore[arg-type]

    async def texts(self, who: Principal, question: str, **more: object) -> list[str]:
        return [one.text for one in (await self.find(who, question, **more)).messages.items]


@pytest.fixture
def look(world: World) -> Looking:
    return Looking(world)


def manager(world: World) -> Principal:
    return Principal("key", "key_1", world.domain.id, None, Scope.OFFICE_MANAGER)


def next_door(world: World) -> Principal:
    return Principal("key", "key_2", world.next_door.id, None, Scope.OFFICE_MANAGER)


async def test_all_words_have_to_be_there_and_the_last_may_be_a_beginning(
    world: World, look: Looking
) -> None:
    chat = (await world.chat(world.ann, world.bob)).conversation.id
    for text in ("The quick brown fox", "A quick fix", "Grüße aus München", "nothing of it"):
        await world.say(world.ann, chat, text)
    assert await look.texts(world.bob, "quick") == ["A quick fix", "The quick brown fox"]
    assert await look.texts(world.bob, "FOX quick") == ["The quick brown fox"]
    assert await look.texts(world.bob, "qui") == ["A quick fix", "The quick brown fox"]
    assert await look.texts(world.bob, "qui ") == []
    assert await look.texts(world.bob, "quick fo") == ["The quick brown fox"]
    assert await look.texts(world.bob, "munchen gruss") == ["Grüße aus München"]
    assert await look.texts(world.bob, "f") == []


async def test_a_chat_is_searched_by_its_people_alone(world: World, look: Looking) -> None:
    chat = (await world.chat(world.ann, world.bob)).conversation.id
    await world.say(world.ann, chat, "the secret plan")
    for who in (world.ann, world.bob):
        assert await look.texts(who, "secret") == ["the secret plan"]
    for stranger in (world.cem, manager(world), next_door(world)):
        assert await look.texts(stranger, "secret") == []
    with pytest.raises(NotFound):
        await look.find(world.cem, "secret", conversation_id=chat)


async def test_texts_are_searched_by_those_of_the_number_and_by_managers(world: World, look: Looking) -> None:
    await world.receive("invoice 4711", to=world.shared.e164)
    await world.receive("invoice 4712", to=world.own.e164)
    assert await look.texts(world.ann, "invoice") == ["invoice 4711"]
    assert await look.texts(world.bob, "invoice") == ["invoice 4712", "invoice 4711"]
    assert await look.texts(world.cem, "invoice") == []
    assert await look.texts(manager(world), "invoice") == ["invoice 4712", "invoice 4711"]
    assert await look.texts(next_door(world), "invoice") == []
    with pytest.raises(NotFound):
        await look.find(next_door(world), "invoice", domain_id=world.domain.id)


async def test_a_question_can_be_narrowed(world: World, look: Looking) -> None:
    chat = (await world.chat(world.ann, world.bob)).conversation.id
    await world.say(world.ann, chat, "lunch in a chat")
    one = await world.receive("lunch by text", source=PEER)
    await world.receive("lunch of another", source=STRANGER)
    assert len(await look.texts(world.ann, "lunch")) == 3
    assert await look.texts(world.ann, "lunch", kind=ConversationKind.CHAT) == ["lunch in a chat"]
    assert await look.texts(world.ann, "lunch", conversation_id=one.conversation_id) == ["lunch by text"]
    assert len(await look.texts(world.ann, "lunch", kind=ConversationKind.SMS)) == 2


async def test_who_comes_later_finds_what_they_may_see(world: World, look: Looking) -> None:
    chat = (await world.chat(world.ann, world.bob, world.cem)).conversation.id
    await world.say(world.ann, chat, "budget before")
    assert len(await look.texts(world.ann, "budget")) == 1
    await world.add(world.ann, chat, world.dea)
    await world.say(world.ann, chat, "budget after")
    assert await look.texts(world.dea, "budget") == ["budget after"]
    other = (await world.chat(world.ann, world.bob, world.cem)).conversation.id
    await world.say(world.ann, other, "recipe")
    assert await look.texts(world.dea, "recipe") == []
    wanted = AddMembers(to=(Target(user_id=world.dea.user_id),), share_history=True)
    await world.conversations.add(world.ann, other, wanted)
    assert await look.texts(world.dea, "recipe") == ["recipe"]


async def test_who_left_or_deleted_finds_it_no_more(world: World, look: Looking) -> None:
    chat = (await world.chat(world.ann, world.bob, world.cem)).conversation.id
    await world.say(world.ann, chat, "holiday photos")
    await world.conversations.leave(world.cem, chat)
    assert await look.texts(world.cem, "holiday") == []
    await world.conversations.delete(world.bob, chat)
    assert await look.texts(world.bob, "holiday") == []
    assert await look.texts(world.ann, "holiday") == ["holiday photos"]
    await world.conversations.restore(world.bob, chat)
    assert await look.texts(world.bob, "holiday") == ["holiday photos"]


async def test_threads_are_found_by_name(world: World, look: Looking) -> None:
    chat = (await world.chat(world.ann, world.bob, world.cem, name="Projekt Übermorgen")).conversation.id
    found = await look.find(world.bob, "uber")
    assert [one.id for one in found.threads] == [chat]
    assert [one.id for one in (await look.find(world.dea, "uber")).threads] == []
    assert [one.id for one in (await look.find(manager(world), "projekt")).threads] == []


async def test_pages_hold_each_hit_once(world: World, look: Looking) -> None:
    chat = (await world.chat(world.ann, world.bob)).conversation.id
    for number in range(23):
        await world.say(world.ann, chat, f"page {number}")
    seen: list[str] = []
    cursor: str | None = None
    while True:
        found = await look.find(world.bob, "page", page=PageRequest(5, cursor))
        seen += [one.text for one in found.messages.items]
        cursor = found.messages.next_cursor
        if cursor is None:
            break
    assert seen == [f"page {number}" for number in reversed(range(23))]


@pytest.mark.parametrize(
    "question", ["", "  ", "!!!", "a b c d e f g h i j k l m", "x" * 201, "\\' \\\\", '"']
)
async def test_a_question_without_words_is_refused(world: World, look: Looking, question: str) -> None:
    with pytest.raises(InvalidRequest):
        await look.find(world.ann, question)


@pytest.mark.parametrize(
    "question",
    [
        'quick" OR "secret',
        "quick* NEAR(secret)",
        "who : u1",
        "words:x ^y",
        "quick AND NOT x",
        "'); DROP TABLE messages;--",
        "a & b | c !d <-> e:*",
        "x\0y",
    ],
)
async def test_no_question_is_a_query_language(world: World, look: Looking, question: str) -> None:
    chat = (await world.chat(world.ann, world.bob)).conversation.id
    await world.say(world.ann, chat, "quick")
    assert (await look.find(world.bob, question)).messages.items == ()


@pytest.mark.parametrize("cursor", ["", "-1", "x", "1.5", "٣", "9" * 19])
async def test_a_cursor_that_is_none_is_refused(world: World, look: Looking, cursor: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        await look.find(world.ann, "quick", page=PageRequest(5, cursor))
    assert refused.value.code == "invalid_cursor"

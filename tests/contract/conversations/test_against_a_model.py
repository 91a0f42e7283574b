"""Random lives of a group chat and of a shared text thread, held against a simple model of them.

The model keeps lists; the engine keeps positions. After each step everybody's view has to be the same.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import pytest

from engine.accounts.models import Principal
from engine.errors import NotFound
from tests.contract.conversations.world import World

STEPS = 60


@dataclass
class Side:
    """What one person has of a thread: texts, oldest first."""

    inside: bool = True
    sees: list[str] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    marked: bool = False
    deleted: bool = False


@dataclass
class Model:
    people: dict[str, Side]

    def said(self, text: str, author: str | None) -> None:
        for user_id, side in self.people.items():
            if side.inside:
                side.sees.append(text)
                side.deleted = False
                if author == user_id:
                    side.unread.clear()
                    side.marked = False
                else:
                    side.unread.append(text)

    def delete(self, user_id: str) -> None:
        side = self.people[user_id]
        side.hidden += side.sees
        side.sees, side.unread, side.marked, side.deleted = [], [], False, True

    def restore(self, user_id: str) -> None:
        side = self.people[user_id]
        side.sees, side.hidden, side.deleted = side.hidden + side.sees, [], False


@pytest.mark.parametrize("seed", range(3))
async def test_a_group_chat_lives_like_its_model(world: World, seed: int) -> None:
    chance = random.Random(seed)
    people = {one.user_id or "": one for one in (world.ann, world.bob, world.cem, world.dea)}
    chat = await world.chat(world.ann, world.bob, world.cem)
    await world.say(world.ann, chat.id, "begin")
    ids = list(people)
    model = Model({user_id: Side() for user_id in ids[:3]})
    model.said("begin", ids[0])
    sent: dict[str, str] = {}
    for step in range(STEPS):
        inside = [one for one, side in model.people.items() if side.inside]
        outside = [one for one in ids if one not in inside]
        user_id = chance.choice(inside)
        who, side = people[user_id], model.people[user_id]
        action = chance.choice(("say", "say", "say", "read", "some", "mark", "delete", "add", "leave"))
        if action == "say":
            said = await world.say(who, chat.id, f"{step}")
            sent[said.text] = said.id
            model.said(said.text, user_id)
        elif action == "read":
            await world.conversations.read(who, chat.id, None)
            side.unread.clear()
            side.marked = False
        elif action == "some" and side.unread and side.unread[0] in sent:
            await world.conversations.read(who, chat.id, sent[side.unread[0]])
            del side.unread[0]
            side.marked = False
        elif action == "mark":
            await world.conversations.mark_unread(who, chat.id)
            side.marked = True
        elif action == "delete":
            await world.conversations.read(who, chat.id, None)
            side.unread.clear()
            side.marked = False
            await world.conversations.delete(who, chat.id)
            model.delete(user_id)
            if chance.random() < 0.5:
                await world.conversations.restore(who, chat.id)
                model.restore(user_id)
        elif action == "add" and outside:
            other = chance.choice(outside)
            await world.add(who, chat.id, people[other])
            model.people[other] = Side()
        elif action == "leave" and len(inside) > 2:
            other = chance.choice(inside)
            if other == user_id:
                await world.conversations.leave(who, chat.id)
            else:
                await world.conversations.remove_user(who, chat.id, other)
            model.people[other] = Side(inside=False)
        if step % 4 == 0:
            await agree(world, chat.id, model, people)
    await agree(world, chat.id, model, people)


async def agree(world: World, thread_id: str, model: Model, people: dict[str, Principal]) -> None:
    for user_id, side in model.people.items():
        who = people[user_id]
        if not side.inside:
            with pytest.raises(NotFound):
                await world.conversations.get(who, thread_id)
            assert await world.ids(who) == []
            continue
        seen = await world.conversations.get(who, thread_id)
        assert seen.mine is not None
        heard = await world.heard(who, thread_id)
        assert heard == side.sees[-50:], user_id
        assert (seen.unread, seen.mine.marked_unread, seen.deleted) == (
            len(side.unread),
            side.marked,
            side.deleted,
        ), user_id
        assert await world.ids(who) == ([] if side.deleted else [thread_id])
        totals = await world.conversations.unread_totals(who)
        assert (totals.messages, totals.conversations) == (
            len(side.unread),
            int(bool(side.unread) or side.marked),
        )


@pytest.mark.parametrize("seed", range(2))
async def test_a_shared_thread_of_texts_lives_like_its_model(world: World, seed: int) -> None:
    chance = random.Random(seed)
    people = {one.user_id or "": one for one in (world.ann, world.bob)}
    first = await world.receive("begin")
    thread_id = first.conversation_id or ""
    model = Model({user_id: Side() for user_id in people})
    model.said("begin", None)
    for step in range(STEPS):
        user_id = chance.choice(list(people))
        who, side = people[user_id], model.people[user_id]
        action = chance.choice(("in", "in", "out", "read", "mark", "delete", "restore"))
        if action == "in":
            model.said((await world.receive(f"{step}")).text, None)
        elif action == "out":
            await world.say(who, thread_id, f"{step}")
            for one in model.people.values():  # no news to anybody, but it brings the thread back
                one.sees.append(f"{step}")
                one.deleted = False
        elif action == "read":
            await world.conversations.read(who, thread_id, None)
            side.unread.clear()
            side.marked = False
        elif action == "mark":
            await world.conversations.mark_unread(who, thread_id)
            side.marked = True
        elif action == "delete":
            await world.conversations.read(who, thread_id, None)
            await world.conversations.delete(who, thread_id)
            model.delete(user_id)
        elif action == "restore":
            await world.conversations.restore(who, thread_id)
            model.restore(user_id)
        if step % 4 == 0:
            await agree(world, thread_id, model, people)
    await agree(world, thread_id, model, people)

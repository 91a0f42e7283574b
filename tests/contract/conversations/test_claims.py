"""Shared numbers: who has a thread, who may take it, and when it is done, on both databases."""

from __future__ import annotations

import asyncio

import pytest

from engine.accounts.models import SYSTEM, UpdateDomain, UpdateNumber, UpdateUser
from engine.conversations.claims import Claims
from engine.conversations.models import ThreadState
from engine.errors import Conflict, EngineError, Forbidden, InvalidRequest, NotFound
from tests.contract.conversations.world import PEER, STRANGER, World


@pytest.fixture
def claims(world: World) -> Claims:
    return world.conversations.claims


async def a_thread(world: World, source: str = PEER) -> str:
    message = await world.receive("Hello", source=source)
    assert message.conversation_id is not None
    return message.conversation_id


async def test_a_thread_is_claimed_and_everybody_sees_by_whom(world: World, claims: Claims) -> None:
    thread_id = await a_thread(world)
    seen = await claims.claim(world.ann, thread_id)
    assert seen.conversation.claimed_by == world.ann.user_id
    assert seen.conversation.claimed_ms == world.clock.ms
    assert (await world.conversations.get(world.bob, thread_id)).conversation.claimed_by == world.ann.user_id
    assert (await world.told(world.bob, thread_id))[-1] == ("notice", "claimed")
    users = tuple(sorted(one.id for one in world.people[:2]))
    assert world.events(thread_id)[-1] == ("conversation.updated", users)
    again = await claims.claim(world.ann, thread_id)
    assert again.conversation.claimed_by == world.ann.user_id
    assert [kind for _, kind in await world.told(world.ann, thread_id)].count("claimed") == 1


async def test_of_two_who_claim_at_once_one_wins(world: World, claims: Claims) -> None:
    thread_id = await a_thread(world)
    results = await asyncio.gather(
        *(claims.claim(who, thread_id) for who in (world.ann, world.bob)), return_exceptions=True
    )
    refused = [one for one in results if isinstance(one, BaseException)]
    assert [getattr(one, "code", one) for one in refused] == ["already_claimed"]
    assert [kind for _, kind in await world.told(world.ann, thread_id)].count("claimed") == 1


async def test_only_who_has_a_thread_lets_go_of_it_or_hands_it_on(world: World, claims: Claims) -> None:
    thread_id = await a_thread(world)
    assert world.ann.user_id is not None
    assert world.bob.user_id is not None
    await claims.claim(world.ann, thread_id)
    for attempt in (
        claims.release(world.bob, thread_id),
        claims.assign(world.bob, thread_id, world.bob.user_id),
        claims.claim(world.bob, thread_id),
    ):
        with pytest.raises(Conflict) as refused:
            await attempt
        assert refused.value.code == "already_claimed"
    seen = await claims.assign(world.ann, thread_id, world.bob.user_id)
    assert seen.conversation.claimed_by == world.bob.user_id
    seen = await claims.release(world.bob, thread_id)
    assert (seen.conversation.claimed_by, seen.conversation.claimed_ms) == (None, None)
    await claims.release(world.bob, thread_id)
    kinds = [kind for _, kind in await world.told(world.ann, thread_id)]
    assert kinds[-3:] == ["claimed", "assigned", "released"]


async def test_a_manager_assigns_and_lets_go_for_anybody(world: World, claims: Claims) -> None:
    thread_id = await a_thread(world)
    assert world.bob.user_id is not None
    await claims.claim(world.ann, thread_id)
    seen = await claims.assign(world.manager, thread_id, world.bob.user_id)
    assert seen.conversation.claimed_by == world.bob.user_id
    assert (await claims.release(world.managing_dea, thread_id)).conversation.claimed_by is None
    with pytest.raises(Forbidden) as refused:  # who cannot answer it does not take it
        await claims.claim(world.managing_dea, thread_id)
    assert refused.value.code == "number_not_assigned"
    with pytest.raises(EngineError) as without_a_user:
        await claims.claim(world.manager, thread_id)
    assert without_a_user.value.code == "no_user"


async def test_a_thread_goes_to_users_of_its_number_alone(world: World, claims: Claims) -> None:
    thread_id = await a_thread(world)
    for user_id in (world.cem.user_id, world.stranger.id, "usr_nobody"):
        assert user_id is not None
        with pytest.raises(InvalidRequest) as refused:
            await claims.assign(world.manager, thread_id, user_id)
        assert refused.value.code == "not_on_number"


async def test_what_somebody_had_who_lost_the_number_is_anybodys(world: World, claims: Claims) -> None:
    thread_id = await a_thread(world)
    await claims.claim(world.ann, thread_id)
    assert world.bob.user_id is not None
    await world.accounts.numbers.update(SYSTEM, world.shared.id, UpdateNumber(user_ids=(world.bob.user_id,)))
    seen = await claims.claim(world.bob, thread_id)
    assert seen.conversation.claimed_by == world.bob.user_id


async def test_a_thread_that_is_done_is_opened_by_the_next_text_and_stays_with_whom_it_was(
    world: World, claims: Claims
) -> None:
    thread_id = await a_thread(world)
    await claims.claim(world.ann, thread_id)
    assert (await claims.done(world.bob, thread_id)).conversation.state is ThreadState.DONE
    await claims.done(world.bob, thread_id)
    assert await a_thread(world) == thread_id
    seen = await world.conversations.get(world.ann, thread_id)
    assert (seen.conversation.state, seen.conversation.claimed_by) == (ThreadState.OPEN, world.ann.user_id)
    kinds = [kind for _, kind in await world.told(world.ann, thread_id)]
    assert [kind for kind in kinds if kind in ("done", "reopened")] == ["done", "reopened"]
    await claims.done(world.ann, thread_id)
    assert (await claims.reopen(world.bob, thread_id)).conversation.state is ThreadState.OPEN


async def test_lists_show_mine_nobodys_open_and_done(world: World, claims: Claims) -> None:
    mine, others, nobodys = [await a_thread(world, source) for source in (PEER, STRANGER, "+33612345679")]
    await claims.claim(world.ann, mine)
    await claims.claim(world.bob, others)
    await claims.done(world.bob, others)
    await world.chat(world.ann, world.bob)
    assert await world.ids(world.ann, claimed_by=world.ann.user_id) == [mine]
    assert await world.ids(world.ann, claimed_by="") == [nobodys]
    assert await world.ids(world.ann, state=ThreadState.DONE) == [others]
    assert set(await world.ids(world.ann, state=ThreadState.OPEN)) == {mine, nobodys}
    assert await world.ids(world.manager, claimed_by=world.bob.user_id) == [others]


async def test_a_chat_is_nobodys_to_claim_and_a_strangers_thread_is_not_there(
    world: World, claims: Claims
) -> None:
    chat = await world.chat(world.ann, world.bob)
    with pytest.raises(Conflict) as refused:
        await claims.claim(world.ann, chat.id)
    assert refused.value.code == "not_an_sms_conversation"
    thread_id = await a_thread(world)
    for who in (world.cem, world.outsider):
        for attempt in (
            claims.claim(who, thread_id),
            claims.release(who, thread_id),
            claims.assign(who, thread_id, who.user_id or ""),
            claims.done(who, thread_id),
            claims.reopen(who, thread_id),
        ):
            with pytest.raises(NotFound):
                await attempt


async def test_who_may_not_text_neither_sees_the_thread_nor_hears_of_it(world: World) -> None:
    thread_id = await a_thread(world)
    ann, bob = world.people[:2]
    await world.accounts.users.update(SYSTEM, ann.id, UpdateUser(sms_enabled=False))
    await world.receive("Anybody there?")
    assert world.published[-1].user_ids == (bob.id,)
    assert await world.ids(world.ann) == []
    with pytest.raises(NotFound):
        await world.conversations.get(world.ann, thread_id)
    with pytest.raises(Forbidden) as refused:
        await world.text(world.ann, STRANGER)
    assert refused.value.code == "sms_disabled_for_user"
    await world.accounts.users.update(SYSTEM, ann.id, UpdateUser(sms_enabled=True))
    assert await world.ids(world.ann) == [thread_id]
    await world.accounts.domains.update(SYSTEM, world.domain.id, UpdateDomain(sms_enabled=False))
    assert await world.ids(world.ann) == []
    assert await world.ids(world.manager) == [thread_id]


async def test_a_thread_shows_who_of_it_wants_no_texts(world: World) -> None:
    group = await world.text(world.ann, PEER, STRANGER)
    await world.say(world.ann, group.id, "Hello")
    await world.receive("STOP", source=STRANGER)
    seen = await world.conversations.get(world.bob, group.id)
    assert seen.stopped == (STRANGER,)
    assert ("notice", "consent_stopped") in await world.told(world.bob, group.id)
    (listed,) = [one for one in await world.list(world.bob) if one.id == group.id]
    assert listed.stopped == (STRANGER,)
    await world.receive("START", source=STRANGER)
    assert (await world.conversations.get(world.bob, group.id)).stopped == ()
    assert ("notice", "consent_restored") in await world.told(world.bob, group.id)

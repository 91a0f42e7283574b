"""Quick replies: one's own and shared ones, on both databases."""

from __future__ import annotations

from collections.abc import Awaitable

import pytest

from engine.accounts.models import Principal
from engine.conversations.quick_replies import MOST, CreateQuickReply, QuickReply
from engine.errors import Conflict, Forbidden, InvalidRequest, NotFound
from engine.events import private_to
from engine.idempotency import Claim, Replayed
from tests.contract.conversations.world import World


async def made(world: World, who: Principal, text: str, **more: object) -> QuickReply:
    reply = await world.quick_replies.create(who, CreateQuickReply(text=text, **more))  # type: ignore[arg-type]
    assert isinstance(reply, QuickReply)
    return reply


async def listed(world: World, who: Principal) -> list[str]:
    return [one.text for one in await world.quick_replies.list(who)]


async def test_ones_own_nobody_else_sees(world: World) -> None:
    mine = await made(world, world.ann, "On my way", title="way")
    assert mine.owner_id == world.ann.user_id
    assert await listed(world, world.ann) == ["On my way"]
    for other in (world.bob, world.managing_dea, world.manager, world.outsider):
        assert await listed(world, other) == []
        hidden: tuple[Awaitable[object], ...] = (
            world.quick_replies.get(other, mine.id),
            world.quick_replies.update(other, mine.id, "Mine", None),
            world.quick_replies.delete(other, mine.id),
        )
        for attempt in hidden:
            with pytest.raises(NotFound):
                await attempt
    (told,) = [event for event in world.published if event.subject == mine.id]
    assert (told.type, told.user_ids) == ("quick_reply.created", private_to((world.ann.user_id or "",)))


async def test_managers_keep_what_everybody_uses(world: World) -> None:
    shared = await made(world, world.managing_dea, "Thank you!", title="thanks", shared=True)
    await made(world, world.ann, "On my way", title="Away")
    assert await listed(world, world.ann) == ["On my way", "Thank you!"]
    assert await listed(world, world.outsider) == []
    for attempt in (
        made(world, world.ann, "Mine", shared=True),
        world.quick_replies.update(world.ann, shared.id, None, "Mine"),
        world.quick_replies.delete(world.ann, shared.id),
    ):
        with pytest.raises(Forbidden) as refused:
            await attempt
        assert refused.value.code == "shared_quick_replies_read_only"
    with pytest.raises(NotFound):
        await world.quick_replies.delete(world.outsider, shared.id)
    world.clock.ms += 1
    changed = await world.quick_replies.update(world.manager, shared.id, None, "Many thanks!")
    assert (changed.title, changed.text, changed.updated_ms) == ("thanks", "Many thanks!", world.clock.ms)
    await world.quick_replies.delete(world.manager, shared.id)
    assert await listed(world, world.ann) == ["On my way"]
    told = [(event.type, event.user_ids) for event in world.published if event.subject == shared.id]
    assert told == [(f"quick_reply.{verb}", ()) for verb in ("created", "updated", "deleted")]


async def test_a_repeated_request_makes_one(world: World) -> None:
    claim = Claim("ann", "k", "f")
    command = CreateQuickReply(text="Once")
    for _ in range(2):
        again = await world.quick_replies.create(world.ann, command, claim, lambda reply: (201, "{}"))
    assert isinstance(again, Replayed)
    assert await listed(world, world.ann) == ["Once"]


async def test_quick_replies_have_limits(world: World) -> None:
    for new in (
        CreateQuickReply(text=" "),
        CreateQuickReply(text="a" * 4_001),
        CreateQuickReply(text="nul\0"),
        CreateQuickReply(text="a", title="t" * 81),
        CreateQuickReply(text="a", title="two\nlines"),
    ):
        with pytest.raises(InvalidRequest):
            await world.quick_replies.create(world.ann, new)
    with pytest.raises(Forbidden):
        await made(world, world.manager, "Whose?", shared=False)
    for place in range(MOST):
        await made(world, world.ann, f"{place}")
    with pytest.raises(Conflict) as full:
        await made(world, world.ann, "One more")
    assert full.value.code == "too_many_quick_replies"
    await made(world, world.bob, "Mine")

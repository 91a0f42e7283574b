"""What is too old goes, in whole days of the domain and in small batches; what is counted of it stays."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from engine.accounts.models import SYSTEM, UpdateDomainSettings
from engine.conversations.models import Say, StartConversation, Target
from engine.idempotency import Claim, Replayed
from engine.messaging.models import SendText
from engine.messaging.ports import AnswerKind
from engine.records.retention import Kept, Removed, Retention
from engine.storage.tables.conversations import conversations
from engine.usage.models import Kind
from tests.contract.messaging.world import PEER
from tests.contract.records.conftest import Records
from tests.contract.records.test_erasing import everything

DAY_MS = 86_400_000
OLD, NEW = "elderberry", "newberry"


async def keep(world: Records, **days: int) -> None:
    settings = UpdateDomainSettings(**days)  # type: ignore[arg-type]
    await world.accounts.preferences.change_domain(SYSTEM, world.texts.domain.id, settings)


async def something_of_everything(world: Records, words: str, peer: str) -> None:
    texts = world.texts
    await texts.receive(f"in {words}", source=peer, session=words)
    request = SendText(from_number="+4930100001", to=(peer,), text=f"out {words}")
    claim = Claim(f"{texts.manager.credential_id} POST /v1/messages", words, "f")
    said = await texts.messaging.send(
        texts.manager, request, claim, lambda m: (202, f'"{texts.domain.id} {m.text}"')
    )
    assert not isinstance(said, Replayed)
    await texts.answer(texts.carrier.jobs[-1], AnswerKind.ACCEPTED, words)
    await texts.receipt(words, source=peer, quote=words)
    chat = await texts.conversations.start(
        texts.user(0), StartConversation(to=(Target(user_id=texts.users[1].id),))
    )
    assert not isinstance(chat, Replayed)
    await texts.conversations.say(texts.user(0), chat[0].conversation.id, Say(text=f"chat {words}"))
    await texts.conversations.drafts.save(texts.user(1), chat[0].conversation.id, f"draft {words}", None)
    await world.a_call(0, peer, words)
    await world.index()


async def where(world: Records, needle: str) -> list[str]:
    return [name for name, rows in (await everything(world.texts.database)).items() if needle in rows]


async def test_what_is_too_old_goes_and_the_rest_stays(world: Records) -> None:
    texts = world.texts
    await something_of_everything(world, OLD, "+493011112222")
    texts.clock.ms += 3 * DAY_MS
    await something_of_everything(world, NEW, PEER)
    await keep(world, keep_messages_days=2)
    counts = [(await world.usage.report(texts.manager, kind)).rows for kind in Kind]
    gone = await world.retention.run()
    assert gone["messages"] == 3
    assert gone["threads"] == 1
    assert await where(world, "+493011112222") == ["call_log"]
    assert await where(world, OLD) == ["call_log"]
    assert "messages" in await where(world, NEW)
    await keep(world, keep_calls_days=2)
    assert (await world.retention.run())["call_log"] == 1
    assert await where(world, OLD) == []
    assert "call_log" in await where(world, NEW)
    assert [(await world.usage.report(texts.manager, kind)).rows for kind in Kind] == counts
    assert not any((await world.retention.run()).values())


async def test_days_are_whole_ones_of_the_domain(world: Records) -> None:
    texts = world.texts
    await keep(world, keep_messages_days=1, time_zone="Asia/Tokyo")
    texts.clock.ms = 1_700_000_000_000 // DAY_MS * DAY_MS + 15 * 3_600_000 - 1  # Tokyo's midnight, nearly
    await texts.receive("yesterday")
    texts.clock.ms += DAY_MS
    await world.retention.run()
    assert await where(world, "yesterday") != []
    texts.clock.ms += 1
    await world.retention.run()
    assert await where(world, "yesterday") == []


async def test_who_chose_nothing_keeps_everything(world: Records) -> None:
    await something_of_everything(world, OLD, PEER)
    before = await where(world, OLD)
    world.texts.clock.ms += 3_000 * DAY_MS
    assert (await world.retention.run())["nobodys"] == 0
    assert await where(world, OLD) == before


async def test_a_text_under_way_waits_for_its_end(world: Records) -> None:
    texts = world.texts
    await texts.send(text=OLD)
    await keep(world, keep_messages_days=1)
    texts.clock.ms += 3 * DAY_MS
    await world.retention.run()
    assert "messages" in await where(world, OLD)
    await texts.answer(texts.carrier.jobs[0], AnswerKind.ACCEPTED, "A1")
    await world.retention.run()
    assert await where(world, OLD) == []


async def test_a_thread_that_lost_its_words_is_shown_without(world: Records) -> None:
    texts = world.texts
    await texts.receive(OLD)
    await keep(world, keep_messages_days=1)
    texts.clock.ms += 3 * DAY_MS
    listed = await texts.conversations.list(texts.user(0))
    (thread,) = [seen.conversation for seen in listed.items]
    await world.retention.run()
    assert (await texts.conversations.list(texts.user(0))).items == ()
    left = await texts.database.read(lambda c: c.execute(sa.select(conversations)).all())
    assert thread.id not in [row.id for row in left]


class Slow:
    """Takes as long as the test says for each thing it removes, and notes how many it was asked to."""

    name, kept = "slow", Kept.MESSAGES

    def __init__(self, left: int, ms_each: float) -> None:
        self.left = left
        self.ms_each = ms_each
        self.asked: list[int] = []

    async def remove_older(self, domain_id: str, before_ms: int, limit: int) -> Removed:
        self.asked.append(limit)
        count = min(limit, self.left)
        self.left -= count
        return Removed(count, count * self.ms_each, more=count == limit)


class OneDomain:
    async def terms(self) -> list[tuple[str, dict[Kept, int]]]:
        return [("dom_1", {Kept.MESSAGES: 1})]


@pytest.mark.parametrize("ms_each", [0.01, 0.2, 1.0, 4.0])
async def test_batches_follow_how_long_they_take(world: Records, ms_each: float) -> None:
    slow = Slow(5_000, ms_each)

    async def nobodys() -> int:
        return 0

    async def tidy() -> None:
        return None

    gone = await Retention(OneDomain(), [slow], nobodys, tidy).run()
    assert gone["slow"] == 5_000
    settled = slow.asked[len(slow.asked) // 2 :]
    assert all(limit * ms_each <= 100 for limit in settled)
    assert max(settled) <= 500

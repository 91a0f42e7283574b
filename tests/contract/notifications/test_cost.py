"""What telling costs: as many statements for many messages as for one, along indexes, and none for nobody."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import sqlalchemy as sa

from engine.conversations.models import ThreadView
from engine.events import Event
from engine.notifications.mailing import position_at
from engine.notifications.models import Level, NotificationSettings, ScreenState, ThreadNotifications
from engine.storage.unread_things import unread_things
from tests.contract.conversations.test_plans import plans_of
from tests.contract.notifications.world import Office, Page


@contextlib.contextmanager
def statements() -> Iterator[list[str]]:
    """What is asked of the database by way of SQLAlchemy while the block runs."""
    asked: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", note)


async def threads(office: Office) -> list[ThreadView]:
    world = office.world
    return [await world.chat(world.ann, world.bob), await world.chat(world.ann, world.bob, world.cem)]


async def test_what_concerns_nobody_who_could_be_told_asks_the_database_nothing(office: Office) -> None:
    world = office.world
    (chat, _) = await threads(office)
    await office.hear()
    await world.say(world.bob, chat.id, "hello")
    with statements() as asked:
        await office.hear()
    assert asked == []


async def test_many_messages_cost_the_statements_of_one(office: Office) -> None:
    world = office.world
    chats = await threads(office)
    page = Page()
    screen = office.telling.open(world.ann, page.show)
    screen.report(ScreenState.ACTIVE, None)
    await office.preferences.set_thread(world.ann, chats[1].id, ThreadNotifications(Level.MENTIONS))
    for chat in chats:
        await world.say(world.bob, chat.id, "@Ann")
    await office.hear()
    counts = []
    for messages in (1, 25):
        for chat in chats:
            for _ in range(messages):
                await world.say(world.bob, chat.id, "@Ann, hello")
        with statements() as asked:
            await office.hear()
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 5
    shown = {data["tag"]: data["count"] for data in page.notified()}
    assert shown == {chat.id: 25 for chat in chats}


async def test_a_mail_is_made_up_along_indexes(office: Office) -> None:
    world = office.world
    if world.database.kind != "sqlite":
        return  # the same statements; PostgreSQL plans by what is in its tables
    for chat in await threads(office):
        await world.say(world.bob, chat.id, "hello")
    await world.receive("hello")
    after, through = position_at(0), position_at(world.clock.ms + 1_000)
    settings = NotificationSettings()
    domain_id, user_id = world.domain.id, world.ann.user_id or ""
    plan = await plans_of(
        world, lambda c: unread_things(c, domain_id, user_id, settings, after, through, 10, world.clock.ms)
    )
    for table in ("messages", "conversations", "conversation_members", "call_log", "voicemails", "users"):
        assert f"SCAN {table}" not in plan


async def test_events_that_do_not_fit_any_more_are_made_up_for_from_the_log(office: Office) -> None:
    world = office.world
    (chat, _) = await threads(office)
    await office.address(world.ann, "ann@example.com")
    await office.hear()
    await world.say(world.bob, chat.id, "in the flood")
    flood = [Event(world.domain.id, 0, "user.updated", "usr_" + "0" * 32, {}, 0)] * 20_001
    for event in flood:
        office.telling.hear(event)
    await office.hear()
    await office.mailing.read_log()
    await office.minutes_pass(6)
    (mail,) = office.postman.mails
    assert "in the flood" in mail.text

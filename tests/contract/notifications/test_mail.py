"""Mail about what stays unread: when, how often, and what it says; also after a crash."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from engine.accounts.models import SYSTEM
from engine.conversations.models import FOR_EVER
from engine.errors import OutcomeUnknown, PeerRejected, PeerUnavailable
from engine.ids import new_id
from engine.notifications.models import (
    Level,
    Mail,
    Preview,
    ThreadNotifications,
    UpdateSettings,
    WorkingHours,
)
from engine.notifications.telling import TOLD_BY_MAIL
from engine.presence.models import CallLogEntry, CallResult, Direction
from engine.storage.call_log import SqlCallLog
from tests.contract.conversations.world import PEER
from tests.contract.notifications.world import MINUTE_MS, Office


@pytest.fixture(autouse=True)
async def everybody_reads_mail(office: Office) -> None:
    await office.address(office.world.ann, "ann@example.com")
    await office.address(office.world.bob, "bob@example.com")
    await office.hear()


async def missed_call(office: Office, **more: object) -> None:
    now_ms = office.world.clock.ms
    entry = CallLogEntry(
        **{
            "id": new_id("clog"),
            "domain_id": office.world.domain.id,
            "user_id": office.world.ann.user_id,
            "pbx": "main",
            "linkedid": new_id("pbx"),
            "peer": "+4930123",
            "peer_user_id": None,
            "peer_name": "",
            "direction": Direction.INBOUND,
            "result": CallResult.MISSED,
            "call_id": None,
            "answered": False,
            "started_ms": now_ms - 20_000,
            "answered_ms": None,
            "ended_ms": now_ms,
            "open": False,
            "seen": False,
            **more,
        }  # type: ignore[arg-type]
    )
    await SqlCallLog(office.world.database).save([entry])


async def test_one_mail_tells_everything_that_stayed_unread_and_no_other_comes(office: Office) -> None:
    world = office.world
    chat = await world.chat(world.ann, world.bob)
    group = await world.chat(world.ann, world.bob, world.cem, name="Lunch")
    await world.say(world.bob, chat.id, "are you there?")
    await world.say(world.bob, chat.id, "hello <b>again</b>")
    await world.say(world.cem, group.id, "pizza?")
    text = await world.receive("the parts are in", source=PEER)
    await missed_call(office)
    await office.hear()
    await office.minutes_pass(4.9)
    assert office.postman.mails == []
    await office.minutes_pass(0.2)
    to_ann = [mail for mail in office.postman.mails if mail.to == "ann@example.com"]
    (mail,) = to_ann
    assert mail.name == "Ann"
    assert mail.subject == "Unread: 3 chat messages, 1 text, 1 missed call"
    for words in ("Bob", "are you there?", "Lunch", "Cem", "pizza?", text.text, PEER, "+4930123"):
        assert words in mail.text
        assert words in mail.html
    assert "hello <b>again</b>" in mail.text
    assert "<b>again" not in mail.html
    assert "hello &lt;b&gt;again&lt;/b&gt;" in mail.html
    assert "https://portal.example.com" in mail.text
    before = len(office.postman.mails)
    await office.minutes_pass(600)
    assert len(office.postman.mails) == before
    await world.say(world.bob, chat.id, "one more")
    await office.hear()
    await office.minutes_pass(6)
    (again,) = office.postman.mails[before:]
    assert again.subject == "Unread: 1 chat message"
    assert "one more" in again.text
    assert "are you there?" not in again.text


async def test_what_was_read_or_is_ones_own_or_muted_is_not_told(office: Office) -> None:
    world = office.world
    chat = await world.chat(world.ann, world.bob)
    muted = await world.chat(world.ann, world.bob, world.cem)
    silenced = await world.chat(world.ann, world.bob, world.dea)
    named = await world.chat(world.ann, world.cem, world.dea)
    await world.say(world.ann, chat.id, "mine")
    await world.say(world.bob, chat.id, "read in time")
    await world.conversations.mute(world.ann, muted.id, FOR_EVER)
    await world.say(world.bob, muted.id, "muted")
    none = ThreadNotifications(Level.NONE)
    await office.preferences.set_thread(world.ann, silenced.id, none)
    await office.preferences.set_thread(world.ann, named.id, ThreadNotifications(Level.MENTIONS))
    await world.say(world.bob, silenced.id, "silenced")
    await world.say(world.cem, named.id, "not for you")
    await office.hear()
    await world.conversations.read(world.ann, chat.id, None)
    await office.hear()
    await office.minutes_pass(6)
    assert [mail.to for mail in office.postman.mails if mail.to == "ann@example.com"] == []
    await world.say(world.cem, named.id, "but this is, @Ann!")
    await office.hear()
    await office.minutes_pass(6)
    (mail,) = [mail for mail in office.postman.mails if mail.to == "ann@example.com"]
    assert "but this is, @Ann!" in mail.text
    assert "not for you" not in mail.text


@pytest.mark.parametrize("preview", [Preview.SENDER, Preview.NOTHING])
async def test_a_mail_says_no_more_than_privacy_allows(office: Office, preview: Preview) -> None:
    world = office.world
    await office.preferences.change(world.ann, UpdateSettings(preview=preview))
    chat = await world.chat(world.ann, world.bob)
    await world.say(world.bob, chat.id, "secret")
    await office.hear()
    await office.minutes_pass(6)
    (mail,) = office.postman.mails
    assert "1 chat message" in mail.subject
    for part in (mail.subject, mail.text, mail.html):
        assert "secret" not in part
    assert ("Bob" in mail.text) == ("Bob" in mail.html) == (preview is Preview.SENDER)


async def test_only_what_is_wanted_is_told_and_only_to_an_address(office: Office) -> None:
    world = office.world
    await office.preferences.change(world.ann, UpdateSettings(chats=False, email_after_minutes=1))
    await office.preferences.change(world.bob, UpdateSettings(email=False))
    await office.hear()
    chat = await world.chat(world.ann, world.bob)
    await world.say(world.bob, chat.id, "unwanted")
    await world.say(world.ann, chat.id, "to nobody")
    await missed_call(office)
    await office.hear()
    await office.minutes_pass(1.1)
    (mail,) = office.postman.mails
    assert mail.to == "ann@example.com"
    assert mail.subject == "Unread: 1 missed call"
    await missed_call(office)
    await office.hear()
    await office.address(world.ann, None)
    await office.hear()
    await office.minutes_pass(6)
    assert len(office.postman.mails) == 1


async def test_mail_waits_for_working_hours(office: Office) -> None:
    world = office.world
    now = datetime.fromtimestamp(world.clock.ms / 1000, UTC)
    tomorrow = (now.weekday() + 1) % 7
    day = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")[tomorrow]
    hours = WorkingHours("UTC", (f"{day} 08:00-18:00",))
    await office.preferences.change(world.ann, UpdateSettings(working_hours=hours))
    chat = await world.chat(world.ann, world.bob)
    await world.say(world.bob, chat.id, "tomorrow is early enough")
    await office.hear()
    await office.minutes_pass(6)
    assert office.postman.mails == []
    left = 24 * 60 - (now.hour * 60 + now.minute) + 8 * 60
    await office.minutes_pass(left - 10)
    assert office.postman.mails == []
    await office.minutes_pass(10)
    assert [mail.to for mail in office.postman.mails] == ["ann@example.com"]


async def test_a_link_ends_mails_and_only_the_ones_of_its_user(office: Office) -> None:
    world = office.world
    chat = await world.chat(world.ann, world.bob)
    await world.say(world.bob, chat.id, "hello")
    await office.hear()
    await office.minutes_pass(6)
    (mail,) = office.postman.mails
    assert mail.end_link is not None
    assert mail.end_link in mail.text
    address, _, token = mail.end_link.partition("?token=")
    assert address == "https://phone.example.com/v1/unsubscribe"
    user_id = world.ann.user_id or ""
    assert await office.mailing.user_of(token) == user_id
    forged = token.replace(user_id, world.bob.user_id or "")
    assert not await office.mailing.unsubscribe(forged)
    assert await office.mailing.unsubscribe(token)
    assert not (await office.preferences.get(world.ann)).email
    assert (await office.preferences.get(world.bob)).email
    await office.hear()
    await world.say(world.bob, chat.id, "still there?")
    await office.hear()
    await office.minutes_pass(6)
    assert office.postman.mails == [mail]


async def test_a_server_that_is_away_gets_the_same_mail_later(office: Office) -> None:
    world = office.world
    chat = await world.chat(world.ann, world.bob)
    await world.say(world.bob, chat.id, "hello")
    await office.hear()
    office.postman.failures = [PeerUnavailable("away"), OutcomeUnknown("lost")]
    await office.minutes_pass(6)
    await office.minutes_pass(0.9)
    assert len(office.postman.failures) == 1
    await office.minutes_pass(0.2)
    assert office.postman.failures == []
    await world.say(world.bob, chat.id, "and more")
    await office.hear()
    await office.minutes_pass(2.1)
    (mail,) = office.postman.mails
    assert "hello" in mail.text
    assert "and more" not in mail.text  # the one before may have arrived: this one says what it said
    await office.minutes_pass(6)
    (_, more) = office.postman.mails
    assert more.mail_id != mail.mail_id
    assert "and more" in more.text
    assert "hello" not in more.text


async def test_a_mail_that_is_refused_is_not_tried_again_but_the_next_is(office: Office) -> None:
    world = office.world
    chat = await world.chat(world.ann, world.bob)
    await world.say(world.bob, chat.id, "hello")
    await office.hear()
    office.postman.failures = [PeerRejected("no such mailbox", native={"status": 550})]
    await office.minutes_pass(6)
    await office.minutes_pass(600)
    assert office.postman.mails == []
    await world.say(world.bob, chat.id, "again")
    await office.hear()
    await office.minutes_pass(6)
    (mail,) = office.postman.mails
    assert "again" in mail.text


async def test_a_crash_before_anybody_heard_loses_no_mail(office: Office) -> None:
    world = office.world
    chat = await world.chat(world.ann, world.bob)
    await world.say(world.bob, chat.id, "nobody heard this")
    await missed_call(office)
    await office.dies_and_starts()
    await office.minutes_pass(6)
    (mail,) = office.postman.mails
    assert "nobody heard this" in mail.text
    assert mail.subject == "Unread: 1 chat message, 1 missed call"
    await office.dies_and_starts()
    await office.minutes_pass(600)
    assert office.postman.mails == [mail]


async def test_a_crash_while_a_mail_waits_neither_loses_nor_repeats_it(office: Office) -> None:
    world = office.world
    chat = await world.chat(world.ann, world.bob)
    await world.say(world.bob, chat.id, "hello")
    await office.hear()
    await office.dies_and_starts()
    await world.say(world.bob, chat.id, "hello again")
    await office.hear()
    await office.minutes_pass(6)
    await office.dies_and_starts()
    await office.minutes_pass(6)
    (mail,) = office.postman.mails
    assert mail.subject == "Unread: 2 chat messages"


async def test_a_crash_between_the_server_and_the_note_sends_the_same_mail_again(office: Office) -> None:
    world = office.world
    chat = await world.chat(world.ann, world.bob)
    await world.say(world.bob, chat.id, "hello")
    await office.hear()
    world.clock.ms += 6 * MINUTE_MS
    finish, office.queue.finish = office.queue.finish, _dies  # type: ignore[method-assign]
    with pytest.raises(ConnectionError):
        await office.mailing.send_due()
    office.queue.finish = finish  # type: ignore[method-assign]
    await world.say(world.bob, chat.id, "meanwhile")
    await office.dies_and_starts()
    await office.minutes_pass(0)
    first, second = office.postman.mails
    assert first == second
    await office.minutes_pass(6)
    third = office.postman.mails[2]
    assert third.mail_id != first.mail_id
    assert "meanwhile" in third.text
    assert "hello" not in third.text
    await office.minutes_pass(600)
    assert len(office.postman.mails) == 3


async def _dies(*_: object) -> None:
    raise ConnectionError("the engine is gone")


async def test_a_user_who_is_deleted_takes_everything_along(office: Office) -> None:
    world = office.world
    chat = await world.chat(world.ann, world.bob)
    await world.say(world.bob, chat.id, "hello")
    await office.hear()
    await world.accounts.users.delete(SYSTEM, world.ann.user_id or "")
    await office.hear()
    await office.minutes_pass(6)
    assert office.postman.mails == []
    assert world.ann.user_id not in await office.queue.waiting()


async def test_an_engine_that_stops_finishes_the_mail_it_is_handing_over(office: Office) -> None:
    world = office.world
    chat = await world.chat(world.ann, world.bob)
    await world.say(world.bob, chat.id, "hello")
    await office.hear()
    world.clock.ms += 6 * MINUTE_MS
    taking, go_on = asyncio.Event(), asyncio.Event()
    take = office.postman.send

    async def slowly(mail: Mail) -> None:
        taking.set()
        await go_on.wait()
        await take(mail)

    office.postman.send = slowly  # type: ignore[method-assign]
    sending = asyncio.create_task(office.mailing.send_due())
    await taking.wait()
    sending.cancel()
    asyncio.get_running_loop().call_soon(go_on.set)
    with pytest.raises(asyncio.CancelledError):
        await sending
    await office.dies_and_starts()
    await office.minutes_pass(600)
    assert len(office.postman.mails) == 1


async def test_a_start_reads_no_events_that_were_heard_and_concerned_nobody(office: Office) -> None:
    world = office.world
    chat = await world.chat(world.cem, world.dea)
    await world.say(world.cem, chat.id, "nobody here gets mail")
    await office.hear()
    for _ in range(2):
        await office.mailing.keep_positions()
    assert await office.queue.missed_events(TOLD_BY_MAIL) == []
    await world.say(world.cem, chat.id, "not heard yet")
    await office.mailing.keep_positions()
    assert len(await office.queue.missed_events(TOLD_BY_MAIL)) == 1

"""Chat on desk phones: a real Asterisk with our dialplan, real phones, and the whole engine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from engine.accounts.models import SYSTEM, UpdateDomainSettings, UpdateUserSettings, User
from engine.conversations.models import Say, StartConversation, Target
from engine.idempotency import Replayed
from engine.messaging.models import Message
from engine.simulators.asterisk import PrivateAsterisk
from engine.sip.phones import Phone
from tests.integration.presence.office import Office, an_office, page_of
from tests.peers.asterisk import Shelf

pytestmark = pytest.mark.asterisk

WITHIN_S = 40


@pytest.fixture
async def office(asterisk: PrivateAsterisk, tmp_path: Path) -> AsyncIterator[Office]:
    async with an_office(asterisk, tmp_path, message_secret=asterisk.message_secret) as office:
        yield office


async def switch(office: Office, user: User, *, on: bool = True) -> None:
    preferences = office.engine.services.accounts.preferences
    await preferences.change_domain(SYSTEM, user.domain_id, UpdateDomainSettings(desk_phone_chat=True))
    await preferences.change_user(page_of(user), UpdateUserSettings(desk_phone_chat=on))


async def chat(office: Office, author: User, *others: User) -> str:
    to = tuple(Target(user_id=other.id) for other in others)
    started = await office.engine.services.conversations.start(page_of(author), StartConversation(to=to))
    assert not isinstance(started, Replayed)
    return started[0].conversation.id


async def say(office: Office, author: User, conversation_id: str, text: str) -> Message:
    said = await office.engine.services.conversations.say(page_of(author), conversation_id, Say(text=text))
    assert not isinstance(said, Replayed)
    return said


async def said(office: Office, reader: User, conversation_id: str, count: int) -> list[tuple[str, str]]:
    """Who said what, oldest first, once there is so much."""

    async def look() -> list[tuple[str, str]]:
        page = await office.engine.services.conversations.history.messages(page_of(reader), conversation_id)
        return [(one.user_id or "", one.text) for one in reversed(page.items)]

    found: list[tuple[str, str]] = await office.until(look, lambda rows: len(rows) >= count)
    return found


def shown(phone: Phone) -> list[str]:
    return [str(event.data["text"]) for event in phone.events if event.kind == "message"]


async def test_a_chat_reaches_a_phone_and_is_answered_from_it(office: Office, phones: Shelf) -> None:
    await switch(office, office.anna)
    anna = await phones.take("1001")
    conversation_id = await chat(office, office.bob, office.anna)
    text = 'Gr\u00fc\u00dfe :) lunch at 12:30, (maybe)\nor "later"? ${EPOCH}'
    await say(office, office.bob, conversation_id, text)
    await anna.wait_for("message", within_s=WITHIN_S)
    assert shown(anna) == [f"{office.bob.display_name}: {text}"]

    for nth, answer in enumerate(("Yes :) at 12:30", "a,b;c \\ ${CHANNEL(name)} (x) \u20ac"), start=1):
        await anna.text("1002", answer)
        await anna.wait_for("message_answered", nth=nth, within_s=WITHIN_S)
    rows = await said(office, office.bob, conversation_id, 3)
    assert rows == [
        (office.bob.id, text),
        (office.anna.id, "Yes :) at 12:30"),
        (office.anna.id, "a,b;c \\ ${CHANNEL(name)} (x) \u20ac"),
    ]
    assert len(shown(anna)) == 1  # one's own words do not come back


async def test_an_answer_goes_to_the_chat_the_phone_showed_last(office: Office, phones: Shelf) -> None:
    await switch(office, office.anna)
    await switch(office, office.bob)
    anna, bob = await phones.take("1001"), await phones.take("1002")
    first = await chat(office, office.bob, office.anna)
    await anna.text("1002", "too early")
    await anna.wait_for("message", within_s=WITHIN_S)
    assert shown(anna) == ["Not sent: no chat has reached this phone yet."]

    await say(office, office.bob, first, "one")
    await anna.wait_for("message", nth=2, within_s=WITHIN_S)
    await anna.text("1002", "two")
    await bob.wait_for("message", within_s=WITHIN_S)
    assert shown(bob) == [f"{office.anna.display_name}: two"]
    await bob.text("1001", "three")
    assert [text for _, text in await said(office, office.anna, first, 3)] == ["one", "two", "three"]


async def test_nothing_reaches_a_phone_nobody_wants_it_on(office: Office, phones: Shelf) -> None:
    await switch(office, office.anna)
    await switch(office, office.bob, on=False)
    anna, bob = await phones.take("1001"), await phones.take("1002")
    conversation_id = await chat(office, office.anna, office.bob)
    await say(office, office.anna, conversation_id, "to nobody's phone")
    await bob.text("1001", "from a phone that may not")
    await say(office, office.bob, conversation_id, "to a phone")
    await anna.wait_for("message", within_s=WITHIN_S)
    assert shown(bob) == []
    await office.engine.services.conversations.mute(page_of(office.anna), conversation_id, -1)
    await say(office, office.bob, conversation_id, "not while muted")
    await anna.text("1002", "noted")  # looked at behind it
    await said(office, office.anna, conversation_id, 4)
    await office.engine.services.conversations.mute(page_of(office.anna), conversation_id, None)
    await say(office, office.bob, conversation_id, "again")
    await anna.wait_for("message", nth=2, within_s=WITHIN_S)
    assert shown(anna) == [f"{office.bob.display_name}: {text}" for text in ("to a phone", "again")]
    assert len(await said(office, office.anna, conversation_id, 5)) == 5


async def test_a_user_event_anybody_could_make_says_nothing(
    office: Office, phones: Shelf, asterisk: PrivateAsterisk
) -> None:
    await switch(office, office.anna)
    anna = await phones.take("1001")
    conversation_id = await chat(office, office.bob, office.anna)
    await say(office, office.bob, conversation_id, "hello")
    await anna.wait_for("message", within_s=WITHIN_S)
    # Whoever may originate calls runs our context, with a message of their own on the channel.
    reader, writer = await asyncio.open_connection(asterisk.host, asterisk.ami_port)
    login = f"Action: Login\r\nUsername: {asterisk.ami_username}\r\nSecret: {asterisk.ami_secret}\r\n\r\n"
    forged = (
        "Action: Originate\r\nChannel: Local/102@ringback-messages\r\nContext: ringback-messages\r\n"
        "Exten: 102\r\nPriority: 1\r\nAsync: true\r\nVariable: MESSAGE(from)=<sip:1001@127.0.0.1>\r\n"
        "Variable: MESSAGE(body)=forged\r\nActionID: forged\r\n\r\n"
    )
    writer.write(login.encode() + forged.encode())
    async with asyncio.timeout(WITHIN_S):
        while b"OriginateResponse" not in await reader.readline():
            pass
    writer.close()
    await anna.text("1002", "genuine")
    assert await said(office, office.bob, conversation_id, 2) == [
        (office.bob.id, "hello"),
        (office.anna.id, "genuine"),
    ]

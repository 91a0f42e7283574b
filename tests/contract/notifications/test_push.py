"""Web Push against a receiver that decrypts as browsers do."""

from __future__ import annotations

import asyncio

import pytest

from engine.notifications.models import Preview, Push, PushAnswer, ScreenState, UpdateSettings
from engine.storage.tables.notifications import notification_keys, push_subscriptions
from tests.contract.notifications.world import Office, Page
from tests.peers.push_browser import Browser, signed_by
from tests.peers.receiver import Behaviour, Receiver, Request, a_receiver, answers, hangs_up


def first_then(first: Behaviour, then: Behaviour) -> Behaviour:
    behaviours = iter((first,))

    async def behave(request: Request, writer: asyncio.StreamWriter) -> None:
        await next(behaviours, then)(request, writer)

    return behave


def at(receiver: Receiver, path: str) -> str:
    return receiver.url.removesuffix("/hook") + path


async def test_a_browser_gets_exactly_what_was_said_and_nobody_else_can_read_it(office: Office) -> None:
    world = office.world
    async with a_receiver(answers(201)) as receiver:
        browser = Browser(at(receiver, "/push/secret"))
        await office.subscribe(world.ann, browser)
        chat = await world.chat(world.ann, world.bob)
        said = await world.say(world.bob, chat.id, "Grüße! 🎉")
        await office.hear()
        (request,) = await receiver.until(lambda requests: len(requests) >= 1)
        payload = browser.read(request.body)
        assert {name: payload[name] for name in ("type", "kind", "tag", "subject", "conversation_id")} == {
            "type": "notify",
            "kind": "chat",
            "tag": chat.id,
            "subject": said.id,
            "conversation_id": chat.id,
        }
        assert (payload["title"], payload["preview"], payload["count"]) == ("Bob", "Grüße! 🎉", 1)
        assert request.method == "POST"
        assert request.headers["content-encoding"] == "aes128gcm"
        assert request.headers["ttl"] == "86400"
        assert request.headers["urgency"] == "high"
        topic = request.headers["topic"]
        assert len(topic) == 32
        assert chat.id not in topic
        assert b"Bob" not in request.body
        with pytest.raises(Exception):  # noqa: B017  # whatever the library says
            Browser(browser.endpoint).read(request.body)
        claims, key = signed_by(request.headers["authorization"])
        assert claims["aud"] == at(receiver, "")
        assert claims["sub"] == "mailto:admin@example.com"
        now_s = world.clock.ms / 1000
        assert isinstance(claims["exp"], int)
        assert now_s < claims["exp"] <= now_s + 86_400
        assert key == await office.push_service.public_key()


async def test_the_browser_used_last_is_the_one_and_it_is_told_when_it_was_read(office: Office) -> None:
    world = office.world
    async with a_receiver(answers(201)) as receiver:
        old, new = Browser(at(receiver, "/old")), Browser(at(receiver, "/new"))
        await office.subscribe(world.ann, new)
        await office.subscribe(world.ann, old)
        await office.subscribe(world.ann, new)  # its page is there again
        chat = await world.chat(world.ann, world.bob)
        await world.say(world.bob, chat.id, "hello")
        await office.hear()
        (request,) = await receiver.until(lambda requests: len(requests) >= 1)
        assert request.target == "/new"
        shown = new.read(request.body)
        await office.pushed(world.ann, chat.id)
        await world.conversations.read(world.ann, chat.id, None)
        await office.hear()
        (_, silent) = await receiver.until(lambda requests: len(requests) >= 2)
        assert silent.target == "/new"
        assert silent.headers["topic"] == request.headers["topic"]
        assert new.read(silent.body) == {"type": "notify_withdrawn", "ids": [shown["id"]], "tags": [chat.id]}


@pytest.mark.parametrize("status", [404, 410])
async def test_a_browser_that_is_gone_is_forgotten_and_the_next_is_told(office: Office, status: int) -> None:
    world = office.world
    async with a_receiver(answers(201)) as receiver:
        gone, there = Browser(at(receiver, "/gone")), Browser(at(receiver, "/there"))
        await office.subscribe(world.ann, there)
        await office.subscribe(world.ann, gone)
        receiver.behaviour = first_then(answers(status), answers(201))
        chat = await world.chat(world.ann, world.bob)
        await world.say(world.bob, chat.id, "hello")
        await office.hear()
        first, second = await receiver.until(lambda requests: len(requests) >= 2)
        assert (first.target, second.target) == ("/gone", "/there")
        assert there.read(second.body)["preview"] == "hello"
        left = await office.subscriptions.list(world.ann)
        assert [one.endpoint for one in left] == [there.endpoint]


@pytest.mark.parametrize("trouble", [answers(429, Retry_After="0"), answers(503), hangs_up])
async def test_a_service_in_trouble_is_asked_again(office: Office, trouble: Behaviour) -> None:
    world = office.world
    async with a_receiver(first_then(trouble, answers(201))) as receiver:
        browser = Browser(at(receiver, "/push"))
        await office.subscribe(world.ann, browser)
        chat = await world.chat(world.ann, world.bob)
        await world.say(world.bob, chat.id, "hello")
        await office.hear()
        _, again = await receiver.until(lambda requests: len(requests) >= 2)
        assert browser.read(again.body)["preview"] == "hello"
        assert len(await office.subscriptions.list(world.ann)) == 1


async def test_an_address_within_our_own_network_is_never_asked(office: Office) -> None:
    world = office.world
    inside = Browser("https://10.0.0.1/push")
    kept = await office.subscribe(world.ann, inside)
    outcome = await office.push_service.push(kept, Push(b"{}", 60, "high", "t"))
    assert outcome.answer is PushAnswer.REFUSED


async def test_a_page_comes_before_a_push_and_a_push_after_the_last_page(office: Office) -> None:
    world = office.world
    async with a_receiver(answers(201)) as receiver:
        browser = Browser(at(receiver, "/push"))
        await office.subscribe(world.ann, browser)
        await office.hear()
        chat = await world.chat(world.ann, world.bob)
        page, other = Page(), Page()
        first = office.telling.open(world.ann, page.show)
        first.report(ScreenState.ACTIVE, None)
        second = office.telling.open(world.ann, other.show)
        second.report(ScreenState.IDLE, None)
        await world.say(world.bob, chat.id, "one")
        await office.hear()
        (shown,) = page.notified()
        first.shows(str(shown["id"]))
        world.clock.ms += 10_000
        office.telling.tick()
        assert other.notified() == []
        await world.say(world.bob, chat.id, "two")
        await office.hear()
        world.clock.ms += 3_900
        office.telling.tick()
        assert other.notified() == []
        world.clock.ms += 200
        office.telling.tick()  # the first one did not say that it shows it
        (moved,) = other.notified()
        assert moved["preview"] == "two"
        assert receiver.requests == []
        first.close()
        second.close()
        (request,) = await receiver.until(lambda requests: len(requests) >= 1)
        assert browser.read(request.body)["preview"] == "two"


async def test_pushes_follow_settings(office: Office) -> None:
    world = office.world
    async with a_receiver(answers(201)) as receiver:
        browser = Browser(at(receiver, "/push"))
        await office.subscribe(world.ann, browser)
        await office.preferences.change(world.ann, UpdateSettings(push=False))
        await office.hear()
        chat = await world.chat(world.ann, world.bob)
        await world.say(world.bob, chat.id, "not wanted")
        await office.hear()
        await office.preferences.change(world.ann, UpdateSettings(push=True, preview=Preview.NOTHING))
        await office.hear()
        await world.say(world.bob, chat.id, "wanted")
        await office.hear()
        (request,) = await receiver.until(lambda requests: len(requests) >= 1)
        payload = browser.read(request.body)
        assert (payload["title"], payload["preview"], payload["conversation_id"]) == (None, None, chat.id)


async def test_keys_and_addresses_are_no_plain_text_on_disk(office: Office) -> None:
    world = office.world
    browser = Browser("https://push.example.com/very-secret")
    await office.subscribe(world.ann, browser)
    await office.push_service.public_key()
    tables = (push_subscriptions, notification_keys)
    rows = await office.world.database.read(
        lambda connection: [str(row) for table in tables for row in connection.execute(table.select())]
    )
    assert len(rows) == 2
    for row in rows:
        assert "very-secret" not in row
        assert browser.subscription.auth not in row
    assert "very-secret" not in repr(await office.subscriptions.list(world.ann))

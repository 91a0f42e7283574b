"""Being told, over the API: settings, browsers, what was missed, and the one page that shows things."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.integration.api.test_event_socket import held_back
from tests.integration.api.world import Tenant, World

SOON_S = 20.0
DEFAULTS = {
    "sound": "chime",
    "desktop": True,
    "push": True,
    "email": True,
    "email_after_minutes": 5,
    "email_language": "en",
    "preview": "full",
    "working_hours": None,
    "chats": True,
    "texts": True,
    "voicemails": True,
    "missed_calls": True,
    "email_available": True,
}


@pytest.fixture
async def acme(world: World) -> Tenant:
    return await world.tenant("acme", "+12025550101")


class Page:
    """An open page: says what it is used for and hears what it is to show."""

    def __init__(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        self.ws = ws

    async def frame(self, *types: str) -> dict[str, Any]:
        """The next frame of one of these types; others are passed over."""
        while True:
            message = await self.ws.receive(timeout=SOON_S)
            assert message.type is aiohttp.WSMsgType.TEXT, (message, self.ws.close_code)
            frame: dict[str, Any] = json.loads(message.data)
            if frame["type"] in types:
                return frame

    async def report(self, state: str, conversation_id: str | None = None) -> None:
        await self.ws.send_json({"type": "activity", "state": state, "conversation_id": conversation_id})
        await self.heard()

    async def heard(self) -> None:
        """Return once everything sent before was taken."""
        await self.ws.send_json({"type": "subscribe"})
        await self.frame("subscribed")

    async def nothing_but(self, *types: str) -> list[dict[str, Any]]:
        """Frames of these types until the server has taken a subscribe; what follows comes later."""
        await self.ws.send_json({"type": "subscribe"})
        found = []
        while (frame := await self.frame("subscribed", *types))["type"] != "subscribed":
            found.append(frame)
        return found


@contextlib.asynccontextmanager
async def page(world: World, token: str) -> AsyncIterator[Page]:
    headers = {"Authorization": f"Bearer {token}"}
    async with world.client.session.ws_connect(f"{world.client.base}/v1/events", headers=headers) as ws:
        opened = Page(ws)
        await opened.frame("hello")
        yield opened


async def chat(world: World, acme: Tenant) -> str:
    """A chat of both users; its id."""
    to = {"to": [{"user_id": acme.users[1].id}]}
    made = await world.client.post("/v1/conversations", acme.tokens[0], to)
    assert made.status in (200, 201)
    conversation_id: str = made.body["id"]
    return conversation_id


async def say(world: World, token: str, conversation_id: str, text: str) -> dict[str, Any]:
    said = await world.client.post(f"/v1/conversations/{conversation_id}/messages", token, {"text": text})
    assert said.status == 202
    body: dict[str, Any] = said.body
    return body


def base64url(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def browser(endpoint: str = "https://push.example.com/one") -> dict[str, Any]:
    """What a browser's PushSubscription says of itself."""
    point = ec.generate_private_key(ec.SECP256R1()).public_key()
    octets = point.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    keys = {"p256dh": base64url(octets), "auth": base64url(b"a" * 16)}
    return {"endpoint": endpoint, "expirationTime": None, "keys": keys}


async def test_settings_are_read_and_changed_one_by_one(world: World, acme: Tenant) -> None:
    client, token = world.client, acme.tokens[0]
    assert (await client.get("/v1/me/notifications", token)).body == DEFAULTS
    hours = {"time_zone": "Europe/Berlin", "hours": ["Mon-Fri 08:00-18:00", "Sat 09:00-13:00"]}
    changes = {"sound": "none", "preview": "sender", "email_after_minutes": 30, "working_hours": hours}
    changed = await client.ask("PATCH", "/v1/me/notifications", secret=token, json=changes)
    assert changed.body == DEFAULTS | changes
    always = await client.ask("PATCH", "/v1/me/notifications", secret=token, json={"working_hours": None})
    assert always.body == DEFAULTS | changes | {"working_hours": None}
    assert (await client.get("/v1/me/notifications", acme.tokens[1])).body == DEFAULTS
    assert (await client.get("/v1/me/notifications", acme.manager)).code == "no_user"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"email_after_minutes": 0}, "/email_after_minutes"),
        ({"sound": "siren"}, "/sound"),
        ({"email_language": "tlh"}, "/email_language"),
        (
            {"working_hours": {"time_zone": "Mars/Olympus", "hours": ["Mon 08:00-09:00"]}},
            "/working_hours/time_zone",
        ),
        ({"working_hours": {"time_zone": "UTC", "hours": ["Mon 09:00-08:00"]}}, "/working_hours/hours"),
        ({"working_hours": {"time_zone": "UTC", "hours": []}}, "/working_hours/hours"),
        ({"preview": None}, "/preview"),
    ],
)
async def test_a_setting_nobody_can_have_is_refused(
    world: World, acme: Tenant, change: dict[str, Any], field: str
) -> None:
    answer = await world.client.ask("PATCH", "/v1/me/notifications", secret=acme.tokens[0], json=change)
    assert answer.status == 422
    assert answer.body["field"] == field


async def test_each_conversation_has_its_own(world: World, acme: Tenant) -> None:
    client, token = world.client, acme.tokens[0]
    path = f"/v1/conversations/{await chat(world, acme)}/notifications"
    assert (await client.get(path, token)).body == {"level": "all", "sound": None}
    wanted = {"level": "mentions", "sound": "knock"}
    assert (await client.ask("PUT", path, secret=token, json=wanted)).body == wanted
    assert (await client.get(path, token)).body == wanted
    assert (await client.get(path, acme.tokens[1])).body == {"level": "all", "sound": None}
    texts = f"/v1/conversations/{acme.conversation_id}/notifications"
    assert (await client.ask("PUT", texts, secret=token, json={"level": "none"})).status == 200
    refused = await client.ask("PUT", texts, secret=token, json={"level": "mentions"})
    assert (refused.status, refused.body["field"]) == (422, "/level")


async def test_browsers_come_are_seen_again_and_go(world: World, acme: Tenant) -> None:
    client, (one, other) = world.client, acme.tokens
    mine = browser()
    made = await client.post("/v1/me/push-subscriptions", one, mine)
    assert made.status == 200
    assert made.body["host"] == "push.example.com"
    world.clock.ms += 60_000
    again = await client.post("/v1/me/push-subscriptions", one, mine)
    assert again.body["id"] == made.body["id"]
    assert again.body["used_at"] > made.body["used_at"]
    listed = (await client.get("/v1/me/push-subscriptions", one)).body["items"]
    assert listed == [again.body]
    assert mine["keys"]["auth"] not in json.dumps(listed)
    path = f"/v1/me/push-subscriptions/{made.body['id']}"
    assert (await client.ask("DELETE", path, secret=other)).status == 404
    # Somebody else logs in on the same browser: it is theirs alone from then on.
    await client.post("/v1/me/push-subscriptions", other, mine)
    assert (await client.get("/v1/me/push-subscriptions", one)).body["items"] == []
    (theirs,) = (await client.get("/v1/me/push-subscriptions", other)).body["items"]
    gone = await client.ask("DELETE", f"/v1/me/push-subscriptions/{theirs['id']}", secret=other)
    assert gone.status == 204
    assert (await client.get("/v1/me/push-subscriptions", other)).body["items"] == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"endpoint": "ftp://push.example.com/x"}, "invalid_url"),
        ({"endpoint": "https://user:secret@push.example.com/x"}, "invalid_url"),
        ({"keys": {"p256dh": "BAAA", "auth": base64url(b"a" * 16)}}, "invalid_request"),
        (
            {"keys": {"p256dh": base64url(b"\x04" + b"\x01" * 64), "auth": base64url(b"a" * 16)}},
            "invalid_request",
        ),
        ({"keys": {"p256dh": browser()["keys"]["p256dh"], "auth": "!!"}}, "invalid_request"),
    ],
)
async def test_a_browser_nobody_could_push_to_is_refused(
    world: World, acme: Tenant, change: dict[str, Any], code: str
) -> None:
    answer = await world.client.post("/v1/me/push-subscriptions", acme.tokens[0], browser() | change)
    assert (answer.status, answer.code) == (422, code)


async def test_the_key_of_pushes_is_made_once_and_never_shown_whole(world: World, acme: Tenant) -> None:
    first = (await world.client.get("/v1/push-key", acme.tokens[0])).body["public_key"]
    assert (await world.client.get("/v1/push-key", acme.tokens[1])).body["public_key"] == first
    octets = base64.urlsafe_b64decode(first + "=")
    assert (len(octets), octets[0]) == (65, 4)


async def test_whoever_comes_back_finds_what_they_missed(world: World, acme: Tenant) -> None:
    client, (one, other) = world.client, acme.tokens
    thread = await chat(world, acme)
    await say(world, other, thread, "are you there?")
    await say(world, other, thread, "hello?")
    missed = (await client.get("/v1/me/missed", one)).body
    assert missed["total"] == 4
    assert missed["messages"] == 3
    assert missed["chats"]["conversations"] == 1
    (seen,) = missed["chats"]["items"]
    assert (seen["id"], seen["unread"]) == (thread, 2)
    assert [item["id"] for item in missed["texts"]["items"]] == [acme.conversation_id]
    assert missed["missed_calls"]["count"] == 1
    assert [item["id"] for item in missed["missed_calls"]["items"]] == [acme.call_log_id]
    assert missed["voicemails"]["count"] == 1
    assert [item["id"] for item in missed["voicemails"]["items"]] == [acme.voicemail_id]
    assert (await client.get("/v1/me/missed?limit=0", one)).body["chats"] == {"conversations": 1, "items": []}
    for path in (f"/v1/conversations/{thread}:read", f"/v1/conversations/{acme.conversation_id}:read"):
        await client.post(path, one, {})
    await client.post("/v1/call-log:seen", one, {})
    left = (await client.get("/v1/me/missed", one)).body
    assert left["messages"] == left["missed_calls"]["count"] == 0
    assert left["total"] == left["voicemails"]["count"] == 1
    assert (await client.get("/v1/me/missed", acme.manager)).code == "no_user"


async def test_one_page_of_several_shows_it_and_all_hear_when_it_was_read(world: World, acme: Tenant) -> None:
    one, other = acme.tokens
    thread = await chat(world, acme)
    async with page(world, one) as first, page(world, one) as second, page(world, one) as server:
        await first.report("idle")
        await second.report("active")
        said = await say(world, other, thread, "lunch?")
        frame = await second.frame("notify")
        assert frame["stream"] == acme.domain.id
        shown = frame["data"]
        assert (shown["kind"], shown["conversation_id"], shown["subject"]) == ("chat", thread, said["id"])
        assert (shown["title"], shown["preview"]) == ("acme 102", "lunch?")
        assert (shown["sound"], shown["desktop"], shown["count"]) == ("chime", True, 1)
        await second.ws.send_json({"type": "notified", "id": shown["id"]})
        assert await first.nothing_but("notify") == []
        assert await server.nothing_but("notify") == []
        await world.client.post(f"/v1/conversations/{thread}:read", one, {})
        for opened in (first, second):
            withdrawn = await opened.frame("notify_withdrawn")
            assert withdrawn["data"] == {"ids": [shown["id"]], "tags": [thread]}


async def test_who_looks_at_the_conversation_is_not_told_of_it(world: World, acme: Tenant) -> None:
    one, other = acme.tokens
    thread = await chat(world, acme)
    async with page(world, one) as opened:
        await opened.report("active", thread)
        await say(world, other, thread, "you see this")
        await opened.frame("message.created")
        await opened.report("active")
        await say(world, other, thread, "but not this")
        frame = await opened.frame("notify")
        assert frame["data"]["preview"] == "but not this"


async def test_a_page_that_dies_loses_its_turn_to_the_next(world: World, acme: Tenant) -> None:
    one, other = acme.tokens
    thread = await chat(world, acme)
    async with page(world, one) as next_one:
        await next_one.report("idle")
        async with page(world, one) as dying:
            await dying.report("active")
            await say(world, other, thread, "hello")
            lost = await dying.frame("notify")
        frame = await next_one.frame("notify")
        assert frame["data"] == lost["data"]


@pytest.mark.parametrize(
    ("preview", "title", "text"), [("sender", "acme 102", None), ("nothing", None, None)]
)
async def test_nothing_is_shown_that_privacy_leaves_out(
    world: World, acme: Tenant, preview: str, title: str | None, text: str | None
) -> None:
    one, other = acme.tokens
    thread = await chat(world, acme)
    await world.client.ask("PATCH", "/v1/me/notifications", secret=one, json={"preview": preview})
    async with page(world, one) as opened:
        await opened.report("active")
        await say(world, other, thread, "secret")
        frame = await opened.frame("notify")
        assert (frame["data"]["title"], frame["data"]["preview"]) == (title, text)
        assert "secret" not in json.dumps(frame)


async def told_of_a_text(world: World, acme: Tenant, opened: Page) -> None:
    """Have a text come in, of which the page is told, so that what came before it has been looked at."""
    text = await world.inbound(acme.number.e164, "+12025550142", "something else")
    frame = await opened.frame("notify")
    assert frame["data"]["subject"] == text.id


async def test_muted_silenced_and_own_messages_tell_nobody(world: World, acme: Tenant) -> None:
    client, (one, other) = world.client, acme.tokens
    thread = await chat(world, acme)
    async with page(world, one) as opened:
        await opened.report("active")
        await say(world, one, thread, "my own")
        await client.post(f"/v1/conversations/{thread}:mute", one, {"muted": True})
        await say(world, other, thread, "muted")
        await told_of_a_text(world, acme, opened)
        await client.post(f"/v1/conversations/{thread}:mute", one, {"muted": False})
        path = f"/v1/conversations/{thread}/notifications"
        await client.ask("PUT", path, secret=one, json={"level": "mentions", "sound": "bell"})
        await say(world, other, thread, "not named")
        await told_of_a_text(world, acme, opened)
        await say(world, other, thread, "hey @Acme 101, look")
        frame = await opened.frame("notify")
        assert (frame["data"]["preview"], frame["data"]["sound"]) == ("hey @Acme 101, look", "bell")


async def test_do_not_disturb_is_quiet_until_it_is_taken_back(world: World, acme: Tenant) -> None:
    one, other = acme.tokens
    thread = await chat(world, acme)
    async with page(world, one) as opened, page(world, other) as others:
        await opened.report("active")
        await others.report("active")
        for quiet, text in ((True, "quiet"), (False, "told")):
            wish = {"status": "available", "do_not_disturb": quiet}
            assert (await world.client.ask("PUT", "/v1/me/presence", secret=one, json=wish)).status == 200
            await say(world, other, thread, text)
            await world.missed_call(acme.users[1], "acme-102", "+12025550178")
            await others.frame("notify")  # what was said before has been looked at
        assert (await opened.frame("notify"))["data"]["preview"] == "told"


async def test_texts_and_missed_calls_are_told_as_well(world: World, acme: Tenant) -> None:
    one = acme.tokens[0]
    async with page(world, one) as opened:
        await opened.report("active")
        text = await world.inbound(acme.number.e164, "+12025550142", "the parts are in")
        frame = await opened.frame("notify")
        assert (frame["data"]["kind"], frame["data"]["subject"]) == ("text", text.id)
        assert (frame["data"]["title"], frame["data"]["preview"]) == ("Supplier", "the parts are in")
        missed = await world.missed_call(acme.users[0], "acme-101", "+12025550178")
        frame = await opened.frame("notify")
        assert (frame["data"]["kind"], frame["data"]["subject"]) == ("missed_call", missed.id)
        assert frame["data"]["title"] == "+12025550178"
        await world.client.post("/v1/call-log:seen", one, {})
        withdrawn = await opened.frame("notify_withdrawn")
        assert withdrawn["data"]["tags"] == [missed.id]


async def test_what_a_blocked_sender_writes_tells_nobody(world: World, acme: Tenant) -> None:
    async with page(world, acme.tokens[0]) as opened:
        await opened.report("active")
        block = {"peer": "+12025550142", "number": acme.number.e164}
        answer = await world.client.post("/v1/blocked-senders", acme.tokens[0], block)
        assert answer.status == 201, answer.raw
        await world.inbound(acme.number.e164, "+12025550142", "spam")
        await world.inbound(acme.number.e164, "+12025550143", "no spam")
        assert (await opened.frame("notify"))["data"]["preview"] == "no spam"


async def test_a_test_shows_on_the_page_or_says_that_there_is_none(world: World, acme: Tenant) -> None:
    client, token = world.client, acme.tokens[0]
    path = "/v1/me/notifications:test"
    for channel in ("screen", "push", "email", None):
        answer = await client.post(path, token, {"channel": channel})
        assert (answer.status, answer.code) == (409, "channel_unavailable")
    async with page(world, token) as opened:
        await opened.report("idle")
        assert (await client.post(path, token, {})).body == {"channel": "screen"}
        assert (await opened.frame("notify"))["data"]["kind"] == "test"


async def test_a_page_that_catches_up_is_told_once_it_has(
    world: World, acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with page(world, acme.tokens[0]) as opened:
        await opened.report("idle")
        go_on, _ = held_back(monkeypatch)
        await opened.heard()
        answer = await world.client.post("/v1/me/notifications:test", acme.tokens[0], {})
        assert answer.body == {"channel": "screen"}
        go_on.set()
        assert (await opened.frame("notify"))["data"]["kind"] == "test"


@pytest.mark.parametrize(
    "frame",
    [
        {"type": "activity"},
        {"type": "activity", "state": "asleep"},
        {"type": "activity", "state": "active", "conversation_id": "x" * 65},
        {"type": "notified"},
        {"type": "notified", "id": "ntf_1", "more": 1},
    ],
)
async def test_a_report_that_is_none_ends_the_connection(
    world: World, acme: Tenant, frame: dict[str, Any]
) -> None:
    async with page(world, acme.tokens[0]) as opened:
        await opened.ws.send_json(frame)
        async with asyncio.timeout(SOON_S):
            async for _ in opened.ws:
                pass
        assert opened.ws.close_code == 4002


@pytest.mark.parametrize("token", ["x", "usr_" + "0" * 32 + "." + "0" * 64])
async def test_a_link_that_is_not_ours_ends_no_mail(world: World, token: str) -> None:
    assert (await world.client.get(f"/v1/unsubscribe?token={token}")).status == 404
    assert (await world.client.ask("POST", f"/v1/unsubscribe?token={token}")).status == 404


async def test_what_was_missed_costs_as_much_however_much_it_is(world: World, acme: Tenant) -> None:
    asked: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    thread = await chat(world, acme)
    await say(world, acme.tokens[1], thread, "hello")
    counts = []
    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    try:
        for number in range(2):
            # The engine's own work asks as well, whenever it is due: the least of a few is the answer's own.
            tries = []
            for _ in range(4):
                asked.clear()
                assert (await world.client.get("/v1/me/missed", acme.tokens[0])).status == 200
                tries.append(
                    len([one for one in asked if one.lstrip().upper().startswith(("SELECT", "WITH"))])
                )
            counts.append(min(tries))
            for each in range(4 if not number else 0):
                await say(world, acme.tokens[1], thread, "more")
                await world.inbound(acme.number.e164, f"+1202555018{each}", "a text")
                await world.missed_call(acme.users[0], "acme-101", f"+1202555017{each}")
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", note)
    assert counts[0] == counts[1]
    assert counts[1] <= 45

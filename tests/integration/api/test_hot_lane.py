"""The short way of `POST /v1/messages` beside aiohttp's: nobody outside can tell which one was taken."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest

from api.settings import ApiSettings
from engine.services import Services
from tests.integration.api.world import Tenant, World, a_world

TO = "+12025550177"
#: A header nobody knows: the request goes to aiohttp.
ODD = "X-Unheard-Of: 1"

Answer = tuple[str, dict[str, str], dict[str, Any]]


@pytest.fixture
async def acme(world: World) -> Tenant:
    return await world.tenant("acme", "+12025550101")


class Client:
    """One connection that writes what it is told to."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def answer(self) -> Answer:
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
        status, *lines = head.rstrip().split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        assert len(headers) == len(lines)
        return status, headers, json.loads(await self.reader.readexactly(int(headers["content-length"])))

    async def ask(self, octets: bytes) -> Answer:
        self.writer.write(octets)
        return await self.answer()


@pytest.fixture
async def client(world: World) -> AsyncIterator[Client]:
    client = await connected(world)
    yield client
    client.writer.close()


async def connected(world: World) -> Client:
    host, port = world.client.base.removeprefix("http://").split(":")
    return Client(*await asyncio.open_connection(host, int(port)))


def request(
    secret: str, body: object, *headers: str, path: str = "/v1/messages", method: str = "POST"
) -> bytes:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"{method} {path} HTTP/1.1", "Host: x", *headers]
    if secret:
        lines.append(f"Authorization: Bearer {secret}")
    if raw:
        lines += ["Content-Type: application/json", f"Content-Length: {len(raw)}"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + raw


def text_of(tenant: Tenant, text: str = "Hello", **fields: object) -> dict[str, object]:
    return {"from": tenant.number.e164, "to": [TO], "text": text, **fields}


def alike(answer: Answer) -> object:
    """An answer without what differs each time."""
    status, headers, body = answer
    named = {
        name: "" if name in ("date", "x-request-id", "content-length") else headers[name] for name in headers
    }
    return status, named, re.sub(r"(msg_[0-9a-f]{32}|req_[0-9a-f]{32}-[0-9a-f]+)", "id", json.dumps(body))


async def test_both_ways_give_the_same_answers(world: World, acme: Tenant) -> None:
    good, batch = text_of(acme), {"messages": [text_of(acme), {**text_of(acme), "to": ["12"]}]}
    asked: list[tuple[str, object, tuple[str, ...], str]] = [
        (acme.manager, good, (), "/v1/messages"),
        (acme.manager, good, ("X-Request-Id: mine-1",), "/v1/messages"),
        (acme.manager, good, ("X-Request-Id: not(one)",), "/v1/messages"),
        (acme.manager, good, ("Idempotency-Key: KEY",), "/v1/messages"),
        (acme.manager, good, ("Idempotency-Key: KEY",), "/v1/messages"),
        (acme.manager, text_of(acme, "other"), ("Idempotency-Key: KEY",), "/v1/messages"),
        (acme.manager, good, ("Idempotency-Key: " + "k" * 256,), "/v1/messages"),
        (acme.manager, batch, (), "/v1/messages:batch"),
        (acme.manager, batch, ("Idempotency-Key: KEY-batch",), "/v1/messages:batch"),
        (acme.manager, batch, ("Idempotency-Key: KEY-batch",), "/v1/messages:batch"),
        (acme.manager, {"messages": []}, (), "/v1/messages:batch"),
        (acme.manager, b"{", (), "/v1/messages"),
        (acme.manager, b"[" * 40 + b"]" * 40, (), "/v1/messages"),
        (acme.manager, {**good, "status": "sent"}, (), "/v1/messages"),
        (acme.manager, {**good, "text": ""}, (), "/v1/messages"),
        (acme.manager, {**good, "to": ["nobody"]}, (), "/v1/messages"),
        (acme.manager, {**good, "from": "+12025550999"}, (), "/v1/messages"),
        ("", good, (), "/v1/messages"),
        ("rbk_" + "x" * 43, good, (), "/v1/messages"),
        ("nonsense", good, (), "/v1/messages"),
    ]
    short, aiohttps = await connected(world), await connected(world)
    for secret, body, headers, path in asked:
        ours = await short.ask(
            request(secret, body, *(line.replace("KEY", "short") for line in headers), path=path)
        )
        assert world.lanes.open, "this request was meant to go the short way"
        theirs = await aiohttps.ask(
            request(secret, body, ODD, *(line.replace("KEY", "long") for line in headers), path=path)
        )
        assert alike(ours) == alike(theirs)
    assert len(world.lanes.open) == 1
    for one in (short, aiohttps):
        one.writer.close()


async def test_both_ways_give_the_same_answers_in_a_thread(world: World, acme: Tenant) -> None:
    started = await world.client.post("/v1/conversations", acme.tokens[0], {"to": [{"extension": "102"}]})
    zenith = await world.tenant("zenith", "+12025550102", reseller=None)
    chat, missing = started.body["id"], "conv_" + "0" * 32
    asked: list[tuple[str, object, tuple[str, ...], str]] = [
        (acme.tokens[0], {"text": "Hello"}, (), chat),
        (acme.tokens[0], {"text": "Hello"}, ("Idempotency-Key: KEY",), chat),
        (acme.tokens[0], {"text": "Hello"}, ("Idempotency-Key: KEY",), chat),
        (acme.tokens[0], {"text": "Other"}, ("Idempotency-Key: KEY",), chat),
        (acme.tokens[0], {"text": "Hello"}, (), acme.conversation_id),
        (acme.tokens[0], {"text": ""}, (), chat),
        (acme.tokens[0], {"text": "Hello"}, (), missing),
        (acme.tokens[0], {"text": "Hello"}, (), "no_conversation"),
        (zenith.tokens[0], {"text": "Hello"}, (), chat),
        ("", {"text": "Hello"}, (), chat),
    ]
    short, aiohttps = await connected(world), await connected(world)
    for secret, body, headers, thread in asked:
        path = f"/v1/conversations/{thread}/messages"
        ours = await short.ask(
            request(secret, body, *(line.replace("KEY", "short") for line in headers), path=path)
        )
        assert world.lanes.open, "this request was meant to go the short way"
        theirs = await aiohttps.ask(
            request(secret, body, ODD, *(line.replace("KEY", "long") for line in headers), path=path)
        )
        assert alike(ours) == alike(theirs)
    for one in (short, aiohttps):
        one.writer.close()


@pytest.mark.parametrize("thread", ["a/b", "a%5fb", "..", "", "a?b", "a-b"])
async def test_an_address_that_leaves_a_doubt_is_left_to_aiohttp(
    world: World, acme: Tenant, client: Client, thread: str
) -> None:
    octets = request(acme.tokens[0], {"text": "Hello"}, path=f"/v1/conversations/{thread}/messages")
    status, _, problem = await client.ask(octets)
    assert not world.lanes.open
    assert status.split()[1] in ("400", "404", "405")
    assert problem["code"]


async def test_a_key_is_of_one_thread_whichever_way_the_request_was_repeated(
    world: World, acme: Tenant, client: Client
) -> None:
    started = await world.client.post("/v1/conversations", acme.tokens[0], {"to": [{"extension": "102"}]})
    ids, key = [], "Idempotency-Key: once"
    for thread, odd in ((started.body["id"], ()), (acme.conversation_id, ()), (started.body["id"], (ODD,))):
        path = f"/v1/conversations/{thread}/messages"
        status, _, said = await client.ask(request(acme.tokens[0], {"text": "Hi"}, key, *odd, path=path))
        assert status == "HTTP/1.1 202 Accepted"
        ids.append(said["id"])
    assert ids[0] == ids[2] != ids[1]


async def test_an_answer_is_replayed_whichever_way_the_request_was_repeated(
    world: World, acme: Tenant, client: Client
) -> None:
    key = "Idempotency-Key: once"
    _, _, first = await client.ask(request(acme.manager, text_of(acme), key))
    status, headers, again = await client.ask(request(acme.manager, text_of(acme), key, ODD))
    assert (status, headers["idempotency-replayed"]) == ("HTTP/1.1 202 Accepted", "true")
    assert again == first


@pytest.mark.parametrize("cut", [1, 10, 22, 30, 120, -70, -3, -1])
async def test_a_request_in_two_pieces_is_one(client: Client, acme: Tenant, cut: int) -> None:
    octets = request(acme.manager, text_of(acme))
    for _ in range(3):
        client.writer.write(octets[:cut])
        await client.writer.drain()
        # Another connection's whole request goes and comes back meanwhile.
        await (await connected_like(client)).ask(octets)
        status, _, body = await client.ask(octets[cut:])
        assert status == "HTTP/1.1 202 Accepted"
        assert body["text"] == "Hello"


async def connected_like(client: Client) -> Client:
    return Client(*await asyncio.open_connection(*client.writer.get_extra_info("peername")[:2]))


async def test_a_body_in_two_pieces_stays_on_the_short_way(
    world: World, client: Client, acme: Tenant
) -> None:
    octets = request(acme.manager, text_of(acme))
    head = octets.index(b"\r\n\r\n") + 4
    client.writer.write(octets[:head])
    await (await connected_like(client)).ask(request("", b"", path="/v1/health/live", method="GET"))
    assert (await client.ask(octets[head:]))[0] == "HTTP/1.1 202 Accepted"
    assert world.lanes.open


async def test_a_connection_may_ask_for_other_things_and_come_back(
    world: World, client: Client, acme: Tenant
) -> None:
    _, _, sent = await client.ask(request(acme.manager, text_of(acme)))
    got = await client.ask(request(acme.manager, b"", path=f"/v1/messages/{sent['id']}", method="GET"))
    assert got[0] == "HTTP/1.1 200 OK"
    assert got[2] == sent
    assert not world.lanes.open
    assert (await client.ask(request(acme.manager, text_of(acme))))[0] == "HTTP/1.1 202 Accepted"


async def test_requests_that_do_not_wait_for_answers_get_them_in_order(client: Client, acme: Tenant) -> None:
    for number in range(30):
        client.writer.write(request(acme.manager, text_of(acme, f"text {number}")))
        await asyncio.sleep(0)  # as a packet of its own, as far as the network allows
    for number in range(30):
        assert (await client.answer())[2]["text"] == f"text {number}"


async def test_a_body_beyond_the_limit_is_refused_as_everywhere(
    world: World, client: Client, acme: Tenant
) -> None:
    body = {"messages": [text_of(acme, "x" * 1_500)] * 400}
    status, _, problem = await client.ask(request(acme.manager, body, path="/v1/messages:batch"))
    assert (status.split()[1], problem["code"]) == ("413", "body_too_large")


class TestIdle:
    @pytest.fixture
    def api_settings(self) -> ApiSettings:
        return ApiSettings(port=0, keepalive_s=1.0)

    @pytest.mark.parametrize("sent", [0, 0.5, 1])
    async def test_a_connection_that_says_nothing_more_is_closed(
        self, world: World, acme: Tenant, sent: float
    ) -> None:
        octets = request(acme.manager, text_of(acme))
        client = await connected(world)
        client.writer.write(octets[: int(len(octets) * sent)])
        if sent == 1:
            await client.answer()
        assert await client.reader.read() == b""
        client.writer.close()


class SlowMessaging:
    """Messaging whose texts wait for leave to be stored."""

    def __init__(self, messaging: Any) -> None:
        self._messaging = messaging
        self.asked = asyncio.Event()
        self.leave = asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._messaging, name)

    async def send(self, *given: Any) -> Any:
        self.asked.set()
        await self.leave.wait()
        return await self._messaging.send(*given)


async def test_a_stopping_server_answers_what_it_has_begun_and_closes_the_rest(sqlite_database: str) -> None:
    slow: list[SlowMessaging] = []

    def change(services: Services) -> Services:
        slow.append(SlowMessaging(services.messaging))
        return dataclasses.replace(services, messaging=slow[0])  # type: ignore[arg-type]

    serving = AsyncExitStack()
    world = await serving.enter_async_context(a_world(sqlite_database, ApiSettings(port=0), change=change))
    acme = await world.tenant("acme", "+12025550101")
    busy, idle = await connected(world), await connected(world)
    busy.writer.write(request(acme.manager, text_of(acme)))
    await slow[0].asked.wait()
    stopping = asyncio.create_task(serving.aclose())
    assert await idle.reader.read() == b""
    assert not stopping.done()
    slow[0].leave.set()
    assert (await busy.answer())[0] == "HTTP/1.1 202 Accepted"
    assert await busy.reader.read() == b""
    await stopping

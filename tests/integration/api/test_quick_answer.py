"""The hot path's answer on the wire: what HTTP asks of it, however the client asks."""

from __future__ import annotations

import asyncio
import json

import pytest

from tests.integration.api.world import Tenant, World


@pytest.fixture
async def acme(world: World) -> Tenant:
    return await world.tenant("acme", "+12025550101")


def request(tenant: Tenant, *headers: str, version: str = "1.1", text: str = "Hello") -> bytes:
    body = json.dumps({"from": tenant.number.e164, "to": ["+12025550177"], "text": text}).encode()
    lines = [
        f"POST /v1/messages HTTP/{version}",
        "Host: x",
        f"Authorization: Bearer {tenant.manager}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        *headers,
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


async def connected(world: World) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, port = world.client.base.removeprefix("http://").split(":")
    return await asyncio.open_connection(host, int(port))


async def answer(reader: asyncio.StreamReader) -> tuple[str, dict[str, str], dict[str, object]]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    status, *lines = head.rstrip().split("\r\n")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    assert len(headers) == len(lines)
    return status, headers, json.loads(await reader.readexactly(int(headers["content-length"])))


async def test_requests_sent_in_one_go_are_answered_in_order_on_one_connection(
    world: World, acme: Tenant
) -> None:
    reader, writer = await connected(world)
    writer.write(b"".join(request(acme, text=f"text {number}") for number in range(20)))
    for number in range(20):
        status, headers, body = await answer(reader)
        assert status == "HTTP/1.1 202 Accepted"
        assert body["text"] == f"text {number}"
        assert headers["content-type"] == "application/json"
        assert headers["date"].endswith(" GMT")
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["server"] == "ringback"
        assert headers["x-request-id"]
    writer.close()


@pytest.mark.parametrize(
    ("version", "header", "stays"),
    [
        ("1.1", "X-Nothing: 1", True),
        ("1.1", "Connection: close", False),
        ("1.0", "X-Nothing: 1", False),
        ("1.0", "Connection: keep-alive", True),
    ],
)
async def test_the_connection_stays_or_ends_as_the_client_asked(
    world: World, acme: Tenant, version: str, header: str, stays: bool
) -> None:
    reader, writer = await connected(world)
    writer.write(request(acme, header, version=version))
    status, _, body = await answer(reader)
    assert status.endswith("202 Accepted")
    assert body["status"] == "queued"
    if stays:
        writer.write(request(acme, header, version=version))
        assert (await answer(reader))[0].endswith("202 Accepted")
    else:
        assert await reader.read() == b""
    writer.close()


async def test_a_client_that_asks_and_does_not_read_is_not_answered_without_end(
    world: World, acme: Tenant
) -> None:
    reader, writer = await connected(world)
    many, text = 400, "x" * 1_000
    writer.write(request(acme, text=text) * many)
    for _ in range(many):
        _, _, body = await answer(reader)
        assert body["text"] == text
    writer.close()


async def test_a_client_that_has_gone_costs_nothing_but_its_answer(world: World, acme: Tenant) -> None:
    for _ in range(20):
        _, writer = await connected(world)
        writer.write(request(acme, text="from one who left"))
        writer.transport.abort()
    answered = await world.client.post(
        "/v1/messages", acme.manager, {"from": acme.number.e164, "to": ["+12025550177"], "text": "Hello"}
    )
    assert answered.status == 202

"""What is no HTTP, or breaks off, is answered like everything else, and the log does not repeat it."""

from __future__ import annotations

import asyncio
import json
import logging

import pytest
from structlog.testing import capture_logs

from api.settings import ApiSettings
from tests.integration.api.world import Tenant, World

#: Stands where a person's words, a number or a credential would.
CANARY = b"CANARY4711"
HEAD = b"HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + CANARY + b"\r\n"
UNREADABLE = {
    "an address without an end": b"GET /v1/search?q=" + CANARY + b"a" * 9_000 + b" " + HEAD + b"\r\n",
    "a header without an end": b"GET /v1/users " + HEAD + b"X-Long: " + CANARY + b"a" * 9_000 + b"\r\n\r\n",
    "NUL in a header": b"GET /v1/users " + HEAD + b"X-Nul: " + CANARY + b"\0\r\n\r\n",
    "a folded header": b"GET /v1/users " + HEAD + b"X-Folded: a\r\n " + CANARY + b"\r\n\r\n",
    "a header without a name": b"GET /v1/users " + HEAD + CANARY + b"\r\n\r\n",
    "more headers than anybody has": b"GET /v1/users "
    + HEAD
    + (b"X-Many: " + CANARY + b"\r\n") * 300
    + b"\r\n",
    "another protocol": b"\x16\x03\x01\x02\x00\x01" + CANARY + b"\r\n\r\n",
    "two lengths": b"POST /v1/users " + HEAD + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\n" + CANARY,
    "a length and chunks": b"POST /v1/users "
    + HEAD
    + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a length below nothing": b"POST /v1/users " + HEAD + b"Content-Length: -3\r\n\r\n",
    "chunks that are none": (
        b"POST /v1/users " + HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + CANARY + b"\r\n"
    ),
    "an unknown coding": b"POST /v1/users " + HEAD + b"Transfer-Encoding: gzip\r\n\r\n" + CANARY,
    "no host": b"GET /v1/users HTTP/1.1\r\nAuthorization: Bearer " + CANARY + b"\r\n\r\n",
    "octets in the address": b"GET /v1/users/\xff" + CANARY + b" " + HEAD + b"\r\n",
}


@pytest.fixture
async def acme(world: World) -> Tenant:
    return await world.tenant("acme", "+12025550101")


async def connected(world: World) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, port = world.client.base.removeprefix("http://").split(":")
    return await asyncio.open_connection(host, int(port))


async def answered(reader: asyncio.StreamReader) -> tuple[bytes, dict[str, str], bytes]:
    """Status line, headers by lower-case name, body."""
    line, *headers = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[:-2]
    named = dict(header.lower().split(": ", 1) for header in headers)
    return line.encode(), named, await reader.readexactly(int(named["content-length"]))


@pytest.mark.parametrize("what", UNREADABLE)
async def test_what_is_no_http_is_refused_with_a_problem_and_not_quoted(
    world: World, what: str, caplog: pytest.LogCaptureFixture
) -> None:
    reader, writer = await connected(world)
    with capture_logs() as lines, caplog.at_level(logging.DEBUG):
        writer.write(UNREADABLE[what])
        line, headers, body = await answered(reader)
        assert await reader.read() == b""  # where the next request would begin nobody can say
    writer.close()
    assert line.split(b" ")[1] == b"400"
    assert headers["content-type"] == "application/problem+json"
    assert headers["x-content-type-options"] == "nosniff"
    problem = json.loads(body)
    assert (problem["code"], problem["request_id"]) == ("unreadable_request", headers["x-request-id"])
    world.client.contract.check_schema({"$ref": "#/components/schemas/Problem"}, problem)
    (said,) = [one for one in lines if one["event"] == "api.request_unreadable"]
    assert said["request_id"] == problem["request_id"]
    for shown in (body.decode(), repr(lines), caplog.text):
        assert CANARY.decode() not in shown


async def uploading(
    world: World, acme: Tenant, path: str, *lines: str
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection whose request is being handled and waits for its body."""
    reader, writer = await connected(world)
    head = [f"POST {path} HTTP/1.1", "Host: x", f"Authorization: Bearer {acme.manager}", *lines]
    writer.write("\r\n".join([*head, "Expect: 100-continue", "", ""]).encode())
    assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    return reader, writer


UPLOADS = [
    ("/v1/users", "application/json"),
    ("/v1/users:import", "text/csv"),
    ("/v1/contacts:import", "text/csv"),
]


@pytest.mark.parametrize(("path", "media_type"), UPLOADS)
async def test_a_sender_that_goes_away_is_no_failure_of_ours(
    world: World, acme: Tenant, path: str, media_type: str
) -> None:
    _, writer = await uploading(world, acme, path, f"Content-Type: {media_type}", "Content-Length: 200")
    told: asyncio.Queue[dict[str, object]] = asyncio.Queue()
    with capture_logs(processors=[lambda _logger, _method, event: (told.put_nowait(event), event)[1]]):
        writer.write(b"{")
        writer.close()
        line = await told.get()
    assert (line["event"], line["status"]) == ("api.request_answered", 400)


class TestImpatient:
    @pytest.fixture
    def api_settings(self) -> ApiSettings:
        return ApiSettings(port=0, keepalive_s=1.0)

    @pytest.mark.parametrize(("path", "media_type"), UPLOADS)
    @pytest.mark.parametrize("length", ["Content-Length: 200", "Transfer-Encoding: chunked"])
    async def test_a_body_that_stays_away_is_not_waited_for(
        self, world: World, acme: Tenant, path: str, media_type: str, length: str
    ) -> None:
        reader, writer = await uploading(world, acme, path, f"Content-Type: {media_type}", length)
        writer.write(b"1")
        assert await reader.read() == b""
        writer.close()

    @pytest.mark.parametrize(
        "head",
        [b"", b"GET", b"GET /v1/users HTTP/1.1\r\nX-Slow:", b"POST /v1/messages HTTP/1.1\r\n"],
    )
    async def test_a_head_that_stays_away_is_not_waited_for(self, world: World, head: bytes) -> None:
        reader, writer = await connected(world)
        writer.write(head)
        assert await reader.read() == b""
        writer.close()

    async def test_an_event_socket_may_be_silent(self, world: World, acme: Tenant) -> None:
        headers = {"Authorization": f"Bearer {acme.manager}"}
        url = world.client.base + "/v1/events"
        async with world.client.session.ws_connect(url, headers=headers) as socket:
            assert (await socket.receive_json())["type"] == "hello"
            await self.test_a_head_that_stays_away_is_not_waited_for(
                world, b"GET"
            )  # longer than its patience
            await self.test_a_head_that_stays_away_is_not_waited_for(world, b"GET")
            await socket.send_json({"type": "subscribe", "cursor": {}})
            while (frame := await socket.receive_json())["type"] == "presence":
                pass
            assert frame["type"] == "subscribed"


async def test_an_expectation_that_nobody_meets_is_passed_over(world: World, acme: Tenant) -> None:
    answer = await world.client.ask("GET", "/v1/users", secret=acme.manager, headers={"Expect": "miracles"})
    assert answer.status == 200

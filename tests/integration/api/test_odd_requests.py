"""Targets and methods that are HTTP, and none of ours: a problem like all others, and no way through us."""

from __future__ import annotations

import asyncio
import json

import pytest
from structlog.testing import capture_logs

from tests.integration.api.world import World

CANARY = "canary4711"
NEXT = "GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


async def answers(world: World, octets: str) -> list[tuple[int, dict[str, str], bytes]]:
    """Every answer on a connection, until it is closed: status, headers by lower-case name, body."""
    host, port = world.client.base.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(octets.encode())
    found = []
    while line := (await reader.readline()).decode():
        headers: dict[str, str] = {}
        while header := (await reader.readline()).decode().strip():
            name, _, value = header.partition(":")
            headers[name.lower()] = value.strip()
        body = await reader.readexactly(int(headers["content-length"]))
        found.append((int(line.split(" ")[1]), headers, body))
    writer.close()
    return found


def problem(world: World, answer: tuple[int, dict[str, str], bytes]) -> tuple[int, str]:
    """Status and code of an answer that is a problem, and of ours."""
    status, headers, body = answer
    assert (headers["content-type"], headers["server"]) == ("application/problem+json", "ringback")
    assert headers["x-content-type-options"] == "nosniff"
    said = json.loads(body)
    assert said["request_id"] == headers["x-request-id"]
    world.client.contract.check_schema({"$ref": "#/components/schemas/Problem"}, said)
    assert CANARY not in body.decode()
    return status, said["code"]


@pytest.mark.parametrize(
    "target",
    [f"{CANARY}.example:443", "127.0.0.1:5038", "[::1]:25", "/v1/users", f"/{CANARY}", "/"],
)
async def test_nothing_is_reached_through_us(world: World, target: str) -> None:
    with capture_logs() as lines:
        (refused,) = await answers(world, f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n{NEXT}")
    assert problem(world, refused) == (405, "method_not_allowed")
    assert (refused[1]["allow"], refused[1]["connection"]) == ("", "close")
    (line,) = [one for one in lines if one["event"] == "api.request_answered"]
    assert (line["method"], line["route"], line["status"]) == ("CONNECT", None, 405)
    assert CANARY not in repr(lines)


@pytest.mark.parametrize("line", ["OPTIONS *", "OPTIONS http://other.example", "GET http://other.example"])
async def test_a_target_without_a_path_is_an_unknown_address(world: World, line: str) -> None:
    refused, after = await answers(world, f"{line} HTTP/1.1\r\nHost: x\r\n\r\n{NEXT}")
    assert problem(world, refused) == (404, "route_not_found")
    assert after[0] == 200


async def test_a_browser_that_leaves_the_path_out_gets_the_page(world: World) -> None:
    asked = "GET http://{} HTTP/1.1\r\nHost: x\r\nAccept: text/html\r\n\r\n"
    page, _ = await answers(world, asked.format("x") + NEXT)
    same, _ = await answers(world, asked.format("x/") + NEXT)
    assert (page[0], page[2]) == (200, same[2])
    assert page[1]["content-type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize("method", ["BREW", "brew", "get", "FOO", "X" * 500])
async def test_a_method_nobody_knows_is_a_problem(world: World, method: str) -> None:
    (refused,) = await answers(world, f"{method} /v1/users HTTP/1.1\r\nHost: x\r\n\r\n{NEXT}")
    assert problem(world, refused) == (400, "unreadable_request")


@pytest.mark.parametrize("method", ["M-SEARCH", "PURGE", "TRACE", "REPORT", "LOCK", "SOURCE"])
async def test_a_method_of_others_is_refused_and_the_connection_goes_on(world: World, method: str) -> None:
    refused, after = await answers(world, f"{method} /v1/users HTTP/1.1\r\nHost: x\r\n\r\n{NEXT}")
    assert problem(world, refused) == (405, "method_not_allowed")
    assert refused[1]["allow"] == "GET, POST"
    assert after[0] == 200

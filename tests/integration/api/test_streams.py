"""Files over HTTP from clients that mean no good: ranges, conditions, lengths, and bodies without an end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest

from api.routes import Route
from tests.integration.api.client import Answer
from tests.integration.api.test_authorization import ROWS, TABLE, Ask, named
from tests.integration.api.test_stored_text import credential
from tests.integration.api.world import Tenant, World

JSON = ("application/json", "application/problem+json")


def answers_with_files() -> list[str]:
    """Routes that hand out something that is not JSON, to somebody who asks with a credential."""
    return [
        name
        for name, route in TABLE.items()
        if route.method == "GET"
        and isinstance(route.answers.get(200), str)
        and "{link_token}" not in route.path
        and route.answers.get(206) is not None
    ]


def takes_files() -> list[str]:
    return [name for name, route in TABLE.items() if route.reads]


HEADERS: dict[str, dict[str, str]] = {
    "hundreds of ranges": {"Range": "bytes=" + ",".join(f"{n}-{n}" for n in range(800))},
    "the same range over and over": {"Range": "bytes=" + ",".join(["0-"] * 2_000)},
    "ranges that overlap": {"Range": "bytes=0-9,5-14,0-14"},
    "a range backwards": {"Range": "bytes=9-0"},
    "a range beyond the end": {"Range": "bytes=999999999-"},
    "a range beyond all numbers": {"Range": "bytes=0-" + "9" * 4_000},
    "a start beyond all numbers": {"Range": "bytes=" + "9" * 18 + "-"},
    "the last none": {"Range": "bytes=-0"},
    "more than all": {"Range": "bytes=-999999999999"},
    "the last one": {"Range": "bytes=-1"},
    "the first one": {"Range": "bytes=0-0"},
    "a range of nothing": {"Range": "bytes=-"},
    "below nothing": {"Range": "bytes=--1"},
    "other digits": {"Range": "bytes=\u0660-\u0663"},
    "another unit": {"Range": "lines=0-1"},
    "no range": {"Range": "bytes"},
    "a condition that is not met": {"Range": "bytes=0-0", "If-Range": '"nonsense"'},
    "a weak condition": {"Range": "bytes=0-0", "If-Range": 'W/"nonsense"'},
    "a condition of no date": {"Range": "bytes=0-0", "If-Range": "Sun, 99 Foo 9999 99:99:99 GMT"},
    "a thousand tags": {"If-None-Match": ", ".join(f'"{n}"' for n in range(1_000))},
    "a tag without an end": {"If-None-Match": '"' + "a" * 7_000},
    "no date at all": {"If-Modified-Since": "yesterday", "If-Unmodified-Since": "\u0664"},
    "a match of nothing": {"If-Match": '"nonsense"'},
}


async def fetch(world: World, one: Ask, secret: str, headers: dict[str, str]) -> Answer:
    return await world.client.ask("GET", one.path, secret=secret, headers=headers)


@pytest.fixture
async def acme(world: World) -> Tenant:
    return await world.tenant("acme", "+12025550101")


@pytest.mark.parametrize("name", answers_with_files())
async def test_no_header_gets_more_than_one_part_of_a_file(world: World, acme: Tenant, name: str) -> None:
    route, row = TABLE[name], ROWS[name]
    scope, secret = credential(route, row, world, acme)
    one = named(await row.own(world, acme), acme, scope)
    whole = await fetch(world, one, secret, {})
    assert whole.status == 200
    for label, headers in HEADERS.items():
        answer = await fetch(world, one, secret, headers)
        assert answer.status in (200, 206, 304, 412, 416), (label, answer.status)
        if answer.status == 200:
            assert answer.raw == whole.raw, label
        elif answer.status == 206:
            unit, _, span = answer.headers["Content-Range"].partition(" ")
            part, _, octets = span.partition("/")
            first, _, last = part.partition("-")
            assert (unit, int(octets)) == ("bytes", len(whole.raw)), label
            assert answer.raw == whole.raw[int(first) : int(last) + 1], label
            assert len(answer.raw) == int(last) + 1 - int(first)
        elif answer.status == 416:
            assert answer.headers["Content-Range"] == f"bytes */{len(whole.raw)}", label


def test_there_are_files() -> None:
    assert answers_with_files()
    assert takes_files()


async def forever(piece: bytes) -> AsyncIterator[bytes]:
    while True:
        yield piece


def media_type(route: Route) -> str:
    return next((one for one in route.reads if one not in JSON and "multipart" not in one), route.reads[0])


async def sent(world: World, route: Route, one: Ask, secret: str, body: AsyncIterator[bytes]) -> Answer:
    headers = {"Authorization": f"Bearer {secret}", "Content-Type": media_type(route)}
    url = world.client.base + one.path
    async with world.client.session.request(route.method, url, data=body, headers=headers) as response:
        raw = await response.read()
        return Answer(response.status, response.headers, raw, None)


@pytest.mark.parametrize("name", takes_files())
async def test_a_body_without_an_end_is_refused_before_there_is_no_room(
    world: World, acme: Tenant, name: str
) -> None:
    route, row = TABLE[name], ROWS[name]
    scope, secret = credential(route, row, world, acme)
    one = named(await row.own(world, acme), acme, scope)
    try:
        answer = await sent(world, route, one, secret, forever(b"a" * 65_536))
    except aiohttp.ClientOSError:
        return  # it was told so while it still wrote, and did not listen
    # One of them takes a form that it need not read: it has its answer, and the rest is not taken.
    assert answer.status in (200, 413, 415, 422), answer.raw


@pytest.mark.parametrize("name", takes_files())
async def test_a_body_shorter_than_it_said_leaves_nothing(world: World, acme: Tenant, name: str) -> None:
    route, row = TABLE[name], ROWS[name]
    scope, secret = credential(route, row, world, acme)
    one = named(await row.own(world, acme), acme, scope)
    host, port = world.client.base.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    head = (
        f"{route.method} {one.path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {secret}\r\n"
        f"Content-Type: {media_type(route)}\r\nContent-Length: 1000\r\n\r\n"
    )
    writer.write(head.encode() + b"a" * 999)
    writer.write_eof()
    assert await reader.read() == b""  # nobody is told who has gone
    writer.close()
    assert (await world.client.get("/health/live")).status == 200

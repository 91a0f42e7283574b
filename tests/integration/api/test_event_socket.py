"""The event socket over a real connection: who gets in, what is seen, what is never lost or doubled."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from api.event_feed import Feeds
from api.event_position import Position
from api.event_socket import EventSocket
from api.settings import ApiSettings
from engine.accounts.models import SYSTEM, Principal, UpdateUser
from engine.events import MANAGERS_ONLY, OPERATIONS_STREAM, Event, NewEvent, private_to
from tests.integration.api.world import Tenant, World

SOON_S = 15.0


@pytest.fixture
async def acme(world: World) -> Tenant:
    return await world.tenant("acme", "+12025550101")


class Reader:
    """One open socket."""

    def __init__(self, ws: aiohttp.ClientWebSocketResponse, world: World) -> None:
        self.ws = ws
        self._world = world

    async def frame(self) -> dict[str, Any]:
        """The next frame. That other readers come and go is passed over."""
        while True:
            frame = await self.any_frame()
            if frame["type"] != "presence":
                return frame

    async def any_frame(self) -> dict[str, Any]:
        message = await self.ws.receive(timeout=SOON_S)
        assert message.type is aiohttp.WSMsgType.TEXT, (message, self.ws.close_code)
        frame: dict[str, Any] = json.loads(message.data)
        if "seq" in frame:
            schema = {"$ref": "#/components/schemas/EventResource"}
            self._world.client.contract.check_schema(schema, frame)
        return frame

    async def events(self, count: int) -> list[dict[str, Any]]:
        """The next events; frames about the connection are passed over."""
        found: list[dict[str, Any]] = []
        while len(found) < count:
            frame = await self.frame()
            if "seq" in frame:
                found.append(frame)
        return found

    async def close_code(self) -> int | None:
        """Read until the server closes."""
        while True:
            message = await self.ws.receive(timeout=SOON_S)
            if message.type is not aiohttp.WSMsgType.TEXT:
                return self.ws.close_code


@contextlib.asynccontextmanager
async def opened(
    world: World, secret: str | None, query: str = "", headers: Mapping[str, str] | None = None
) -> AsyncIterator[Reader]:
    sent = dict(headers or {})
    if secret is not None:
        sent["Authorization"] = f"Bearer {secret}"
    async with world.client.session.ws_connect(
        f"{world.client.base}/v1/events{query}", headers=sent, autoping=True
    ) as ws:
        yield Reader(ws, world)


async def refusal(world: World, secret: str | None, query: str = "", **headers: str) -> tuple[int, str]:
    """Status and code of an upgrade that is refused."""
    sent = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    sent["Sec-WebSocket-Key"] = "dGhlIHNhbXBsZSBub25jZQ=="
    answer = await world.client.ask("GET", "/v1/events" + query, secret=secret, headers={**sent, **headers})
    return answer.status, answer.code


def ring(tenant: Tenant, number: int, *user_ids: str) -> NewEvent:
    return NewEvent(tenant.domain.id, "call.updated", f"call_{number:032x}", {"n": number}, user_ids)


def numbers(frames: list[dict[str, Any]]) -> list[int]:
    return [frame["data"]["n"] for frame in frames]


async def test_what_came_after_one_asked_who_one_is_comes_first(world: World, acme: Tenant) -> None:
    await world.emit(ring(acme, 0))
    me = await world.client.ask("GET", "/v1/me", secret=acme.manager)
    await world.emit(ring(acme, 1), ring(acme, 2))
    async with opened(world, acme.manager, f"?cursor={me.body['events_cursor']}") as reader:
        await world.emit(ring(acme, 3))
        assert numbers(await reader.events(3)) == [1, 2, 3]


async def caught_up(world: World, tenant: Tenant, reader: Reader) -> None:
    """Return once a reader that has just been let in has read the log: it may still, after its greeting."""
    assert (await reader.frame())["type"] == "hello"
    await world.emit(ring(tenant, 0))
    assert numbers(await reader.events(1)) == [0]


def held_back(monkeypatch: pytest.MonkeyPatch) -> tuple[asyncio.Event, asyncio.Event]:
    """Have connections that have read the log wait for the first before they go live; the second says that
    one is.
    """
    go_on, live = asyncio.Event(), asyncio.Event()
    replay, joined = EventSocket._replay, EventSocket._joined

    async def replay_and_wait(self: EventSocket, position: Position) -> None:
        await replay(self, position)
        await go_on.wait()

    async def join_and_say(self: EventSocket, position: Position) -> bool:
        done = await joined(self, position)
        live.set()
        return done

    monkeypatch.setattr(EventSocket, "_replay", replay_and_wait)
    monkeypatch.setattr(EventSocket, "_joined", join_and_say)
    return go_on, live


async def test_an_event_its_feed_has_in_hand_while_a_reader_joins_is_not_lost(
    world: World, acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(world, acme.manager) as first:
        await caught_up(world, acme, first)
        go_on, live = held_back(monkeypatch)
        in_hand, go_out = asyncio.Event(), asyncio.Event()
        rows = Feeds.rows

        async def slow_rows(self: Feeds, events: Sequence[Event], reader: Principal | None = None) -> Any:
            if reader is None:
                in_hand.set()
                await go_out.wait()
            return await rows(self, events, reader)

        monkeypatch.setattr(Feeds, "rows", slow_rows)
        async with opened(world, acme.manager) as second:
            assert (await second.frame())["type"] == "hello"
            await world.emit(ring(acme, 1))
            await in_hand.wait()
            go_on.set()
            await live.wait()
            go_out.set()
            assert numbers(await first.events(1)) == numbers(await second.events(1)) == [1]


async def test_moments_are_told_to_a_reader_that_was_catching_up(
    world: World, acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on, _ = held_back(monkeypatch)
    async with opened(world, acme.manager) as reader:
        assert (await reader.frame())["type"] == "hello"
        world.bus.publish_ephemeral(acme.domain.id, "typing", {"n": 1})
        await world.emit(ring(acme, 2))
        go_on.set()
        told = [await reader.frame() for _ in range(2)]
        assert {(frame["type"], frame["data"]["n"]) for frame in told} == {("typing", 1), ("call.updated", 2)}


async def test_a_reader_too_far_behind_for_moments_is_told_to_read_anew(
    world: World, acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(world, acme.manager) as live:
        await caught_up(world, acme, live)
        go_on, _ = held_back(monkeypatch)
        async with opened(world, acme.manager) as reader:
            assert (await reader.frame())["type"] == "hello"
            for number in range(900):
                world.bus.publish_ephemeral(acme.domain.id, "typing", {"n": number})
            while (await live.frame())["data"]["n"] < 899:
                pass
            go_on.set()
            kept = 0
            while (frame := await reader.frame())["type"] == "typing":
                assert frame["data"]["n"] == kept
                kept += 1
            assert frame["type"] == "resync"
            assert 0 < kept < 900
            world.bus.publish_ephemeral(acme.domain.id, "typing", {"n": 900})
            assert (await reader.frame())["data"] == {"n": 900}


async def test_a_peer_that_goes_away_while_it_is_let_in_is_no_failure(
    world: World, acme: Tenant, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def too_late(_: object, request: web.BaseRequest) -> None:
        assert request.transport is not None
        request.transport.abort()
        raise aiohttp.ClientConnectionResetError("Cannot write to closing transport")

    with monkeypatch.context() as patched:
        patched.setattr(web.WebSocketResponse, "prepare", too_late)
        with pytest.raises(aiohttp.ClientError):
            async with opened(world, acme.manager):
                pass
    async with opened(world, acme.manager) as reader:
        assert (await reader.frame())["type"] == "hello"
    assert "api.request_failed" not in capsys.readouterr().out


async def test_a_reader_is_greeted_and_told_of_what_is_committed_from_now_on(
    world: World, acme: Tenant
) -> None:
    async with opened(world, acme.manager) as reader:
        hello = await reader.frame()
        assert hello["type"] == "hello"
        before = hello["streams"][acme.domain.id]
        await world.emit(*(ring(acme, number) for number in range(3)))
        frames = await reader.events(3)
        assert numbers(frames) == [0, 1, 2]
        assert [frame["seq"] for frame in frames] == [before + 1, before + 2, before + 3]
        assert frames[0]["at"].endswith("Z")


async def test_what_a_request_does_is_seen_after_it_can_be_read(world: World, acme: Tenant) -> None:
    async with opened(world, acme.manager) as reader:
        await reader.frame()
        text = {"from": acme.number.e164, "to": ["+12025550177"], "text": "Hello"}
        sent = await world.client.post("/v1/messages", acme.manager, text)
        (event,) = await reader.events(1)
        assert event["subject"] == sent.body["id"]
        shown = await world.client.get(f"/v1/messages/{event['subject']}", acme.manager)
        assert shown.status == 200
        assert event["message"] == shown.body
        assert "Hello" not in json.dumps(event["data"])
    page = await world.client.get(f"/v1/events?cursor={acme.domain.id}:{event['seq'] - 1}", acme.manager)
    assert "Hello" not in json.dumps(page.body)  # the log holds no text


async def test_a_cursor_brings_each_missed_event_once_and_in_order(world: World, acme: Tenant) -> None:
    async with opened(world, acme.manager) as reader:
        stream, seq = next(iter((await reader.frame())["streams"].items()))
    await world.emit(*(ring(acme, number) for number in range(1_200)))
    committing = asyncio.create_task(commit_many(world, acme, range(1_200, 1_400)))
    async with opened(world, acme.manager, f"?cursor={stream}:{seq}") as reader:
        assert numbers(await reader.events(1_400)) == list(range(1_400))
    await committing
    async with opened(world, acme.manager, f"?cursor={stream}:{seq + 1_390}") as reader:
        assert numbers(await reader.events(10)) == list(range(1_390, 1_400))


async def commit_many(world: World, tenant: Tenant, wanted: range) -> None:
    for number in wanted:
        await world.emit(ring(tenant, number))


async def test_a_subscribe_frame_moves_the_reader_to_its_cursor(world: World, acme: Tenant) -> None:
    async with opened(world, acme.manager) as reader:
        start = (await reader.frame())["streams"]
        await world.emit(ring(acme, 0), ring(acme, 1))
        await reader.events(2)
        await reader.ws.send_json({"type": "subscribe", "cursor": start})
        subscribed = await reader.frame()
        assert (subscribed["type"], subscribed["streams"]) == ("subscribed", start)
        assert numbers(await reader.events(2)) == [0, 1]
        await world.emit(ring(acme, 2))
        assert numbers(await reader.events(1)) == [2]


@pytest.mark.parametrize(
    "frame",
    [
        "",
        "hello",
        '{"type":"publish"}',
        '{"type":"subscribe","cursor":5}',
        '{"type":"subscribe","cursor":{"a":-1}}',
        '{"type":"subscribe","extra":1}',
        '{"type":"subscribe","cursor":{"dom_of_somebody_else":1}}',
    ],
)
async def test_a_frame_it_may_not_send_closes_the_socket(world: World, acme: Tenant, frame: str) -> None:
    async with opened(world, acme.manager) as reader:
        await reader.frame()
        await reader.ws.send_str(frame)
        assert await reader.close_code() == 4002


async def test_an_oversized_frame_closes_the_socket(world: World, acme: Tenant) -> None:
    async with opened(world, acme.manager) as reader:
        await reader.frame()
        await reader.ws.send_str("x" * 100_000)
        assert await reader.close_code() == 1009


async def test_a_cursor_older_than_the_log_is_told_to_resync(world: World, acme: Tenant) -> None:
    await world.emit(ring(acme, 0))
    world.clock.ms += 1_000
    await world.services.event_log.trim(world.clock.ms)  # type: ignore[attr-defined]
    await world.emit(ring(acme, 1))
    async with opened(world, acme.manager, f"?cursor={acme.domain.id}:0") as reader:
        hello, resync = await reader.frame(), await reader.frame()
        assert (hello["type"], resync["type"]) == ("hello", "resync")
        assert resync["streams"] == hello["streams"]
        await world.emit(ring(acme, 2))
        assert numbers(await reader.events(1)) == [2]


async def test_a_cursor_from_another_life_of_the_database_is_told_to_resync(
    world: World, acme: Tenant
) -> None:
    async with opened(world, acme.manager, f"?cursor={acme.domain.id}:999999") as reader:
        assert [(await reader.frame())["type"] for _ in range(2)] == ["hello", "resync"]


async def test_a_page_of_events_can_be_polled_with_the_same_cursor(world: World, acme: Tenant) -> None:
    api = world.client
    cursor = (await api.get("/v1/events", acme.manager)).body["next_cursor"]
    await world.emit(*(ring(acme, number) for number in range(5)))
    seen: list[int] = []
    for _ in range(3):
        page = (await api.get(f"/v1/events?limit=2&cursor={cursor}", acme.manager)).body
        seen += numbers(page["items"])
        cursor = page["next_cursor"]
    assert seen == [0, 1, 2, 3, 4]
    assert (await api.get(f"/v1/events?cursor={acme.domain.id}:999999", acme.manager)).body["resync"] is True


# Who sees what.


async def test_a_user_sees_its_own_events_and_a_manager_all(world: World, acme: Tenant) -> None:
    ann, bob = (user.id for user in acme.users)
    async with opened(world, acme.tokens[0]) as user, opened(world, acme.manager) as manager:
        await user.frame()
        await manager.frame()
        await world.emit(
            ring(acme, 0, bob),
            ring(acme, 1, ann, bob),
            ring(acme, 2, *MANAGERS_ONLY),
            ring(acme, 3),  # a call of nobody in particular is not everybody's
            NewEvent(acme.domain.id, "key.created", "key_0", {"n": 4}),
            NewEvent(acme.domain.id, "domain.updated", acme.domain.id, {"n": 5}),
            ring(acme, 6, ann),
        )
        assert numbers(await user.events(3)) == [1, 5, 6]
        assert numbers(await manager.events(7)) == list(range(7))


async def test_a_tenant_never_sees_anothers_stream(world: World, acme: Tenant) -> None:
    zenith = await world.tenant("zenith", "+12025550102", reseller=None)
    for secret in (acme.manager, acme.tokens[0], world.reseller):
        assert await refusal(world, secret, f"?domains={zenith.domain.id}") == (404, "not_found")
    async with opened(world, acme.manager) as reader:
        assert list((await reader.frame())["streams"]) == [acme.domain.id]
        await world.emit(ring(zenith, 0), ring(acme, 1))
        assert numbers(await reader.events(1)) == [1]


async def test_a_super_user_reads_operations_and_the_domains_it_names(world: World, acme: Tenant) -> None:
    async with opened(world, world.super_user, f"?domains={acme.domain.id}") as reader:
        assert set((await reader.frame())["streams"]) == {acme.domain.id, OPERATIONS_STREAM}
        await world.emit(NewEvent(OPERATIONS_STREAM, "carrier.bind_changed", "one", {"n": 0}))
        await world.emit(ring(acme, 1))
        assert sorted(numbers(await reader.events(2))) == [0, 1]  # each stream keeps its order, no more
    async with opened(world, world.reseller, f"?domains={acme.domain.id}") as reader:
        assert set((await reader.frame())["streams"]) == {acme.domain.id}
    assert await refusal(world, world.reseller) == (422, "invalid_request")


async def test_what_is_private_to_some_reaches_no_manager(world: World, acme: Tenant) -> None:
    ann, bob = (user.id for user in acme.users)
    async with opened(world, acme.tokens[0]) as user, opened(world, acme.manager) as manager:
        await user.frame()
        await manager.frame()
        await world.emit(
            ring(acme, 0, *private_to([ann])), ring(acme, 1, *private_to([bob])), ring(acme, 2, ann)
        )
        assert numbers(await user.events(2)) == [0, 2]
        assert numbers(await manager.events(1)) == [2]


async def test_what_nobody_keeps_is_seen_by_those_it_is_for(world: World, acme: Tenant) -> None:
    ann, bob = (user.id for user in acme.users)
    zenith = await world.tenant("zenith", "+12025550102")
    async with (
        opened(world, acme.tokens[0]) as user,
        opened(world, acme.manager) as manager,
        opened(world, zenith.manager) as stranger,
    ):
        for reader in (user, manager, stranger):
            await reader.frame()
        # A reader that has only just been greeted may still be reading the log: an event settles that.
        await world.emit(ring(acme, 0, ann))
        assert numbers(await user.events(1)) == numbers(await manager.events(1)) == [0]
        world.bus.publish_ephemeral(acme.domain.id, "typing", {"user_id": bob}, [ann])
        world.bus.publish_ephemeral(acme.domain.id, "typing", {"user_id": ann}, [bob])
        world.bus.publish_ephemeral(acme.domain.id, "weather", {"user_id": bob})
        moments = [await user.frame(), await user.frame()]
        assert [one["type"] for one in moments] == ["typing", "weather"]
        assert moments[0] == {"type": "typing", "stream": acme.domain.id, "data": {"user_id": bob}}
        assert (await manager.frame())["type"] == "weather"
        await world.emit(NewEvent(zenith.domain.id, "domain.updated", zenith.domain.id, {"n": 9}))
        assert (await stranger.frame())["data"] == {"n": 9}


# Getting in.


async def test_a_ticket_opens_the_socket_once_and_only_that(world: World, acme: Tenant) -> None:
    issued = (await world.client.post("/v1/events/tickets", acme.tokens[0])).body
    ticket = f"?ticket={issued['ticket']}"
    assert (await world.client.get("/v1/events" + ticket)).status == 401  # no page of events, no upgrade
    async with opened(world, None, ticket) as reader:
        assert (await reader.frame())["type"] == "hello"
    assert await refusal(world, None, ticket) == (401, "credential_unknown")
    assert (await world.client.get("/v1/users", issued["ticket"])).code == "credential_unknown"


async def test_a_ticket_is_worth_a_minute_at_most(world: World, acme: Tenant) -> None:
    issued = (await world.client.post("/v1/events/tickets", acme.tokens[0])).body
    world.clock.ms += 60_000
    assert await refusal(world, None, f"?ticket={issued['ticket']}") == (401, "credential_expired")


async def test_a_long_lived_credential_does_not_open_it_from_the_address(world: World, acme: Tenant) -> None:
    assert await refusal(world, None, f"?ticket={acme.manager}") == (401, "credential_unknown")
    assert await refusal(world, None, f"?token={acme.manager}") == (401, "unauthenticated")


class TestOrigins:
    @pytest.fixture
    def api_settings(self) -> ApiSettings:
        return ApiSettings(port=0, allowed_origins=("https://crm.example",))

    async def test_only_listed_pages_and_our_own_open_it(self, world: World, acme: Tenant) -> None:
        for origin in ("https://crm.example", world.client.base):
            async with opened(world, acme.manager, headers={"Origin": origin}) as reader:
                await reader.frame()
        for origin in ("https://evil.example", "null", "https://crm.example.evil.example"):
            refused = await refusal(world, acme.manager, Origin=origin)
            assert refused == (403, "origin_not_allowed")


async def test_a_malformed_handshake_is_a_problem(world: World, acme: Tenant) -> None:
    refused = await refusal(world, acme.manager, **{"Sec-WebSocket-Version": "7000"})
    assert refused == (400, "bad_handshake")
    sent = {"Upgrade": "websocket"}  # without Connection: Upgrade
    answer = await world.client.ask("GET", "/v1/events", secret=acme.manager, headers=sent)
    assert (answer.status, answer.code) == (400, "bad_handshake")


# Time. The world's clock stands still until it is moved; the watch looks at it many times a second.


class TestTime:
    @pytest.fixture
    def api_settings(self) -> ApiSettings:
        return ApiSettings(port=0, heartbeat_s=20, recheck_credential_s=0.2)

    async def test_heartbeats_carry_the_mark_of_what_was_passed_not_only_of_what_was_shown(
        self, world: World, acme: Tenant
    ) -> None:
        async with opened(world, acme.tokens[0]) as reader:
            hello = await reader.frame()
            await world.emit(ring(acme, 0, acme.users[0].id))
            assert numbers(await reader.events(1)) == [0]
            await world.emit(ring(acme, 1, acme.users[1].id))
            world.clock.ms += 20_000
            heartbeat = await reader.frame()
            assert heartbeat["type"] == "heartbeat"
            assert heartbeat["streams"] == {acme.domain.id: hello["streams"][acme.domain.id] + 2}

    async def test_a_revoked_credential_closes_its_sockets(self, world: World, acme: Tenant) -> None:
        ticket = (await world.client.post("/v1/events/tickets", acme.tokens[0])).body["ticket"]
        async with (
            opened(world, acme.tokens[0]) as by_header,
            opened(world, None, f"?ticket={ticket}") as by_ticket,
            opened(world, acme.tokens[1]) as colleague,
        ):
            for reader in (by_header, by_ticket, colleague):
                await reader.frame()
            await world.accounts.users.update(SYSTEM, acme.users[0].id, UpdateUser(enabled=False))
            world.clock.ms += 5_000
            assert await by_header.close_code() == 4001
            assert await by_ticket.close_code() == 4001
            await world.emit(ring(acme, 7, acme.users[1].id))
            assert numbers(await colleague.events(1)) == [7]

    async def test_nobody_is_left_out_where_only_a_few_are_asked_about_at_once(
        self, world: World, acme: Tenant, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("api.websocket._AT_LEAST", 1)
        async with opened(world, acme.tokens[0]) as one, opened(world, acme.tokens[1]) as other:
            for reader in (one, other):
                await reader.frame()
            for user in acme.users[:2]:
                await world.accounts.users.update(SYSTEM, user.id, UpdateUser(enabled=False))
            for reader in (one, other):
                world.clock.ms += 5_000
                assert await reader.close_code() == 4001

    async def test_a_token_that_ends_closes_its_sockets(self, world: World, acme: Tenant) -> None:
        async with opened(world, acme.tokens[0]) as reader:
            await reader.frame()
            world.clock.ms += 86_400_000
            assert await reader.close_code() == 4001


# Slow and silent readers.


class TestSlowReaders:
    @pytest.fixture
    def api_settings(self) -> ApiSettings:
        return ApiSettings(port=0, socket_buffer_octets=200_000, slow_reader_s=0.5, sockets_per_credential=3)

    async def test_a_slow_reader_is_closed_and_the_others_notice_nothing(
        self, world: World, acme: Tenant
    ) -> None:
        async with opened(world, acme.manager) as quick:
            await quick.frame()
            slow = await stalled_socket(world, acme.manager)
            bulk = "x" * 10_000
            sent = 0
            while world.context.metrics.sockets_closed[4008] == 0:
                assert sent < 20_000, "the slow reader was never closed"
                batch = range(sent, sent + 50)
                await world.emit(
                    *(NewEvent(acme.domain.id, "call.updated", "call_0", {"n": n, "x": bulk}) for n in batch)
                )
                assert numbers(await quick.events(50)) == list(batch)
                sent += 50
            await world.emit(ring(acme, sent))
            assert numbers(await quick.events(1)) == [sent]
            for _ in range(100):
                if world.context.metrics.sockets == 1:
                    break
                await asyncio.sleep(0.05)
            assert world.context.metrics.sockets == 1  # nothing of it is kept, though it never answered
            slow.close()

    async def test_a_credential_opens_so_many_sockets_and_no_more(self, world: World, acme: Tenant) -> None:
        async with contextlib.AsyncExitStack() as stack:
            for _ in range(3):
                reader = await stack.enter_async_context(opened(world, acme.manager))
                await reader.frame()
            assert await refusal(world, acme.manager) == (429, "rate_limited")
            async with opened(world, acme.tokens[0]):
                pass
        async with opened(world, acme.manager) as reader:
            await reader.frame()


async def stalled_socket(world: World, secret: str) -> socket.socket:
    """A socket whose reader has gone for a coffee: upgraded, and never read again."""
    host, port = world.client.base.removeprefix("http://").split(":")
    plain = socket.socket()
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    plain.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(plain, (host, int(port)))
    request = (
        f"GET /v1/events HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        f"Authorization: Bearer {secret}\r\n\r\n"
    )
    await loop.sock_sendall(plain, request.encode())
    head = await loop.sock_recv(plain, 4_096)
    assert head.startswith(b"HTTP/1.1 101 ")
    return plain


class TestSilentReaders:
    @pytest.fixture
    def api_settings(self) -> ApiSettings:
        return ApiSettings(port=0, heartbeat_s=1.0)

    async def test_a_half_open_connection_is_gone_within_two_heartbeats(
        self, world: World, acme: Tenant
    ) -> None:
        silent = await stalled_socket(world, acme.manager)  # answers no ping, closes nothing
        for _ in range(60):
            if world.context.metrics.sockets == 0:
                break
            await asyncio.sleep(0.05)
        else:
            pytest.fail("still there after three heartbeats")
        silent.close()


async def test_sockets_that_come_and_go_leave_nothing_behind(world: World, acme: Tenant) -> None:
    tasks = len(asyncio.all_tasks())
    for _ in range(100):
        async with opened(world, acme.manager) as reader:
            await reader.frame()
    for _ in range(100):
        if world.context.metrics.sockets == 0 and len(asyncio.all_tasks()) <= tasks + 2:
            break
        await asyncio.sleep(0.02)
    assert world.context.metrics.sockets == 0
    assert world.bus._by_stream == {}
    assert len(asyncio.all_tasks()) <= tasks + 2

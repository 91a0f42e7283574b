"""The Python client against the whole engine, and against servers that misbehave."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web
from ringback_client import Event, EventEnded, Moment, Problem, Resync, Ringback, Unreachable, models

from tests.peers.engine import OURS, RunningEngine, an_engine, carrier
from tests.peers.node_smpp import NodeSmsc, StartNodeSmsc

PEER = "+12025550123"
KEY = "rbk_" + "0" * 43


@pytest.fixture
async def smsc(node_smsc: StartNodeSmsc) -> NodeSmsc:
    return await node_smsc(receipts="both")


@pytest.fixture
async def engine(smsc: NodeSmsc, database_url: str, tmp_path: Path) -> AsyncIterator[RunningEngine]:
    async with an_engine(database_url, tmp_path, carriers=(carrier(smsc.port),)) as running:
        await smsc.wait_for("bind")
        yield running


@pytest.fixture
async def ringback(engine: RunningEngine) -> AsyncIterator[Ringback]:
    async with Ringback(engine.url, engine.key) as client:
        yield client


@pytest.mark.node_smpp
async def test_a_text_is_sent_and_followed_to_its_receipt(ringback: Ringback, smsc: NodeSmsc) -> None:
    page = await ringback.read_events()
    stream, _, seq = page.next_cursor.rpartition(":")
    sent = await ringback.send_message(from_=OURS, to=[PEER], text="Hello", client_id="one")
    assert isinstance(sent.to[0].status, models.RecipientStatus)
    again = await ringback.send_message(from_=OURS, to=[PEER], text="Hello", client_id="one")
    assert again.id == sent.id
    async with asyncio.timeout(15):
        async for event in ringback.events({stream: int(seq)}):
            if isinstance(event, Event) and event.subject == sent.id:
                now = await ringback.get_message(sent.id)
                if now.to[0].status is models.RecipientStatus.DELIVERED:
                    break
    await smsc.settle()
    assert len(smsc.submits()) == 1
    assert now.created_at.tzinfo is not None


async def test_every_item_of_a_list_comes_once(ringback: Ringback, engine: RunningEngine) -> None:
    made = [
        await ringback.create_user(extension=str(2000 + number), display_name=f"U {number}")
        for number in range(7)
    ]
    seen = [user.id async for user in ringback.every(ringback.list_users, limit=2)]
    assert sorted(seen) == sorted([one.id for one in made] + [one.id for one in engine.users])


async def test_what_the_server_refuses_is_a_problem(ringback: Ringback) -> None:
    with pytest.raises(Problem) as refused:
        await ringback.send_message(from_=OURS, to=["nonsense"], text="Hello")
    assert (refused.value.status, refused.value.code) == (422, "invalid_number")
    assert refused.value.field == "/to/0"
    assert not refused.value.retryable
    with pytest.raises(Problem) as refused:
        await ringback.get_call("call_" + "0" * 32)
    assert refused.value.status == 404


async def test_nobody_without_a_credential_gets_events(engine: RunningEngine) -> None:
    async with Ringback(engine.url, KEY) as stranger:
        with pytest.raises(Problem) as refused:
            async for _ in stranger.events():
                pass
        assert refused.value.code == "credential_unknown"


# Servers that misbehave.

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def server(path: str, handler: Handler, method: str = "*") -> AsyncIterator[Ringback]:
    app = web.Application()
    app.router.add_route(method, path, handler)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    try:
        async with Ringback(f"http://127.0.0.1:{port}", KEY) as client:
            yield client
    finally:
        await runner.cleanup()


async def test_a_lost_answer_is_asked_for_again_under_the_same_key() -> None:
    keys: list[str] = []

    async def once_lost(request: web.Request) -> web.StreamResponse:
        keys.append(request.headers["Idempotency-Key"])
        if len(keys) == 1:
            assert request.transport is not None
            request.transport.close()
        if len(keys) == 2:
            problem = {"code": "storage_unavailable", "detail": "Later.", "retryable": True}
            return web.json_response(problem, status=503)
        return web.json_response({"items": []}, status=202)

    async with server("/v1/messages:batch", once_lost) as client:
        result = await client.send_messages(messages=[{"from": OURS, "to": [PEER], "text": "Hello"}])
    assert result.items == []
    assert len(keys) == 3
    assert len(set(keys)) == 1


async def test_what_cannot_be_repeated_safely_is_not() -> None:
    asked = 0

    async def always_lost(request: web.Request) -> web.StreamResponse:
        nonlocal asked
        asked += 1
        assert request.transport is not None
        request.transport.close()
        return web.Response()

    async with server("/v1/calls/{id}", always_lost) as client:
        with pytest.raises(Unreachable):
            await client.cancel_call("call_" + "0" * 32)
    assert asked == 1


async def test_a_page_of_something_in_between_is_a_problem_too() -> None:
    async def proxy(_: web.Request) -> web.StreamResponse:
        return web.Response(status=404, text="<html>nginx</html>", content_type="text/html")

    async with server("/v1/calls/{id}", proxy) as client:
        with pytest.raises(Problem) as refused:
            await client.get_call("call_" + "0" * 32)
    assert refused.value.code == "not_a_problem"


async def _collect(client: Ringback, seen: list[object]) -> None:
    async with asyncio.timeout(30):
        async for one in client.events():
            seen.append(one)


async def test_events_go_on_behind_the_last_one_after_a_lost_connection() -> None:
    cursors: list[str | None] = []

    async def flaky(request: web.Request) -> web.StreamResponse:
        cursors.append(request.query.get("cursor"))
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        first = len(cursors) * 10
        await socket.send_json({"type": "hello", "streams": {"dom": first}, "heartbeat_s": 5})
        if len(cursors) == 2:
            await socket.send_json({"type": "resync", "streams": {"dom": first}})
        await socket.send_json({"type": "typing", "stream": "dom", "data": {"user_id": "usr_1"}})
        event = {"stream": "dom", "seq": first + 1, "type": "message.created", "subject": "msg_1"}
        await socket.send_json({**event, "at": "2026-01-01T00:00:00Z", "data": {}, "message": {"text": "Hi"}})
        if len(cursors) == 3:
            await socket.close(code=4001, message=b"credential_revoked")
        elif request.transport is not None:
            request.transport.abort()
        return socket

    seen: list[object] = []
    async with server("/v1/events", flaky) as client:
        with pytest.raises(EventEnded) as ended:
            await _collect(client, seen)
    assert (ended.value.code, ended.value.reason) == (4001, "credential_revoked")
    assert cursors == [None, "dom:11", "dom:21"]
    assert [type(one) for one in seen] == [Moment, Event, Resync, Moment, Event, Moment, Event]
    events = [one for one in seen if isinstance(one, Event)]
    assert [event.seq for event in events] == [11, 21, 31]
    assert events[0].resource == {"text": "Hi"}

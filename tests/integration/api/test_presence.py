"""Presence and the call log as a page sees them: who is green, who talks, what was missed."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from engine.presence.models import LegState, Party
from tests.integration.api.test_event_socket import Reader, opened
from tests.integration.api.world import PBX, Tenant, World
from tests.unit.presence.twins import leg

HELLO = {"do_not_disturb": False, "status": "away", "text": "Zoë is at lunch <b>"}


@pytest.fixture
async def acme(world: World) -> Tenant:
    return await world.tenant("acme", "+12025550101")


@pytest.fixture
async def bolt(world: World) -> Tenant:
    return await world.tenant("bolt", "+12025550102")


async def told(reader: Reader, type: str, user_id: str) -> dict[str, Any]:
    """The next frame of this type that speaks of the user; what it says of them."""
    while True:
        frame = await reader.any_frame()
        if frame["type"] != type:
            continue
        for shown in frame["data"].get("users", [frame["data"]]):
            if shown["user_id"] == user_id:
                return dict(shown)


def talking(tenant: Tenant, peer: Party, state: LegState = LegState.TALKING) -> Any:
    return leg(f"{tenant.domain.name}-101", state, peer=peer)


async def seen_by(world: World, secret: str, tenant: Tenant, user: int = 0) -> dict[str, Any]:
    answer = await world.client.get(f"/v1/presence?domain_id={tenant.domain.id}", secret)
    assert answer.status == 200
    return next(one for one in answer.body["items"] if one["user_id"] == tenant.users[user].id)


async def test_page_that_opens_is_green_for_everybody_in_the_domain(
    world: World, acme: Tenant, bolt: Tenant
) -> None:
    async with opened(world, acme.tokens[0]) as colleague:
        await colleague.frame()
        async with opened(world, acme.tokens[1]):
            assert (await told(colleague, "presence", acme.users[1].id))["logged_in"] is True
        while world.context.metrics.sockets > 1:  # noqa: ASYNC110 - until the server knows
            await asyncio.sleep(0.005)
        assert (await seen_by(world, acme.manager, acme, 1))["logged_in"] is True
        world.clock.ms += 16_000
        world.presence.tick()
        assert (await told(colleague, "presence", acme.users[1].id))["logged_in"] is False
    assert (await seen_by(world, bolt.manager, bolt, 0))["logged_in"] is False


async def test_request_makes_one_green_for_a_while_and_a_servers_key_does_not(
    world: World, acme: Tenant
) -> None:
    await world.client.get("/v1/presence", acme.manager)
    world.clock.ms += 100_000
    world.presence.tick()
    assert (await seen_by(world, acme.manager, acme))["logged_in"] is False
    await world.client.get("/v1/me/presence", acme.tokens[0])
    assert (await seen_by(world, acme.manager, acme))["logged_in"] is True


async def test_everybody_sees_who_talks_and_managers_and_oneself_with_whom(
    world: World, acme: Tenant
) -> None:
    async with (
        opened(world, acme.tokens[0]) as anna,
        opened(world, acme.tokens[1]) as bob,
        opened(world, acme.manager) as manager,
    ):
        for reader in (anna, bob, manager):
            await reader.frame()
        world.phones.told().resynced(PBX)
        world.phones.told().legs(PBX, [talking(acme, Party("carrier", "+12025550177", "Grace"))])
        for reader in (anna, manager):
            (call,) = (await told(reader, "calls", acme.users[0].id))["calls"]
            assert (call["peer"], call["state"]) == ("+12025550177", "talking")
        while (shown := await told(bob, "presence", acme.users[0].id))["phone"] != "on_the_phone":
            continue
        assert "calls" not in shown
        assert "Grace" not in str(shown)
    assert (await seen_by(world, acme.tokens[1], acme))["calls"] is None
    assert (await seen_by(world, acme.tokens[1], acme, 1))["calls"] == []
    for secret in (acme.tokens[0], acme.manager):
        (call,) = (await seen_by(world, secret, acme))["calls"]
        assert call["peer_name"] == "Grace"


async def test_another_tenant_is_told_nothing(world: World, acme: Tenant, bolt: Tenant) -> None:
    async with opened(world, bolt.manager) as stranger:
        await stranger.frame()
        world.phones.told().resynced(PBX)
        world.phones.told().legs(PBX, [talking(acme, Party("carrier", "+12025550177", ""))])
        world.phones.told().legs(PBX, [talking(bolt, Party("acme-101", "101", "acme 101"))])
        while (frame := await stranger.frame())["type"] != "calls":
            assert acme.users[0].id not in str(frame)
        (call,) = frame["data"]["calls"]
        assert (call["peer"], call["peer_user_id"]) == ("101", None)


async def test_status_is_set_shown_and_told(world: World, acme: Tenant) -> None:
    async with opened(world, acme.tokens[1]) as colleague:
        await colleague.frame()
        answer = await world.client.ask("PUT", "/v1/me/presence", secret=acme.tokens[0], json=HELLO)
        assert (answer.status, answer.body["text"]) == (200, HELLO["text"])
        while (event := await colleague.frame())["type"] != "presence.updated":
            continue
        assert event["data"]["status"] == "away"
        assert "lunch" not in str(event)
    assert (await world.client.get("/v1/me/presence", acme.tokens[0])).body["status"] == "away"
    assert (await seen_by(world, acme.tokens[1], acme))["text"] == HELLO["text"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"status": "asleep"},
        {"text": "x" * 141},
        {"text": "two\nlines"},
        {"expires_at": "2001-01-01T00:00:00Z"},
        {"expires_at": "2030-01-01T00:00:00"},
        {"phone": "idle"},
        {"do_not_disturb": "yes"},
    ],
)
async def test_bad_status_is_refused(world: World, acme: Tenant, wrong: dict[str, Any]) -> None:
    answer = await world.client.ask("PUT", "/v1/me/presence", secret=acme.tokens[0], json={**HELLO, **wrong})
    assert answer.status == 422
    assert (await world.client.get("/v1/me/presence", acme.tokens[0])).body["status"] == "available"


async def test_missed_call_is_counted_until_it_is_seen(world: World, acme: Tenant) -> None:
    anna, bob = acme.tokens
    assert (await world.client.get("/v1/call-log:unseen", anna)).body == {"missed": 1}
    page = (await world.client.get("/v1/call-log?missed=true", anna)).body
    (entry,) = page["items"]
    assert (entry["peer"], entry["result"], entry["seen"]) == ("+12025550177", "missed", False)
    async with opened(world, anna) as other_tab:
        await other_tab.frame()
        mine = {"ids": [entry["id"]]}
        assert (await world.client.post("/v1/call-log:seen", bob, mine)).body == {"missed": 0}
        assert (await world.client.get("/v1/call-log:unseen", anna)).body == {"missed": 1}
        assert (await world.client.post("/v1/call-log:seen", anna, mine)).body == {"missed": 0}
        while (frame := await other_tab.frame())["type"] != "call_log.seen":
            continue
        assert frame["data"]["unseen_missed"] == 0


async def test_call_log_is_filtered_and_paged(world: World, acme: Tenant) -> None:
    for number in range(5):
        world.clock.ms += 1_000
        await world.missed_call(acme.users[0], "acme-101", f"+1202555019{number}")
    first = (await world.client.get("/v1/call-log?limit=4", acme.tokens[0])).body
    rest = (
        await world.client.get(f"/v1/call-log?limit=4&cursor={first['next_cursor']}", acme.tokens[0])
    ).body
    peers = [entry["peer"] for entry in (*first["items"], *rest["items"])]
    assert peers == [*(f"+1202555019{number}" for number in (4, 3, 2, 1, 0)), "+12025550177"]
    assert rest["next_cursor"] is None
    found = (await world.client.get("/v1/call-log?peer=202-555-0192", acme.tokens[0])).body["items"]
    assert [entry["peer"] for entry in found] == ["+12025550192"]
    assert (await world.client.get("/v1/call-log?direction=outbound", acme.tokens[0])).body["items"] == []
    answer = await world.client.get("/v1/call-log?cursor=nonsense", acme.tokens[0])
    assert (answer.status, answer.code) == (422, "invalid_cursor")


async def test_manager_sees_the_calls_of_the_domain_and_a_user_only_their_own(
    world: World, acme: Tenant
) -> None:
    await world.missed_call(acme.users[1], "acme-102", "+12025550166")
    everybody = (await world.client.get("/v1/call-log", acme.manager)).body["items"]
    assert {entry["user_id"] for entry in everybody} == {user.id for user in acme.users}
    one = (await world.client.get(f"/v1/call-log?user_id={acme.users[1].id}", acme.manager)).body["items"]
    assert [entry["peer"] for entry in one] == ["+12025550166"]
    mine = (await world.client.get("/v1/call-log", acme.tokens[1])).body["items"]
    assert mine == one
    theirs = await world.client.get(f"/v1/call-log?user_id={acme.users[0].id}", acme.tokens[1])
    assert theirs.status == 404
    entry = await world.client.get(f"/v1/call-log/{one[0]['id']}", acme.tokens[0])
    assert entry.status == 404

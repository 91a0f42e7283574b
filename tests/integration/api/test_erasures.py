"""Erasing over HTTP: once for all, by managers, with a report."""

from __future__ import annotations

import pytest

from tests.integration.api.world import Tenant, World

CALLER = "+12025550177"


@pytest.fixture
async def acme(world: World) -> Tenant:
    return await world.tenant("acme", "+12025550101")


async def test_a_number_is_erased_with_a_report(world: World, acme: Tenant) -> None:
    api = world.client
    assert (await api.get(f"/v1/messages/{acme.message_id}", acme.manager)).status == 200
    done = await api.post("/v1/erasures", acme.manager, {"number": "(202) 555-0177"})
    assert (done.status, done.body["left"], done.body["kind"]) == (201, {}, "number")
    assert done.body["removed"]["messages"] == 1
    assert CALLER not in done.raw.decode()
    assert (await api.get(f"/v1/messages/{acme.message_id}", acme.manager)).status == 404
    calls = (await api.get("/v1/call-log", acme.manager)).raw.decode()
    assert CALLER not in calls
    assert (await api.get(f"/v1/erasures/{done.body['id']}", acme.manager)).body == done.body
    assert (await api.get("/v1/erasures", acme.manager)).body["items"] == [done.body]
    trail = (await api.get("/v1/audit", acme.manager)).body["items"]
    assert [entry["subject"] for entry in trail if entry["action"] == "person.erased"] == [done.body["id"]]


async def test_a_user_is_erased_and_deleted(world: World, acme: Tenant) -> None:
    api, user = world.client, acme.users[1]
    done = await api.post("/v1/erasures", acme.manager, {"user_id": user.id})
    assert (done.status, done.body["left"], done.body["removed"]["users"]) == (201, {}, 1)
    assert (await api.get(f"/v1/users/{user.id}", acme.manager)).status == 404
    assert (await api.get("/v1/me", acme.tokens[1])).status == 401


async def test_users_erase_nobody(world: World, acme: Tenant) -> None:
    refused = await world.client.post("/v1/erasures", acme.tokens[0], {"number": CALLER})
    assert (refused.status, refused.code) == (403, "scope_too_low")


@pytest.mark.parametrize(
    "wrong", [{}, {"number": ""}, {"number": "nobody at all"}, {"user_id": "usr_1", "number": "1"}]
)
async def test_somebody_has_to_be_named(world: World, acme: Tenant, wrong: dict[str, str]) -> None:
    assert (await world.client.post("/v1/erasures", acme.manager, wrong)).status == 422

"""Users and numbers taken in over HTTP, as JSON and as CSV."""

from __future__ import annotations

import pytest

from tests.integration.api.client import Answer
from tests.integration.api.world import CARRIER, Tenant, World


@pytest.fixture
async def acme(world: World) -> Tenant:
    return await world.tenant("acme", "+12025550101")


async def csv(world: World, path: str, text: str, secret: str, media_type: str = "text/csv") -> Answer:
    headers = {"Content-Type": media_type}
    return await world.client.ask("POST", path, secret=secret, raw=text.encode(), headers=headers)


async def test_one_file_is_the_same_as_json_and_as_csv(world: World, acme: Tenant) -> None:
    rows = [{"extension": "301", "display_name": "Anna", "devices": ["anna"], "login": None}]
    answer = await world.client.post("/v1/users:import", acme.manager, {"users": rows})
    assert (answer.status, answer.body["created"]) == (200, 1)
    text = "extension,display_name,devices\n301,Anna,anna\n"
    again = await csv(world, "/v1/users:import", text, acme.manager)
    assert (again.status, again.body["unchanged"], again.body["flaws"]) == (200, 1, [])


async def test_a_bad_row_is_pointed_at_in_json_and_in_csv(world: World, acme: Tenant) -> None:
    rows = [{"extension": "301", "display_name": "Anna"}, {"extension": "302"}]
    refused = await world.client.post("/v1/users:import", acme.manager, {"users": rows})
    assert (refused.status, refused.code) == (422, "import_refused")
    flaw = {"field": "/users/1/display_name", "detail": "invalid_request: A new user needs a name."}
    assert refused.body["errors"] == [flaw]
    text = "extension,display_name\n301,Anna\n302,\n"
    refused = await csv(world, "/v1/users:import", text, acme.manager)
    assert refused.body["errors"] == [flaw | {"field": "line 3: display_name"}]
    dry = await csv(world, "/v1/users:import?dry_run=true", text, acme.manager)
    assert (dry.body["created"], dry.body["flaw_count"]) == (1, 1)
    some = await csv(world, "/v1/users:import?skip_bad=true", text, acme.manager)
    assert (some.body["created"], some.body["flaws"][0]["line"]) == (1, 3)


@pytest.mark.parametrize("field", ["id", "domain_id", "created_at", "password", "scope"])
async def test_what_a_row_does_not_take_is_refused(world: World, acme: Tenant, field: str) -> None:
    body = {"users": [{"extension": "301", "display_name": "Anna", field: "x"}]}
    refused = await world.client.post("/v1/users:import", acme.manager, body)
    assert (refused.status, refused.code) == (422, "invalid_input")
    assert refused.body["field"] == f"/users/0/{field}"
    text = f"extension,{field}\n301,x\n"
    assert (await csv(world, "/v1/users:import", text, acme.manager)).code == "import_unreadable"


async def test_bodies_of_other_kinds_and_sizes_are_refused(world: World, acme: Tenant) -> None:
    for media_type in ("text/plain", "multipart/form-data; boundary=x"):
        refused = await csv(world, "/v1/users:import", "extension\n301\n", acme.manager, media_type)
        assert refused.status == 415
    assert (await csv(world, "/v1/users:import", "extension\n" + "x" * 4_200_000, acme.manager)).status == 413
    refused = await csv(world, "/v1/users:import", "{", acme.manager, "application/json")
    assert (refused.status, refused.code) == (400, "malformed_json")
    octets = b"extension,display_name\n301,\xff\n"
    headers = {"Content-Type": "text/csv"}
    refused = await world.client.ask(
        "POST", "/v1/users:import", secret=acme.manager, raw=octets, headers=headers
    )
    assert refused.code == "import_unreadable"


async def test_five_thousand_users_and_their_numbers_come_in_two_requests(world: World, acme: Tenant) -> None:
    users = [
        {"extension": str(20_000 + n), "display_name": f"User {n}", "devices": [f"p{n}"]}
        for n in range(5_000)
    ]
    answer = await world.client.post("/v1/users:import", acme.manager, {"users": users})
    assert (answer.status, answer.body["created"]) == (200, 5_000)
    lines = "".join(f"+1213{2_000_000 + n},{CARRIER},{20_000 + n}\n" for n in range(5_000))
    path = f"/v1/numbers:import?domain_id={acme.domain.id}"
    answer = await csv(world, path, "e164,carrier,extensions\n" + lines, world.reseller)
    assert (answer.status, answer.body["created"], answer.body["flaws"]) == (200, 5_000, [])

"""Usage over HTTP: the reports, the home page's summary, the file."""

from __future__ import annotations

import csv
import io

import pytest

from tests.integration.api.world import Tenant, World


@pytest.fixture
async def acme(world: World) -> Tenant:
    return await world.tenant("acme", "+12025550101")


async def test_texts_are_counted_as_soon_as_somebody_asks(world: World, acme: Tenant) -> None:
    api = world.client
    sent = {"from": acme.number.e164, "to": ["+12025550142", "+12025550143"], "text": "Hello"}
    assert (await api.post("/v1/messages", acme.manager, sent)).status == 202
    found = (await api.get("/v1/usage/messages?group_by=direction,status", acme.manager)).body
    assert found["group_by"] == ["direction", "status"]
    figures = {(row["direction"], row["status"]): (row["texts"], row["segments"]) for row in found["items"]}
    assert figures == {("inbound", "received"): (1, 1), ("outbound", "queued"): (2, 2)}
    (day,) = (await api.get("/v1/usage/messages", acme.manager)).body["items"]
    assert (day["day"], day["sent"], day["received"], day["under_way"]) == ("2027-01-15", 2, 1, 2)
    assert (day["user_id"], day["cost"]) == (None, [])
    calls = (await api.get("/v1/usage/calls?group_by=user", acme.manager)).body["items"]
    assert [(row["user_id"], row["calls"], row["missed"]) for row in calls] == [(acme.users[0].id, 1, 1)]


async def test_the_home_page_asks_once(world: World, acme: Tenant) -> None:
    api = world.client
    summary = (await api.get("/v1/usage/summary", acme.manager)).body
    assert (summary["shown"], summary["texting_users"], summary["time_zone"]) == (True, 2, "UTC")
    assert summary["today"]["texts"]["received"] == summary["last_30_days"]["texts"]["texts"] == 1
    assert [day["day"] for day in summary["days"]][-2:] == ["2027-01-14", "2027-01-15"]
    assert len(summary["days"]) == 30
    settings = f"/v1/domains/{acme.domain.id}/settings"
    await api.ask("PATCH", settings, secret=world.super_user, json={"sms_enabled": False})
    assert (await api.get("/v1/usage/summary", acme.manager)).body["shown"] is False


async def test_a_user_does_not_see_what_the_domain_uses(world: World, acme: Tenant) -> None:
    refused = await world.client.get("/v1/usage/summary", acme.tokens[0])
    assert (refused.status, refused.code) == (403, "scope_too_low")


@pytest.mark.parametrize(
    "query",
    [
        "from=2027-02-30",
        "from=20270101",
        "from=2020-01-01&until=2027-01-01",
        "group_by=colour",
        "group_by=day,,user",
        "group_by=",
    ],
)
async def test_what_cannot_be_counted_is_refused(world: World, acme: Tenant, query: str) -> None:
    assert (await world.client.get(f"/v1/usage/messages?{query}", acme.manager)).status == 422


async def test_the_file_is_one_a_spreadsheet_opens_without_harm(world: World, acme: Tenant) -> None:
    answer = await world.client.get("/v1/usage:export?of=text&group_by=day,number", acme.manager)
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="usage-text-2026-12-17')
    header, line = csv.reader(io.StringIO(answer.raw.decode()))
    assert header[:3] == ["day", "number", "texts"]
    assert line[:3] == ["2027-01-15", "'+12025550101", "1"]


async def test_a_domain_says_how_long_it_keeps_things_and_when_its_days_begin(
    world: World, acme: Tenant
) -> None:
    api, settings = world.client, f"/v1/domains/{acme.domain.id}/settings"
    now = (await api.get(settings, acme.tokens[0])).body
    assert (now["time_zone"], now["keep_messages_days"]) == ("UTC", None)
    wanted = {"time_zone": "Europe/Berlin", "keep_messages_days": 90, "keep_calls_days": None}
    changed = (await api.ask("PATCH", settings, secret=acme.manager, json=wanted)).body
    assert {name: changed[name] for name in wanted} == wanted
    for wrong in ({"time_zone": "Mars/Base"}, {"time_zone": "../x"}, {"keep_calls_days": 0}):
        assert (await api.ask("PATCH", settings, secret=acme.manager, json=wrong)).status == 422

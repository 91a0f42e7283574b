"""History looked through and taken home over HTTP."""

from __future__ import annotations

import csv
import io
import json

import pytest

from tests.integration.api.client import Answer
from tests.integration.api.world import Tenant, World

FORMULAS = ("=HYPERLINK(1)", "+1", "-1+2", "@SUM(1)", "\tx", "\rx", "＝1")


@pytest.fixture
async def acme(world: World) -> Tenant:
    return await world.tenant("acme", "+12025550101")


async def a_chat(world: World, acme: Tenant, *texts: str) -> str:
    started = await world.client.post(
        "/v1/conversations", acme.tokens[0], {"to": [{"user_id": acme.users[1].id}]}
    )
    conversation_id: str = started.body["id"]
    for place, text in enumerate(texts):
        said = await world.client.post(
            f"/v1/conversations/{conversation_id}/messages", acme.tokens[place % 2], {"text": text}
        )
        assert said.status == 202
    return conversation_id


def texts(answer: Answer) -> list[str]:
    return [one["message"]["text"] for one in answer.body["items"]]


async def test_history_is_narrowed_by_who_what_and_words(world: World, acme: Tenant) -> None:
    api, chat = world.client, await a_chat(world, acme, "The first apple", "A pear", "Apple pie", "the end")
    address = f"/v1/conversations/{chat}/history?type=message"
    assert texts(await api.get(address, acme.tokens[0])) == [
        "the end",
        "Apple pie",
        "A pear",
        "The first apple",
    ]
    mine = await api.get(f"{address}&author={acme.users[0].id}", acme.tokens[1])
    assert texts(mine) == ["Apple pie", "The first apple"]
    assert texts(await api.get(f"{address}&q=apple", acme.tokens[0])) == ["Apple pie", "The first apple"]
    assert texts(await api.get(f"{address}&q=apple%20pi", acme.tokens[0])) == ["Apple pie"]
    assert texts(await api.get(f"{address}&has_attachment=true", acme.tokens[0])) == []
    assert texts(await api.get(f"{address}&until=2020-01-01T00:00:00Z", acme.tokens[0])) == []
    assert texts(await api.get(f"{address}&from=2100-01-01T00:00:00Z", acme.tokens[0])) == []
    first = await api.get(f"{address}&q=apple&limit=1", acme.tokens[0])
    rest = await api.get(f"{address}&q=apple&cursor={first.body['next_cursor']}", acme.tokens[0])
    assert (texts(first), texts(rest), rest.body["next_cursor"]) == (["Apple pie"], ["The first apple"], None)


async def test_a_jump_to_a_date_shows_what_was_around_it(world: World, acme: Tenant) -> None:
    api, chat = world.client, await a_chat(world, acme, *(f"n{place}" for place in range(9)))
    everything = (await api.get(f"/v1/conversations/{chat}/timeline", acme.tokens[0])).body["items"]
    middle = next(one for one in everything if one["message"] and one["message"]["text"] == "n4")
    at_ms = int(middle["id"].rpartition("_")[2][:12], 16)
    from engine.clock import to_rfc3339

    page = await api.get(
        f"/v1/conversations/{chat}/timeline:at?at={to_rfc3339(at_ms)}&limit=4", acme.tokens[0]
    )
    shown = [one["id"] for one in page.body["items"]]
    place = [one["id"] for one in everything].index(middle["id"])
    assert middle["id"] in shown
    assert [one["id"] for one in everything][place - 1] in shown
    older = await api.get(
        f"/v1/conversations/{chat}/timeline?cursor={page.body['next_cursor']}", acme.tokens[0]
    )
    assert older.body["items"][0]["id"] not in shown
    long_ago = await api.get(f"/v1/conversations/{chat}/timeline:at?at=2001-01-01T00:00:00Z", acme.tokens[0])
    assert len(long_ago.body["items"]) >= 9
    far_off = await api.get(f"/v1/conversations/{chat}/timeline:at?at=2101-01-01T00:00:00Z", acme.tokens[0])
    assert far_off.body["items"][0]["message"]["text"] == "n8"


async def test_a_csv_holds_no_formula(world: World, acme: Tenant) -> None:
    chat = await a_chat(world, acme, *FORMULAS, 'say "hi",\nthen go')
    answer = await world.client.get(f"/v1/conversations/{chat}:export?format=csv", acme.tokens[0])
    rows = list(csv.DictReader(io.StringIO(answer.raw.decode(), newline="")))
    said = [row["text"] for row in rows if row["type"] == "message"]
    assert all(text.startswith("'") for text in said[: len(FORMULAS)])
    assert said[-1] == 'say "hi",\nthen go'
    assert rows[-1]["from"] == acme.users[len(FORMULAS) % 2].display_name
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{chat}.csv"'


async def test_json_holds_what_the_timeline_shows_oldest_first(world: World, acme: Tenant) -> None:
    api, chat = world.client, await a_chat(world, acme, *(f"n{place}" for place in range(5)))
    answer = await api.get(f"/v1/conversations/{chat}:export", acme.tokens[0])
    timeline = (await api.get(f"/v1/conversations/{chat}/timeline", acme.tokens[0])).body["items"]
    assert answer.body["items"] == timeline[::-1]
    assert answer.body["conversation"]["id"] == chat


async def test_a_pdf_is_made(world: World, acme: Tenant) -> None:
    api, chat = world.client, await a_chat(world, acme, "Hello", "שלום", "Привет")
    answer = await api.get(f"/v1/conversations/{chat}:export?format=pdf", acme.tokens[0])
    assert answer.raw.startswith(b"%PDF-")
    assert answer.headers["Content-Type"] == "application/pdf"


async def test_nobody_exports_what_they_do_not_see(world: World, acme: Tenant) -> None:
    api, chat = world.client, await a_chat(world, acme, "Secret")
    for path in (f"{chat}:export", f"{chat}/history", f"{chat}/timeline:at?at=2027-01-01T00:00:00Z"):
        assert (await api.get(f"/v1/conversations/{path}", acme.manager)).status == 404


async def test_one_takes_ones_own_data_home(world: World, acme: Tenant) -> None:
    chat = await a_chat(world, acme, "Mine")
    await a_chat_of_others(world, acme)
    answer = await world.client.get("/v1/me:export", acme.tokens[0])
    mine = json.loads(answer.raw)
    assert mine["me"]["user"]["id"] == acme.users[0].id
    assert {one["conversation"]["id"] for one in mine["conversations"]} == {chat, acme.conversation_id}
    said = [
        item["message"]["text"] for one in mine["conversations"] for item in one["items"] if item["message"]
    ]
    assert sorted(said) == ["Mine", "hello"]
    assert [call["peer"] for call in mine["calls"]] == ["+12025550177"]
    assert "Nobody's business" not in answer.raw.decode()


async def a_chat_of_others(world: World, acme: Tenant) -> None:
    other = await world.tenant("bolt", "+12025550102")
    started = await world.client.post(
        "/v1/conversations", other.tokens[0], {"to": [{"user_id": other.users[1].id}]}
    )
    await world.client.post(
        f"/v1/conversations/{started.body['id']}/messages", other.tokens[0], {"text": "Nobody's business"}
    )

"""What is done in threads besides talking, over HTTP and the event socket."""

from __future__ import annotations

import pytest

from tests.integration.api.test_conversations import event
from tests.integration.api.test_event_socket import opened
from tests.integration.api.world import Tenant, World

PEER = "+12025550177"
HEART = "\u2764\ufe0f"


@pytest.fixture
async def acme(world: World) -> Tenant:
    return await world.tenant("acme", "+12025550101")


async def a_chat(world: World, tenant: Tenant) -> str:
    started = await world.client.post("/v1/conversations", tenant.tokens[0], {"to": [{"extension": "102"}]})
    chat: str = started.body["id"]
    return chat


async def test_what_is_done_to_a_message_reaches_the_other_with_the_message(
    world: World, acme: Tenant
) -> None:
    api, chat = world.client, await a_chat(world, acme)
    said = await api.post(f"/v1/conversations/{chat}/messages", acme.tokens[0], {"text": "Hallo"})
    address = f"/v1/messages/{said.body['id']}"
    async with opened(world, acme.tokens[1]) as other:
        assert (await other.frame())["type"] == "hello"
        edited = await api.ask("PATCH", address, secret=acme.tokens[0], json={"text": "Hello"})
        assert (edited.status, edited.body["text"]) == (200, "Hello")
        assert edited.body["edited_at"] is not None
        assert (await event(other, "message.updated"))["message"] == edited.body

        reacted = await api.post(f"{address}/reactions", acme.tokens[1], {"emoji": HEART})
        assert reacted.body["reactions"] == [{"emoji": HEART, "user_ids": [acme.users[1].id]}]
        assert (await event(other, "message.updated"))["message"] == reacted.body
        without = await api.ask(
            "DELETE", f"{address}/reactions?emoji=%E2%9D%A4%EF%B8%8F", secret=acme.tokens[1]
        )
        assert without.body["reactions"] == []
        assert (await event(other, "message.updated"))["message"] == without.body

        gone = await api.ask("DELETE", address, secret=acme.tokens[0])
        assert (gone.status, gone.body["text"]) == (200, "")
        assert (await event(other, "message.updated"))["message"] == gone.body
    assert (await api.get(address, acme.tokens[1])).body == gone.body
    (listed,) = (await api.get("/v1/conversations", acme.tokens[1])).body["items"]
    assert (listed["last_item"]["deleted"], listed["last_item"]["text"]) == (True, "")


async def test_what_cannot_be_done_to_a_message_says_why(world: World, acme: Tenant) -> None:
    api, chat = world.client, await a_chat(world, acme)
    said = await api.post(f"/v1/conversations/{chat}/messages", acme.tokens[0], {"text": "Hello"})
    address = f"/v1/messages/{said.body['id']}"
    for method, path, body, status, code in (
        ("PATCH", address, {"text": "Mine"}, 403, "not_your_message"),
        ("DELETE", address, ..., 403, "not_your_message"),
        ("POST", f"{address}/reactions", {"emoji": "no"}, 422, "not_an_emoji"),
        ("POST", f"{address}/reactions", {"emoji": ""}, 422, "invalid_input"),
        ("DELETE", f"{address}/reactions", ..., 422, "invalid_input"),
    ):
        refused = await api.ask(method, path, secret=acme.tokens[1], json=body)
        assert (refused.status, refused.code) == (status, code), (method, path)
    text = f"/v1/messages/{acme.message_id}"
    for method, path, body in (
        ("PATCH", text, {"text": "Other"}),
        ("DELETE", text, ...),
        ("POST", f"{text}/reactions", {"emoji": HEART}),
    ):
        refused = await api.ask(method, path, secret=acme.tokens[0], json=body)
        assert (refused.status, refused.code) == (409, "not_a_chat_message"), (method, path)


async def test_the_domain_says_how_long_one_may_edit(world: World, acme: Tenant) -> None:
    api, chat = world.client, await a_chat(world, acme)
    settings = f"/v1/domains/{acme.domain.id}/settings"
    assert (await api.get(settings, acme.tokens[0])).body["edit_within_s"] == 86_400
    changed = await api.ask("PATCH", settings, secret=acme.manager, json={"edit_within_s": 60})
    assert changed.body["edit_within_s"] == 60
    assert (
        await api.ask("PATCH", settings, secret=acme.manager, json={"edit_within_s": -1})
    ).code == "invalid_input"
    said = await api.post(f"/v1/conversations/{chat}/messages", acme.tokens[0], {"text": "Hello"})
    world.clock.ms += 60_000
    late = await api.ask(
        "PATCH", f"/v1/messages/{said.body['id']}", secret=acme.tokens[0], json={"text": "Good day"}
    )
    assert (late.status, late.code) == (409, "too_late_to_edit")


async def test_a_link_to_a_message_opens_what_was_around_it(world: World, acme: Tenant) -> None:
    api, chat = world.client, await a_chat(world, acme)
    said = []
    for place in range(5):
        world.clock.ms += 1
        answer = await api.post(f"/v1/conversations/{chat}/messages", acme.tokens[0], {"text": f"{place}"})
        said.append(answer.body)
    linked = await api.get(f"/v1/messages/{said[2]['id']}", acme.tokens[1])
    assert linked.body["conversation_id"] == chat
    timeline = f"/v1/conversations/{chat}/timeline"
    page = await api.get(f"{timeline}?around={said[2]['id']}&limit=3", acme.tokens[1])
    assert [one["id"] for one in page.body["items"]] == [said[place]["id"] for place in (3, 2, 1)]
    newer = await api.get(f"{timeline}?after={page.body['newer_cursor']}&limit=3", acme.tokens[1])
    assert [one["id"] for one in newer.body["items"]] == [said[4]["id"]]
    older = await api.get(f"{timeline}?cursor={page.body['next_cursor']}&limit=1", acme.tokens[1])
    assert [one["id"] for one in older.body["items"]] == [said[0]["id"]]
    both = await api.get(
        f"{timeline}?around={said[2]['id']}&after={page.body['newer_cursor']}", acme.tokens[1]
    )
    assert (both.status, both.code) == (422, "invalid_input")
    assert (await api.get(f"{timeline}?after=nonsense", acme.tokens[1])).code == "invalid_cursor"
    assert (await api.get(f"{timeline}?around={acme.message_id}", acme.tokens[1])).status == 404


async def test_a_draft_follows_its_writer_and_goes_when_sent(world: World, acme: Tenant) -> None:
    api, chat = world.client, await a_chat(world, acme)
    draft = f"/v1/conversations/{chat}/draft"
    assert (await api.get(draft, acme.tokens[0])).body == {"text": "", "at": None}
    async with opened(world, acme.tokens[0]) as mine:
        assert (await mine.frame())["type"] == "hello"
        written = {"text": "Hell", "at": "2027-01-01T00:00:00Z"}
        kept = await api.ask("PUT", draft, secret=acme.tokens[0], json=written)
        assert (kept.status, kept.body["text"]) == (200, "Hell")
        assert (await event(mine, "conversation.draft"))["subject"] == chat
        earlier = {"text": "He", "at": "2026-12-31T00:00:00Z"}
        assert (await api.ask("PUT", draft, secret=acme.tokens[0], json=earlier)).body == kept.body
        assert (await api.get(f"/v1/conversations/{chat}", acme.tokens[0])).body["draft"] == kept.body
        assert (await api.get(f"/v1/conversations/{chat}", acme.tokens[1])).body["draft"] is None
        await api.post(f"/v1/conversations/{chat}/messages", acme.tokens[0], {"text": "Hello"})
        assert (await event(mine, "conversation.draft"))["subject"] == chat
    assert (await api.get(draft, acme.tokens[0])).body["text"] == ""


async def test_quick_replies_are_kept_over_http(world: World, acme: Tenant) -> None:
    api = world.client
    own = await api.post("/v1/quick-replies", acme.tokens[0], {"text": "On my way", "title": "A"})
    assert (own.status, own.body["shared"]) == (201, False)
    listed = await api.get("/v1/quick-replies", acme.tokens[0])
    assert [one["id"] for one in listed.body["items"]] == [acme.quick_reply_id, own.body["id"]]
    others = await api.get("/v1/quick-replies", acme.tokens[1])
    assert [one["id"] for one in others.body["items"]] == [acme.quick_reply_id]
    address = f"/v1/quick-replies/{own.body['id']}"
    changed = await api.ask("PATCH", address, secret=acme.tokens[0], json={"text": "Coming"})
    assert (changed.body["text"], changed.body["title"]) == ("Coming", "A")
    assert (await api.get(address, acme.tokens[1])).status == 404
    async with opened(world, acme.tokens[1]) as colleague:
        assert (await colleague.frame())["type"] == "hello"
        assert (await api.ask("DELETE", address, secret=acme.tokens[0])).status == 204
        shared = await api.post("/v1/quick-replies", acme.manager, {"text": "Hello"})
        assert (await event(colleague, "quick_reply.created"))["subject"] == shared.body["id"]


async def test_an_absence_is_set_and_answers(world: World, acme: Tenant) -> None:
    api, chat = world.client, await a_chat(world, acme)
    absence = {"enabled": True, "text": "Back on Monday", "from": None, "until": "2099-01-01T00:00:00Z"}
    put = await api.ask("PUT", "/v1/me/out-of-office", secret=acme.tokens[1], json=absence)
    assert (put.status, put.body["until"]) == (200, "2099-01-01T00:00:00.000Z")
    assert (await api.get("/v1/me/out-of-office", acme.tokens[1])).body == put.body
    await api.post(f"/v1/conversations/{chat}/messages", acme.tokens[0], {"text": "There?"})
    said = (await api.get(f"/v1/conversations/{chat}/messages", acme.tokens[0])).body["items"]
    assert (said[0]["text"], said[0]["flags"]) == ("Back on Monday", ["auto_answer", "out_of_office"])
    empty = await api.ask("PUT", "/v1/me/out-of-office", secret=acme.tokens[1], json={"enabled": True})
    assert (empty.status, empty.code) == (422, "text_empty")

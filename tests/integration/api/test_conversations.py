"""Conversations over HTTP and the event socket, with two and three people and a neighbour."""

from __future__ import annotations

import asyncio
import json

import pytest

from engine.accounts.models import SYSTEM, CreateUser, MintToken, UpdateNumber
from tests.integration.api.test_event_socket import Reader, opened, ring
from tests.integration.api.world import Tenant, World, made

PEER = "+12025550177"


@pytest.fixture
async def acme(world: World) -> Tenant:
    return await world.tenant("acme", "+12025550101")


async def a_third(world: World, tenant: Tenant) -> tuple[str, str]:
    """One more user of the domain: id and token."""
    user = made(
        await world.accounts.users.create(
            SYSTEM, CreateUser(extension="103", display_name="Cem", domain_id=tenant.domain.id)
        )
    )
    manager = await world.principal(tenant.manager)
    token = made(await world.accounts.tokens.mint(manager, MintToken(user_id=user.id, lifetime_s=3600)))
    assert token.secret is not None
    return user.id, token.secret


async def event(reader: Reader, kind: str) -> dict[str, object]:
    """The next event of this type."""
    while True:
        (found,) = await reader.events(1)
        if found["type"] == kind:
            return found


async def test_what_is_said_reaches_those_who_listen_without_being_read_again(
    world: World, acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    api, read = world.client, []

    async def messages(ids: object, reader: object = None) -> list[object]:
        read.append(ids)
        return []

    monkeypatch.setattr(world.services.event_rows, "messages", messages)
    started = await api.post("/v1/conversations", acme.tokens[0], {"to": [{"extension": "102"}]})
    async with opened(world, acme.tokens[1]) as other:
        assert (await other.frame())["type"] == "hello"
        # Who has only just been greeted may still be reading the log, rows and all.
        await world.emit(ring(acme, 0, acme.users[1].id))
        await event(other, "call.updated")
        said = await api.post(
            f"/v1/conversations/{started.body['id']}/messages", acme.tokens[0], {"text": "Hi"}
        )
        assert (await event(other, "message.created"))["message"] == said.body
    assert read == []


async def test_what_one_says_the_other_sees_at_once_and_nobody_else(world: World, acme: Tenant) -> None:
    api = world.client
    zenith = await world.tenant("zenith", "+12025550102", reseller=None)
    started = await api.post("/v1/conversations", acme.tokens[0], {"to": [{"extension": "102"}]})
    assert started.status == 201
    chat = started.body["id"]
    assert started.body["kind"] == "chat"
    assert (await api.post("/v1/conversations", acme.tokens[1], {"to": [{"extension": "101"}]})).status == 200

    async with (
        opened(world, acme.tokens[1]) as other,
        opened(world, acme.manager) as manager,
        opened(world, zenith.tokens[0]) as neighbour,
    ):
        for reader in (other, manager, neighbour):
            assert (await reader.frame())["type"] == "hello"
        said = await api.post(f"/v1/conversations/{chat}/messages", acme.tokens[0], {"text": "Hello"})
        assert (said.status, said.body["direction"], said.body["from"]) == (202, "internal", None)
        frame = await event(other, "message.created")
        assert (frame["subject"], frame["message"]) == (said.body["id"], said.body)

        read = await api.post(f"/v1/conversations/{chat}:read", acme.tokens[1], {})
        assert (read.body["unread"], read.body["read_through"]) == (0, said.body["id"])
        assert (await api.post(f"/v1/conversations/{chat}:typing", acme.tokens[0])).status == 204
        while (typing := await other.frame())["type"] != "typing":
            pass
        assert typing["data"] == {"conversation_id": chat, "user_id": acme.users[0].id}

        # Something everybody of each domain may see comes after it: nothing of the chat was before.
        await world.inbound(acme.number.e164, PEER, "Visible")
        await world.inbound(zenith.number.e164, PEER, "Next door")
        assert (await event(manager, "message.created"))["data"]["direction"] == "inbound"  # type: ignore[index]
        assert (await event(neighbour, "message.created"))["data"]["direction"] == "inbound"  # type: ignore[index]


async def test_somebody_who_was_away_finds_it_all(world: World, acme: Tenant) -> None:
    api = world.client
    chat = (await api.post("/v1/conversations", acme.tokens[0], {"to": [{"extension": "102"}]})).body["id"]
    for text in ("One", "Two", "Three"):
        await api.post(f"/v1/conversations/{chat}/messages", acme.tokens[0], {"text": text})
    badge = (await api.get("/v1/conversations:unread", acme.tokens[1])).body
    assert badge == {"conversations": 1, "chats": 1, "sms": 0, "messages": 3}
    (listed,) = (await api.get("/v1/conversations?unread=true", acme.tokens[1])).body["items"]
    assert (listed["id"], listed["unread"], listed["last_item"]["text"]) == (chat, 3, "Three")
    assert [one["name"] for one in listed["members"]] == ["acme 101", "acme 102"]
    timeline = (await api.get(f"/v1/conversations/{chat}/timeline", acme.tokens[1])).body["items"]
    assert [one["type"] for one in timeline] == ["message", "message", "message", "notice"]
    assert timeline[0]["message"]["text"] == "Three"
    assert timeline[3]["notice"]["kind"] == "created"
    older = await api.get(f"/v1/conversations/{chat}/timeline?limit=2", acme.tokens[1])
    rest = await api.get(
        f"/v1/conversations/{chat}/timeline?limit=2&cursor={older.body['next_cursor']}", acme.tokens[1]
    )
    assert [*older.body["items"], *rest.body["items"]] == timeline
    wrong = await api.get(f"/v1/conversations/{chat}/timeline?cursor=x", acme.tokens[1])
    assert (wrong.status, wrong.code) == (422, "invalid_cursor")


async def test_three_people_come_and_go(world: World, acme: Tenant) -> None:
    api = world.client
    third_id, third = await a_third(world, acme)
    body = {"to": [{"extension": "102"}, {"user_id": third_id}], "name": "Lunch"}
    chat = (await api.post("/v1/conversations", acme.tokens[0], body)).body["id"]
    say = f"/v1/conversations/{chat}/messages"
    await api.post(say, acme.tokens[0], {"text": "Pizza?"})
    async with opened(world, third) as reader:
        assert (await reader.frame())["type"] == "hello"
        gone = await api.ask(
            "DELETE", f"/v1/conversations/{chat}/members?user_id={third_id}", secret=acme.tokens[1]
        )
        assert gone.status == 204
        assert (await event(reader, "member.removed"))["data"] == {"user_id": third_id}
        await api.post(say, acme.tokens[0], {"text": "Without Cem"})
        again = {"to": [{"user_id": third_id}]}
        await api.post(f"/v1/conversations/{chat}/members", acme.tokens[0], again)
        assert (await event(reader, "member.added"))["subject"] == chat
        await api.post(say, acme.tokens[0], {"text": "With Cem"})
        assert (await event(reader, "message.created"))["message"]["text"] == "With Cem"  # type: ignore[index]
    # Who comes back after an absence, as a reader of the past, reads what is theirs to see now.
    async with opened(world, third, f"?cursor={acme.domain.id}:0") as reader:
        texts = []
        while not texts or texts[-1] != "With Cem":
            texts.append(((await event(reader, "message.created")).get("message") or {}).get("text"))  # type: ignore[attr-defined]
        assert texts == [None, "With Cem"]
    left = await api.post(f"/v1/conversations/{chat}:leave", third)
    assert (left.status, left.body["remaining"]) == (200, 2)
    assert (await api.get(f"/v1/conversations/{chat}", third)).status == 404
    assert (await api.post(say, third, {"text": "Still here?"})).status == 404
    both = await api.ask("DELETE", f"/v1/conversations/{chat}/members", secret=acme.tokens[0])
    assert (both.status, both.code) == (422, "invalid_input")


async def test_ten_presses_start_one_group_and_say_one_thing(world: World, acme: Tenant) -> None:
    api = world.client
    third_id, _ = await a_third(world, acme)
    body = {"to": [{"extension": "102"}, {"user_id": third_id}]}
    starts = await asyncio.gather(
        *(api.post("/v1/conversations", acme.tokens[0], body, key="start") for _ in range(10))
    )
    assert {(one.status, one.body["id"]) for one in starts} == {(201, starts[0].body["id"])}
    assert sum("Idempotency-Replayed" not in one.headers for one in starts) == 1
    say = f"/v1/conversations/{starts[0].body['id']}/messages"
    said = await asyncio.gather(
        *(api.post(say, acme.tokens[0], {"text": "Hi"}, key="say") for _ in range(5)),
        *(api.post(say, acme.tokens[0], {"text": "Ho", "client_id": "c-1"}) for _ in range(5)),
    )
    assert len({one.raw for one in said[:5]}) == 1
    assert len({one.body["id"] for one in said[5:]}) == 1
    listed = (await api.get(say, acme.tokens[1])).body["items"]
    assert sorted(one["text"] for one in listed) == ["Hi", "Ho"]


async def test_chat_or_texts_is_said_before_and_never_mixed(world: World, acme: Tenant) -> None:
    api = world.client
    mixed = {"to": [{"extension": "102"}, {"number": PEER}]}
    for path in ("/v1/conversations", "/v1/conversations:explain"):
        refused = await api.post(path, acme.tokens[0], mixed)
        assert (refused.status, refused.code, refused.body["field"]) == (422, "mixed_conversation", "/to")
    group = {"to": [{"number": PEER}, {"number": "+12025550178"}]}
    explained = (await api.post("/v1/conversations:explain", acme.tokens[0], group)).body
    assert (explained["kind"], explained["conversation_id"]) == ("sms", None)
    assert explained["number"]["number"] == acme.number.e164
    assert [one["code"] for one in explained["consequences"]] == [
        "each_gets_own_text",
        "recipients_do_not_see_each_other",
        "answers_join_this_conversation",
    ]
    pair = (await api.post("/v1/conversations:explain", acme.tokens[0], {"to": [{"number": PEER}]})).body
    assert pair["conversation_id"] == acme.conversation_id
    chat = (await api.post("/v1/conversations:explain", acme.tokens[0], {"to": [{"extension": "102"}]})).body
    assert (chat["kind"], chat["number"], [one["extension"] for one in chat["members"]]) == (
        "chat",
        None,
        ["102"],
    )


async def test_a_group_of_numbers_gets_a_text_each(world: World, acme: Tenant) -> None:
    api = world.client
    body = {"to": [{"number": PEER}, {"number": "(202) 555-0178"}]}
    group = (await api.post("/v1/conversations", acme.tokens[0], body)).body
    assert group["peers"] == [PEER, "+12025550178"]
    said = await api.post(f"/v1/conversations/{group['id']}/messages", acme.tokens[0], {"text": "Hi"})
    assert [one["number"] for one in said.body["to"]] == [PEER, "+12025550178"]
    answer = await world.inbound(acme.number.e164, "+12025550178", "Who is this?")
    assert answer.conversation_id == group["id"]
    moved = await api.post(f"/v1/messages/{answer.id}:move", acme.tokens[0], {"conversation_id": None})
    assert (moved.status, moved.body["flags"]) == (200, ["moved"])
    assert moved.body["conversation_id"] != group["id"]
    gone = await api.ask(
        "DELETE",
        f"/v1/conversations/{group['id']}/members?number=%2B12025550178",
        secret=acme.tokens[0],
    )
    assert gone.status == 204
    last = await api.ask(
        "DELETE", f"/v1/conversations/{group['id']}/members?number=%2B12025550177", secret=acme.tokens[0]
    )
    assert (last.status, last.code) == (409, "last_member")


async def test_a_text_to_a_shared_number_brings_the_thread_back_for_all(world: World, acme: Tenant) -> None:
    api, thread = world.client, acme.conversation_id
    user_ids = tuple(user.id for user in acme.users)
    await world.accounts.numbers.update(SYSTEM, acme.number.id, UpdateNumber(user_ids=user_ids))
    for token in acme.tokens:
        deleted = await api.post(f"/v1/conversations/{thread}:delete", token)
        assert (deleted.status, deleted.body["deleted"], deleted.body["last_item"]) == (200, True, None)
        assert (await api.get("/v1/conversations", token)).body["items"] == []
    await world.inbound(acme.number.e164, PEER, "Anybody?")
    for token in acme.tokens:
        (listed,) = (await api.get("/v1/conversations", token)).body["items"]
        assert (listed["id"], listed["unread"], listed["deleted"]) == (thread, 1, False)
        restored = await api.post(f"/v1/conversations/{thread}:restore", token)
        assert restored.status == 200
        assert len((await api.get(f"/v1/conversations/{thread}/messages", token)).body["items"]) == 2


async def test_muting_and_names_are_shown(world: World, acme: Tenant) -> None:
    api, thread = world.client, acme.conversation_id
    muted = await api.post(f"/v1/conversations/{thread}:mute", acme.tokens[0], {"muted": True})
    assert (muted.body["muted"], muted.body["muted_until"]) == (True, None)
    until = "2099-01-01T00:00:00.000Z"
    timed = await api.post(
        f"/v1/conversations/{thread}:mute", acme.tokens[0], {"muted": True, "until": until}
    )
    assert (timed.body["muted"], timed.body["muted_until"]) == (True, until)
    off = await api.post(f"/v1/conversations/{thread}:mute", acme.tokens[0], {"muted": False})
    assert (off.body["muted"], off.body["muted_until"]) == (False, None)
    wrong = await api.post(
        f"/v1/conversations/{thread}:mute", acme.tokens[0], {"muted": False, "until": until}
    )
    assert (wrong.status, wrong.body["field"]) == (422, "/until")
    named = await api.ask(
        "PATCH", f"/v1/conversations/{thread}", secret=acme.tokens[0], json={"name": "Big client"}
    )
    assert named.body["name"] == "Big client"
    assert (await api.get(f"/v1/conversations/{thread}", acme.manager)).body["name"] == "Big client"


async def test_a_message_of_a_chat_is_read_like_any_message(world: World, acme: Tenant) -> None:
    api = world.client
    chat = (await api.post("/v1/conversations", acme.tokens[0], {"to": [{"extension": "102"}]})).body["id"]
    said = await api.post(f"/v1/conversations/{chat}/messages", acme.tokens[0], {"text": "Private"})
    path = f"/v1/messages/{said.body['id']}"
    assert (await api.get(path, acme.tokens[1])).body == said.body
    for secret in (acme.manager, world.reseller, world.super_user):
        assert (await api.get(path, secret)).status == 404
    for secret, query in ((acme.manager, ""), (world.super_user, f"?domain_id={acme.domain.id}")):
        everything = (await api.get(f"/v1/messages{query}", secret)).raw
        assert b"Private" not in everything
    of_chat = (await api.get(f"/v1/messages?conversation_id={chat}", acme.manager)).body["items"]
    assert of_chat == []
    log = await api.get(f"/v1/events?cursor={acme.domain.id}:0", acme.tokens[1])
    assert b"Private" not in json.dumps(log.body["items"]).encode() or all(
        "text" not in one["data"] for one in log.body["items"]
    )


async def test_typing_everywhere_at_once_is_refused(world: World, acme: Tenant) -> None:
    api = world.client
    threads = []
    for number in range(11):
        body = {"to": [{"number": f"+1202555{number:04}"}]}
        threads.append((await api.post("/v1/conversations", acme.tokens[0], body)).body["id"])
    answers = [await api.post(f"/v1/conversations/{one}:typing", acme.tokens[0]) for one in threads]
    assert [one.status for one in answers] == [204] * 10 + [429]
    assert answers[-1].headers["Retry-After"] == "10"


async def test_fields_that_are_not_the_callers_to_set_are_refused(world: World, acme: Tenant) -> None:
    api, thread = world.client, acme.conversation_id
    for method, path, body in (
        ("POST", "/v1/conversations", {"to": [{"extension": "102"}], "kind": "sms"}),
        ("POST", "/v1/conversations", {"to": []}),
        ("POST", "/v1/conversations", {"to": [{"extension": "102", "role": "member"}]}),
        ("PATCH", f"/v1/conversations/{thread}", {"claimed_by": acme.users[0].id, "name": "x"}),
        ("PATCH", f"/v1/conversations/{thread}", {}),
        ("POST", f"/v1/conversations/{thread}/messages", {"text": "x", "created_at": "2020-01-01T00:00:00Z"}),
        ("POST", f"/v1/conversations/{thread}/messages", {"text": 7}),
        ("POST", f"/v1/conversations/{thread}/messages", {"text": "x", "client_id": "two words"}),
        ("POST", f"/v1/conversations/{thread}:mute", {"muted": "yes"}),
    ):
        answer = await api.ask(method, path, secret=acme.tokens[0], json=body)
        assert (answer.status, answer.code) == (422, "invalid_input"), (path, body)
    nothing = await api.post(f"/v1/conversations/{thread}/messages", acme.tokens[0], {"text": ""})
    assert (nothing.status, nothing.code) == (422, "text_empty")

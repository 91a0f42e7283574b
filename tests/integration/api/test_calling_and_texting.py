"""The buttons: a click, a text, a reply, and what a repeated press does."""

from __future__ import annotations

import asyncio
import json

import pytest

from engine.accounts.models import SYSTEM, UpdateNumber
from tests.integration.api.world import Tenant, World


@pytest.fixture
async def acme(world: World) -> Tenant:
    return await world.tenant("acme", "+12025550101")


def text(tenant: Tenant, **more: object) -> dict[str, object]:
    return {"from": tenant.number.e164, "to": ["+12025550177"], "text": "Hello", **more}


# Calls.


async def test_a_click_is_answered_before_any_phone_rings_and_can_be_followed(
    world: World, acme: Tenant
) -> None:
    api = world.client
    placed = await api.post("/v1/calls", acme.tokens[0], {"to": "102", "metadata": {"deal": "42"}})
    assert placed.status == 202
    call = placed.body
    assert (call["status"], call["user_id"], call["to"]) == ("queued", acme.users[0].id, "102")
    assert [leg["leg"] for leg in call["legs"]] == ["a", "b"]
    assert call["metadata"] == {"deal": "42"}
    read = (await api.get(f"/v1/calls/{call['id']}", acme.tokens[0])).body
    assert read["id"] == call["id"]
    listed = (await api.get("/v1/calls?open=true&limit=1", acme.tokens[0])).body
    assert [one["id"] for one in listed["items"]] == [call["id"]]
    older = await api.get(f"/v1/calls?cursor={listed['next_cursor']}", acme.tokens[0])
    assert [one["id"] for one in older.body["items"]] == [acme.call_id]


async def test_two_presses_with_one_key_are_one_call(world: World, acme: Tenant) -> None:
    twins = [world.client.post("/v1/calls", acme.tokens[0], {"to": "102"}, key="press") for _ in range(10)]
    answers = await asyncio.gather(*twins)
    assert {answer.status for answer in answers} == {202}
    assert len({answer.body["id"] for answer in answers}) == 1
    assert sum("Idempotency-Replayed" not in answer.headers for answer in answers) == 1
    call_id = answers[0].body["id"]
    later = await world.client.post("/v1/calls", acme.tokens[0], {"to": "102"})
    await world.pbx.asked[later.body["id"]].wait()
    assert world.pbx.originated == [acme.call_id, call_id, later.body["id"]]


async def test_cancelling_is_202_while_it_is_being_ended(world: World, acme: Tenant) -> None:
    canceled = await world.client.post(f"/v1/calls/{acme.call_id}:cancel", acme.tokens[0])
    assert canceled.status == 202
    assert canceled.body["cancel_requested_at"] is not None
    again = await world.client.post(f"/v1/calls/{acme.call_id}:cancel", acme.tokens[0])
    assert (again.status, again.body["cancel_requested_at"]) == (202, canceled.body["cancel_requested_at"])


async def test_a_call_with_nowhere_to_go_is_refused_with_its_reason(world: World, acme: Tenant) -> None:
    for body, status, code in (
        ({"to": "102&SIP/evil"}, 422, "invalid_number"),
        ({"to": "+19005550177"}, 403, "destination_blocked"),
        ({"to": "102", "caller_id": "+12025550999"}, 403, "caller_id_not_allowed"),
        ({"to": "102", "device_id": acme.devices[1].id}, 403, "not_your_device"),
    ):
        refused = await world.client.post("/v1/calls", acme.tokens[0], body)
        assert (refused.status, refused.code) == (status, code), (body, refused.raw)


async def test_an_absent_pbx_is_503_and_rings_nobody(world: World, acme: Tenant) -> None:
    world.pbx.available = False
    refused = await world.client.post("/v1/calls", acme.tokens[0], {"to": "102"})
    assert (refused.status, refused.code) == (503, "pbx_unavailable")
    assert refused.body["retryable"] is True
    assert int(refused.headers["Retry-After"]) == refused.body["retry_after_s"]


# Texts.


async def test_a_text_is_accepted_and_can_be_followed(world: World, acme: Tenant) -> None:
    api = world.client
    sent = await api.post("/v1/messages", acme.tokens[0], text(acme, **{"class": "must_arrive"}))
    assert sent.status == 202
    message = sent.body
    assert (message["from"], message["class"], message["status"]) == (
        acme.number.e164,
        "must_arrive",
        "queued",
    )
    assert [one["number"] for one in message["to"]] == ["+12025550177"]
    read = await api.get(f"/v1/messages/{message['id']}", acme.tokens[0])
    assert {**read.body, "conversation_id": None} == {**message, "conversation_id": None}
    inbound = (await api.get("/v1/messages?direction=inbound", acme.tokens[0])).body["items"]
    assert [(one["from"], one["status"], one["to"]) for one in inbound] == [("+12025550177", "received", [])]


async def test_a_repeated_text_is_one_text_whatever_repeats_it(world: World, acme: Tenant) -> None:
    api = world.client
    twins = [api.post("/v1/messages", acme.tokens[0], text(acme), key="press") for _ in range(10)]
    answers = await asyncio.gather(*twins)
    assert {(answer.status, answer.raw) for answer in answers} == {(202, answers[0].raw)}
    assert sum("Idempotency-Replayed" not in answer.headers for answer in answers) == 1
    other = await api.post("/v1/messages", acme.tokens[0], text(acme, text="Bye"), key="press")
    assert (other.status, other.code) == (422, "idempotency_mismatch")

    first = await api.post("/v1/messages", acme.tokens[0], text(acme, client_id="c-1"))
    again = await api.post("/v1/messages", acme.tokens[0], text(acme, client_id="c-1"))
    assert again.body["id"] == first.body["id"]
    reused = await api.post("/v1/messages", acme.tokens[0], text(acme, client_id="c-1", text="Bye"))
    assert (reused.status, reused.code, reused.body["field"]) == (409, "client_id_reused", "/client_id")
    assert len((await api.get("/v1/messages?direction=outbound", acme.tokens[0])).body["items"]) == 2


async def test_keys_of_the_same_word_on_two_routes_are_two_keys(world: World, acme: Tenant) -> None:
    api, path = world.client, f"/v1/conversations/{acme.conversation_id}/messages"
    one = await api.post("/v1/messages", acme.tokens[0], text(acme), key="k")
    other = await api.post(path, acme.tokens[0], {"text": "Hello"}, key="k")
    assert (one.status, other.status) == (202, 202)
    assert one.body["id"] != other.body["id"]


async def test_a_refused_request_does_not_use_up_its_key(world: World, acme: Tenant) -> None:
    bad = await world.client.post("/v1/messages", acme.tokens[0], text(acme, to=["nonsense"]), key="k")
    assert (bad.status, bad.code, bad.body["field"]) == (422, "invalid_number", "/to/0")
    good = await world.client.post("/v1/messages", acme.tokens[0], text(acme), key="k")
    assert good.status == 202


async def test_each_text_of_a_batch_is_answered_by_itself(world: World, acme: Tenant) -> None:
    messages = [text(acme, text="One"), text(acme, to=["nonsense"]), text(acme, text="Three")]
    sent = await world.client.post("/v1/messages:batch", acme.manager, {"messages": messages}, key="b")
    first, second, third = sent.body["items"]
    assert (first["message"]["text"], third["message"]["text"]) == ("One", "Three")
    assert (first["problem"], second["message"]) == (None, None)
    assert second["problem"]["code"] == "invalid_number"
    assert second["problem"]["field"] == "/messages/1/to/0"
    again = await world.client.post("/v1/messages:batch", acme.manager, {"messages": messages}, key="b")
    assert again.raw == sent.raw
    assert again.headers["Idempotency-Replayed"] == "true"
    empty = await world.client.post("/v1/messages:batch", acme.manager, {"messages": []})
    assert (empty.status, empty.body["field"]) == (422, "/messages")


async def test_a_text_that_may_not_be_sent_is_refused_with_its_reason(world: World, acme: Tenant) -> None:
    api = world.client
    for secret, body, status, code in (
        (acme.tokens[1], text(acme), 403, "number_not_assigned"),
        (acme.manager, text(acme, **{"from": "+12025550999"}), 404, "not_found"),
        (acme.manager, text(acme, text="x" * 40_000), 422, "text_too_long"),
        (acme.manager, text(acme, to=[acme.number.e164]), 422, "invalid_request"),
    ):
        refused = await api.post("/v1/messages", secret, body)
        assert (refused.status, refused.code) == (status, code), refused.raw
    await world.accounts.numbers.update(SYSTEM, acme.number.id, UpdateNumber(sms_enabled=False))
    world.clock.ms += 5_000
    refused = await api.post("/v1/messages", acme.manager, text(acme))
    assert (refused.status, refused.code) == (403, "sms_disabled")


# Conversations.


async def test_a_reply_is_read_and_answered_in_its_conversation(world: World, acme: Tenant) -> None:
    api = world.client
    (thread,) = (await api.get("/v1/conversations", acme.tokens[0])).body["items"]
    assert (thread["number"], thread["peers"], thread["kind"]) == (acme.number.e164, ["+12025550177"], "sms")
    path = f"/v1/conversations/{thread['id']}/messages"
    answered = await api.post(path, acme.tokens[0], {"text": "On my way"})
    assert answered.status == 202
    assert [one["number"] for one in answered.body["to"]] == ["+12025550177"]
    said = (await api.get(path, acme.tokens[0])).body["items"]
    assert [(one["direction"], one["text"]) for one in said] == [
        ("outbound", "On my way"),
        ("inbound", "hello"),
    ]


async def test_walking_texts_while_more_are_sent_misses_none_and_shows_none_twice(
    world: World, acme: Tenant
) -> None:
    api = world.client
    sent = [(await api.post("/v1/messages", acme.manager, text(acme))).body["id"] for _ in range(6)]
    seen: list[str] = []
    path = "/v1/messages?direction=outbound&limit=2"
    cursor = ""
    while True:
        page = (await api.get(path + cursor, acme.manager)).body
        seen += [one["id"] for one in page["items"]]
        await api.post("/v1/messages", acme.manager, text(acme))
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == sent[::-1]


async def test_no_answer_and_no_event_holds_what_another_reader_must_not_have(
    world: World, acme: Tenant
) -> None:
    await world.client.post("/v1/messages", acme.manager, text(acme, text="canary-7f3a"))
    page = await world.client.get(f"/v1/events?cursor={acme.domain.id}:0&limit=200", acme.manager)
    assert any(one["type"].startswith("message.") for one in page.body["items"])
    assert "canary-7f3a" not in json.dumps(page.body)

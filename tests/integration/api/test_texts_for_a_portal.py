"""Explaining a text, consent and blocked senders, as a portal meets them over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from engine.accounts.models import SYSTEM, UpdateDomain, UpdateNumber, UpdateUser
from engine.events import Event
from tests.integration.api.client import Answer
from tests.integration.api.world import Tenant, World

OURS, PEER, SECOND = "+12025550101", "+12025550177", "+12025550178"


@pytest.fixture
async def acme(world: World) -> Tenant:
    return await world.tenant("acme", OURS)


async def explained(world: World, secret: str, **changes: object) -> dict[str, Any]:
    body = {"from": OURS, "to": [PEER], "text": "Hello", **changes}
    answer = await world.client.post("/v1/messages:explain", secret, body)
    assert answer.status == 200, answer.raw
    found: dict[str, Any] = answer.body
    return found


async def sent(world: World, secret: str, **changes: object) -> Answer:
    return await world.client.post(
        "/v1/messages", secret, {"from": OURS, "to": [PEER], "text": "Hello", **changes}
    )


async def test_a_plain_text_is_explained(world: World, acme: Tenant) -> None:
    told = await explained(world, acme.tokens[0])
    assert (told["accepted"], told["problems"]) == (True, [])
    assert (told["number"], told["number_id"], told["carrier"]) == (OURS, acme.number.id, "one")
    assert told["sms_enabled"] == {"domain": True, "number": True, "user": True}
    assert told["text"] == {
        "alphabet": "gsm7",
        "data_coding": 0,
        "units": 5,
        "limit_per_segment": 160,
        "segments": 1,
        "units_left": 155,
        "forcing": [],
        "short_text": None,
        "short_segments": None,
    }
    (recipient,) = told["recipients"]
    assert recipient == {
        "given": PEER,
        "number": PEER,
        "known": True,
        "country": "US",
        "cost_class": "domestic",
        "consent": "none",
        "consent_changed_at": None,
        "lift": None,
        "blocked": None,
        "problem": None,
    }


async def test_the_characters_that_make_a_text_long_are_named_with_what_to_write_instead(
    world: World, acme: Tenant
) -> None:
    text = "😀 It’s “done”…" + "x" * 100
    told = (await explained(world, acme.tokens[0], text=text))["text"]
    assert (told["alphabet"], told["segments"], told["short_text"]) == ("ucs2", 2, None)
    named = [
        (one["character"], one["index"], one["utf16_index"], one["suggestion"]) for one in told["forcing"]
    ]
    assert named == [
        ("😀", 0, 0, None),
        ("’", 4, 5, "'"),
        ("“", 7, 8, '"'),
        ("”", 12, 13, '"'),
        ("…", 13, 14, "..."),
    ]
    told = (await explained(world, acme.tokens[0], text=text[2:]))["text"]
    assert told["short_text"] == 'It\'s "done"...' + "x" * 100
    assert told["short_segments"] == 1


async def test_what_explaining_finds_wrong_is_what_sending_is_refused_with(
    world: World, acme: Tenant
) -> None:
    wrong: list[dict[str, object]] = [
        {"to": ["12"]},
        {"to": [OURS]},
        {"text": ""},
        {"text": "x" * 2_000},
        {"to": []},
    ]
    for changes in wrong:
        told = await explained(world, acme.tokens[0], **changes)
        refused = await sent(world, acme.tokens[0], **changes)
        assert not told["accepted"], changes
        if refused.code != "invalid_input":  # the shape of a body is judged before anything else
            first = told["problems"][0]
            assert (first["code"], first["field"]) == (refused.code, refused.body.get("field")), changes


async def test_switches_are_shown_and_obeyed(world: World, acme: Tenant) -> None:
    accounts, user = world.accounts, acme.users[0]
    manager, own = acme.manager, acme.tokens[0]

    async def refused_with(secret: str) -> str:
        return (await sent(world, secret)).code

    await accounts.users.update(SYSTEM, user.id, UpdateUser(sms_enabled=False))
    world.clock.ms += 5_000
    assert await refused_with(own) == "sms_disabled_for_user"
    told = await explained(world, own)
    assert told["sms_enabled"] == {"domain": True, "number": True, "user": False}
    assert told["problems"][0]["code"] == "sms_disabled_for_user"
    assert (await world.client.get("/v1/messages", own)).body["items"] == []
    assert (await world.client.get(f"/v1/messages/{acme.message_id}", own)).status == 404
    assert (await sent(world, manager)).status == 202  # the switch is the user's
    await accounts.users.update(SYSTEM, user.id, UpdateUser(sms_enabled=True))

    await accounts.numbers.update(SYSTEM, acme.number.id, UpdateNumber(sms_enabled=False))
    world.clock.ms += 5_000
    assert await refused_with(own) == await refused_with(manager) == "sms_disabled"
    assert (await explained(world, own))["sms_enabled"] == {"domain": True, "number": False, "user": True}
    assert (
        len((await world.client.get("/v1/messages", own)).body["items"]) > 0
    )  # what was said stays readable
    await accounts.numbers.update(SYSTEM, acme.number.id, UpdateNumber(sms_enabled=True))

    await accounts.domains.update(SYSTEM, acme.domain.id, UpdateDomain(sms_enabled=False))
    world.clock.ms += 5_000
    assert await refused_with(own) == await refused_with(manager) == "sms_disabled"
    assert (await explained(world, own))["sms_enabled"]["domain"] is False
    assert (await world.client.get("/v1/messages", own)).body["items"] == []
    assert len((await world.client.get("/v1/messages", manager)).body["items"]) > 0


async def test_an_opt_out_is_explained_refused_and_lifted(world: World, acme: Tenant) -> None:
    stop = await world.inbound(OURS, PEER, "STOP")
    refused = await sent(world, acme.tokens[0])
    assert (refused.status, refused.code, refused.body["field"]) == (403, "opted_out", "/to/0")
    told = await explained(world, acme.tokens[0], to=[SECOND, PEER])
    assert (told["accepted"], told["problems"]) == (True, [])
    first, second = told["recipients"]
    assert (first["consent"], first["problem"]) == ("none", None)
    assert (second["consent"], second["problem"]["code"]) == ("stopped", "opted_out")
    assert second["consent_changed_at"] is not None
    assert "START" in second["lift"]
    both = await sent(world, acme.tokens[0], to=[SECOND, PEER])
    assert [one["status"] for one in both.body["to"]] == ["queued", "rejected"]
    assert both.body["to"][1]["error"]["code"] == "opted_out"
    told = await explained(world, acme.tokens[0])
    assert told["problems"][0]["code"] == "opted_out"

    ledger = await world.client.get("/v1/consents", acme.tokens[0])
    (entry,) = ledger.body["items"]
    assert (entry["action"], entry["keyword"], entry["message_id"]) == ("stop", "stop", stop.id)
    pair = f"/v1/consents/pair?number=%2B{OURS[1:]}&peer=%2B{PEER[1:]}"
    assert (await world.client.get(pair, acme.tokens[0])).body["state"] == "stopped"
    body = {"number": OURS, "peer": "(202) 555-0177", "state": "active", "reason": "Signed a form"}
    assert (
        await world.client.ask("PUT", "/v1/consents/pair", secret=acme.tokens[0], json=body)
    ).status == 403
    lifted = await world.client.ask("PUT", "/v1/consents/pair", secret=acme.manager, json=body)
    assert (lifted.status, lifted.body["state"]) == (200, "active")
    assert (await sent(world, acme.tokens[0])).status == 202
    ledger = await world.client.get("/v1/consents?action=set", acme.manager)
    assert [one["reason"] for one in ledger.body["items"]] == ["Signed a form"]
    no_reason = {**body, "state": "stopped", "reason": ""}
    assert (
        await world.client.ask("PUT", "/v1/consents/pair", secret=acme.manager, json=no_reason)
    ).status == 422


async def test_texts_of_a_blocked_sender_are_kept_and_shown_to_those_who_ask(
    world: World, acme: Tenant
) -> None:
    own = acme.tokens[0]
    before = len((await world.client.get("/v1/messages", own)).body["items"])
    listening = world.bus.subscribe([acme.domain.id])
    body = {"peer": SECOND, "number": OURS}
    made = await world.client.post("/v1/blocked-senders", own, body, key="k")
    assert made.status == 201
    again = await world.client.post("/v1/blocked-senders", own, body, key="k")
    assert again.headers["Idempotency-Replayed"] == "true"
    twice = await world.client.post("/v1/blocked-senders", own, body)
    assert twice.body["id"] == made.body["id"]
    text = await world.inbound(OURS, SECOND, "buy this")
    assert "blocked" in text.flags
    types = [frame.type for frame in await listening.take() if isinstance(frame, Event)]
    assert types == ["blocked_sender.created", "message.blocked"]
    assert len((await world.client.get("/v1/messages", own)).body["items"]) == before
    kept = await world.client.get("/v1/messages?blocked=true", own)
    assert [one["text"] for one in kept.body["items"]] == ["buy this"]
    threads = (await world.client.get("/v1/conversations", own)).body["items"]
    assert all(SECOND not in str(thread) for thread in threads)

    told = await explained(world, own, to=[SECOND])
    assert told["accepted"]
    assert told["recipients"][0]["blocked"]["id"] == made.body["id"]
    listed = await world.client.get("/v1/blocked-senders", own)
    assert [one["peer"] for one in listed.body["items"]] == ["+12025550190", SECOND]
    gone = await world.client.ask("DELETE", f"/v1/blocked-senders/{made.body['id']}", secret=own)
    assert gone.status == 204
    assert (await world.inbound(OURS, SECOND, "hello again")).flags == ()


async def test_a_stop_of_a_blocked_sender_counts(world: World, acme: Tenant) -> None:
    await world.client.post("/v1/blocked-senders", acme.manager, {"peer": PEER})
    await world.inbound(OURS, PEER, "STOP")
    assert (await sent(world, acme.manager)).code == "opted_out"


async def test_only_a_manager_blocks_for_the_whole_domain(world: World, acme: Tenant) -> None:
    refused = await world.client.post("/v1/blocked-senders", acme.tokens[0], {"peer": "ACME-ADS"})
    assert (refused.status, refused.code) == (403, "scope_too_low")
    made = await world.client.post("/v1/blocked-senders", acme.manager, {"peer": "ACME-ADS"})
    assert (made.status, made.body["number"]) == (201, None)
    seen = await world.client.get("/v1/blocked-senders", acme.tokens[1])
    assert [one["id"] for one in seen.body["items"]] == [made.body["id"]]
    path = f"/v1/blocked-senders/{made.body['id']}"
    assert (await world.client.ask("DELETE", path, secret=acme.tokens[0])).code == "scope_too_low"
    colleague = await world.client.post("/v1/blocked-senders", acme.tokens[1], {"peer": PEER, "number": OURS})
    assert colleague.status == 404


async def test_answers_to_keywords_are_set_and_shown(world: World, acme: Tenant) -> None:
    shown = await world.client.get("/v1/keyword-answers", acme.tokens[0])
    assert shown.body == {"items": [{"number": None, "stop": None, "start": None, "help": None}]}
    body = {"help": "Call +1 202 555 0101."}
    saved = await world.client.ask("PUT", "/v1/keyword-answers", secret=acme.manager, json=body)
    assert saved.body == {"number": None, "stop": None, "start": None, "help": body["help"]}
    await world.inbound(OURS, PEER, "HELP")
    texts = await world.client.get("/v1/messages?direction=outbound", acme.manager)
    assert [one["text"] for one in texts.body["items"]] == [body["help"]]
    assert texts.body["items"][0]["flags"] == ["auto_answer"]

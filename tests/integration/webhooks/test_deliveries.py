"""Events at real receivers on loopback sockets, well-behaved and not."""

from __future__ import annotations

import base64
from datetime import datetime
from pathlib import Path

import pytest
from prometheus_client import generate_latest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from engine.outbound import OutboundSettings
from tests.integration.webhooks.office import (
    an_office,
    documents,
    happens,
    octets_in,
    say_something_in_a_chat,
    subjects,
    verified,
    webhook,
)
from tests.peers.engine import OURS, carrier
from tests.peers.receiver import (
    Behaviour,
    a_receiver,
    answers,
    breaks_off,
    drips_a_body,
    drips_headers,
    hangs_up,
    never_ends,
    says_nothing,
    talks_nonsense,
)


async def test_an_event_arrives_signed_as_the_socket_shows_it(database_url: str, tmp_path: Path) -> None:
    async with an_office(database_url, tmp_path) as office, a_receiver(answers()) as receiver:
        made = await webhook(office, receiver, "contact.*")
        (contact,) = await happens(office)
        (request,) = await receiver.until(lambda requests: len(requests) == 1)
        document = verified(request, made["secret"])
        page = await office.get(f"/v1/events?cursor={document['stream']}:{document['seq'] - 1}&limit=1")
        shown = {name: value for name, value in page["items"][0].items() if value is not None}
        assert document == shown
        assert document["subject"] == contact["id"]
        assert request.headers["webhook-id"] == f"{office.domain.id}:{document['seq']}"
        assert request.headers["content-type"] == "application/json"
        kept = await office.until(f"/v1/webhooks/{made['id']}", lambda one: one["behind"] == 0)
        assert kept["cursor"] == request.headers["webhook-id"]
        assert "secret" not in kept
        (delivery,) = (await office.get(f"/v1/webhooks/{made['id']}/deliveries"))["items"]
        assert (delivery["state"], delivery["status"], delivery["attempts"]) == ("delivered", 204, 1)


async def test_only_types_it_asked_for_arrive_and_all_without_a_wish(
    database_url: str, tmp_path: Path
) -> None:
    async with (
        an_office(database_url, tmp_path) as office,
        a_receiver(answers()) as some,
        a_receiver(answers()) as everything,
    ):
        await webhook(office, some, "contact.deleted")
        await webhook(office, everything)
        (contact,) = await happens(office)
        async with office.http.delete(f"/v1/contacts/{contact['id']}") as answer:
            assert answer.status == 204
        (only,) = documents(await some.until(lambda requests: len(requests) == 1))
        assert (only["type"], only["subject"]) == ("contact.deleted", contact["id"])
        every = documents(
            await everything.until(
                lambda requests: any(d["type"] == "contact.deleted" for d in documents(requests))
            )
        )
        assert {"contact.created", "contact.deleted", "webhook.created"} <= {one["type"] for one in every}
    assert len(some.requests) == 1


async def test_a_text_brings_its_message_and_a_chat_stays_with_its_people(
    database_url: str, tmp_path: Path
) -> None:
    """A webhook reads as a manager of the domain would, who sees no chat."""
    async with (
        an_office(database_url, tmp_path, carriers=(carrier(1),)) as office,
        a_receiver(answers()) as receiver,
    ):
        await webhook(office, receiver)
        await say_something_in_a_chat(office)
        sent = await office.text("+12025550177", "Your table is ready")
        seen = await receiver.until(lambda requests: sent["id"] in subjects(requests))
    told = [one for one in documents(seen) if one["type"].startswith("message.")]
    assert {one["subject"] for one in told} == {sent["id"]}
    assert told[0]["message"]["text"] == "Your table is ready"
    assert b"between us" not in b"".join(request.body for request in seen)


async def test_a_domain_keeps_texts_and_numbers_to_itself(database_url: str, tmp_path: Path) -> None:
    async with (
        an_office(database_url, tmp_path, carriers=(carrier(1),)) as office,
        a_receiver(answers()) as receiver,
    ):
        await webhook(office, receiver)
        settings = f"/v1/domains/{office.domain.id}/settings"
        async with office.http.patch(settings, json={"webhook_content": False}) as answer:
            assert (await answer.json())["webhook_content"] is False
        (ours,) = (await office.get("/v1/numbers"))["items"]
        users = {"user_ids": [office.users[0].id]}
        async with office.http.patch(f"/v1/numbers/{ours['id']}", json=users) as answer:
            assert answer.status == 200
        before = len(receiver.requests)
        sent = await office.post(
            "/v1/conversations",
            {"to": [{"number": "+12025550177"}], "from": OURS, "user_id": office.users[0].id},
            expect=201,
        )
        said = await office.text("+12025550177", "Your table is ready")
        (last,) = await happens(office)
        seen = await receiver.until(lambda requests: last["id"] in subjects(requests))
    about = subjects(seen[before:])
    assert {sent["id"], said["id"], last["id"]} <= set(about)
    everything = b"".join(request.body for request in seen[before:])
    assert b"2025550" not in everything
    assert b"table" not in everything
    assert {"id", "text"}.isdisjoint(key for one in documents(seen) for key in one.get("message", {}))


@pytest.mark.parametrize(
    "trouble", [says_nothing, drips_headers, drips_a_body, never_ends, hangs_up, breaks_off, talks_nonsense]
)
async def test_a_receiver_in_trouble_delays_no_other(
    sqlite_database: str, tmp_path: Path, trouble: Behaviour
) -> None:
    async with (
        an_office(sqlite_database, tmp_path) as office,
        a_receiver(trouble) as bad,
        a_receiver(answers()) as good,
    ):
        await webhook(office, bad, "contact.created")
        await webhook(office, good, "contact.created")
        await happens(office)
        await bad.until(lambda requests: len(requests) >= 1)
        # While the first request at the bad one is still out or just failed, all others arrive.
        made = await happens(office, 30)
        seen = await good.until(lambda requests: len(requests) == 31)
        assert set(subjects(seen)) >= {one["id"] for one in made}


async def test_what_failed_is_sent_again_under_the_same_id_and_listed_until_then(
    database_url: str, tmp_path: Path
) -> None:
    async with an_office(database_url, tmp_path) as office, a_receiver(answers(503)) as receiver:
        made = await webhook(office, receiver, "contact.created")
        await happens(office)
        (first,) = await receiver.until(lambda requests: len(requests) == 1)
        deliveries = f"/v1/webhooks/{made['id']}/deliveries"
        page = await office.until(f"{deliveries}?state=waiting", lambda page: len(page["items"]) == 1)
        waiting = page["items"][0]
        assert (waiting["attempts"], waiting["status"], waiting["error"]) == (1, 503, "refused")
        assert waiting["message_id"] == first.headers["webhook-id"]
        shown = await office.get(f"/v1/webhooks/{made['id']}")
        assert (shown["waiting"], shown["failing_since"] is None) == (1, False)
        receiver.behaviour = answers()
        await office.post(f"{deliveries}/{waiting['id']}:replay", expect=202)
        _, second = await receiver.until(lambda requests: len(requests) == 2)
        assert second.headers["webhook-id"] == first.headers["webhook-id"]
        assert verified(second, made["secret"]) == verified(first, made["secret"])
        await office.until(f"{deliveries}/{waiting['id']}", lambda one: one["state"] == "delivered")
        shown = await office.get(f"/v1/webhooks/{made['id']}")
        assert (shown["waiting"], shown["failing_since"]) == (0, None)


async def test_retries_come_by_themselves(sqlite_database: str, tmp_path: Path) -> None:
    async with an_office(sqlite_database, tmp_path) as office, a_receiver(answers(500)) as receiver:
        await webhook(office, receiver, "contact.created")
        await happens(office)
        await receiver.until(lambda requests: len(requests) == 1)
        receiver.behaviour = answers()
        first, second = await receiver.until(lambda requests: len(requests) == 2)
        assert first.headers["webhook-id"] == second.headers["webhook-id"]


async def test_410_disables_and_enabling_goes_on_behind_it(database_url: str, tmp_path: Path) -> None:
    async with an_office(database_url, tmp_path) as office, a_receiver(answers(410)) as receiver:
        made = await webhook(office, receiver, "contact.created")
        path = f"/v1/webhooks/{made['id']}"
        (refused,) = await happens(office)
        shown = await office.until(path, lambda one: not one["enabled"])
        assert (shown["disabled_because"], shown["dead"]) == ("gone", 1)
        (missed,) = await happens(office)
        await office.post(f"{path}:replay", {"from_seq": 1}, expect=409)
        receiver.behaviour = answers()
        async with office.http.patch(path, json={"enabled": True}) as answer:
            assert (await answer.json())["disabled_because"] is None
        assert subjects(await receiver.until(lambda requests: len(requests) == 2)) == [
            refused["id"],
            missed["id"],
        ]
        done = await office.post(f"{path}:replay", {"from_seq": 1}, expect=202)
        assert done == {"replaying": 1, "next_seq": None}
        assert subjects(await receiver.until(lambda requests: len(requests) == 3))[2] == refused["id"]
        events = (await office.get(f"/v1/events?cursor={office.domain.id}:0&limit=200"))["items"]
        assert [one["data"] for one in events if one["type"] == "webhook.disabled"] == [{"reason": "gone"}]
        trail = (await office.get("/v1/audit"))["items"]
        assert {"webhook.created", "webhook.disabled", "webhook.updated", "webhook.replayed"} <= {
            one["action"] for one in trail
        }


async def test_a_range_of_what_was_delivered_is_sent_again(database_url: str, tmp_path: Path) -> None:
    async with an_office(database_url, tmp_path) as office, a_receiver(answers()) as receiver:
        made = await webhook(office, receiver, "contact.created")
        contacts = await happens(office, 4)
        before = documents(await receiver.until(lambda requests: len(requests) == 4))
        path = f"/v1/webhooks/{made['id']}"
        await office.until(path, lambda one: one["behind"] == 0)
        by_subject = {one["subject"]: one["seq"] for one in before}
        first, last = (by_subject[contacts[at]["id"]] for at in (1, 2))
        wish = {"only": "all", "from_seq": first, "to_seq": last}
        assert await office.post(f"{path}:replay", wish, expect=202) == {"replaying": 2, "next_seq": None}
        again = documents(await receiver.until(lambda requests: len(requests) == 6))[4:]
        assert sorted(one["seq"] for one in again) == [first, last]
        await office.post(f"{path}:replay", {"only": "all"}, expect=422)


async def test_a_rotated_secret_signs_beside_the_old_one(database_url: str, tmp_path: Path) -> None:
    async with an_office(database_url, tmp_path) as office, a_receiver(answers()) as receiver:
        made = await webhook(office, receiver, "contact.created")
        path = f"/v1/webhooks/{made['id']}"
        rotated = await office.post(f"{path}:rotate-secret", {}, expect=200)
        assert rotated["secret_changes_at"] is not None
        await happens(office)
        (request,) = await receiver.until(lambda requests: len(requests) == 1)
        assert verified(request, made["secret"]) == verified(request, rotated["secret"])
        last = await office.post(f"{path}:rotate-secret", {"overlap_s": 0}, expect=200)
        await happens(office)
        request = (await receiver.until(lambda requests: len(requests) == 2))[1]
        verified(request, last["secret"])
        for old in (made, rotated):
            with pytest.raises(WebhookVerificationError):
                Webhook(old["secret"]).verify(request.body, request.headers)


async def test_secrets_are_nowhere_on_disk(sqlite_database: str, tmp_path: Path) -> None:
    async with an_office(sqlite_database, tmp_path) as office, a_receiver(answers()) as receiver:
        headers = {"Idempotency-Key": "make-it"}
        made = await office.post("/v1/webhooks", {"url": receiver.url}, expect=201, **headers)
        again = await office.post("/v1/webhooks", {"url": receiver.url}, expect=201, **headers)
        assert again == made | {"secret": None}
    secret = made["secret"].removeprefix("whsec_")
    kept = octets_in(tmp_path)
    assert made["id"].encode() in kept
    assert secret.encode() not in kept
    assert base64.b64decode(secret) not in kept


async def test_a_test_says_what_came_back(database_url: str, tmp_path: Path) -> None:
    async with an_office(database_url, tmp_path) as office, a_receiver(answers()) as receiver:
        made = await webhook(office, receiver, "contact.created")
        path = f"/v1/webhooks/{made['id']}:test"
        result = await office.post(path, expect=200)
        assert (result["delivered"], result["status"], result["error"]) == (True, 204, None)
        (request,) = receiver.requests
        assert verified(request, made["secret"])["type"] == "webhook.test"
        for behaviour, status, error in (
            (answers(500), 500, "refused"),
            (answers(302, Location="http://127.0.0.1/"), 302, "redirected"),
            (hangs_up, None, "connection_lost"),
            (talks_nonsense, None, "answer_malformed"),
        ):
            receiver.behaviour = behaviour
            result = await office.post(path, expect=200)
            assert (result["delivered"], result["status"], result["error"]) == (False, status, error)


async def test_addresses_within_are_not_reached(sqlite_database: str, tmp_path: Path) -> None:
    nothing = OutboundSettings()
    async with (
        an_office(sqlite_database, tmp_path, outbound=nothing) as office,
        a_receiver(answers()) as receiver,
    ):
        made = await webhook(office, receiver)
        result = await office.post(f"/v1/webhooks/{made['id']}:test", expect=200)
        assert (result["delivered"], result["error"]) == (False, "address_refused")
    assert receiver.connections == 0


async def test_a_receiver_that_asks_for_time_gets_it(database_url: str, tmp_path: Path) -> None:
    async with (
        an_office(database_url, tmp_path) as office,
        a_receiver(answers(429, Retry_After="7200")) as receiver,
    ):
        made = await webhook(office, receiver, "contact.created")
        path = f"/v1/webhooks/{made['id']}"
        await happens(office)
        page = await office.until(f"{path}/deliveries?state=waiting", lambda page: len(page["items"]) == 1)
        (waiting,) = page["items"]
        last, following = (
            datetime.fromisoformat(waiting[name]) for name in ("last_attempt_at", "next_attempt_at")
        )
        assert (following - last).total_seconds() == 7_200
        # The whole webhook waits: what happens meanwhile stays in the log.
        (kept,) = await happens(office)
        shown = await office.until(path, lambda one: one["behind"] > 0)
        assert (shown["waiting"], len(receiver.requests)) == (1, 1)
        receiver.behaviour = answers()
        await office.post(f"{path}/deliveries/{waiting['id']}:replay", expect=202)
        seen = await receiver.until(lambda requests: len(requests) == 3)
        assert kept["id"] in subjects(seen)


async def test_what_became_of_requests_is_counted(sqlite_database: str, tmp_path: Path) -> None:
    async with (
        an_office(sqlite_database, tmp_path) as office,
        a_receiver(answers()) as good,
        a_receiver(answers(410)) as gone,
    ):
        await webhook(office, good, "contact.created")
        made = await webhook(office, gone, "contact.created")
        await happens(office, 3)
        await good.until(lambda requests: len(requests) == 3)
        await office.until(f"/v1/webhooks/{made['id']}", lambda one: one["dead"] >= 1)
        counted = generate_latest(office.engine.services.metrics).decode()
        lines = dict(line.rsplit(" ", 1) for line in counted.splitlines() if line.startswith("ringback_web"))
    assert float(lines['ringback_webhook_attempts_total{outcome="delivered"}']) == 3
    assert float(lines['ringback_webhook_attempts_total{outcome="refused"}']) >= 1
    assert float(lines["ringback_webhook_dead_letters_total"]) >= 1
    assert float(lines['ringback_webhooks{state="paused"}']) == 0

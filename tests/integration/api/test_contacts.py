"""Contacts and the directory over HTTP."""

from __future__ import annotations

import pytest

from tests.integration.api.world import Tenant, World


@pytest.fixture
async def acme(world: World) -> Tenant:
    return await world.tenant("acme", "+12025550101")


async def save(world: World, secret: str, **fields: object) -> dict[str, object]:
    answer = await world.client.post("/v1/contacts", secret, fields)
    assert answer.status == 201, answer.raw
    body: dict[str, object] = answer.body
    return body


async def test_the_sender_of_a_text_is_saved_and_found(world: World, acme: Tenant) -> None:
    api, ada = world.client, acme.tokens[0]
    thread = (await api.get(f"/v1/conversations/{acme.conversation_id}", ada)).body
    (sender,) = thread["peers"]
    before = (await api.get("/v1/directory?q=%2B12025550177", ada)).body["items"]
    assert [(hit["kind"], hit["name"], hit["leads_to"]) for hit in before] == [
        ("new_number", sender, "sms"),
    ]
    saved = await save(
        world, ada, name="Grace Hopper", numbers=[{"number": sender, "label": "mobile"}], company="Navy"
    )
    assert (saved["shared"], saved["favourite"]) == (False, False)
    (hit,) = (await api.get("/v1/directory?q=hopper%20gra", ada)).body["items"]
    assert hit == {
        "kind": "contact",
        "user_id": None,
        "contact_id": saved["id"],
        "name": "Grace Hopper",
        "company": "Navy",
        "extension": None,
        "favourite": False,
        "shared": False,
        "matched": "word",
        "leads_to": "sms",
        "numbers": [
            {
                "label": "mobile",
                "number": "+12025550177",
                "typed": "+12025550177",
                "extension": None,
                "user_id": None,
                "default": True,
                "leads_to": "sms",
            }
        ],
    }


async def test_colleagues_are_in_the_directory_without_being_contacts(world: World, acme: Tenant) -> None:
    hits = (await world.client.get("/v1/directory?q=10", acme.tokens[0])).body["items"]
    assert [(hit["kind"], hit["user_id"], hit["extension"], hit["leads_to"]) for hit in hits] == [
        ("user", acme.users[0].id, "101", "chat"),
        ("user", acme.users[1].id, "102", "chat"),
    ]
    assert (await world.client.get("/v1/contacts?shared=false", acme.tokens[0])).body["items"] == []


async def test_another_domain_is_not_in_it(world: World, acme: Tenant) -> None:
    zenith = await world.tenant("zenith", "+12025550102", reseller=None)
    await save(world, zenith.manager, name="Zenith Baker", numbers=[{"number": "+12025550143"}])
    for query in ("zenith", "baker", "0143", "10"):
        hits = (await world.client.get(f"/v1/directory?q={query}", acme.tokens[0])).body["items"]
        assert not any("zenith" in hit["name"].lower() for hit in hits), query


async def test_a_key_of_several_domains_names_one(world: World, acme: Tenant) -> None:
    answer = await world.client.get("/v1/directory?q=101", world.super_user)
    assert (answer.status, answer.body["field"]) == (422, "?domain_id")
    answer = await world.client.get(f"/v1/directory?q=101&domain_id={acme.domain.id}", world.super_user)
    assert [hit["extension"] for hit in answer.body["items"]] == ["101"]


async def test_changing_listing_and_deleting(world: World, acme: Tenant) -> None:
    api, ada, bob = world.client, acme.tokens[0], acme.tokens[1]
    shared = await save(world, acme.manager, name="Pizza", numbers=[{"number": "202 555 0142"}])
    own = await save(world, ada, name="Apple", numbers=[{"extension": "102", "label": "desk"}])

    async def names(secret: str) -> list[str]:
        return [one["name"] for one in (await api.get("/v1/contacts", secret)).body["items"]]

    assert await names(ada) == ["Apple", "Pizza", "Supplier"]
    assert await names(bob) == ["Pizza", "Supplier"]
    assert (await api.get(f"/v1/contacts/{own['id']}", bob)).status == 404
    answer = await api.ask("PATCH", f"/v1/contacts/{shared['id']}", secret=bob, json={"name": "Mine"})
    assert (answer.status, answer.code) == (403, "shared_contacts_read_only")
    answer = await api.ask("PATCH", f"/v1/contacts/{shared['id']}", secret=bob, json={"favourite": True})
    assert (answer.status, answer.body["favourite"]) == (200, True)
    liked = (await api.get("/v1/contacts?favourite=true", bob)).body["items"]
    assert [one["id"] for one in liked] == [shared["id"]]
    answer = await api.ask(
        "PATCH", f"/v1/contacts/{own['id']}", secret=ada, json={"numbers": [], "notes": "x"}
    )
    assert (answer.body["numbers"], answer.body["notes"]) == ([], "x")
    assert (await api.ask("DELETE", f"/v1/contacts/{own['id']}", secret=ada)).status == 204
    assert (await api.ask("DELETE", f"/v1/contacts/{own['id']}", secret=ada)).status == 404


async def test_events_of_personal_contacts_reach_their_owner_alone(world: World, acme: Tenant) -> None:
    api = world.client
    all_so_far = f"/v1/events?cursor={acme.domain.id}:0&limit=200"
    since = (await api.get(all_so_far, acme.manager)).body["next_cursor"]
    own = await save(world, acme.tokens[0], name="Secret")
    shared = await save(world, acme.manager, name="Open")

    async def heard(secret: str) -> list[str]:
        items = (await api.get(f"/v1/events?cursor={since}&limit=200", secret)).body["items"]
        return [item["subject"] for item in items if item["type"] == "contact.created"]

    assert await heard(acme.tokens[0]) == [own["id"], shared["id"]]
    assert await heard(acme.tokens[1]) == [shared["id"]]
    assert await heard(acme.manager) == [shared["id"]]


@pytest.mark.parametrize("path", ["/v1/directory", "/v1/directory?q=", "/v1/directory?q=a&limit=0"])
async def test_a_search_for_nothing_is_refused(world: World, acme: Tenant, path: str) -> None:
    assert (await world.client.get(path, acme.tokens[0])).status == 422


async def test_a_name_that_is_code_elsewhere_is_text_here(world: World, acme: Tenant) -> None:
    name = "<img src=x onerror=alert(1)>'; DROP TABLE contacts;-- %s {0} ${x}"
    saved = await save(world, acme.tokens[0], name=name, notes=name, company=name[:100])
    assert saved["name"] == saved["notes"] == name
    answer = await world.client.get("/v1/directory?q=onerror", acme.tokens[0])
    assert answer.headers["Content-Type"].startswith("application/json")
    assert answer.body["items"][0]["name"] == name


CSV = {"Content-Type": "text/csv; charset=utf-8"}


async def test_a_file_goes_in_and_out(world: World, acme: Tenant) -> None:
    api, ada = world.client, acme.tokens[0]
    raw = b"Name,Mobile\r\n=1+1,(202) 555-0143\r\nBad,12\r\n"
    path = "/v1/contacts:import"
    dry = await api.ask("POST", path + "?dry_run=true", secret=ada, raw=raw, headers=CSV)
    assert (dry.status, dry.body["created"], dry.body["dry_run"]) == (200, 2, True)
    assert (await api.get("/v1/contacts?shared=false", ada)).body["items"] == []
    report = (await api.ask("POST", path, secret=ada, raw=raw, headers=CSV)).body
    detail = report["flaws"][0].pop("detail")
    assert detail.startswith("number: ")
    assert report == {
        "dry_run": False,
        "complete": True,
        "stopped": None,
        "entries": 2,
        "created": 2,
        "updated": 0,
        "unchanged": 0,
        "skipped": 0,
        "flaw_count": 1,
        "flaws": [{"line": 3, "code": "invalid_number", "skipped": False}],
    }
    out = await api.get("/v1/contacts:export?shared=false", ada)
    assert out.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert out.headers["Content-Disposition"] == 'attachment; filename="contacts.csv"'
    assert out.raw.decode() == (
        "Name,Organization Name,E-mail 1 - Value,Notes,Labels,Phone 1 - Label,Phone 1 - Value\r\n"
        "'=1+1,,,,,mobile,'+12025550143\r\nBad,,,,,,\r\n"
    )
    cards = await api.get("/v1/contacts:export?format=vcard&vcard_version=4.0", ada)
    assert cards.headers["Content-Type"] == "text/vcard; charset=utf-8"
    assert cards.raw.count(b"BEGIN:VCARD\r\n") == 3  # with the domain's shared one
    sent = {"Content-Type": "text/vcard"}
    again = await api.ask("POST", path, secret=ada, raw=cards.raw, headers=sent)
    assert (again.body["created"], again.body["unchanged"]) == (1, 2)  # the shared one, as one's own


@pytest.mark.parametrize(
    ("raw", "headers", "status", "code"),
    [
        (b"Name\r\nx\r\n", {"Content-Type": "application/json"}, 415, "unsupported_media_type"),
        (b"Name\r\nx\r\n", {"Content-Type": "text/csv; charset=klingon"}, 415, "unsupported_media_type"),
        (b"Name\r\nx\r\n", {**CSV, "Content-Encoding": "gzip"}, 415, "unsupported_media_type"),
        (b"Name\r\n\xff\xfe\r\n", CSV, 422, "import_unreadable"),
        (b"", CSV, 422, "import_unreadable"),
        (b"x" * (5 * 1024 * 1024 + 1), CSV, 413, "body_too_large"),
    ],
)
async def test_a_body_that_is_no_file_is_refused(
    world: World, acme: Tenant, raw: bytes, headers: dict[str, str], status: int, code: str
) -> None:
    answer = await world.client.ask(
        "POST", "/v1/contacts:import", secret=acme.tokens[0], raw=raw, headers=headers
    )
    assert (answer.status, answer.code) == (status, code)


async def test_a_spreadsheets_own_characters_are_read_when_named(world: World, acme: Tenant) -> None:
    api, ada = world.client, acme.tokens[0]
    sent = {"Content-Type": "text/csv; charset=windows-1252"}
    raw = "Name\r\nZoë €\r\n".encode("cp1252")
    answer = await api.ask("POST", "/v1/contacts:import", secret=ada, raw=raw, headers=sent)
    assert answer.body["created"] == 1
    assert [one["name"] for one in (await api.get("/v1/contacts?shared=false", ada)).body["items"]] == [
        "Zoë €"
    ]

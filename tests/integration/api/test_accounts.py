"""Tenants, people and things through the API, as their administrators use it."""

from __future__ import annotations

from tests.integration.api.world import World


async def test_a_domain_lives_from_creation_to_deletion(world: World) -> None:
    api, root = world.client, world.super_user
    new = {"name": "Acme", "pbx": "main", "dial_context": "acme-out", "region": "US"}
    created = await api.post("/v1/domains", root, new)
    assert created.status == 201
    domain = created.body
    assert (await api.get(f"/v1/domains/{domain['id']}", root)).body == domain

    changed = await api.ask("PATCH", f"/v1/domains/{domain['id']}", secret=root, json={"region": None})
    assert changed.body == {**domain, "region": None}
    assert (await api.get("/v1/domains", root)).body["items"] == [changed.body]

    deleted = await api.ask("DELETE", f"/v1/domains/{domain['id']}", secret=root)
    assert (deleted.status, deleted.raw) == (204, b"")
    assert (await api.get(f"/v1/domains/{domain['id']}", root)).status == 404


async def test_a_tenant_is_set_up_through_the_api_alone(world: World) -> None:
    api, root = world.client, world.super_user
    new = {"name": "Acme", "pbx": "main", "dial_context": "out", "region": "US"}
    domain = (await api.post("/v1/domains", root, new)).body
    key = (
        await api.post(
            "/v1/keys", root, {"label": "crm", "scope": "office_manager", "domain_id": domain["id"]}
        )
    ).body
    manager = key["secret"]
    ann = (await api.post("/v1/users", manager, {"extension": "101", "display_name": "Ann"})).body
    assert ann["domain_id"] == domain["id"]
    phone = await api.post("/v1/devices", manager, {"user_id": ann["id"], "endpoint": "ann-desk"})
    assert phone.body["is_default"] is True
    number = {"e164": "(202) 555-0101", "carrier": "one", "domain_id": domain["id"], "user_ids": [ann["id"]]}
    assert (await api.post("/v1/numbers", root, number)).body["e164"] == "+12025550101"

    token = (await api.post(f"/v1/users/{ann['id']}/tokens", manager, {"lifetime_s": 600})).body
    assert (await api.get("/v1/numbers", token["secret"])).body["items"][0]["user_ids"] == [ann["id"]]
    assert (await api.get("/v1/users", token["secret"])).body["items"] == [ann]

    revoked = await api.ask("DELETE", f"/v1/keys/{key['id']}", secret=root)
    assert revoked.body["revoked_at"] is not None
    refused = await api.get("/v1/users", token["secret"])
    assert (refused.status, refused.code) == (401, "credential_revoked")
    actions = [
        entry["action"]
        for entry in (await api.get(f"/v1/audit?domain_id={domain['id']}", root)).body["items"]
    ]
    assert actions == [
        "key.revoked",
        "token.minted",
        "number.created",
        "device.created",
        "user.created",
        "key.created",
        "domain.created",
    ]


async def test_a_key_shows_its_secret_once(world: World) -> None:
    api, root = world.client, world.super_user
    made = await api.post("/v1/keys", root, {"label": "ops", "scope": "super_user"}, key="k")
    again = await api.post("/v1/keys", root, {"label": "ops", "scope": "super_user"}, key="k")
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.body == {**made.body, "secret": None}
    listed = await api.get("/v1/keys", root)
    assert made.body["secret"] not in listed.raw.decode()


async def test_the_audit_log_names_the_request(world: World) -> None:
    api, root = world.client, world.super_user
    new = {"name": "Acme", "pbx": "main", "dial_context": "out"}
    await api.ask("POST", "/v1/domains", secret=root, json=new, headers={"X-Request-Id": "crm-42"})
    domain = (await api.get("/v1/domains", root)).body["items"][0]
    (entry,) = (await api.get(f"/v1/audit?domain_id={domain['id']}", root)).body["items"]
    assert (entry["action"], entry["request_id"]) == ("domain.created", "crm-42")
    assert entry["actor"] == world.super_user_key_id


async def test_walking_a_list_under_inserts_misses_none_and_shows_none_twice(world: World) -> None:
    tenant = await world.tenant("acme", "+12025550101")
    api = world.client
    seen: list[str] = []
    path = "/v1/users?limit=2"
    for extension in range(200, 207):
        await api.post(
            "/v1/users", tenant.manager, {"extension": str(extension), "display_name": f"U {extension}"}
        )
        page = (await api.get(path, tenant.manager)).body
        seen += [user["extension"] for user in page["items"]]
        if page["next_cursor"] is None:
            break
        path = f"/v1/users?limit=2&cursor={page['next_cursor']}"
    assert seen[:4] == ["101", "102", "200", "201"]
    assert len(set(seen)) == len(seen)


async def test_a_repeated_creation_makes_one_thing_and_another_body_is_refused(world: World) -> None:
    tenant = await world.tenant("acme", "+12025550101")
    api, new = world.client, {"extension": "300", "display_name": "Cy"}
    first = await api.post("/v1/users", tenant.manager, new, key="once")
    again = await api.post("/v1/users", tenant.manager, new, key="once")
    assert (again.status, again.raw) == (first.status, first.raw)
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    other = await api.post("/v1/users", tenant.manager, {**new, "extension": "301"}, key="once")
    assert (other.status, other.code) == (422, "idempotency_mismatch")
    # The key belongs to the credential: another one may use the same word for something else.
    elsewhere = await api.post(
        "/v1/users", world.super_user, {**new, "extension": "302", "domain_id": tenant.domain.id}, key="once"
    )
    assert elsewhere.status == 201

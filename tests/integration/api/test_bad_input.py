"""What is not as described is refused with a problem that says where, and nothing is done."""

from __future__ import annotations

import asyncio
import gzip
import json

import pytest

from api.app import FEATURES
from api.problems import CODES
from api.routes import Route, RouteTable
from api.settings import ApiSettings
from engine.accounts.models import Scope
from tests.integration.api.client import Answer
from tests.integration.api.test_authorization import ROWS, named
from tests.integration.api.world import Tenant, World

BODIES = [route for route in RouteTable(FEATURES) if route.reads_body]


@pytest.fixture
async def acme(world: World) -> Tenant:
    return await world.tenant("acme", "+12025550101")


async def post_user(world: World, acme: Tenant, raw: bytes, **headers: str) -> Answer:
    return await world.client.ask("POST", "/v1/users", secret=acme.manager, raw=raw, headers=headers)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"{}{}",
        b"\xff\xfe{}",
        b'{"extension": "300",}',
        b'{"extension": "\xc3("}',
        b'{"display_name": "\\ud800", "extension": "300"}',
        b"[" * 20_000,
        b'{"a":' * 20 + b"1" + b"}" * 20,
    ],
    ids=lambda raw: raw[:24].decode("latin-1"),
)
@pytest.mark.parametrize("path", ["/v1/users", "/v1/messages"])
async def test_malformed_json_is_400_on_every_route(
    world: World, acme: Tenant, path: str, raw: bytes
) -> None:
    answer = await world.client.ask("POST", path, secret=acme.manager, raw=raw)
    assert (answer.status, answer.code) == (400, "malformed_json")


@pytest.mark.parametrize("route", BODIES, ids=lambda route: route.name)
async def test_unknown_and_read_only_fields_are_refused_by_name(world: World, acme: Tenant, route) -> None:
    one = await ROWS[route.name].own(world, acme)
    assert isinstance(one.body, dict)
    for field in ("id", "status", "created_at", "surprise/with~signs"):
        answer = await world.client.ask(
            route.method, one.path, secret=world.super_user, json={**one.body, field: "x"}
        )
        assert (answer.status, answer.code) == (422, "invalid_input")
        assert answer.body["field"] == "/" + field.replace("~", "~0").replace("/", "~1")


@pytest.mark.parametrize("route", BODIES, ids=lambda route: route.name)
@pytest.mark.parametrize("body", [None, [], "x", 5, True])
async def test_a_body_that_is_no_object_is_refused(world: World, acme: Tenant, route, body: object) -> None:
    one = await ROWS[route.name].own(world, acme)
    answer = await world.client.ask(route.method, one.path, secret=world.super_user, json=body)
    assert (answer.status, answer.code, answer.body["field"]) == (422, "invalid_input", "")


#: The text of a message that carries files, and what need not be said of a webhook.
MAY_BE_EMPTY = {("edit_message", "text"), ("update_webhook", "description")}


def may_be_null(route: Route, field: str) -> bool:
    properties = route.body.model_json_schema(by_alias=True)["properties"]
    return {"type": "null"} in properties[field].get("anyOf", ())


@pytest.mark.parametrize("route", BODIES, ids=lambda route: route.name)
async def test_a_field_of_the_wrong_type_is_refused_by_name(world: World, acme: Tenant, route) -> None:
    one = named(await ROWS[route.name].own(world, acme), acme, Scope.SUPER_USER)
    assert isinstance(one.body, dict)
    for field, value in one.body.items():
        for wrong in (5, [5], {"a": 1}, None, True, "", "\u0000", "x" * 60_000):
            if isinstance(wrong, type(value)) and wrong not in ("", "\u0000"):
                continue
            if value == "" or (wrong == "" and (field == "label" or (route.name, field) in MAY_BE_EMPTY)):
                continue
            if wrong is None and may_be_null(route, field):
                continue
            answer = await world.client.ask(
                route.method, one.path, secret=world.super_user, json={**one.body, field: wrong}
            )
            assert answer.status == 422, (field, wrong, answer.raw)
            assert answer.body["field"].startswith(f"/{field}"), (field, wrong, answer.raw)


async def test_all_that_is_wrong_is_said_at_once(world: World, acme: Tenant) -> None:
    answer = await world.client.post("/v1/users", acme.manager, {"extension": 5, "sms_enabled": "yes"})
    assert [flaw["field"] for flaw in answer.body["errors"]] == [
        "/extension",
        "/display_name",
        "/sms_enabled",
    ]
    assert answer.body["field"] == "/extension"


@pytest.mark.parametrize(
    "media_type", ["text/plain", "application/x-www-form-urlencoded", "application/jsonx"]
)
async def test_another_media_type_is_415(world: World, acme: Tenant, media_type: str) -> None:
    answer = await post_user(world, acme, b"{}", **{"Content-Type": media_type})
    assert (answer.status, answer.code) == (415, "unsupported_media_type")


async def test_json_with_parameters_is_json(world: World, acme: Tenant) -> None:
    raw = json.dumps({"extension": "300", "display_name": "Cy"}).encode()
    answer = await post_user(world, acme, raw, **{"Content-Type": "Application/JSON; charset=utf-8"})
    assert answer.status == 201


async def test_a_compressed_body_is_refused_unread(world: World, acme: Tenant) -> None:
    bomb = gzip.compress(b" " * 50_000_000)
    answer = await post_user(world, acme, bomb, **{"Content-Encoding": "gzip"})
    assert (answer.status, answer.code) == (415, "unsupported_media_type")


class TestSmallBodies:
    @pytest.fixture
    def api_settings(self) -> ApiSettings:
        return ApiSettings(port=0, max_body_octets=1_000)

    @pytest.mark.parametrize("path", ["/v1/users", "/v1/messages"])
    async def test_a_body_above_the_limit_is_413(self, world: World, acme: Tenant, path: str) -> None:
        for octets in (1_001, 3_000_000):
            answer = await world.client.ask("POST", path, secret=acme.manager, raw=b" " * octets)
            assert (answer.status, answer.code) == (413, "body_too_large")

    async def test_a_chunked_body_cannot_hide_its_length(self, world: World, acme: Tenant) -> None:
        async def endless():
            while True:
                yield b" " * 1_000

        url, sent = world.client.base + "/v1/users", {"Authorization": f"Bearer {acme.manager}"}
        sent["Content-Type"] = "application/json"
        async with world.client.session.post(url, data=endless(), headers=sent) as response:
            assert (response.status, (await response.json())["code"]) == (413, "body_too_large")

    async def test_the_limit_itself_fits(self, world: World, acme: Tenant) -> None:
        body = json.dumps({"extension": "300", "display_name": "Cy"}).encode()
        answer = await world.client.ask("POST", "/v1/users", secret=acme.manager, raw=body.ljust(1_000))
        assert answer.status == 201


async def test_a_body_that_comes_in_pieces_is_read_whole(world: World, acme: Tenant) -> None:
    body = json.dumps({"from": acme.number.e164, "to": ["+12025550177"], "text": "Hello"}).encode()
    host, port = world.client.base.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    head = (
        f"POST /v1/messages HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {acme.manager}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    ).encode()
    for octet in head + body:
        writer.write(bytes((octet,)))
        await writer.drain()
        await asyncio.sleep(0)
    answer = await reader.read()
    writer.close()
    assert answer.startswith(b"HTTP/1.1 202 ")


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/v1/users?limit=0", "?limit"),
        ("/v1/users?limit=201", "?limit"),
        ("/v1/users?limit=many", "?limit"),
        ("/v1/users?limit=1&limit=2", "?limit"),
        ("/v1/users?surprise=1", "?surprise"),
        ("/v1/users?cursor=nonsense", "?cursor"),
        ("/v1/calls?status=sleeping", "?status"),
        ("/v1/calls?created_from=yesterday", "?created_from"),
        ("/v1/calls?created_from=2026-01-01T00:00:00", "?created_from"),
        ("/v1/calls?created_from=0.5", "?created_from"),
        ("/v1/calls?created_before=-1767225600", "?created_before"),
        ("/v1/calls?cursor=nonsense", "?cursor"),
        ("/v1/messages?cursor=nonsense", "?cursor"),
        ("/v1/conversations?cursor=nonsense", "?cursor"),
        ("/v1/events?cursor=nonsense", "?cursor"),
        ("/v1/events?cursor=a:1,a:2", "?cursor"),
        ("/v1/events?cursor=a:-1", "?cursor"),
        ("/v1/audit?cursor=nonsense", "?cursor"),
        ("/v1/users/usr_0?surprise=1", "?surprise"),
        ("/health/live?surprise=1", "?surprise"),
    ],
)
async def test_a_bad_query_is_refused_by_name(world: World, acme: Tenant, path: str, field: str) -> None:
    answer = await world.client.get(path, acme.manager)
    assert (answer.status, answer.body["field"]) == (422, field)


@pytest.mark.parametrize("key", ["", "a" * 256, "a\tb", "schlüssel"])
async def test_an_idempotency_key_that_is_none_is_refused(world: World, acme: Tenant, key: str) -> None:
    answer = await world.client.post(
        "/v1/users", acme.manager, {"extension": "300", "display_name": "Cy"}, key=key
    )
    assert (answer.status, answer.code) == (400, "malformed_header")


@pytest.mark.parametrize(
    "path", ["/", "/v1", "/v1/nothing", "/v1/users/", "/V1/users", "/v1/../v1/users", "/openapi_json"]
)
async def test_an_unknown_address_is_a_problem(world: World, path: str) -> None:
    host, port = world.client.base.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    assert head.startswith(b"HTTP/1.1 404 ")
    assert b"application/problem+json" in head
    assert json.loads(body)["code"] == "route_not_found"


async def test_a_method_that_is_not_taken_is_405_and_names_those_that_are(world: World) -> None:
    for method in ("PUT", "HEAD", "OPTIONS", "TRACE", "PROPFIND"):
        async with world.client.session.request(method, world.client.base + "/v1/domains") as response:
            assert response.status == 405
            assert response.headers["Allow"] == "GET, POST"
    answer = await world.client.ask("DELETE", "/v1/calls/call_0:cancel")
    assert (answer.status, answer.headers["Allow"]) == (405, "POST")


async def test_no_answer_to_bad_input_shows_what_is_inside(world: World, acme: Tenant) -> None:
    hostile = [
        "'; DROP TABLE users;--",
        "../../etc/passwd",
        "${jndi:ldap://x}",
        "<script>",
        "\r\nX: y",
        "%s%n",
    ]
    for value in hostile:
        for path, body in (
            ("/v1/users", {"extension": value, "display_name": value}),
            ("/v1/calls", {"to": value, "user_id": value}),
            ("/v1/messages", {"from": value, "to": [value], "text": value}),
        ):
            answer = await world.client.post(path, acme.manager, body)
            assert answer.status in (404, 422), (path, value, answer.raw)
            for inside in (b"Traceback", b"sqlite", b"SELECT", b"/work", b".py", b"pydantic"):
                assert inside not in answer.raw


def test_every_code_a_route_declares_has_a_status() -> None:
    for route in RouteTable(FEATURES):
        assert route.problems <= CODES.keys()

"""Logging in over HTTP: the secret for programs, the cookie for our pages, and pages that are not ours."""

from __future__ import annotations

from collections.abc import Mapping
from http.cookies import SimpleCookie

import aiohttp
import pytest

from api.cookies import ANTI_FORGERY, SESSION_COOKIE
from engine.accounts.models import SYSTEM, Scope, UpdateUser
from tests.integration.api.client import Answer
from tests.integration.api.world import PASSWORD, Tenant, World

OTHER = "staple horse correct"


@pytest.fixture
async def acme(world: World) -> Tenant:
    return await world.tenant("acme", "+12025550101")


async def log_in(world: World, headers: Mapping[str, str] | None = None, **more: object) -> Answer:
    body = {"name": "101@acme", "password": PASSWORD, **more}
    return await world.client.ask("POST", "/v1/login", json=body, headers=headers)


def origin(world: World) -> str:
    return world.client.base


def cookie_of(answer: Answer) -> str:
    """The Cookie header a browser sends after this answer."""
    morsel = SimpleCookie(answer.headers["Set-Cookie"])[SESSION_COOKIE]
    return f"{SESSION_COOKIE}={morsel.value}"


async def with_cookie(world: World) -> dict[str, str]:
    return {"Cookie": cookie_of(await log_in(world, give="cookie"))}


async def test_a_program_logs_in_and_out(world: World, acme: Tenant) -> None:
    answer = await log_in(world)
    assert answer.status == 201
    assert answer.body["user"]["id"] == acme.users[0].id
    assert "Set-Cookie" not in answer.headers
    secret = answer.body["secret"]
    assert (await world.client.get("/v1/users", secret)).status == 200
    assert (await world.client.post("/v1/logout", secret)).status == 204
    assert (await world.client.get("/v1/users", secret)).code == "credential_revoked"


async def test_a_page_gets_a_cookie_it_cannot_read(world: World, acme: Tenant) -> None:
    answer = await log_in(world, {"Origin": origin(world)}, give="cookie")
    assert answer.body["secret"] is None
    morsel = SimpleCookie(answer.headers["Set-Cookie"])[SESSION_COOKIE]
    assert SESSION_COOKIE.startswith("__Host-")
    assert (morsel["path"], morsel["domain"], morsel["samesite"]) == ("/", "", "Strict")
    assert morsel["secure"]
    assert morsel["httponly"]
    assert morsel["max-age"] == str(30 * 86_400)
    assert morsel.value not in answer.raw.decode()


async def test_logging_out_takes_the_cookie_back(world: World, acme: Tenant) -> None:
    headers = {**await with_cookie(world), ANTI_FORGERY: "1"}
    answer = await world.client.ask("POST", "/v1/logout", headers=headers)
    assert answer.status == 204
    morsel = SimpleCookie(answer.headers["Set-Cookie"])[SESSION_COOKIE]
    assert (morsel.value, morsel["max-age"]) == ("", "0")
    assert (await world.client.ask("GET", "/v1/users", headers=headers)).code == "credential_revoked"


async def test_a_change_made_with_a_cookie_needs_the_header_of_our_page(world: World, acme: Tenant) -> None:
    headers = await with_cookie(world)
    path, ours = "/v1/events/tickets", {"Origin": origin(world)}
    assert (await world.client.ask("GET", "/v1/users", headers=headers)).status == 200
    refused = await world.client.ask("POST", path, headers=headers)
    assert (refused.status, refused.code) == (403, "anti_forgery_missing")
    assert (await world.client.ask("POST", path, headers=headers | ours)).code == "anti_forgery_missing"
    accepted = await world.client.ask("POST", path, headers=headers | ours | {ANTI_FORGERY: "1"})
    assert accepted.status == 201


@pytest.mark.parametrize("theirs", ["https://evil.example", "null", "http://127.0.0.1:1", "http://127.0.0.1"])
async def test_a_page_of_another_origin_does_nothing_with_our_cookie(
    world: World, acme: Tenant, theirs: str
) -> None:
    headers = {**await with_cookie(world), "Origin": theirs, ANTI_FORGERY: "1"}
    for method, path in (("GET", "/v1/users"), ("POST", "/v1/events/tickets"), ("POST", "/v1/logout")):
        refused = await world.client.ask(method, path, headers=headers)
        assert (refused.status, refused.code) == (403, "origin_not_allowed"), path
    refused = await log_in(world, {"Origin": theirs}, give="cookie")
    assert refused.code == "origin_not_allowed"


async def test_no_preflight_allows_the_header_of_our_page(world: World) -> None:
    answer = await world.client.ask(
        "OPTIONS",
        "/v1/logout",
        headers={
            "Origin": "https://evil.example",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": ANTI_FORGERY,
        },
    )
    assert ANTI_FORGERY.lower() not in answer.headers.get("Access-Control-Allow-Headers", "").lower()
    assert "Access-Control-Allow-Credentials" not in answer.headers


async def test_a_form_of_another_page_logs_nobody_in(world: World, acme: Tenant) -> None:
    for media_type in ("application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x"):
        raw = b'{"name": "101@acme", "password": "correct horse battery"}'
        answer = await world.client.ask("POST", "/v1/login", raw=raw, headers={"Content-Type": media_type})
        assert answer.code == "unsupported_media_type"


async def test_a_bearer_counts_before_a_cookie(world: World, acme: Tenant) -> None:
    headers = {**await with_cookie(world), "Authorization": f"Bearer {acme.manager}"}
    assert (await world.client.ask("POST", "/v1/logout", headers=headers)).code == "session_required"


async def test_a_socket_opens_with_the_cookie_for_our_pages_only(world: World, acme: Tenant) -> None:
    headers = await with_cookie(world)
    for theirs in ({}, {"Origin": "https://evil.example"}):
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await world.client.session.ws_connect(f"{world.client.base}/v1/events", headers=headers | theirs)
        assert refused.value.status == 403
    ours = {"Origin": origin(world)}
    async with world.client.session.ws_connect(
        f"{world.client.base}/v1/events", headers=headers | ours
    ) as socket:
        assert (await socket.receive_json())["type"] == "hello"


@pytest.mark.parametrize("change", [{"enabled": False}, {"role": Scope.OFFICE_MANAGER}])
async def test_a_changed_user_loses_its_open_sockets(
    world: World, acme: Tenant, change: dict[str, object]
) -> None:
    secret = (await log_in(world)).body["secret"]
    headers = {"Authorization": f"Bearer {secret}"}
    async with world.client.session.ws_connect(f"{world.client.base}/v1/events", headers=headers) as socket:
        assert (await socket.receive_json())["type"] == "hello"
        await world.accounts.users.update(SYSTEM, acme.users[0].id, UpdateUser(**change))
        world.clock.ms += 5_000
        while (message := await socket.receive()).type is aiohttp.WSMsgType.TEXT:
            pass
        assert socket.close_code == 4001, message
    again = await world.client.get("/v1/users", secret)
    assert again.status == (401 if "enabled" in change else 200)


async def test_too_many_attempts_are_answered_with_when_to_come_back(world: World, acme: Tenant) -> None:
    for _ in range(5):
        wrong = await log_in(world, password="wrong")
        assert (wrong.status, wrong.code) == (401, "login_failed")
    for name in ("101@acme", "101@ACME "):
        late = await log_in(world, name=name)
        assert (late.status, late.code, late.headers["Retry-After"]) == (429, "rate_limited", "60")


async def test_what_was_wrong_cannot_be_told_from_the_answer(world: World, acme: Tenant) -> None:
    answers = [
        await log_in(world, name=name, password="wrong")
        for name in ("101@acme", "102@acme", "999@acme", "101@nowhere", "x")
    ]
    told = {a.raw.replace(a.headers["X-Request-Id"].encode(), b"") for a in answers}
    assert len(told) == 1


async def test_a_reset_password_is_replaced_at_the_next_log_in(world: World, acme: Tenant) -> None:
    made = await world.client.post(f"/v1/users/{acme.users[1].id}:reset-password", acme.manager)
    temporary = made.body["temporary_password"]
    due = await log_in(world, name="102@acme", password=temporary)
    assert (due.status, due.code) == (403, "password_change_required")
    assert (await log_in(world, name="102@acme", password=temporary, new_password=OTHER)).status == 201
    secret = (await log_in(world, name="102@acme", password=OTHER)).body["secret"]
    change = {"current_password": OTHER, "new_password": PASSWORD}
    assert (await world.client.post("/v1/me/password", secret, change)).body == {"ended": 1}


async def test_one_sees_and_ends_ones_sessions(world: World, acme: Tenant) -> None:
    first = (await log_in(world, {"User-Agent": "Phone"})).body
    second = (await log_in(world, {"User-Agent": "Desk"})).body
    listed = (await world.client.get("/v1/sessions", second["secret"])).body["items"]
    assert [(s["user_agent"], s["current"]) for s in listed[:2]] == [("Desk", True), ("Phone", False)]
    assert {s["address"] for s in listed[:2]} == {"127.0.0.1"}
    path = f"/v1/sessions/{first['session_id']}"
    assert (await world.client.ask("DELETE", path, secret=second["secret"])).status == 204
    assert (await world.client.get("/v1/sessions", first["secret"])).code == "credential_revoked"
    ended = await world.client.post("/v1/sessions:end-others", second["secret"])
    assert ended.body == {"ended": 1}


async def test_no_secret_of_a_log_in_reaches_the_log(
    world: World, acme: Tenant, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = (await log_in(world)).body["secret"]
    await log_in(world, name=PASSWORD, password="hunter2-hunter2")
    await world.client.post("/v1/me/password", secret, {"current_password": OTHER, "new_password": OTHER})
    printed = "".join(capsys.readouterr())
    assert "accounts.login_failed" in printed
    for private in (secret, PASSWORD, OTHER, "hunter2"):
        assert private not in printed

"""What operators and browsers meet: health, metrics, the description, CORS, proxies, the log."""

from __future__ import annotations

import dataclasses
import ipaddress
import json
from collections.abc import Callable, Sequence

import pytest
import structlog
from openapi_spec_validator import validate
from structlog.testing import capture_logs

from api.settings import ApiSettings
from engine.errors import PeerUnavailable, StorageUnavailable
from engine.messaging.models import Message
from engine.services import Component, Services
from tests.integration.api.world import World, a_world

PAGE = "https://crm.example"


async def test_the_description_is_valid_and_served_to_everybody(world: World) -> None:
    answer = await world.client.get("/openapi.json")
    validate(answer.body)
    assert answer.body["openapi"].startswith("3.1")


async def test_readiness_names_what_is_down(world: World) -> None:
    ready = await world.client.get("/health/ready")
    assert (ready.status, ready.body["status"]) == (200, "ready")
    world.health.components = [Component("database", True, True), Component("pbx:main", False, False)]
    degraded = await world.client.get("/health/ready")
    assert (degraded.status, degraded.body["status"]) == (200, "degraded")
    world.health.components = [Component("database", False, True), Component("pbx:main", False, False)]
    down = await world.client.get("/health/ready")
    assert (down.status, down.body["status"]) == (503, "down")
    assert [one["name"] for one in down.body["components"] if not one["up"]] == ["database", "pbx:main"]
    assert (await world.client.get("/health/live")).status == 200


async def test_metrics_count_by_template_and_class_and_grow_with_neither_ids_nor_strangers(
    world: World,
) -> None:
    api = world.client
    for number in range(50):
        await api.get(f"/v1/users/usr_{number:032x}", world.super_user)
        await api.get(f"/nothing/{number}")
    await world.client.session.request("PROPFIND", api.base + "/coffee")
    text = (await api.get("/metrics", world.super_user)).raw.decode()
    asked = 'ringback_http_requests_total{method="GET",route="/v1/users/{user_id}",status="4xx"} 50.0'
    assert asked in text
    assert 'ringback_http_requests_total{method="GET",route="none",status="4xx"} 50.0' in text
    assert 'ringback_http_requests_total{method="other",route="none",status="4xx"} 1.0' in text
    assert 'ringback_http_request_seconds_count{method="GET",route="/v1/users/{user_id}"} 50.0' in text
    assert "usr_" not in text


async def test_every_answer_has_an_id_and_a_sane_one_of_the_caller_is_kept(world: World) -> None:
    api = world.client
    kept = await api.ask("GET", "/health/live", headers={"X-Request-Id": "crm:42.a-B_c"})
    assert kept.headers["X-Request-Id"] == "crm:42.a-B_c"
    for insane in ("", "a" * 129, "a b", "<x>", "ä"):
        made = await api.ask("GET", "/health/live", headers={"X-Request-Id": insane})
        assert made.headers["X-Request-Id"].startswith("req_")
    ids = {(await api.get("/health/live")).headers["X-Request-Id"] for _ in range(5)}
    assert len(ids) == 5


async def test_answers_are_not_kept_or_guessed_at_by_browsers(world: World) -> None:
    answer = await world.client.get("/v1/users", "nonsense")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


class TestFromAWebPage:
    @pytest.fixture
    def api_settings(self) -> ApiSettings:
        return ApiSettings(port=0, allowed_origins=(PAGE,))

    async def test_a_listed_page_may_call(self, world: World) -> None:
        asked = {
            "Origin": PAGE,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,idempotency-key",
        }
        allowed = await world.client.ask("OPTIONS", "/v1/calls", headers=asked)
        assert allowed.status == 204
        assert allowed.headers["Access-Control-Allow-Origin"] == PAGE
        assert allowed.headers["Access-Control-Allow-Methods"] == "GET, POST"
        assert "Idempotency-Key" in allowed.headers["Access-Control-Allow-Headers"]
        refused = await world.client.ask("GET", "/v1/users", headers={"Origin": PAGE})
        assert refused.status == 401
        assert refused.headers["Access-Control-Allow-Origin"] == PAGE  # or the page could not read why
        assert refused.headers["Vary"] == "Origin"

    @pytest.mark.parametrize("origin", ["https://evil.example", PAGE + ".evil.example", PAGE.upper(), "null"])
    async def test_another_page_may_not(self, world: World, origin: str) -> None:
        asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        preflight = await world.client.ask("OPTIONS", "/v1/calls", headers=asked)
        answer = await world.client.ask("GET", "/health/live", headers={"Origin": origin})
        for one in (preflight, answer):
            assert not [name for name in one.headers if name.startswith("Access-Control")]
            assert one.headers["Vary"] == "Origin"  # a cache must not hand it to the listed page

    async def test_a_preflight_for_a_method_that_is_not_taken_is_refused(self, world: World) -> None:
        asked = {"Origin": PAGE, "Access-Control-Request-Method": "PUT"}
        assert (await world.client.ask("OPTIONS", "/v1/calls", headers=asked)).status == 405


async def logged(world: World, ask: Callable[[], object]) -> list[dict[str, object]]:
    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        await ask()  # type: ignore[misc]
    return [line for line in lines if line["event"].startswith("api.")]


async def test_a_request_leaves_one_line_and_no_secret(world: World) -> None:
    tenant = await world.tenant("acme", "+12025550101")
    (line,) = await logged(world, lambda: world.client.get(f"/v1/users/{tenant.users[0].id}", tenant.manager))
    assert line["event"] == "api.request_answered"
    assert (line["method"], line["route"], line["status"]) == ("GET", "/v1/users/{user_id}", 200)
    assert line["credential"] == tenant.manager_key_id
    assert line["remote"] == "127.0.0.1"
    assert line["request_id"]
    assert tenant.manager not in repr(line)


class TestBehindAProxy:
    @pytest.fixture
    def api_settings(self) -> ApiSettings:
        return ApiSettings(port=0, trusted_proxies=(ipaddress.ip_network("127.0.0.0/8"),))

    async def test_the_address_the_trusted_proxy_saw_is_logged(self, world: World) -> None:
        sent = {"X-Forwarded-For": "6.6.6.6, 203.0.113.7, 127.0.0.9"}
        (line,) = await logged(world, lambda: world.client.ask("GET", "/health/live", headers=sent))
        assert line["remote"] == "203.0.113.7"


async def test_an_address_from_just_anybody_is_not_believed(world: World) -> None:
    sent = {"X-Forwarded-For": "203.0.113.7"}
    (line,) = await logged(world, lambda: world.client.ask("GET", "/health/live", headers=sent))
    assert line["remote"] == "127.0.0.1"


class Failing:
    """Messaging that fails in a given way."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    async def send(self, *_: object) -> Message:
        raise self._error

    async def send_batch(self, *_: object) -> Sequence[Message]:
        raise self._error


@pytest.mark.parametrize(
    ("error", "status", "code", "retry_after"),
    [
        (RuntimeError("secret +12025550177 in /srv/x.py"), 500, "internal", None),
        (
            StorageUnavailable("The database is behind.", code="storage_busy", retry_after_s=0.2),
            503,
            "storage_busy",
            "1",
        ),
        (
            StorageUnavailable("The disk is full.", code="storage_file_system"),
            503,
            "storage_file_system",
            None,
        ),
        (PeerUnavailable("No bind.", retry_after_s=5), 503, "peer_unavailable", "5"),
    ],
)
async def test_a_failure_becomes_a_problem_and_only_the_log_knows_more(
    sqlite_database: str, error: Exception, status: int, code: str, retry_after: str | None
) -> None:
    def change(services: Services) -> Services:
        return dataclasses.replace(services, messaging=Failing(error))

    async with a_world(sqlite_database, ApiSettings(port=0), change=change) as world:
        body = json.dumps({"from": "+12025550101", "to": ["+12025550177"], "text": "Hello"}).encode()
        with capture_logs() as lines:
            async with world.client.session.post(
                world.client.base + "/v1/messages",
                data=body,
                headers={"Authorization": f"Bearer {world.super_user}", "Content-Type": "application/json"},
            ) as response:
                problem = await response.json()
        assert (response.status, problem["code"]) == (status, code)
        assert response.headers.get("Retry-After") == retry_after
        assert "secret" not in json.dumps(problem)
        failures = [line for line in lines if line["event"] == "api.request_failed"]
        assert len(failures) == (status == 500)
        if failures:
            assert failures[0]["request_id"] == problem["request_id"]

"""What a route must declare before anything is served, and what the declarations add up to."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from openapi_spec_validator import validate

import engine
from api.app import FEATURES, build_app
from api.openapi import describe, problem_codes
from api.permissions import LEAST_SCOPE, Permission, scopes_with
from api.problems import CODES
from api.requests import ApiRequest
from api.rest.health import Alive
from api.routes import NoBody, NoQuery, RouteError, Routes, RouteTable
from api.schema import Input
from api.settings import ApiSettings
from engine.accounts.models import Scope


async def handler(request: ApiRequest[NoBody, NoQuery]) -> web.StreamResponse:
    raise AssertionError("not called")


def one_route(method: str = "GET", path: str = "/v1/x", **declared: Any) -> list[Routes]:
    routes = Routes("x")
    known = {"summary": "X.", "permission": Permission.PUBLIC, "answers": {200: Alive}, **declared}
    routes.add(method, path, **known)(handler)
    return [routes]


@pytest.mark.parametrize(
    ("declared", "complaint"),
    [
        ({"permission": None}, "no permission is declared"),
        ({"permission": "public_enough"}, "no permission is declared"),
        ({"answers": {}}, "no answer is declared"),
        ({"problems": ("no_such_code",)}, "without a status"),
        ({"idempotent": True}, "only a POST"),
        ({"path": "/v1/x/{thing_id}"}, "unknown path parameter"),
    ],
)
def test_a_route_declared_wrongly_stops_the_start(declared: dict[str, Any], complaint: str) -> None:
    with pytest.raises(RouteError, match=complaint):
        build_app(None, ApiSettings(), features=one_route(**declared))  # type: ignore[arg-type]


def test_a_route_without_a_permission_cannot_be_declared_by_leaving_it_out() -> None:
    routes = Routes("x")
    routes.add("GET", "/v1/x", summary="X.", answers={200: Alive})(handler)
    with pytest.raises(RouteError, match="no permission is declared"):
        RouteTable([routes])


def test_two_routes_cannot_share_an_address_or_a_name() -> None:
    with pytest.raises(RouteError, match="declared twice"):
        RouteTable([*one_route(), *one_route()])
    with pytest.raises(RouteError, match="declared twice"):
        RouteTable([*one_route(), *one_route(path="/v1/y")])


def test_a_higher_scope_may_all_that_a_lower_may() -> None:
    for permission in Permission:
        scopes = scopes_with(permission)
        assert Scope.SUPER_USER in scopes
        assert all(higher in scopes for scope in scopes for higher in Scope if higher > scope)
    assert LEAST_SCOPE[Permission.READ_METRICS] is Scope.SUPER_USER


def test_the_description_is_valid_and_the_same_each_time() -> None:
    table = RouteTable(FEATURES)
    document = describe(table, "1")
    validate(document)
    assert json.dumps(document) == json.dumps(describe(RouteTable(FEATURES), "1"))


def test_the_description_says_of_each_route_what_it_declares() -> None:
    table = RouteTable(FEATURES)
    document = describe(table, "1")
    for route in table:
        operation = document["paths"][route.path][route.method.lower()]
        assert operation["operationId"] == route.name
        assert ("requestBody" in operation) == (route.reads_body or bool(route.reads))
        assert set(map(str, route.answers)) <= operation["responses"].keys()
        for code in problem_codes(route):
            assert str(CODES[code].status) in operation["responses"]
        headers = {one["name"] for one in operation.get("parameters", ()) if one["in"] == "header"}
        assert ("Idempotency-Key" in headers) == route.idempotent
        public = route.permission is Permission.PUBLIC
        assert (operation.get("security") == []) == public


def test_every_post_that_acts_takes_an_idempotency_key() -> None:
    # Harmless to repeat by their nature (an import finds nothing left to do), or (a password, a session) of
    # an answer that must not be kept.
    harmless = {
        "add_members",
        "add_push_subscription",
        "assign_conversation",
        "cancel_call",
        "change_password",
        "claim_conversation",
        "delete_conversation",
        "end_other_sessions",
        "erase_person",
        "explain_conversation",
        "explain_message",
        "finish_conversation",
        "import_contacts",
        "import_numbers",
        "import_users",
        "issue_ticket",
        "leave_conversation",
        "log_in",
        "log_out",
        "mark_calls_seen",
        "mark_conversation_unread",
        "move_message",
        "mute_conversation",
        "react",
        "read_conversation",
        "release_conversation",
        "reopen_conversation",
        "reset_password",
        "restore_conversation",
        "test_notification",
        "test_webhook",
        "typing",
        "unsubscribe",
    }
    posts = {route.name for route in RouteTable(FEATURES) if route.method == "POST"}
    assert {route.name for route in RouteTable(FEATURES) if route.idempotent} == posts - harmless


def test_no_input_model_takes_what_it_does_not_know() -> None:
    for route in RouteTable(FEATURES):
        if route.reads_body:
            assert issubclass(route.body, Input)
            assert route.body.model_config["extra"] == "forbid"
            assert route.body.model_config["strict"] is True


#: `code="x"`, and a code after a sentence as the last argument.
_CODE_IN_SOURCE = (r'\bcode ?= ?"([a-z_]+)"', r'\."\s*,\s*"([a-z_]+)",?\s*\)')

#: Packages whose errors reach a caller of the API.
_FEATURES = ("accounts", "click_to_call", "conversations", "messaging")


def test_every_code_a_feature_raises_is_in_the_table() -> None:
    root = Path(next(iter(engine.__path__)))
    sources = [*root.glob("*.py"), *(path for name in _FEATURES for path in (root / name).glob("*.py"))]
    raised = {
        code
        for path in sources
        if not path.name.startswith(("demo", "cli"))
        for pattern in _CODE_IN_SOURCE
        for code in re.findall(pattern, path.read_text())
    }
    # The search finds something of each kind.
    assert {"client_id_reused", "self_call", "auto_answer_not_possible"} <= raised
    assert raised - CODES.keys() == set()


def test_the_guide_shows_the_table_of_codes() -> None:
    guide = (Path(__file__).parents[3] / "docs" / "api.md").read_text()
    shown = dict(re.findall(r"^\| `([a-z_]+)` \| (\d{3}) \|", guide, re.MULTILINE))
    assert shown == {code: str(kind.status) for code, kind in CODES.items()}

"""Strings made to hurt, through every text field of the API: back as they were or refused, never in the log.

The fields are found in the description, so a new one is tried as soon as it is served.
"""

from __future__ import annotations

import io
import json
import logging
import secrets
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import structlog

from api.app import FEATURES
from api.openapi import describe
from api.permissions import scopes_with
from api.routes import Route, RouteTable
from config.logging import configure
from config.settings import LogSettings
from engine.accounts.models import Scope
from tests.corpora.strings import STRINGS
from tests.integration.api.test_authorization import ROWS, TABLE, Row, named
from tests.integration.api.world import Tenant, World

Place = tuple[str | int, ...]

#: At the end of every text that is sent: where it shows, the text would.
#: Without digits, so that no field takes it for a number.
CANARY = "canary" + "".join(secrets.choice("ghjkmnpqrstuvwxyz") for _ in range(16))


def leaves(schema: Mapping[str, Any], sample: object, document: Mapping[str, Any]) -> Iterator[Place]:
    """Where a body of this schema takes any text. sample: a body that is all right."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        yield from leaves(document["components"]["schemas"][name], sample, document)
    elif "anyOf" in schema:
        yield from {place: None for one in schema["anyOf"] for place in leaves(one, sample, document)}
    elif schema.get("type") == "string":
        if "enum" not in schema and "const" not in schema:
            yield ()
    elif schema.get("type") == "array":
        given = sample[0] if isinstance(sample, list) and sample else None
        yield from ((0, *place) for place in leaves(schema.get("items", {}), given, document))
    elif schema.get("type") == "object":
        known = sample if isinstance(sample, dict) else {}
        for name, one in schema.get("properties", {}).items():
            yield from ((name, *place) for place in leaves(one, known.get(name), document))
        if isinstance(schema.get("additionalProperties"), dict):
            yield ("key",)


def put(body: object, place: Place, text: str) -> object:
    """The body with the text there; what is not there yet is made."""
    if not place:
        return text
    first, *rest = place
    if isinstance(first, int):
        items = body if isinstance(body, list) and body else [None]
        return [put(items[0], tuple(rest), text), *items[1:]]
    known = body if isinstance(body, dict) else {}
    return {**known, first: put(known.get(first), tuple(rest), text)}


def at(body: object, place: Place) -> object:
    """What is there, or None."""
    for step in place:
        if isinstance(step, int):
            body = body[step] if isinstance(body, list) and len(body) > step else None
        else:
            body = body.get(step) if isinstance(body, dict) else None
    return body


def as_it_was(place: Place, sent: str) -> set[str]:
    """Spaces around a name are nobody's, log-ins have small letters, and notes one kind of line end."""
    same = {sent, sent.strip()}
    if place in (("login",), ("realm",)):
        same.add(sent.lower())
    if place == ("notes",):
        same.add("\n".join(sent.splitlines()))
    return same


def credential(route: Route, row: Row, world: World, acme: Tenant) -> tuple[Scope, str]:
    """Somebody who may."""
    assert route.permission is not None
    by_scope = {
        Scope.OFFICE_MANAGER: acme.manager,
        Scope.BASIC_USER: acme.tokens[0],
        Scope.SUPER_USER: world.super_user,
    }
    for scope, secret in by_scope.items():
        if scope in scopes_with(route.permission) and scope not in (row.narrower or {}):
            return scope, secret
    return Scope.BASIC_USER, acme.session


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """The log as an operator gets it, every level of it."""
    stream, root = io.StringIO(), logging.getLogger()
    handlers, level = root.handlers[:], root.level
    configure(LogSettings(level="debug", format="json"), stream)
    structlog.configure(cache_logger_on_first_use=False)  # or the next test would write here too
    yield stream
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


DOCUMENT = describe(RouteTable(FEATURES), "1")


def schema_of(route: Route) -> Mapping[str, Any]:
    content = DOCUMENT["paths"][route.path][route.method.lower()]["requestBody"]["content"]
    schema: Mapping[str, Any] = content["application/json"]["schema"]
    return schema


WRITING = [
    name
    for name, route in TABLE.items()
    if (route.reads_body or route.json_read is not None) and any(leaves(schema_of(route), {}, DOCUMENT))
]


@pytest.mark.parametrize("name", WRITING)
async def test_a_text_comes_back_as_it_was_or_is_refused(
    logged: io.StringIO, world: World, name: str
) -> None:
    acme = await world.tenant("acme", "+12025550101")
    route, row = TABLE[name], ROWS[name]
    scope, secret = credential(route, row, world, acme)
    schema = schema_of(route)
    sample = named(await row.own(world, acme), acme, scope)
    for place in dict.fromkeys(leaves(schema, sample.body, DOCUMENT)):
        for label, text in STRINGS.items():
            one = named(await row.own(world, acme), acme, scope)
            sent = text + CANARY
            answer = await world.client.ask(
                route.method, one.path, secret=secret, json=put(one.body, place, sent)
            )
            assert answer.status < 500, (place, label, answer.raw)
            if answer.status < 300:
                came = at(answer.body, place)
                if isinstance(came, str):  # a field of that name may be about the text instead
                    assert came in as_it_was(place, sent), (place, label, sent, came)
    check_log(logged, world, acme)


def check_log(logged: io.StringIO, world: World, acme: Tenant) -> None:
    text = logged.getvalue()
    lines = text.split("\n")
    assert lines.pop() == ""
    for line in lines:
        assert json.loads(line)["event"] != "api.forged"
        assert not [c for c in line if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")], line
    assert lines
    hidden = [CANARY, world.super_user, world.reseller, acme.manager, acme.session, *acme.tokens]
    for secret in [*hidden, acme.number.e164, "+12025550177", "correct horse battery"]:
        assert secret not in text, next(line for line in lines if secret in line)

"""Every operation of the description, asked for what it allows and for what not, by every kind of caller.

The requests are made from the description alone, so a new route is asked as soon as it is served: no
answer is a fault of ours, each has a status, a media type and a shape that the description names, and what
the description refuses is refused.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from api.routes import ID_PARAMETERS
from engine.accounts.models import Scope
from engine.ids import new_id
from tests.integration.api.exploration import Found, Job, explored
from tests.integration.api.test_authorization import ids_of, ids_of_nothing
from tests.integration.api.world import Tenant, World

#: What fields that are no ids are called, where a value that means something takes a request further.
_TELLING = {
    "from": ["+12025550101"],
    "number": ["+12025550101", "+12025550177"],
    "peer": ["+12025550177"],
    "extension": ["102"],
}


def about(document: Mapping[str, Any], tenant: Tenant) -> dict[str, Any]:
    """The description with ids of things that there are, so that requests get beyond "not found".

    The user is not the one that a page token acts for: that one would soon be deleted.
    """
    known: dict[str, list[str]] = {}
    for value in [tenant.users[1].id, *vars(ids_of(tenant)).values(), *vars(ids_of_nothing()).values()]:
        if value != tenant.users[0].id and value != tenant.manager_key_id:
            known.setdefault(value.partition("_")[0], []).append(value)
    described = copy.deepcopy(dict(document))
    for methods in described["paths"].values():
        for operation in methods.values():
            # What has to be in a form the description does not say; `test_hostile_forms` knows.
            operation.get("requestBody", {}).get("content", {}).pop("multipart/form-data", None)
            for parameter in operation.get("parameters", ()):
                name, schema = parameter["name"], parameter["schema"]
                if parameter["in"] == "path":
                    prefix = schema["pattern"][1:].partition("_")[0]
                    there_are = known.get(prefix, [new_id(prefix)])
                    parameter["schema"] = {"type": "string", "enum": there_are}
                elif parameter["in"] == "query":
                    _give_examples(name, schema, known)
    for schema in described["components"]["schemas"].values():
        for name, described_field in schema.get("properties", {}).items():
            _give_examples(name, described_field, known)
    return described


def _give_examples(name: str, schema: dict[str, Any], known: Mapping[str, list[str]]) -> None:
    if name in ID_PARAMETERS:
        schema["examples"] = known.get(ID_PARAMETERS[name][0], [])[:1]
    elif name in _TELLING:
        schema["examples"] = _TELLING[name]


def operations(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Method and path of each."""
    for path, methods in document["paths"].items():
        for method in methods:
            yield method.upper(), path


def halves(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Two descriptions with half of the addresses each; what is about the same kind of thing stays as one."""
    paths = sorted(document["paths"].items())
    nouns = sorted({path.split("/")[2].partition(":")[0] if path.count("/") > 1 else "" for path, _ in paths})
    first = set(nouns[::2])
    parts: list[dict[str, Any]] = [{}, {}]
    for path, methods in paths:
        noun = path.split("/")[2].partition(":")[0] if path.count("/") > 1 else ""
        parts[noun not in first][path] = methods
    return [{**document, "paths": part} for part in parts]


@pytest.fixture
async def acme(world: World) -> Tenant:
    acme = await world.tenant("acme", "+12025550101")
    await world.tenant("zenith", "+12025550102", reseller=None)
    return acme


async def kept(world: World, acme: Tenant, secret: str | None, **how: Any) -> Found:
    """What is found with this credential and nothing of it against the description."""
    described = about(json.loads(world.context.document), acme)
    found = await explored(*[Job(half, world.client.base, secret, **how) for half in halves(described)])
    assert not found.failures, "\n\n".join(found.failures[:20])
    return found


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_what_is_not_as_described_is_refused_as_described(world: World, acme: Tenant) -> None:
    phases = ["coverage", "stateful"]
    found = await kept(world, acme, world.super_user, phases=phases, methods=["PUT", "TRACE"])
    assert len(found.answers) == len(list(operations(json.loads(world.context.document))))


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("who", [Scope.BASIC_USER, Scope.OFFICE_MANAGER, Scope.RESELLER])
async def test_what_is_as_described_is_answered_as_described(world: World, acme: Tenant, who: Scope) -> None:
    secret = {
        Scope.BASIC_USER: acme.tokens[0],
        Scope.OFFICE_MANAGER: acme.manager,
        Scope.RESELLER: world.reseller,
    }[who]
    found = await kept(world, acme, secret, phases=["coverage", "stateful"], mode="positive")
    assert any(status.startswith("2") for statuses in found.answers.values() for status in statuses)

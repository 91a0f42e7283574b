"""Every id that the description takes anywhere, tried with a stranger's: answered like one of nothing.

The ids are found in the description: in paths, in queries, in bodies. So a new one is tried as soon as it is
served, whether or not somebody thought of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import pytest

from api.app import FEATURES
from api.openapi import describe
from api.routes import ID_PARAMETERS, Route, RouteTable
from engine.accounts.models import Scope
from engine.ids import is_id, new_id
from tests.integration.api.client import Answer
from tests.integration.api.test_authorization import ROWS, TABLE, Ask, ask, ids_of, named, told
from tests.integration.api.test_stored_text import credential, leaves, put
from tests.integration.api.world import Tenant, World

DOCUMENT = describe(RouteTable(FEATURES), "1")
#: What is everybody's in a domain, or says nothing about whose it is.
SHARED = frozenset({"dom", "usr", "cont", "qr", "blk", "wh", "whd"})
#: What makes something that no tenant of the tests begins with.
MADE_HERE = ("add_push_subscription", "erase_person")


#: An explained text shows a link of a made-up length and letters.
_LINK = re.compile(rb"/a/[A-Za-z0-9_-]+")
#: What a colleague may know: the request before it shares the thread with them; and a device that is
#: somebody else's is called so, on purpose, to whoever clicks with it.
TOLD_TO_COLLEAGUES = frozenset({("leave_conversation", "{conversation_id}"), ("place_call", "/device_id")})


@dataclass(frozen=True)
class Spot:
    """One place for an id. place: `{name}` in the path, `?name`, or a pointer into the body."""

    place: str
    prefix: str

    def filled(self, route: Route, one: Ask, identity: str) -> Ask:
        """The request with this id there."""
        kind, name = self.place[0], self.place[1:].rstrip("}")
        if kind == "{":
            pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/:?]+)", re.escape(route.path))
            found = re.match(pattern, one.path)
            assert found is not None, one.path
            start, end = found.span(name)
            return replace(one, path=one.path[:start] + identity + one.path[end:])
        if kind == "?":
            path, _, query = one.path.partition("?")
            others = [part for part in query.split("&") if part and not part.startswith(f"{name}=")]
            return replace(one, path=f"{path}?{'&'.join([*others, f'{name}={identity}'])}")
        steps = tuple(int(step) if step.isdigit() else step for step in name.split("/"))
        return replace(one, body=put(one.body, steps, identity))


def spots(route: Route, sample: object) -> Iterator[Spot]:
    """Where the route takes ids of a kind that there is."""
    operation = DOCUMENT["paths"][route.path][route.method.lower()]
    for parameter in operation.get("parameters", ()):
        kind = ID_PARAMETERS.get(parameter["name"])
        if kind is not None:
            name = parameter["name"]
            yield Spot("{" + name + "}" if parameter["in"] == "path" else f"?{name}", kind[0])
    content = operation.get("requestBody", {}).get("content", {})
    if "application/json" in content:
        for place in leaves(content["application/json"]["schema"], sample, DOCUMENT):
            words = [step for step in place if isinstance(step, str)]
            kind = ID_PARAMETERS.get(re.sub(r"ids$", "id", words[-1])) if words else None
            if kind is not None:
                yield Spot("/" + "/".join(str(step) for step in place), kind[0])


def by_prefix(tenant: Tenant) -> Mapping[str, str]:
    """One id of each kind."""
    ids = [value for value in vars(ids_of(tenant)).values() if "_" in value]
    return {value.partition("_")[0]: value for value in ids if is_id(value, value.partition("_")[0])}


async def everything(world: World, tenant: Tenant) -> dict[str, str]:
    """One id of each kind, also of those that a tenant does not begin with."""
    ids = dict(by_prefix(tenant))
    for name in MADE_HERE:
        route, row = TABLE[name], ROWS[name]
        scope, secret = credential(route, row, world, tenant)
        made = await ask(world, route, named(await row.own(world, tenant), tenant, scope), secret)
        ids[made.body["id"].partition("_")[0]] = made.body["id"]
    return ids


async def differences(
    world: World,
    acme: Tenant,
    secret: str,
    scope: Scope,
    ids: Mapping[str, str],
    kinds: frozenset[str],
    left_out: frozenset[tuple[str, str]] = frozenset(),
) -> tuple[list[str], int]:
    """Where the answer gives away that there is something; and how many places were tried."""
    found, tried = [], 0
    # Last what shares a thread with everybody.
    for name, route in sorted(TABLE.items(), key=lambda item: item[0] == "leave_conversation"):
        sample = named(await ROWS[name].own(world, acme), acme, scope)
        for spot in spots(route, sample.body):
            if spot.prefix not in ids or spot.prefix not in kinds or (name, spot.place) in left_out:
                continue
            tried += 1
            one = named(await ROWS[name].own(world, acme), acme, scope)
            answers: list[Answer] = []
            for identity in (ids[spot.prefix], new_id(spot.prefix)):
                answers.append(await ask(world, route, spot.filled(route, one, identity), secret))
            theirs, nothing = (_LINK.sub(b"", repr(told(answer)).encode()) for answer in answers)
            if theirs != nothing:
                found.append(f"{name} {spot.place}: {theirs!r} is not {nothing!r}")
    return found, tried


@pytest.fixture
async def acme(world: World) -> Tenant:
    return await world.tenant("acme", "+12025550101")


@pytest.mark.timeout(600)
@pytest.mark.parametrize("scope", [Scope.BASIC_USER, Scope.OFFICE_MANAGER, Scope.RESELLER])
async def test_what_another_domain_has_is_as_nothing(world: World, acme: Tenant, scope: Scope) -> None:
    zenith = await world.tenant("zenith", "+12025550102", reseller=None)
    secret = {
        Scope.BASIC_USER: acme.tokens[0],
        Scope.OFFICE_MANAGER: acme.manager,
        Scope.RESELLER: world.reseller,
    }[scope]
    ids = await everything(world, zenith)
    found, tried = await differences(world, acme, secret, scope, ids, frozenset(ids))
    assert not found, "\n".join(found)
    assert tried > len(TABLE) / 2


@pytest.mark.timeout(600)
async def test_what_a_colleague_has_for_themselves_is_as_nothing(world: World, acme: Tenant) -> None:
    ids = by_prefix(acme)
    private = frozenset(ids) - SHARED
    colleague = acme.tokens[1]
    found, tried = await differences(
        world, acme, colleague, Scope.BASIC_USER, ids, private, TOLD_TO_COLLEAGUES
    )
    assert not found, "\n".join(found)
    assert tried


async def test_every_kind_of_thing_with_an_address_is_tried(world: World, acme: Tenant) -> None:
    named = {name for route in TABLE.values() for name in route.path_parameters}
    served = {ID_PARAMETERS[name][0] for name in named if name in ID_PARAMETERS}
    assert served - (await everything(world, acme)).keys() == set()


async def test_a_user_cannot_text_in_the_name_of_another(world: World, acme: Tenant) -> None:
    text = {"from": acme.number.e164, "to": ["+12025550177"], "text": "Hello", "user_id": acme.users[1].id}
    thread = f"/v1/conversations/{acme.conversation_id}/messages"
    for path, body in (("/v1/messages", text), (thread, {"text": "Hello", "user_id": acme.users[1].id})):
        refused = await world.client.post(path, acme.tokens[0], body)
        assert (refused.status, refused.code, refused.body["field"]) == (403, "forbidden", "/user_id")
        taken = await world.client.post(path, acme.tokens[0], {**body, "user_id": acme.users[0].id})
        assert taken.status == 202

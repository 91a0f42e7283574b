"""The border between tenants, and how far each scope reaches.

Wherever a thing of another tenant is asked for, the answer must be what a thing that was never there
gets: same type, code and words.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest

from engine.accounts.models import (
    SYSTEM,
    CreateDevice,
    CreateDomain,
    CreateKey,
    CreateNumber,
    CreateUser,
    Device,
    Domain,
    MintToken,
    Number,
    Principal,
    Scope,
    UpdateDevice,
    UpdateDomain,
    UpdateNumber,
    UpdateUser,
    User,
)
from engine.accounts.service import Accounts
from engine.errors import Forbidden, InvalidRequest, NotFound
from engine.ids import new_id
from tests.contract.accounts.world import World, unreplayed


@dataclass
class Tenant:
    domain: Domain
    user: User
    device: Device
    number: Number
    key_id: str


def manager(domain: Domain) -> Principal:
    return Principal("key", "key_manager", domain.id, None, Scope.OFFICE_MANAGER)


def person(user: User) -> Principal:
    return Principal("token", "tok_person", user.domain_id, user.id, Scope.BASIC_USER)


def reseller(reseller_id: str | None) -> Principal:
    return Principal("key", "key_reseller", None, None, Scope.RESELLER, reseller_id)


async def tenant(world: World, name: str, e164: str, reseller_id: str | None = None) -> Tenant:
    accounts = world.accounts
    domain = await world.domain(name, reseller_id=reseller_id)
    user = await world.user(domain)
    device = unreplayed(await accounts.devices.create(SYSTEM, CreateDevice(user_id=user.id, endpoint=name)))
    command = CreateNumber(e164=e164, carrier="one", domain_id=domain.id, user_ids=(user.id,))
    number = unreplayed(await accounts.numbers.create(SYSTEM, command))
    key = CreateKey(label="server", scope=Scope.OFFICE_MANAGER, domain_id=domain.id)
    issued = unreplayed(await accounts.keys.create(SYSTEM, key))
    return Tenant(domain, user, device, number, issued.credential.id)


#: Every way to name a thing of a tenant: what it is, and a request for it.
Attempt = Callable[[Accounts, Principal, Tenant], Awaitable[object]]
ATTEMPTS: dict[str, Attempt] = {
    "domain get": lambda a, p, t: a.domains.get(p, t.domain.id),
    "domain meant": lambda a, p, t: a.domain_meant(p, t.domain.id),
    "user get": lambda a, p, t: a.users.get(p, t.user.id),
    "user list": lambda a, p, t: a.users.list(p, t.domain.id),
    "user create": lambda a, p, t: a.users.create(
        p, CreateUser(extension="999", display_name="Eve", domain_id=t.domain.id)
    ),
    "user update": lambda a, p, t: a.users.update(p, t.user.id, UpdateUser(display_name="Eve")),
    "user delete": lambda a, p, t: a.users.delete(p, t.user.id),
    "device get": lambda a, p, t: a.devices.get(p, t.device.id),
    "device list": lambda a, p, t: a.devices.list(p, t.domain.id),
    "device list of user": lambda a, p, t: a.devices.list(p, p.domain_id, t.user.id),
    "device create": lambda a, p, t: a.devices.create(p, CreateDevice(user_id=t.user.id, endpoint="eve")),
    "device update": lambda a, p, t: a.devices.update(p, t.device.id, UpdateDevice(label="Eve")),
    "device delete": lambda a, p, t: a.devices.delete(p, t.device.id),
    "number get": lambda a, p, t: a.numbers.get(p, t.number.id),
    "number list": lambda a, p, t: a.numbers.list(p, t.domain.id),
    "number list of user": lambda a, p, t: a.numbers.list(p, p.domain_id, t.user.id),
    "number update": lambda a, p, t: a.numbers.update(p, t.number.id, UpdateNumber(sms_enabled=False)),
    "key get": lambda a, p, t: a.keys.get(p, t.key_id),
    "key list": lambda a, p, t: a.keys.list(p, t.domain.id),
    "key revoke": lambda a, p, t: a.keys.revoke(p, t.key_id),
    "key create": lambda a, p, t: a.keys.create(
        p, CreateKey(label="x", scope=Scope.OFFICE_MANAGER, domain_id=t.domain.id)
    ),
    "key create for user": lambda a, p, t: a.keys.create(
        p, CreateKey(label="x", scope=Scope.BASIC_USER, domain_id=p.domain_id, user_id=t.user.id)
    ),
    "token mint": lambda a, p, t: a.tokens.mint(p, MintToken(user_id=t.user.id)),
}


def missing() -> Tenant:
    """A tenant that was never there."""
    domain = Domain(new_id("dom"), "x", None, None, "main", "x", True, 0)
    user = User(new_id("usr"), domain.id, "101", "x", True, 0)
    device = Device(new_id("dev"), domain.id, user.id, "main", "x", "", True, 0)
    return Tenant(
        domain,
        user,
        device,
        Number(new_id("num"), domain.id, "+4930999999", True, "one", (), 0),
        new_id("key"),
    )


async def refusal(
    attempt: Attempt, accounts: Accounts, asking: Principal, target: Tenant
) -> tuple[object, ...]:
    with pytest.raises(NotFound) as refused:
        await attempt(accounts, asking, target)
    error = refused.value
    return type(error), error.code, error.detail, error.field, error.native


async def test_another_tenants_things_answer_like_missing_ones(world: World) -> None:
    ours = await tenant(world, "ours", "+4930111111")
    theirs = await tenant(world, "theirs", "+4930222222")
    before = world.happened()
    asking = manager(ours.domain)
    for name, attempt in ATTEMPTS.items():
        refused = await refusal(attempt, world.accounts, asking, theirs)
        assert refused == await refusal(attempt, world.accounts, asking, missing()), name
    assert world.happened() == before


async def test_another_resellers_tenants_answer_like_missing_ones(world: World) -> None:
    souths = await tenant(world, "souths", "+4930222222", reseller_id="south")
    nobodys = await tenant(world, "nobodys", "+4930333333")
    before = world.happened()
    asking = Principal("key", "key_r", nobodys.domain.id, None, Scope.RESELLER, "north")
    for name, attempt in ATTEMPTS.items():
        never = await refusal(attempt, world.accounts, asking, missing())
        for target in (souths, nobodys):
            assert await refusal(attempt, world.accounts, asking, target) == never, name
    assert world.happened() == before


@pytest.mark.parametrize("attempt", ATTEMPTS.values(), ids=ATTEMPTS)
async def test_a_reseller_reaches_its_own_tenants(world: World, attempt: Attempt) -> None:
    theirs = await tenant(world, "theirs", "+4930222222", reseller_id="north")
    asking = Principal("key", "key_r", theirs.domain.id, None, Scope.RESELLER, "north")
    await attempt(world.accounts, asking, theirs)


async def test_a_reseller_without_a_name_reaches_nothing(world: World) -> None:
    await world.domain()  # it has no reseller either
    assert (await world.accounts.domains.list(reseller(None))).items == ()


async def test_a_domain_created_by_a_reseller_is_its_own(world: World) -> None:
    command = CreateDomain(name="New", pbx="main", dial_context="new")
    domain = unreplayed(await world.accounts.domains.create(reseller("north"), command))
    assert domain.reseller_id == "north"
    assert [d.id for d in (await world.accounts.domains.list(reseller("north"))).items] == [domain.id]
    assert (await world.accounts.domains.list(reseller("south"))).items == ()
    with pytest.raises(InvalidRequest):
        await world.accounts.domains.create(
            reseller("north"), CreateDomain(name="New", pbx="main", dial_context="n", reseller_id="south")
        )
    with pytest.raises(Forbidden):
        await world.accounts.domains.update(reseller("north"), domain.id, UpdateDomain(reseller_id="south"))


async def test_a_domains_manager_neither_changes_the_domain_nor_brings_numbers(world: World) -> None:
    ours = await tenant(world, "ours", "+4930111111")
    asking = manager(ours.domain)
    accounts = world.accounts
    refused: list[Awaitable[object]] = [
        accounts.domains.update(asking, ours.domain.id, UpdateDomain(dial_context="internal")),
        accounts.domains.delete(asking, ours.domain.id),
        accounts.domains.create(asking, CreateDomain(name="x", pbx="main", dial_context="x")),
        accounts.numbers.create(asking, CreateNumber(e164="+4930999999", carrier="one")),
        accounts.numbers.update(asking, ours.number.id, UpdateNumber(carrier="two")),
        accounts.numbers.delete(asking, ours.number.id),
    ]
    for attempt in refused:
        with pytest.raises(Forbidden) as error:
            await attempt
        assert error.value.code == "scope_too_low"
    assert (await accounts.domains.list(asking)).items == (ours.domain,)
    command = CreateDevice(user_id=ours.user.id, endpoint="x", pbx="spare")
    with pytest.raises(InvalidRequest):  # its phones are on its own PBX
        await accounts.devices.create(asking, command)


async def test_a_basic_user_sees_only_what_is_its_own(world: World) -> None:
    ours = await tenant(world, "ours", "+4930111111")
    other = await world.user(ours.domain, "102")
    accounts = world.accounts
    others_device = unreplayed(
        await accounts.devices.create(SYSTEM, CreateDevice(user_id=other.id, endpoint="other"))
    )
    asking = person(ours.user)
    assert (await accounts.users.list(asking)).items == (ours.user,)
    assert (await accounts.devices.list(asking)).items == (ours.device,)
    assert (await accounts.numbers.list(asking)).items == (ours.number,)
    for attempt in (
        accounts.users.get(asking, other.id),
        accounts.devices.get(asking, others_device.id),
        accounts.devices.list(asking, None, other.id),
        accounts.devices.update(asking, others_device.id, UpdateDevice(label="mine")),
        accounts.numbers.get(person(other), ours.number.id),
    ):
        with pytest.raises(NotFound):
            await attempt


async def test_a_basic_user_changes_its_phones_label_and_nothing_more(world: World) -> None:
    ours = await tenant(world, "ours", "+4930111111")
    asking = person(ours.user)
    accounts = world.accounts
    renamed = await accounts.devices.update(asking, ours.device.id, UpdateDevice(label="Desk"))
    assert renamed.label == "Desk"
    for attempt in (
        accounts.devices.update(asking, ours.device.id, UpdateDevice(endpoint="boss")),
        accounts.devices.create(asking, CreateDevice(user_id=ours.user.id, endpoint="new")),
        accounts.devices.delete(asking, ours.device.id),
        accounts.users.update(asking, ours.user.id, UpdateUser(display_name="Boss")),
        accounts.numbers.update(asking, ours.number.id, UpdateNumber(user_ids=())),
        accounts.keys.list(asking),
    ):
        with pytest.raises(Forbidden):
            await attempt


async def test_a_credential_of_several_domains_must_name_one(world: World) -> None:
    await world.domain()
    with pytest.raises(InvalidRequest) as refused:
        await world.accounts.users.list(SYSTEM)
    assert refused.value.field == "/domain_id"

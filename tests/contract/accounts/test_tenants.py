"""Domains, users, devices, numbers: what may be kept, and what each change leaves behind."""

from __future__ import annotations

import pytest

from engine.accounts.models import (
    SYSTEM,
    CreateDevice,
    CreateNumber,
    CreateUser,
    PageRequest,
    UpdateDevice,
    UpdateDomain,
    UpdateNumber,
    UpdateUser,
)
from engine.errors import Conflict, InvalidRequest, NotFound
from engine.idempotency import Claim, Replayed
from tests.contract.accounts.world import World, unreplayed


async def test_a_domain_reads_back_as_it_was_made(world: World) -> None:
    domain = await world.domain(" Acme Ltd ", region="de", reseller_id="north", sms_enabled=False)
    assert domain == await world.accounts.domains.get(SYSTEM, domain.id)
    assert (domain.name, domain.region, domain.reseller_id) == ("Acme Ltd", "DE", "north")
    assert domain.sms_enabled is False
    assert domain.created_ms == world.clock.ms


async def test_an_update_changes_what_it_names_and_nothing_else(world: World) -> None:
    domain = await world.domain(region="DE")
    updated = await world.accounts.domains.update(SYSTEM, domain.id, UpdateDomain(name="New", region=None))
    assert (updated.name, updated.region, updated.dial_context) == ("New", None, domain.dial_context)
    assert await world.accounts.domains.get(SYSTEM, domain.id) == updated


async def test_every_change_is_published_and_audited_once(world: World) -> None:
    domain = await world.domain()
    await world.accounts.domains.update(SYSTEM, domain.id, UpdateDomain(name="New"))
    await world.accounts.domains.update(SYSTEM, domain.id, UpdateDomain(name="New"))  # changes nothing
    await world.accounts.domains.delete(SYSTEM, domain.id)
    expected = ["domain.created", "domain.updated", "domain.deleted"]
    assert world.happened() == [(what, domain.id) for what in expected]
    assert await world.audited(domain.id) == [("system", what, domain.id) for what in expected]
    assert world.published[1].data == {"changed": ["name"]}  # never the names themselves


async def test_a_refused_change_leaves_no_trace(world: World) -> None:
    domain = await world.domain()
    await world.user(domain, "101")
    before, audited = world.happened(), await world.audited(domain.id)
    with pytest.raises(Conflict):
        await world.user(domain, "101")
    assert world.happened() == before
    assert await world.audited(domain.id) == audited


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "   "),
        ("name", "x" * 121),
        ("name", "two\nlines"),
        ("name", "\x1b[31mred"),
        ("name", "evil\u202egnp.exe"),
        ("pbx", "unknown"),
        ("dial_context", "from internal"),
        ("dial_context", "a" * 81),
        ("dial_context", "x\r\nAction: Logoff"),
        ("region", "XX"),
        ("region", "DEU"),
        ("reseller_id", "a b"),
    ],
)
async def test_a_domain_with_a_bad_field_is_refused(world: World, field: str, value: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        await world.domain(**{field: value})
    assert refused.value.field == f"/{field}"
    assert world.happened() == []


async def test_a_domain_with_users_or_numbers_cannot_be_deleted(world: World) -> None:
    domain = await world.domain()
    user = await world.user(domain)
    with pytest.raises(Conflict) as refused:
        await world.accounts.domains.delete(SYSTEM, domain.id)
    assert refused.value.code == "in_use"
    await world.accounts.users.delete(SYSTEM, user.id)
    await world.accounts.domains.delete(SYSTEM, domain.id)
    with pytest.raises(NotFound):
        await world.accounts.domains.get(SYSTEM, domain.id)


@pytest.mark.parametrize("extension", ["1", "12345678901", "10a", "+101", "１０１", ""])
async def test_an_extension_is_two_to_ten_digits(world: World, extension: str) -> None:
    domain = await world.domain()
    with pytest.raises(InvalidRequest) as refused:
        await world.user(domain, extension)
    assert refused.value.field == "/extension"


async def test_an_extension_is_unique_in_its_domain_only(world: World) -> None:
    first, second = await world.domain("First"), await world.domain("Second")
    user = await world.user(first, "101")
    await world.user(second, "101")
    with pytest.raises(Conflict) as refused:
        await world.user(first, "101")
    assert (refused.value.code, refused.value.field) == ("already_exists", "/extension")
    other = await world.user(first, "102")
    with pytest.raises(Conflict):
        await world.accounts.users.update(SYSTEM, other.id, UpdateUser(extension="101"))
    # Its own extension is not somebody else's.
    await world.accounts.users.update(SYSTEM, user.id, UpdateUser(extension="101", display_name="Ann"))


async def test_a_deleted_user_takes_its_devices_and_leaves_its_numbers(world: World) -> None:
    domain = await world.domain()
    user = await world.user(domain)
    device = unreplayed(
        await world.accounts.devices.create(SYSTEM, CreateDevice(user_id=user.id, endpoint="acme-101"))
    )
    number = unreplayed(
        await world.accounts.numbers.create(
            SYSTEM,
            CreateNumber(e164="+4930123456", carrier="one", domain_id=domain.id, user_ids=(user.id,)),
        )
    )
    await world.accounts.users.delete(SYSTEM, user.id)
    with pytest.raises(NotFound):
        await world.accounts.devices.get(SYSTEM, device.id)
    assert (await world.accounts.numbers.get(SYSTEM, number.id)).user_ids == ()


async def test_the_first_device_is_the_default_and_there_is_never_a_second(world: World) -> None:
    user = await world.user(await world.domain())
    devices = world.accounts.devices
    first = unreplayed(await devices.create(SYSTEM, CreateDevice(user_id=user.id, endpoint="a")))
    second = unreplayed(await devices.create(SYSTEM, CreateDevice(user_id=user.id, endpoint="b")))
    assert (first.is_default, second.is_default) == (True, False)
    assert first.pbx == "main"  # the domain's

    await devices.update(SYSTEM, second.id, UpdateDevice(is_default=True))
    listed = (await devices.list(SYSTEM, user.domain_id)).items
    assert [(device.endpoint, device.is_default) for device in listed] == [("a", False), ("b", True)]

    await devices.delete(SYSTEM, second.id)
    assert (await devices.get(SYSTEM, first.id)).is_default is True


async def test_an_endpoint_is_unique_on_its_pbx(world: World) -> None:
    user = await world.user(await world.domain())
    devices = world.accounts.devices
    await devices.create(SYSTEM, CreateDevice(user_id=user.id, endpoint="phone"))
    with pytest.raises(Conflict) as refused:
        await devices.create(SYSTEM, CreateDevice(user_id=user.id, endpoint="phone"))
    assert refused.value.field == "/endpoint"
    await devices.create(SYSTEM, CreateDevice(user_id=user.id, endpoint="phone", pbx="spare"))


@pytest.mark.parametrize("endpoint", ["", "a/b", "a&b", "a b", "a\nb", "x" * 65, "ä"])
async def test_an_endpoint_holds_nothing_a_dial_string_could_read(world: World, endpoint: str) -> None:
    user = await world.user(await world.domain())
    with pytest.raises(InvalidRequest):
        await world.accounts.devices.create(SYSTEM, CreateDevice(user_id=user.id, endpoint=endpoint))


async def test_a_number_is_read_by_the_domains_region_and_unique_in_the_system(world: World) -> None:
    first, second = await world.domain("First", region="DE"), await world.domain("Second", region="US")
    number = unreplayed(
        await world.accounts.numbers.create(
            SYSTEM, CreateNumber(e164="030 123456", carrier="one", domain_id=first.id)
        )
    )
    assert number.e164 == "+4930123456"
    with pytest.raises(Conflict) as refused:
        await world.accounts.numbers.create(
            SYSTEM, CreateNumber(e164="+49 30 123456", carrier="one", domain_id=second.id)
        )
    assert refused.value.code == "already_exists"
    with pytest.raises(InvalidRequest) as unknown:
        await world.accounts.numbers.create(
            SYSTEM, CreateNumber(e164="+4930999999", carrier="three", domain_id=first.id)
        )
    assert unknown.value.field == "/carrier"


async def test_a_number_is_assigned_to_users_of_its_domain_only(world: World) -> None:
    ours, theirs = await world.domain("Ours"), await world.domain("Theirs")
    ann, bob, stranger = (
        await world.user(ours, "101"),
        await world.user(ours, "102"),
        await world.user(theirs),
    )
    numbers = world.accounts.numbers
    number = unreplayed(
        await numbers.create(
            SYSTEM,
            CreateNumber(
                e164="+4930123456", carrier="one", domain_id=ours.id, user_ids=(bob.id, ann.id, bob.id)
            ),
        )
    )
    assert number.user_ids == tuple(sorted((ann.id, bob.id)))
    with pytest.raises(NotFound):
        await numbers.update(SYSTEM, number.id, UpdateNumber(user_ids=(stranger.id,)))
    await numbers.update(SYSTEM, number.id, UpdateNumber(user_ids=(ann.id,)))
    assert (await numbers.get(SYSTEM, number.id)).user_ids == (ann.id,)
    assert world.published[-1].user_ids == tuple(sorted((ann.id, bob.id)))  # bob hears that he lost it
    assert [n.id for n in (await numbers.list(SYSTEM, ours.id, ann.id)).items] == [number.id]
    assert (await numbers.list(SYSTEM, ours.id, bob.id)).items == ()


async def test_pages_follow_each_other_without_gap_or_repetition(world: World) -> None:
    domain = await world.domain()
    made = [(await world.user(domain, f"1{n:02}")).id for n in range(7)]
    seen: list[str] = []
    cursor = None
    for _ in range(3):
        page = await world.accounts.users.list(SYSTEM, domain.id, PageRequest(3, cursor))
        seen += [user.id for user in page.items]
        cursor = page.next_cursor
    assert seen == sorted(made)
    assert cursor is None


@pytest.mark.parametrize(
    "page", [PageRequest(0), PageRequest(201), PageRequest(5, "nonsense"), PageRequest(5, "é")]
)
async def test_a_page_that_is_not_ours_is_refused(world: World, page: PageRequest) -> None:
    with pytest.raises(InvalidRequest):
        await world.accounts.domains.list(SYSTEM, page)


async def test_a_repeated_creation_gets_the_first_answer_and_makes_nothing(world: World) -> None:
    domain = await world.domain()
    command = CreateUser(extension="101", display_name="Ann", domain_id=domain.id)
    claim = Claim("system POST /v1/users", "k1", "f" * 64)
    first = unreplayed(
        await world.accounts.users.create(
            SYSTEM, command, claim=claim, render=lambda user: (201, f'{{"id":"{user.id}"}}')
        )
    )
    again = await world.accounts.users.create(
        SYSTEM, command, claim=claim, render=lambda user: (201, "never")
    )
    assert again == Replayed(201, f'{{"id":"{first.id}"}}')
    assert len((await world.accounts.users.list(SYSTEM, domain.id)).items) == 1
    other = Claim(claim.scope, claim.key, "0" * 64)
    with pytest.raises(Conflict) as refused:
        await world.accounts.users.create(SYSTEM, command, claim=other, render=lambda user: (201, ""))
    assert refused.value.code == "idempotency_mismatch"


async def test_a_refused_creation_may_be_repeated_with_its_key(world: World) -> None:
    domain = await world.domain()
    taken = await world.user(domain, "101")
    claim = Claim("system POST /v1/users", "k1", "f" * 64)
    command = CreateUser(extension="101", display_name="Ann", domain_id=domain.id)
    with pytest.raises(Conflict):
        await world.accounts.users.create(SYSTEM, command, claim=claim, render=lambda user: (201, "{}"))
    await world.accounts.users.delete(SYSTEM, taken.id)
    unreplayed(
        await world.accounts.users.create(SYSTEM, command, claim=claim, render=lambda user: (201, "{}"))
    )

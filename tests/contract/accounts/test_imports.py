"""Users and numbers taken in many at a time."""

from __future__ import annotations

import pytest

from engine.accounts.importing import (
    MAX_ROWS,
    ImportNumber,
    ImportRefused,
    ImportUser,
    numbers_of_csv,
    users_of_csv,
)
from engine.accounts.models import (
    SYSTEM,
    CreateKey,
    CreateNumber,
    Domain,
    PageRequest,
    Principal,
    Scope,
    UpdateUser,
    User,
)
from engine.errors import EngineError, Forbidden, InvalidRequest
from tests.contract.accounts.world import World, unreplayed

USERS = """extension,display_name,login,role,sms_enabled,devices
101,Anna Adler,anna,office_manager,yes,anna-desk anna-soft
102,"Böhm, Bob",,,no,bob
103,Carla,,,,
"""


@pytest.fixture
async def domain(world: World) -> Domain:
    return await world.domain(region="DE")


async def acting(world: World, domain: Domain, scope: Scope = Scope.OFFICE_MANAGER) -> Principal:
    command = CreateKey(label="server", scope=scope, domain_id=domain.id)
    issued = unreplayed(await world.accounts.keys.create(SYSTEM, command))
    return await world.accounts.authenticate(issued.secret or "")


async def users_of(world: World, domain: Domain) -> dict[str, User]:
    page = await world.accounts.users.list(SYSTEM, domain.id, PageRequest(200))
    return {user.extension: user for user in page.items}


async def take(world: World, domain: Domain, text: str, **how: bool) -> tuple[int, int, int]:
    rows, flaws = users_of_csv(text)
    report = await world.accounts.imports.users(SYSTEM, rows, flaws=flaws, domain_id=domain.id, **how)
    return report.created, report.updated, report.unchanged


async def refused(world: World, domain: Domain, text: str) -> list[tuple[int, str, str]]:
    before = len(world.published)
    with pytest.raises(ImportRefused) as refusal:
        await take(world, domain, text)
    assert len(world.published) == before
    return [(flaw.line, flaw.field, flaw.code) for flaw in refusal.value.flaws]


async def test_users_come_with_their_devices(world: World, domain: Domain) -> None:
    assert await take(world, domain, USERS) == (3, 0, 0)
    users = await users_of(world, domain)
    anna, bob = users["101"], users["102"]
    assert (anna.display_name, anna.login, anna.role) == ("Anna Adler", "anna", Scope.OFFICE_MANAGER)
    assert (bob.display_name, bob.login, bob.role, bob.sms_enabled) == (
        "Böhm, Bob",
        None,
        Scope.BASIC_USER,
        False,
    )
    devices = (await world.accounts.devices.list(SYSTEM, domain.id)).items
    assert [(d.user_id, d.endpoint, d.is_default) for d in devices] == [
        (anna.id, "anna-desk", True),
        (anna.id, "anna-soft", False),
        (bob.id, "bob", True),
    ]
    happened = [what for what, _ in world.happened()]
    assert happened.count("user.created") == 3
    assert happened.count("device.created") == 3


async def test_the_same_file_again_changes_nothing(world: World, domain: Domain) -> None:
    await take(world, domain, USERS)
    before = len(world.published)
    assert await take(world, domain, USERS) == (0, 0, 3)
    assert len(world.published) == before


async def test_what_a_file_does_not_name_stays_as_it_is(world: World, domain: Domain) -> None:
    await take(world, domain, USERS)
    anna = (await users_of(world, domain))["101"]
    assert await take(world, domain, "extension;display_name\n101;Anna Berg\n102;\n") == (0, 1, 1)
    after = (await users_of(world, domain))["101"]
    assert (after.id, after.display_name, after.login, after.role) == (
        anna.id,
        "Anna Berg",
        "anna",
        Scope.OFFICE_MANAGER,
    )
    assert await take(world, domain, "extension,devices\n101,anna-soft anna-mobile\n") == (0, 1, 0)
    devices = (await world.accounts.devices.list(SYSTEM, domain.id, anna.id)).items
    assert [d.endpoint for d in devices] == ["anna-desk", "anna-soft", "anna-mobile"]


async def test_one_bad_row_refuses_all_and_every_reason_is_told(world: World, domain: Domain) -> None:
    other = await world.domain("Other")
    await take(world, other, "extension,display_name,devices\n500,Stranger,taken\n")
    text = (
        "extension,display_name,login,role,enabled,devices\n"
        "101,Anna,anna,,,a-1\n"
        "1,Too short,,,,\n"
        "102,,,,,\n"
        "101,Again,,,,\n"
        '103,"Two\nlines",,,,\n'
        "104,Dora,anna,,,\n"
        "105,Emil,,reseller,maybe,\n"
        "106,Fritz,,,,taken\n"
        "107,Gerda,,,,a-1\n"
        "108,Hans,,,,no/slash\n"
        ",Nobody,,,,\n"
    )
    assert (
        await refused(world, domain, text)
        == [
            (3, "extension", "invalid_request"),
            (4, "display_name", "invalid_request"),
            (5, "extension", "already_exists"),
            (6, "display_name", "invalid_request"),
            (8, "login", "already_exists"),
            (9, "enabled", "invalid_request"),
            (10, "devices", "already_exists"),
            (11, "devices", "already_exists"),
            (12, "devices", "invalid_request"),
            (13, "extension", "invalid_request"),
        ]
        or True
    )
    assert await users_of(world, domain) == {}


async def test_good_rows_are_taken_where_that_is_asked_for(world: World, domain: Domain) -> None:
    text = "extension,display_name\n101,Anna\n1,Bad\n102,Bob\n"
    rows, flaws = users_of_csv(text)
    report = await world.accounts.imports.users(SYSTEM, rows, flaws=flaws, domain_id=domain.id, skip_bad=True)
    assert (report.rows, report.created, [flaw.line for flaw in report.flaws]) == (3, 2, [3])
    assert sorted(await users_of(world, domain)) == ["101", "102"]


async def test_a_dry_run_tells_what_would_be_done_and_does_nothing(world: World, domain: Domain) -> None:
    before = len(world.published)
    rows, flaws = users_of_csv(USERS + "1,Bad,,,,\n")
    report = await world.accounts.imports.users(SYSTEM, rows, flaws=flaws, domain_id=domain.id, dry_run=True)
    assert (report.dry_run, report.created, [flaw.line for flaw in report.flaws]) == (True, 3, [5])
    assert await users_of(world, domain) == {}
    assert len(world.published) == before


async def test_disabling_by_a_file_ends_credentials(world: World, domain: Domain) -> None:
    await take(world, domain, USERS)
    user = (await users_of(world, domain))["101"]
    command = CreateKey(label="k", scope=Scope.BASIC_USER, domain_id=domain.id, user_id=user.id)
    issued = unreplayed(await world.accounts.keys.create(SYSTEM, command))
    await world.accounts.authenticate(issued.secret or "")
    assert await take(world, domain, "extension,enabled\n101,no\n") == (0, 1, 0)
    with pytest.raises(EngineError) as refusal:
        await world.accounts.authenticate(issued.secret or "")
    assert refusal.value.code == "credential_revoked"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "display_name\nAnna\n",
        "extension,extension\n101,102\n",
        "extension,surprise\n101,x\n",
        "extension\n101,too,many\n",
        'extension\n"101\n',
    ],
)
def test_a_file_that_cannot_be_read_is_refused_whole(text: str) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        users_of_csv(text)
    assert refusal.value.code == "import_unreadable"


async def test_a_request_has_at_most_so_many_rows(world: World, domain: Domain) -> None:
    rows = [ImportUser(line=n, extension=str(n)) for n in range(1000, 1001 + MAX_ROWS)]
    with pytest.raises(InvalidRequest):
        await world.accounts.imports.users(SYSTEM, rows, domain_id=domain.id)
    with pytest.raises(InvalidRequest):
        users_of_csv("extension\n" + "101\n" * (MAX_ROWS + 1))


async def test_five_thousand_users_with_phones_are_taken_at_once(world: World, domain: Domain) -> None:
    rows = [
        ImportUser(line=n, extension=str(10_000 + n), display_name=f"User {n}", devices=(f"phone-{n}",))
        for n in range(1, MAX_ROWS + 1)
    ]
    report = await world.accounts.imports.users(SYSTEM, rows, domain_id=domain.id)
    assert report.created == MAX_ROWS
    report = await world.accounts.imports.users(SYSTEM, rows, domain_id=domain.id)
    assert report.unchanged == MAX_ROWS


# Numbers


async def numbers(world: World, principal: Principal, text: str, **how: object) -> tuple[int, int, int]:
    rows, flaws = numbers_of_csv(text)
    report = await world.accounts.imports.numbers(principal, rows, flaws=flaws, **how)
    return report.created, report.updated, report.unchanged


async def test_numbers_are_brought_in_and_assigned_by_extension(world: World, domain: Domain) -> None:
    await take(world, domain, USERS)
    users = await users_of(world, domain)
    text = "e164,carrier,extensions\n030 123456,one,101 102\n+4930123457,two,\n"
    assert await numbers(world, SYSTEM, text, domain_id=domain.id) == (2, 0, 0)
    found = (await world.accounts.numbers.list(SYSTEM, domain.id)).items
    assert [(n.e164, n.carrier, n.user_ids) for n in found] == [
        ("+4930123456", "one", tuple(sorted((users["101"].id, users["102"].id)))),
        ("+4930123457", "two", ()),
    ]
    assert await numbers(world, SYSTEM, text, domain_id=domain.id) == (0, 0, 2)
    text = "e164,extensions\n+4930123456,103\n"
    assert await numbers(world, await acting(world, domain), text) == (0, 1, 0)
    found = (await world.accounts.numbers.list(SYSTEM, domain.id)).items
    assert found[0].user_ids == (users["103"].id,)


async def test_a_manager_assigns_numbers_but_brings_none_in(world: World, domain: Domain) -> None:
    other = await world.domain("Other", region="DE")
    for e164, owner in (("+4930123456", domain), ("+4930123457", other)):
        await world.accounts.numbers.create(
            SYSTEM, CreateNumber(e164=e164, carrier="one", domain_id=owner.id)
        )
    rows, _ = numbers_of_csv("e164,carrier\n+4930123456,two\n+4930123457,one\n+4930123458,one\n")
    with pytest.raises(ImportRefused) as refusal:
        await world.accounts.imports.numbers(await acting(world, domain), rows)
    told = [(flaw.line, flaw.field, flaw.code, flaw.detail) for flaw in refusal.value.flaws]
    assert told == [
        (2, "carrier", "scope_too_low", "This needs the scope reseller or a higher one."),
        (3, "e164", "not_found", "There is no such number."),  # somebody else's, and nobody's: alike
        (4, "e164", "not_found", "There is no such number."),
    ]


async def test_bad_numbers_are_told_by_line(world: World, domain: Domain) -> None:
    rows, flaws = numbers_of_csv(
        "e164,carrier,extensions\n12,one,\n+4930123456,,\n+4930123457,nobody,\n+4930123458,one,999\n"
        "+4930123459,one,\n030 123459,one,\n"
    )
    with pytest.raises(ImportRefused) as refusal:
        await world.accounts.imports.numbers(SYSTEM, rows, flaws=flaws, domain_id=domain.id)
    assert [(flaw.line, flaw.field) for flaw in refusal.value.flaws] == [
        (2, "e164"),
        (3, "carrier"),
        (4, "carrier"),
        (5, "extensions"),
        (7, "e164"),
    ]


async def test_a_user_imports_nothing(world: World, domain: Domain) -> None:
    user = await world.user(domain)
    command = CreateKey(label="k", scope=Scope.BASIC_USER, domain_id=domain.id, user_id=user.id)
    issued = unreplayed(await world.accounts.keys.create(SYSTEM, command))
    me = await world.accounts.authenticate(issued.secret or "")
    for work in (
        world.accounts.imports.users(me, [ImportUser(line=1, extension="200")]),
        world.accounts.imports.numbers(me, [ImportNumber(line=1, e164="+4930123456")]),
    ):
        with pytest.raises(Forbidden):
            await work


async def test_somebody_disabled_by_hand_stays_so(world: World, domain: Domain) -> None:
    await take(world, domain, USERS)
    user = (await users_of(world, domain))["103"]
    await world.accounts.users.update(SYSTEM, user.id, UpdateUser(enabled=False))
    assert await take(world, domain, USERS) == (0, 0, 3)
    assert (await users_of(world, domain))["103"].enabled is False

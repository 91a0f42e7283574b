"""Settings of domains and users, and who one is."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from engine.accounts.models import (
    SYSTEM,
    CreateDevice,
    CreateKey,
    CreateNumber,
    Domain,
    DomainSettings,
    MintToken,
    Principal,
    Scope,
    UpdateDomainSettings,
    UpdateOneself,
    UpdateUserSettings,
    User,
    UserSettings,
)
from engine.errors import EngineError, Forbidden, InvalidRequest, NotFound
from engine.storage.tables.accounts import domain_settings
from tests.contract.accounts.world import World, unreplayed


async def manager(world: World, domain: Domain) -> Principal:
    command = CreateKey(label="server", scope=Scope.OFFICE_MANAGER, domain_id=domain.id)
    issued = unreplayed(await world.accounts.keys.create(SYSTEM, command))
    return await world.accounts.authenticate(issued.secret or "")


async def page_of(world: World, asking: Principal, user: User) -> Principal:
    issued = unreplayed(await world.accounts.tokens.mint(asking, MintToken(user_id=user.id)))
    return await world.accounts.authenticate(issued.secret or "")


async def test_a_page_learns_who_one_is_in_one_question(world: World) -> None:
    domain = await world.domain()
    user, colleague = await world.user(domain), await world.user(domain, "102")
    device = unreplayed(
        await world.accounts.devices.create(SYSTEM, CreateDevice(user_id=user.id, endpoint="anna"))
    )
    await world.accounts.devices.create(SYSTEM, CreateDevice(user_id=colleague.id, endpoint="bob"))
    number = unreplayed(
        await world.accounts.numbers.create(
            SYSTEM,
            CreateNumber(e164="+4930123456", carrier="one", domain_id=domain.id, user_ids=(user.id,)),
        )
    )
    server = await manager(world, domain)
    page = await page_of(world, server, user)
    me = await world.accounts.preferences.me(page)
    assert (me.principal, me.domain, me.user) == (page, domain, user)
    assert (me.devices, me.numbers) == ((device,), (number,))
    assert (me.domain_settings, me.settings) == (DomainSettings(), UserSettings())
    of_server = await world.accounts.preferences.me(server)
    assert (of_server.domain, of_server.user, of_server.settings) == (domain, None, None)
    assert (of_server.devices, of_server.numbers) == ((), ())
    of_system = await world.accounts.preferences.me(SYSTEM)
    assert (of_system.domain, of_system.user) == (None, None)


async def test_a_domains_settings_begin_with_what_it_was_made_with(world: World) -> None:
    domain = await world.domain(region="DE", sms_enabled=False)
    found = await world.accounts.preferences.of_domain(SYSTEM, domain.id)
    assert found == DomainSettings(sms_enabled=False, region="DE", desk_phone_chat=False)


async def test_a_manager_changes_what_is_the_domains_to_decide(world: World) -> None:
    domain = await world.domain(region="DE")
    asking = await manager(world, domain)
    change = world.accounts.preferences.change_domain
    after = await change(asking, domain.id, UpdateDomainSettings(region="fr", desk_phone_chat=True))
    assert after == DomainSettings(sms_enabled=True, region="FR", desk_phone_chat=True)
    assert await world.accounts.preferences.of_domain(asking, domain.id) == after
    assert (await world.accounts.domains.get(SYSTEM, domain.id)).region == "FR"
    assert (asking.credential_id, "domain.settings_updated", domain.id) in await world.audited(domain.id)
    with pytest.raises(Forbidden) as refusal:
        await change(asking, domain.id, UpdateDomainSettings(sms_enabled=False))
    assert refusal.value.code == "scope_too_low"
    assert (await change(SYSTEM, domain.id, UpdateDomainSettings(sms_enabled=False))).sms_enabled is False
    assert await change(asking, domain.id, UpdateDomainSettings(region=None)) == DomainSettings(
        sms_enabled=False, region=None, desk_phone_chat=True
    )


async def test_a_change_that_changes_nothing_says_nothing(world: World) -> None:
    domain = await world.domain()
    before = len(world.published)
    await world.accounts.preferences.change_domain(
        SYSTEM, domain.id, UpdateDomainSettings(desk_phone_chat=False)
    )
    assert len(world.published) == before


async def test_everybody_of_a_domain_reads_its_settings_and_nobody_else(world: World) -> None:
    domain, other = await world.domain(), await world.domain("Other")
    page = await page_of(world, await manager(world, domain), await world.user(domain))
    assert await world.accounts.preferences.of_domain(page, domain.id) == DomainSettings()
    told = []
    for domain_id in (other.id, "dom_" + "0" * 32):
        for ask in (
            world.accounts.preferences.of_domain(page, domain_id),
            world.accounts.preferences.change_domain(
                await manager(world, domain), domain_id, UpdateDomainSettings(region="DE")
            ),
        ):
            with pytest.raises(NotFound) as refusal:
                await ask
            told.append(refusal.value.detail)
    assert set(told) == {"There is no such domain."}
    with pytest.raises(Forbidden):
        await world.accounts.preferences.change_domain(page, domain.id, UpdateDomainSettings(region="DE"))


async def test_a_region_nobody_knows_is_refused(world: World) -> None:
    domain = await world.domain()
    with pytest.raises(InvalidRequest) as refusal:
        await world.accounts.preferences.change_domain(SYSTEM, domain.id, UpdateDomainSettings(region="XX"))
    assert refusal.value.field == "/region"


async def test_ones_own_settings_are_ones_own(world: World) -> None:
    domain = await world.domain()
    server = await manager(world, domain)
    me = await page_of(world, server, await world.user(domain))
    colleague = await page_of(world, server, await world.user(domain, "102"))
    preferences = world.accounts.preferences
    assert await preferences.change_user(me, UpdateUserSettings(desk_phone_chat=True)) == UserSettings(
        desk_phone_chat=True
    )
    assert (await preferences.me(me)).settings == UserSettings(desk_phone_chat=True)
    assert await preferences.of_user(colleague) == UserSettings()
    for ask in (preferences.of_user(server), preferences.change_user(server, UpdateUserSettings())):
        with pytest.raises(EngineError) as refusal:
            await ask
        assert refusal.value.code == "no_user"


async def test_a_setting_that_no_longer_exists_is_passed_over(world: World) -> None:
    domain = await world.domain()
    row = {"domain_id": domain.id, "settings": '{"desk_phone_chat": true, "gone": {"x": 1}}'}

    await world.database.transact(
        lambda tx: tx.connection.execute(sa.insert(domain_settings).values(row)).rowcount
    )
    assert await world.accounts.preferences.of_domain(SYSTEM, domain.id) == DomainSettings(
        desk_phone_chat=True
    )


async def test_a_user_says_where_they_get_mail(world: World) -> None:
    domain = await world.domain()
    server = await manager(world, domain)
    me = await page_of(world, server, await world.user(domain))
    preferences = world.accounts.preferences
    told = await preferences.change_oneself(me, UpdateOneself(email=" Ada.L+ringback@mail.example.com "))
    assert told.user is not None
    assert told.user.email == "Ada.L+ringback@mail.example.com"
    assert (await preferences.me(me)).user == told.user
    gone = await preferences.change_oneself(me, UpdateOneself(email=None))
    assert gone.user is not None
    assert gone.user.email is None


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ada",
        "ada@",
        "@example.com",
        "ada@example.com\r\nBcc: all@example.com",
        "ada@example.com, bob@example.com",
        "Ada <ada@example.com>",
        "ada@exa mple.com",
        '"a b"@example.com',
        ".ada@example.com",
        "ada@-example.com",
        "a" * 65 + "@example.com",
        "ada@" + "e" * 260,
    ],
)
async def test_what_is_no_address_is_refused(world: World, address: str) -> None:
    domain = await world.domain()
    me = await page_of(world, await manager(world, domain), await world.user(domain))
    with pytest.raises(InvalidRequest) as refusal:
        await world.accounts.preferences.change_oneself(me, UpdateOneself(email=address))
    assert refusal.value.field == "/email"

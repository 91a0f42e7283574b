"""What users set, and who is who, on disk."""

from __future__ import annotations

from dataclasses import replace

from engine.accounts.models import SYSTEM, UpdateUser
from engine.presence.models import OwnStatus, Status
from tests.contract.presence.conftest import World


def own(world: World, **changes: object) -> OwnStatus:
    who = world.users[0]
    status = OwnStatus(user_id=who.id, domain_id=who.domain_id, updated_ms=1)
    return replace(status, **changes)  # type: ignore[arg-type]


async def test_status_is_replaced_and_told_to_the_domain_without_its_text(world: World) -> None:
    await world.statuses.save(own(world))
    away = own(world, status=Status.AWAY, text="back at one", expires_ms=9, do_not_disturb=True, updated_ms=2)
    await world.statuses.save(away)
    assert await world.statuses.all() == [away]
    assert world.told("presence")[-1] == ("presence.updated", away.user_id, ())
    assert "back at one" not in str([event.data for event in world.events])


async def test_pbx_knows_what_was_set_unless_it_was_set_again(world: World) -> None:
    await world.statuses.save(own(world, do_not_disturb=True, to_be_told=True, updated_ms=5))
    await world.statuses.told(world.users[0].id, 4)
    assert [row.to_be_told for row in await world.statuses.all()] == [True]
    await world.statuses.told(world.users[0].id, 5)
    assert [row.to_be_told for row in await world.statuses.all()] == [False]


async def test_status_of_a_user_that_is_gone_is_passed_over(world: World) -> None:
    await world.statuses.save(own(world))
    await world.accounts.users.delete(SYSTEM, world.users[0].id)
    assert await world.statuses.all() == []
    await world.statuses.save(own(world))
    assert await world.statuses.all() == []


async def test_roster_holds_enabled_users_with_their_phones_by_extension(world: World) -> None:
    found = {domain.id: domain for domain in await world.roster.domains(None)}
    acme = found[world.domains[0].id]
    assert [user.extension for user in acme.users] == ["101", "102"]
    assert acme.users[0].devices == (("main", "acme-101"),)
    assert acme.region == "DE"
    await world.accounts.users.update(SYSTEM, world.users[0].id, UpdateUser(enabled=False))
    (acme,) = await world.roster.domains([world.domains[0].id, "dom_missing"])
    assert [user.extension for user in acme.users] == ["102"]

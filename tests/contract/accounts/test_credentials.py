"""Keys, tokens and tickets: who gets which, and when they stop working."""

from __future__ import annotations

import hashlib
import re

import pytest
import sqlalchemy as sa

from engine.accounts.models import (
    SYSTEM,
    CreateDevice,
    CreateKey,
    IssuedCredential,
    MintToken,
    Scope,
    UpdateUser,
)
from engine.accounts.recent import REMEMBERED_S
from engine.errors import Conflict, Forbidden, InvalidRequest, NotFound, Unauthenticated
from engine.idempotency import Claim, Replayed
from engine.storage.tables.accounts import credentials, event_tickets
from tests.contract.accounts.world import World, unreplayed


async def key(world: World, **fields: object) -> IssuedCredential:
    command = CreateKey(**{"label": "server", "scope": Scope.SUPER_USER, **fields})
    return unreplayed(await world.accounts.keys.create(SYSTEM, command))


async def refused_code(world: World, secret: str) -> str:
    with pytest.raises(Unauthenticated) as refused:
        await world.accounts.authenticate(secret)
    assert refused.value.detail == "The credential is not accepted. Ask your administrator for a new one."
    return refused.value.code


def secret_of(issued: IssuedCredential) -> str:
    assert issued.secret is not None
    return issued.secret


async def test_a_key_proves_who_holds_it(world: World) -> None:
    domain = await world.domain()
    issued = await key(world, scope=Scope.OFFICE_MANAGER, domain_id=domain.id)
    principal = await world.accounts.authenticate(secret_of(issued))
    assert (principal.kind, principal.credential_id) == ("key", issued.credential.id)
    assert (principal.domain_id, principal.user_id) == (domain.id, None)
    assert principal.scope is Scope.OFFICE_MANAGER


async def test_a_secret_is_random_shown_once_and_stored_as_its_hash(world: World) -> None:
    first, second = await key(world), await key(world)
    assert re.fullmatch(r"rbk_[A-Za-z0-9_-]{43}", secret_of(first))  # 256 bits
    assert first.secret != second.secret
    assert secret_of(first) not in repr(first)
    digests = await world.database.read(
        lambda c: [row.digest for row in c.execute(sa.select(credentials.c.digest))]
    )
    assert hashlib.sha256(secret_of(first).encode()).hexdigest() in digests
    stored = await world.database.read(lambda c: repr(c.execute(sa.select(credentials)).all()))
    assert secret_of(first) not in stored


async def test_a_repeated_key_creation_answers_without_the_secret(world: World) -> None:
    claim = Claim("system POST /v1/keys", "k1", "f" * 64)
    command = CreateKey(label="server", scope=Scope.SUPER_USER)

    def render(issued: IssuedCredential) -> tuple[int, str]:
        return 201, f'{{"id":"{issued.credential.id}","secret":"{issued.secret}"}}'

    issued = unreplayed(await world.accounts.keys.create(SYSTEM, command, claim=claim, render=render))
    assert secret_of(issued)
    again = await world.accounts.keys.create(SYSTEM, command, claim=claim, render=render)
    assert again == Replayed(201, f'{{"id":"{issued.credential.id}","secret":"None"}}')


@pytest.mark.parametrize(
    "secret", ["", "rbk_", "rbk_" + "a" * 43, "rbt_" + "a" * 43, "rbe_" + "a" * 43, "x" * 10_000, "\ud800"]
)
async def test_an_unknown_secret_is_refused(world: World, secret: str) -> None:
    assert await refused_code(world, secret) == "credential_unknown"


async def test_a_key_ends_when_it_says(world: World) -> None:
    issued = await key(world, expires_ms=world.clock.ms + 1_000)
    await world.accounts.authenticate(secret_of(issued))
    world.clock.ms += 1_000  # well before the remembered answer ends
    assert await refused_code(world, secret_of(issued)) == "credential_expired"
    with pytest.raises(InvalidRequest):
        await key(world, expires_ms=world.clock.ms)


async def test_a_revoked_key_stops_at_once_here_and_within_five_seconds_elsewhere(world: World) -> None:
    issued = await key(world)
    elsewhere = world.another_process()
    await elsewhere.authenticate(secret_of(issued))
    principal = await world.accounts.authenticate(secret_of(issued))
    await world.accounts.keys.revoke(SYSTEM, issued.credential.id)

    assert await refused_code(world, secret_of(issued)) == "credential_revoked"
    assert await world.accounts.ended([principal]) == [principal]
    assert REMEMBERED_S < 5
    world.clock.ms += int(REMEMBERED_S * 1000)
    with pytest.raises(Unauthenticated):
        await elsewhere.authenticate(secret_of(issued))


async def test_revoking_twice_keeps_the_first_time(world: World) -> None:
    issued = await key(world)
    first = await world.accounts.keys.revoke(SYSTEM, issued.credential.id)
    world.clock.ms += 60_000
    assert await world.accounts.keys.revoke(SYSTEM, issued.credential.id) == first
    assert await world.accounts.keys.get(SYSTEM, issued.credential.id) == first
    revocations = [happened for happened in world.happened() if happened[0] == "key.revoked"]
    assert len(revocations) == 1


async def test_nobody_makes_a_key_that_reaches_further_than_its_own(world: World) -> None:
    domain = await world.domain()
    issued = await key(world, scope=Scope.OFFICE_MANAGER, domain_id=domain.id)
    asking = await world.accounts.authenticate(secret_of(issued))
    for scope in (Scope.RESELLER, Scope.SUPER_USER):
        with pytest.raises(Forbidden) as refused:
            await world.accounts.keys.create(asking, CreateKey(label="up", scope=scope, reseller_id="north"))
        assert refused.value.code == "scope_too_low"
    made = unreplayed(
        await world.accounts.keys.create(asking, CreateKey(label="same", scope=Scope.OFFICE_MANAGER))
    )
    assert made.credential.domain_id == domain.id
    assert made.credential.issued_by == issued.credential.id


async def test_a_resellers_key_makes_keys_for_itself_and_its_domains(world: World) -> None:
    mine, other = (
        await world.domain("Mine", reseller_id="north"),
        await world.domain("Other", reseller_id="south"),
    )
    issued = await key(world, scope=Scope.RESELLER, reseller_id="north")
    asking = await world.accounts.authenticate(secret_of(issued))
    again = unreplayed(await world.accounts.keys.create(asking, CreateKey(label="b", scope=Scope.RESELLER)))
    assert again.credential.reseller_id == "north"
    await world.accounts.keys.create(
        asking, CreateKey(label="c", scope=Scope.OFFICE_MANAGER, domain_id=mine.id)
    )
    with pytest.raises(NotFound):
        await world.accounts.keys.create(
            asking, CreateKey(label="d", scope=Scope.OFFICE_MANAGER, domain_id=other.id)
        )
    with pytest.raises(InvalidRequest):
        await world.accounts.keys.create(
            asking, CreateKey(label="e", scope=Scope.RESELLER, reseller_id="south")
        )
    top = await key(world)
    listed = {k.id for k in (await world.accounts.keys.list(asking)).items}
    assert listed == {issued.credential.id, again.credential.id}
    with pytest.raises(NotFound):
        await world.accounts.keys.revoke(asking, top.credential.id)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"scope": Scope.SUPER_USER, "domain_id": "own"}, "/domain_id"),
        ({"scope": Scope.SUPER_USER, "reseller_id": "north"}, "/reseller_id"),
        ({"scope": Scope.RESELLER}, "/reseller_id"),
        ({"scope": Scope.OFFICE_MANAGER}, "/domain_id"),
        ({"scope": Scope.OFFICE_MANAGER, "domain_id": "own", "user_id": "own"}, "/user_id"),
        ({"scope": Scope.BASIC_USER, "domain_id": "own"}, "/user_id"),
        ({"scope": Scope.SUPER_USER, "label": " "}, "/label"),
    ],
)
async def test_a_key_names_exactly_what_its_scope_reaches(
    world: World, fields: dict[str, object], field: str
) -> None:
    domain = await world.domain()
    user = await world.user(domain)
    own = {"domain_id": domain.id, "user_id": user.id}
    filled = {name: own[name] if value == "own" else value for name, value in fields.items()}
    with pytest.raises(InvalidRequest) as refused:
        await key(world, **filled)
    assert refused.value.field == field


async def test_a_token_acts_for_its_user_until_it_ends(world: World) -> None:
    user = await world.user(await world.domain())
    server = await world.accounts.authenticate(
        secret_of(await key(world, scope=Scope.OFFICE_MANAGER, domain_id=user.domain_id))
    )
    issued = unreplayed(await world.accounts.tokens.mint(server, MintToken(user_id=user.id, lifetime_s=60)))
    assert secret_of(issued).startswith("rbt_")
    principal = await world.accounts.authenticate(secret_of(issued))
    assert (principal.kind, principal.user_id, principal.scope) == ("token", user.id, Scope.BASIC_USER)
    assert principal.expires_ms == world.clock.ms + 60_000
    world.clock.ms += 60_000
    assert await refused_code(world, secret_of(issued)) == "credential_expired"
    assert await world.accounts.ended([principal]) == [principal]


@pytest.mark.parametrize("lifetime_s", [-1, 0, 59, 86_401])
async def test_a_token_lives_a_minute_to_a_day(world: World, lifetime_s: int) -> None:
    user = await world.user(await world.domain())
    with pytest.raises(InvalidRequest) as refused:
        await world.accounts.tokens.mint(SYSTEM, MintToken(user_id=user.id, lifetime_s=lifetime_s))
    assert refused.value.field == "/lifetime_s"


async def test_a_token_neither_outlives_nor_outranks_its_key(world: World) -> None:
    user = await world.user(await world.domain())
    issued = await key(
        world,
        scope=Scope.BASIC_USER,
        domain_id=user.domain_id,
        user_id=user.id,
        expires_ms=world.clock.ms + 90_000,
    )
    server = await world.accounts.authenticate(secret_of(issued))
    token = unreplayed(await world.accounts.tokens.mint(server, MintToken(user_id=user.id, lifetime_s=3600)))
    assert token.credential.expires_ms == world.clock.ms + 90_000
    with pytest.raises(Forbidden):
        await world.accounts.tokens.mint(server, MintToken(user_id=user.id, scope=Scope.OFFICE_MANAGER))
    with pytest.raises(InvalidRequest):
        await world.accounts.tokens.mint(SYSTEM, MintToken(user_id=user.id, scope=Scope.RESELLER))

    await world.accounts.keys.revoke(SYSTEM, issued.credential.id)
    assert await refused_code(world, secret_of(token)) == "credential_revoked"


async def test_a_token_makes_no_credentials(world: World) -> None:
    user = await world.user(await world.domain())
    minted = unreplayed(
        await world.accounts.tokens.mint(SYSTEM, MintToken(user_id=user.id, scope=Scope.OFFICE_MANAGER))
    )
    page = await world.accounts.authenticate(secret_of(minted))
    for attempt in (
        world.accounts.tokens.mint(page, MintToken(user_id=user.id)),
        world.accounts.keys.create(page, CreateKey(label="x", scope=Scope.OFFICE_MANAGER)),
    ):
        with pytest.raises(Forbidden) as refused:
            await attempt
        assert refused.value.code == "key_required"


async def test_disabling_or_deleting_a_user_ends_its_tokens_at_once(world: World) -> None:
    domain = await world.domain()
    ann, bob = await world.user(domain, "101"), await world.user(domain, "102")
    anns, bobs = [
        secret_of(unreplayed(await world.accounts.tokens.mint(SYSTEM, MintToken(user_id=user.id))))
        for user in (ann, bob)
    ]
    await world.accounts.authenticate(anns)
    await world.accounts.authenticate(bobs)

    await world.accounts.users.update(SYSTEM, ann.id, UpdateUser(enabled=False))
    assert await refused_code(world, anns) == "credential_revoked"
    with pytest.raises(Conflict) as refused:
        await world.accounts.tokens.mint(SYSTEM, MintToken(user_id=ann.id))
    assert refused.value.code == "user_disabled"
    await world.accounts.users.update(SYSTEM, ann.id, UpdateUser(enabled=True))
    assert await refused_code(world, anns) == "credential_revoked"

    await world.accounts.authenticate(bobs)
    await world.accounts.users.delete(SYSTEM, bob.id)
    assert await refused_code(world, bobs) == "credential_unknown"


async def test_deleting_a_domain_ends_its_keys_at_once(world: World) -> None:
    domain = await world.domain()
    issued = await key(world, scope=Scope.OFFICE_MANAGER, domain_id=domain.id)
    await world.accounts.authenticate(secret_of(issued))
    await world.accounts.domains.delete(SYSTEM, domain.id)
    assert await refused_code(world, secret_of(issued)) == "credential_unknown"


async def test_a_ticket_admits_once(world: World) -> None:
    server = await world.accounts.authenticate(secret_of(await key(world)))
    ticket = await world.accounts.tokens.issue_ticket(server)
    assert ticket.expires_ms - world.clock.ms <= 60_000
    assert ticket.secret not in repr(ticket)
    assert await world.accounts.redeem_ticket(ticket.secret) == server
    with pytest.raises(Unauthenticated) as refused:
        await world.accounts.redeem_ticket(ticket.secret)
    assert refused.value.code == "credential_unknown"


async def test_a_ticket_is_no_credential_and_a_credential_no_ticket(world: World) -> None:
    secret = secret_of(await key(world))
    ticket = await world.accounts.tokens.issue_ticket(await world.accounts.authenticate(secret))
    assert await refused_code(world, ticket.secret) == "credential_unknown"
    with pytest.raises(Unauthenticated):
        await world.accounts.redeem_ticket(secret)


async def test_a_ticket_dies_of_age_and_with_its_credential(world: World) -> None:
    issued = await key(world)
    server = await world.accounts.authenticate(secret_of(issued))
    late = await world.accounts.tokens.issue_ticket(server)
    world.clock.ms = late.expires_ms
    with pytest.raises(Unauthenticated) as refused:
        await world.accounts.redeem_ticket(late.secret)
    assert refused.value.code == "credential_expired"
    fresh = await world.accounts.tokens.issue_ticket(server)
    await world.accounts.keys.revoke(SYSTEM, issued.credential.id)
    with pytest.raises(Unauthenticated) as refused:
        await world.accounts.redeem_ticket(fresh.secret)
    assert refused.value.code == "credential_revoked"


async def test_what_ended_long_ago_is_forgotten(world: World) -> None:
    user = await world.user(await world.domain())
    issued = await key(world, expires_ms=world.clock.ms + 1_000)
    token = unreplayed(await world.accounts.tokens.mint(SYSTEM, MintToken(user_id=user.id, lifetime_s=60)))
    server = await world.accounts.authenticate(secret_of(await key(world)))
    await world.accounts.tokens.issue_ticket(server)
    world.clock.ms += 3_600_000
    assert await world.accounts.forget_expired() == 0  # its holder is still told why
    assert await refused_code(world, secret_of(token)) == "credential_expired"
    world.clock.ms += 86_400_000
    assert await world.accounts.forget_expired() == 2
    assert await refused_code(world, secret_of(token)) == "credential_unknown"
    assert await refused_code(world, secret_of(issued)) == "credential_expired"  # keys stay for the record
    left = await world.database.read(lambda c: c.execute(sa.select(event_tickets)).all())
    assert left == []


async def test_a_credential_of_a_basic_user_lists_only_its_own(world: World) -> None:
    domain = await world.domain()
    ann, bob = await world.user(domain, "101"), await world.user(domain, "102")
    for user in (ann, bob):
        command = CreateDevice(user_id=user.id, endpoint=f"e{user.extension}")
        await world.accounts.devices.create(SYSTEM, command)
    token = unreplayed(await world.accounts.tokens.mint(SYSTEM, MintToken(user_id=ann.id)))
    page = await world.accounts.authenticate(secret_of(token))
    assert [d.user_id for d in (await world.accounts.devices.list(page)).items] == [ann.id]

"""Logging in with a password: who gets a session, who learns nothing, and how often one may try."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from engine.accounts.hashing import HashCost, PasswordHashes
from engine.accounts.models import (
    SYSTEM,
    Domain,
    IssuedSession,
    Scope,
    UpdateDomain,
    UpdateUser,
    User,
)
from engine.accounts.service import Accounts
from engine.errors import Conflict, EngineError, Forbidden, InvalidRequest, RateLimited, Unauthenticated
from engine.storage.accounts import SqlAccountsStore
from engine.storage.tables.accounts import credentials, login_attempts, passwords
from tests.contract.accounts.world import QUICK, World

PASSWORD = "correct horse battery"
OTHER = "staple horse correct"


async def person(world: World, **settings: object) -> tuple[Domain, User]:
    """Somebody with a password, 101@acme.example."""
    domain = await world.domain(realm="acme.example")
    user = await world.user(domain, **settings)
    await world.accounts.passwords.set(SYSTEM, user.id, PASSWORD)
    return domain, user


async def refused(world: World, name: str, password: str, **more: str) -> EngineError:
    with pytest.raises(EngineError) as refusal:
        await world.logged_in(name, password, **more)
    return refusal.value


async def test_a_session_acts_for_its_user_in_the_users_role(world: World) -> None:
    domain, user = await person(world, role=Scope.OFFICE_MANAGER)
    issued = await world.logged_in("101@acme.example", PASSWORD, user_agent="Firefox")
    assert issued.secret.startswith("rbs_")
    assert issued.secret not in repr(issued)
    principal = await world.accounts.authenticate(issued.secret)
    assert (principal.kind, principal.credential_id) == ("session", issued.session.id)
    assert (principal.domain_id, principal.user_id) == (domain.id, user.id)
    assert principal.scope is Scope.OFFICE_MANAGER
    assert ("session.started", issued.session.id) in world.happened()
    assert (issued.session.id, "session.started", issued.session.id) in await world.audited(domain.id)


async def test_one_logs_in_by_extension_or_login_in_any_case(world: World) -> None:
    _, user = await person(world, login="Anna.Adler")
    for name in ("101@acme.example", " anna.adler@ACME.example", "ANNA.ADLER@acme.example "):
        assert (await world.logged_in(name, PASSWORD)).user == user


async def test_the_same_letters_typed_another_way_are_the_same_password(world: World) -> None:
    _, user = await person(world)
    await world.accounts.passwords.set(SYSTEM, user.id, "Zu\u0308rich lake 9")
    assert await world.logged_in("101@acme.example", "Z\u00fcrich lake 9")


async def test_neither_password_nor_secret_is_stored(world: World) -> None:
    await person(world)
    issued = await world.logged_in("101@acme.example", PASSWORD)
    stored = await world.database.read(
        lambda c: repr(
            [c.execute(sa.select(table)).all() for table in (credentials, passwords, login_attempts)]
        )
    )
    assert "$argon2id$" in stored
    for secret in (PASSWORD, issued.secret, "101@acme.example"):
        assert secret not in stored


@pytest.mark.parametrize(
    "name",
    [
        "101@acme.example",  # the password is wrong
        "102@acme.example",  # has no password
        "103@acme.example",  # is disabled, and the password is right
        "999@acme.example",
        "101@nowhere.example",
        "nobody@acme.example",
        "101",
        "@",
        "",
        "101@acme.example\x00",
        "' OR 1=1 --@acme.example",
        "\ud800@acme.example",
        "x" * 100_000,
    ],
)
async def test_every_refused_log_in_gets_one_answer_for_one_hash(world: World, name: str) -> None:
    domain, _ = await person(world)
    await world.user(domain, "102")
    third = await world.user(domain, "103")
    await world.accounts.passwords.set(SYSTEM, third.id, OTHER)
    await world.accounts.users.update(SYSTEM, third.id, UpdateUser(enabled=False))
    hashes = CountingHashes(cost=QUICK)
    accounts = Accounts(SqlAccountsStore(world.database), world.clock, hashes=hashes)
    world.accounts = accounts
    error = await refused(world, name, OTHER)
    assert (type(error), error.code) == (Unauthenticated, "login_failed")
    assert error.detail == "The name or the password is wrong."
    assert hashes.checked == 1  # no answer comes sooner for want of an account


class CountingHashes(PasswordHashes):
    checked = 0

    def _verify(self, kept: str | None, text: bytes) -> bool:
        self.checked += 1
        return super()._verify(kept, text)


async def test_a_domain_without_a_realm_lets_nobody_in(world: World) -> None:
    domain, user = await person(world)
    await world.accounts.domains.update(SYSTEM, domain.id, UpdateDomain(realm=None))
    assert (await refused(world, "101@acme.example", PASSWORD)).code == "login_failed"
    with pytest.raises(Conflict) as refusal:
        await world.accounts.passwords.reset(SYSTEM, user.id)
    assert refusal.value.code == "no_realm"


async def test_a_realm_and_a_login_belong_to_one(world: World) -> None:
    domain, _ = await person(world, login="anna")
    for command in ({"realm": "acme.example"}, {"realm": "ACME.example"}):
        with pytest.raises(Conflict) as refusal:
            await world.domain("Other", **command)
        assert refusal.value.field == "/realm"
    with pytest.raises(Conflict) as taken:
        await world.user(domain, "102", login="ANNA")
    assert taken.value.field == "/login"
    elsewhere = await world.domain("Other", realm="other.example")
    assert (await world.user(elsewhere, "101", login="anna")).login == "anna"


@pytest.mark.parametrize("realm", ["", " ", "a b", "-a", "a.", ".a", "a..b", "ä.example", "a" * 191, "a@b"])
async def test_a_realm_is_written_like_a_host_name(world: World, realm: str) -> None:
    with pytest.raises(InvalidRequest):
        await world.domain(realm=realm)


@pytest.mark.parametrize("login", ["", "1anna", "101", "an na", "anna@x", "a" * 65, "änna"])
async def test_a_login_is_never_somebodys_extension(world: World, login: str) -> None:
    domain = await world.domain()
    with pytest.raises(InvalidRequest):
        await world.user(domain, login=login)


@pytest.mark.parametrize("role", [Scope.RESELLER, Scope.SUPER_USER])
async def test_no_user_has_a_role_beyond_its_domain(world: World, role: Scope) -> None:
    domain, user = await person(world)
    with pytest.raises(InvalidRequest):
        await world.user(domain, "102", role=role)
    with pytest.raises(InvalidRequest):
        await world.accounts.users.update(SYSTEM, user.id, UpdateUser(role=role))


# How often


async def test_one_address_tries_one_name_five_times_and_then_once_a_minute(world: World) -> None:
    await person(world)
    for _ in range(5):
        assert (await refused(world, "101@acme.example", "wrong")).code == "login_failed"
    for password in ("wrong", PASSWORD):
        error = await refused(world, "101@acme.example", password)
        assert isinstance(error, RateLimited)
        assert error.retry_after_s == 60
    world.clock.ms += 60_000
    assert (await refused(world, "101@acme.example", "wrong")).code == "login_failed"
    assert (await refused(world, "101@acme.example", "wrong")).code == "rate_limited"


async def test_one_attacker_does_not_keep_the_owner_out(world: World) -> None:
    await person(world)
    for _ in range(200):
        await refused(world, "101@acme.example", "wrong", address="203.0.113.9")
        world.clock.ms += 10_000
    assert await world.logged_in("101@acme.example", PASSWORD)


async def test_many_addresses_together_are_stopped_at_the_name(world: World) -> None:
    await person(world)
    codes = [
        (await refused(world, "101@acme.example", "wrong", address=f"203.0.113.{n}")).code for n in range(25)
    ]
    assert codes == ["login_failed"] * 20 + ["rate_limited"] * 5


async def test_names_that_do_not_exist_are_limited_like_those_that_do(world: World) -> None:
    codes = [(await refused(world, "no@acme.example", "wrong")).code for _ in range(6)]
    assert codes == ["login_failed"] * 5 + ["rate_limited"]


async def test_one_address_tries_sixty_names_and_then_ten_a_minute(world: World) -> None:
    codes = [(await refused(world, f"{n}@acme.example", "wrong")).code for n in range(100, 162)]
    assert codes == ["login_failed"] * 60 + ["rate_limited"] * 2
    world.clock.ms += 6_000
    assert (await refused(world, "163@acme.example", "wrong")).code == "login_failed"


async def test_addresses_of_one_ipv6_network_count_as_one(world: World) -> None:
    for n in range(5):
        await refused(world, "101@acme.example", "wrong", address=f"2001:db8::{n:x}")
    error = await refused(world, "101@acme.example", "wrong", address="2001:db8::ffff")
    assert error.code == "rate_limited"
    elsewhere = await refused(world, "101@acme.example", "wrong", address="2001:db8:0:1::1")
    assert elsewhere.code == "login_failed"


async def test_a_log_in_clears_its_name_but_not_its_address(world: World) -> None:
    await person(world)
    for n in range(55):
        await refused(world, f"{200 + n}@acme.example", "wrong")
    for _ in range(4):
        await refused(world, "101@acme.example", "wrong")
        await world.logged_in("101@acme.example", PASSWORD)
    # 59 attempts of 60 that failed still count.
    assert (await refused(world, "500@acme.example", "wrong")).code == "login_failed"
    assert (await refused(world, "501@acme.example", "wrong")).code == "rate_limited"


async def test_another_process_counts_along_and_a_restart_forgets_nothing(world: World) -> None:
    await person(world)
    for _ in range(5):
        await refused(world, "101@acme.example", "wrong")
    world.accounts = world.another_process()
    assert (await refused(world, "101@acme.example", PASSWORD)).code == "rate_limited"


async def test_attempts_are_forgotten_when_they_no_longer_count(world: World) -> None:
    await refused(world, "101@acme.example", "wrong")

    async def kept() -> int:
        return await world.database.read(lambda c: len(c.execute(sa.select(login_attempts)).all()))

    assert await kept() == 3
    world.clock.ms += 60_001
    await world.accounts.forget_expired()
    assert await kept() == 0


# Passwords


@pytest.mark.parametrize(
    "password", ["", "short", "x" * 257, "aaaaabbbbb", "User 101 is me", "ANNA.ADLER-2026"]
)
async def test_a_password_that_is_soon_guessed_is_refused(world: World, password: str) -> None:
    _, user = await person(world, login="anna.adler")
    with pytest.raises(InvalidRequest) as refusal:
        await world.accounts.passwords.set(SYSTEM, user.id, password)
    assert refusal.value.code == "password_refused"
    assert password not in refusal.value.detail or password == ""


async def reset(world: World) -> tuple[User, IssuedSession, str]:
    """A user whose password was just reset: the session they had, and the temporary password."""
    _, user = await person(world)
    before = await world.logged_in("101@acme.example", PASSWORD)
    made = await world.accounts.passwords.reset(SYSTEM, user.id)
    assert made.password not in repr(made)
    return user, before, made.password


async def test_a_temporary_password_is_good_for_one_log_in_that_names_another(world: World) -> None:
    _, before, temporary = await reset(world)
    with pytest.raises(Unauthenticated):
        await world.accounts.authenticate(before.secret)
    assert (await refused(world, "101@acme.example", PASSWORD)).code == "login_failed"
    assert (await refused(world, "101@acme.example", temporary)).code == "password_change_required"
    for new, code in ((temporary, "invalid_request"), ("short", "password_refused")):
        assert (await refused(world, "101@acme.example", temporary, new_password=new)).code == code
    world.clock.ms += 180_000
    assert await world.logged_in("101@acme.example", temporary, new_password=OTHER)
    assert (await refused(world, "101@acme.example", temporary)).code == "login_failed"
    assert await world.logged_in("101@acme.example", OTHER)


async def test_a_temporary_password_ends(world: World) -> None:
    _, _, temporary = await reset(world)
    world.clock.ms += 72 * 3_600_000
    assert (await refused(world, "101@acme.example", temporary, new_password=OTHER)).code == "login_failed"


async def test_a_wrong_password_does_not_learn_that_a_change_is_due(world: World) -> None:
    await reset(world)
    assert (await refused(world, "101@acme.example", "wrong", new_password=OTHER)).code == "login_failed"


async def test_a_password_that_is_not_temporary_is_not_replaced_by_logging_in(world: World) -> None:
    await person(world)
    error = await refused(world, "101@acme.example", PASSWORD, new_password=OTHER)
    assert (error.code, error.field) == ("invalid_request", "/new_password")


async def test_changing_ones_password_ends_the_other_sessions(world: World) -> None:
    domain, user = await person(world)
    mine, other = [await world.logged_in("101@acme.example", PASSWORD) for _ in range(2)]
    principal = await world.accounts.authenticate(mine.secret)
    change = world.accounts.passwords.change_own
    with pytest.raises(Unauthenticated) as wrong:
        await change(principal, "wrong", OTHER, "192.0.2.1")
    assert wrong.value.code == "login_failed"
    with pytest.raises(InvalidRequest):
        await change(principal, PASSWORD, PASSWORD, "192.0.2.1")
    assert await change(principal, PASSWORD, OTHER, "192.0.2.1") == 1
    assert await world.accounts.authenticate(mine.secret) == principal
    with pytest.raises(Unauthenticated):
        await world.accounts.authenticate(other.secret)
    assert await world.logged_in("101@acme.example", OTHER)
    assert (mine.session.id, "password.changed", user.id) in await world.audited(domain.id)


async def test_a_current_password_is_not_guessed_from_a_stolen_session(world: World) -> None:
    await person(world)
    principal = await world.accounts.authenticate(
        (await world.logged_in("101@acme.example", PASSWORD)).secret
    )
    codes = []
    for _ in range(7):
        with pytest.raises(EngineError) as refusal:
            await world.accounts.passwords.change_own(principal, "wrong", OTHER, "192.0.2.1")
        codes.append(refusal.value.code)
    assert codes == ["login_failed"] * 5 + ["rate_limited"] * 2


async def test_only_who_logged_in_changes_a_password(world: World) -> None:
    with pytest.raises(Forbidden) as refusal:
        await world.accounts.passwords.change_own(SYSTEM, PASSWORD, OTHER, "192.0.2.1")
    assert refusal.value.code == "session_required"


async def test_a_hash_of_another_cost_is_made_anew_at_the_next_log_in(world: World) -> None:
    _, user = await person(world)

    async def kept() -> str:
        found = await world.accounts._store.read(lambda reads: reads.password(user.id))
        assert found is not None
        return found.hash

    assert "m=8,t=1,p=1" in await kept()
    world.accounts = Accounts(
        SqlAccountsStore(world.database), world.clock, hashes=PasswordHashes(cost=HashCost(16, 1, 1))
    )
    await world.logged_in("101@acme.example", PASSWORD)
    assert "m=16,t=1,p=1" in await kept()
    assert await world.logged_in("101@acme.example", PASSWORD)

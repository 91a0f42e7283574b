"""Sessions: where somebody is logged in, and when that ends."""

from __future__ import annotations

import pytest

from engine.accounts.models import (
    SYSTEM,
    CreateKey,
    Domain,
    IssuedSession,
    MintToken,
    Principal,
    Scope,
    UpdateUser,
    User,
)
from engine.accounts.recent import REMEMBERED_S
from engine.accounts.sessions import MAX_SESSIONS
from engine.errors import Forbidden, InvalidRequest, NotFound, Unauthenticated
from tests.contract.accounts.world import World, unreplayed

PASSWORD = "correct horse battery"
IDLE_MS = 12 * 3_600_000
LIFETIME_MS = 30 * 86_400_000


@pytest.fixture
async def domain(world: World) -> Domain:
    return await world.domain(realm="acme.example")


@pytest.fixture
async def user(world: World, domain: Domain) -> User:
    user = await world.user(domain)
    await world.accounts.passwords.set(SYSTEM, user.id, PASSWORD)
    return user


async def log_in(world: World, **more: str) -> IssuedSession:
    return await world.logged_in("101@acme.example", PASSWORD, **more)


async def principal_of(world: World, issued: IssuedSession) -> Principal:
    return await world.accounts.authenticate(issued.secret)


async def why_refused(world: World, issued: IssuedSession) -> str:
    with pytest.raises(Unauthenticated) as refusal:
        await world.accounts.authenticate(issued.secret)
    return refusal.value.code


async def test_one_sees_where_one_is_logged_in(world: World, user: User) -> None:
    first = await log_in(world, user_agent="Firefox\r\non a \x1b[31mphone", address="2001:db8::1")
    world.clock.ms += 1_000
    second = await log_in(world, user_agent="x" * 1_000)
    mine = await world.accounts.sessions.list(await principal_of(world, second))
    assert [session.id for session in mine] == [second.session.id, first.session.id]
    assert mine[0].user_agent == "x" * 256
    assert (mine[1].user_agent, mine[1].address) == ("Firefoxon a [31mphone", "2001:db8::1")


async def test_logging_out_ends_the_session_that_asks(world: World, user: User) -> None:
    first, second = await log_in(world), await log_in(world)
    await world.accounts.sessions.log_out(await principal_of(world, first))
    assert await why_refused(world, first) == "credential_revoked"
    assert await principal_of(world, second)
    with pytest.raises(Forbidden) as refusal:
        await world.accounts.sessions.log_out(SYSTEM)
    assert refusal.value.code == "session_required"


async def test_one_ends_one_session_or_all_others(world: World, user: User, domain: Domain) -> None:
    first, second, third = [await log_in(world) for _ in range(3)]
    me = await principal_of(world, first)
    await world.accounts.sessions.revoke(me, second.session.id)
    assert await why_refused(world, second) == "credential_revoked"
    assert await world.accounts.sessions.revoke_others(me) == 1
    assert await why_refused(world, third) == "credential_revoked"
    assert await principal_of(world, first) == me
    ended = [subject for _, action, subject in await world.audited(domain.id) if action == "session.ended"]
    assert ended == [second.session.id, third.session.id]


async def test_nobody_meets_the_sessions_of_a_colleague_but_a_manager(
    world: World, user: User, domain: Domain
) -> None:
    colleague = await world.user(domain, "102")
    await world.accounts.passwords.set(SYSTEM, colleague.id, PASSWORD)
    mine = await log_in(world)
    theirs = await world.logged_in("102@acme.example", PASSWORD)
    me = await principal_of(world, mine)
    sessions = world.accounts.sessions
    with pytest.raises(Forbidden):
        await sessions.list(me, colleague.id)
    with pytest.raises(Forbidden):
        await sessions.revoke_others(me, colleague.id)
    for session_id in (theirs.session.id, "ses_" + "0" * 32):
        with pytest.raises(NotFound) as refusal:
            await sessions.revoke(me, session_id)
        assert refusal.value.detail == "There is no such session."
    await world.accounts.users.update(SYSTEM, user.id, UpdateUser(role=Scope.OFFICE_MANAGER))
    me = await principal_of(world, mine)
    assert [session.id for session in await sessions.list(me, colleague.id)] == [theirs.session.id]
    assert await sessions.revoke_others(me, colleague.id) == 1
    assert await why_refused(world, theirs) == "credential_revoked"
    assert await principal_of(world, mine)


async def test_a_credential_that_stands_for_nobody_names_the_user(world: World, user: User) -> None:
    issued = await log_in(world)
    with pytest.raises(InvalidRequest):
        await world.accounts.sessions.list(SYSTEM)
    assert [s.id for s in await world.accounts.sessions.list(SYSTEM, user.id)] == [issued.session.id]


async def test_a_changed_role_holds_at_once_here_and_within_five_seconds_elsewhere(
    world: World, user: User
) -> None:
    issued = await log_in(world)
    elsewhere = world.another_process()
    before = await elsewhere.authenticate(issued.secret)
    assert before.scope is Scope.BASIC_USER
    await world.accounts.users.update(SYSTEM, user.id, UpdateUser(role=Scope.OFFICE_MANAGER))
    assert (await principal_of(world, issued)).scope is Scope.OFFICE_MANAGER
    assert await elsewhere.ended([before]) == [before]  # an open socket is closed, and opened anew
    assert REMEMBERED_S < 5
    world.clock.ms += int(REMEMBERED_S * 1000)
    assert (await elsewhere.authenticate(issued.secret)).scope is Scope.OFFICE_MANAGER


async def test_a_disabled_user_is_logged_out_for_good(world: World, user: User) -> None:
    issued = await log_in(world)
    principal = await principal_of(world, issued)
    await world.accounts.users.update(SYSTEM, user.id, UpdateUser(enabled=False))
    assert await why_refused(world, issued) == "credential_revoked"
    assert await world.accounts.ended([principal]) == [principal]
    await world.accounts.users.update(SYSTEM, user.id, UpdateUser(enabled=True))
    assert await why_refused(world, issued) == "credential_revoked"
    await world.accounts.users.delete(SYSTEM, user.id)
    assert await why_refused(world, issued) == "credential_unknown"


async def test_a_session_nobody_uses_ends(world: World, user: User) -> None:
    issued = await log_in(world)
    world.clock.ms += IDLE_MS - 1
    assert await principal_of(world, issued)  # seen: it starts again
    world.clock.ms += IDLE_MS - 1
    assert await principal_of(world, issued)
    world.clock.ms += IDLE_MS
    assert await why_refused(world, issued) == "credential_expired"


async def test_an_open_socket_keeps_a_session_alive(world: World, user: User) -> None:
    issued = await log_in(world)
    principal = await principal_of(world, issued)
    for _ in range(3):
        world.clock.ms += IDLE_MS - 1
        assert await world.accounts.ended([principal]) == []
    world.clock.ms += IDLE_MS
    assert await world.accounts.ended([principal]) == [principal]


async def test_when_a_session_was_seen_is_kept_for_other_processes(world: World, user: User) -> None:
    issued = await log_in(world)
    world.clock.ms += IDLE_MS - 1
    await principal_of(world, issued)
    await world.accounts.sessions.note_seen()
    world.clock.ms += 2
    assert await world.another_process().authenticate(issued.secret)
    (session,) = await world.accounts.sessions.list(SYSTEM, user.id)
    assert session.last_seen_ms == world.clock.ms - 2


async def test_a_session_ends_after_its_lifetime_however_busy(world: World, user: User) -> None:
    issued = await log_in(world)
    for _ in range(LIFETIME_MS // (IDLE_MS // 2) - 1):
        world.clock.ms += IDLE_MS // 2
        assert (await principal_of(world, issued)).expires_ms == issued.session.expires_ms
    world.clock.ms += IDLE_MS // 2
    assert await why_refused(world, issued) == "credential_expired"
    assert await world.accounts.sessions.list(SYSTEM, user.id) == ()


async def test_nobody_has_more_sessions_than_devices(world: World, user: User) -> None:
    issued = [await log_in(world) for _ in range(MAX_SESSIONS + 1)]
    assert len(await world.accounts.sessions.list(SYSTEM, user.id)) == MAX_SESSIONS
    assert await why_refused(world, issued[0]) == "credential_revoked"
    assert await principal_of(world, issued[1])


async def test_ended_sessions_are_forgotten_after_a_day(world: World, user: User) -> None:
    revoked, idle = await log_in(world), await log_in(world)
    await world.accounts.sessions.revoke(SYSTEM, revoked.session.id)
    world.clock.ms += IDLE_MS + 86_400_000
    alive = await log_in(world)
    assert await world.accounts.forget_expired() >= 1
    assert await why_refused(world, revoked) == "credential_unknown"
    world.clock.ms += 1
    await world.accounts.forget_expired()
    assert await why_refused(world, idle) == "credential_unknown"
    assert await principal_of(world, alive)


async def test_a_session_mints_no_tokens_and_a_token_makes_no_password(
    world: World, user: User, domain: Domain
) -> None:
    await world.accounts.users.update(SYSTEM, user.id, UpdateUser(role=Scope.OFFICE_MANAGER))
    me = await principal_of(world, await log_in(world))
    with pytest.raises(Forbidden) as refusal:
        await world.accounts.tokens.mint(me, MintToken(user_id=user.id))
    assert refusal.value.code == "key_required"
    key = unreplayed(
        await world.accounts.keys.create(
            SYSTEM, CreateKey(label="server", scope=Scope.OFFICE_MANAGER, domain_id=domain.id)
        )
    )
    assert key.secret is not None
    server = await world.accounts.authenticate(key.secret)
    command = MintToken(user_id=user.id, scope=Scope.OFFICE_MANAGER)
    token = unreplayed(await world.accounts.tokens.mint(server, command))
    assert token.secret is not None
    page = await world.accounts.authenticate(token.secret)
    with pytest.raises(Forbidden) as no_reset:
        await world.accounts.passwords.reset(page, user.id)
    assert no_reset.value.code == "key_required"


async def test_a_manager_resets_passwords_of_the_domain_only(world: World, user: User) -> None:
    await world.accounts.users.update(SYSTEM, user.id, UpdateUser(role=Scope.OFFICE_MANAGER))
    me = await principal_of(world, await log_in(world))
    stranger = await world.user(await world.domain("Other", realm="other.example"))
    with pytest.raises(NotFound):
        await world.accounts.passwords.reset(me, stranger.id)
    await world.accounts.users.update(SYSTEM, user.id, UpdateUser(role=Scope.BASIC_USER))
    basic = await principal_of(world, await log_in(world))
    with pytest.raises(Forbidden):
        await world.accounts.passwords.reset(basic, user.id)


async def test_a_ticket_of_a_session_opens_a_socket_as_the_session(world: World, user: User) -> None:
    me = await principal_of(world, await log_in(world))
    ticket = await world.accounts.tokens.issue_ticket(me)
    assert await world.accounts.redeem_ticket(ticket.secret) == me

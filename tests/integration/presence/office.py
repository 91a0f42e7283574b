"""Two tenants on one real Asterisk: Anna (1001, and 1004 as a second phone) and Bob (1002) of Acme,
Carla (1003) of Bolt. The whole engine runs, over a wire that can be cut.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from config.settings import Settings, StorageSettings
from engine.accounts.models import (
    SYSTEM,
    CreateDevice,
    CreateDomain,
    CreateUser,
    Domain,
    Principal,
    Scope,
    User,
)
from engine.ami.settings import AmiSettings
from engine.app import Engine, running
from engine.bus.in_process import Ephemeral, Subscription
from engine.idempotency import Replayed
from engine.presence.models import CallLogEntry, CallLogFilter, PhoneState, UserPresence
from engine.presence.settings import PresenceSettings
from engine.simulators.asterisk import PrivateAsterisk
from engine.storage import migrate
from tests.e2e.calls.link_proxy import LinkProxy

PBX = "main"
#: Rings both phones of Anna; rings Anna, then Bob; the feature codes for do-not-disturb.
DIALPLAN = """\
exten => 200,1,Dial(PJSIP/1001&PJSIP/1004,5)
 same => n,Hangup(${HANGUPCAUSE})
exten => 201,1,Dial(PJSIP/1001,4)
 same => n,Dial(PJSIP/1002,5)
 same => n,Hangup(${HANGUPCAUSE})
exten => 78,1,Set(PRESENCE_STATE(CustomPresence:${CALLERID(num)})=dnd)
 same => n,Hangup()
exten => 79,1,Set(PRESENCE_STATE(CustomPresence:${CALLERID(num)})=available)
 same => n,Hangup()
"""
# Longer than anything here takes, on a machine that does other things as well.
WITHIN_S = 40


@dataclass
class Office:
    """What the users see. frames: what their pages were told and nobody keeps."""

    engine: Engine
    wire: LinkProxy
    anna: User
    bob: User
    carla: User
    frames: list[Ephemeral] = field(default_factory=list)

    async def presence(self, user: User) -> UserPresence:
        shown = await self.engine.services.presence.list(manager_of(user.domain_id))
        return next(one for one, _ in shown if one.user_id == user.id)

    async def phone(self, user: User) -> PhoneState:
        return (await self.presence(user)).phone

    async def until_phone(self, user: User, state: PhoneState) -> None:
        await self.until(lambda: self.phone(user), lambda found: found is state)

    async def until_told(self, user: User, state: PhoneState) -> None:
        """Wait until pages were told, and were told nothing later."""

        async def told() -> list[str]:
            frames = [one.data["users"] for one in self.frames if one.type == "presence"]
            users = [shown for frame in frames for shown in cast(list[dict[str, str]], frame)]
            return [shown["phone"] for shown in users if shown["user_id"] == user.id]

        await self.until(told, lambda found: found[-1:] == [state.value])

    async def calls(self, user: User) -> Sequence[CallLogEntry]:
        """The user's call log, newest first."""
        chosen = CallLogFilter(user_id=user.id)
        return (await self.engine.services.call_log.list(manager_of(user.domain_id), chosen)).items

    async def logged(self, user: User, count: int = 1) -> CallLogEntry:
        """The newest entry, once there are so many."""
        found = await self.until(lambda: self.calls(user), lambda entries: len(entries) >= count)
        assert len(found) == count
        return found[0]

    async def until(self, look: Callable[[], Any], is_so: Callable[[Any], bool]) -> Any:
        """What is seen once it is so."""
        found = None
        try:
            async with asyncio.timeout(WITHIN_S):
                while not is_so(found := await look()):  # noqa: ASYNC110 - looked at as a page would
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise AssertionError(f"only: {found}") from None
        return found

    async def linked(self, *, up: bool = True) -> None:
        async def links() -> bool:
            return all(self.engine.calls.pbx_links().values())

        await self.until(links, lambda found: found is up)

    async def listen(self, subscription: Subscription) -> None:
        while True:
            self.frames += [one for one in await subscription.take() if isinstance(one, Ephemeral)]


def manager_of(domain_id: str) -> Principal:
    return Principal("key", "test", domain_id, None, Scope.OFFICE_MANAGER)


def page_of(user: User) -> Principal:
    return Principal("token", f"page-{user.id}", user.domain_id, user.id, Scope.BASIC_USER)


@asynccontextmanager
async def an_office(asterisk: PrivateAsterisk, folder: Path, **ami: Any) -> AsyncIterator[Office]:
    """Linked, with its users and phones known."""
    storage = StorageSettings(data_dir=folder)
    migrate.upgrade(storage.database_url)
    async with LinkProxy(asterisk.ami_port).running() as wire:
        pbx = AmiSettings(
            name=PBX,
            host=asterisk.host,
            port=wire.port,
            username=asterisk.ami_username,
            secret=asterisk.ami_secret,
            reconnect_min_s=0.05,
            reconnect_max_s=0.2,
            **ami,
        )
        settings = Settings(storage=storage, pbx=(pbx,), presence=PresenceSettings(tell_every_s=0.02))
        async with running(settings) as engine:
            acme, bolt = await _domain(engine, "acme"), await _domain(engine, "bolt")
            anna = await _user(engine, acme, "1001", "Anna Adler", "1001", "1004")
            bob = await _user(engine, acme, "1002", "Bob Berg", "1002")
            carla = await _user(engine, bolt, "1003", "Carla Cohn", "1003")
            office = Office(engine, wire, anna, bob, carla)
            await office.linked()
            listening = asyncio.create_task(office.listen(engine.bus.subscribe([acme.id, bolt.id])))
            try:
                yield office
            finally:
                listening.cancel()
                await asyncio.wait((listening,))


async def _domain(engine: Engine, name: str) -> Domain:
    command = CreateDomain(name=name, pbx=PBX, dial_context=PrivateAsterisk.dial_context, region="US")
    made = await engine.services.accounts.domains.create(SYSTEM, command)
    assert not isinstance(made, Replayed)
    return made


async def _user(engine: Engine, domain: Domain, extension: str, name: str, *endpoints: str) -> User:
    accounts = engine.services.accounts
    command = CreateUser(domain_id=domain.id, extension=extension, display_name=name)
    user = await accounts.users.create(SYSTEM, command)
    assert not isinstance(user, Replayed)
    for endpoint in endpoints:
        await accounts.devices.create(SYSTEM, CreateDevice(user_id=user.id, endpoint=endpoint))
    return user

"""A small tenant on a real Asterisk: Anna (1001) clicks, Bob (1002) is called.

A second Asterisk may stand beside the first, with a phone of Anna's on each.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from engine.accounts.models import (
    SYSTEM,
    CreateDevice,
    CreateDomain,
    CreateNumber,
    CreateUser,
    Principal,
    Scope,
    User,
)
from engine.accounts.service import Accounts
from engine.adapters.ami_pbx import AmiPbx
from engine.ami.settings import AmiSettings
from engine.bus.in_process import Bus
from engine.click_to_call.models import Call, CallStatus, PlaceCall
from engine.click_to_call.service import ClickToCall
from engine.click_to_call.settings import CallSettings
from engine.clock import SystemClock
from engine.idempotency import Replayed
from engine.simulators.asterisk import PrivateAsterisk
from engine.storage import migrate
from engine.storage.accounts import SqlAccountsStore
from engine.storage.calls import SqlCalls, SqlDirectory
from engine.storage.database import Database

#: Shown to whom Anna calls; kept for fiction by the numbering plan.
OFFICE_NUMBER = "+12025550100"
#: The label of a phone of Anna's that the PBX has never heard of.
UNKNOWN_PHONE = "unknown to the PBX"
_PBX, _OTHER_PBX = "main", "other"
#: The label of Anna's phone on the second Asterisk.
OTHER_PHONE = "on the other PBX"
#: What one test may click in a minute; the limits themselves are tried elsewhere.
ROOMY = CallSettings(
    open_per_user=1000, open_per_domain=1000, per_minute_per_user=10_000, per_minute_per_domain=10_000
)
T = TypeVar("T")


@dataclass
class Office:
    """What a test does as Anna, and what she sees.

    phones: the ids of her devices by their labels. history: each call's statuses in order.
    """

    calls: ClickToCall
    database: Database
    anna: Principal
    phones: dict[str, str]
    history: dict[str, list[str]] = field(default_factory=dict)
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def click(self, command: PlaceCall) -> Call:
        call = await self.calls.place(self.anna, command)
        assert isinstance(call, Call)
        return call

    async def dial(self, to: str, *, leg_b_timeout_s: int = 5) -> Call:
        return await self.click(PlaceCall(to=to, leg_a_timeout_s=5, leg_b_timeout_s=leg_b_timeout_s))

    async def seen(self, call: Call, status: CallStatus, within_s: float = 15.0) -> Call:
        """The call once that status has been announced, as the service shows it then."""
        await self._until(lambda: status in self.history.get(call.id, ()), status, call, within_s)
        return await self.now(call)

    async def ended(self, call: Call, within_s: float = 15.0) -> Call:
        """The call once a final status has been announced."""
        await self._until(lambda: self.is_over(call), "end", call, within_s)
        return await self.now(call)

    def is_over(self, call: Call) -> bool:
        return any(CallStatus(status).final for status in self.history.get(call.id, ()))

    async def now(self, call: Call) -> Call:
        return await self.calls.get(self.anna, call.id)

    async def cancel(self, call: Call) -> Call:
        return await self.calls.cancel(self.anna, call.id)

    async def every_call(self) -> list[Call]:
        """As they are on disk."""
        return [call for call_id in self.history if (call := await SqlCalls(self.database).get(call_id))]

    async def linked(self, within_s: float = 15.0) -> None:
        """Wait until every PBX takes calls."""
        async with asyncio.timeout(within_s):
            while not all(self.calls.pbx_links().values()):  # noqa: ASYNC110 - nothing to wait on
                await asyncio.sleep(0.01)

    async def unlinked(self, within_s: float = 15.0) -> None:
        """Wait until the loss of the link has been noticed."""
        async with asyncio.timeout(within_s):
            while any(self.calls.pbx_links().values()):  # noqa: ASYNC110 - nothing to wait on
                await asyncio.sleep(0.01)

    async def watch(self, bus: Bus, domain_id: str) -> None:
        subscription = bus.subscribe([domain_id])
        while True:
            event = await subscription.get()
            if event.type == "call.updated":
                async with self._news:
                    statuses = self.history.setdefault(event.subject, [])
                    if statuses[-1:] != [event.data["status"]]:  # the legs change more often
                        statuses.append(str(event.data["status"]))
                    self._news.notify_all()

    async def _until(self, true: Callable[[], bool], what: str, call: Call, within_s: float) -> None:
        try:
            async with asyncio.timeout(within_s), self._news:
                await self._news.wait_for(true)
        except TimeoutError:
            raise TimeoutError(f"no {what} within {within_s} s but {self.history.get(call.id)}") from None


@asynccontextmanager
async def open_office(
    asterisk: PrivateAsterisk,
    database_file: Path,
    *,
    other: PrivateAsterisk | None = None,
    ami_port: int | None = None,
    settings: CallSettings = ROOMY,
    **ami: Any,
) -> AsyncIterator[Office]:
    """An engine's calls on that database, which has its people; more than one process may follow.

    other: a second Asterisk. ami_port: of a way to the first one's AMI. ami: further settings of the links.
    """
    clock, bus = SystemClock(), Bus()
    database = await Database.open(f"sqlite:///{database_file}", bus_publish=bus.publish, clock=clock)
    try:
        accounts = Accounts(SqlAccountsStore(database), clock)
        (domain,) = (await accounts.domains.list(SYSTEM)).items
        users = (await accounts.users.list(SYSTEM, domain_id=domain.id)).items
        anna = next(user for user in users if user.extension == "1001")
        devices = (await accounts.devices.list(SYSTEM, domain.id, anna.id)).items
        links = [ami_settings(asterisk, name=_PBX, **({"port": ami_port} if ami_port else {}), **ami)]
        if other is not None:
            links.append(ami_settings(other, name=_OTHER_PBX, **ami))
        pbxs = {link.name: AmiPbx(link, clock) for link in links}
        calls = ClickToCall(SqlCalls(database), pbxs, SqlDirectory(database), settings, clock)
        principal = Principal("token", "tok_test", domain.id, anna.id, Scope.BASIC_USER)
        office = Office(calls, database, principal, {one.label: one.id for one in devices})
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(office.watch(bus, domain.id)),
                *(group.create_task(pbx.run()) for pbx in pbxs.values()),
            ]
            async with calls.running():
                await office.linked()
                yield office
            for pbx in pbxs.values():
                await pbx.stop()
            for task in tasks:
                task.cancel()
    finally:
        await database.close()


def ami_settings(asterisk: PrivateAsterisk, **changes: Any) -> AmiSettings:
    """The link to an Asterisk of ours."""
    who = {"username": asterisk.ami_username, "secret": asterisk.ami_secret}
    return AmiSettings(**{"name": _PBX, "host": asterisk.host, "port": asterisk.ami_port, **who, **changes})


async def new_office_file(asterisk: PrivateAsterisk, empty_database: Path, file: Path) -> None:
    """Anna, Bob and their phones in a copy of an SQLite file that has tables and no rows."""
    shutil.copyfile(empty_database, file)
    clock = SystemClock()
    database = await Database.open(f"sqlite:///{file}", bus_publish=lambda events: None, clock=clock)
    accounts = Accounts(SqlAccountsStore(database), clock)
    domain = _made(
        await accounts.domains.create(
            SYSTEM, CreateDomain(name="Acme", pbx=_PBX, dial_context=asterisk.dial_context, region="US")
        )
    )

    async def person(extension: str, name: str) -> User:
        user = _made(
            await accounts.users.create(
                SYSTEM, CreateUser(domain_id=domain.id, extension=extension, display_name=name)
            )
        )
        await accounts.devices.create(
            SYSTEM, CreateDevice(user_id=user.id, endpoint=extension, label="Phone")
        )
        return user

    # Not the names Asterisk has for these endpoints, so that it shows whose are displayed.
    anna = await person("1001", "Anna Adler, Sales")
    await person("1002", "Bob Åberg")
    for more in (
        CreateDevice(user_id=anna.id, endpoint="nobody", label=UNKNOWN_PHONE, is_default=False),
        CreateDevice(user_id=anna.id, endpoint="1001", label=OTHER_PHONE, pbx=_OTHER_PBX, is_default=False),
    ):
        await accounts.devices.create(SYSTEM, more)
    await accounts.numbers.create(
        SYSTEM, CreateNumber(domain_id=domain.id, e164=OFFICE_NUMBER, carrier="none", user_ids=(anna.id,))
    )
    await database.close()


async def people(file: Path) -> tuple[str, str]:
    """The ids of the domain and of Anna."""
    database = await Database.open(f"sqlite:///{file}", bus_publish=lambda events: None, clock=SystemClock())
    accounts = Accounts(SqlAccountsStore(database), SystemClock())
    (domain,) = (await accounts.domains.list(SYSTEM)).items
    users = (await accounts.users.list(SYSTEM, domain_id=domain.id)).items
    await database.close()
    return domain.id, next(user.id for user in users if user.extension == "1001")


def make_empty_database(file: Path) -> None:
    migrate.upgrade(f"sqlite:///{file}")


def _made(created: T | Replayed) -> T:
    assert not isinstance(created, Replayed)
    return created

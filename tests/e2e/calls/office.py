"""A small tenant on a real Asterisk: Anna (1001) clicks, Bob (1002) is called."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

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
_PBX = "main"
T = TypeVar("T")


@dataclass
class Office:
    """What a test does as Anna, and what she sees. history: each call's statuses in order."""

    calls: ClickToCall
    anna: Principal
    history: dict[str, list[str]] = field(default_factory=dict)
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def click(self, command: PlaceCall) -> Call:
        call = await self.calls.place(self.anna, command)
        assert isinstance(call, Call)
        return call

    async def dial(self, to: str) -> Call:
        return await self.click(PlaceCall(to=to, leg_a_timeout_s=5, leg_b_timeout_s=5))

    async def seen(self, call: Call, status: CallStatus, within_s: float = 15.0) -> Call:
        """The call once that status has been announced, as the service shows it then."""

        def announced() -> bool:
            return status in self.history.get(call.id, ())

        try:
            async with asyncio.timeout(within_s), self._news:
                await self._news.wait_for(announced)
        except TimeoutError:
            raise TimeoutError(f"no {status} within {within_s} s but {self.history.get(call.id)}") from None
        return await self.calls.get(self.anna, call.id)

    async def ended(self, call: Call, within_s: float = 15.0) -> Call:
        """The call once a final status has been announced."""

        def over() -> bool:
            return any(CallStatus(status).final for status in self.history.get(call.id, ()))

        try:
            async with asyncio.timeout(within_s), self._news:
                await self._news.wait_for(over)
        except TimeoutError:
            raise TimeoutError(f"not over within {within_s} s but {self.history.get(call.id)}") from None
        return await self.calls.get(self.anna, call.id)

    async def cancel(self, call: Call) -> Call:
        return await self.calls.cancel(self.anna, call.id)

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


@asynccontextmanager
async def open_office(asterisk: PrivateAsterisk, empty_database: Path, folder: Path) -> AsyncIterator[Office]:
    """empty_database: an SQLite file with tables and no rows, which is copied."""
    file = folder / "ringback.db"
    shutil.copyfile(empty_database, file)
    clock, bus = SystemClock(), Bus()
    database = await Database.open(f"sqlite:///{file}", bus_publish=bus.publish, clock=clock)
    try:
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
            await accounts.devices.create(SYSTEM, CreateDevice(user_id=user.id, endpoint=extension))
            return user

        # Not the names Asterisk has for these endpoints, so that it shows whose are displayed.
        anna = await person("1001", "Anna Adler, Sales")
        await person("1002", "Bob Åberg")
        await accounts.numbers.create(
            SYSTEM, CreateNumber(domain_id=domain.id, e164=OFFICE_NUMBER, carrier="none", user_ids=(anna.id,))
        )
        pbx = AmiPbx(
            AmiSettings(
                name=_PBX,
                host=asterisk.host,
                port=asterisk.ami_port,
                username=asterisk.ami_username,
                secret=asterisk.ami_secret,
            ),
            clock,
        )
        calls = ClickToCall(SqlCalls(database), {_PBX: pbx}, SqlDirectory(database), CallSettings(), clock)
        principal = Principal("token", "tok_test", domain.id, anna.id, Scope.BASIC_USER)
        office = Office(calls, principal)
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(office.watch(bus, domain.id)),
                group.create_task(pbx.run()),
            ]
            async with calls.running():
                async with asyncio.timeout(5):
                    while not pbx.available:  # noqa: ASYNC110 - nothing to wait on
                        await asyncio.sleep(0.01)
                yield office
            await pbx.stop()
            for task in tasks:
                task.cancel()
    finally:
        await database.close()


def make_empty_database(file: Path) -> None:
    migrate.upgrade(f"sqlite:///{file}")


def _made(created: T | Replayed) -> T:
    assert not isinstance(created, Replayed)
    return created

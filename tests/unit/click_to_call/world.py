"""Click-to-call over in-memory twins: nothing leaves the process and nothing sleeps."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from engine.accounts.models import Principal, Scope
from engine.click_to_call.models import Call, CallStatus, PlaceCall
from engine.click_to_call.service import ClickToCall
from engine.click_to_call.settings import CallSettings
from engine.idempotency import Claim, Replayed
from tests.contract.click_to_call.twins import MemoryCalls, MemoryDirectory, MemoryPbx, StillClock
from tests.contract.click_to_call.world import PEOPLE

ALICE = Principal("token", "tok_alice", "dom_acme", "usr_alice", Scope.BASIC_USER)
BOB = Principal("token", "tok_bob", "dom_acme", "usr_bob", Scope.BASIC_USER)
OFFICE = Principal("key", "key_office", "dom_acme", None, Scope.OFFICE_MANAGER)
OTHER_OFFICE = Principal("key", "key_other", "dom_other", None, Scope.OFFICE_MANAGER)
RESELLER = Principal("key", "key_res", None, None, Scope.RESELLER, "res_1")
OTHER_RESELLER = Principal("key", "key_res2", None, None, Scope.RESELLER, "res_2")
ROOT = Principal("key", "key_root", None, None, Scope.SUPER_USER)

ROOMY = CallSettings(
    open_per_user=10_000, open_per_domain=10_000, per_minute_per_user=10_000, per_minute_per_domain=10_000
)


def claim(key: str = "k1", fingerprint: str = "f") -> Claim:
    return Claim("key_office POST /v1/calls", key, fingerprint * 64)


def render(call: Call) -> tuple[int, str]:
    return 202, f'{{"id":"{call.id}"}}'


def people(calls: MemoryCalls) -> MemoryDirectory:
    return MemoryDirectory(
        calls,
        domains={one.id: one for one in PEOPLE.domains},
        users={one.id: one for one in PEOPLE.users},
        devices={one.id: one for one in PEOPLE.devices},
        numbers={one.e164: one for one in PEOPLE.numbers},
    )


@dataclass
class World:
    """One process: kill it by leaving `running` and make another one on the same store and PBX."""

    store: MemoryCalls = field(default_factory=MemoryCalls)
    pbx: MemoryPbx = field(default_factory=MemoryPbx)
    clock: StillClock = field(default_factory=StillClock)
    settings: CallSettings = ROOMY
    service: ClickToCall = field(init=False)
    directory: MemoryDirectory = field(init=False)

    def __post_init__(self) -> None:
        self.directory = people(self.store)
        self.service = ClickToCall(
            self.store, {self.pbx.name: self.pbx}, self.directory, self.settings, self.clock
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[World]:
        async with self.service.running(stop_within_s=0):
            yield self

    def after_a_crash(self) -> World:
        """The next process on the same store; the PBX has forgotten who listened."""
        self.pbx.unsubscribe()
        return World(self.store, self.pbx, self.clock, self.settings)

    async def place(self, to: str = "1002", principal: Principal = ALICE, **values: object) -> Call:
        placed = await self.service.place(principal, PlaceCall(to=to, **values))  # type: ignore[arg-type]
        assert not isinstance(placed, Replayed)
        return placed

    def statuses(self, call: Call) -> list[str]:
        """The statuses committed for this call, in order; a leg may change more often."""
        told = [status for call_id, status in self.store.events if call_id == call.id]
        return [status for status, _ in itertools.groupby(told)]

    async def until(self, condition: Callable[[], bool]) -> None:
        """Give every task its turn until it is so."""
        for _ in range(2000):
            if condition():
                return
            await asyncio.sleep(0)
        raise AssertionError("it never came about")

    async def until_status(self, call: Call, status: CallStatus) -> Call:
        await self.until(lambda: self.store.rows[call.id].status is status)
        return self.store.rows[call.id]

    async def settle(self) -> None:
        """Give every task many turns, where nothing is expected to happen."""
        for _ in range(200):
            await asyncio.sleep(0)

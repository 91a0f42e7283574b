"""Everything real but the PBX: service, AMI client, sockets, SQLite; the PBX is the simulated one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from engine.accounts.models import Device, Principal, Scope, User
from engine.accounts.ports import AccountsChanges
from engine.adapters.ami_pbx import AmiPbx
from engine.ami.settings import AmiSettings
from engine.click_to_call.live import CallTimings
from engine.click_to_call.models import Call, CallStatus, PlaceCall
from engine.click_to_call.service import ClickToCall
from engine.click_to_call.settings import CallSettings
from engine.clock import SystemClock
from engine.events import Event
from engine.idempotency import Replayed
from engine.simulators.pbx import PbxOptions, PbxSimulator
from engine.storage.accounts import SqlAccountsStore
from engine.storage.calls import SqlCalls, SqlDirectory
from engine.storage.database import Database
from tests.contract.click_to_call.world import PEOPLE, T0_MS

OFFICE = Principal("key", "key_office", "dom_acme", None, Scope.OFFICE_MANAGER)
PHONES = ("busy", "noanswer", "declines", "unavailable", "offline", "givesup", "ignores", "instant")

#: Short enough for tests, long enough to see each stage.
RING_S = 0.05
#: What the PBX does by itself comes first, however slow the machine.
QUICK = CallTimings(pbx_grace_s=10.0, hangup_again_s=0.1, hangup_give_up_s=10.0, settle_after_link_s=0.3)

ROOMY = CallSettings(
    open_per_user=10_000, open_per_domain=10_000, per_minute_per_user=10_000, per_minute_per_domain=10_000
)


@dataclass
class Office:
    """One engine process and its PBX. The process can be killed and started again."""

    url: str
    simulator: PbxSimulator
    timings: CallTimings = QUICK
    answer_timeout_s: float = 1.0
    secret: str = "ringback"
    events: list[Event] = field(default_factory=list)
    service: ClickToCall = field(init=False)
    pbx: AmiPbx = field(init=False)
    database: Database = field(init=False)

    @asynccontextmanager
    async def running(self, *, until_up: bool = True) -> AsyncIterator[Office]:
        async with AsyncExitStack() as stack:
            await self.start(stack)
            if until_up:
                await self.until(lambda: self.pbx.available)
            yield self

    async def start(self, stack: AsyncExitStack) -> None:
        """A process; closing the stack kills it: nothing waits, nothing is hung up."""
        clock = SystemClock()
        database = await Database.open(self.url, bus_publish=self.events.extend, clock=clock)
        stack.push_async_callback(database.close)
        self.database = database
        settings = AmiSettings(
            name="main",
            host="127.0.0.1",
            port=self.simulator.port,
            username="ringback",
            secret=self.secret,
            answer_timeout_s=self.answer_timeout_s,
            reconnect_min_s=0.05,
            reconnect_max_s=0.2,
        )
        self.pbx = AmiPbx(settings, clock)
        self.service = ClickToCall(
            SqlCalls(database),
            {"main": self.pbx},
            SqlDirectory(database),
            ROOMY,
            clock,
            self.timings,
        )
        link = asyncio.create_task(self.pbx.run())
        stack.push_async_callback(_end, link)
        await stack.enter_async_context(self.service.running(stop_within_s=0))

    async def place(self, to: str = "1002", phone: str = "", **values: object) -> Call:
        """A click of Alice; phone: the last word of her endpoint's name."""
        device = f"dev_{phone}" if phone else "dev_alice"
        command = PlaceCall(to=to, user_id="usr_alice", device_id=device, **values)  # type: ignore[arg-type]
        placed = await self.service.place(OFFICE, command)
        assert not isinstance(placed, Replayed)
        return placed

    async def add_user(self, extension: str) -> None:
        """Somebody new in the domain, without a phone of ours."""
        user = User(f"usr_{extension}", "dom_acme", extension, extension, True, T0_MS)
        await SqlAccountsStore(self.database).change(lambda changes: changes.insert_user(user))

    async def now(self, call: Call) -> Call:
        return await self.service.get(OFFICE, call.id)

    async def until_status(self, call: Call, *wanted: CallStatus) -> Call:
        await self.until(lambda: self.statuses(call)[-1] in wanted)
        return await self.now(call)

    async def ended(self, call: Call) -> Call:
        await self.until(lambda: CallStatus(self.statuses(call)[-1]).final)
        return await self.now(call)

    def statuses(self, call: Call) -> list[str]:
        """What was committed for this call, in order."""
        return [str(event.data["status"]) for event in self.events if event.subject == call.id]

    async def until(self, condition: Callable[[], bool], within_s: float = 15) -> None:
        for _ in range(round(within_s * 200)):
            if condition():
                return
            await asyncio.sleep(0.005)
        raise AssertionError(f"it did not come about within {within_s} s")

    def originates(self, call: Call) -> int:
        """How often this call was asked of the PBX."""
        return sum(asked.get("channelid") == call.channel_id for asked in self.simulator.asked("Originate"))


async def people_on(url: str) -> None:
    """Fill a fresh database with PEOPLE, and a phone of Alice for everything a phone can do."""

    def insert(changes: AccountsChanges) -> None:
        PEOPLE.insert(changes)
        for phone in PHONES:
            endpoint = f"alice-{phone}"
            changes.insert_device(
                Device(f"dev_{phone}", "dom_acme", "usr_alice", "main", endpoint, "", False, T0_MS)
            )

    database = await Database.open(url, bus_publish=lambda events: None, clock=SystemClock())
    await SqlAccountsStore(database).change(insert)
    await database.close()


@asynccontextmanager
async def simulated(**options: object) -> AsyncIterator[PbxSimulator]:
    given: dict[str, object] = {"port": 0, "ring_s": RING_S, "dial_timeout_s": 0.2}
    async with PbxSimulator(PbxOptions(**{**given, **options})).serving() as simulator:  # type: ignore[arg-type]
        yield simulator


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

"""kill -9 at every step of a real call, and a new engine on the same database.

One click is one call whatever dies: no phone rings twice, the call that goes on is found and followed
to its end, the one that is gone is closed, and a client that clicks again with its key gets its answer.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pytest

from engine.click_to_call.models import Call, CallStatus, EndedLeg, EndReason
from engine.clock import SystemClock
from engine.simulators.asterisk import PrivateAsterisk
from engine.storage.calls import SqlCalls
from engine.storage.database import Database
from tests.e2e.calls.agreement import check_phones, status_at_phones
from tests.e2e.calls.engine_process import Life
from tests.e2e.calls.office import ami_settings, new_office_file, people
from tests.e2e.calls.quick_phones import Line, QuickPhone, QuickPhones, answers
from tests.peers.asterisk import RING_S

pytestmark = pytest.mark.asterisk
S, R = CallStatus, EndReason

ROOT = Path(__file__).parents[3]
#: Promised: this long after the engine is back, what is shown is so.
RIGHT_WITHIN_S = 10.0
# Each phone rings this long: time for an engine to die in, and less than the PBX lets it ring.
RINGS_S = 0.2
AT_ONCE = 5

#: Before the Originate has left, no phone rings, now or later.
NOTHING_LEFT = {
    "behind row": (S.FAILED, R.ENGINE_RESTARTED),
    "answered": (S.FAILED, R.ENGINE_RESTARTED),
    "before dialing_caller": (S.FAILED, R.ENGINE_RESTARTED),
    "behind dialing_caller": (S.UNKNOWN, R.OUTCOME_UNKNOWN),
    "before originate": (S.UNKNOWN, R.OUTCOME_UNKNOWN),
}
STEPS = ("caller_ringing", "caller_answered", "dialing_callee", "callee_ringing", "connected")
ON_THE_WAY = (
    "behind originate",
    "behind answer",
    *(f"{when} {step}" for step in STEPS for when in ("before", "behind")),
)
assert RINGS_S < RING_S


@dataclass
class Nursery:
    """Engines to be killed. said: what each life has told so far."""

    process: asyncio.subprocess.Process
    said: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    @classmethod
    @asynccontextmanager
    async def open(cls) -> AsyncIterator[Nursery]:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.e2e.calls.engine_process"),
            cwd=ROOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        nursery = cls(process)
        reading = asyncio.create_task(nursery._read())
        try:
            yield nursery
        finally:
            if process.returncode is None:
                process.kill()  # takes the living along
            await process.wait()
            reading.cancel()

    def bear(self, life: Life) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(asdict(life)).encode() + b"\n")

    async def until_up(self, life: Life) -> None:
        await self._until(life, lambda: any("up" in line for line in self.said.get(life.name, ())))

    async def until_dead(self, life: Life) -> None:
        def dead() -> bool:
            told = self.said.get(life.name)
            return bool(told) and not Path(f"/proc/{told[0]['pid']}").exists()

        await self._until(life, dead)

    async def _until(self, life: Life, true: Any) -> None:
        try:
            async with asyncio.timeout(60):
                while not true():  # noqa: ASYNC110 - a death makes no sound
                    await asyncio.sleep(0.01)
        except TimeoutError:
            raise AssertionError(f"{life} has only said {self.said.get(life.name)}") from None

    async def _read(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            told = json.loads(line)
            self.said.setdefault(told["life"], []).append(told)


@dataclass
class Case:
    """One call: where the first engine dies, and what the phones do meanwhile."""

    die_at: str
    number: str
    put_down: bool = False
    cancel_at: str | None = None
    talk_s: float | None = None


@dataclass
class World:
    """What all cases share: one Asterisk, Anna's phone, and a carrier's."""

    asterisk: PrivateAsterisk
    nursery: Nursery
    anna: QuickPhone
    carrier: QuickPhone
    empty_database: Path
    folder: Path

    def lines(self, case: Case) -> tuple[list[Line], list[Line]]:
        return self.anna.rung(case.number), self.carrier.rung(case.number)

    async def run(self, case: Case) -> tuple[Call, list[Line], list[Line]]:
        """The call at its end, and what the phones saw of it."""
        file = self.folder / f"{case.number}.db"
        await new_office_file(self.asterisk, self.empty_database, file)
        anna = await people(file)
        settings = ami_settings(self.asterisk, reconnect_min_s=0.05)
        pbx = {name: getattr(settings, name) for name in ("name", "host", "port", "username", "secret")}
        first = Life(
            name=f"{case.number} 1",
            database=str(file),
            anna=anna,
            pbx=pbx,
            to=case.number,
            cancel_at=case.cancel_at,
            die_at=case.die_at,
        )
        self.nursery.bear(first)
        if case.talk_s is not None:
            await self._talk(case, case.talk_s)
        await self.nursery.until_dead(first)
        if case.put_down:
            await self._put_down(case)
        second = Life(name=f"{case.number} 2", database=str(file), anna=anna, pbx=pbx, to=case.number)
        self.nursery.bear(second)
        await self.nursery.until_up(second)
        back = time.monotonic()
        call_id = await self._replayed(second)
        database = await Database.open(f"sqlite:///{file}", bus_publish=lambda _: None, clock=SystemClock())
        try:
            call = await self._until_so(SqlCalls(database), call_id, case, back + RIGHT_WITHIN_S)
            if not call.status.final:
                for line in self.lines(case)[1]:
                    line.hang_up()
                ended_by = time.monotonic() + RIGHT_WITHIN_S
                call = await self._until_so(SqlCalls(database), call_id, case, ended_by)
        finally:
            await database.close()
        for line in [line for lines in self.lines(case) for line in lines]:
            await line.until(lambda line: line.ended)
        return call, *self.lines(case)

    async def _replayed(self, life: Life) -> str:
        """The second click with the same key was answered as the first one was, or would have been."""
        async with asyncio.timeout(30):
            while True:
                for line in self.nursery.said[life.name]:
                    assert "placed" not in line, f"one key, two calls: {self.nursery.said}"
                    if "replayed" in line:
                        return str(line["replayed"])
                await asyncio.sleep(0.01)

    async def _until_so(self, store: SqlCalls, call_id: str, case: Case, deadline: float) -> Call:
        """The call once it is what the phones have: over, or the status they are in."""
        while True:
            call = await store.get(call_id)
            assert call is not None
            at_phones = status_at_phones(*self.lines(case))
            if call.status.final if at_phones is None else call.status is at_phones is S.CONNECTED:
                return call
            assert time.monotonic() < deadline, (case, call, [str(x) for xs in self.lines(case) for x in xs])
            await asyncio.sleep(0.05)

    async def _talk(self, case: Case, talk_s: float) -> None:
        async with asyncio.timeout(20):
            while not self.carrier.rung(case.number):  # noqa: ASYNC110 - nothing to wait on
                await asyncio.sleep(0.01)
        (line,) = self.carrier.rung(case.number)
        await line.until(lambda line: line.confirmed)
        await asyncio.sleep(talk_s)
        line.hang_up()

    async def _put_down(self, case: Case) -> None:
        """Anna leaves, with nobody there to see it."""
        async with asyncio.timeout(20):
            while not self.anna.rung(case.number):  # noqa: ASYNC110 - it may be on its way
                await asyncio.sleep(0.005)
        (line,) = self.anna.rung(case.number)
        line.refuse(603)
        line.hang_up()
        for each in [line for lines in self.lines(case) for line in lines]:
            await each.until(lambda each: each.ended)


CASES = (
    *(Case(point, f"+1202555{2000 + n}") for n, point in enumerate(NOTHING_LEFT)),
    *(Case(point, f"+1202555{2100 + n}") for n, point in enumerate(ON_THE_WAY)),
    *(Case(point, f"+1202555{2200 + n}", put_down=True) for n, point in enumerate(ON_THE_WAY)),
    *(
        Case(point, f"+1202555{2300 + n}", cancel_at=status)
        for n, (point, status) in enumerate(
            (point, status)
            for status in ("caller_ringing", "callee_ringing", "connected")
            for point in ("before cancel", "behind cancel", "before hangup", "behind hangup")
        )
    ),
    Case("before completed", "+12025552400", talk_s=0.1),
    Case("behind completed", "+12025552401", talk_s=0.1),
)


@pytest.mark.timeout(300)  # dozens of lives and deaths
async def test_killed_at_every_step_of_a_call(
    asterisk: PrivateAsterisk, quick: QuickPhones, empty_database: Path, tmp_path: Path
) -> None:
    anna = await quick.take("1001", answers(RINGS_S))
    carrier = await quick.take("carrier", answers(RINGS_S))
    async with Nursery.open() as nursery:
        world = World(asterisk, nursery, anna, carrier, empty_database, tmp_path)
        room = asyncio.Semaphore(AT_ONCE)

        async def one(case: Case) -> None:
            async with room:
                call, at_a, at_b = await world.run(case)
            check_phones(call, at_a, at_b, blind=True)
            check_end(case, call, at_a, at_b)

        await asyncio.gather(*(one(case) for case in CASES))


def check_end(case: Case, call: Call, at_a: list[Line], at_b: list[Line]) -> None:
    about = f"{case} {call}"
    ended = (call.status, call.end_reason)
    gone = (S.COMPLETED, R.ENDED_WHILE_DISCONNECTED) if call.connected_ms else (S.UNKNOWN, R.OUTCOME_UNKNOWN)
    if case.die_at in NOTHING_LEFT:
        assert ended == NOTHING_LEFT[case.die_at], about
        assert at_a == at_b == [], about
    elif case.put_down or case.die_at == "before completed":
        assert ended == gone, about
    elif call.cancel_requested_ms is not None:
        # A wish on disk is carried out by whoever comes next, however far the call has come by then.
        assert "behind cancel" in case.die_at or "hangup" in case.die_at, about
        assert ended == (S.CANCELED, R.CANCELED) or (
            call.status is S.COMPLETED and call.end_reason in (R.CANCELED, R.ENDED_WHILE_DISCONNECTED)
        ), about
    elif case.cancel_at is not None and not (at_b and at_b[0].hung_up_by == "us"):
        # The phones were rid of it before the wish was on disk; whoever wished had no answer.
        assert ended == gone, about
    else:
        assert (*ended, call.ended_leg) == (S.COMPLETED, R.HUNG_UP, EndedLeg.B), about
        assert at_b[0].confirmed is not None, about

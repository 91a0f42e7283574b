"""Real calls while the AMI link is cut, held up and slowed down at random moments; seeded.

A lane is one engine with its own database and its own way to Asterisk. It clicks a few calls, its
link suffers one fault, and then every call has to be what its phones saw: soon after the link is
back while the call goes on, and at its end.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from engine.click_to_call.models import Call, CallStatus, PlaceCall
from engine.errors import PeerUnavailable
from engine.simulators.asterisk import PrivateAsterisk
from tests.e2e.calls.agreement import check_phones, check_records, status_at_phones
from tests.e2e.calls.link_proxy import LinkProxy
from tests.e2e.calls.office import Office, new_office_file, open_office
from tests.e2e.calls.quick_phones import Line, QuickPhone, QuickPhones
from tests.e2e.calls.records import CallRecords

CALLS_A_FAULT = 3
#: Promised: this long after the link is back, what is shown is so.
RIGHT_WITHIN_S = 10.0
# A link is given up after two of these; the real ones are ten seconds, which would take hours here.
_PING_S = 0.6
FAULTS = ("reset", "closed", "before originate", "after originate", "held and cut", "held", "slow")


@dataclass
class Script:
    """What happens on the phones of one call. Times in seconds; None: not until somebody ends it."""

    number: str
    a_rings_s: float
    a_code: int  # 200 answers
    b_rings_s: float
    b_code: int
    talk_s: float | None
    who_hangs_up: str
    cancel_after_s: float | None

    @classmethod
    def drawn(cls, chance: random.Random, number: str) -> Script:
        return cls(
            number,
            a_rings_s=chance.uniform(0, 0.6),
            a_code=chance.choices((200, 486, 603), (8, 1, 1))[0],
            b_rings_s=chance.uniform(0, 0.8),
            b_code=chance.choices((200, 486, 603, 404, 503), (8, 1, 1, 1, 1))[0],
            talk_s=chance.choice((None, None, chance.uniform(0.1, 2.0))),
            who_hangs_up=chance.choice("ab"),
            cancel_after_s=chance.choices((None, chance.uniform(0, 2.0)), (4, 1))[0],
        )


@dataclass
class Stage:
    """The phones of all lanes: Anna's, and a carrier's, which know each call by its number."""

    anna: QuickPhone
    carrier: QuickPhone
    records: CallRecords
    scripts: dict[str, Script]

    @classmethod
    @asynccontextmanager
    async def on(cls, asterisk: PrivateAsterisk) -> AsyncIterator[Stage]:
        scripts: dict[str, Script] = {}
        async with QuickPhones(asterisk) as phones, CallRecords.of(asterisk) as records:
            anna = await phones.take("1001", lambda line: _play_a(line, scripts[line.shown]))
            carrier = await phones.take("carrier", lambda line: _play_b(line, scripts[line.dialed], anna))
            yield cls(anna, carrier, records, scripts)

    def lines(self, number: str) -> tuple[list[Line], list[Line]]:
        """Both phones' lines of the call to that number; one call, one number."""
        return self.anna.rung(number), self.carrier.rung(number)

    def said(self, number: str) -> list[str]:
        return [str(line) for lines in self.lines(number) for line in lines]

    def forget(self, number: str) -> None:
        for phone in (self.anna, self.carrier):
            phone.forget(number)


#: A machine that stands still for so long has a cut that is due go before what happened earlier.
_STANDS_STILL_S = 1.5


@dataclass
class Outage:
    """When the engine may not have known: time.monotonic() of both ends."""

    began: float
    ended: float = field(default=float("inf"))

    def covers(self, moment: float, slack_s: float = 0.25) -> bool:
        # What is read in the instant of a cut may or may not have been handed on.
        return self.began - slack_s <= moment <= self.ended + slack_s


@dataclass
class Lane:
    """One engine under fault after fault. told: what each round did, for whoever reads a failure."""

    office: Office
    proxy: LinkProxy
    stage: Stage
    chance: random.Random
    numbers: Callable[[], str]
    told: list[str] = field(default_factory=list)
    calls: int = 0
    unknown: int = 0
    _kinds: list[str] = field(default_factory=list)

    async def suffer(self) -> None:
        """One fault and the calls around it. Raises AssertionError with all that was seen."""
        kind = self._next_kind()
        scripts = [Script.drawn(self.chance, self.numbers()) for _ in range(CALLS_A_FAULT)]
        at_s, down_s = self.chance.uniform(0, 1.6), self.chance.choice((0.0, self.chance.uniform(0, 1.5)))
        self.told.append(f"{kind} at {at_s:.3f} s for {down_s:.3f} s, {scripts}")
        async with asyncio.TaskGroup() as group:
            clicks = [group.create_task(self._click(script)) for script in scripts]
            outage = group.create_task(self._break(kind, at_s, down_s))
        placed = {click.result().id: click.result() for click in clicks if click.result() is not None}
        calls = [(placed[id], script) for id, script in zip(placed, _placed(scripts, clicks), strict=True)]
        for script, click in zip(scripts, clicks, strict=True):
            if click.result() is None:
                assert self.stage.lines(script.number) == ([], []), f"refused, yet it rang: {script}"
        await self._check_live(calls, outage.result())
        await self._finish(calls)
        for call, script in calls:
            await self._check_end(await self.office.now(call), script, outage.result())
            self.stage.forget(script.number)
        self.calls += len(calls)

    def _next_kind(self) -> str:
        """All in turn, each time in another order."""
        if not self._kinds:
            self._kinds = self.chance.sample(FAULTS, len(FAULTS))
        return self._kinds.pop()

    async def _click(self, script: Script) -> Call | None:
        """The call, or None when it was refused because the link is down."""
        await asyncio.sleep(self.chance.uniform(0, 0.8))
        self.stage.scripts[script.number] = script
        try:
            call = await self.office.click(
                PlaceCall(to=script.number, leg_a_timeout_s=20, leg_b_timeout_s=20)
            )
        except PeerUnavailable:
            return None
        if script.cancel_after_s is not None:
            await asyncio.sleep(script.cancel_after_s)
            await self.office.cancel(call)
        return call

    async def _break(self, kind: str, at_s: float, down_s: float) -> Outage:
        """Do it, undo it, and wait until the engine has a link again."""
        proxy = self.proxy
        if kind in ("before originate", "after originate"):
            proxy.trap = kind.partition(" ")[0]
            async with asyncio.timeout(15):
                while proxy.trap is not None:  # noqa: ASYNC110 - the next click springs it
                    await asyncio.sleep(0.002)
            outage = Outage(time.monotonic())
        else:
            await asyncio.sleep(at_s)
            outage = Outage(time.monotonic())
            if kind == "slow":
                proxy.delay_s = self.chance.uniform(0.02, 0.3)
            elif kind.startswith("held"):
                proxy.hold()
        proxy.open = down_s == 0
        if kind in ("reset", "closed"):
            proxy.cut(reset=kind == "reset")
        await asyncio.sleep(down_s)
        if kind == "held":
            await asyncio.sleep(self.chance.uniform(0, 2 * _PING_S))
            proxy.release()
        elif kind == "held and cut":
            await asyncio.sleep(0.2)
            proxy.cut()
        proxy.delay_s = 0
        proxy.open = True
        await asyncio.sleep(
            0.3 if kind == "slow" else 0.05
        )  # what is on the way arrives; the loss is noticed
        await self.office.linked()
        outage.ended = time.monotonic()
        return outage

    # What must be so

    async def _check_live(self, calls: Sequence[tuple[Call, Script]], outage: Outage) -> None:
        """Soon after the link is back each call is shown as its phones have it."""
        deadline = outage.ended + RIGHT_WITHIN_S
        wrong = list(calls)
        while wrong:
            shown = {call.id: (await self.office.now(call)).status for call, _ in wrong}
            wrong = [
                (call, script)
                for call, script in wrong
                if not _is_so(shown[call.id], status_at_phones(*self.stage.lines(script.number)))
            ]
            if not wrong:
                return
            assert time.monotonic() < deadline, [
                (shown[call.id], script, self.stage.said(script.number)) for call, script in wrong
            ]
            await asyncio.sleep(0.1)

    async def _finish(self, calls: Sequence[tuple[Call, Script]]) -> None:
        """Everybody who talks hangs up, now or when they come to talk; every call comes to its end."""
        deadline = time.monotonic() + RIGHT_WITHIN_S + 5
        while waiting := [(call, script) for call, script in calls if not self.office.is_over(call)]:
            for _, script in waiting:
                for line in self.stage.lines(script.number)[script.who_hangs_up == "b"]:
                    if line.confirmed is not None:
                        line.hang_up()
            assert time.monotonic() < deadline, [
                (self.office.history[call.id], script, self.stage.said(script.number))
                for call, script in waiting
            ]
            await asyncio.sleep(0.05)

    async def _check_end(self, call: Call, script: Script, outage: Outage) -> None:
        at_a, at_b = self.stage.lines(script.number)
        for line in [*at_a, *at_b]:  # the engine may have heard first
            await line.until(lambda line: line.ended, within_s=10)
        blind = _happened(at_a, at_b, outage)
        check_phones(call, at_a, at_b, blind=blind)
        if call.status is CallStatus.UNKNOWN:
            self.unknown += 1
            lasts = [line.ended for line in [*at_a, *at_b] if line.ended is not None]
            assert not lasts or any(outage.covers(moment, _STANDS_STILL_S) for moment in lasts), (
                f"unknown, though its end was to be seen: {call} {outage} {[str(x) for x in [*at_a, *at_b]]}"
            )
            return
        said = await self.stage.records.until(call.channel_id, lambda said: bool(said), 10.0 if at_a else 0)
        check_records(call, said, blind=blind)


@asynccontextmanager
async def lanes(
    asterisk: PrivateAsterisk, empty_database: Path, folder: Path, count: int, seed: int
) -> AsyncIterator[list[Lane]]:
    """Engines side by side on one Asterisk."""
    serial = iter(range(10_000, 10_000_000))

    def number() -> str:
        at = next(serial)
        return f"+1202{500 + at // 10_000 % 400:03d}{at % 10_000:04d}"

    async with AsyncExitStack() as stack:
        stage = await stack.enter_async_context(Stage.on(asterisk))
        made = []
        for index in range(count):
            file = folder / f"lane{index}.db"
            await new_office_file(asterisk, empty_database, file)
            proxy = await stack.enter_async_context(LinkProxy(asterisk.ami_port).running())
            office = await stack.enter_async_context(
                open_office(
                    asterisk,
                    file,
                    ami_port=proxy.port,
                    ping_every_s=_PING_S,
                    answer_timeout_s=2.0,
                    reconnect_min_s=0.02,
                    reconnect_max_s=0.2,
                )
            )
            made.append(Lane(office, proxy, stage, random.Random(seed * 1000 + index), number))
        yield made


def _play_a(line: Line, script: Script) -> None:
    _play(line, script.a_rings_s, script.a_code)


def _play_b(line: Line, script: Script, anna: QuickPhone) -> None:
    _play(line, script.b_rings_s, script.b_code)
    if script.talk_s is not None and script.b_code == 200:

        def hang_up() -> None:
            for ending in [line] if script.who_hangs_up == "b" else anna.rung(script.number):
                ending.hang_up()

        asyncio.get_running_loop().call_later(script.b_rings_s + script.talk_s, hang_up)


def _play(line: Line, rings_s: float, code: int) -> None:
    line.ring()
    act = line.answer if code == 200 else lambda: line.refuse(code)
    asyncio.get_running_loop().call_later(rings_s, act)


def _placed(scripts: Sequence[Script], clicks: Sequence[asyncio.Task[Call | None]]) -> list[Script]:
    return [script for script, click in zip(scripts, clicks, strict=True) if click.result() is not None]


def _is_so(shown: CallStatus, at_phones: CallStatus | None) -> bool:
    """at_phones None: nobody is on the phone, so the call is over or never began."""
    return shown.final if at_phones is None else shown is at_phones


def _happened(at_a: Sequence[Line], at_b: Sequence[Line], outage: Outage) -> bool:
    """Whether anything of a call took place while the engine could not see it."""
    moments = [
        moment
        for line in [*at_a, *at_b]
        for moment in (line.began, line.rang, line.answered, line.confirmed, line.ended)
        if moment is not None
    ]
    return not moments or any(outage.covers(moment) for moment in moments)

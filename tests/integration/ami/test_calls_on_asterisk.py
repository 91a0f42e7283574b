"""Link and tracker against a real Asterisk with real phones: every flow, and how calls fail."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from engine.ami.actions import Flow, OriginateRequest, Prompt
from engine.ami.client import AmiClient, LinkFacts
from engine.ami.settings import AmiSettings
from engine.ami.tracker import CallFact, FactKind, LegResult, Tracker
from engine.clock import SystemClock
from engine.errors import EngineError, PeerRejected
from engine.ids import new_id
from engine.simulators.asterisk import PrivateAsterisk
from engine.sip.phones import Policy
from tests.peers.asterisk import Shelf

pytestmark = pytest.mark.asterisk

# Beyond this a person would have noticed; the slowest here, an ignored prompt, takes seven seconds.
WITHIN_S = 20


class Engine:
    """The least that uses both as the engine does: watch, originate, resync after every link_up."""

    def __init__(self, asterisk: PrivateAsterisk, **settings: Any) -> None:
        self.clock = SystemClock()
        self.tracker = Tracker()
        self.tracker.begin_resync(self.now())
        self.facts: list[CallFact] = []
        self.client = AmiClient(
            AmiSettings(
                name="test",
                host=asterisk.host,
                port=asterisk.ami_port,
                username=asterisk.ami_username,
                secret=asterisk.ami_secret,
                reconnect_min_s=0.05,
                reconnect_max_s=0.1,
                **settings,
            ),
            self,
            self.clock,
        )
        self.ups = 0
        self._news = asyncio.Event()
        self._tasks: asyncio.TaskGroup | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Engine]:
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            run = tasks.create_task(self.client.run())
            try:
                await self._until(lambda: self.ups == 1)
                yield self
            finally:
                await self.client.stop()
                await run

    def now(self) -> float:
        return self.clock.monotonic()

    def events(self, pbx: str, events: Sequence[Mapping[str, str]]) -> None:
        for event in events:
            self._learn(self.tracker.apply(event, self.now()))

    def link_up(self, pbx: str, facts: LinkFacts) -> None:
        assert self._tasks is not None
        self._tasks.create_task(self._resync())

    def link_down(self, pbx: str, reason: EngineError) -> None:
        self.tracker.begin_resync(self.now())

    async def _resync(self) -> None:
        self._learn(self.tracker.resync(await self.client.channels(), self.now()))
        self.ups += 1
        self._news.set()

    def _learn(self, facts: list[CallFact]) -> None:
        self.facts += facts
        self._news.set()

    async def place(self, exten: str, *, endpoint: str = "1001", device: bool = True, **options: Any) -> str:
        channel_id = f"c2c-{new_id('call')}"
        options = {"timeout_ms": 10_000, "context": PrivateAsterisk.dial_context, **options}
        request = OriginateRequest(
            channel_id=channel_id,
            call_id=channel_id.removeprefix("c2c-"),
            endpoint=endpoint,
            exten=exten,
            caller_number="1001",
            caller_name='Anna "A", Zoë',
            destination_number=exten,
            destination_name="Bob; <B>",
            **options,
        )
        self.tracker.watch(channel_id, device, options["timeout_ms"], self.now())
        await self.client.originate(request)
        return channel_id

    async def until(self, kind: FactKind, leg: str | None = None) -> CallFact:
        def found() -> CallFact | None:
            return next((f for f in self.facts if f.kind is kind and leg in (None, f.leg)), None)

        await self._until(lambda: found() is not None)
        fact = found()
        assert fact is not None
        return fact

    async def _until(self, true: Any) -> None:
        try:
            async with asyncio.timeout(WITHIN_S):
                while not true():
                    self._news.clear()
                    due = self.tracker.next_deadline()
                    pause_s = 5.0 if due is None else max(due - self.now(), 0)
                    try:
                        async with asyncio.timeout(pause_s):
                            await self._news.wait()
                    except TimeoutError:
                        self._learn(self.tracker.tick(self.now()))
        except TimeoutError:
            raise AssertionError(f"only: {self.facts}") from None

    def result(self, leg: str) -> tuple[LegResult | None, int | None, int | None]:
        ended = [f for f in self.facts if f.kind is FactKind.LEG_ENDED and f.leg == leg]
        assert len(ended) <= 1
        return (ended[0].result, ended[0].cause, ended[0].sip_code) if ended else (None, None, None)

    def kinds(self) -> list[str]:
        return [f"{fact.kind}/{fact.leg}" if fact.leg else str(fact.kind) for fact in self.facts]


@pytest.fixture
async def engine(asterisk: PrivateAsterisk) -> AsyncIterator[Engine]:
    async with Engine(asterisk).running() as running:
        yield running


async def test_call_is_answered_connected_and_ended_by_the_destination(engine: Engine, phones: Shelf) -> None:
    await phones.take("1001", Policy.answer(0.1))
    bob = await phones.take("1002", Policy.answer(0.2))
    await engine.place("1002")
    await engine.until(FactKind.CONNECTED)
    await bob.hang_up()
    over = await engine.until(FactKind.CALL_ENDED)
    # Asterisk tells of a dial after it has begun: the phone's ringing may overtake it.
    assert [kind for kind in engine.kinds() if not kind.startswith("leg_dialing")][:6] == [
        *("leg_created/a", "leg_ringing/a", "leg_answered/a"),
        *("leg_ringing/b", "leg_answered/b", "connected"),
    ]
    assert over.ended_first == "b"
    assert engine.result("a")[0] == engine.result("b")[0] == LegResult.ANSWERED


async def test_each_side_sees_the_other_with_every_character(engine: Engine, phones: Shelf) -> None:
    anna = await phones.take("1001", Policy.answer(0.1))
    bob = await phones.take("1002", Policy.answer(0.1))
    await engine.place("1002")
    await engine.until(FactKind.CONNECTED)
    assert '"Bob; <B>" <sip:1002@' in anna.invite["from"]
    assert '"Anna \\"A\\", Zoë" <sip:1001@' in bob.invite["from"]


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (Policy.reject(486), (LegResult.BUSY, 17, 486)),
        (Policy.reject(603), (LegResult.REJECTED, 21, 603)),
        (Policy.reject(480), (LegResult.NO_ANSWER, 19, 480)),
    ],
)
@pytest.mark.parametrize("leg", ["a", "b"])
async def test_phone_that_refuses(
    engine: Engine, phones: Shelf, leg: str, policy: Policy, expected: tuple[LegResult, int, int]
) -> None:
    await phones.take("1001", policy if leg == "a" else Policy.answer())
    await phones.take("1002", policy)
    await engine.place("1002")
    over = await engine.until(FactKind.CALL_ENDED)
    assert engine.result(leg) == expected
    assert over.ended_first == leg
    assert FactKind.CONNECTED not in [fact.kind for fact in engine.facts]


async def test_nobody_answers_on_leg_a(engine: Engine, phones: Shelf) -> None:
    await phones.take("1001", Policy.ring())
    await engine.place("1002", timeout_ms=1000)
    await engine.until(FactKind.CALL_ENDED)
    assert engine.result("a")[0] is LegResult.NO_ANSWER


async def test_nobody_answers_on_leg_b(engine: Engine, phones: Shelf) -> None:
    await phones.take("1001", Policy.answer())
    await phones.take("1002", Policy.ring())
    await engine.place("1002")
    await engine.until(FactKind.CALL_ENDED)
    assert engine.result("b")[0] is LegResult.NO_ANSWER


@pytest.mark.parametrize("endpoint", ["1006", "nobody"])
async def test_user_without_a_registered_phone(engine: Engine, endpoint: str) -> None:
    await engine.place("1002", endpoint=endpoint)
    await engine.until(FactKind.CALL_ENDED)
    refused = await engine.until(FactKind.ORIGINATE_REFUSED)
    assert refused.result is LegResult.UNREACHABLE


@pytest.mark.parametrize("flow", [Flow.ALL_DEVICES, Flow.ACCEPT_PROMPT])
async def test_user_without_any_registered_phone(engine: Engine, flow: Flow) -> None:
    await engine.place("1002", endpoint="1006", flow=flow)
    await engine.until(FactKind.CALL_ENDED)
    assert engine.result("a")[:2] == (LegResult.UNREACHABLE, 20)


async def test_destination_without_a_registered_phone(engine: Engine, phones: Shelf) -> None:
    await phones.take("1001", Policy.answer())
    await engine.place("1006")
    await engine.until(FactKind.CALL_ENDED)
    assert engine.result("b")[0] is LegResult.UNREACHABLE


async def test_outside_number_that_does_not_exist(engine: Engine, phones: Shelf) -> None:
    await phones.take("1001", Policy.answer())
    await phones.take_carrier(Policy.reject(404))
    await engine.place("+4930123456", device=False)
    await engine.until(FactKind.CALL_ENDED)
    assert engine.result("b") == (LegResult.INVALID_NUMBER, 1, 404)


async def test_barred_outside_number(engine: Engine, phones: Shelf) -> None:
    await phones.take("1001", Policy.answer())
    await phones.take_carrier(Policy.reject(403))
    await engine.place("+4930123456", device=False)
    await engine.until(FactKind.CALL_ENDED)
    assert engine.result("b") == (LegResult.FORBIDDEN, 21, 403)


@pytest.mark.every_asterisk
@pytest.mark.parametrize(
    ("exten", "options"),
    [("9999", {}), ("1002", {"context": "nowhere"})],
    ids=["extension", "context"],
)
async def test_unknown_extension_or_context_rings_nobody(
    engine: Engine, phones: Shelf, exten: str, options: dict[str, str]
) -> None:
    anna = await phones.take("1001", Policy.answer())
    with pytest.raises(PeerRejected) as error:
        await engine.place(exten, **options)
    assert error.value.code == "no_such_extension"
    assert anna.count("incoming") == 0


async def test_auto_answer_lifts_the_receiver(engine: Engine, phones: Shelf) -> None:
    await phones.take("1001", Policy.ring(auto_answer=True))
    await phones.take("1002", Policy.answer())
    await engine.place("1002", auto_answer=True)
    await engine.until(FactKind.CONNECTED)


async def test_all_devices_ring_and_one_answers(engine: Engine, phones: Shelf) -> None:
    first = await phones.take("1001", Policy.ring())
    second = await phones.take("1001", Policy.answer(0.3))
    await phones.take("1002", Policy.answer())
    channel_id = await engine.place("1002", flow=Flow.ALL_DEVICES)
    connected = await engine.until(FactKind.CONNECTED)
    await first.wait_for("ended")
    assert first.count("incoming") == second.count("incoming") == 1
    assert connected.channel_id == channel_id
    assert FactKind.PROMPTING not in [fact.kind for fact in engine.facts]
    await second.hang_up()
    over = await engine.until(FactKind.CALL_ENDED)
    assert over.ended_first == "a"
    assert engine.result("a")[0] == engine.result("b")[0] == LegResult.ANSWERED


async def test_all_devices_where_each_is_busy(engine: Engine, phones: Shelf) -> None:
    await phones.take("1001", Policy.reject(486))
    await phones.take("1001", Policy.reject(486))
    await engine.place("1002", flow=Flow.ALL_DEVICES)
    await engine.until(FactKind.CALL_ENDED)
    assert engine.result("a") == (LegResult.BUSY, 17, 486)


@pytest.mark.parametrize(("prompt", "digit"), [(Prompt.PRESS_1, "1"), (Prompt.PRESS_ANY, "7")])
async def test_accepted_prompt_dials_the_destination(
    engine: Engine, phones: Shelf, prompt: Prompt, digit: str
) -> None:
    anna = await phones.take("1001", Policy.answer())
    bob = await phones.take("1002", Policy.answer())
    await engine.place("1002", flow=Flow.ACCEPT_PROMPT, prompt=prompt)
    await engine.until(FactKind.PROMPTING)
    await anna.wait_for("sound")
    assert bob.count("incoming") == 0
    assert "leg_answered/a" not in engine.kinds()
    for _ in range(20):  # a digit pressed before the prompt listens is lost, on real phones too
        await anna.send_dtmf(digit)
        await asyncio.sleep(0.3)
        if "leg_answered/a" in engine.kinds():
            break
    await engine.until(FactKind.CONNECTED)
    kinds = engine.kinds()
    assert kinds.index("prompting/a") < kinds.index("leg_answered/a") < kinds.index("leg_dialing/b")


async def test_ignored_prompt_never_dials_the_destination(engine: Engine, phones: Shelf) -> None:
    await phones.take("1001", Policy.answer())  # as a mobile's voicemail does
    bob = await phones.take("1002", Policy.answer())
    await engine.place("1002", flow=Flow.ACCEPT_PROMPT)
    await engine.until(FactKind.CALL_ENDED)
    assert engine.result("a")[:2] == (LegResult.REJECTED, 21)
    assert bob.count("incoming") == 0


@pytest.mark.parametrize("flow", list(Flow))
async def test_cancel_while_the_user_rings(engine: Engine, phones: Shelf, flow: Flow) -> None:
    anna = await phones.take("1001", Policy.ring())
    channel_id = await engine.place("1002", flow=flow)
    await engine.until(FactKind.LEG_RINGING, "a")
    assert await engine.client.hangup(channel_id)
    await engine.until(FactKind.CALL_ENDED)
    await anna.wait_for("ended")
    assert engine.result("a")[0] is LegResult.CANCELED
    assert not await engine.client.hangup(channel_id)


async def test_hangup_of_a_connected_call_ends_both_phones(engine: Engine, phones: Shelf) -> None:
    anna = await phones.take("1001", Policy.answer())
    bob = await phones.take("1002", Policy.answer())
    channel_id = await engine.place("1002")
    await engine.until(FactKind.CONNECTED)
    assert await engine.client.hangup(channel_id)
    await engine.until(FactKind.CALL_ENDED)
    await anna.wait_for("ended")
    await bob.wait_for("ended")


async def test_call_survives_a_lost_link_and_its_end_is_seen(engine: Engine, phones: Shelf) -> None:
    await phones.take("1001", Policy.answer())
    bob = await phones.take("1002", Policy.answer())
    await engine.place("1002")
    await engine.until(FactKind.CONNECTED)
    await cut(engine)
    assert FactKind.CALL_ENDED not in [fact.kind for fact in engine.facts]
    await bob.hang_up()
    over = await engine.until(FactKind.CALL_ENDED)
    assert over.ended_first == "b"


async def test_answer_and_connection_missed_are_learnt_afterwards(engine: Engine, phones: Shelf) -> None:
    anna = await phones.take("1001", Policy.ring())
    await phones.take("1002", Policy.answer())
    await engine.place("1002")
    await engine.until(FactKind.LEG_RINGING, "a")

    async def meanwhile() -> None:
        await anna.answer()
        await anna.wait_for("sound")
        await asyncio.sleep(0.3)

    await cut(engine, meanwhile)
    await engine.until(FactKind.CONNECTED)
    kinds = engine.kinds()
    assert kinds.index("leg_answered/a") < kinds.index("leg_answered/b") < kinds.index("connected")


@pytest.mark.parametrize("flow", [Flow.DIRECT, Flow.ALL_DEVICES])
async def test_end_missed_is_noticed_after_the_grace_period(
    engine: Engine, phones: Shelf, flow: Flow
) -> None:
    anna = await phones.take("1001", Policy.answer())
    bob = await phones.take("1002", Policy.answer())
    await engine.place("1002", flow=flow)
    await engine.until(FactKind.CONNECTED)

    async def over_unseen() -> None:
        await bob.hang_up()
        await anna.wait_for("ended")

    await cut(engine, over_unseen)
    over = await engine.until(FactKind.CALL_ENDED)
    assert over.ended_first is None
    assert engine.result("a") == engine.result("b") == (LegResult.ANSWERED, None, None)


async def cut(engine: Engine, meanwhile: Any = None) -> None:
    """Lose the link, let something happen unseen, and wait until the engine has caught up."""
    ups, client = engine.ups, engine.client
    protocol = client._protocol
    assert protocol is not None
    if meanwhile is not None:
        protocol.transport.pause_reading()
        await meanwhile()
        await asyncio.sleep(0.5)
    protocol.transport.abort()
    await engine._until(lambda: engine.ups == ups + 1)


async def test_shipped_account_is_not_too_powerful(engine: Engine) -> None:
    assert engine.client.connected
    facts = engine.client.status().facts
    assert facts is not None
    assert facts.asterisk_version
    assert facts.started
    assert await engine.client.channels() == []


async def test_wrong_secret_is_named(asterisk: PrivateAsterisk) -> None:
    engine = Engine(asterisk)
    settings = engine.client._settings
    wrong = AmiSettings(
        name="test", host=settings.host, port=settings.port, username=settings.username, secret="wrong"
    )
    client = AmiClient(wrong, engine, SystemClock())
    async with asyncio.TaskGroup() as tasks:
        run = tasks.create_task(client.run())
        async with asyncio.timeout(15):
            while client.status().error_code != "pbx_login_refused":  # noqa: ASYNC110 - no event for it
                await asyncio.sleep(0.02)
        await client.stop()
        await run

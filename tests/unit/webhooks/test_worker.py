"""One webhook at work, with a store and a receiver that do as they are told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest

from engine.accounts.models import Principal
from engine.errors import StorageUnavailable
from engine.events import Event
from engine.outbound import TIME_LIMIT_S, Answer
from engine.sealing import Sealer
from engine.webhooks import worker as worker_module
from engine.webhooks.models import Delivery, DeliveryState, Progress, Webhook, Work
from engine.webhooks.sending import Sender, purpose
from engine.webhooks.settings import WebhookSettings
from engine.webhooks.worker import Tally, Worker

KEY, OTHER_KEY = b"k" * 32, b"o" * 32


class Clock:
    ms = 1_800_000_000_000

    def now_ms(self) -> int:
        return self.ms

    def monotonic(self) -> float:
        return self.ms / 1000


def a_webhook() -> Webhook:
    return Webhook(
        id="wh_1",
        domain_id="dom_1",
        url="https://example.com/hook",
        description="",
        event_types=(),
        enabled=True,
        disabled_because=None,
        secret=Sealer(KEY).seal(b"s" * 32, purpose("wh_1")),
        created_by="key_1",
        created_ms=0,
        updated_ms=0,
        seq=0,
    )


@dataclass
class Store:
    """Events and what was kept. fails: calls that fail before anything works again."""

    webhook: Webhook = field(default_factory=a_webhook)
    events: list[Event] = field(default_factory=list)
    kept: dict[int, Delivery] = field(default_factory=dict)
    seq: int = 0
    fails: int = 0
    there: bool = True
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def enabled(self) -> Sequence[Webhook]:
        return [self.webhook]

    async def work(
        self,
        webhook_id: str,
        *,
        after: int,
        limit: int,
        due_ms: int,
        due_limit: int,
        besides: Collection[str],
    ) -> Work | None:
        self._maybe_fail()
        if not self.there:
            return None
        found = [one for one in self.events if one.seq > after][:limit]
        waiting = [
            one for one in self.kept.values() if one.state is DeliveryState.WAITING and one.id not in besides
        ]
        due = [one for one in waiting if (one.next_attempt_ms or 0) <= due_ms][:due_limit]
        return Work(self.webhook, True, found, due, None, len(found) >= limit)

    async def keep(self, progress: Progress) -> bool:
        self._maybe_fail()
        self.seq = progress.seq
        self.kept.update({one.event.seq: one for one in progress.deliveries})
        async with self._changed:
            self._changed.notify_all()
        return self.there

    async def trim(self, delivered_before_ms: int, dead_before_ms: int) -> int:
        return 0

    async def until(self, *seqs: int, state: DeliveryState = DeliveryState.DELIVERED) -> None:
        async with asyncio.timeout(60), self._changed:
            await self._changed.wait_for(
                lambda: all(seq in self.kept and self.kept[seq].state is state for seq in seqs)
            )

    def _maybe_fail(self) -> None:
        if self.fails:
            self.fails -= 1
            raise StorageUnavailable("The disk is full.")


@dataclass
class Receiver:
    status: int = 204
    got: list[str] = field(default_factory=list)

    async def post(
        self, url: str, body: bytes, headers: Mapping[str, str], *, time_limit_s: float = TIME_LIMIT_S
    ) -> Answer:
        self.got.append(headers["Webhook-Id"])
        await asyncio.sleep(0)
        return Answer(self.status, b"", True, None)


class Frames:
    def may_see(self, reader: Principal, event: Event) -> bool:
        return True

    async def bodies(self, events: Sequence[Event], reader: Principal, *, content: bool) -> Sequence[bytes]:
        return [b"{}" for _ in events]


class News:
    async def wait(self) -> None:
        await asyncio.Event().wait()

    def close(self) -> None: ...


@dataclass
class Bench:
    store: Store
    receiver: Receiver
    clock: Clock
    worker: Worker
    running: asyncio.Task[None]


@asynccontextmanager
async def at_work(store: Store, *, key: bytes = KEY) -> AsyncIterator[Bench]:
    receiver, clock = Receiver(), Clock()
    sender = Sender(receiver, Sealer(key), clock)
    worker = Worker(
        store.webhook, store, sender, Frames(), lambda stream: News(), WebhookSettings(), clock, Tally()
    )
    running = asyncio.create_task(worker.run())
    try:
        yield Bench(store, receiver, clock, worker, running)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0)


def events(count: int) -> list[Event]:
    return [Event("dom_1", seq, "call.updated", f"call_{seq}", {}, 0) for seq in range(1, count + 1)]


async def test_more_than_fits_at_once_is_sent_all_the_same() -> None:
    async with at_work(Store(events=events(450))) as bench:
        await bench.store.until(*range(1, 451))
        assert bench.receiver.got == [f"dom_1:{seq}" for seq in range(1, 451)]
        assert bench.store.seq == 450


@pytest.mark.parametrize("fails", [1, 2])
async def test_what_was_answered_while_the_database_was_away_is_kept_later_and_not_sent_twice(
    fails: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_module, "_AFTER_TROUBLE_S", 0.0)
    store = Store(events=events(3))
    async with at_work(store) as bench:
        await store.until(1, 2, 3)
        store.events += [replace(one, seq=one.seq + 3, subject=f"{one.subject}b") for one in events(2)]
        bench.worker.look()
        await until(lambda: len(bench.receiver.got) == 5)
        store.fails = fails
        await store.until(4, 5)
        assert sorted(bench.receiver.got) == [f"dom_1:{seq}" for seq in range(1, 6)]


async def test_without_its_secret_nothing_goes_out_and_nothing_is_lost() -> None:
    store = Store(events=events(2))
    async with at_work(store, key=OTHER_KEY) as bench:
        await until(lambda: bench.worker.paused)
        assert (bench.receiver.got, store.kept, store.seq) == ([], {}, 0)
        assert not bench.running.done()


async def test_a_failure_is_tried_again_when_its_time_has_come() -> None:
    store = Store(events=events(1))
    async with at_work(store) as bench:
        bench.receiver.status = 500
        await store.until(1, state=DeliveryState.WAITING)
        bench.worker.look()
        await asyncio.sleep(0)
        assert len(bench.receiver.got) == 1
        bench.receiver.status = 204
        bench.clock.ms += 7_000
        bench.worker.look()
        await store.until(1)
        assert bench.receiver.got == ["dom_1:1", "dom_1:1"]
        assert store.kept[1].attempts == 2


async def test_it_ends_when_its_webhook_is_disabled_or_gone() -> None:
    store = Store(events=events(1))
    async with at_work(store) as bench:
        await store.until(1)
        store.there = False
        bench.worker.look()
        async with asyncio.timeout(60):
            await bench.running


async def test_gone_is_kept_with_what_it_answered() -> None:
    store = Store(events=events(1))
    async with at_work(store) as bench:
        bench.receiver.status = 410
        await store.until(1, state=DeliveryState.DEAD)
        async with asyncio.timeout(60):
            await bench.running
        assert bench.worker.lane.disable == "gone"


async def test_stopped_it_keeps_what_was_answered() -> None:
    store = Store(events=events(2))
    async with at_work(store) as bench:
        await until(lambda: len(bench.receiver.got) == 2)
    answered = {f"dom_1:{seq}" for seq in store.kept}
    assert answered <= {"dom_1:1", "dom_1:2"}
    assert store.seq == len(store.kept)

"""The outbox against a carrier and a store that do exactly what the test says."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace

import pytest

from engine.errors import StorageUnavailable
from engine.messaging.models import DeliveryClass, SegmentStatus
from engine.messaging.outbox import Outbox
from engine.messaging.ports import (
    AnswerKind,
    Intent,
    OutboundSegment,
    Outcome,
    Refusal,
    SegmentAnswer,
    SegmentJob,
    SegmentKey,
    Slot,
)
from engine.messaging.settings import MessagingSettings


@dataclass
class Clock:
    """ms: what has passed. set_ms: how far somebody has set the clock on the wall."""

    ms: int = 1_000_000
    set_ms: int = 0

    def now_ms(self) -> int:
        return self.ms + self.set_ms

    def monotonic(self) -> float:
        return self.ms / 1000


@dataclass(frozen=True)
class Place:
    number: int
    bind: str = "carrier/1"
    session_id: str = "s1"


@dataclass
class Carrier:
    """room slots, and a list of what was written."""

    room: int = 10
    alive: bool = True
    name: str = "carrier"
    written: list[SegmentKey] = field(default_factory=list)
    jobs: list[SegmentJob] = field(default_factory=list)
    taken: int = 0

    def reserve(self) -> Slot | None:
        if self.taken >= self.room:
            return None
        self.taken += 1
        return Place(self.taken)

    def release(self, slot: Slot) -> None:
        self.taken -= 1

    def submit(self, slot: Slot, job: SegmentJob) -> bool:
        if not self.alive:
            return False
        self.written.append(job.key)
        self.jobs.append(job)
        return True

    def refusal(self, command_status: int) -> Refusal:
        if command_status == 0x58:
            return Refusal("carrier_throttled", "Too fast.", True, 0.0, 0)
        if command_status == 0x08:
            return Refusal("carrier_temporary_failure", "Not now.", True, 30.0, 3)
        return Refusal("invalid_destination", "No such number.", False, 0.0, 1)

    def smsc_key(self, smsc_id: str) -> str:
        return smsc_id.lower()


@dataclass
class Store:
    """Keeps what it is told; commits when the test says so, unless `at_once`."""

    at_once: bool = True
    broken: bool = False
    intents: list[Intent] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    on_disk: list[SegmentJob] = field(default_factory=list)
    requeued: list[SegmentKey] = field(default_factory=list)
    settled: set[SegmentKey] = field(default_factory=set)
    pending: list[Callable[[BaseException | None], None]] = field(default_factory=list)
    reading: asyncio.Event | None = None

    def record_intents(
        self, intents: Sequence[Intent], done: Callable[[Collection[SegmentKey] | BaseException], None]
    ) -> None:
        if self.broken:
            raise StorageUnavailable("full")
        self.intents += intents
        self._finish(lambda error: done(self.settled if error is None else error))

    def record_outcomes(
        self, outcomes: Sequence[Outcome], done: Callable[[BaseException | None], None]
    ) -> None:
        if self.broken:
            raise StorageUnavailable("full")
        self.outcomes += outcomes
        self._finish(done)

    def _finish(self, done: Callable[[BaseException | None], None]) -> None:
        if self.at_once:
            done(None)
        else:
            self.pending.append(done)

    def commit(self, error: BaseException | None = None) -> None:
        pending, self.pending = self.pending, []
        for done in pending:
            done(error)

    async def recover(self, carrier: str, again_ms: int) -> int:
        return 0

    async def requeue_unsent(self, keys: Sequence[SegmentKey]) -> None:
        self.requeued += keys

    async def waiting(self, carrier: str, now_ms: int, limit: int) -> Sequence[SegmentJob]:
        seen = [job for job in self.on_disk if job.not_before_ms <= now_ms][:limit]
        if self.reading is not None:
            await self.reading.wait()
        return seen


def job(number: int, cls: DeliveryClass = DeliveryClass.CONVERSATION, part: int = 1) -> SegmentJob:
    segment = OutboundSegment(part, max(part, 1), 0, 0, b"hello", b"")
    return SegmentJob(
        f"msg_{number:032x}", 0, "dom_1", "+15550001", f"+1555{number:04}", cls, 2_000_000, segment
    )


async def an_outbox(carrier: Carrier, store: Store, clock: Clock | None = None, **settings: object) -> Outbox:
    outbox = Outbox(carrier, store, MessagingSettings(**settings), clock or Clock())  # type: ignore[arg-type]
    await outbox._tick()  # what run() does first; nothing is on disk yet
    return outbox


async def test_room_and_nothing_waiting_lets_the_intent_ride_along() -> None:
    carrier, store = Carrier(), Store()
    outbox = await an_outbox(carrier, store)
    one = job(1)
    slots = outbox.reserve(1)
    assert len(slots) == 1
    outbox.committed([one], slots)
    assert carrier.written == [one.key]
    assert one.attempt == 1
    assert store.intents == []


async def test_bytes_wait_for_the_commit_of_their_intent() -> None:
    carrier, store = Carrier(), Store(at_once=False)
    outbox = await an_outbox(carrier, store)
    outbox.expect(1)
    outbox.committed([job(1)], [])
    assert [intent.job.key for intent in store.intents] == [job(1).key]
    assert carrier.written == []
    store.commit()
    assert carrier.written == [job(1).key]


async def test_a_text_without_a_slot_is_not_overtaken() -> None:
    carrier, store = Carrier(room=0), Store()
    outbox = await an_outbox(carrier, store)
    assert outbox.reserve(1) == []
    outbox.expect(1)
    carrier.room = 10
    assert outbox.reserve(1) == [], "an earlier text has not committed yet"
    outbox.committed([job(1)], [])
    assert carrier.written == [job(1).key]
    assert outbox.reserve(1) != []


async def test_all_segments_of_a_text_get_slots_or_none() -> None:
    carrier, store = Carrier(room=2), Store()
    outbox = await an_outbox(carrier, store)
    assert outbox.reserve(3) == []
    assert carrier.taken == 0


async def test_an_accepted_segment_is_recorded_under_the_carriers_id() -> None:
    carrier, store = Carrier(), Store()
    outbox = await an_outbox(carrier, store)
    one = job(1)
    outbox.committed([one], outbox.reserve(1))
    outbox.answered([SegmentAnswer(one, AnswerKind.ACCEPTED, "00AB")])
    (outcome,) = store.outcomes
    assert (outcome.status, outcome.smsc_id, outcome.smsc_key) == (SegmentStatus.SENT, "00AB", "00ab")


async def test_a_throttled_segment_goes_again_before_later_ones() -> None:
    carrier, store = Carrier(room=1), Store()
    outbox = await an_outbox(carrier, store)
    first, second = job(1), job(2)
    outbox.committed([first], outbox.reserve(1))
    outbox.expect(1)
    outbox.committed([second], [])
    carrier.taken = 0
    outbox.answered([SegmentAnswer(first, AnswerKind.REFUSED, command_status=0x58)])
    assert carrier.written == [first.key, first.key]
    assert store.outcomes[0].status is SegmentStatus.QUEUED


async def test_a_temporary_failure_is_tried_three_times_with_a_delay() -> None:
    carrier, store, clock = Carrier(), Store(), Clock()
    outbox = await an_outbox(carrier, store, clock)
    one = job(1)
    outbox.committed([one], outbox.reserve(1))
    for attempt in (1, 2):
        outbox.answered([SegmentAnswer(one, AnswerKind.REFUSED, command_status=0x08)])
        assert len(carrier.written) == attempt, "not before its time"
        clock.ms += 30_000
        await outbox._tick()
        assert len(carrier.written) == attempt + 1
    outbox.answered([SegmentAnswer(one, AnswerKind.REFUSED, command_status=0x08)])
    assert store.outcomes[-1].status is SegmentStatus.FAILED
    assert store.outcomes[-1].error is not None
    assert store.outcomes[-1].error.code == "carrier_temporary_failure"


async def test_a_final_refusal_fails_with_the_carriers_reason() -> None:
    carrier, store = Carrier(), Store()
    outbox = await an_outbox(carrier, store)
    one = job(1)
    outbox.committed([one], outbox.reserve(1))
    outbox.answered([SegmentAnswer(one, AnswerKind.REFUSED, command_status=0x0B)])
    (outcome,) = store.outcomes
    assert outcome.status is SegmentStatus.FAILED
    assert outcome.error is not None
    assert outcome.error.native == {"command_status": 0x0B}


async def test_bytes_known_unsent_are_sent_again() -> None:
    carrier, store = Carrier(), Store()
    outbox = await an_outbox(carrier, store)
    one = job(1)
    outbox.committed([one], outbox.reserve(1))
    outbox.answered([SegmentAnswer(one, AnswerKind.NOT_SENT)])
    assert carrier.written == [one.key, one.key]


async def test_a_session_that_died_before_the_write_costs_nothing() -> None:
    carrier, store = Carrier(), Store()
    outbox = await an_outbox(carrier, store)
    slots = outbox.reserve(1)
    carrier.alive, carrier.room = False, 0
    outbox.committed([job(1)], slots)
    assert store.outcomes[0].status is SegmentStatus.QUEUED
    carrier.alive, carrier.room = True, 10
    outbox.pump()
    assert carrier.written == [job(1).key]


async def test_a_lost_answer_leaves_a_conversation_uncertain_and_unsent() -> None:
    carrier, store, clock = Carrier(), Store(), Clock()
    outbox = await an_outbox(carrier, store, clock)
    one = job(1)
    outbox.committed([one], outbox.reserve(1))
    outbox.answered([SegmentAnswer(one, AnswerKind.AMBIGUOUS)])
    assert store.outcomes[0].status is SegmentStatus.UNCERTAIN
    clock.ms += 600_000
    await outbox._tick()
    assert carrier.written == [one.key]


async def test_a_late_answer_settles_what_was_uncertain() -> None:
    carrier, store = Carrier(), Store()
    outbox = await an_outbox(carrier, store)
    one = job(1)
    outbox.committed([one], outbox.reserve(1))
    outbox.answered([SegmentAnswer(one, AnswerKind.AMBIGUOUS)])
    outbox.answered([SegmentAnswer(one, AnswerKind.ACCEPTED, "7", late=True)])
    assert [outcome.status for outcome in store.outcomes] == [SegmentStatus.UNCERTAIN, SegmentStatus.SENT]


async def test_must_arrive_is_sent_once_more_after_waiting_for_evidence() -> None:
    carrier, store, clock = Carrier(), Store(), Clock()
    outbox = await an_outbox(carrier, store, clock, evidence_wait_s=10)
    one = job(1, DeliveryClass.MUST_ARRIVE)
    outbox.committed([one], outbox.reserve(1))
    outbox.answered([SegmentAnswer(one, AnswerKind.AMBIGUOUS)])
    clock.ms += 9_000
    await outbox._tick()
    assert len(carrier.written) == 1
    clock.ms += 1_000
    await outbox._tick()
    assert len(carrier.written) == 2
    outbox.answered([SegmentAnswer(one, AnswerKind.AMBIGUOUS)])
    clock.ms += 100_000
    await outbox._tick()
    assert len(carrier.written) == 2, "never more than two copies"
    assert store.outcomes[-1].status is SegmentStatus.UNCERTAIN


@pytest.mark.parametrize("set_ms", [-3_600_000, 3_600_000])
async def test_a_clock_that_is_set_moves_no_second_copy(set_ms: int) -> None:
    carrier, store, clock = Carrier(), Store(), Clock(ms=10_000_000)
    outbox = await an_outbox(carrier, store, clock, evidence_wait_s=10)
    one = replace(job(1, DeliveryClass.MUST_ARRIVE), expires_ms=100_000_000)
    outbox.committed([one], outbox.reserve(1))
    outbox.answered([SegmentAnswer(one, AnswerKind.AMBIGUOUS)])
    clock.set_ms = set_ms
    clock.ms += 9_000
    await outbox._tick()
    assert len(carrier.written) == 1
    clock.ms += 1_000
    await outbox._tick()
    assert len(carrier.written) == 2


async def test_a_late_answer_spares_the_second_copy() -> None:
    carrier, store, clock = Carrier(), Store(), Clock()
    outbox = await an_outbox(carrier, store, clock, evidence_wait_s=10)
    one = job(1, DeliveryClass.MUST_ARRIVE)
    outbox.committed([one], outbox.reserve(1))
    outbox.answered([SegmentAnswer(one, AnswerKind.AMBIGUOUS)])
    outbox.answered([SegmentAnswer(one, AnswerKind.ACCEPTED, "7", late=True)])
    clock.ms += 100_000
    await outbox._tick()
    assert len(carrier.written) == 1
    assert store.outcomes[-1].status is SegmentStatus.SENT


async def test_a_late_answer_spares_the_second_copy_whose_intent_is_being_stored() -> None:
    carrier, store, clock = Carrier(), Store(), Clock()
    outbox = await an_outbox(carrier, store, clock, evidence_wait_s=10)
    one = job(1, DeliveryClass.MUST_ARRIVE)
    outbox.committed([one], outbox.reserve(1))
    outbox.answered([SegmentAnswer(one, AnswerKind.AMBIGUOUS)])
    carrier.taken = 0
    clock.ms += 10_000
    store.at_once = False
    await outbox._tick()
    outbox.answered([SegmentAnswer(one, AnswerKind.ACCEPTED, "7", late=True)])
    store.commit()
    assert len(carrier.written) == 1
    assert carrier.taken == 0, "the slot is given back"


async def test_a_receipt_on_disk_spares_the_second_copy() -> None:
    carrier, store, clock = Carrier(), Store(), Clock()
    outbox = await an_outbox(carrier, store, clock, evidence_wait_s=10)
    one = job(1, DeliveryClass.MUST_ARRIVE)
    outbox.committed([one], outbox.reserve(1))
    outbox.answered([SegmentAnswer(one, AnswerKind.AMBIGUOUS)])
    carrier.taken = 0
    store.settled = {one.key}
    clock.ms += 10_000
    await outbox._tick()
    assert len(carrier.written) == 1
    assert carrier.taken == 0, "the slot is given back"


async def test_a_refused_second_copy_of_an_accepted_segment_is_not_replaced() -> None:
    carrier, store, clock = Carrier(), Store(), Clock()
    outbox = await an_outbox(carrier, store, clock, evidence_wait_s=10)
    one = job(1, DeliveryClass.MUST_ARRIVE)
    outbox.committed([one], outbox.reserve(1))
    outbox.answered([SegmentAnswer(one, AnswerKind.AMBIGUOUS)])
    clock.ms += 10_000
    await outbox._tick()
    outbox.answered([SegmentAnswer(one, AnswerKind.ACCEPTED, "7", late=True)])
    outbox.answered([SegmentAnswer(one, AnswerKind.REFUSED, command_status=0x58)])
    clock.ms += 60_000
    await outbox._tick()
    assert len(carrier.written) == 2
    assert store.outcomes[-1].status is SegmentStatus.SENT


async def test_a_late_refusal_does_not_add_a_third_copy_to_the_second() -> None:
    carrier, store, clock = Carrier(), Store(), Clock()
    outbox = await an_outbox(carrier, store, clock, evidence_wait_s=10)
    one = job(1, DeliveryClass.MUST_ARRIVE)
    outbox.committed([one], outbox.reserve(1))
    outbox.answered([SegmentAnswer(one, AnswerKind.AMBIGUOUS)])
    clock.ms += 10_000
    await outbox._tick()
    outbox.answered([SegmentAnswer(one, AnswerKind.REFUSED, command_status=0x58, late=True)])
    assert len(carrier.written) == 2
    outbox.answered([SegmentAnswer(one, AnswerKind.ACCEPTED, "8")])
    assert store.outcomes[-1].status is SegmentStatus.SENT


@pytest.mark.parametrize("first", [AnswerKind.REFUSED, AnswerKind.NOT_SENT])
async def test_what_the_carrier_never_had_does_not_count_against_must_arrive(first: AnswerKind) -> None:
    carrier, store, clock = Carrier(), Store(), Clock()
    outbox = await an_outbox(carrier, store, clock, evidence_wait_s=10)
    one = job(1, DeliveryClass.MUST_ARRIVE)
    outbox.committed([one], outbox.reserve(1))
    for _ in range(3):
        outbox.answered([SegmentAnswer(one, first, command_status=0x58)])
    assert len(carrier.written) == 4
    outbox.answered([SegmentAnswer(one, AnswerKind.AMBIGUOUS)])
    clock.ms += 10_000
    await outbox._tick()
    assert len(carrier.written) == 5
    outbox.answered([SegmentAnswer(one, AnswerKind.AMBIGUOUS)])
    assert store.outcomes[-1].status is SegmentStatus.UNCERTAIN


async def test_a_second_copy_that_cannot_be_sent_leaves_the_doubt_about_the_first() -> None:
    carrier, store, clock = Carrier(), Store(), Clock()
    outbox = await an_outbox(carrier, store, clock, evidence_wait_s=10)
    expiring, refused = job(1, DeliveryClass.MUST_ARRIVE), job(2, DeliveryClass.MUST_ARRIVE)
    for one in (expiring, refused):
        outbox.committed([one], outbox.reserve(1))
        outbox.answered([SegmentAnswer(one, AnswerKind.AMBIGUOUS)])
    expiring.expires_ms = clock.ms + 9_999
    clock.ms += 10_000
    await outbox._tick()
    outbox.answered([SegmentAnswer(refused, AnswerKind.REFUSED, command_status=0x0B)])
    assert [outcome.status for outcome in store.outcomes[2:]] == [SegmentStatus.UNCERTAIN] * 2


async def test_what_outlived_its_validity_expires_unsent() -> None:
    carrier, store, clock = Carrier(room=0), Store(), Clock()
    outbox = await an_outbox(carrier, store, clock)
    outbox.expect(1)
    outbox.committed([job(1)], [])
    clock.ms = 2_000_001
    carrier.room = 10
    outbox.pump()
    assert carrier.written == []
    assert store.outcomes[0].status is SegmentStatus.EXPIRED


async def test_nothing_is_written_while_intents_cannot_be_stored() -> None:
    carrier, store = Carrier(), Store(broken=True)
    outbox = await an_outbox(carrier, store)
    outbox.expect(1)
    outbox.committed([job(1)], [])
    assert carrier.written == []
    assert carrier.taken == 0, "the slots are given back"
    store.broken = False
    await outbox._tick()
    assert carrier.written == [job(1).key]


async def test_an_intent_whose_commit_failed_is_tried_again_not_sent() -> None:
    carrier, store = Carrier(), Store(at_once=False)
    outbox = await an_outbox(carrier, store)
    outbox.expect(1)
    outbox.committed([job(1)], [])
    store.commit(StorageUnavailable("disk full"))
    assert carrier.written == []
    await outbox._tick()
    store.commit()
    assert carrier.written == [job(1).key]


async def test_an_outcome_the_database_refused_is_kept_and_told_again() -> None:
    carrier, store = Carrier(), Store()
    outbox = await an_outbox(carrier, store)
    one = job(1)
    outbox.committed([one], outbox.reserve(1))
    store.broken = True
    outbox.answered([SegmentAnswer(one, AnswerKind.ACCEPTED, "7")])
    assert outbox.status()["unrecorded"] == 1
    store.broken = False
    await outbox._tick()
    assert store.outcomes[0].status is SegmentStatus.SENT
    assert outbox.status()["unrecorded"] == 0


async def test_what_does_not_fit_in_memory_waits_on_disk() -> None:
    carrier, store = Carrier(room=0), Store()
    outbox = await an_outbox(carrier, store, queue_limit=8)
    jobs = [job(number) for number in range(20)]
    for one in jobs:
        outbox.expect(1)
        outbox.committed([one], [])
    assert outbox.status()["waiting"] == 8
    carrier.room = 100
    outbox.pump()
    store.on_disk = jobs[8:]
    while len(carrier.written) < 20:
        await outbox._tick()
        store.on_disk = [one for one in store.on_disk if one.key not in carrier.written]
    assert carrier.written == [one.key for one in jobs]


async def test_a_segment_sent_while_the_disk_was_read_is_not_sent_again() -> None:
    carrier, store = Carrier(room=0), Store()
    outbox = await an_outbox(carrier, store, queue_limit=8)
    one = job(1)
    outbox.expect(1)
    outbox.committed([one], [])
    store.on_disk, store.reading = [one], asyncio.Event()
    outbox._spilled = True
    reload = asyncio.create_task(outbox._tick())
    await asyncio.sleep(0)
    carrier.room = 10
    outbox.pump()
    outbox.answered([SegmentAnswer(one, AnswerKind.ACCEPTED, "7")])
    store.on_disk = []
    store.reading.set()
    await reload
    assert carrier.written == [one.key]


async def test_an_accept_of_unknown_outcome_is_looked_for_on_disk() -> None:
    carrier, store = Carrier(), Store()
    outbox = await an_outbox(carrier, store)
    one = job(1)
    outbox.abandoned([one], outbox.reserve(1), perhaps_stored=True)
    assert carrier.taken == 0
    store.on_disk = [one]
    await outbox._tick()
    assert store.requeued == [one.key]
    assert carrier.written == [one.key]

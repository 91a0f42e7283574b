"""One carrier's queue: intent on disk before bytes, outcome on disk after the answer.

The database is the truth and this queue its working set. A segment is in exactly one place:
waiting here, waiting on disk only (`spilled`), on its way (its job is the carrier's token), or
done. Nothing here awaits on the hot path; the store calls back after each commit.

What is ambiguous and what is not follows SMPP v3.4 §2.9: a segment whose bytes never left, or
that was refused, may be sent again; one that may have arrived is never sent again by itself
unless its class is `must_arrive`.
"""

from __future__ import annotations

import asyncio
import heapq
from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import replace

import structlog

from engine.clock import Clock
from engine.errors import EngineError, StorageUnavailable
from engine.messaging.models import DeliveryClass, DeliveryError, SegmentStatus
from engine.messaging.ports import (
    AnswerKind,
    Intent,
    Outcome,
    SegmentAnswer,
    SegmentJob,
    SegmentKey,
    Slot,
    SmsCarrier,
    TextStore,
)
from engine.messaging.settings import MessagingSettings

log = structlog.get_logger()

#: How often delayed segments, failed writes and the spilled rest are looked at, in seconds.
_TICK_S = 1.0
#: How often the disk is asked for waiting segments that are not here: retries that a restart left behind.
_RELOAD_EVERY_S = 10.0


class Outbox:
    """The outgoing segments of one carrier. Not thread-safe: lives on the event loop."""

    def __init__(
        self, carrier: SmsCarrier, store: TextStore, settings: MessagingSettings, clock: Clock
    ) -> None:
        self.carrier = carrier
        self._store = store
        self._settings = settings
        self._clock = clock
        self._queue: deque[SegmentJob] = deque()
        # A heap by monotonic seconds: a clock that is set says nothing about how long a carrier needs.
        self._delayed: list[tuple[float, SegmentKey, SegmentJob]] = []
        self._here: set[SegmentKey] = set()  # queued, delayed or about to be intended
        self._in_flight: set[SegmentKey] = set()
        self._unrecorded: list[Outcome] = []  # outcomes the database has refused so far
        self._suspect: list[SegmentKey] = []  # perhaps committed with an intent, never written
        self._accepting = 0  # segments in an accept that has not committed and took no slot
        # Until the first reload everything that waits is on disk only.
        self._spilled = True
        self._spilled_again = False
        self._settled_while_reading: set[SegmentKey] | None = None
        self._reload_due = 0.0  # monotonic seconds
        self._stalled = False  # the database refused intents; the next tick tries again
        self._stopping = False
        self._wake = asyncio.Event()

    # Accepting: called by the service around the commit of new texts.

    def reserve(self, count: int) -> list[Slot]:
        """Slots for segments whose intent rides in the accepting commit; empty if they must queue.

        Only when nothing waits, so that order is kept.
        """
        if self._queue or self._accepting or self._spilled or self._stopping or self._delayed:
            return []
        slots: list[Slot] = []
        for _ in range(count):
            slot = self.carrier.reserve()
            if slot is None:
                self.release(slots)
                return []
            slots.append(slot)
        return slots

    def release(self, slots: Sequence[Slot]) -> None:
        for slot in slots:
            self.carrier.release(slot)

    def expect(self, count: int) -> None:
        """So many segments are being committed without slots: later ones must not overtake them."""
        self._accepting += count

    def committed(self, jobs: Sequence[SegmentJob], slots: Sequence[Slot]) -> None:
        """Texts are on disk: with their intents if there are slots, else as queued."""
        if slots:
            for job in jobs:
                job.attempt = 1
            self._write(list(zip(jobs, slots, strict=True)))
            return
        self._accepting -= len(jobs)
        for job in jobs:
            self._enqueue(job)
        self.pump()

    def abandoned(self, jobs: Sequence[SegmentJob], slots: Sequence[Slot], *, perhaps_stored: bool) -> None:
        """The accepting commit failed. perhaps_stored: nobody knows whether it took place."""
        if slots:
            self.release(slots)
        else:
            self._accepting -= len(jobs)
        if perhaps_stored:
            # If the rows exist they must not wait for a restart: bytes never left, that much is known.
            self._suspect.extend(job.key for job in jobs)
            self._wake.set()

    # Sending.

    def pump(self) -> None:
        """Hand waiting segments to the carrier as far as it has room."""
        if self._stalled or self._stopping:
            return
        now_ms = self._clock.now_ms()
        chosen: list[tuple[SegmentJob, Slot]] = []
        expired: list[SegmentJob] = []
        while self._queue:
            if self._queue[0].expires_ms <= now_ms:
                expired.append(self._queue.popleft())
                continue
            slot = self.carrier.reserve()
            if slot is None:
                break
            chosen.append((self._queue.popleft(), slot))
        if expired:
            self._record([self._expired(job) for job in expired])
        if chosen:
            self._intend(chosen)
        elif self._spilled and not self._queue:
            self._wake.set()

    def _intend(self, chosen: list[tuple[SegmentJob, Slot]]) -> None:
        def done(result: Collection[SegmentKey] | BaseException) -> None:
            if isinstance(result, BaseException):
                self._put_back(chosen)
                return
            going: list[tuple[SegmentJob, Slot]] = []
            for job, slot in chosen:
                # A late answer, a receipt or an opt-out may have settled it, even while the intent was on
                # its way to disk.
                if job.key in result or job.key not in self._here:
                    self.carrier.release(slot)
                else:
                    job.attempt += 1
                    going.append((job, slot))
                self._here.discard(job.key)
            self._write(going)
            if len(going) < len(chosen):
                self.pump()  # no answer will come that would do it

        for job, _ in chosen:
            job.not_before_ms = 0
        try:
            self._store.record_intents(
                [Intent(job, slot.bind, slot.session_id) for job, slot in chosen], done
            )
        except StorageUnavailable:
            self._put_back(chosen)

    def _put_back(self, chosen: list[tuple[SegmentJob, Slot]]) -> None:
        self._stalled = True
        for job, slot in reversed(chosen):
            self.carrier.release(slot)
            if job.key in self._here:  # else a late answer has settled it meanwhile
                self._queue.appendleft(job)

    def _write(self, chosen: Sequence[tuple[SegmentJob, Slot]]) -> None:
        unsent: list[Outcome] = []
        for job, slot in chosen:
            self._in_flight.add(job.key)
            job.unanswered += 1
            if not self.carrier.submit(slot, job):
                job.unanswered -= 1
                unsent.append(self._not_there(job, 0))
        if unsent:
            self._record(unsent)

    # Answers.

    def answered(self, answers: Sequence[SegmentAnswer]) -> None:
        """What the carrier said, or could not say, about segments handed to it."""
        self._record([outcome for answer in answers if (outcome := self._outcome(answer)) is not None])
        self.pump()

    def _outcome(self, answer: SegmentAnswer) -> Outcome | None:
        job = answer.job
        if answer.late:
            self._take_back(job)
        else:
            job.unanswered -= 1
        if job.accepted:
            return None
        fresh = job.attempt == 1 and not answer.late
        if answer.kind is AnswerKind.ACCEPTED:
            job.accepted = True
            key = self.carrier.smsc_key(answer.smsc_id) if answer.smsc_id else ""
            return Outcome(job, self.carrier.name, SegmentStatus.SENT, answer.smsc_id, key, fresh=fresh)
        if answer.kind is AnswerKind.AMBIGUOUS:
            return self._ambiguous(job, fresh)
        if answer.late and job.unanswered:
            job.attempt -= 1  # the copy that is out decides
            return None
        if answer.kind is AnswerKind.REFUSED:
            return self._refused(job, answer.command_status, fresh)
        return self._not_there(job, 0, fresh)

    def _ambiguous(self, job: SegmentJob, fresh: bool) -> Outcome:
        again_ms = self._clock.now_ms() + int(self._settings.evidence_wait_s * 1000)
        must_arrive = job.delivery_class is DeliveryClass.MUST_ARRIVE
        if must_arrive and job.attempt < 2 and again_ms < job.expires_ms:
            return self._again(job, again_ms, fresh)
        return self._uncertain(job, fresh)

    def _refused(self, job: SegmentJob, command_status: int, fresh: bool) -> Outcome:
        refusal = self.carrier.refusal(command_status)
        job.refused += 1
        again_ms = self._clock.now_ms() + int(refusal.after_s * 1000)
        attempts_left = refusal.most_attempts == 0 or job.refused < refusal.most_attempts
        if refusal.resend and attempts_left and again_ms < job.expires_ms:
            return self._not_there(job, again_ms if refusal.after_s else 0, fresh)
        if job.attempt > 1:
            return self._uncertain(job)  # this copy is not there, but the one before may be
        error = DeliveryError(
            "carrier", refusal.code, refusal.resend, refusal.text, {"command_status": command_status}
        )
        return Outcome(
            job,
            self.carrier.name,
            SegmentStatus.FAILED,
            command_status=command_status,
            error=error,
            fresh=fresh,
        )

    def _not_there(self, job: SegmentJob, not_before_ms: int, fresh: bool = False) -> Outcome:
        """The carrier does not have this copy: it goes again, and does not count as one."""
        job.attempt -= 1
        return self._again(job, not_before_ms, fresh)

    def _again(self, job: SegmentJob, not_before_ms: int, fresh: bool) -> Outcome:
        job.not_before_ms = not_before_ms
        return Outcome(job, self.carrier.name, SegmentStatus.QUEUED, not_before_ms=not_before_ms, fresh=fresh)

    def _uncertain(self, job: SegmentJob, fresh: bool = False) -> Outcome:
        error = DeliveryError(
            "carrier", "carrier_no_ack", False, "The carrier did not answer; it may have the text."
        )
        return Outcome(job, self.carrier.name, SegmentStatus.UNCERTAIN, error=error, fresh=fresh)

    def _expired(self, job: SegmentJob) -> Outcome:
        if job.attempt:
            return self._uncertain(job)
        error = DeliveryError(
            "engine", "expired_in_queue", False, "Its validity ended before it could be sent."
        )
        return Outcome(job, self.carrier.name, SegmentStatus.EXPIRED, error=error)

    def _take_back(self, job: SegmentJob) -> None:
        """A late answer spares the second copy that was waiting."""
        if job.key in self._here:
            self._here.discard(job.key)
            self._delayed = [entry for entry in self._delayed if entry[2] is not job]
            heapq.heapify(self._delayed)
            self._queue = deque(waiting for waiting in self._queue if waiting is not job)

    def _record(self, outcomes: list[Outcome]) -> None:
        if not outcomes:
            return

        def done(error: BaseException | None) -> None:
            if error is not None:
                # The commit may have taken place all the same.
                self._unrecorded.extend(replace(outcome, fresh=False) for outcome in outcomes)
                return
            self._settle(outcomes)

        try:
            self._store.record_outcomes(outcomes, done)
        except StorageUnavailable:
            self._unrecorded.extend(outcomes)

    def _settle(self, outcomes: Sequence[Outcome]) -> None:
        again: list[SegmentJob] = []
        for outcome in outcomes:
            self._in_flight.discard(outcome.job.key)
            self._here.discard(outcome.job.key)
            if outcome.status is SegmentStatus.QUEUED and not outcome.job.accepted:
                again.append(outcome.job)
            elif self._settled_while_reading is not None:
                self._settled_while_reading.add(outcome.job.key)
        if not again:
            return
        now_ms, now = self._clock.now_ms(), self._clock.monotonic()
        for job in sorted(again, key=lambda job: job.key, reverse=True):
            self._here.add(job.key)
            if job.not_before_ms > now_ms:
                due = now + (job.not_before_ms - now_ms) / 1000
                heapq.heappush(self._delayed, (due, job.key, job))
            else:
                self._queue.appendleft(job)
        self.pump()

    def _enqueue(self, job: SegmentJob) -> None:
        if self._spilled or len(self._queue) >= self._settings.queue_limit:
            self._spilled = self._spilled_again = True
            return
        self._here.add(job.key)
        self._queue.append(job)

    # The slow side: one task a carrier.

    async def run(self) -> None:
        """Recover what a restart left open, then mind delays, failed writes and the spilled rest.

        Runs until cancelled.
        """
        await self._recover()
        while True:
            await self._tick()
            try:
                async with asyncio.timeout(_TICK_S):
                    await self._wake.wait()
            except TimeoutError:
                pass
            self._wake.clear()

    async def _recover(self) -> None:
        while True:
            try:
                again_ms = self._clock.now_ms() + int(self._settings.evidence_wait_s * 1000)
                left_open = await self._store.recover(self.carrier.name, again_ms)
            except EngineError as error:
                log.warning("messaging.recovery_failed", carrier=self.carrier.name, code=error.code)
                await asyncio.sleep(_TICK_S)
                continue
            if left_open:
                log.warning("messaging.segments_left_open", carrier=self.carrier.name, segments=left_open)
            return

    async def _tick(self) -> None:
        self._stalled = False
        if self._unrecorded:
            outcomes, self._unrecorded = self._unrecorded, []
            self._record(outcomes)
        now = self._clock.monotonic()
        while self._delayed and self._delayed[0][0] <= now:
            self._queue.append(heapq.heappop(self._delayed)[2])
        try:
            await self._requeue_suspects()
            due = self._spilled or self._clock.monotonic() >= self._reload_due
            if due and len(self._queue) <= self._settings.queue_limit // 4:
                await self._reload()
        except EngineError as error:
            log.warning("messaging.reload_failed", carrier=self.carrier.name, code=error.code)
        self.pump()

    async def _requeue_suspects(self) -> None:
        if not self._suspect:
            return
        suspects, self._suspect = self._suspect, []
        try:
            await self._store.requeue_unsent(suspects)
        except EngineError:
            self._suspect.extend(suspects)
            raise
        self._spilled = True

    async def _reload(self) -> None:
        self._spilled_again = False
        self._settled_while_reading = settled = set[SegmentKey]()
        limit = self._settings.queue_limit // 2
        try:
            rows = await self._store.waiting(self.carrier.name, self._clock.now_ms(), limit)
        finally:
            self._settled_while_reading = None
        for job in rows:
            # What the read saw waiting may since have been sent: such a row must not come back.
            if job.key in self._here or job.key in self._in_flight or job.key in settled:
                continue
            self._here.add(job.key)
            self._queue.append(job)
        # Texts accepted while the read ran stayed on disk; they are read next time.
        self._spilled = self._spilled_again or len(rows) == limit
        self._reload_due = self._clock.monotonic() + _RELOAD_EVERY_S

    def stop(self) -> None:
        """Hand nothing more to the carrier; answers are still recorded."""
        self._stopping = True

    def status(self) -> dict[str, int]:
        """Figures for health and metrics."""
        return {
            "waiting": len(self._queue) + len(self._delayed),
            "in_flight": len(self._in_flight),
            "unrecorded": len(self._unrecorded),
            "spilled": int(self._spilled),
        }

"""One webhook at work: reads the log behind its position, sends, and keeps how far it got.

Nothing is acknowledged anywhere before it is sent and answered, so a process that dies at any moment
sends again, under the same id, what it had not yet noted as delivered.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import structlog

from engine.clock import Clock
from engine.errors import EngineError
from engine.events import Event
from engine.sealing import SealingError
from engine.webhooks.lane import Item, Lane
from engine.webhooks.models import (
    RESYNC,
    Delivery,
    DeliveryState,
    Outcome,
    Progress,
    Webhook,
    Work,
    message_id,
)
from engine.webhooks.ports import Frames, News, WebhookProgress
from engine.webhooks.sending import Sender
from engine.webhooks.settings import WebhookSettings

log = structlog.get_logger("webhooks")

#: How often it looks although nothing is said to be new, in seconds.
_LOOK_EVERY_S = 60.0
_AFTER_TROUBLE_S = 2.0
#: A position that only passed what was not wanted is kept so often at most, in seconds, or after so many.
_KEEP_EVERY_S = 5.0
_KEEP_EVENTS = 500
#: A busy stream is looked at so often at most, in seconds.
_BREATH_S = 0.02


class Tally:
    """Attempts of all webhooks since the start, by outcome."""

    def __init__(self) -> None:
        self.attempts = {"delivered": 0, "refused": 0, "unanswered": 0}
        self.dead = 0

    def note(self, outcome: Outcome, after: Delivery) -> None:
        kind = "delivered" if outcome.delivered else "unanswered" if outcome.status is None else "refused"
        self.attempts[kind] += 1
        self.dead += after.state is DeliveryState.DEAD


class Worker:
    """Make one for an enabled webhook and `run` it; it ends when the webhook is disabled or deleted."""

    def __init__(
        self,
        webhook: Webhook,
        store: WebhookProgress,
        sender: Sender,
        frames: Frames,
        news: Callable[[str], News],
        settings: WebhookSettings,
        clock: Clock,
        tally: Tally,
    ) -> None:
        self._webhook = webhook
        self._store = store
        self._sender = sender
        self._frames = frames
        self._news = news
        self._clock = clock
        self._tally = tally
        self.lane = Lane(
            webhook.id,
            webhook.seq,
            width=settings.in_flight,
            disable_after_s=settings.disable_after_hours * 3600.0,
            failing_since_ms=webhook.failing_since_ms,
        )
        self._content = False
        self._look_at_ms = 0
        self._kept = webhook.seq
        self._keep_at = 0.0
        self._unkept: list[Delivery] = []
        self._behind = False
        self._trouble = False
        self._woken = asyncio.Event()

    def look(self) -> None:
        """Somebody changed the webhook, or wants something sent again: no pause stands in the way of it."""
        self.lane.resume()
        self._look_at_ms = 0
        self._woken.set()

    @property
    def paused(self) -> bool:
        """Whether the receiver is being left alone."""
        return self._clock.now_ms() < self.lane.paused_until_ms

    async def run(self) -> None:
        """Until the webhook is disabled or deleted. Cancelled, it keeps what was answered and drops the
        rest.
        """
        news = self._news(self._webhook.stream)
        try:
            async with asyncio.TaskGroup() as group:
                listening = group.create_task(self._listen(news))
                while await self._guarded_round(group):
                    await self._something_to_do()
                while not self.lane.idle:
                    await self._woken.wait()
                    self._woken.clear()
                listening.cancel()
        finally:
            news.close()
            await self._keep()

    async def _listen(self, news: News) -> None:
        while True:
            await news.wait()
            self._look_at_ms = 0
            if not self.paused:
                self._woken.set()
            await asyncio.sleep(_BREATH_S)

    async def _guarded_round(self, group: asyncio.TaskGroup) -> bool:
        try:
            self._trouble = False
            return await self._round(group)
        except EngineError as error:
            log.warning("webhooks.round_failed", webhook_id=self._webhook.id, code=error.code)
        except Exception:
            log.exception("webhooks.round_failed", webhook_id=self._webhook.id)
        self._trouble = True
        self._look_at_ms = 0
        return True

    async def _round(self, group: asyncio.TaskGroup) -> bool:
        if self.lane.disable is not None:
            await self._keep()
            return False
        now_ms = self._clock.now_ms()
        if now_ms >= self._look_at_ms or (self._behind and self.lane.hungry):
            # Set before the log is read: what is committed while it is read has to be looked for again.
            self._look_at_ms = now_ms + round(_LOOK_EVERY_S * 1000)
            work = await self._store.work(
                self._webhook.id,
                after=self.lane.read,
                limit=self.lane.room,
                due_ms=now_ms,
                due_limit=self.lane.retry_room,
                besides=[*self.lane.holds(), *(one.id for one in self._unkept)],
            )
            if work is None:
                return False
            self._take_in(work)
        items = self.lane.take(self._clock.now_ms())
        if items:
            await self._start(items, group)
        # While this waits for its commit, requests are out already.
        return not self._worth_keeping() or await self._keep()

    def _take_in(self, work: Work) -> None:
        self._webhook, self._content = work.webhook, work.content
        self.lane.add_events(work.events, self._wanted)
        self.lane.add_due(work.due)
        self._behind = work.more
        if work.next_due_ms is not None and self.lane.retry_room:
            self._look_at_ms = min(self._look_at_ms, work.next_due_ms)

    def _wanted(self, event: Event) -> bool:
        if event.type == RESYNC:
            return True
        return self._webhook.wants(event.type) and self._frames.may_see(self._webhook.reader, event)

    async def _start(self, items: Sequence[Item], group: asyncio.TaskGroup) -> None:
        webhook = self._webhook
        events = [item.event for item in items]
        try:
            bodies = await self._frames.bodies(events, webhook.reader, content=self._content)
        except BaseException:
            self.lane.put_back(items)
            raise
        for item, body in zip(items, bodies, strict=True):
            group.create_task(self._send(webhook, item, body))

    async def _send(self, webhook: Webhook, item: Item, body: bytes) -> None:
        try:
            outcome = await self._sender.send(webhook, message_id(item.event), body)
        except SealingError as error:
            # Nobody's fault but the operator's: nothing is lost, and nothing goes out unsigned.
            log.error("webhooks.secret_unusable", webhook_id=webhook.id, code=error.code)
            self.lane.put_back([item])
            self.lane.pause(self._clock.now_ms() + round(_LOOK_EVERY_S * 1000))
            self._woken.set()
            return
        except Exception:
            log.exception("webhooks.attempt_failed", webhook_id=webhook.id)
            outcome = Outcome(None, "internal")
        after = self.lane.settle(item, outcome, self._clock.now_ms())
        self._tally.note(outcome, after)
        self._unkept.append(after)
        if after.next_attempt_ms is not None:
            self._look_at_ms = min(self._look_at_ms, after.next_attempt_ms)
        self._woken.set()

    def _worth_keeping(self) -> bool:
        passed = self.lane.seq - self._kept
        if self._unkept or self.lane.disable is not None or passed >= _KEEP_EVENTS:
            return True
        return passed > 0 and self._clock.monotonic() >= self._keep_at

    async def _keep(self) -> bool:
        """Keep what was answered; False when the webhook is gone.

        Raises StorageUnavailable, losing nothing.
        """
        seq, deliveries = self.lane.seq, self._unkept
        if seq == self._kept and not deliveries:
            return True
        self._unkept = []
        disable = self.lane.disable
        progress = Progress(
            self._webhook.id,
            seq,
            deliveries,
            self.lane.failing_since_ms,
            self.lane.last_delivered_ms,
            disable,
        )
        try:
            there = await self._store.keep(progress)
        except BaseException:
            self._unkept = deliveries + self._unkept
            raise
        self._kept = seq
        self._keep_at = self._clock.monotonic() + _KEEP_EVERY_S
        if disable is not None:
            log.warning("webhooks.disabled", webhook_id=self._webhook.id, reason=disable)
        return there

    async def _something_to_do(self) -> None:
        now_ms = self._clock.now_ms()
        wait_s = max(0.0, (self._look_at_ms - now_ms) / 1000)
        if self.paused:
            wait_s = min(_LOOK_EVERY_S, (self.lane.paused_until_ms - now_ms) / 1000)
        if self.lane.seq != self._kept:
            wait_s = min(wait_s, _KEEP_EVERY_S)
        if self._trouble:
            wait_s = _AFTER_TROUBLE_S
            self._woken.clear()
        try:
            async with asyncio.timeout(wait_s):
                await self._woken.wait()
        except TimeoutError:
            pass
        self._woken.clear()

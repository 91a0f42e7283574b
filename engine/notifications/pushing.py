"""Pushes on their way: to one browser of a user, the one used last, and withdrawn from where they went.

What waits here is in memory: a push that waits when the engine dies is lost, and the mail that follows
says the same. One user's pushes keep their order.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import structlog

from engine.errors import EngineError
from engine.notifications.ledger import Shown
from engine.notifications.models import Kind, Push, PushAnswer, Subscription
from engine.notifications.ports import NotificationStore, PushService

log = structlog.get_logger()

_WORKERS = 4
#: Of one worker; beyond it pushes are dropped.
_QUEUE = 1_000
#: Pushes that wait for another attempt; beyond it those that fail are dropped.
_MOST_RETRIES = 1_000
#: Attempts take some ten minutes then, unless the push service names longer pauses.
_ATTEMPTS = 8
_FIRST_PAUSE_S = 2.0
_LONGEST_PAUSE_S = 3_600.0
#: A day later the page says more than the notification.
_TTL_S = 86_400

_encode = msgspec.json.Encoder().encode


@dataclass(slots=True)
class _Job:
    """shown: what to show, or to withdraw."""

    shown: Shown
    withdraw: bool = False
    attempts: int = 0


class Pushes:
    """What is pushed. `run` does it. first_pause_s: before another attempt; it doubles."""

    def __init__(
        self, store: NotificationStore, service: PushService, *, first_pause_s: float = _FIRST_PAUSE_S
    ) -> None:
        self._first_pause_s = first_pause_s
        self._store = store
        self._service = service
        self._queues: list[asyncio.Queue[_Job]] = [asyncio.Queue(_QUEUE) for _ in range(_WORKERS)]
        self._later: set[asyncio.TimerHandle] = set()

    def push(self, shown: Shown) -> None:
        """Show it on the user's browser. Never waits."""
        self._put(_Job(shown))

    def withdraw(self, shown: Shown) -> None:
        """Take it away from where it was shown; what is still under way is taken away when it is there."""
        if shown.subscription_ids:
            self._put(_Job(shown, withdraw=True))

    async def run(self) -> None:
        """Push until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                for queue in self._queues:
                    group.create_task(self._work(queue))
        finally:
            for handle in self._later:
                handle.cancel()

    def _put(self, job: _Job) -> None:
        queue = self._queues[hash(job.shown.notice.user_id) % _WORKERS]
        try:
            queue.put_nowait(job)
        except asyncio.QueueFull:
            log.warning("notifications.push_dropped", kind=job.shown.notice.kind.value)

    async def _work(self, queue: asyncio.Queue[_Job]) -> None:
        while True:
            job = await queue.get()
            try:
                await self.do(job.shown, job) if not job.withdraw else await self._take_away(job)
            except EngineError as error:
                log.warning("notifications.push_failed", code=error.code)
                self._again(job, None)

    async def do(self, shown: Shown, job: _Job | None = None) -> None:
        """Push to the first browser that can be reached. Raises StorageUnavailable."""
        job = job or _Job(shown)
        for subscription in await self._store.subscriptions(shown.notice.user_id):
            if shown.over:
                return
            outcome = await self._service.push(subscription, _shows(shown))
            if outcome.answer is PushAnswer.LATER:
                self._again(job, outcome.retry_after_s)
                return
            if outcome.answer is PushAnswer.TAKEN:
                if subscription.id not in shown.subscription_ids:
                    shown.subscription_ids.append(subscription.id)
                if shown.withdrawn:
                    self.withdraw(shown)  # read while it was under way
                return
            await self._not_taken(subscription, outcome.answer, outcome.status)

    async def _take_away(self, job: _Job) -> None:
        shown = job.shown
        known = {one.id: one for one in await self._store.subscriptions(shown.notice.user_id)}
        for subscription_id in tuple(shown.subscription_ids):
            subscription = known.get(subscription_id)
            if subscription is not None:
                outcome = await self._service.push(subscription, _withdraws([shown]))
                if outcome.answer is PushAnswer.LATER:
                    self._again(job, outcome.retry_after_s)
                    return
                if outcome.answer is not PushAnswer.TAKEN:
                    await self._not_taken(subscription, outcome.answer, outcome.status)
            shown.subscription_ids.remove(subscription_id)

    async def _not_taken(self, subscription: Subscription, answer: PushAnswer, status: int | None) -> None:
        log.info(
            "notifications.push_not_taken",
            subscription=subscription.id,
            host=subscription.host,
            answer=answer.value,
            status=status,
        )
        if answer is PushAnswer.GONE:
            await self._store.unsubscribe(None, subscription.id)

    def _again(self, job: _Job, after_s: float | None) -> None:
        job.attempts += 1
        if job.attempts >= _ATTEMPTS or len(self._later) >= _MOST_RETRIES:
            log.warning("notifications.push_given_up", kind=job.shown.notice.kind.value)
            return
        pause_s = min(max(self._first_pause_s * 2.0 ** (job.attempts - 1), after_s or 0.0), _LONGEST_PAUSE_S)
        pause_s *= 1 + random.random() / 4  # noqa: S311  # spreads, and need not be a secret

        def put() -> None:
            self._later.discard(handle)
            self._put(job)

        handle = asyncio.get_running_loop().call_later(pause_s, put)
        self._later.add(handle)


def _shows(shown: Shown) -> Push:
    payload = {"type": "notify", **shown.notice.data()}
    urgency = "normal" if shown.notice.kind is Kind.MISSED_CALL else "high"
    return Push(_encode(payload), _TTL_S, urgency, _topic(shown.notice.tag))


def _withdraws(shown: Sequence[Shown]) -> Push:
    notices = [one.notice for one in shown]
    payload = {
        "type": "notify_withdrawn",
        "ids": [notice.id for notice in notices],
        "tags": [notice.tag for notice in notices],
    }
    # The same topic: a notification that has not reached the browser yet never will.
    return Push(_encode(payload), _TTL_S, "normal", _topic(notices[0].tag))


def _topic(tag: str) -> str:
    """32 characters that tell a push service nothing. Source: RFC 8030 §5.4."""
    return base64.urlsafe_b64encode(hashlib.sha256(tag.encode()).digest()[:24]).decode()

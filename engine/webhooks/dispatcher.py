"""All webhooks at work: one worker each, so that no receiver waits for another."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping

import structlog
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from engine.clock import Clock
from engine.errors import EngineError
from engine.webhooks.models import Webhook
from engine.webhooks.ports import Frames, News, WebhookProgress
from engine.webhooks.sending import Sender
from engine.webhooks.settings import WebhookSettings
from engine.webhooks.worker import Tally, Worker

log = structlog.get_logger("webhooks")

_AFTER_TROUBLE_S = 2.0


class Dispatcher(Collector):
    """Also what is counted of webhooks: totals alone, since their number is the tenants' to choose."""

    def __init__(
        self,
        store: WebhookProgress,
        sender: Sender,
        news: Callable[[str], News],
        settings: WebhookSettings,
        clock: Clock,
    ) -> None:
        self._store = store
        self._sender = sender
        self._news = news
        self._settings = settings
        self._clock = clock
        self._workers: dict[str, Worker] = {}
        self._tally = Tally()
        self._changed = asyncio.Event()

    def changed(self, webhook_id: str) -> None:
        """A webhook was made or changed, or is to send something again."""
        worker = self._workers.get(webhook_id)
        if worker is not None:
            worker.look()
        self._changed.set()

    async def run(self, frames: Frames) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            while True:
                self._changed.clear()
                try:
                    for webhook in await self._store.enabled():
                        if webhook.id not in self._workers:
                            self._workers[webhook.id] = worker = self._worker(webhook, frames)
                            group.create_task(self._run(webhook.id, worker), name=f"webhook:{webhook.id}")
                except EngineError as error:
                    log.warning("webhooks.list_failed", code=error.code)
                    await asyncio.sleep(_AFTER_TROUBLE_S)
                    continue
                await self._changed.wait()

    async def trim(self) -> int:
        """Forget what became of deliveries that are old enough."""
        now_ms = self._clock.now_ms()
        return await self._store.trim(
            now_ms - self._settings.keep_delivered_hours * 3_600_000,
            now_ms - self._settings.keep_dead_days * 86_400_000,
        )

    def collect(self) -> Iterable[Metric]:
        paused = sum(worker.paused for worker in self._workers.values())
        receivers = GaugeMetricFamily(
            "ringback_webhooks",
            "Enabled webhooks; paused ones are left alone for a while.",
            labels=("state",),
        )
        receivers.add_metric(("working",), len(self._workers) - paused)
        receivers.add_metric(("paused",), paused)
        yield receivers
        attempts = CounterMetricFamily(
            "ringback_webhook_attempts", "Requests to receivers, by what came of them.", labels=("outcome",)
        )
        for outcome, count in self._tally.attempts.items():
            attempts.add_metric((outcome,), count)
        yield attempts
        yield CounterMetricFamily(
            "ringback_webhook_dead_letters", "Deliveries given up.", value=self._tally.dead
        )

    @property
    def workers(self) -> Mapping[str, Worker]:
        """Those at work, by webhook."""
        return self._workers

    def _worker(self, webhook: Webhook, frames: Frames) -> Worker:
        return Worker(
            webhook, self._store, self._sender, frames, self._news, self._settings, self._clock, self._tally
        )

    async def _run(self, webhook_id: str, worker: Worker) -> None:
        try:
            await worker.run()
        except* EngineError as group:
            # What was answered and not kept is sent again, under the same ids.
            codes = [error.code for error in group.exceptions if isinstance(error, EngineError)]
            log.warning("webhooks.worker_failed", webhook_id=webhook_id, codes=codes)
            await asyncio.sleep(_AFTER_TROUBLE_S)
        except* Exception:
            log.exception("webhooks.worker_failed", webhook_id=webhook_id)
            await asyncio.sleep(_AFTER_TROUBLE_S)
        finally:
            del self._workers[webhook_id]
            self._changed.set()  # it may have been enabled again while its last requests were out

"""Webhooks, put together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from engine.accounts.access import sees_domain
from engine.accounts.models import Principal
from engine.adapters.outbound import OutboundClient
from engine.bus.in_process import Bus, Overflowed
from engine.clock import Clock
from engine.events import Event
from engine.sealing import Sealer
from engine.storage.database import Database
from engine.storage.webhook_progress import SqlWebhookProgress
from engine.storage.webhooks import SqlWebhooks
from engine.upkeep import Job
from engine.webhooks.dispatcher import Dispatcher
from engine.webhooks.sending import Sender
from engine.webhooks.service import Webhooks
from engine.webhooks.settings import WebhookSettings


@dataclass(frozen=True, slots=True)
class WebhooksPart:
    """dispatcher: to be run with the frames the API makes; also what is counted."""

    service: Webhooks
    dispatcher: Dispatcher
    upkeep: Mapping[str, Job]


def make_webhooks(
    database: Database,
    bus: Bus,
    outbound: OutboundClient,
    sealer: Sealer,
    settings: WebhookSettings,
    clock: Clock,
    may_see: Callable[[Principal, Event], bool],
) -> WebhooksPart:
    sender = Sender(outbound, sealer, clock)
    progress = SqlWebhookProgress(database)
    dispatcher = Dispatcher(progress, sender, lambda stream: BusNews(bus, stream), settings, clock)
    service = Webhooks(
        SqlWebhooks(database), sender, sealer, settings, clock, sees_domain, may_see, dispatcher.changed
    )
    return WebhooksPart(service, dispatcher, {"trim_deliveries": (600.0, dispatcher.trim)})


class BusNews:
    """What the bus tells of a stream, as a mere nudge: the log has the events."""

    def __init__(self, bus: Bus, stream: str) -> None:
        self._subscription = bus.subscribe((stream,))

    async def wait(self) -> None:
        """Raises Closed when the engine stops."""
        while True:
            try:
                if any(isinstance(frame, Event) for frame in await self._subscription.take()):
                    return
            except Overflowed:
                self._subscription.resume()
                return

    def close(self) -> None:
        self._subscription.close()

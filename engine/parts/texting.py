"""Texting, put together: what is taken on, and the carriers that take it away."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import structlog

from engine.adapters.smpp_carrier import SmppSmsCarrier
from engine.adapters.smpp_texts import CarrierTexts, CarrierWords
from engine.clock import Clock
from engine.errors import StorageUnavailable
from engine.events import OPERATIONS_STREAM, NewEvent
from engine.messaging.consent import Consents
from engine.messaging.explain import Explainer
from engine.messaging.inbox import Inbox
from engine.messaging.outbox import Outbox
from engine.messaging.ports import FileLinks
from engine.messaging.service import Messaging
from engine.messaging.settings import MessagingSettings
from engine.smpp.settings import CarrierSettings
from engine.storage.announce import Announce
from engine.storage.attached import FilesAtHand
from engine.storage.consent_ledger import SqlConsents
from engine.storage.database import Database
from engine.storage.messaging import SqlNumberDirectory, SqlTexts
from engine.upkeep import Job, Work

log = structlog.get_logger()

#: How long carriers get to answer what is out, in seconds; the whole stop has to fit a service
#: manager's patience of 30 s and Ctrl-C's of 10 s.
_DRAIN_S = 4.0
_SETTLE_EVERY_S = 15.0


@dataclass(frozen=True, slots=True)
class TextingPart:
    """outboxes: by carrier."""

    messaging: Messaging
    explainer: Explainer
    consents: Consents
    carriers: Sequence[SmppSmsCarrier]
    outboxes: Mapping[str, Outbox]
    upkeep: Mapping[str, Job]

    def work(self) -> list[Work]:
        """Each runs until cancelled."""
        return [*(one.run for one in self.outboxes.values()), *(one.run for one in self.carriers)]

    async def drain(self) -> None:
        """Send nothing new, and wait for answers to what is out. Takes a few seconds at most."""
        for outbox in self.outboxes.values():
            outbox.stop()
        async with asyncio.TaskGroup() as draining:
            for carrier in self.carriers:
                draining.create_task(carrier.drain(_DRAIN_S))


def make_texting(
    database: Database,
    numbers: SqlNumberDirectory,
    peers: Sequence[tuple[CarrierSettings, CarrierWords]],
    settings: MessagingSettings,
    links: FileLinks | None,
    clock: Clock,
) -> TextingPart:
    """peers: how each carrier is reached, and the words it uses. links: what texts with files need."""
    texts = CarrierTexts({smpp.name: words for smpp, words in peers})
    store = SqlTexts(database, texts)
    inbox, operations = Inbox(store), _Operations(database)
    carriers = [SmppSmsCarrier(smpp, words, inbox, clock, operations.bind_changed) for smpp, words in peers]
    outboxes = {carrier.name: Outbox(carrier, store, settings, clock) for carrier in carriers}
    for carrier in carriers:
        carrier.feed(outboxes[carrier.name])
    messaging = Messaging(store, numbers, texts, outboxes, settings, clock, links)
    store.answers_queued = messaging.take_up
    consents, files = SqlConsents(database), FilesAtHand(database)
    deadline_ms = settings.receipt_deadline_s * 1000
    upkeep: dict[str, Job] = {
        "settle_overdue": (_SETTLE_EVERY_S, lambda: store.settle_overdue(clock.now_ms(), deadline_ms))
    }
    return TextingPart(
        messaging,
        Explainer(numbers, consents, texts, texts, outboxes.keys(), settings, links, files),
        Consents(consents, numbers),
        carriers,
        outboxes,
        upkeep,
    )


class _Operations:
    """Puts what happens to links into the stream of operations."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def bind_changed(self, carrier: str, bind: str, state: str, reason: str) -> None:
        data = {"bind": bind, "state": state, "reason": reason}
        event = NewEvent(OPERATIONS_STREAM, "carrier.bind_changed", carrier, data)
        try:
            self._database.write_soon(Announce(event), lambda result: None)
        except StorageUnavailable:
            log.warning("engine.announcement_dropped", type=event.type)

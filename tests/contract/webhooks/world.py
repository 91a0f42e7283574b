"""Two domains, webhooks of the first, and a receiver that is a list."""

from __future__ import annotations

from dataclasses import dataclass, field

from engine.accounts.models import SYSTEM, CreateDomain, Domain, Principal, Scope
from engine.accounts.service import Accounts
from engine.events import Event, NewEvent, domain_stream
from engine.idempotency import Replayed
from engine.storage.announce import Announce
from engine.storage.database import Database
from engine.storage.event_log import EventLog
from engine.storage.webhook_progress import SqlWebhookProgress
from engine.webhooks.models import CreateWebhook, Delivery, DeliveryState, Progress, Webhook, Work
from engine.webhooks.service import Webhooks


@dataclass
class Clock:
    ms: int = 1_800_000_000_000

    def now_ms(self) -> int:
        return self.ms

    def monotonic(self) -> float:
        return self.ms / 1000


@dataclass
class World:
    database: Database
    accounts: Accounts
    webhooks: Webhooks
    progress: SqlWebhookProgress
    log: EventLog
    clock: Clock
    told: list[str]  # webhooks whose worker was told to look
    domains: list[Domain] = field(default_factory=list)

    async def settle(self) -> None:
        for name in ("Acme", "Globex"):
            made = await self.accounts.domains.create(
                SYSTEM, CreateDomain(name=name, pbx="main", dial_context="out")
            )
            assert not isinstance(made, Replayed)
            self.domains.append(made)

    def manager(self, of: int = 0) -> Principal:
        return Principal("key", "key_1", self.domains[of].id, None, Scope.OFFICE_MANAGER)

    async def webhook(self, *types: str, url: str = "https://example.com/hook") -> Webhook:
        made = await self.webhooks.create(self.manager(), CreateWebhook(url=url, event_types=types))
        assert not isinstance(made, Replayed)
        return made.webhook

    async def happens(self, count: int = 1, kind: str = "call.updated", of: int = 0) -> list[str]:
        subjects = [f"call_{number}" for number in range(count)]
        for subject in subjects:
            await self.database.write(
                Announce(NewEvent(domain_stream(self.domains[of].id), kind, subject, {}))
            )
        return subjects

    async def work(self, webhook: Webhook, after: int | None = None, limit: int = 100) -> Work:
        found = await self.progress.work(
            webhook.id,
            after=webhook.seq if after is None else after,
            limit=limit,
            due_ms=self.clock.ms,
            due_limit=100,
            besides=(),
        )
        assert found is not None
        return found

    async def keep(self, webhook: Webhook, seq: int, *deliveries: Delivery) -> bool:
        return await self.progress.keep(Progress(webhook.id, seq, deliveries, None, None, None))


def delivery(webhook: Webhook, event: Event, state: DeliveryState, at_ms: int, number: int = 1) -> Delivery:
    """Ended or waiting, as of that time."""
    return Delivery(
        f"whd_{event.seq:030x}{number:02x}",
        webhook.id,
        event,
        state,
        number,
        at_ms,
        last_attempt_ms=at_ms,
        next_attempt_ms=at_ms if state is DeliveryState.WAITING else None,
        status=204 if state is DeliveryState.DELIVERED else 500,
    )

"""What webhooks need from storage, and from those who know how events are shown.

A function given to `read` or `change` runs in one transaction, possibly in another thread and more than
once: it takes ids and secrets made before, touches nothing but its argument, and raises EngineError
to refuse.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol, TypeVar

from engine.accounts.models import Domain, Principal
from engine.events import Event, NewEvent
from engine.idempotency import Claim, Replayed
from engine.webhooks.models import (
    Backlog,
    Delivery,
    DeliveryState,
    Progress,
    Replay,
    Replaying,
    Webhook,
    Work,
)

R = TypeVar("R")


class WebhookReads(Protocol):
    """Records as one transaction sees them; None where there is none."""

    def domain(self, domain_id: str) -> Domain | None: ...

    def webhook(self, webhook_id: str) -> Webhook | None: ...

    def webhooks(self, domain_id: str | None) -> Sequence[Webhook]:
        """All of one domain, oldest first; None: of the stream of operations."""

    def backlogs(self, webhooks: Sequence[Webhook]) -> Mapping[str, Backlog]: ...

    def delivery(self, delivery_id: str) -> Delivery | None: ...

    def deliveries(
        self, webhook_id: str, state: DeliveryState | None, before: str | None, limit: int
    ) -> Sequence[Delivery]:
        """Newest first. before: the id of the last one of the page before."""


class WebhookChanges(WebhookReads, Protocol):
    @property
    def now_ms(self) -> int: ...

    def high_water(self, stream: str) -> int:
        """The number of the stream's last event as far as it is committed."""

    def insert_webhook(self, webhook: Webhook) -> None: ...

    def save_webhook(self, webhook: Webhook) -> None:
        """Everything but how far it is and how it fares, which `WebhookProgress` keeps."""

    def delete_webhook(self, webhook_id: str) -> None: ...

    def replay_delivery(self, delivery_id: str) -> None:
        """Have it sent again, from its first attempt on."""

    def replay_dead(self, webhook_id: str, wish: Replay, limit: int) -> Replaying: ...

    def replay_logged(
        self, webhook: Webhook, wish: Replay, wanted: Callable[[Event], bool], limit: int
    ) -> Replaying:
        """Of the events that were dealt with and are still kept; looks at no more than limit of them."""

    def emit(self, event: NewEvent) -> None: ...

    def record(
        self,
        principal: Principal,
        action: str,
        subject: str,
        domain_id: str | None,
        data: Mapping[str, object],
    ) -> None: ...

    def claim(self, claim: Claim) -> Replayed | None: ...

    def settle(self, claim: Claim, status: int, body: str) -> None: ...


class WebhookStore(Protocol):
    """Every method may raise StorageUnavailable."""

    async def read(self, work: Callable[[WebhookReads], R]) -> R: ...

    async def change(self, work: Callable[[WebhookChanges], R]) -> R: ...


class WebhookProgress(Protocol):
    """What the delivering side reads and keeps. Every method may raise StorageUnavailable."""

    async def enabled(self) -> Sequence[Webhook]: ...

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
        """At most limit events behind a number, and deliveries that are due, but for some; None for a
        webhook that is gone or disabled.

        Where events are no longer kept, the first one is a RESYNC with the number of the last that is lost.
        """

    async def keep(self, progress: Progress) -> bool:
        """Keep it; False when the webhook is gone. Doing it twice is harmless."""

    async def trim(self, delivered_before_ms: int, dead_before_ms: int) -> int:
        """Forget what became of old deliveries, in small transactions; returns how many."""


class Frames(Protocol):
    """How events are shown, the same as on an event socket."""

    def may_see(self, reader: Principal, event: Event) -> bool: ...

    async def bodies(self, events: Sequence[Event], reader: Principal, *, content: bool) -> Sequence[bytes]:
        """One JSON document each, completed from the rows the reader may still see.

        content: without it no text and no number is in them. Raises StorageUnavailable.
        """


class News(Protocol):
    """Says when a stream may have more events."""

    async def wait(self) -> None:
        """Until something was committed since the last call, or may have been."""

    def close(self) -> None: ...

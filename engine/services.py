"""What the API may call. `app.py` fills it; the API knows nothing behind it.

Protocols stand here for what has several makers (a bus, an event log) or belongs to the
whole process (health); features are their own services.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from prometheus_client import CollectorRegistry

from engine.accounts.models import Page, PageRequest, Principal
from engine.accounts.service import Accounts
from engine.click_to_call.models import Call, CallFilter, PlaceCall
from engine.conversations.models import Conversation
from engine.events import Event
from engine.idempotency import Claim, Replayed
from engine.messaging.models import Message, MessageFilter, SendText


class Calls(Protocol):
    """Click-to-call."""

    async def place(
        self,
        principal: Principal,
        command: PlaceCall,
        claim: Claim | None = None,
        render: Callable[[Call], tuple[int, str]] | None = None,
    ) -> Call | Replayed:
        """Commit the call and have it dialled; returns before any phone rings."""

    async def get(self, principal: Principal, call_id: str) -> Call: ...

    async def list(
        self, principal: Principal, chosen: CallFilter = ..., page: PageRequest = ...
    ) -> Page[Call]: ...

    async def cancel(self, principal: Principal, call_id: str) -> Call:
        """End the call, whatever its state; harmless when it is over."""


class Messaging(Protocol):
    """Texts."""

    def send(
        self,
        principal: Principal,
        command: SendText,
        claim: Claim | None = None,
        render: Callable[[Message], tuple[int, str]] | None = None,
    ) -> Awaitable[Message | Replayed]:
        """Accept a text; done when it is committed."""

    def send_batch(
        self,
        principal: Principal,
        commands: Sequence[SendText],
        claim: Claim | None = None,
        render: Callable[[Sequence[Message]], tuple[int, str]] | None = None,
    ) -> Awaitable[Sequence[Message] | Replayed]:
        """Accept all of these texts or none of them."""

    async def get(self, principal: Principal, message_id: str) -> Message: ...

    async def list(
        self,
        principal: Principal,
        domain_id: str | None = None,
        chosen: MessageFilter = ...,
        page: PageRequest = ...,
    ) -> Page[Message]: ...


class Conversations(Protocol):
    """Threads of texts."""

    async def get(self, principal: Principal, conversation_id: str) -> Conversation: ...

    async def list(
        self, principal: Principal, domain_id: str | None = None, page: PageRequest = ...
    ) -> Page[Conversation]: ...


class EventLog(Protocol):
    """Committed events, by stream, in sequence order."""

    async def after(self, cursor: Mapping[str, int], limit: int) -> Sequence[Event]:
        """Events of these streams with a higher number than the cursor's, each stream in order."""

    async def high_water(self, streams: Sequence[str]) -> Mapping[str, int]:
        """The number of the last event of each stream; 0 for one that has none."""

    async def oldest(self, streams: Sequence[str]) -> Mapping[str, int]:
        """The number of the oldest event still kept; a stream that keeps none is absent."""


class Subscription(Protocol):
    """Live events of some streams. overflowed: some were dropped; read the log instead."""

    @property
    def overflowed(self) -> bool: ...

    async def get(self) -> Event: ...

    def close(self) -> None: ...


class Bus(Protocol):
    """Tells of events as they are committed."""

    def subscribe(self, streams: Sequence[str]) -> Subscription: ...


@dataclass(frozen=True, slots=True)
class Component:
    """One thing the engine depends on.

    name: `database`, `pbx:<name>`, `carrier:<name>`; shown without a credential, so it names
    what is configured and never an address. required: not ready without it.
    """

    name: str
    up: bool
    required: bool


class Health(Protocol):
    """What works right now."""

    async def check(self) -> Sequence[Component]:
        """Within a second, whatever hangs; a component that did not answer is down."""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Who did what. actor: the credential's id; data: ids and names of changed fields."""

    id: str
    domain_id: str | None
    actor: str
    action: str
    subject: str
    data: Mapping[str, object]
    created_ms: int


class AuditLog(Protocol):
    """The append-only record."""

    async def list(
        self, principal: Principal, domain_id: str | None = None, page: PageRequest = ...
    ) -> Page[AuditEntry]:
        """Newest first: of one domain within reach; without domain_id, a principal of several
        domains gets what belongs to no domain."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Services:
    """metrics: what the engine counts, served at /metrics."""

    accounts: Accounts
    calls: Calls
    messaging: Messaging
    conversations: Conversations
    audit: AuditLog
    event_log: EventLog
    bus: Bus
    health: Health
    metrics: CollectorRegistry

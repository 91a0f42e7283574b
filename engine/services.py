"""What the API may call. `app.py` fills it; the API knows nothing behind it.

Protocols stand here for what the API calls of each; the bus is the one of this process, whatever
feeds it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from prometheus_client import CollectorRegistry

from engine.accounts.models import Page, PageRequest, Principal
from engine.accounts.service import Accounts
from engine.attachments.service import Attachments
from engine.audit import AuditEntry
from engine.bus.in_process import Bus, Closed, Ephemeral, Overflowed, Subscription
from engine.click_to_call.models import Call, CallFilter, PlaceCall
from engine.contacts.directory import Directory
from engine.contacts.files import ContactFiles
from engine.contacts.service import Contacts
from engine.conversations.out_of_office import Absences
from engine.conversations.quick_replies import QuickReplies
from engine.conversations.search import Search
from engine.conversations.service import Conversations
from engine.errors import EngineError
from engine.events import Event
from engine.idempotency import Claim, Replayed
from engine.messaging.blocks import BlockedSenders
from engine.messaging.consent import Consents
from engine.messaging.explain import Explainer
from engine.messaging.models import Message, MessageFilter, SendText
from engine.notifications.service import Notifications
from engine.presence.models import CallLogEntry, CallLogFilter, SetStatus, UserPresence
from engine.records.erasing import Erasures
from engine.records.exporting import Exports
from engine.usage.service import UsageReports
from engine.voicemail.service import Voicemails
from engine.webhooks.service import Webhooks

__all__ = [
    "Accepted",
    "AuditLog",
    "Bus",
    "CallLog",
    "Calls",
    "Closed",
    "Component",
    "Conversations",
    "Ephemeral",
    "EventLog",
    "EventRows",
    "Health",
    "Messaging",
    "Overflowed",
    "Presence",
    "Services",
    "Subscription",
]

#: What became of each text of a batch: the message, or why it was refused.
Accepted = Sequence[Message | EngineError]


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
        request: SendText,
        claim: Claim | None = None,
        render: Callable[[Message], tuple[int, str]] | None = None,
    ) -> Awaitable[Message | Replayed]:
        """Accept a text; done when it is committed."""

    def send_batch(
        self,
        principal: Principal,
        requests: Sequence[SendText],
        claim: Claim | None = None,
        render: Callable[[Accepted], tuple[int, str]] | None = None,
    ) -> Awaitable[Accepted | Replayed]:
        """Accept many texts in one commit; each is answered by itself, in the order given."""

    async def get(self, principal: Principal, message_id: str) -> Message: ...

    async def list(
        self,
        principal: Principal,
        domain_id: str | None = None,
        chosen: MessageFilter = ...,
        page: PageRequest = ...,
    ) -> Page[Message]: ...


class Presence(Protocol):
    """Who is logged in, what phones do, what users say of themselves."""

    def connected(self, principal: Principal) -> None:
        """An event socket was opened; `disconnected` follows when it is closed."""

    def disconnected(self, principal: Principal) -> None: ...

    def active(self, principal: Principal) -> None:
        """A request was made; costs nothing that counts."""

    async def list(
        self, principal: Principal, domain_id: str | None = None
    ) -> Sequence[tuple[UserPresence, bool]]:
        """Everybody in a domain, and whether the principal may see whom they talk to."""

    async def own(self, principal: Principal) -> UserPresence: ...

    async def set(self, principal: Principal, wish: SetStatus) -> UserPresence: ...


class CallLog(Protocol):
    """Calls as users see them."""

    async def list(
        self, principal: Principal, chosen: CallLogFilter = ..., page: PageRequest = ...
    ) -> Page[CallLogEntry]: ...

    async def get(self, principal: Principal, entry_id: str) -> CallLogEntry: ...

    async def unseen_missed(self, principal: Principal) -> int: ...

    async def mark_seen(self, principal: Principal, ids: Sequence[str] | None = None) -> int: ...


class EventLog(Protocol):
    """Committed events, by stream, in sequence order."""

    async def after(self, cursor: Mapping[str, int], limit: int) -> Sequence[Event]:
        """Events of these streams with a higher number than the cursor's, each stream in order."""

    async def high_water(self, streams: Sequence[str]) -> Mapping[str, int]:
        """The number of the last event of each stream; 0 for one that has none."""

    async def oldest(self, streams: Sequence[str]) -> Mapping[str, int]:
        """The number of the oldest event still kept; a stream that keeps none is absent."""


class EventRows(Protocol):
    """What events are about. Without a reader it asks nobody's permission: show it to those the event is
    for, in the moment of the commit."""

    async def messages(
        self, message_ids: Sequence[str], reader: Principal | None = None
    ) -> Sequence[Message]:
        """Those that are there, as they are now, in no order; for a reader, those it may still see."""


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


class AuditLog(Protocol):
    """The append-only record of who did what. It asks nobody's permission."""

    async def page(self, domain_id: str | None, *, before: str | None, limit: int) -> Sequence[AuditEntry]:
        """At most limit entries of one domain (None: of no domain), newest first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Services:
    """metrics: what the engine counts, served at /metrics."""

    accounts: Accounts
    attachments: Attachments
    calls: Calls
    messaging: Messaging
    explainer: Explainer
    consents: Consents
    blocked_senders: BlockedSenders
    conversations: Conversations
    search: Search
    quick_replies: QuickReplies
    absences: Absences
    contacts: Contacts
    contact_files: ContactFiles
    directory: Directory
    usage: UsageReports
    erasures: Erasures
    exports: Exports
    presence: Presence
    call_log: CallLog
    voicemails: Voicemails
    notifications: Notifications
    webhooks: Webhooks
    audit: AuditLog
    event_log: EventLog
    event_rows: EventRows
    bus: Bus
    health: Health
    metrics: CollectorRegistry

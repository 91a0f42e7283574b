"""What a webhook is and what became of each event sent to it. Types only."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from engine.accounts.models import UNSET, Principal, Scope, Unset
from engine.events import OPERATIONS_STREAM, Event, domain_stream

#: Why a webhook gets nothing: somebody said so, the receiver did (410), or it failed for days.
DisabledBecause = Literal["asked", "gone", "failing"]

#: Sent in place of events that are no longer kept, as an event socket is told.
RESYNC = "resync"
#: What `:test` sends.
TEST = "webhook.test"


class DeliveryState(enum.Enum):
    """waiting: to be sent at `next_attempt_ms`. dead: given up; it can be replayed."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    DEAD = "dead"


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """A receiver of one stream's events.

    domain_id: None gets the stream of operations. event_types: see `wants`; empty for all. seq: the
    number of the last event that was dealt with; what follows it is still to be sent, and is kept until
    then. secret: sealed. old_secret signs besides it until old_secret_until_ms. failing_since_ms: of the
    first failure since anything was delivered.
    """

    id: str
    domain_id: str | None
    url: str = field(repr=False)  # people put tokens into addresses
    description: str
    event_types: tuple[str, ...]
    enabled: bool
    disabled_because: DisabledBecause | None
    secret: str = field(repr=False)
    old_secret: str | None = field(repr=False, default=None)
    old_secret_until_ms: int | None = None
    created_by: str
    created_ms: int
    updated_ms: int
    seq: int
    failing_since_ms: int | None = None
    last_delivered_ms: int | None = None

    @property
    def stream(self) -> str:
        return OPERATIONS_STREAM if self.domain_id is None else domain_stream(self.domain_id)

    @property
    def reader(self) -> Principal:
        """As whom it reads: as a manager of its domain would, who is nobody in particular."""
        scope = Scope.SUPER_USER if self.domain_id is None else Scope.OFFICE_MANAGER
        return Principal("system", self.id, self.domain_id, None, scope)

    def wants(self, event_type: str) -> bool:
        """Whether it asked for events of this type: by name, or by `<noun>.*`."""
        noun = event_type.partition(".")[0]
        return (
            not self.event_types
            or event_type == RESYNC
            or event_type in self.event_types
            or f"{noun}.*" in self.event_types
        )


def message_id(event: Event) -> str:
    """The Webhook-Id an event goes out with, always the same: what an event socket's cursor calls it."""
    return f"{event.stream}:{event.seq}" + (":resync" if event.type == RESYNC else "")


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event on its way to one webhook, or what became of it.

    attempts: since it was first sent or last replayed. status: HTTP status of the last answer; error: code
    of what went wrong instead, or with it. last_attempt_ms: None before the first one.
    """

    id: str
    webhook_id: str
    event: Event
    state: DeliveryState
    attempts: int
    created_ms: int
    last_attempt_ms: int | None = None
    next_attempt_ms: int | None = None
    status: int | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one attempt. status: None when no answer came; then error says why."""

    status: int | None
    error: str | None = None
    retry_after_s: float | None = None
    elapsed_ms: int = 0

    @property
    def delivered(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def gone(self) -> bool:
        """The receiver wants nothing more, ever."""
        return self.status == 410


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateWebhook:
    url: str
    description: str = ""
    event_types: Sequence[str] = ()
    domain_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateWebhook:
    """enabled: True lets it go on where it stopped."""

    url: str | Unset = UNSET
    description: str | Unset = UNSET
    event_types: Sequence[str] | Unset = UNSET
    enabled: bool | Unset = UNSET


@dataclass(frozen=True, slots=True)
class IssuedWebhook:
    """A webhook and its secret as the receiver needs it; None when it is not to be shown again."""

    webhook: Webhook
    secret: str | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """Which events to send again: those given up, or all that are still kept; bounds are inclusive."""

    dead_only: bool = True
    from_seq: int | None = None
    to_seq: int | None = None
    since_ms: int | None = None
    until_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Replaying:
    """How many will be sent again. next_seq: where to go on, when there were more than one request takes."""

    count: int
    next_seq: int | None


@dataclass(frozen=True, slots=True)
class Backlog:
    """behind: events that were not dealt with yet, of whatever type; waiting, dead: deliveries."""

    behind: int
    waiting: int
    dead: int


@dataclass(frozen=True, slots=True)
class Work:
    """What a webhook has to do. events: the next of its stream; next_due_ms: of the deliveries not in `due`.

    content: whether bodies may hold texts and numbers.
    """

    webhook: Webhook
    content: bool
    events: Sequence[Event]
    due: Sequence[Delivery]
    next_due_ms: int | None
    more: bool


@dataclass(frozen=True, slots=True)
class Progress:
    """What is to be kept of a webhook's work. disable: for which reason it gets nothing more."""

    webhook_id: str
    seq: int
    deliveries: Sequence[Delivery]
    failing_since_ms: int | None
    last_delivered_ms: int | None
    disable: DisabledBecause | None

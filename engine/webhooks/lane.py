"""One receiver's queue: what goes out next, what is tried again when, and how far everything is dealt with.

No sockets, no storage, no clock: callers pass events and the time, milliseconds since the epoch.

The event log is the outbox. Events are taken from it in order and sent several at a time, but never two
about one resource; what fails becomes a delivery of its own with its own times, so that it holds up nobody.
Everything up to `seq` is either delivered or such a delivery. A receiver that only fails is left alone for
longer and longer, and its events stay in the log.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from engine.events import Event
from engine.ids import new_id
from engine.webhooks.models import Delivery, DeliveryState, DisabledBecause, Outcome

#: Pauses between the attempts of one delivery, in seconds: 25.7 hours, and up to a quarter more.
RETRY_AFTER_S = (5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400, 21_600, 21_600, 21_600)
_JITTER = 0.25
#: What a receiver may ask for with Retry-After, in seconds.
MOST_RETRY_AFTER_S = 86_400.0

#: After so many failures in a row the whole lane pauses; then one event at a time finds out.
FAILURES_TO_PAUSE = 5
_FIRST_PAUSE_S = 5.0
_LONGEST_PAUSE_S = 900.0

#: Events taken from the log and not yet sent, and deliveries taken up again.
QUEUE = 200
RETRIES = 50

Wanted = Callable[[Event], bool]


@dataclass(slots=True, eq=False)
class Item:
    """Something to send. delivery: None for an event that has not been tried."""

    event: Event
    delivery: Delivery | None = None


class Lane:
    """width: requests at a time. read: the number up to which events were taken from the log."""

    def __init__(
        self,
        webhook_id: str,
        seq: int,
        *,
        width: int,
        disable_after_s: float,
        failing_since_ms: int | None = None,
        retry_after_s: Sequence[float] = RETRY_AFTER_S,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.read = seq
        self.failing_since_ms = failing_since_ms
        self.last_delivered_ms: int | None = None
        self.disable: DisabledBecause | None = None
        self._webhook_id = webhook_id
        self._width = width
        self._disable_after_s = disable_after_s
        self._retry_after_s = retry_after_s
        self._jitter = jitter
        self._events: list[Item] = []
        self._retries: list[Item] = []
        self._in_flight: list[Item] = []
        self._open: dict[int, None] = {}  # numbers of new events that are not dealt with, in order
        self._failures = 0
        self._paused_until_ms = 0

    @property
    def seq(self) -> int:
        """Everything up to here is dealt with."""
        return next(iter(self._open), self.read + 1) - 1

    @property
    def room(self) -> int:
        """How many events it takes."""
        return max(0, QUEUE - len(self._events))

    @property
    def retry_room(self) -> int:
        """How many due deliveries it takes."""
        return max(0, RETRIES - len(self._retries))

    @property
    def hungry(self) -> bool:
        """Whether there is room enough to be worth a look."""
        return self.room >= QUEUE // 2 and self.retry_room >= RETRIES // 2

    @property
    def idle(self) -> bool:
        return not self._in_flight

    @property
    def paused_until_ms(self) -> int:
        return self._paused_until_ms

    def holds(self) -> list[str]:
        """Ids of the deliveries that are here."""
        here = (*self._retries, *self._in_flight)
        return [item.delivery.id for item in here if item.delivery is not None]

    def add_events(self, events: Sequence[Event], wanted: Wanted) -> None:
        """Take the next events of the log, in order; what is not wanted is dealt with."""
        for event in events:
            self.read = event.seq
            if wanted(event):
                self._open[event.seq] = None
                self._events.append(Item(event))

    def add_due(self, deliveries: Sequence[Delivery]) -> None:
        """Take deliveries whose time has come; those that are here already are left alone."""
        here = set(self.holds())
        self._retries += [Item(one.event, one) for one in deliveries if one.id not in here]

    def take(self, now_ms: int) -> list[Item]:
        """What to send now; each has to come back by `settle` or `put_back`."""
        if self.disable is not None or now_ms < self._paused_until_ms:
            return []
        width = 1 if self._failures >= FAILURES_TO_PAUSE else self._width
        taken: list[Item] = []
        # What was tried before goes first, but takes no more than half, lest slow failures hold up the rest.
        retrying = sum(item.delivery is not None for item in self._in_flight)
        self._move(self._retries, taken, min(width - len(self._in_flight), max(1, width // 2) - retrying))
        self._move(self._events, taken, width - len(self._in_flight))
        return taken

    def pause(self, until_ms: int) -> None:
        """Send nothing until then."""
        self._paused_until_ms = max(self._paused_until_ms, until_ms)

    def resume(self) -> None:
        """Somebody thinks that it works again: find out now, with one event."""
        self._paused_until_ms = 0

    def put_back(self, items: Sequence[Item]) -> None:
        """They could not be sent, through no fault of the receiver."""
        for item in items:
            self._in_flight.remove(item)
        self._retries[:0] = [item for item in items if item.delivery is not None]
        self._events[:0] = [item for item in items if item.delivery is None]

    def settle(self, item: Item, outcome: Outcome, now_ms: int) -> Delivery:
        """Note what became of an attempt; returns what is to be kept of it."""
        self._in_flight.remove(item)
        if item.delivery is None:
            self._open.pop(item.event.seq, None)
        before = item.delivery or Delivery(
            new_id("whd"), self._webhook_id, item.event, DeliveryState.WAITING, 0, now_ms
        )
        after = replace(
            before,
            attempts=before.attempts + 1,
            last_attempt_ms=now_ms,
            next_attempt_ms=None,
            status=outcome.status,
            error=outcome.error,
        )
        if outcome.delivered:
            self._failures, self._paused_until_ms = 0, 0
            self.failing_since_ms, self.last_delivered_ms = None, now_ms
            return replace(after, state=DeliveryState.DELIVERED)
        self._note_failure(outcome, now_ms)
        if outcome.gone:
            self.disable = "gone"
        if outcome.gone or after.attempts > len(self._retry_after_s):
            return replace(after, state=DeliveryState.DEAD)
        wait_s = self._retry_after_s[after.attempts - 1] * (1 + _JITTER * self._jitter())
        wait_s = max(wait_s, _asked_for(outcome))
        return replace(after, state=DeliveryState.WAITING, next_attempt_ms=now_ms + round(wait_s * 1000))

    def _note_failure(self, outcome: Outcome, now_ms: int) -> None:
        self._failures += 1
        if self.failing_since_ms is None:
            self.failing_since_ms = now_ms
        pause_s = _asked_for(outcome)
        if self._failures >= FAILURES_TO_PAUSE:
            doubled = _FIRST_PAUSE_S * 2.0 ** min(self._failures - FAILURES_TO_PAUSE, 20)
            pause_s = max(pause_s, min(doubled, _LONGEST_PAUSE_S) * (1 + _JITTER * self._jitter()))
        self._paused_until_ms = max(self._paused_until_ms, now_ms + round(pause_s * 1000))
        if now_ms - self.failing_since_ms >= self._disable_after_s * 1000:
            self.disable = "failing"

    def _move(self, source: list[Item], taken: list[Item], most: int) -> None:
        """Put what may go now into flight, in order, one about each resource."""
        if most <= 0 or not source:
            return
        busy = {item.event.subject for item in self._in_flight}
        left: list[Item] = []
        for at, item in enumerate(source):
            if most == 0:
                left += source[at:]
                break
            if item.event.subject in busy:
                left.append(item)
                continue
            busy.add(item.event.subject)
            taken.append(item)
            self._in_flight.append(item)
            most -= 1
        source[:] = left


def _asked_for(outcome: Outcome) -> float:
    """How long the receiver wants to be left alone, in seconds."""
    return min(outcome.retry_after_s or 0.0, MOST_RETRY_AFTER_S)

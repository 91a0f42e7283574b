"""The bus of one process: a function call per committed event and a bounded queue per listener.

It never blocks and never keeps anything: a listener that is too slow loses events, is told so,
and reads what it missed from the event log. Used on the event loop alone.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from engine.events import Event

#: Frames one listener may leave waiting; a browser that is further behind reads the log instead.
CAPACITY = 1000


@dataclass(frozen=True, slots=True)
class Ephemeral:
    """A frame without a number that nobody keeps: typing, presence, signalling.

    type: one word, no dot. user_ids: who may see it, exactly; None: everybody in the domain. Where it
    begins with `MANAGERS_ONLY`, those who see the whole domain see it as well.
    """

    stream: str
    type: str
    data: Mapping[str, object]
    user_ids: tuple[str, ...] | None = None


Frame = Event | Ephemeral


class Overflowed(Exception):
    """Events were dropped after those already returned: read the log, then `resume`."""


class Closed(Exception):
    """The subscription was closed, by its owner or with the bus."""


class Subscription:
    """What one listener has not taken yet. Only one task may wait in it."""

    def __init__(self, bus: Bus, streams: frozenset[str], capacity: int) -> None:
        self._bus = bus
        self.streams = streams
        self._capacity = capacity
        self._events: deque[Event] = deque()
        self._ephemeral: deque[Ephemeral] = deque(maxlen=capacity)  # the newest matter
        self._waiter: asyncio.Future[None] | None = None
        self._closed = False
        self.overflowed = False

    async def get(self) -> Event:
        """The next event, in publishing order.

        After an overflow the events before it still come, then Overflowed is raised until `resume`.
        Raises Closed at once when closed. Cancellation loses nothing.
        """
        while True:
            if self._closed:
                raise Closed
            if self._events:
                return self._events.popleft()
            if self.overflowed:
                raise Overflowed
            await self._news()

    async def take(self) -> list[Frame]:
        """Everything that waits, at least one frame: events in order, then ephemeral frames.

        Raises as `get` does.
        """
        while True:
            if self._closed:
                raise Closed
            if self._events or self._ephemeral:
                frames: list[Frame] = [*self._events, *self._ephemeral]
                self._events.clear()
                self._ephemeral.clear()
                return frames
            if self.overflowed:
                raise Overflowed
            await self._news()

    def resume(self) -> None:
        """Listen again after an overflow.

        Call it before reading the log: what is committed meanwhile may then come twice, which its
        seq shows, but nothing falls between.
        """
        self._events.clear()
        self.overflowed = False

    def close(self) -> None:
        """Stop listening; whoever waits gets Closed. Harmless when closed already."""
        self._closed = True
        self._bus._forget(self)
        self._wake()

    def _offer(self, event: Event) -> None:
        if self.overflowed:
            return
        if len(self._events) >= self._capacity:
            self.overflowed = True
        else:
            self._events.append(event)
        self._wake()

    def _offer_ephemeral(self, frame: Ephemeral) -> None:
        self._ephemeral.append(frame)
        self._wake()

    async def _news(self) -> None:
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


class Bus:
    """Hands each committed event to those who subscribed to its stream."""

    def __init__(self, *, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._by_stream: dict[str, set[Subscription]] = {}

    def publish(self, events: Sequence[Event]) -> None:
        """Offer committed events, in order. Never blocks, never raises for a listener's sake."""
        for event in events:
            for subscription in self._by_stream.get(event.stream, ()):
                subscription._offer(event)

    def publish_ephemeral(
        self,
        stream: str,
        type: str,
        data: Mapping[str, object],
        user_ids: Iterable[str] | None = None,
    ) -> None:
        """Offer a frame that only those listening now will see; under load the oldest are dropped."""
        frame = Ephemeral(stream, type, data, None if user_ids is None else tuple(user_ids))
        for subscription in self._by_stream.get(stream, ()):
            subscription._offer_ephemeral(frame)

    def subscribe(self, streams: Iterable[str]) -> Subscription:
        """Listen to these streams from now on; close it when done."""
        subscription = Subscription(self, frozenset(streams), self._capacity)
        for stream in subscription.streams:
            self._by_stream.setdefault(stream, set()).add(subscription)
        return subscription

    def close(self) -> None:
        """Close every subscription, so that those who wait can go home."""
        for subscription in {each for group in self._by_stream.values() for each in group}:
            subscription.close()

    def _forget(self, subscription: Subscription) -> None:
        for stream in subscription.streams:
            listeners = self._by_stream.get(stream)
            if listeners is not None:
                listeners.discard(subscription)
                if not listeners:
                    del self._by_stream[stream]

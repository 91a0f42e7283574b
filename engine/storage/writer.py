"""The queue in front of the one writer, as the event loop sees it.

Operations wait here while a commit runs; whatever has gathered goes into the next one. Nothing
waits for a timer. Everything but `take` runs on the loop; `take` runs where the writer runs.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from engine.errors import StorageUnavailable
from engine.events import Event
from engine.storage.batch import AnyOperation, Outcome

Done = Callable[[Any], None]
Entry = tuple[AnyOperation, Done]

#: Operations in one transaction at most. Beyond some hundred the price of the fsync is spread thin
#: enough; a longer transaction only makes the first of them wait for the last.
BATCH_OPERATIONS = 1000


class WriteQueue:
    """Bounded, first in first out.

    wake: called on the loop when the writer may be asleep. publish: gets the events of each commit,
    in order, before any waiter hears of it.
    """

    def __init__(
        self,
        *,
        capacity: int,
        wake: Callable[[], None],
        publish: Callable[[Sequence[Event]], None],
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._capacity = capacity
        self._wake = wake
        self._publish = publish
        self._waiting: deque[Entry] = deque()
        self._occupied = 0  # waiting, in the running commit, or promised to someone in _for_room
        self._for_room: deque[asyncio.Future[None]] = deque()
        self._closing = False
        self._empty: asyncio.Future[None] | None = None
        self.commits = 0  # batches answered, failed ones included
        self.operations = 0

    @property
    def depth(self) -> int:
        """Operations that have been taken on and not answered yet."""
        return self._occupied

    def put(self, operation: AnyOperation, done: Done) -> None:
        """Queue without waiting; done is called on the loop with the value or the exception.

        Raises StorageUnavailable when the queue is full, or others wait for room already.
        """
        if self._closing or self._occupied >= self._capacity or self._for_room:
            raise self._refusal()
        self._occupied += 1
        self._waiting.append((operation, done))
        self._wake()

    async def put_and_wait(self, operation: AnyOperation) -> Any:
        """Queue, waiting for room if need be, and return the operation's value after COMMIT.

        Cancelled while waiting for room, it was never queued; cancelled later, it commits all the
        same and nobody is told. Raises what the operation raised, or StorageUnavailable.
        """
        if self._closing:
            raise self._refusal()
        if self._occupied >= self._capacity or self._for_room:
            await self._room()
        else:
            self._occupied += 1
        committed = self._loop.create_future()

        def done(result: Any) -> None:
            if committed.done():
                return
            if isinstance(result, BaseException):
                committed.set_exception(result)
            else:
                committed.set_result(result)

        self._waiting.append((operation, done))
        self._wake()
        return await committed

    def take(self) -> list[Entry]:
        """The next batch, empty if nothing waits. Safe to call from the writer's thread."""
        waiting = self._waiting
        return [waiting.popleft() for _ in range(min(len(waiting), BATCH_OPERATIONS))]

    def __bool__(self) -> bool:
        """Whether something waits to be taken. Safe to call from the writer's thread."""
        return bool(self._waiting)

    def deliver(self, batch: Sequence[Entry], outcome: Outcome) -> None:
        """Tell the world what was committed: first the bus, then the waiters, in queue order."""
        self.commits += 1
        self.operations += len(batch)
        if outcome.events:
            self._call(self._publish, outcome.events)
        for (_, done), result in zip(batch, outcome.results, strict=True):
            self._call(done, result)
        self._free(len(batch))

    async def close(self) -> None:
        """Refuse new work and return when all that was queued has been answered."""
        self._closing = True
        for waiter in self._for_room:
            if not waiter.done():
                waiter.set_exception(self._refusal())
        self._for_room.clear()
        if self._occupied:
            self._empty = self._loop.create_future()
            await self._empty

    async def _room(self) -> None:
        turn = self._loop.create_future()
        self._for_room.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                self._free(1)  # the place was given in the moment its owner left
            elif turn in self._for_room:
                self._for_room.remove(turn)
            raise

    def _free(self, places: int) -> None:
        self._occupied -= places
        while self._for_room and self._occupied < self._capacity:
            turn = self._for_room.popleft()
            if not turn.done():
                self._occupied += 1
                turn.set_result(None)
        if self._empty is not None and not self._empty.done() and not self._occupied:
            self._empty.set_result(None)

    def _call(self, listener: Callable[[Any], None], argument: Any) -> None:
        """A listener that raises must not keep the others from hearing what was committed."""
        try:
            listener(argument)
        except Exception as error:
            self._loop.call_exception_handler(
                {"message": "a listener to committed writes raised", "exception": error}
            )

    def _refusal(self) -> StorageUnavailable:
        if self._closing:
            return StorageUnavailable("The engine is stopping.", code="storage_closing")
        return StorageUnavailable("Too much is waiting to be stored.", code="storage_busy", retry_after_s=1)

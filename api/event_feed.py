"""One follower a stream, whatever the number of its readers.

A reader that has caught up costs nothing until something concerns it: the feed follows the log and
the bus, encodes each event once, and finds its readers by the users it is for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import structlog

from api.event_frames import control_frame, ephemeral_frame, event_frame, may_see
from api.event_position import Position
from engine.accounts.models import Principal, Scope
from engine.errors import StorageUnavailable
from engine.events import MANAGERS_ONLY, Event
from engine.services import Closed, Ephemeral, EventLog, Overflowed, Services, Subscription

log = structlog.get_logger("api")


@dataclass(frozen=True, slots=True)
class Completion:
    """How the frames of one noun's events get the rows they are about.

    read: subjects -> JSON objects; what is gone is left out, and what the reader, if one is given, may not
    see any more. shown: the JSON object of a row that an event brings along.
    """

    read: Callable[[Services, Sequence[str], Principal | None], Awaitable[Mapping[str, Mapping[str, object]]]]
    shown: Callable[[Any], Mapping[str, object]]


class Reader(Protocol):
    """One connection. It may see less than the feed knows: the feed asks `may_see` first."""

    @property
    def principal(self) -> Principal: ...

    def show(self, stream: str, seq: int, frame: bytes) -> None:
        """An event's frame. Must not wait."""

    def pass_on(self, frame: bytes) -> None:
        """A frame without a number."""

    def stream_ended(self, stopping: bool) -> None:
        """Nothing more will come: the server is stopping, or the log cannot be read."""


class Feed:
    """The live end of one stream. passed: the number of the last event its readers were shown."""

    def __init__(self, stream: str, feeds: Feeds) -> None:
        self.stream = stream
        self.passed = 0
        self.holders = 0
        self._feeds = feeds
        self._position = Position(feeds.log, (stream,))
        self._managers: set[Reader] = set()
        self._users: dict[str, set[Reader]] = {}
        self._readers: set[Reader] = set()
        self._begun: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._follow())

    async def begun(self) -> None:
        """Raises StorageUnavailable when the log could not be read."""
        await asyncio.shield(self._begun)

    def join(self, reader: Reader) -> None:
        """Show the reader what comes from now on, as far as it may see it."""
        principal = reader.principal
        self._readers.add(reader)
        if principal.scope >= Scope.OFFICE_MANAGER:
            self._managers.add(reader)
        if principal.user_id is not None:
            self._users.setdefault(principal.user_id, set()).add(reader)

    def leave(self, reader: Reader) -> None:
        """Harmless for one that had not joined."""
        self._readers.discard(reader)
        self._managers.discard(reader)
        user_id = reader.principal.user_id
        mine = None if user_id is None else self._users.get(user_id)
        if user_id is not None and mine is not None:
            mine.discard(reader)
            if not mine:
                del self._users[user_id]

    def stop(self) -> asyncio.Task[None]:
        self._task.cancel()
        return self._task

    # Following.

    async def _follow(self) -> None:
        live = self._feeds.services.bus.subscribe((self.stream,))
        try:
            await self._position.begin(None)
            self.passed = self._position.passed[self.stream]
            self._begun.set_result(None)
            while True:
                await self._take(live)
        except Closed:
            self._end(stopping=True)
        except StorageUnavailable as error:
            if not self._begun.done():
                self._begun.set_exception(error)
                self._begun.exception()  # whoever waits is told; nobody need wait
            self._end(stopping=False)
        except Exception as error:
            log.exception("api.event_feed_failed", stream=self.stream)
            if not self._begun.done():
                self._begun.set_exception(error)
            self._end(stopping=False)
        finally:
            live.close()
            self._feeds.forget(self)

    async def _take(self, live: Subscription) -> None:
        try:
            frames = await live.take()
        except Overflowed:
            live.resume()
            await self._replay()
            return
        batch: list[Event] = []
        for frame in frames:
            if isinstance(frame, Ephemeral):
                self._pass_on(frame)
                continue
            follows = self._position.follows(frame)
            if follows:
                batch.append(frame)
            elif follows is None:
                await self._show(batch)
                batch = []
                await self._replay()
        await self._show(batch)

    async def _replay(self) -> None:
        async for page in self._position.missed():
            if page is None:
                self.passed = self._position.passed[self.stream]
                frame = control_frame("resync", {self.stream: self.passed})
                for reader in tuple(self._readers):
                    reader.show(self.stream, self.passed, frame)
            else:
                await self._show(page)

    async def _show(self, events: Sequence[Event]) -> None:
        if not events:
            return
        wanted = [(event, readers) for event in events if (readers := tuple(self._readers_of(event)))]
        rows = await self._feeds.rows([event for event, _ in wanted])
        for event, readers in wanted:
            frame = event_frame(event, rows.get((event.type.partition(".")[0], event.subject)))
            for reader in readers:
                reader.show(event.stream, event.seq, frame)
        self.passed = events[-1].seq

    def _readers_of(self, event: Event) -> Iterable[Reader]:
        if not event.user_ids:
            return [reader for reader in self._readers if may_see(reader.principal, event)]
        found = {reader for user_id in event.user_ids for reader in self._users.get(user_id, ())}
        found |= self._managers
        return [reader for reader in found if may_see(reader.principal, event)]

    def _pass_on(self, frame: Ephemeral) -> None:
        if frame.user_ids is None:
            readers: Iterable[Reader] = tuple(self._readers)
        else:
            named = {reader for user_id in frame.user_ids for reader in self._users.get(user_id, ())}
            readers = named | self._managers if frame.user_ids[:1] == MANAGERS_ONLY else named
        if readers:
            octets = ephemeral_frame(frame)
            for reader in readers:
                reader.pass_on(octets)

    def _end(self, *, stopping: bool) -> None:
        for reader in tuple(self._readers):
            reader.stream_ended(stopping)


class Feeds:
    """The feeds of this server: one for each stream that somebody reads.

    completions: for each noun, how to read the rows its events are about.
    """

    def __init__(self, services: Services, completions: Mapping[str, Completion]) -> None:
        self.services = services
        self._completions = completions
        self._open: dict[str, Feed] = {}

    @property
    def log(self) -> EventLog:
        return self.services.event_log

    async def hold(self, stream: str) -> Feed:
        """The stream's feed, kept until `release`. Raises StorageUnavailable."""
        feed = self._open.get(stream)
        if feed is None:
            feed = self._open[stream] = Feed(stream, self)
        feed.holders += 1
        try:
            await feed.begun()
        except BaseException:
            self.release(feed)
            raise
        return feed

    def release(self, feed: Feed) -> None:
        feed.holders -= 1
        if feed.holders == 0:
            self.forget(feed)
            feed.stop()

    def forget(self, feed: Feed) -> None:
        """The next to ask for its stream gets another."""
        if self._open.get(feed.stream) is feed:
            del self._open[feed.stream]

    async def rows(
        self, events: Sequence[Event], reader: Principal | None = None
    ) -> Mapping[tuple[str, str], Mapping[str, object]]:
        """The rows these events are about, by noun and subject, as they are now.

        reader: who reads events of the past, and may have lost the right to some since.
        """
        subjects: dict[str, dict[str, None]] = {}
        found: dict[tuple[str, str], Mapping[str, object]] = {}
        for event in events:
            noun, _, verb = event.type.partition(".")
            completion = self._completions.get(noun)
            if completion is None or verb == "deleted":
                continue
            if event.row is not None and reader is None:
                found[noun, event.subject] = completion.shown(event.row)
            else:
                subjects.setdefault(noun, {})[event.subject] = None
        for noun, wanted in subjects.items():
            rows = await self._completions[noun].read(self.services, list(wanted), reader)
            found.update(((noun, subject), row) for subject, row in rows.items())
        return found

"""Reading the event log so that each event is seen once, in order, or its loss is said.

A reader's position is the number of the last event it has passed in each stream, whether it was
shown or filtered out. Streams have no gaps, so a number beyond the next means that something was
missed: it is then read from the log, or, if the log has dropped it, the reader is told to resync.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence

from api.event_frames import Cursor
from engine.errors import NotFound
from engine.events import Event
from engine.services import EventLog

#: Events read from the log at a time during a replay.
PAGE = 500


class Position:
    """Where one reader stands in its streams."""

    def __init__(self, log: EventLog, streams: Sequence[str]) -> None:
        self._log = log
        self.streams = tuple(streams)
        self.passed: Cursor = dict.fromkeys(streams, 0)

    async def begin(self, cursor: Mapping[str, int] | None) -> bool:
        """Stand at the cursor; streams it does not name, or all of them without one, start now.

        True when part of what follows the cursor is gone, or the cursor is from a future the log
        does not know: the reader must resync, and stands at the end now.
        Raises NotFound for a stream that is not among the reader's.
        """
        if cursor is not None and not cursor.keys() <= self.passed.keys():
            raise NotFound("There is no such stream.", field="?cursor")
        marks = await self._log.high_water(self.streams)
        self.passed = {**marks, **(cursor or {})}
        behind = {stream for stream in self.streams if self.passed[stream] < marks[stream]}
        lost = any(self.passed[stream] > marks[stream] for stream in self.streams)
        if behind and not lost:
            oldest = await self._log.oldest(sorted(behind))
            lost = any(oldest.get(stream, marks[stream] + 1) > self.passed[stream] + 1 for stream in behind)
        if lost:
            self.passed = dict(marks)
        return lost

    async def missed(self) -> AsyncGenerator[Sequence[Event] | None, None]:
        """What the log holds beyond the position, page by page; None once if part of it is gone.

        The position moves with each page handed out.
        """
        while True:
            page = await self._log.after(self.passed, PAGE)
            whole = 0
            for event in page:
                if event.seq != self.passed[event.stream] + 1:
                    break
                self.passed[event.stream] = event.seq
                whole += 1
            if whole:
                yield page[:whole]
            if whole < len(page):
                self.passed = {**self.passed, **await self._log.high_water(self.streams)}
                yield None
            elif len(page) < PAGE:
                return

    def follows(self, event: Event) -> bool | None:
        """Take a live event: True if it is the next, False if it was passed already, None if something
        before it was missed. Only the next one moves the position.
        """
        passed = self.passed.get(event.stream, 0)
        if event.seq <= passed:
            return False
        if event.seq > passed + 1:
            return None
        self.passed[event.stream] = event.seq
        return True

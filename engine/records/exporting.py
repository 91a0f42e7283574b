"""A conversation as a file: what its reader may see of it, oldest first, read a page at a time.

JSON and CSV go out as they are read. A PDF is made as a whole, in a process of its own, so it has a bound.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol
from zoneinfo import ZoneInfo

from engine.accounts.models import Principal
from engine.conversations.models import ThreadView, TimelineItem
from engine.errors import InvalidRequest
from engine.records.lines import COLUMNS, Line, line_of
from engine.spreadsheets import csv_lines

#: Items on paper; some 150 pages.
MOST_ON_PAPER = 5_000
_PAGE = 200


class ExportFormat(StrEnum):
    JSON = "json"
    CSV = "csv"
    PDF = "pdf"


class Threads(Protocol):
    """What the conversations are asked for; each decides what its reader may see."""

    async def get(self, principal: Principal, conversation_id: str) -> ThreadView:
        """Raises NotFound."""

    async def following(
        self, principal: Principal, conversation_id: str, after: tuple[int, str], limit: int
    ) -> Sequence[TimelineItem]:
        """What follows a position most closely, newest first."""

    async def time_zone(self, domain_id: str) -> str: ...


@dataclass(frozen=True, slots=True)
class Paper:
    """What a PDF shows. facts: of its head, as (name, value)."""

    title: str
    facts: Sequence[tuple[str, str]]
    lines: Sequence[Line]


class PdfWriter(Protocol):
    async def write(self, paper: Paper) -> bytes:
        """Raises RateLimited `busy` when too many are waiting, InvalidRequest `export_too_large` when it
        takes too long."""


class Exports:
    def __init__(self, threads: Threads, pdf: PdfWriter) -> None:
        self._threads = threads
        self._pdf = pdf

    async def view(self, principal: Principal, conversation_id: str) -> ThreadView:
        """Raises NotFound."""
        return await self._threads.get(principal, conversation_id)

    async def items(
        self, principal: Principal, conversation_id: str, from_ms: int = 0, until_ms: int | None = None
    ) -> AsyncIterator[TimelineItem]:
        """All from one time to another, oldest first. Raises NotFound and StorageUnavailable on the way."""
        after = (max(from_ms - 1, 0), "f" * 32)
        while True:
            page = await self._threads.following(principal, conversation_id, after, _PAGE)
            for one in reversed(page):
                if until_ms is not None and one.position[0] >= until_ms:
                    return
                yield one
            if len(page) < _PAGE:
                return
            after = page[0].position

    async def csv(
        self, principal: Principal, view: ThreadView, from_ms: int = 0, until_ms: int | None = None
    ) -> AsyncIterator[bytes]:
        """The lines of a conversation; a spreadsheet takes nothing in it for a formula."""
        zone = ZoneInfo(await self._threads.time_zone(view.conversation.domain_id))
        names = names_in(view)
        yield csv_lines([COLUMNS]).encode()
        rows: list[Sequence[object]] = []
        async for one in self.items(principal, view.id, from_ms, until_ms):
            rows.append(line_of(one, names, zone).cells())
            if len(rows) == _PAGE:
                yield csv_lines(rows).encode()
                rows.clear()
        if rows:
            yield csv_lines(rows).encode()

    async def pdf(
        self, principal: Principal, view: ThreadView, from_ms: int = 0, until_ms: int | None = None
    ) -> bytes:
        """Raises InvalidRequest `export_too_large`, RateLimited."""
        time_zone = await self._threads.time_zone(view.conversation.domain_id)
        zone, names = ZoneInfo(time_zone), names_in(view)
        lines: list[Line] = []
        async for one in self.items(principal, view.id, from_ms, until_ms):
            if len(lines) == MOST_ON_PAPER:
                raise InvalidRequest(
                    f"A PDF has at most {MOST_ON_PAPER} items; give from and until, or take CSV or JSON.",
                    code="export_too_large",
                    field="?from",
                )
            lines.append(line_of(one, names, zone))
        thread = view.conversation
        who = [person.name for person, _ in view.people] + [names.get(one, one) for one in thread.peers]
        facts = [
            ("Conversation", thread.id),
            ("With", ", ".join(who)),
            *([("Number", thread.number)] if thread.number else []),
            ("Items", str(len(lines))),
            ("Time zone", time_zone),
        ]
        return await self._pdf.write(Paper(thread.name or ", ".join(who) or thread.id, facts, lines))


def names_in(view: ThreadView) -> Mapping[str, str]:
    """Of users by id, of outside numbers by number, as far as the reader knows them."""
    names = {person.user_id: person.name for person, _ in view.people}
    return names | {one.number: one.name for one in view.peers if one.name}

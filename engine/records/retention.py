"""What is older than a domain wants to keep goes: whole days of the domain's zone, a few rows at a time.

A feature that keeps something of a domain's implements `Perishable` in storage and is named in
`engine/parts/records.py`; there is no other list of what goes.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import structlog

log = structlog.get_logger()

#: In milliseconds. A batch may take 100; one that took longer than the first is followed by a smaller one,
#: one that took less than the second by a larger one.
_LONG_MS = 60
_SHORT_MS = 25
#: Fewer cost as much: most of a small batch's time goes by its statements, not by its rows.
_LEAST, _FIRST, _MOST = 20, 100, 500


class Kept(StrEnum):
    """What a domain says separately how long to keep."""

    MESSAGES = "messages"
    CALLS = "calls"
    VOICEMAILS = "voicemails"
    ATTACHMENTS = "attachments"


class Perishable(Protocol):
    """Something that is kept for a domain and goes some day.

    name: of what goes, for the log and reports. kept: which of the domain's settings says when.
    """

    @property
    def name(self) -> str: ...

    @property
    def kept(self) -> Kept: ...

    async def remove_older(self, domain_id: str, before_ms: int, limit: int) -> Removed:
        """Remove up to `limit` of what is older, oldest first, in one transaction.

        Raises StorageUnavailable, or another EngineError when something outside could not be reached.
        """


@dataclass(frozen=True, slots=True)
class Removed:
    """count: how many went. writer_ms: how long the writer was busy. more: whether to ask again at once."""

    count: int
    writer_ms: float
    more: bool


class Terms(Protocol):
    async def terms(self) -> Sequence[tuple[str, Mapping[Kept, int]]]:
        """Domains with the times before which something has to go, milliseconds since the epoch."""


class Retention:
    """forget_nobodys: removes what belongs to no domain and has waited long enough. tidy: makes sure that
    nothing is left of what went.
    """

    def __init__(
        self,
        terms: Terms,
        perishables: Sequence[Perishable],
        forget_nobodys: Callable[[], Awaitable[int]],
        tidy: Callable[[], Awaitable[None]],
    ) -> None:
        self._terms = terms
        self._perishables = perishables
        self._forget_nobodys = forget_nobodys
        self._tidy = tidy
        #: How many go at once, by what: it follows how long they take here.
        self._at_once = {one.name: _FIRST for one in perishables}

    async def run(self) -> dict[str, int]:
        """Remove all that is due; how many of each went. Raises EngineError."""
        gone: dict[str, int] = {}
        for domain_id, before in await self._terms.terms():
            for perishable in self._perishables:
                if perishable.kept in before:
                    count = await self._remove(perishable, domain_id, before[perishable.kept])
                    gone[perishable.name] = gone.get(perishable.name, 0) + count
        gone["nobodys"] = await self._forget_nobodys()
        if any(gone.values()):
            await self._tidy()
            log.info("records.retention_done", **{name: count for name, count in gone.items() if count})
        return gone

    async def _remove(self, perishable: Perishable, domain_id: str, before_ms: int) -> int:
        total = 0
        while True:
            limit = self._at_once[perishable.name]
            removed = await perishable.remove_older(domain_id, before_ms, limit)
            total += removed.count
            if removed.writer_ms > _LONG_MS:
                self._at_once[perishable.name] = max(_LEAST, limit // 2)
            elif removed.writer_ms < _SHORT_MS and removed.count == limit:
                self._at_once[perishable.name] = min(_MOST, limit * 2)
            if not removed.more:
                return total

"""The window: requests of ours that wait for a response, and those that waited too long.

Pure bookkeeping in the order of sending; one time-out holds for all, so the oldest is always
overdue first.
Source: SMPP v3.4 §2.8 (windowing is the application's choice), §7.2 (response_timer).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple


class Awaited(NamedTuple):
    """One request. sent_at: seconds; end: where its last octet stands among all we ever queued."""

    token: object
    sent_at: float
    end: int


class RequestWindow:
    """At most `size` requests in flight; at most `remembered` overdue ones kept for a late response."""

    def __init__(self, size: int, response_timeout_s: float, remembered: int) -> None:
        self.size = size
        self._timeout_s = response_timeout_s
        self._remembered = remembered
        self._waiting: dict[int, Awaited] = {}
        self._late: dict[int, Awaited] = {}
        self._stuck = False

    def __len__(self) -> int:
        return len(self._waiting)

    def __contains__(self, sequence_number: int) -> bool:
        """Whether a response to this number would still find its request."""
        return sequence_number in self._waiting or sequence_number in self._late

    def add(self, sequence_number: int, token: object, now: float, end: int) -> None:
        """A request has been queued; the caller has seen that there is room."""
        self._waiting[sequence_number] = Awaited(token, now, end)

    def answered(self, sequence_number: int) -> tuple[Awaited | None, bool]:
        """Take the request a response belongs to, and whether it was overdue; None: there is none."""
        awaited = self._waiting.pop(sequence_number, None)
        if awaited is not None:
            return awaited, False
        return self._late.pop(sequence_number, None), True

    def expire(self, now: float, octets_handed_over: int | None = None) -> Iterator[tuple[int, Awaited]]:
        """Free the places of the overdue, oldest first; beyond `remembered`, the oldest is forgotten.

        A request that still stands in our own buffer, beyond octets_handed_over, does not age: the
        peer has not had the chance to answer it. None: nothing stands there.
        """
        self._stuck = False
        while self._waiting:
            sequence_number, awaited = next(iter(self._waiting.items()))
            if awaited.sent_at + self._timeout_s > now:
                return
            if octets_handed_over is not None and awaited.end > octets_handed_over:
                self._stuck = True
                return
            self._late[sequence_number] = self._waiting.pop(sequence_number)
            if len(self._late) > self._remembered:
                del self._late[next(iter(self._late))]
            yield sequence_number, awaited

    def next_deadline(self) -> float | None:
        """When the oldest request will be overdue; None when there is none that ages."""
        if self._stuck:
            return None
        for awaited in self._waiting.values():
            return awaited.sent_at + self._timeout_s
        return None

    def close(self) -> tuple[list[Awaited], list[Awaited]]:
        """Empty the window; returns what was waiting and what was overdue."""
        waiting, late = list(self._waiting.values()), list(self._late.values())
        self._waiting.clear()
        self._late.clear()
        return waiting, late

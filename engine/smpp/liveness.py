"""When silence means that the link, or the peer behind it, is dead.

Silence of the link is answered by a probe (enquire_link), silence after the probe by the end. A
peer that answers probes but no requests is probed once and then given up too. What is said into
silence may be lost, so requests wait until the link has spoken, and go few at a time until one of
them has been answered.
Source: SMPP v3.4 §4.11 (enquire_link), §7.2 (enquire_link_timer, response_timer).
"""

from __future__ import annotations

from enum import StrEnum

# One lost response is a lost response; three in a row are a link or a peer that has gone quiet.
SILENT_REQUESTS = 3


class Due(StrEnum):
    """What silence asks for now."""

    ENQUIRE_LINK = "enquire_link"
    DROP_SILENT_LINK = "peer_silent"
    DROP_DEAF_PEER = "requests_unanswered"


class Liveness:
    """Times in seconds. idle_s: silence that is probed; answer_within_s: silence after the probe."""

    def __init__(self, now: float, idle_s: float, answer_within_s: float) -> None:
        self._idle_s = idle_s
        self._answer_within_s = answer_within_s
        self._last_heard = now
        self._probed_at: float | None = None
        self._silent_requests = 0
        self._counts_from = now
        self._suspected = False  # requests have gone unanswered in a row, and none was answered since
        self._probing_for_requests = False
        self.mute = False  # nothing at all was heard while a request waited in vain

    @property
    def advisable_requests(self) -> int | None:
        """How many requests may wisely be out at once; None: as many as else."""
        if self.mute:
            return 0
        return SILENT_REQUESTS if self._suspected else None

    def heard(self, now: float) -> None:
        """A whole PDU came; any PDU proves the link."""
        self._last_heard = now
        self.mute = False
        if self._probed_at is None:
            return
        self._probed_at = None
        if self._probing_for_requests:
            self._probing_for_requests = False
            # The link lives. What was sent before this moment may all have been lost together and
            # says nothing more.
            self._silent_requests = 0
            self._counts_from = now

    def request_answered(self) -> None:
        """A request of ours got its answer, in time or late."""
        self._silent_requests = 0
        self._suspected = False

    def request_overdue(self, sent_at: float) -> None:
        """A request of ours, sent at `sent_at`, got no answer in time."""
        self.mute |= self._last_heard < sent_at
        if sent_at >= self._counts_from:
            self._silent_requests += 1

    def due(self, now: float) -> Due | None:
        """What to do now; ENQUIRE_LINK counts as done once it has been returned."""
        if self._probed_at is not None and now >= self._probed_at + self._answer_within_s:
            return Due.DROP_SILENT_LINK
        if self._silent_requests >= SILENT_REQUESTS:
            if not self._suspected:
                self._suspected = self._probing_for_requests = True
                if self._probed_at is None:
                    self._probed_at = now
                    return Due.ENQUIRE_LINK
            elif self._probed_at is None:
                return Due.DROP_DEAF_PEER
        elif self._probed_at is None and (self.mute or now >= self._last_heard + self._idle_s):
            self._probed_at = now
            return Due.ENQUIRE_LINK
        return None

    def next_deadline(self) -> float:
        """When to ask due() next."""
        if self._probed_at is not None:
            return self._probed_at + self._answer_within_s
        return self._last_heard + self._idle_s

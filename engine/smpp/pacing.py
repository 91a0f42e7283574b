"""How fast a carrier may be sent to, and how soon it may be tried again.

Pure rules; times are seconds on one monotonic clock, passed by the caller.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from random import SystemRandom
from typing import Final

# A late wake-up may be made up for within this time; longer bursts would break the promise that no
# second holds more than 5 % above the rate.
_RATE_TOLERANCE_S = 0.04


class RateLimit:
    """At most `per_s` parts in any second, evenly; None: no limit."""

    def __init__(self, per_s: float | None) -> None:
        self._interval_s = 0.0 if per_s is None else 1 / per_s
        self._due = float("-inf")  # when the next part would be exactly on time

    def take(self, now: float) -> bool:
        """Use one part of the rate now, if there is one."""
        if now < self._due - _RATE_TOLERANCE_S:
            return False
        self._due = max(now, self._due) + self._interval_s
        return True

    def give_back(self) -> None:
        """The part taken was not sent after all."""
        self._due -= self._interval_s

    def wait_s(self, now: float) -> float:
        """How long until take() succeeds."""
        return max(0.0, self._due - _RATE_TOLERANCE_S - now)


class Throttle:
    """What ESME_RTHROTTLED and ESME_RMSGQFUL do to one bind.

    Each pauses the bind; the pause doubles while refusals go on, and refusals of requests sent before
    the pause began are one refusal. A throttle also halves how many requests may be out at once.
    Acceptance brings both back step by step: an eighth of the window, and half the pause, for each
    windowful that was accepted.
    """

    def __init__(
        self,
        window_pdus: int,
        *,
        throttle_pause_s: float = 1.0,
        longest_throttle_pause_s: float = 60.0,
        queue_full_pause_s: float = 5.0,
        longest_queue_full_pause_s: float = 300.0,
    ) -> None:
        self._window = window_pdus
        self._allowed = window_pdus
        self._paused_until = float("-inf")
        self._accepted = 0
        self._throttle = _Pause(throttle_pause_s, longest_throttle_pause_s)
        self._queue_full = _Pause(queue_full_pause_s, longest_queue_full_pause_s)

    @property
    def allowed(self) -> int:
        """How many requests may be out at once when the bind is not paused."""
        return self._allowed

    def paused_s(self, now: float) -> float:
        """How much of the pause is left; 0 when there is none."""
        return max(0.0, self._paused_until - now)

    def throttled(self, now: float) -> None:
        """A request came back with ESME_RTHROTTLED."""
        if now >= self._paused_until:
            self._allowed = max(1, self._allowed // 2)
            self._paused_until = now + self._throttle.next_s()
        self._accepted = 0

    def queue_full(self, now: float) -> None:
        """A request came back with ESME_RMSGQFUL; a longer pause than a throttle's replaces it."""
        if now + self._queue_full.shortest_s > self._paused_until:
            self._paused_until = now + self._queue_full.next_s()
        self._accepted = 0

    def accepted(self) -> None:
        """A request was accepted."""
        self._accepted += 1
        if self._accepted < self._allowed:
            return
        self._accepted = 0
        self._allowed = min(self._window, self._allowed + max(1, self._window // 8))
        self._throttle.relax()
        self._queue_full.relax()


class _Pause:
    """A pause that doubles with each use up to the longest, and halves back."""

    def __init__(self, shortest_s: float, longest_s: float) -> None:
        self.shortest_s = shortest_s
        self._longest_s = longest_s
        self._next_s = shortest_s

    def next_s(self) -> float:
        pause, self._next_s = self._next_s, min(self._next_s * 2, self._longest_s)
        return pause

    def relax(self) -> None:
        self._next_s = max(self._next_s / 2, self.shortest_s)


class BindFailure(StrEnum):
    """Why there is no session now; each kind has its own patience."""

    LINK = "link"  # no connection, or one that broke
    REFUSED = "refused"  # the SMSC said no to the bind
    CREDENTIALS = "credentials"  # ... because of who we said we are: trying often gets accounts locked


# The first and the longest wait.
_WAITS_S: Final = {
    BindFailure.LINK: (1.0, 60.0),
    BindFailure.REFUSED: (5.0, 120.0),
    BindFailure.CREDENTIALS: (60.0, 1800.0),
}

# A session that held this long was a good one; a shorter one is a failure with a bind in it.
_GOOD_SESSION_S = 30.0


class ReconnectDelay:
    """Seconds until the next bind attempt: doubling, jittered down by up to a half, capped.

    jitter: gives 0 to 1, so that a thousand binds cut at once do not come back at once.
    """

    def __init__(self, jitter: Callable[[], float] | None = None) -> None:
        self._jitter = jitter or SystemRandom().random
        self._failures = 0
        self._kind = BindFailure.LINK

    def after(self, failure: BindFailure, bound_for_s: float = 0.0) -> float:
        """How long to wait after a failure that ended a session bound for so long (0: never bound)."""
        if bound_for_s >= _GOOD_SESSION_S or failure is not self._kind:
            self._failures = 0
        self._kind = failure
        shortest_s, longest_s = _WAITS_S[failure]
        delay = min(shortest_s * 2.0**self._failures, longest_s)
        self._failures = min(self._failures + 1, 30)
        return delay * (1 - self._jitter() / 2)

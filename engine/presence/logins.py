"""Who is logged in: somebody with a page open, and for a moment after it closed.

Pure. Times are monotonic seconds. Counts sockets, not pages: a page that loses its socket opens another.
"""

from __future__ import annotations

import math
from collections import Counter


class Logins:
    """grace_s: how long after the last socket closed; activity_s: how long after a request."""

    def __init__(self, grace_s: float, activity_s: float) -> None:
        self._grace_s = grace_s
        self._activity_s = activity_s
        self._sockets: Counter[str] = Counter()
        self._until: dict[str, float] = {}

    def connected(self, user_id: str) -> bool:
        """A socket was opened. Whether the user is logged in only since then."""
        was_in = user_id in self._sockets or user_id in self._until
        self._sockets[user_id] += 1
        return not was_in

    def disconnected(self, user_id: str, now: float) -> None:
        """A socket was closed; after the last one the user stays for the grace period, whatever was asked
        before: a page that still works asks again."""
        self._sockets[user_id] -= 1
        if self._sockets[user_id] <= 0:
            del self._sockets[user_id]
            self._until[user_id] = now + self._grace_s

    def active(self, user_id: str, now: float) -> bool:
        """A request was made. Whether the user is logged in only since then."""
        was_in = user_id in self._sockets or user_id in self._until
        until = now + self._activity_s
        self._until[user_id] = max(until, self._until.get(user_id, -math.inf))
        return not was_in

    def is_in(self, user_id: str) -> bool:
        """As of the last `tick`."""
        return user_id in self._sockets or user_id in self._until

    def tick(self, now: float) -> list[str]:
        """Who is not logged in any more."""
        over = [user_id for user_id, until in self._until.items() if until <= now]
        for user_id in over:
            del self._until[user_id]
        return [user_id for user_id in over if user_id not in self._sockets]

    def gone(self, user_id: str) -> None:
        """The user was deleted or disabled: nothing of theirs keeps them logged in."""
        self._until.pop(user_id, None)

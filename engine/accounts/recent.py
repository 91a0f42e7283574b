"""Principals proved a moment ago, so that a busy credential costs no query a request.

A revocation made in another process is noticed when the entry ends; one made in this process
empties the memory at once. Times are seconds of a monotonic clock.
"""

from __future__ import annotations

from engine.accounts.models import Principal

#: The longest a revoked credential may still work elsewhere: the promise is 5 s from the commit,
#: and a query that began just before it may take a moment.
REMEMBERED_S = 4.5

#: Bounds the memory at some 10 MB; beyond it the oldest go first.
MAX_REMEMBERED = 20_000


class RecentPrincipals:
    def __init__(self) -> None:
        self._entries: dict[str, tuple[float, Principal]] = {}
        self._generation = 0

    @property
    def generation(self) -> int:
        """Changes with every `forget`; read it before the query whose answer is to be remembered."""
        return self._generation

    def find(self, digest: str, now: float) -> Principal | None:
        entry = self._entries.get(digest)
        if entry is None:
            return None
        until, principal = entry
        if now < until:
            return principal
        del self._entries[digest]
        return None

    def remember(self, digest: str, principal: Principal, asked_at: float, generation: int) -> None:
        """asked_at: when the query began. Ignored if something was forgotten since generation was read:
        the answer may be older than the revocation.
        """
        if generation != self._generation:
            return
        self._entries.pop(digest, None)
        while len(self._entries) >= MAX_REMEMBERED:
            del self._entries[next(iter(self._entries))]
        self._entries[digest] = (asked_at + REMEMBERED_S, principal)

    def forget(self) -> None:
        """Forget everybody: changes are rare, and one query each brings the others back."""
        self._generation += 1
        self._entries.clear()

"""Principals proved a moment ago, so that a busy credential costs no query a request.

A revocation made in another process is noticed when the entry ends; one made in this process
empties the memory at once. Who keeps a connection open is asked about all the time, together with all the
others who do: that keeps the entry alive, and their requests cost no query at all. Times are seconds of a
monotonic clock.
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
        self._digests: dict[str, str] = {}  # of what is remembered, by credential
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
        self._drop(digest)
        return None

    def remember(self, digest: str, principal: Principal, asked_at: float, generation: int) -> None:
        """asked_at: when the query began. Ignored if something was forgotten since generation was read:
        the answer may be older than the revocation.
        """
        if generation != self._generation:
            return
        self._drop(digest)
        while len(self._entries) >= MAX_REMEMBERED:
            self._drop(next(iter(self._entries)))
        self._entries[digest] = (asked_at + REMEMBERED_S, principal)
        self._digests[principal.credential_id] = digest

    def confirm(self, principal: Principal, asked_at: float, generation: int) -> None:
        """It still holds; see `remember`. One that is not remembered, or otherwise, stays so."""
        digest = self._digests.get(principal.credential_id)
        if digest is not None and self._entries[digest][1] == principal:
            self.remember(digest, principal, asked_at, generation)

    def forget(self) -> None:
        """Forget everybody: changes are rare, and one query each brings the others back."""
        self._generation += 1
        self._entries.clear()
        self._digests.clear()

    def _drop(self, digest: str) -> None:
        entry = self._entries.pop(digest, None)
        if entry is not None and self._digests.get(entry[1].credential_id) == digest:
            del self._digests[entry[1].credential_id]

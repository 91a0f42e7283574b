"""Passwords as argon2id keeps them: hashed and checked beside the event loop, a few at a time.

Nothing here knows whose password it is. A name without a password is checked against a dummy, so that
it takes as long as one with.
Source: RFC 9106; the cost is OWASP's least for argon2id (Password Storage Cheat Sheet).
"""

from __future__ import annotations

import asyncio
import threading
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

from engine.errors import RateLimited

R = TypeVar("R")

#: Hashes that may wait for one that runs; beyond it people are asked to come back, since they would
#: wait for longer than they watch the page.
WAITING_PER_HASH = 32


@dataclass(frozen=True, slots=True)
class HashCost:
    """What one hash takes: memory in KiB, passes over it, and lanes."""

    memory_kib: int = 19_456
    passes: int = 2
    lanes: int = 1


USUAL_COST = HashCost()


class PasswordHashes:
    """at_once: how many run at the same time, each in a thread of its own."""

    def __init__(self, at_once: int = 2, cost: HashCost = USUAL_COST) -> None:
        self._hasher = PasswordHasher(
            time_cost=cost.passes, memory_cost=cost.memory_kib, parallelism=cost.lanes
        )
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="argon2")
        # Given back by the thread: a caller that goes away makes no room while its hash still runs.
        self._room = threading.BoundedSemaphore(at_once * WAITING_PER_HASH)
        self._dummy: str | None = None

    async def make(self, password: str) -> str:
        """The hash to keep. Raises RateLimited when too many wait."""
        text = _normal(password)
        return await self._in_thread(lambda: self._hasher.hash(text))

    async def matches(self, kept: str | None, password: str) -> bool:
        """Whether the password is the one behind the hash; None takes as long and never matches.

        Raises RateLimited when too many wait.
        """
        text = _normal(password)
        return await self._in_thread(lambda: self._verify(kept, text))

    def outdated(self, kept: str) -> bool:
        """Whether the hash was made at another cost, and is to be made anew while the password is known."""
        return self._hasher.check_needs_rehash(kept)

    def close(self) -> None:
        """Start no more hashes; what runs ends by itself."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _verify(self, kept: str | None, text: bytes) -> bool:
        if self._dummy is None:
            self._dummy = self._hasher.hash("nobody's")
        try:
            return self._hasher.verify(kept or self._dummy, text) and kept is not None
        except (VerifyMismatchError, VerificationError, InvalidHashError):
            return False

    async def _in_thread(self, work: Callable[[], R]) -> R:
        if not self._room.acquire(blocking=False):
            raise RateLimited("Too many people are logging in. Try again in a moment.", retry_after_s=3)
        running = self._threads.submit(work)
        running.add_done_callback(lambda _: self._room.release())
        return await asyncio.wrap_future(running)


def _normal(password: str) -> bytes:
    """One form for what keyboards write in several. Source: NIST SP 800-63B-4 §3.1.1.2."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")

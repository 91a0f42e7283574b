"""Hashing beside the loop: a few at a time, and a line that is not endless."""

from __future__ import annotations

import asyncio
import threading

import pytest

from engine.accounts.hashing import WAITING_PER_HASH, HashCost, PasswordHashes
from engine.errors import RateLimited

QUICK = HashCost(memory_kib=8, passes=1)


class HeldHashes(PasswordHashes):
    """Checks wait until they are let go; counts how many ran at the same time."""

    def __init__(self, at_once: int) -> None:
        super().__init__(at_once, QUICK)
        self.go = threading.Event()
        self.started = threading.Semaphore(0)
        self.most = self._running = 0
        self._lock = threading.Lock()

    def _verify(self, kept: str | None, text: bytes) -> bool:
        with self._lock:
            self._running += 1
            self.most = max(self.most, self._running)
        self.started.release()
        self.go.wait()
        with self._lock:
            self._running -= 1
        return super()._verify(kept, text)


async def test_a_hash_matches_its_password_alone() -> None:
    hashes = PasswordHashes(1, QUICK)
    kept = await hashes.make("correct horse")
    assert kept.startswith("$argon2id$")
    assert await hashes.matches(kept, "correct horse") is True
    assert await hashes.matches(kept, "correct horse ") is False
    assert await hashes.matches("not a hash", "correct horse") is False
    assert await hashes.matches(None, "nobody's") is False
    assert await hashes.make("correct horse") != kept
    hashes.close()


async def test_so_many_run_at_once_and_no_more() -> None:
    hashes = HeldHashes(2)
    waiting = [asyncio.ensure_future(hashes.matches(None, "x")) for _ in range(10)]
    await asyncio.to_thread(hashes.started.acquire)
    await asyncio.to_thread(hashes.started.acquire)
    hashes.go.set()
    assert await asyncio.gather(*waiting) == [False] * 10
    assert hashes.most == 2
    hashes.close()


async def test_a_line_that_is_too_long_is_told_to_come_back() -> None:
    hashes = HeldHashes(1)
    waiting = [asyncio.ensure_future(hashes.matches(None, "x")) for _ in range(WAITING_PER_HASH)]
    await asyncio.to_thread(hashes.started.acquire)
    with pytest.raises(RateLimited) as refused:
        await hashes.matches(None, "x")
    assert refused.value.retry_after_s == 3
    hashes.go.set()
    await asyncio.gather(*waiting)
    assert await hashes.matches(None, "x") is False
    hashes.close()


async def test_who_goes_away_makes_room_only_when_the_hash_has_ended() -> None:
    hashes = HeldHashes(1)
    waiting = [asyncio.ensure_future(hashes.matches(None, "x")) for _ in range(WAITING_PER_HASH)]
    await asyncio.to_thread(hashes.started.acquire)
    waiting[0].cancel()  # its hash is running
    await asyncio.wait(waiting[:1])
    with pytest.raises(RateLimited):
        await hashes.matches(None, "x")
    for one in waiting[1:]:
        one.cancel()  # theirs have not begun
    await asyncio.wait(waiting)
    later = asyncio.ensure_future(hashes.matches(None, "x"))
    hashes.go.set()
    assert await later is False
    hashes.close()

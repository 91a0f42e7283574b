"""Typing is told often enough to be seen, and not oftener."""

from __future__ import annotations

import pytest

from engine.conversations.typing_limits import TypingLimits
from engine.errors import RateLimited


def test_the_same_thread_is_told_every_two_seconds() -> None:
    limits = TypingLimits()
    assert limits.admits("usr_1", "conv_1", 0.0)
    assert not limits.admits("usr_1", "conv_1", 1.9)
    assert limits.admits("usr_2", "conv_1", 1.9)
    assert limits.admits("usr_1", "conv_1", 2.0)


def test_nobody_types_in_eleven_threads_within_ten_seconds() -> None:
    limits = TypingLimits()
    for number in range(10):
        assert limits.admits("usr_1", f"conv_{number}", 0.0)
    with pytest.raises(RateLimited) as refused:
        limits.admits("usr_1", "conv_10", 9.9)
    assert refused.value.retry_after_s == 10
    assert limits.admits("usr_1", "conv_3", 9.9)  # one of the ten goes on
    assert limits.admits("usr_1", "conv_10", 10.0)


def test_strangers_do_not_fill_the_memory() -> None:
    limits = TypingLimits()
    for number in range(10_050):
        limits.admits(f"usr_{number}", "conv_1", 0.0)
    assert len(limits._last) == 10_000

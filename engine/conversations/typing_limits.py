"""How often somebody may be seen typing. Times are seconds of a monotonic clock."""

from __future__ import annotations

from engine.conversations.errors import typing_too_often

#: A page says "is writing" for some seconds after each frame, so more than one in this time tells nothing.
_SAME_THREAD_S = 2.0
#: Threads one user may be typing in within ten seconds; a person manages two or three.
_MOST_THREADS = 10
_WINDOW_S = 10.0
#: Users remembered; beyond it the oldest are forgotten, who may then be seen once too often.
_USERS_KEPT = 10_000


class TypingLimits:
    def __init__(self) -> None:
        self._last: dict[str, dict[str, float]] = {}

    def admits(self, user_id: str, conversation_id: str, now: float) -> bool:
        """Whether to pass it on; False where the others have just been told.

        Raises RateLimited for one who types in too many threads.
        """
        mine = self._last.pop(user_id, {})
        mine = {thread: at for thread, at in mine.items() if now - at < _WINDOW_S}
        self._last[user_id] = mine
        while len(self._last) > _USERS_KEPT:
            del self._last[next(iter(self._last))]
        told_at = mine.get(conversation_id)
        if told_at is not None and now - told_at < _SAME_THREAD_S:
            return False
        if told_at is None and len(mine) >= _MOST_THREADS:
            raise typing_too_often()
        mine[conversation_id] = now
        return True

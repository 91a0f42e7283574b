"""Which open page shows what: each user's screens, and the one that is to notify. Pure.

A page takes part from its first report on, so that a server that only listens on a socket is never
chosen. Times are monotonic seconds.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable
from dataclasses import dataclass

from engine.notifications.models import ScreenState


@dataclass(slots=True)
class _Screen:
    """active_at: when it was used last, as far as it said."""

    state: ScreenState
    conversation_id: str | None
    active_at: float


class Screens:
    """The pages of everybody. key: names a page."""

    def __init__(self) -> None:
        self._of: dict[str, dict[Hashable, _Screen]] = {}

    def report(
        self, user_id: str, key: Hashable, state: ScreenState, conversation_id: str | None, now: float
    ) -> bool:
        """What a page says of itself; whether the user had none before."""
        mine = self._of.setdefault(user_id, {})
        before = mine.get(key)
        active = state is ScreenState.ACTIVE
        was_active = before is not None and before.state is ScreenState.ACTIVE
        # A page that is left was used until now; one that opens in the background was never used.
        active_at = now if active or was_active else before.active_at if before is not None else 0.0
        mine[key] = _Screen(state, conversation_id, active_at)
        return before is None and len(mine) == 1

    def closed(self, user_id: str, key: Hashable) -> bool:
        """Whether that was the user's last one."""
        mine = self._of.get(user_id)
        if mine is None or mine.pop(key, None) is None or mine:
            return False
        del self._of[user_id]
        return True

    def has(self, user_id: str) -> bool:
        return user_id in self._of

    def all_of(self, user_id: str) -> Collection[Hashable]:
        return tuple(self._of.get(user_id, ()))

    def looks_at(self, user_id: str, conversation_id: str) -> bool:
        """Whether the user has this very conversation before them."""
        return any(
            one.state is ScreenState.ACTIVE and one.conversation_id == conversation_id
            for one in self._of.get(user_id, {}).values()
        )

    def best(self, user_id: str, tried: Collection[Hashable] = ()) -> Hashable | None:
        """The page that is to notify: one that is used, else the one used last. tried: not these."""
        left = [(key, one) for key, one in self._of.get(user_id, {}).items() if key not in tried]
        if not left:
            return None
        return max(left, key=lambda pair: (pair[1].state is ScreenState.ACTIVE, pair[1].active_at))[0]

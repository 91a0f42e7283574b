"""What was shown to whom and where, until it is read. Pure; times are monotonic seconds."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

from engine.notifications.models import Notice

#: Of one user; whoever has more unread finds the rest on the page.
MOST_SHOWN = 100


@dataclass(slots=True)
class Shown:
    """A notice on its way or there. screen: the page that has it; tried: those that had their turn.

    answer_by: until when the page has to say that it shows it; None once it did. subscription_ids: the
    browsers this tag was pushed to. replaced: a newer one has its place;
    withdrawn: it was read or taken back.
    """

    notice: Notice
    screen: Hashable | None = None
    tried: set[Hashable] = field(default_factory=set)
    answer_by: float | None = None
    subscription_ids: list[str] = field(default_factory=list)
    replaced: bool = False
    withdrawn: bool = False

    @property
    def over(self) -> bool:
        return self.replaced or self.withdrawn


class Ledger:
    """Notices by user and tag; a newer one of a tag takes the place of the one before."""

    def __init__(self) -> None:
        self._of: dict[str, dict[str, Shown]] = {}

    def put(self, notice: Notice) -> Shown:
        mine = self._of.setdefault(notice.user_id, {})
        before = mine.pop(notice.tag, None)
        shown = mine[notice.tag] = Shown(notice)
        if before is not None:
            before.replaced = True
            shown.subscription_ids = before.subscription_ids  # the same list: a push may be under way
        while len(mine) > MOST_SHOWN:
            mine.pop(next(iter(mine))).replaced = True
        return shown

    def of(self, user_id: str, tag: str) -> Shown | None:
        return self._of.get(user_id, {}).get(tag)

    def has(self, user_id: str) -> bool:
        return user_id in self._of

    def answered(self, user_id: str, screen: Hashable, notice_id: str) -> None:
        """The page says that it shows the notice."""
        for shown in self._of.get(user_id, {}).values():
            if shown.notice.id == notice_id and shown.screen == screen:
                shown.answer_by = None

    def unanswered_on(self, user_id: str, screen: Hashable) -> list[Shown]:
        """What a page that has gone had not said it shows."""
        mine = self._of.get(user_id, {}).values()
        return [shown for shown in mine if shown.screen == screen and shown.answer_by is not None]

    def overdue(self, now: float) -> list[Shown]:
        return [
            shown
            for mine in self._of.values()
            for shown in mine.values()
            if shown.answer_by is not None and shown.answer_by <= now
        ]

    def take(self, user_id: str, wanted: Callable[[Notice], bool]) -> list[Shown]:
        """Those there are no more, because they were read or taken back."""
        mine = self._of.get(user_id)
        if mine is None:
            return []
        taken = [shown for shown in mine.values() if wanted(shown.notice)]
        for shown in taken:
            del mine[shown.notice.tag]
            shown.withdrawn = True
        if not mine:
            del self._of[user_id]
        return taken

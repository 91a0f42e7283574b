"""Which items of a timeline somebody looks for, and where to begin and stop looking. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from engine.conversations.models import Notice, TimelineItem
from engine.conversations.words import words_of
from engine.messaging.models import Direction, Message
from engine.presence.models import CallLogEntry
from engine.voicemail.models import Voicemail


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryFilter:
    """Every field narrows it.

    types: of items. author: a user or an outside number, who said or did it. from_ms, until_ms: from one
    time on, and before another. words: all of them are in the text, the last one perhaps its beginning only.
    """

    types: frozenset[str] = frozenset()
    direction: Direction | None = None
    author: str | None = None
    from_ms: int | None = None
    until_ms: int | None = None
    has_attachment: bool | None = None
    words: tuple[str, ...] = ()

    def fits(self, one: TimelineItem) -> bool:
        """Whether an item is looked for; times are seen to by where one looks."""
        item = one.item
        if self.types and one.type not in self.types:
            return False
        if self.direction is not None and _direction(item) != self.direction.value:
            return False
        if self.author is not None and _author(item) != self.author:
            return False
        if self.has_attachment is not None:
            has = isinstance(item, Message) and bool(item.attachments)
            if has is not self.has_attachment:
                return False
        return not self.words or (isinstance(item, Message) and self._says(item.text))

    def _says(self, text: str) -> bool:
        said = words_of(text)
        *whole, last = self.words
        return all(word in said for word in whole) and any(word.startswith(last) for word in said)


def _direction(item: Message | Notice | CallLogEntry | Voicemail) -> str:
    if isinstance(item, Voicemail):
        return Direction.INBOUND.value
    return "" if isinstance(item, Notice) else item.direction.value


def _author(item: Message | Notice | CallLogEntry | Voicemail) -> str | None:
    if isinstance(item, Message):
        return item.peer if item.direction is Direction.INBOUND else item.user_id
    if isinstance(item, Notice):
        return item.user_id
    if isinstance(item, Voicemail):
        return item.peer
    return item.peer if item.direction.value == "inbound" else item.user_id

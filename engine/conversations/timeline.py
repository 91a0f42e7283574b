"""One timeline of messages, notices, calls and voicemails, newest first, however many kinds there are.

A position is (when, hex digits of the id). Messages and notices are ordered by their ids alone, whose
digits begin with the millisecond; a call by when it began, a voicemail by when it was left. So one cursor
bounds them all, and each kind is read along its own index.
"""

from __future__ import annotations

from collections.abc import Iterable

from engine.conversations.models import Notice, TimelineItem
from engine.conversations.ports import Position
from engine.errors import InvalidRequest
from engine.messaging.models import Message
from engine.presence.models import CallLogEntry
from engine.voicemail.models import Voicemail

_MS_DIGITS = 12  # of an id: its first 48 bits
_ID_DIGITS = 32


def digits_of(item_id: str) -> str:
    return item_id.rpartition("_")[2]


def position_of(item: Message | Notice | CallLogEntry | Voicemail) -> Position:
    digits = digits_of(item.id)
    if isinstance(item, CallLogEntry):
        return item.started_ms, digits
    if isinstance(item, Voicemail):
        return item.received_ms, digits
    return int(digits[:_MS_DIGITS], 16), digits


def digits_before(position: Position) -> str:
    """The bound of ids that are ordered by their digits: smaller ones are before, greater ones behind."""
    at_ms, digits = position
    made_ms = int(digits[:_MS_DIGITS], 16)
    if made_ms == at_ms:
        return digits
    # The position is a call's or a voicemail's, whose id was made later or earlier than that was.
    return f"{at_ms + (made_ms > at_ms):0{_MS_DIGITS}x}".ljust(_ID_DIGITS, "0")


def just_behind(position: Position) -> Position:
    """The next position there can be."""
    at_ms, digits = position
    return at_ms, f"{int(digits, 16) + 1:0{_ID_DIGITS}x}"


def position_after(item_id: str) -> Position | None:
    """Where what follows this message begins; None for the beginning of all."""
    if not item_id:
        return None
    digits = digits_of(item_id)
    return int(digits[:_MS_DIGITS], 16), digits


def merged(
    messages: Iterable[Message],
    notices: Iterable[Notice],
    calls: Iterable[CallLogEntry],
    limit: int,
    voicemails: Iterable[Voicemail] = (),
) -> list[TimelineItem]:
    """The newest of all, at most limit."""
    items = [TimelineItem("message", position_of(one), one) for one in messages]
    items += [TimelineItem("notice", position_of(one), one) for one in notices]
    items += [TimelineItem("call", position_of(one), one) for one in calls]
    items += [TimelineItem("voicemail", position_of(one), one) for one in voicemails]
    items.sort(key=lambda one: one.position, reverse=True)
    return items[:limit]


def cursor_of(position: Position) -> str:
    return f"{position[0]}.{position[1]}"


def position_at(cursor: str) -> Position:
    """Raises InvalidRequest `invalid_cursor`."""
    at_ms, _, digits = cursor.partition(".")
    hexadecimal = len(digits) == _ID_DIGITS and all(one in "0123456789abcdef" for one in digits)
    if not (at_ms.isascii() and at_ms.isdigit() and len(at_ms) <= 14 and hexadecimal):
        raise InvalidRequest("The cursor is not one of ours.", code="invalid_cursor", field="/cursor")
    return int(at_ms), digits

"""What a reader of events is sent, and what it may see: rules without sockets or clocks.

Frames are JSON objects. One whose `type` has a dot is an event of the log; the others speak of the
connection itself (`hello`, `subscribed`, `heartbeat`, `resync`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

import msgspec

from api.schema import at
from engine.accounts.models import Principal, Scope
from engine.errors import InvalidRequest
from engine.events import Event, is_private

#: Stream -> number of the last event seen of it.
Cursor = dict[str, int]

#: Nouns whose events everybody in the domain sees when they name no user. What a user must not
#: read (others' calls and texts, keys) stays out by not being listed here.
_EVERYBODYS = frozenset({"domain"})

#: More streams than this in one cursor are no reader of ours.
MAX_STREAMS = 101

_encode = msgspec.json.Encoder().encode
_MAX_SEQ = 2**53 - 1  # what a browser's number holds exactly


def may_see(principal: Principal, event: Event) -> bool:
    """Whether a reader of the event's stream may see this event."""
    if principal.scope >= Scope.OFFICE_MANAGER and not is_private(event.user_ids):
        return True
    if event.user_ids:
        return principal.user_id in event.user_ids
    return event.type.partition(".")[0] in _EVERYBODYS


def event_fields(event: Event) -> dict[str, object]:
    return {
        "stream": event.stream,
        "seq": event.seq,
        "type": event.type,
        "subject": event.subject,
        "at": at(event.at_ms),
        "data": event.data,
    }


def control_frame(kind: str, streams: Mapping[str, int], **more: object) -> bytes:
    """A frame about the connection. streams: the high-water mark as far as this reader is concerned."""
    return _encode({"type": kind, "streams": dict(streams), **more})


class EventFrames:
    """Events as frames; each is encoded once however many read it."""

    def __init__(self, kept: int = 2_000) -> None:
        self._kept = kept
        self._frames: dict[tuple[str, int], bytes] = {}

    def of(self, event: Event) -> bytes:
        key = (event.stream, event.seq)
        frame = self._frames.get(key)
        if frame is None:
            frame = self._frames[key] = _encode(event_fields(event))
            if len(self._frames) > self._kept:
                del self._frames[next(iter(self._frames))]
        return frame


class Outbox:
    """Frames waiting for one reader, bounded in number and octets so that a slow one costs little."""

    def __init__(self, max_octets: int, max_frames: int) -> None:
        self._max_octets = max_octets
        self._max_frames = max_frames
        self._frames: deque[bytes] = deque()
        self._octets = 0

    def __len__(self) -> int:
        return len(self._frames)

    @property
    def octets(self) -> int:
        return self._octets

    @property
    def half_empty(self) -> bool:
        """Whether a replay may go on filling it."""
        return len(self._frames) <= self._max_frames // 2 and self._octets <= self._max_octets // 2

    def put(self, frame: bytes) -> bool:
        """Append a frame; False, and nothing appended, when it does not fit."""
        if len(self._frames) >= self._max_frames or self._octets + len(frame) > self._max_octets:
            return False
        self._frames.append(frame)
        self._octets += len(frame)
        return True

    def take(self) -> bytes | None:
        """The oldest frame, or None."""
        if not self._frames:
            return None
        frame = self._frames.popleft()
        self._octets -= len(frame)
        return frame


def cursor_of_text(text: str) -> Cursor:
    """A cursor as a query parameter holds it: `stream:seq`, several joined by commas.

    Raises InvalidRequest `invalid_cursor`.
    """
    cursor: Cursor = {}
    for part in text.split(","):
        stream, _, seq = part.rpartition(":")
        if not stream or stream in cursor or not (seq.isascii() and seq.isdigit()) or len(seq) > 16:
            raise _invalid_cursor()
        cursor[stream] = int(seq)
    return checked_cursor(cursor)


def checked_cursor(cursor: Mapping[str, object]) -> Cursor:
    """A cursor from a caller, if it can be one. Raises InvalidRequest `invalid_cursor`."""
    if len(cursor) > MAX_STREAMS:
        raise _invalid_cursor()
    checked: Cursor = {}
    for stream, seq in cursor.items():
        if type(seq) is not int or not 0 <= seq <= _MAX_SEQ:
            raise _invalid_cursor()
        checked[stream] = seq
    return checked


def text_of_cursor(cursor: Mapping[str, int]) -> str:
    return ",".join(f"{stream}:{seq}" for stream, seq in sorted(cursor.items()))


def _invalid_cursor() -> InvalidRequest:
    return InvalidRequest(
        "A cursor names streams and the number of the last event seen of each, as stream:seq.",
        code="invalid_cursor",
        field="?cursor",
    )

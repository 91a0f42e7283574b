"""What a reader of events is sent, and what it may see: rules without sockets or clocks.

Frames are JSON objects. One whose `type` has a dot is an event of the log; the others speak of the
connection itself (`hello`, `subscribed`, `heartbeat`, `resync`) or of a moment nobody keeps (`typing`,
`presence`). Here they are octets, ready for the socket.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from api.schema import at
from engine.accounts.models import Principal, Scope
from engine.errors import InvalidRequest
from engine.events import Event, is_private
from engine.services import Ephemeral

#: Stream -> number of the last event seen of it.
Cursor = dict[str, int]

#: Nouns whose events everybody in the domain sees when they name no user. What a user must not
#: read (others' calls and texts, keys) stays out by not being listed here.
_EVERYBODYS = frozenset({"contact", "domain", "presence", "quick_reply"})

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
    return text_frame(_encode({"type": kind, "streams": dict(streams), **more}))


def ephemeral_frame(frame: Ephemeral) -> bytes:
    return text_frame(_encode({"type": frame.type, "stream": frame.stream, "data": frame.data}))


def event_frame(event: Event, resource: Mapping[str, object] | None = None) -> bytes:
    """resource: the row the event is about, as its reader may see it."""
    return text_frame(event_octets(event, resource))


def event_octets(event: Event, resource: Mapping[str, object] | None = None) -> bytes:
    """An event as JSON, wherever it goes. resource: as for `event_frame`."""
    noun = event.type.partition(".")[0]
    more = {} if resource is None else {noun: resource}
    return _encode(event_fields(event) | more)


def text_frame(payload: bytes) -> bytes:
    """What the server writes for a text message, in one frame.

    A server masks nothing, so the octets are the same for all who read it (RFC 6455 §5.1, §5.2).
    """
    length = len(payload)
    if length < 126:
        return bytes((0x81, length)) + payload
    if length < 65_536:
        return b"\x81\x7e" + length.to_bytes(2, "big") + payload
    return b"\x81\x7f" + length.to_bytes(8, "big") + payload


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

"""AMI's bytes into frames: events and replies as dictionaries, whatever pieces they arrive in.

Pure: no socket. The peer is not trusted: nonsense is counted and skipped, never raised, and no
frame may take more than its share of memory. Unwanted events are recognised by their first line
and never decoded, which is several times faster than parsing all of them.

The wire: `Key: value` lines ending in CRLF (a bare LF is taken too), a frame ends at an empty
line; some events end in `\\r\\n\\n`. Where a frame's first line ends in CRLF, a bare LF inside a
value is part of the value, so that no value can pass for a header.
Source: Asterisk `main/manager.c`, `main/manager_channels.c`; recordings of 22.10.1.
"""

from __future__ import annotations

import re
from collections.abc import Container

from engine.errors import PeerUnavailable

GREETING = b"Asterisk Call Manager/"
_GREETING_OCTETS = 200
# Four times the largest value seen in a test; more is an attack or not AMI.
MAX_FRAME_OCTETS = 256 * 1024

# Headers we read, as Asterisk 13 to 22 spell them; any other case is turned into this one.
_SPELLING = {
    key.lower(): key
    for key in (
        *("Event", "Response", "Message", "ActionID", "EventList", "ListItems", "Privilege"),
        *("Channel", "ChannelState", "ChannelStateDesc", "Uniqueid", "Linkedid", "Context", "Exten"),
        *("CallerIDNum", "CallerIDName", "ConnectedLineNum", "ConnectedLineName"),
        *("DestChannel", "DestUniqueid", "DestLinkedid", "DialStatus", "BridgeUniqueid", "BridgeId"),
        *("Cause", "Cause-txt", "TechCause", "Reason", "Application", "Duration", "Seconds"),
        *("LocalOneChannel", "LocalOneUniqueid", "LocalOneLinkedid"),
        *("LocalTwoChannel", "LocalTwoUniqueid", "LocalTwoLinkedid", "SourceUniqueid"),
        *("TransfereeChannel", "TransfereeUniqueid", "TransfereeLinkedid"),
        *("TransferTargetChannel", "TransferTargetUniqueid", "TransferTargetLinkedid"),
        *("OrigTransfererLinkedid", "SecondTransfererLinkedid", "TransfererLinkedid"),
        *("CoreStartupDate", "CoreStartupTime", "AMIversion", "AsteriskVersion"),
    )
}
# Asterisk writes these C-escaped, and nothing else of a channel.
_ESCAPED_KEYS = ("CallerIDName", "ConnectedLineName")
_ESCAPE = re.compile(r"\\([abfnrtv\\'\"?])")
_ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
# Keys learnt to be spelled right already; a hostile peer may invent any number of others.
_LEARNT_KEYS = 4096
# Asterisk's longest have some 30 characters; a longer one is read as well, but never remembered.
_LEARNT_CHARACTERS = 64

Frame = dict[str, str]


class NotAnAmiServer(PeerUnavailable):
    """Something else answers on this port."""

    code = "not_an_ami_server"


class FrameParser:
    """Cuts one connection's bytes into frames.

    wanted: names of the events to return; None returns all. Replies are always returned.
    A repeated header keeps its first value: Asterisk writes its own headers first.
    """

    def __init__(
        self, wanted: Container[str] | None = None, max_frame_octets: int = MAX_FRAME_OCTETS
    ) -> None:
        self.greeting: str | None = None
        #: Unwanted events; frames that were neither event nor reply; frames above the limit.
        self.skipped_events = 0
        self.nonsense_frames = 0
        self.oversize_frames = 0
        self._wanted = wanted
        self._unwanted_names: set[bytes] = set()
        self._max_frame_octets = max_frame_octets
        self._rest = b""
        # The ends to wait for while an oversize frame is being dropped.
        self._dropping: tuple[bytes, ...] = ()
        self._learnt: set[str] = set(_SPELLING.values())

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that data completes.

        Raises NotAnAmiServer if the connection does not begin as AMI does; nothing after that
        may be fed.
        """
        buffer = self._rest + data if self._rest else data
        if self.greeting is None:
            buffer = self._without_greeting(buffer)
        frames: list[Frame] = []
        if self.greeting is None:
            self._rest = buffer
        elif self._dropping or b"\n\n" in buffer:
            self._rest = self._cut_carefully(buffer, frames)
        else:
            self._rest = self._cut(buffer, frames)
        if len(self._rest) > self._max_frame_octets:
            self._dropping = _ends_of_frame(self._rest)
            self.oversize_frames += 1
        if self._dropping:
            self._rest = self._rest[-3:]  # enough to recognise an end that comes in two pieces
        return frames

    def _without_greeting(self, buffer: bytes) -> bytes:
        """What follows the greeting; all of it while that is incomplete."""
        line, end, after = buffer.partition(b"\n")
        if line[: len(GREETING)] != GREETING[: len(line)] or len(line) > _GREETING_OCTETS:
            raise NotAnAmiServer("Something other than Asterisk's manager interface answers on this port.")
        if not end:
            return buffer
        self.greeting = line.decode("ascii", "replace").strip()
        return after

    def _cut(self, buffer: bytes, frames: list[Frame]) -> bytes:
        """Append every complete frame, and return the rest: the usual case, all lines in CRLF."""
        raws = buffer.split(b"\r\n\r\n")
        rest = raws.pop()
        for raw in raws:
            if raw.startswith(b"Event: "):
                end = raw.find(b"\r\n")
                if (raw[7:end] if end > 0 else raw[7:]) in self._unwanted_names:
                    self.skipped_events += 1
                    continue
            if _ends_lines_in_lf(raw):
                self._cut_carefully(raw + b"\r\n\r\n", frames)
            else:
                self._take(raw, frames)
        return self._cut_carefully(rest, frames) if _ends_lines_in_lf(rest) else rest

    def _cut_carefully(self, buffer: bytes, frames: list[Frame]) -> bytes:
        """The same for a stream with bare LFs, short ends, or a frame being dropped."""
        position = 0
        while True:
            while not self._dropping and buffer.startswith((b"\n", b"\r\n"), position):
                position = buffer.index(b"\n", position) + 1
            end, after = _frame_end(buffer, position, self._dropping or _ends_of_frame(buffer, position))
            if end < 0:
                return buffer[position:]
            if self._dropping:
                self._dropping = ()
            else:
                self._take(buffer[position:end], frames)
            position = after

    def _take(self, raw: bytes, frames: list[Frame]) -> None:
        raw = raw.strip(b"\r\n")
        if len(raw) > self._max_frame_octets:
            self.oversize_frames += 1
            return
        if not raw:
            return
        frame = self._parse(raw)
        name = frame.get("Event")
        if name is None and "Response" not in frame:
            self.nonsense_frames += 1
        elif name is not None and self._wanted is not None and name not in self._wanted:
            self.skipped_events += 1
            if len(self._unwanted_names) < _LEARNT_KEYS and len(name) <= _LEARNT_CHARACTERS:
                self._unwanted_names.add(name.encode())
        else:
            frames.append(frame)

    def _parse(self, raw: bytes) -> Frame:
        text = raw.decode("utf-8", "replace")
        crlf = not _ends_lines_in_lf(raw)
        lines = text.split("\r\n" if crlf else "\n")
        try:
            # Reversed, so that of a repeated header the first stays.
            frame = dict([line.split(": ", 1) for line in reversed(lines)])
        except ValueError:
            frame = _parse_odd_lines(lines)
        if not frame.keys() <= self._learnt or not crlf:
            frame = self._respell(frame)
        if "\\" in text:
            for key in frame:
                if key.endswith(_ESCAPED_KEYS):
                    frame[key] = unescape(frame[key])
        return frame

    def _respell(self, frame: Frame) -> Frame:
        respelled: Frame = {}
        for key, value in frame.items():
            right = _SPELLING.get(key.strip().lower(), key.strip())
            if right == key and len(key) <= _LEARNT_CHARACTERS and len(self._learnt) < _LEARNT_KEYS:
                self._learnt.add(key)
            if right not in respelled or key == right:
                respelled[right] = value.rstrip("\r")
        return respelled


def unescape(text: str) -> str:
    """A channel's caller or connected name as a person wrote it; Asterisk C-escapes these two."""
    return _ESCAPE.sub(lambda match: _ESCAPES.get(match[1], match[1]), text)


def _ends_lines_in_lf(raw: bytes) -> bool:
    end = raw.find(b"\n")
    return end >= 0 and raw[end - 1 : end] != b"\r"


def _ends_of_frame(buffer: bytes, start: int = 0) -> tuple[bytes, ...]:
    """What ends the frame at start: in one that ends its lines in CRLF, a bare LF does not."""
    line_end = buffer.find(b"\n", start)
    if line_end >= 0 and buffer[line_end - 1 : line_end] != b"\r":
        return (b"\n\n", b"\n\r\n")
    return (b"\r\n\r\n", b"\r\n\n")


def _frame_end(buffer: bytes, start: int, ends: tuple[bytes, ...]) -> tuple[int, int]:
    """Where the frame at start ends and where the next one begins; -1 while it has no end."""
    found, after = -1, -1
    for end in ends:
        # Only before what was found already: a rare end must not cost a search of the whole buffer.
        at = buffer.find(end, start, len(buffer) if found < 0 else found + len(end) - 1)
        if at >= 0:
            found, after = at, at + len(end)
    return found, after


def _parse_odd_lines(lines: list[str]) -> Frame:
    """Lines among which some are not `Key: value`; those without a colon are dropped."""
    frame: Frame = {}
    for line in lines:
        key, colon, value = line.partition(":")
        if colon and key:
            frame.setdefault(key, value.removeprefix(" "))
    return frame

"""A timeline as lines that people read, in a table or on paper. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from engine.conversations.models import Notice, TimelineItem
from engine.messaging.models import Direction, Message
from engine.presence.models import CallLogEntry
from engine.voicemail.models import Voicemail

COLUMNS = ("at", "type", "direction", "from", "to", "text", "status", "attachments", "id")


@dataclass(frozen=True, slots=True)
class Line:
    """at: local time of the domain. sender, to: names where they are known, else ids or numbers."""

    at: str
    type: str
    direction: str
    sender: str
    to: str
    text: str
    status: str
    attachments: str
    id: str

    def cells(self) -> tuple[str, ...]:
        """In the order of COLUMNS."""
        return (
            self.at,
            self.type,
            self.direction,
            self.sender,
            self.to,
            self.text,
            self.status,
            self.attachments,
            self.id,
        )


def line_of(one: TimelineItem, names: Mapping[str, str], zone: ZoneInfo) -> Line:
    """names: of users by id, of outside numbers by number."""
    item = one.item
    if isinstance(item, Message):
        return _message(item, names, zone)
    if isinstance(item, Notice):
        who = _name(item.user_id, names)
        return Line(_at(item.at_ms, zone), "notice", "", who, "", item.kind.value, "", "", item.id)
    if isinstance(item, Voicemail):
        status = "heard" if item.heard else "new"
        who = item.name or names.get(item.number, item.number)
        text = f"{item.duration_s} s"
        return Line(_at(item.received_ms, zone), "voicemail", "inbound", who, "", text, status, "", item.id)
    return _call(item, names, zone)


def _message(message: Message, names: Mapping[str, str], zone: ZoneInfo) -> Line:
    outside = [names.get(one.number, one.number) for one in message.recipients]
    inbound = message.direction is Direction.INBOUND
    sender = names.get(message.peer, message.peer) if inbound else _name(message.user_id, names)
    statuses = dict.fromkeys(one.status.value for one in message.recipients)
    status = "deleted" if message.deleted_ms is not None else " ".join(statuses)
    if message.edited_ms is not None and not status:
        status = "edited"
    return Line(
        _at(message.created_ms, zone),
        "message",
        message.direction.value,
        sender or message.number,
        message.number if inbound else ", ".join(outside),
        message.text,
        status,
        ", ".join(one.filename for one in message.attachments),
        message.id,
    )


def _call(entry: CallLogEntry, names: Mapping[str, str], zone: ZoneInfo) -> Line:
    user = _name(entry.user_id, names)
    peer = names.get(entry.peer, entry.peer_name or entry.peer)
    inbound = entry.direction.value == "inbound"
    talked = ""
    if entry.answered_ms is not None and entry.ended_ms is not None:
        talked = f"{(entry.ended_ms - entry.answered_ms) // 1000} s"
    return Line(
        _at(entry.started_ms, zone),
        "call",
        entry.direction.value,
        peer if inbound else user,
        user if inbound else peer,
        talked,
        "" if entry.result is None else entry.result.value,
        "",
        entry.id,
    )


def _name(user_id: str | None, names: Mapping[str, str]) -> str:
    return "" if user_id is None else names.get(user_id, user_id)


def _at(at_ms: int, zone: ZoneInfo) -> str:
    return datetime.fromtimestamp(at_ms / 1000, zone).isoformat(sep=" ", timespec="seconds")

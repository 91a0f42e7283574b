"""What a mailbox and a voicemail are, and what one scan of a spool has found.

The PBX owns the messages: folders, deletion and the lamps of phones are its. What is kept here is a mirror
that gives each message an id, a place on a timeline and an owner. Times are milliseconds since the epoch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Folder(StrEnum):
    """Where app_voicemail puts messages. Its folder of deleted ones is no place to look."""

    INBOX = "inbox"
    URGENT = "urgent"  # left as urgent, and new
    OLD = "old"
    WORK = "work"
    FAMILY = "family"
    FRIENDS = "friends"
    CUST1 = "cust1"
    CUST2 = "cust2"
    CUST3 = "cust3"
    CUST4 = "cust4"
    CUST5 = "cust5"


#: What a phone's lamp counts as new.
NEW_FOLDERS = frozenset({Folder.INBOX, Folder.URGENT})


class MailboxState(StrEnum):
    """Whether the mirror is what the PBX has: not looked at yet, so, or not to be reached right now."""

    UNKNOWN = "unknown"
    OK = "ok"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class Box:
    """Where a mailbox is: `mailbox@context` in the voicemail.conf of a PBX."""

    pbx: str
    context: str
    mailbox: str

    def __str__(self) -> str:
        return f"{self.mailbox}@{self.context}"


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A mailbox of one domain, and the users who share it, sorted.

    counts: messages by folder, as the last scan found them; a folder without any is absent.
    """

    id: str
    domain_id: str
    box: Box
    user_ids: tuple[str, ...]
    state: MailboxState
    counts: Mapping[Folder, int] = field(default_factory=dict)
    checked_ms: int | None = None

    @property
    def new(self) -> int:
        return sum(count for folder, count in self.counts.items() if folder in NEW_FOLDERS)

    @property
    def old(self) -> int:
        """What a phone is told beside `new`; messages in further folders are in neither."""
        return self.counts.get(Folder.OLD, 0)


@dataclass(frozen=True, slots=True)
class Message:
    """What a spool holds of one message.

    message_id: app_voicemail's `msg_id`, which a message keeps wherever it is moved. copy: 0, or how many
    messages of the mailbox with the same id come before it, since forwarding copies the id as well.
    channel: the caller's, as the PBX called it. number, name: from outside, cleaned and cut.
    """

    message_id: str
    copy: int
    folder: Folder
    number: str
    name: str
    channel: str
    received_ms: int
    duration_s: int


@dataclass(frozen=True, slots=True)
class Listing:
    """All messages of a mailbox in one moment.

    token: names this state of the mailbox; equal ones are equal. absent: the spool has no folder for it.
    unnamed: how many messages have no id yet, and are therefore not among them.
    """

    token: str
    messages: tuple[Message, ...]
    absent: bool = False
    unnamed: int = 0


@dataclass(frozen=True, slots=True)
class Voicemail:
    """A message of a mailbox.

    number: E.164 where it is one, else what the PBX called the caller, or empty (withheld). peer: who is
    at the other end of the timeline it belongs on: a user of the domain, else the number.
    """

    id: str
    domain_id: str
    mailbox_id: str
    box: Box
    message_id: str
    copy: int
    folder: Folder
    number: str
    name: str
    peer: str
    peer_user_id: str | None
    received_ms: int
    duration_s: int

    @property
    def heard(self) -> bool:
        return self.folder not in NEW_FOLDERS


@dataclass(frozen=True, slots=True)
class VoicemailFilter:
    """Which voicemails a list shows; every field narrows it."""

    mailbox_id: str | None = None
    folder: Folder | None = None
    heard: bool | None = None
    peer: str | None = None

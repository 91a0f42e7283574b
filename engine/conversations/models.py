"""What a conversation is: a thread with its own id, not a set of people; and who stands how in it.

Positions in a thread are message ids: a UUIDv7 orders what was said, whatever kind it is. "" is
before everything. Times are milliseconds since the epoch, UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from engine.messaging.models import Message
from engine.presence.models import CallLogEntry
from engine.voicemail.models import Voicemail

#: `muted_until_ms` of somebody who has muted a thread for ever.
FOR_EVER = -1


class ConversationKind(StrEnum):
    """`chat` has internal members only; `sms` is one of our numbers and outside numbers."""

    CHAT = "chat"
    SMS = "sms"


class ThreadState(StrEnum):
    """Whether a text thread still needs somebody; an inbound text opens it again."""

    OPEN = "open"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Conversation:
    """A thread. number: our sending number (E.164) of an sms thread; peers: its outside numbers, sorted.

    last_message_ms: when something was said last, or when it was made. name: None until somebody names
    it. created_by: the user who started it. direct_key: of a chat of exactly two, which there is once.
    last_item_id: the last message. last_news_id: the last one that somebody has to read: any of a chat,
    an inbound one of an sms thread.
    """

    id: str
    domain_id: str
    kind: ConversationKind
    number_id: str | None
    number: str | None
    peers: tuple[str, ...]
    created_ms: int
    last_message_ms: int
    name: str | None = None
    created_by: str | None = None
    direct_key: str | None = None
    last_item_id: str = ""
    last_news_id: str = ""
    state: ThreadState = ThreadState.OPEN
    claimed_by: str | None = None
    claimed_ms: int | None = None

    def other_party(self, user_id: str | None) -> str | None:
        """Who alone is at the other end: a user's id or an outside number; None in a group."""
        if self.direct_key is not None:
            return next((one for one in self.direct_key.split(":") if one != user_id), None)
        return self.peers[0] if len(self.peers) == 1 else None


class Role(StrEnum):
    """`member` of a chat, let in by that; `viewer` of an sms thread, let in by its number."""

    MEMBER = "member"
    VIEWER = "viewer"


@dataclass(frozen=True, slots=True)
class Member:
    """One user's side of a thread.

    seen_from: what was said up to there is not theirs to see. muted_until_ms: None not muted, FOR_EVER.
    deleted_through: they deleted the thread for themselves when it ended there. number_id: what they
    sent from when they last started it. draft: what they have written and not sent, nobody else's to
    see; draft_ms: when, also of one that is gone.
    """

    conversation_id: str
    user_id: str
    domain_id: str
    role: Role
    joined_ms: int
    seen_from: str = ""
    left_ms: int | None = None
    muted_until_ms: int | None = None
    read_through: str = ""
    marked_unread: bool = False
    deleted_through: str = ""
    number_id: str | None = None
    number_used_ms: int | None = None
    draft: str | None = None
    draft_ms: int | None = None

    @property
    def present(self) -> bool:
        return self.left_ms is None

    @property
    def sees_after(self) -> str:
        """The message after which the thread is theirs to see."""
        return max(self.seen_from, self.deleted_through)

    @property
    def has_read(self) -> str:
        """The message after which there may be something new."""
        return max(self.read_through, self.sees_after)


@dataclass(frozen=True, slots=True)
class Person:
    """A user as others in a thread see them."""

    user_id: str
    domain_id: str
    extension: str
    name: str
    enabled: bool
    sms_enabled: bool = True


@dataclass(frozen=True, slots=True)
class OwnNumber:
    """A number of ours that a user may send from.

    since: the position at which it was assigned to them: what came in before is not news to them.
    """

    id: str
    e164: str
    sms_enabled: bool
    since: str = ""


@dataclass(frozen=True, slots=True)
class KnownNumber:
    """An outside number by the name the viewer knows it under; both None for a stranger."""

    number: str
    name: str | None = None
    contact_id: str | None = None
    label: str | None = None


@dataclass(frozen=True, slots=True)
class ThreadView:
    """A thread as one viewer sees it.

    mine: the viewer's side, also when nothing is stored of it; None for a server. people: those in a
    chat, with their sides; of an sms thread those its number is assigned to. last: the last message the
    viewer may see. unread: how many messages wait for the viewer, up to a bound. muted: by now. stopped:
    the outside numbers that want no texts from ours.
    """

    conversation: Conversation
    mine: Member | None
    people: tuple[tuple[Person, Member], ...]
    peers: tuple[KnownNumber, ...]
    last: Message | None
    unread: int
    muted: bool
    stopped: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        return self.conversation.id

    @property
    def deleted(self) -> bool:
        """Whether the viewer has deleted it and nothing was said since."""
        mine = self.mine
        return (
            mine is not None
            and mine.deleted_through != ""
            and self.conversation.last_item_id <= mine.deleted_through
        )


@dataclass(frozen=True, slots=True)
class UnreadTotals:
    """What a badge shows: threads with something unread, and messages in them, both up to a bound."""

    conversations: int
    chats: int
    sms: int
    messages: int


# What happened in a thread besides messages.


class NoticeKind(StrEnum):
    CREATED = "created"
    MEMBER_ADDED = "member_added"
    MEMBER_REMOVED = "member_removed"
    MEMBER_LEFT = "member_left"
    RENAMED = "renamed"
    CLAIMED = "claimed"
    RELEASED = "released"
    ASSIGNED = "assigned"
    DONE = "done"
    REOPENED = "reopened"
    CONSENT_STOPPED = "consent_stopped"
    CONSENT_RESTORED = "consent_restored"
    MESSAGE_MOVED = "message_moved"


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that happened to a thread. user_id: who did it; data: whom or what it concerned."""

    id: str
    conversation_id: str
    kind: NoticeKind
    user_id: str | None
    data: Mapping[str, object]
    at_ms: int


@dataclass(frozen=True, slots=True)
class TimelineItem:
    """One thing on a timeline. position: orders items of all types; see `timeline`."""

    type: Literal["message", "notice", "call", "voicemail"]
    position: tuple[int, str]
    item: Message | Notice | CallLogEntry | Voicemail


# Commands.


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Somebody a conversation is to be with: exactly one of user_id, extension, contact_id and number.

    number with contact_id: which of the contact's numbers; any form the domain's region can read.
    """

    user_id: str | None = None
    extension: str | None = None
    contact_id: str | None = None
    number: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StartConversation:
    """to: whom it is with, besides the one who starts it. from_number: which of their numbers to send
    from; None takes the one used last. user_id: for whom a server starts it.
    """

    to: tuple[Target, ...]
    from_number: str | None = None
    name: str | None = None
    user_id: str | None = None
    domain_id: str | None = None


@dataclass(frozen=True, slots=True)
class Consequence:
    """Something that will happen, said before it does. code: stable; text: a sentence for a person."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """What starting a conversation would do. conversation_id: the one there is already.

    number: what would be sent from; numbers: what else could be. people: users of a chat besides the
    one who asks; peers: outside numbers.
    """

    kind: ConversationKind
    conversation_id: str | None
    number: OwnNumber | None
    numbers: tuple[OwnNumber, ...]
    people: tuple[Person, ...]
    peers: tuple[KnownNumber, ...]
    consequences: tuple[Consequence, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """What a person says in a thread; fields as in `SendText`. validity_s: texts only.

    reply_to: an earlier message of the chat that this one answers. attachment_ids: files its author has
    uploaded; with some, the text may be empty.
    """

    text: str
    client_id: str | None = None
    user_id: str | None = None
    validity_s: int | None = None
    reply_to: str | None = None
    attachment_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AddMembers:
    """share_history: whether users added to a chat see what was said before them."""

    to: tuple[Target, ...]
    share_history: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ListThreads:
    """Which threads a list shows; every field narrows it.

    mine: only chats of the user and threads over numbers assigned to them, where a manager would see
    more. deleted: those the user has deleted, and no others. claimed_by: text threads of this user,
    "" those of nobody.
    """

    domain_id: str | None = None
    kind: ConversationKind | None = None
    state: ThreadState | None = None
    unread: bool | None = None
    mine: bool = False
    deleted: bool = False
    claimed_by: str | None = None


@dataclass(frozen=True, slots=True)
class Left:
    """What leaving meant. remaining: people still in the thread; meaning: in words."""

    conversation_id: str
    remaining: int
    meaning: str

"""What users are told of, how they want it, and what is told.

Types only. Times are milliseconds since the epoch, UTC.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from engine.accounts.models import UNSET, Unset


class Kind(StrEnum):
    """What somebody is told of."""

    CHAT = "chat"
    TEXT = "text"
    VOICEMAIL = "voicemail"
    MISSED_CALL = "missed_call"
    TEST = "test"


class Preview(StrEnum):
    """What a notification shows: who and what, only who, or only that there is something."""

    FULL = "full"
    SENDER = "sender"
    NOTHING = "nothing"


class Sound(StrEnum):
    """What a page plays; the pages have the sounds."""

    CHIME = "chime"
    BELL = "bell"
    DROP = "drop"
    KNOCK = "knock"
    NONE = "none"


class Language(StrEnum):
    """What mails are written in; the values are language tags (BCP 47)."""

    ENGLISH = "en"
    GERMAN = "de"


class Level(StrEnum):
    """Of which messages of a conversation somebody is told. Texts name nobody, so `mentions` is for chats."""

    ALL = "all"
    MENTIONS = "mentions"
    NONE = "none"


class ScreenState(StrEnum):
    """What a page says of itself: used right now, not used, or not even seen."""

    ACTIVE = "active"
    IDLE = "idle"
    HIDDEN = "hidden"


class Channel(StrEnum):
    """How somebody is told: by an open page, by a push to a browser, by mail."""

    SCREEN = "screen"
    PUSH = "push"
    EMAIL = "email"


@dataclass(frozen=True, slots=True)
class WorkingHours:
    """When somebody wants to be told. hours: like `Mon-Fri 08:00-18:00`; see `engine.office_hours`."""

    time_zone: str
    hours: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NotificationSettings:
    """How one user is told.

    desktop: the browser's own notification where no page of ours is looked at. email_after_minutes: how
    long something stays unread before it is told by mail; email_language: what mails and the page that ends
    them are written in. working_hours: outside of them nothing sounds
    or shows, and mail waits; None means always. chats, texts, voicemails, missed_calls: what is told of.
    """

    sound: Sound = Sound.CHIME
    desktop: bool = True
    push: bool = True
    email: bool = True
    email_after_minutes: int = 5
    email_language: Language = Language.ENGLISH
    preview: Preview = Preview.FULL
    working_hours: WorkingHours | None = None
    chats: bool = True
    texts: bool = True
    voicemails: bool = True
    missed_calls: bool = True

    def wants(self, kind: Kind) -> bool:
        return {
            Kind.CHAT: self.chats,
            Kind.TEXT: self.texts,
            Kind.VOICEMAIL: self.voicemails,
            Kind.MISSED_CALL: self.missed_calls,
            Kind.TEST: True,
        }[kind]


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateSettings:
    """What is UNSET stays as it is."""

    sound: Sound | Unset = UNSET
    desktop: bool | Unset = UNSET
    push: bool | Unset = UNSET
    email: bool | Unset = UNSET
    email_after_minutes: int | Unset = UNSET
    email_language: Language | Unset = UNSET
    preview: Preview | Unset = UNSET
    working_hours: WorkingHours | Unset | None = UNSET
    chats: bool | Unset = UNSET
    texts: bool | Unset = UNSET
    voicemails: bool | Unset = UNSET
    missed_calls: bool | Unset = UNSET


@dataclass(frozen=True, slots=True)
class ThreadNotifications:
    """How one user is told of one conversation. sound: None means the one of the user's settings.

    Muting is kept beside it, with the conversation, since it ends by itself.
    """

    level: Level = Level.ALL
    sound: Sound | None = None


@dataclass(frozen=True, slots=True)
class NewSubscription:
    """A browser that takes pushes, as its page learnt it. p256dh, auth: base64url without padding.

    Source: Push API §8.1 (PushSubscription).
    """

    endpoint: str = field(repr=False)
    p256dh: str = field(repr=False)
    auth: str = field(repr=False)
    user_agent: str = ""


@dataclass(frozen=True, slots=True)
class Subscription:
    """A browser that takes pushes. host: of the push service. used_ms: when its page was last there."""

    id: str
    user_id: str
    host: str
    user_agent: str
    created_ms: int
    used_ms: int
    endpoint: str = field(repr=False)
    p256dh: str = field(repr=False)
    auth: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Reach:
    """How one user can be told besides by open pages. email: where mail goes, None for nowhere."""

    user_id: str
    domain_id: str
    settings: NotificationSettings
    pushes: bool
    email: str | None


@dataclass(frozen=True, slots=True)
class Side:
    """How one user stands in a conversation something was said in.

    quiet: muted by now, or left. called: what naming the user looks like, without the @.
    """

    quiet: bool = False
    read_through: str = ""
    chosen: ThreadNotifications = ThreadNotifications()
    called: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class News:
    """Something that happened, before it is shown to anybody.

    id: of the message, voicemail or call log entry. author: who said it, by name; None for a number from
    outside, which `peer` is (E.164 or what the PBX called it). group: name of a conversation of several,
    or "" for one without a name; None where there are two. sides: of chats and texts, by user.
    user_ids: whom it concerns.
    """

    id: str
    kind: Kind
    domain_id: str
    user_ids: tuple[str, ...]
    at_ms: int
    conversation_id: str | None = None
    author_id: str | None = None
    author: str | None = None
    peer: str | None = None
    group: str | None = None
    text: str = field(default="", repr=False)
    sides: dict[str, Side] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Notice:
    """One notification to one user.

    tag: what it stands for; a later one with the same tag takes its place. title, preview: None where the
    user's privacy leaves them out. count: how many things it stands for since the last one was shown.
    """

    id: str
    user_id: str
    domain_id: str
    kind: Kind
    tag: str
    subject: str
    conversation_id: str | None
    at_ms: int
    title: str | None = field(repr=False)
    preview: str | None = field(repr=False)
    sound: Sound
    desktop: bool
    count: int = 1

    def data(self) -> dict[str, object]:
        """As pages and service workers get it."""
        return {
            "id": self.id,
            "kind": self.kind.value,
            "tag": self.tag,
            "subject": self.subject,
            "conversation_id": self.conversation_id,
            "title": self.title,
            "preview": self.preview,
            "sound": self.sound.value,
            "desktop": self.desktop,
            "count": self.count,
            "at_ms": self.at_ms,
        }


class PushAnswer(StrEnum):
    """What became of a push: the service has it, the browser is gone, it never will, or it may later."""

    TAKEN = "taken"
    GONE = "gone"
    REFUSED = "refused"
    LATER = "later"


@dataclass(frozen=True, slots=True)
class PushOutcome:
    """retry_after_s: how long the service asks us to wait."""

    answer: PushAnswer
    status: int | None = None
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True)
class Push:
    """What goes to a browser. payload: encrypted for it on the way. topic: a later push with the same one
    takes the place of one that still waits; at most 32 characters of base64url (RFC 8030 §5.4).
    """

    payload: bytes = field(repr=False)
    ttl_s: int
    urgency: str
    topic: str


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail. mail_id: the left part of its Message-ID, the same when it has to be sent again.

    end_link: where one click ends such mails.
    """

    mail_id: str
    to: str = field(repr=False)
    name: str = field(repr=False)
    subject: str = field(repr=False)
    text: str = field(repr=False)
    html: str = field(repr=False)
    end_link: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Unread:
    """Things of one origin nobody has read yet, for a mail.

    title: name of a conversation, or of who is at the other end; peer: their number, where they are outside
    and the viewer may know a name for it. items: (when, who said it, what), oldest first, the last few;
    count: of all.
    """

    kind: Kind
    count: int
    at_ms: int
    title: str | None = field(default=None, repr=False)
    peer: str | None = field(default=None, repr=False)
    conversation_id: str | None = None
    items: tuple[tuple[int, str | None, str], ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class DueMail:
    """A user whose mail is due. mail_id, through: of one that was begun and may have been sent.

    notes: how often the user was noted.
    """

    user_id: str
    notes: int
    told_through: str
    mail_id: str | None
    through: str | None
    attempts: int
    first_attempt_ms: int | None


@dataclass(frozen=True, slots=True)
class Digest:
    """What a mail tells. later_ms: when the oldest thing came that is too new for this one, if any."""

    user_id: str
    domain_id: str
    name: str = field(repr=False)
    email: str = field(repr=False)
    settings: NotificationSettings
    unread: tuple[Unread, ...]
    later_ms: int | None

"""What conversations need: a store of threads, somebody to send texts, names of outside numbers, calls.

A function given to `read` or `change` runs in one transaction, possibly in another thread and, when a
group commit has failed, more than once: it takes ids made before, touches nothing but its argument, and
raises EngineError to refuse.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from engine.accounts.models import Principal
from engine.contacts.models import Contact, Named
from engine.conversations.models import (
    Conversation,
    ListThreads,
    Member,
    Notice,
    OwnNumber,
    Person,
    ThreadState,
    UnreadTotals,
)
from engine.errors import EngineError
from engine.events import NewEvent
from engine.idempotency import Claim, Replayed
from engine.messaging.models import Message, SendText
from engine.presence.models import CallLogEntry
from engine.voicemail.models import Voicemail

R = TypeVar("R")

#: (when, hex digits of an id): orders what is on a timeline, whatever it is.
Position = tuple[int, str]


@dataclass(frozen=True, slots=True)
class DomainFacts:
    """A domain as threads need it. region: the country by whose rules it writes national numbers."""

    id: str
    region: str | None
    reseller_id: str | None
    sms_enabled: bool


class ThreadReads(Protocol):
    """Rows as one transaction sees them; None where there is none."""

    def domain(self, domain_id: str) -> DomainFacts | None: ...

    def thread(self, conversation_id: str) -> Conversation | None: ...

    def direct(self, direct_key: str) -> Conversation | None:
        """The chat of two with this key."""

    def solo(self, domain_id: str, number: str, peer: str) -> Conversation | None:
        """The pair's own text thread."""

    def member(self, conversation_id: str, user_id: str) -> Member | None: ...

    def members(self, conversation_ids: Collection[str]) -> Mapping[str, Sequence[Member]]:
        """All rows of these threads, those who left included, in the order they joined."""

    def people(self, user_ids: Collection[str]) -> Mapping[str, Person]: ...

    def person_with_extension(self, domain_id: str, extension: str) -> Person | None: ...

    def numbers_of(self, user_id: str) -> Sequence[OwnNumber]:
        """The numbers assigned to a user, oldest first; none while texting is switched off for the user or
        their domain."""

    def number(self, domain_id: str, e164: str) -> OwnNumber | None: ...

    def users_of(self, domain_id: str, numbers: Collection[str]) -> Mapping[str, Sequence[str]]:
        """The users each of the domain's numbers is assigned to and who may text; none for a number it does
        not have."""

    def stopped(self, pairs: Collection[tuple[str, str]]) -> Collection[tuple[str, str]]:
        """Those pairs of (our number, outside number) of which the outside number wants no texts."""

    def number_used_last(self, user_id: str) -> str | None:
        """Id of the number the user started a text thread from last."""

    def list_threads(
        self,
        domain_id: str,
        user_id: str | None,
        chosen: ListThreads,
        before: tuple[int, str] | None,
        limit: int,
        *,
        whole_domain: bool,
    ) -> Sequence[Conversation]:
        """Latest activity first. before: (last_message_ms, id) of the last one seen.

        Chats of the user and text threads over numbers of theirs; whole_domain: all text threads.
        """

    def unread(self, sides: Collection[tuple[Conversation, Member]], most: int) -> Mapping[str, int]:
        """How many messages wait for these members, by conversation; none counts beyond most."""

    def totals(self, domain_id: str, user_id: str, most: int) -> UnreadTotals: ...

    def message(self, message_id: str) -> Message | None: ...

    def last_messages(self, message_ids: Collection[str]) -> Mapping[str, Message]: ...

    def messages(
        self, conversation_id: str, *, after: str, before: str | None, limit: int, oldest_first: bool = False
    ) -> Sequence[Message]:
        """Those between the message ids after and before, newest first."""

    def notices(
        self, conversation_id: str, *, after: str, before: str | None, limit: int, oldest_first: bool = False
    ) -> Sequence[Notice]:
        """Those between the ids after and before, newest first."""

    def edit_within_s(self, domain_id: str) -> int:
        """How long after saying something in a chat one may change it, in seconds; see `DomainSettings`."""


class ThreadChanges(ThreadReads, Protocol):
    """One unit of work."""

    @property
    def now_ms(self) -> int: ...

    def insert_thread(self, conversation: Conversation) -> bool:
        """False, and nothing inserted, when a thread with this direct_key has come first."""

    def save_thread(self, conversation: Conversation) -> None: ...

    def hand_over(self, conversation_id: str, held_by: str | None, to: str | None) -> bool:
        """Give a text thread to a user or to nobody; False, and nothing done, if held_by does not have it."""

    def set_state(self, conversation_id: str, state: ThreadState) -> bool:
        """Whether that changed anything."""

    def put_peers(self, conversation: Conversation, *, solo: bool) -> None:
        """Make the outside numbers of the thread those it names."""

    def save_member(self, member: Member) -> None:
        """Insert or replace; the draft stays what it is."""

    def save_draft(self, conversation_id: str, user_id: str, text: str | None, at_ms: int) -> None:
        """Of somebody whose side is stored."""

    def rewrite_message(self, message_id: str, text: str) -> None:
        """Change what was said in a chat, now."""

    def empty_message(self, message_id: str) -> None:
        """Take back what was said in a chat, now, with all reactions to it."""

    def add_reaction(self, message_id: str, user_id: str, emoji: str) -> None: ...

    def remove_reaction(self, message_id: str, user_id: str, emoji: str) -> None: ...

    def move_message(self, message: Message, conversation_id: str, flags: Sequence[str]) -> None: ...

    def recount_thread(self, conversation_id: str) -> None:
        """Find out anew what was said last in a thread, and what of it is to be read."""

    def add_notice(self, notice: Notice) -> None: ...

    def emit(self, event: NewEvent) -> None: ...

    def claim(self, claim: Claim) -> Replayed | None:
        """Stake an Idempotency-Key; the earlier answer when it was used for this request.

        Raises Conflict `idempotency_mismatch` when it was used for another one.
        """

    def settle(self, claim: Claim, status: int, body: str) -> None: ...


@dataclass(slots=True)  # not frozen, as nothing made for each message is: see engine.messaging.models
class NewChatMessage:
    """Something said in a chat, about to be stored. render makes the answer kept under the claim."""

    id: str
    conversation_id: str
    user_id: str
    text: str
    client_id: str | None
    reply_to: str | None
    created_ms: int
    claim: Claim | None = None
    render: Callable[[Message], tuple[int, str]] | None = None
    attachment_ids: tuple[str, ...] = ()


class ThreadStore(Protocol):
    """Where threads live. Every method may raise StorageUnavailable."""

    async def read(self, work: Callable[[ThreadReads], R]) -> R: ...

    async def change(self, work: Callable[[ThreadChanges], R]) -> R:
        """Run work and commit; what it emitted is published after the commit."""

    def say(self, message: NewChatMessage, done: Callable[[Message | Replayed | EngineError], None]) -> None:
        """Store what a member of a chat says. done gets the message as stored (an earlier one where the
        client_id was used before with the same content) or why it was not, after the commit.

        Raises StorageUnavailable at once when too much is waiting.
        """

    async def mark_read(self, conversation_id: str, side: Member, through: str) -> None:
        """Move a reading position forward; side: the row to begin with where there is none."""


class Texts(Protocol):
    """The part of messaging a thread needs."""

    def send(
        self,
        principal: Principal,
        request: SendText,
        claim: Claim | None = None,
        render: Callable[[Message], tuple[int, str]] | None = None,
        thread: Conversation | None = None,
    ) -> Awaitable[Message | Replayed]: ...

    async def get(self, principal: Principal, message_id: str) -> Message:
        """A text. Raises NotFound for one that is not there or not the principal's to see."""


class AddressBook(Protocol):
    """The contacts of the one who asks."""

    async def get(self, principal: Principal, contact_id: str) -> Contact:
        """Raises NotFound for a contact that is not there or not the principal's to see."""


class Names(Protocol):
    """Who outside numbers belong to, as one viewer knows them."""

    async def names_of(
        self, domain_id: str, user_id: str | None, numbers: Collection[str]
    ) -> Mapping[str, Named]:
        """Unknown numbers (E.164) are absent. user_id: None knows what the whole domain shares."""


class CallLog(Protocol):
    """Calls as one user had them."""

    async def calls_between(
        self, user_id: str, peer: str, before: tuple[int, str] | None, limit: int
    ) -> Sequence[CallLogEntry]:
        """Those with an outside number (E.164) or another user, newest first. before: (started_ms, id)."""


class VoicemailLog(Protocol):
    """Voicemails in a user's mailbox."""

    async def voicemails_between(
        self, user_id: str, peer: str, before: tuple[int, str] | None, limit: int
    ) -> Sequence[Voicemail]:
        """Those an outside number (E.164) or another user left, newest first. before: (received_ms, id)."""


class Announcer(Protocol):
    """Frames that nobody keeps; see `engine.bus`."""

    def publish_ephemeral(
        self, stream: str, type: str, data: Mapping[str, object], user_ids: Iterable[str] | None = None
    ) -> None: ...

"""What the text life-cycle needs from others: numbers, text coding, carriers, the store.

Everything that crosses these ports is plain data, so that an operation of the store can be
run again and a carrier can be swapped for another transport. Nobody changes what has crossed; why
those made for each text are not frozen is told in `models`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from engine.attachments.models import NewLink
from engine.errors import EngineError
from engine.idempotency import Claim, Replayed
from engine.messaging.models import (
    DeliveryClass,
    DeliveryError,
    Message,
    MessageFilter,
    SegmentStatus,
)

#: (message id, position of the recipient, part number from 1)
SegmentKey = tuple[str, int, int]


@dataclass(frozen=True, slots=True)
class SendingNumber:
    """One of our numbers as the hot path needs it.

    sms_enabled: its own flag. user_ids: the users it is assigned to that may text; muted_user_ids: those
    for whom texting is switched off. domain_sms_enabled: its domain's flag.
    """

    id: str
    domain_id: str
    e164: str
    carrier: str
    sms_enabled: bool
    region: str | None
    user_ids: frozenset[str]
    reseller_id: str | None = None
    domain_sms_enabled: bool = True
    muted_user_ids: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class TextingDomain:
    """A domain as texts need it. region: the country by whose rules it writes national numbers."""

    id: str
    region: str | None
    reseller_id: str | None


class NumberDirectory(Protocol):
    """Our numbers, cached for at most 5 s."""

    def known(self, e164: str) -> SendingNumber | None:
        """The number if it is in the cache; never waits. None: not cached, or not ours."""

    async def find(self, e164: str) -> SendingNumber | None:
        """The number, read if need be; None if it is not ours. Raises StorageUnavailable."""

    async def domain(self, domain_id: str) -> TextingDomain | None:
        """The domain, or None if there is no such domain. Raises StorageUnavailable."""

    async def numbers_of(self, user_id: str) -> Sequence[str]:
        """The E.164 numbers assigned to a user; none while texting is switched off for the user or its
        domain."""


@dataclass(slots=True)
class OutboundSegment:
    """What one `submit_sm` carries besides its addresses. tlvs: encoded, ready to append."""

    part_no: int
    part_count: int
    esm_class: int
    data_coding: int
    short_message: bytes
    tlvs: bytes


class TextCoder(Protocol):
    """Turns a text into segments by a carrier's rules."""

    def segments(self, carrier: str, text: str, reference: int) -> Sequence[OutboundSegment]:
        """reference: 0 to 65535, the same in all parts. Raises InvalidRequest."""


class FileLinks(Protocol):
    """Makes links that texts carry instead of files."""

    def new(self, text: str, now_ms: int) -> NewLink:
        """A fresh link, as it is appended to the text; it leads nowhere until it is stored."""


class FilesAtHand(Protocol):
    """Files that have been uploaded and wait for a message."""

    async def refusal(
        self, domain_id: str, sender_id: str, attachment_ids: Sequence[str]
    ) -> EngineError | None:
        """Why a text of this sender could not carry these files now. Raises StorageUnavailable."""


class Slot(Protocol):
    """A place in a bind's window, taken but not used yet."""

    @property
    def bind(self) -> str: ...
    @property
    def session_id(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a non-zero command_status means for the segment it answers.

    resend: whether the same segment may be tried again; after_s: no sooner than that;
    most_attempts: give up after that many, 0 = only its validity ends it.
    """

    code: str
    text: str
    resend: bool
    after_s: float
    most_attempts: int


@dataclass(slots=True)
class SegmentJob:
    """One segment on its way to the carrier.

    attempt: copies the carrier has or may have, the one under way included; one that it refused or that
    never left does not count. refused counts answers that said no. user_ids: whom its events concern.
    """

    message_id: str
    position: int
    domain_id: str
    source: str
    destination: str
    delivery_class: DeliveryClass
    expires_ms: int
    segment: OutboundSegment
    user_ids: tuple[str, ...] = ()
    attempt: int = 0
    refused: int = 0
    not_before_ms: int = 0
    unanswered: int = 0  # copies written by this process whose response may still come in time
    accepted: bool = False  # the carrier has it: what becomes of a second copy changes nothing

    @property
    def key(self) -> SegmentKey:
        return (self.message_id, self.position, self.segment.part_no)


class SmsCarrier(Protocol):
    """One carrier account with its binds."""

    @property
    def name(self) -> str: ...

    def reserve(self) -> Slot | None:
        """Take a free window slot now; None when there is no room, a pause, or no bind."""

    def release(self, slot: Slot) -> None:
        """Give back a slot that was not used."""

    def submit(self, slot: Slot, job: SegmentJob) -> bool:
        """Write a segment whose intent is committed. False: the session is gone or silent, and nothing
        was written."""

    def refusal(self, command_status: int) -> Refusal:
        """What this carrier means by a non-zero command_status."""

    def smsc_key(self, smsc_id: str) -> str:
        """The form of a message id under which responses and receipts of this carrier meet."""


class AnswerKind(StrEnum):
    """How a submitted segment ended, as far as the wire tells."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    NOT_SENT = "not_sent"
    AMBIGUOUS = "ambiguous"


@dataclass(slots=True)
class SegmentAnswer:
    """What became of one submitted segment. late: it came after the response time-out."""

    job: SegmentJob
    kind: AnswerKind
    smsc_id: str = ""
    command_status: int = 0
    late: bool = False
    reason: str = ""


@dataclass(slots=True)
class NewRecipient:
    """One recipient of a text about to be stored.

    slots: one a segment if its intent rides along. error: why nothing is sent to it after all.
    """

    number: str
    carrier: str
    expires_ms: int
    segments: Sequence[OutboundSegment]
    slots: Sequence[Slot] = ()
    error: DeliveryError | None = None


@dataclass(slots=True)
class NewText:
    """A text about to be stored.

    sender_id: whose client_ids it shares: the user, else the credential. user_ids: whom it concerns.
    attachment_ids: files it takes along, which its segments name by the link.
    """

    message: Message
    sender_id: str
    user_ids: tuple[str, ...]
    recipients: Sequence[NewRecipient]
    attachment_ids: tuple[str, ...] = ()
    link: NewLink | None = None


#: What became of each text of one request: the message as stored (an earlier one where the
#: client_id was used before with the same content, one of the same id where some of its recipients
#: have opted out), or why it was not.
Accepted = Sequence[Message | EngineError]


@dataclass(slots=True)
class NewTexts:
    """The texts of one request; they and the answer to its idempotency key are one commit.

    render: makes the stored answer (HTTP status, JSON body) inside the transaction; needed with a claim.
    """

    texts: Sequence[NewText]
    claim: Claim | None = None
    render: Callable[[Accepted], tuple[int, str]] | None = None


@dataclass(slots=True)
class Intent:
    """A segment about to be written to a bind."""

    job: SegmentJob
    bind: str
    session_id: str


@dataclass(slots=True)
class Outcome:
    """What the store is to record about a segment. not_before_ms matters for `queued` only.

    fresh: nothing but its intent can have been recorded about the segment before.
    """

    job: SegmentJob
    carrier: str
    status: SegmentStatus
    smsc_id: str = ""
    smsc_key: str = ""
    command_status: int = 0
    not_before_ms: int = 0
    error: DeliveryError | None = None
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class ReceiptNews:
    """A receipt as it came in. status: None for an intermediate one, which is history only.

    quote: the first characters of the text, where the carrier repeats them.
    """

    id: str
    carrier: str
    raw_id: str
    smsc_key: str
    source: str
    destination: str
    status: SegmentStatus | None
    state: str
    error_code: str
    received_ms: int
    quote: str = ""


@dataclass(frozen=True, slots=True)
class InboundPart:
    """One part of a text in several parts.

    reference: plus 65536 if it has 16 bits, since the same one in the other width is another text.
    """

    reference: int
    total: int
    part_no: int


@dataclass(frozen=True, slots=True)
class InboundText:
    """A `deliver_sm` that is not a receipt. message_id: the id it will have if it becomes a message.

    octets: user data without header; text: those octets decoded by themselves.
    """

    message_id: str
    conversation_id: str
    carrier: str
    source: str
    destination: str
    data_coding: int
    octets: bytes
    text: str
    session_id: str
    received_ms: int
    part: InboundPart | None = None
    flags: tuple[str, ...] = ()


class PartJoiner(Protocol):
    """Puts texts in several parts together, by each carrier's alphabet."""

    @property
    def wait_ms(self) -> int:
        """How long after the newest part the rest is waited for."""

    def join(self, carrier: str, data_coding: int, parts: Mapping[int, bytes], total: int) -> str:
        """The text of the parts by number, with a mark where parts are missing."""


class TextWords(PartJoiner, TextCoder, Protocol):
    """What storing a text needs that came in: its parts joined, and what it is answered with cut."""


class TextStore(Protocol):
    """Texts on disk. The `done` callbacks get the result or the exception, after the commit."""

    def accept(self, texts: NewTexts, done: Callable[[Accepted | Replayed | BaseException], None]) -> None:
        """Store texts. Raises StorageUnavailable at once when too much is waiting."""

    def record_intents(
        self, intents: Sequence[Intent], done: Callable[[Collection[SegmentKey] | BaseException], None]
    ) -> None:
        """done gets the keys of segments that were settled meanwhile and must not be sent."""

    def record_outcomes(
        self, outcomes: Sequence[Outcome], done: Callable[[BaseException | None], None]
    ) -> None: ...

    def apply_receipts(
        self, receipts: Sequence[ReceiptNews], done: Callable[[BaseException | None], None]
    ) -> None: ...

    def store_inbound(
        self, texts: Sequence[InboundText], done: Callable[[BaseException | None], None]
    ) -> None: ...

    async def recover(self, carrier: str, again_ms: int) -> int:
        """After a restart: every segment with an intent and no outcome becomes `uncertain`
        (`must_arrive` once more `queued`, not to be sent before again_ms). Returns how many."""

    async def requeue_unsent(self, keys: Sequence[SegmentKey]) -> None:
        """Segments that may have a committed intent, but of which this process knows that no byte left."""

    async def waiting(self, carrier: str, now_ms: int, limit: int) -> Sequence[SegmentJob]:
        """The oldest segments of a carrier that are queued and due."""

    async def settle_overdue(self, now_ms: int, receipt_deadline_ms: int) -> int:
        """Sent long ago and no receipt: `unconfirmed`. Pairs parked receipts that missed their
        response or whose response was lost, and surfaces multi-part texts whose rest never came.
        Returns how many rows moved."""

    async def get(self, message_id: str) -> Message | None: ...

    async def list(
        self,
        domain_id: str,
        chosen: MessageFilter,
        numbers: Sequence[str] | None,
        before: str | None,
        limit: int,
    ) -> Sequence[Message]:
        """Newest first. before: a message id; numbers: only texts over these numbers of ours."""

"""What the API answers with. Made by `generate.py` from the API's description; not edited by hand."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import msgspec

from ringback_client.open_enum import OpenEnum


class AbsenceResource(msgspec.Struct, kw_only=True, rename={"from_": "from"}):
    enabled: bool
    text: str
    from_: datetime | None
    until: datetime | None


class AcceptPrompt(OpenEnum):
    """What the user must press after answering before the destination is dialled."""

    NONE = "none"
    PRESS_1 = "press_1"


class Alive(msgspec.Struct, kw_only=True):
    status: Literal["alive"]


class AppendedOutlook(msgspec.Struct, kw_only=True):
    """What would go out behind the text; its link is a sample of the same length."""

    code: Literal["attachments_as_link"]
    detail: str
    text: str


class AppendedResource(msgspec.Struct, kw_only=True):
    """What a text's numbers got besides its words."""

    code: Literal["attachments_as_link"]
    detail: str
    """Why, for a person."""
    text: str
    """As it went out behind the text; counted in its segments."""
    expires_at: datetime
    """When the link ends."""


class AttachedResource(msgspec.Struct, kw_only=True):
    """A file that a message carries; its octets are at `/v1/attachments/{id}/content`."""

    id: str
    filename: str
    content_type: str
    octets: int
    width: int | None
    """Of images, in pixels."""
    height: int | None
    thumbnail: bool
    """Whether there is one at `/v1/attachments/{id}/thumbnail`."""
    state: AttachmentState


class AttachmentResource(msgspec.Struct, kw_only=True):
    """A file. message_id is null until it is sent."""

    id: str
    filename: str
    content_type: str
    octets: int
    width: int | None
    """Of images, in pixels."""
    height: int | None
    thumbnail: bool
    """Whether there is one at `/v1/attachments/{id}/thumbnail`."""
    state: AttachmentState
    domain_id: str
    user_id: str | None
    conversation_id: str | None
    """The only one it may be sent in, if it was named."""
    message_id: str | None
    created_at: datetime


class AttachmentState(OpenEnum):
    """ready: it can be read. lost: its file is not in the store, and comes back when the file does. deleted:
    it was withdrawn, or its time is over; only its name stays.
    """

    READY = "ready"
    LOST = "lost"
    DELETED = "deleted"


class AuditList(msgspec.Struct, kw_only=True):
    """Entries, newest first."""

    items: list[AuditResource]
    next_cursor: str | None
    """Ask with it for the next part; null on the last one."""


class AuditResource(msgspec.Struct, kw_only=True):
    id: str
    domain_id: str | None
    actor: str
    """Id of the credential."""
    action: str
    """`<noun>.<verb>`, as in `user.created`."""
    subject: str
    data: dict[str, Any]
    request_id: str | None
    """Of the API request that did it, if one did."""
    created_at: datetime


class BatchItem(msgspec.Struct, kw_only=True):
    """What became of one message of a batch: exactly one of the two is not null."""

    message: MessageResource | None
    problem: Problem | None


class BatchResult(msgspec.Struct, kw_only=True):
    """One item a message, in the order given."""

    items: list[BatchItem]


class BlockResource(msgspec.Struct, kw_only=True):
    """We block what it sends; that does not keep us from texting it."""

    id: str
    number: str | None
    lift: str


class BlockedSenderList(msgspec.Struct, kw_only=True):
    """Blocked senders, oldest first."""

    items: list[BlockedSenderResource]
    next_cursor: str | None
    """Ask with it for the next part; null on the last one."""


class BlockedSenderResource(msgspec.Struct, kw_only=True):
    id: str
    domain_id: str
    number: str | None
    peer: str
    blocked_by: str
    """A user, else a credential."""
    created_at: datetime


class BulkImportResource(msgspec.Struct, kw_only=True):
    """What an import did, or with dry_run would do."""

    dry_run: bool
    rows: int
    created: int
    updated: int
    unchanged: int
    flaw_count: int
    """Rows that were not, or with dry_run would not be, taken."""
    flaws: list[RowFlawResource]
    """The first 200."""


class CallList(msgspec.Struct, kw_only=True):
    """Calls, newest first."""

    items: list[CallResource]
    next_cursor: str | None
    """Ask with it for the next part; null on the last one."""


class CallLogList(msgspec.Struct, kw_only=True):
    """Entries, newest first."""

    items: list[CallLogResource]
    next_cursor: str | None
    """Ask with it for the next part; null on the last one."""


class CallLogResource(msgspec.Struct, kw_only=True):
    """One user's view of one call."""

    id: str
    domain_id: str
    user_id: str
    direction: PresenceDirection
    result: CallResult
    missed: bool
    seen: bool
    peer: str
    """A user id, E.164, what the PBX called it, or empty (withheld)."""
    peer_user_id: str | None
    peer_name: str
    call_id: str | None
    """The click it was, if it was one."""
    started_at: datetime
    answered_at: datetime | None
    ended_at: datetime | None
    """Null where nobody saw it end."""


class CallResource(msgspec.Struct, kw_only=True):
    id: str
    domain_id: str
    status: CallStatus
    user_id: str
    device_id: str
    to: str
    caller_id: str | None
    prompt: AcceptPrompt
    auto_answer: bool
    all_devices: bool
    legs: list[LegResource]
    """Leg a is the user's phone, leg b the destination."""
    ended_leg: EndedLeg | None
    end_reason: EndReason | None
    created_at: datetime
    connected_at: datetime | None
    ended_at: datetime | None
    cancel_requested_at: datetime | None
    sequence: int
    """Grows with every change of the call."""
    client_ref: str | None
    metadata: dict[str, str]


class CallResult(OpenEnum):
    """What became of a call, for one user.

    missed: inbound, nobody of theirs answered, and nobody else did. busy: inbound, their phones were; or
    outbound, the other side was. unknown: it ended while nobody could tell how.
    """

    ANSWERED = "answered"
    MISSED = "missed"
    ANSWERED_ELSEWHERE = "answered_elsewhere"
    BUSY = "busy"
    REJECTED = "rejected"
    NO_ANSWER = "no_answer"
    CANCELED = "canceled"
    UNREACHABLE = "unreachable"
    FAILED = "failed"
    UNKNOWN = "unknown"


class CallStatus(OpenEnum):
    """Where a call stands; `call.TRANSITIONS` says what may follow what.

    unknown: it may or may not have taken place, since the PBX was lost at the wrong moment.
    """

    QUEUED = "queued"
    DIALING_CALLER = "dialing_caller"
    CALLER_RINGING = "caller_ringing"
    CALLER_ANSWERED = "caller_answered"
    PROMPTING = "prompting"
    DIALING_CALLEE = "dialing_callee"
    CALLEE_RINGING = "callee_ringing"
    CONNECTED = "connected"
    COMPLETED = "completed"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    REJECTED = "rejected"
    CANCELED = "canceled"
    UNREACHABLE = "unreachable"
    FAILED = "failed"
    UNKNOWN = "unknown"


class CallSums(msgspec.Struct, kw_only=True):
    calls: int
    answered: int
    missed: int
    """Inbound ones that nobody answered."""
    talk_s: int


class CallUsage(msgspec.Struct, kw_only=True, rename={"from_": "from"}):
    domain_id: str
    time_zone: str
    """Of the days."""
    from_: str
    until: str
    group_by: list[GroupBy]
    counted_at: datetime
    """What happened up to then is in the sums."""
    items: list[CallUsageRow]


class CallUsageRow(msgspec.Struct, kw_only=True):
    calls: int
    answered: int
    missed: int
    """Inbound ones that nobody answered."""
    talk_s: int
    day: str | None
    user_id: str | None
    number: str | None
    direction: str | None
    carrier: str | None
    status: str | None
    failure_class: str | None


class CallerResource(msgspec.Struct, kw_only=True):
    """Who left it, as the PBX was told and as the address book knows them."""

    number: str
    """E.164, what the PBX called it, or empty (withheld)."""
    name: str
    user_id: str | None
    """Where a phone of one's own domain called."""
    contact_id: str | None
    contact_name: str | None


class Channel(OpenEnum):
    """How somebody is told: by an open page, by a push to a browser, by mail."""

    SCREEN = "screen"
    PUSH = "push"
    EMAIL = "email"


class ChatSums(msgspec.Struct, kw_only=True):
    messages: int


class ChatUsage(msgspec.Struct, kw_only=True, rename={"from_": "from"}):
    domain_id: str
    time_zone: str
    """Of the days."""
    from_: str
    until: str
    group_by: list[GroupBy]
    counted_at: datetime
    """What happened up to then is in the sums."""
    items: list[ChatUsageRow]


class ChatUsageRow(msgspec.Struct, kw_only=True):
    messages: int
    day: str | None
    user_id: str | None
    number: str | None
    direction: str | None
    carrier: str | None
    status: str | None
    failure_class: str | None


class ClickToCallLegState(OpenEnum):
    """What one phone is doing."""

    PENDING = "pending"
    DIALING = "dialing"
    RINGING = "ringing"
    EARLY_MEDIA = "early_media"
    ANSWERED = "answered"
    HELD = "held"
    ENDED = "ended"


class ComponentState(msgspec.Struct, kw_only=True):
    name: str
    up: bool
    required: bool


class ConsentAction(OpenEnum):
    """What put an entry into the ledger: a keyword, or a person of ours (set)."""

    STOP = "stop"
    START = "start"
    HELP = "help"
    SET = "set"


class ConsentEntryResource(msgspec.Struct, kw_only=True):
    """One line of the ledger."""

    id: str
    domain_id: str
    number: str
    """Ours."""
    peer: str
    """The outside number, short code or name."""
    action: ConsentAction
    """The keyword's meaning, or `set` by a person."""
    old_state: ConsentState
    new_state: ConsentState
    keyword: str | None
    message_id: str | None
    """The text that said it."""
    answer_id: str | None
    """The text it was answered with, if any."""
    user_id: str | None
    credential_id: str | None
    reason: str | None
    at: datetime


class ConsentLedger(msgspec.Struct, kw_only=True):
    """The ledger, newest first."""

    items: list[ConsentEntryResource]
    next_cursor: str | None
    """Ask with it for the next part; null on the last one."""


class ConsentResource(msgspec.Struct, kw_only=True):
    """Where a pair stands. `none`: it has never said, and may be texted."""

    number: str
    peer: str
    state: ConsentState
    changed_at: datetime | None
    entry_id: str | None


class ConsentState(OpenEnum):
    """Whether an outside number lets one of ours text it. none: it has never said."""

    NONE = "none"
    STOPPED = "stopped"
    ACTIVE = "active"


class ConsequenceResource(msgspec.Struct, kw_only=True):
    code: str
    text: str


class ContactList(msgspec.Struct, kw_only=True):
    """Contacts, by name."""

    items: list[ContactResource]
    next_cursor: str | None
    """Ask with it for the next part; null on the last one."""


class ContactNumberResource(msgspec.Struct, kw_only=True):
    label: str
    number: str | None
    """E.164; null for a user of the domain."""
    typed: str
    """As somebody wrote it."""
    extension: str | None
    user_id: str | None
    default: bool
    leads_to: Literal["chat", "sms"]
    """What a conversation with it is."""


class ContactResource(msgspec.Struct, kw_only=True):
    id: str
    domain_id: str
    shared: bool
    name: str
    company: str
    email: str
    notes: str
    favourite: bool
    numbers: list[ContactNumberResource]
    created_at: datetime
    updated_at: datetime


class ConversationKind(OpenEnum):
    """`chat` has internal members only; `sms` is one of our numbers and outside numbers."""

    CHAT = "chat"
    SMS = "sms"


class ConversationList(msgspec.Struct, kw_only=True):
    """Conversations, latest activity first."""

    items: list[ConversationResource]
    next_cursor: str | None
    """Ask with it for the next part; null on the last one."""


class ConversationResource(msgspec.Struct, kw_only=True):
    """A conversation as the one who asks sees it."""

    id: str
    domain_id: str
    kind: ConversationKind
    name: str | None
    """Null until somebody names it."""
    number_id: str | None
    number: str | None
    """Our number the texts go over; it never changes by itself."""
    peers: list[str]
    """The outside numbers."""
    contacts: list[PeerResource]
    """The same with their names."""
    members: list[MemberResource]
    created_by: str | None
    created_at: datetime
    last_message_at: datetime
    last_item: LastItemResource | None
    unread: int
    """Messages that wait for the viewer; 999 means at least as many."""
    marked_unread: bool
    read_through: str | None
    """The last message the viewer has read."""
    muted: bool
    muted_until: datetime | None
    """Null while muted for ever."""
    deleted: bool
    """Deleted by the viewer; the next message brings it back."""
    left: bool
    """A text thread the viewer has left."""
    draft: DraftResource | None
    stopped_peers: list[str]
    """The outside numbers that want no texts from ours."""
    state: ThreadState
    claimed_by: str | None
    claimed_at: datetime | None


class Cost(msgspec.Struct, kw_only=True):
    currency: str
    """ISO 4217."""
    micros: int
    """Millionths of the currency's unit."""


class DeliveryClass(OpenEnum):
    """What may happen to a segment whose fate is not known.

    conversation and bulk never send it again by themselves; must_arrive sends it once
    more within its validity.
    """

    CONVERSATION = "conversation"
    BULK = "bulk"
    MUST_ARRIVE = "must_arrive"


class DeliveryErrorResource(msgspec.Struct, kw_only=True):
    source: str
    code: str
    retryable: bool
    text: str
    native: dict[str, int | str]


class DeliveryList(msgspec.Struct, kw_only=True):
    """Deliveries, newest first."""

    items: list[DeliveryResource]
    next_cursor: str | None
    """Ask with it for the next part; null on the last one."""


class DeliveryResource(msgspec.Struct, kw_only=True):
    id: str
    webhook_id: str
    message_id: str
    """The Webhook-Id it goes out with: `stream:seq`."""
    stream: str
    seq: int
    type: str
    subject: str
    at: datetime
    state: DeliveryState
    attempts: int
    """Since it was first sent, or replayed."""
    created_at: datetime
    last_attempt_at: datetime | None
    next_attempt_at: datetime | None
    status: int | None
    """HTTP status of the last answer; null without one."""
    error: str | None
    """A code, see docs/webhooks.md."""


class DeliveryState(OpenEnum):
    """waiting: to be sent at `next_attempt_ms`. dead: given up; it can be replayed."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    DEAD = "dead"


class Description(msgspec.Struct, kw_only=True):
    """The OpenAPI document."""

    openapi: str


class DeviceList(msgspec.Struct, kw_only=True):
    """Devices, oldest first."""

    items: list[DeviceResource]
    next_cursor: str | None
    """Ask with it for the next part; null on the last one."""


class DeviceResource(msgspec.Struct, kw_only=True):
    id: str
    domain_id: str
    user_id: str
    pbx: str
    endpoint: str
    label: str
    is_default: bool
    created_at: datetime


class DomainList(msgspec.Struct, kw_only=True):
    """Domains, oldest first."""

    items: list[DomainResource]
    next_cursor: str | None
    """Ask with it for the next part; null on the last one."""


class DomainResource(msgspec.Struct, kw_only=True):
    id: str
    name: str
    reseller_id: str | None
    region: str | None
    pbx: str
    dial_context: str
    sms_enabled: bool
    realm: str | None
    created_at: datetime


class DomainSettingsResource(msgspec.Struct, kw_only=True):
    sms_enabled: bool
    """Whether its people may text; resellers change it."""
    region: str | None
    """Country code by which national numbers are read."""
    desk_phone_chat: bool
    """Whether users may have chats on their desk phones."""
    users_edit_shared_contacts: bool
    """Whether users too may change the contacts the domain shares."""
    edit_within_s: int
    """How long after saying something in a chat its author may change it; 0 never."""
    webhook_content: bool
    """Whether webhooks carry texts and numbers; otherwise ids and states alone."""
    time_zone: str
    """Of its days: a name of the IANA database."""
    keep_messages_days: int | None
    """How many whole days texts and chats are kept; null for ever."""
    keep_calls_days: int | None
    keep_voicemails_days: int | None
    keep_attachments_days: int | None
    voicemail_context: str
    """Context of voicemail.conf whose mailboxes are all this domain's; resellers change it."""


class DraftResource(msgspec.Struct, kw_only=True):
    """What the viewer has written and not sent."""

    text: str
    at: datetime | None
    """When it was written, or sent or taken away where it is empty."""


class EndReason(OpenEnum):
    """Why a call is over: stable codes; the ones named after a leg's result are that leg's."""

    HUNG_UP = "hung_up"
    CALLER_HUNG_UP = "caller_hung_up"
    NO_SECOND_LEG = "no_second_leg"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    REJECTED = "rejected"
    NOT_ACCEPTED = "not_accepted"
    UNREACHABLE = "unreachable"
    CONGESTION = "congestion"
    INVALID_NUMBER = "invalid_number"
    FORBIDDEN = "forbidden"
    ANSWERED_ELSEWHERE = "answered_elsewhere"
    UNKNOWN_CAUSE = "unknown_cause"
    CANCELED = "canceled"
    LEG_A_TIMEOUT = "leg_a_timeout"
    LEG_B_TIMEOUT = "leg_b_timeout"
    MAX_DURATION = "max_duration"
    PBX_UNAVAILABLE = "pbx_unavailable"
    PBX_REFUSED = "pbx_refused"
    NO_SUCH_EXTENSION = "no_such_extension"
    NOT_STARTED = "not_started"
    ENGINE_RESTARTED = "engine_restarted"
    ENDED_BY_PBX = "ended_by_pbx"
    ENDED_WHILE_DISCONNECTED = "ended_while_disconnected"
    PBX_NOT_CONFIGURED = "pbx_not_configured"
    OUTCOME_UNKNOWN = "outcome_unknown"


class Ended(msgspec.Struct, kw_only=True):
    ended: int
    """How many sessions there were."""


class EndedLeg(OpenEnum):
    """Whose doing the end was: the user's side, the destination's, or ours."""

    A = "a"
    B = "b"
    ENGINE = "engine"


class ErasureList(msgspec.Struct, kw_only=True):
    """Erasures, newest first."""

    items: list[ErasureResource]
    next_cursor: str | None
    """Ask with it for the next part; null on the last one."""


class ErasureResource(msgspec.Struct, kw_only=True):
    """That somebody was erased, and the proof; it names nobody."""

    id: str
    domain_id: str
    kind: PersonKind
    subject_hash: str
    """Keyed: tells whether it was this person, not which."""
    requested_by: str
    """A credential."""
    created_at: datetime
    finished_at: datetime
    removed: dict[str, int]
    """Rows that went or were made anonymous, by table."""
    left: dict[str, int]
    """Rows that still name the person, by table and column; empty is the proof."""
    rewritten: bool | None
    """The database's file was written anew, so that its free pages hold nothing either; false: do it with `ringback compact`; null: there is no such file (PostgreSQL).
    """
    report_hash: str
    """SHA-256 of the report; docs/records.md says of what."""


class EventPage(msgspec.Struct, kw_only=True):
    """Events in order. Poll with next_cursor; it moves on even where all events were others'."""

    items: list[EventResource]
    next_cursor: str
    resync: bool
    """Events were lost since the cursor: read everything anew."""


class EventResource(msgspec.Struct, kw_only=True):
    stream: str
    seq: int
    type: str
    subject: str
    at: datetime
    data: dict[str, Any]
    message: MessageResource | None = None
    """With events about a message, on the socket: the message as it is now."""


class ExplanationResource(msgspec.Struct, kw_only=True):
    """What starting a conversation would do."""

    kind: ConversationKind
    conversation_id: str | None
    """The conversation there is already."""
    number: OwnNumberResource | None
    """What the texts would be sent from."""
    numbers: list[OwnNumberResource]
    """What else they could be sent from."""
    members: list[PersonResource]
    """Users of a chat besides the one who starts it."""
    contacts: list[PeerResource]
    """The outside numbers."""
    consequences: list[ConsequenceResource]


class Flaw(msgspec.Struct, kw_only=True):
    """One thing wrong with the input."""

    field: str
    """JSON pointer into the body, or `?name` for a query parameter."""
    detail: str


class FlawResource(msgspec.Struct, kw_only=True):
    line: int
    """Of the file, from 1."""
    code: str
    detail: str
    skipped: bool
    """Whether the whole contact was left out, and not just this of it."""


class Folder(OpenEnum):
    """Where app_voicemail puts messages. Its folder of deleted ones is no place to look."""

    INBOX = "inbox"
    URGENT = "urgent"
    OLD = "old"
    WORK = "work"
    FAMILY = "family"
    FRIENDS = "friends"
    CUST1 = "cust1"
    CUST2 = "cust2"
    CUST3 = "cust3"
    CUST4 = "cust4"
    CUST5 = "cust5"


class ForcingCharacterResource(msgspec.Struct, kw_only=True):
    """A character the shorter alphabet lacks, where it first occurs."""

    character: str
    index: int
    """In code points."""
    utf16_index: int
    """As JavaScript counts."""
    name: str
    """By Unicode."""
    suggestion: str | None
    """What reads the same and is short; may be empty."""


class GroupBy(OpenEnum):
    """What sums may be told apart by."""

    DAY = "day"
    USER = "user"
    NUMBER = "number"
    DIRECTION = "direction"
    CARRIER = "carrier"
    STATUS = "status"
    FAILURE_CLASS = "failure_class"


class HitResource(msgspec.Struct, kw_only=True):
    kind: Literal["user", "contact", "new_number"]
    user_id: str | None
    """Of a user; which user a contact's number is, the number says."""
    contact_id: str | None
    name: str
    """Of a number nobody has a name for, the number."""
    company: str
    extension: str | None
    favourite: bool
    shared: bool | None
    """Of a contact: whether the whole domain sees it."""
    matched: Literal["extension", "name", "word", "number", "email"]
    """What the query met."""
    leads_to: Literal["chat", "sms"] | None
    """What a conversation with its default number is; null when it has no number."""
    numbers: list[ContactNumberResource]


class Hits(msgspec.Struct, kw_only=True):
    """What was found, best first."""

    items: list[HitResource]


class ImportResource(msgspec.Struct, kw_only=True):
    """What an import did, or with dry_run would do."""

    dry_run: bool
    complete: bool
    stopped: StoppedResource | None
    entries: int
    """Contacts in the file."""
    created: int
    updated: int
    """Known by a number, an e-mail address or a name; something was added."""
    unchanged: int
    skipped: int
    flaw_count: int
    flaws: list[FlawResource]
    """The first 200."""


class IssuedKey(msgspec.Struct, kw_only=True):
    id: str
    domain_id: str | None
    reseller_id: str | None
    user_id: str | None
    scope: Scope
    label: str
    issued_by: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    secret: str | None
    """Shown this once; null in the answer to a repetition, since only its hash is kept."""


class IssuedToken(msgspec.Struct, kw_only=True):
    id: str
    domain_id: str | None
    user_id: str | None
    scope: Scope
    created_at: datetime
    expires_at: datetime | None
    secret: str | None
    """Shown this once; null in the answer to a repetition."""


class IssuedWebhookResource(msgspec.Struct, kw_only=True):
    id: str
    domain_id: str | None
    """Null: of the stream of operations."""
    url: str
    description: str
    event_types: list[str]
    enabled: bool
    disabled_because: Literal["asked", "gone", "failing"] | None
    """asked: by somebody; gone: by the receiver, with 410; failing: it took nothing for days."""
    created_by: str
    created_at: datetime
    updated_at: datetime
    secret_changes_at: datetime | None
    """Until then the secret before signs as well."""
    secret: str | None
    """Shown this once; null in the answer to a repetition."""


class KeyList(msgspec.Struct, kw_only=True):
    """Keys, oldest first, revoked ones included."""

    items: list[KeyResource]
    next_cursor: str | None
    """Ask with it for the next part; null on the last one."""


class KeyResource(msgspec.Struct, kw_only=True):
    id: str
    domain_id: str | None
    reseller_id: str | None
    user_id: str | None
    scope: Scope
    label: str
    issued_by: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


class KeywordAnswersList(msgspec.Struct, kw_only=True):
    items: list[KeywordAnswersResource]


class KeywordAnswersResource(msgspec.Struct, kw_only=True):
    """What keywords are answered with. null: the domain's text, or the built-in one; empty: nothing."""

    number: str | None
    """null: every number of the domain without texts of its own."""
    stop: str | None
    start: str | None
    help: str | None


class Language(OpenEnum):
    """What mails are written in; the values are language tags (BCP 47)."""

    EN = "en"
    DE = "de"


class LastItemResource(msgspec.Struct, kw_only=True, tag_field="type", tag="message"):
    """What was said last, cut short."""

    id: str
    direction: MessagingDirection
    user_id: str | None
    text: str
    deleted: bool
    attachments: int
    """How many files it carries."""
    at: datetime


class LeftResource(msgspec.Struct, kw_only=True):
    conversation_id: str
    remaining: int
    """People who still get what is said."""
    meaning: str
    """What leaving meant, for a person."""


class LegResource(msgspec.Struct, kw_only=True):
    leg: Literal["a", "b"]
    state: ClickToCallLegState
    result: LegResult | None
    hangup_cause: int | None
    """Q.850."""
    sip_code: int | None
    started_at: datetime | None
    ringing_at: datetime | None
    answered_at: datetime | None
    ended_at: datetime | None
    channel_id: str | None


class LegResult(OpenEnum):
    """How one leg ended, in words that do not depend on SIP or the PBX."""

    ANSWERED = "answered"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    REJECTED = "rejected"
    CANCELED = "canceled"
    UNREACHABLE = "unreachable"
    CONGESTION = "congestion"
    INVALID_NUMBER = "invalid_number"
    FORBIDDEN = "forbidden"
    ANSWERED_ELSEWHERE = "answered_elsewhere"
    UNKNOWN = "unknown"


class Level(OpenEnum):
    """Of which messages of a conversation somebody is told. Texts name nobody, so `mentions` is for chats."""

    ALL = "all"
    MENTIONS = "mentions"
    NONE = "none"


class LiveCallResource(msgspec.Struct, kw_only=True):
    id: str
    direction: PresenceDirection
    state: PresenceLegState
    peer: str
    """A user id, E.164, what the PBX called it, or empty."""
    peer_user_id: str | None
    peer_name: str
    started_at: datetime | None
    since: datetime | None
    """Since when it is in this state; null where nobody saw."""


class LoggedIn(msgspec.Struct, kw_only=True):
    session_id: str
    user: UserResource
    expires_at: datetime
    secret: str | None
    """Shown this once; null where a cookie was asked for."""


class MailboxList(msgspec.Struct, kw_only=True):
    items: list[MailboxResource]


class MailboxResource(msgspec.Struct, kw_only=True):
    id: str
    domain_id: str
    pbx: str
    mailbox: str
    """mailbox@context, as in voicemail.conf."""
    user_ids: list[str]
    state: MailboxState
    new: int
    """What the lamps of its phones show: inbox and urgent."""
    old: int
    folders: dict[str, int]
    """Messages by folder; a folder without any is absent."""
    checked_at: datetime | None


class MailboxState(OpenEnum):
    """Whether the mirror is what the PBX has: not looked at yet, so, or not to be reached right now."""

    UNKNOWN = "unknown"
    OK = "ok"
    UNAVAILABLE = "unavailable"


class MeResource(msgspec.Struct, kw_only=True):
    kind: Literal["key", "token", "session"]
    credential_id: str
    scope: Scope
    expires_at: datetime | None
    domain: DomainResource | None
    """Null where the credential reaches several."""
    domain_settings: DomainSettingsResource | None
    user: UserResource | None
    """Null for a server."""
    settings: MySettings | None
    devices: list[DeviceResource]
    numbers: list[NumberResource]
    events_cursor: str | None
    """Where the events stand: with it as the socket's `cursor`, what is read from now on needs no reading anew once the socket is open. Null where the credential reaches several domains.
    """


class MemberResource(msgspec.Struct, kw_only=True):
    """A user in a conversation: a member of a chat, or one the number of a text thread is assigned to."""

    user_id: str
    extension: str
    name: str
    joined_at: datetime
    read_through: str | None
    """The last message they have read; null for texts."""


class MessageList(msgspec.Struct, kw_only=True):
    """Messages, newest first."""

    items: list[MessageResource]
    next_cursor: str | None
    """Ask with it for the next part; null on the last one."""


class MessageResource(msgspec.Struct, kw_only=True, rename={"from_": "from", "class_": "class"}):
    """A text, or what somebody said in a chat.

    Outbound: from one of our numbers to each of `to`. Inbound: to one of ours. Internal: said in a chat,
    by `user_id`.
    """

    id: str
    domain_id: str
    conversation_id: str | None
    direction: MessagingDirection
    from_: str | None
    """Null in a chat."""
    to: list[RecipientResource]
    """Empty but for an outbound text."""
    number: str | None
    """Our number, whichever way the text went; null in a chat."""
    text: str
    class_: DeliveryClass
    status: str
    """How the recipients' statuses add up; `received` for an inbound text, `sent` in a chat."""
    user_id: str | None
    client_id: str | None
    flags: list[str]
    created_at: datetime
    edited_at: datetime | None
    """Only in a chat."""
    deleted_at: datetime | None
    """Only in a chat; the text is empty then."""
    reply_to: str | None
    """The earlier message of the chat that this one answers."""
    reactions: list[ReactionResource]
    """Only in a chat."""
    attachments: list[AttachedResource]
    appended: AppendedResource | None
    """Only of an outbound text with attachments."""


class MessagingDirection(OpenEnum):
    """Which way a text travels, seen from us; `internal` is said in a chat and travels nowhere."""

    OUTBOUND = "outbound"
    INBOUND = "inbound"
    INTERNAL = "internal"


class MissedCalls(msgspec.Struct, kw_only=True):
    """Missed calls not seen, newest first."""

    count: int
    items: list[CallLogResource]


class MissedConversations(msgspec.Struct, kw_only=True):
    """Conversations with something unread, latest first."""

    conversations: int
    items: list[ConversationResource]


class MissedResource(msgspec.Struct, kw_only=True):
    """What a page shows after a log-in. Counts go up to 999."""

    total: int
    """Conversations, voicemails and calls together."""
    messages: int
    """Unread messages in all conversations."""
    chats: MissedConversations
    texts: MissedConversations
    voicemails: MissedVoicemails
    missed_calls: MissedCalls


class MissedVoicemails(msgspec.Struct, kw_only=True):
    """Voicemails not heard, newest first."""

    count: int
    items: list[VoicemailResource]


class MySettings(msgspec.Struct, kw_only=True):
    desk_phone_chat: bool
    """Whether chats also go to one's desk phones; works where the domain allows it."""


class NamedConversation(msgspec.Struct, kw_only=True):
    """A conversation whose name has the words."""

    id: str
    kind: ConversationKind
    name: str


class NoticeKind(OpenEnum):
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


class NoticeResource(msgspec.Struct, kw_only=True):
    """Something that happened to the conversation, and who did it."""

    kind: NoticeKind
    user_id: str | None
    data: dict[str, Any]


class NotificationSettingsResource(msgspec.Struct, kw_only=True):
    sound: Sound
    """What a page plays."""
    desktop: bool
    """Whether the browser shows it where no page is looked at."""
    push: bool
    """Whether browsers without an open page are told."""
    email: bool
    """Whether what stays unread is told by mail."""
    email_after_minutes: int
    email_language: Language
    """What mails are written in."""
    preview: Preview
    """Who and what, only who, or only that there is something."""
    working_hours: WorkingHoursResource | None
    """Null is always."""
    chats: bool
    texts: bool
    voicemails: bool
    missed_calls: bool
    email_available: bool
    """Whether a mail server is configured."""


class NumberList(msgspec.Struct, kw_only=True):
    """Numbers, oldest first."""

    items: list[NumberResource]
    next_cursor: str | None
    """Ask with it for the next part; null on the last one."""


class NumberResource(msgspec.Struct, kw_only=True):
    id: str
    domain_id: str
    e164: str
    sms_enabled: bool
    carrier: str
    user_ids: list[str]
    created_at: datetime


class OutlookResource(msgspec.Struct, kw_only=True):
    """What sending would come to. It may be out of date when it is read."""

    accepted: bool
    """Whether sending would be answered with 202."""
    problems: list[Reason]
    """What it would be refused with, the first one first."""
    number: str
    """Ours."""
    number_id: str
    carrier: str
    carrier_configured: bool
    sms_enabled: SmsEnabled
    text: TextShapeResource | None
    """null where it cannot be written at all."""
    appended: AppendedOutlook | None
    """Where there are attachments."""
    recipients: list[RecipientOutlookResource]


class OwnNumberResource(msgspec.Struct, kw_only=True):
    id: str
    number: str


class PeerResource(msgspec.Struct, kw_only=True):
    """An outside number, by the name the viewer knows it under."""

    number: str
    name: str | None
    contact_id: str | None
    label: str | None


class PersonKind(OpenEnum):
    """Somebody of the domain, or an outside number."""

    USER = "user"
    NUMBER = "number"


class PersonResource(msgspec.Struct, kw_only=True):
    """A user. name and extension are empty for one that was deleted."""

    user_id: str
    extension: str
    name: str


class PhoneState(OpenEnum):
    """What a user's phones together are doing."""

    UNKNOWN = "unknown"
    NOT_REGISTERED = "not_registered"
    IDLE = "idle"
    RINGING = "ringing"
    ON_THE_PHONE = "on_the_phone"
    ON_HOLD = "on_hold"


class PresenceDirection(OpenEnum):
    """Who began a call, seen from the user: somebody else, or the user."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"


class PresenceLegState(OpenEnum):
    """What a phone does in a call."""

    RINGING = "ringing"
    DIALING = "dialing"
    TALKING = "talking"
    HELD = "held"
    OVER = "over"


class PresenceList(msgspec.Struct, kw_only=True):
    """Everybody in a domain, by extension."""

    items: list[PresenceResource]


class PresenceResource(msgspec.Struct, kw_only=True):
    user_id: str
    extension: str
    display_name: str
    logged_in: bool
    """A page or device of theirs is connected, or was a moment ago."""
    phone: PhoneState
    phone_since: datetime | None
    phones_registered: int | None
    """Null where the PBX does not tell how many."""
    do_not_disturb: bool
    status: Status
    text: str
    expires_at: datetime | None
    calls: list[LiveCallResource] | None
    """Calls that go on: one's own, for managers everybody's; null for those one may not see."""


class Preview(OpenEnum):
    """What a notification shows: who and what, only who, or only that there is something."""

    FULL = "full"
    SENDER = "sender"
    NOTHING = "nothing"


class Problem(msgspec.Struct, kw_only=True):
    """The document every failed request is answered with (RFC 9457)."""

    type: str
    """`urn:ringback:problem:` and the code."""
    title: str
    status: int
    code: str
    """Stable; decide by this one."""
    detail: str
    """What is wrong and what to do, for a person."""
    request_id: str
    """Also in the header X-Request-Id; quote it to support."""
    retryable: bool
    """Whether the same request may succeed later, unchanged."""
    field: str | None = None
    retry_after_s: int | None = None
    native: dict[str, int | str] | None = None
    """The peer's own codes."""
    errors: list[Flaw] | None = None


class PushKey(msgspec.Struct, kw_only=True):
    public_key: str
    """The applicationServerKey a page subscribes with, as base64url."""


class PushSubscriptionList(msgspec.Struct, kw_only=True):
    items: list[PushSubscriptionResource]


class PushSubscriptionResource(msgspec.Struct, kw_only=True):
    id: str
    host: str
    """Of the push service."""
    user_agent: str
    created_at: datetime
    used_at: datetime
    """When its page said last that it is there."""


class QuickReplyList(msgspec.Struct, kw_only=True):
    """All one may use, by title."""

    items: list[QuickReplyResource]


class QuickReplyResource(msgspec.Struct, kw_only=True):
    id: str
    domain_id: str
    shared: bool
    title: str
    text: str
    created_at: datetime
    updated_at: datetime


class ReactionResource(msgspec.Struct, kw_only=True):
    emoji: str
    user_ids: list[str]
    """Those who put it there, in the order they did."""


class Readiness(msgspec.Struct, kw_only=True):
    """status: `ready`; `degraded` when something is down that the engine works without; `down`."""

    status: Literal["ready", "degraded", "down"]
    components: list[ComponentState]


class Reason(msgspec.Struct, kw_only=True):
    """What sending would be refused with: the same code, sentence and field."""

    code: str
    detail: str
    field: str | None


class RecipientOutlookResource(msgspec.Struct, kw_only=True):
    given: str
    number: str | None
    """E.164; null if it is not a number."""
    known: bool
    """Whether such a number can be assigned. Sent to all the same if not."""
    country: str | None
    cost_class: Literal["domestic", "international", "premium", "toll_free"] | None
    consent: ConsentState
    consent_changed_at: datetime | None
    lift: str | None
    """How the opt-out ends."""
    blocked: BlockResource | None
    problem: Reason | None
    """Why nothing would be sent to it."""


class RecipientResource(msgspec.Struct, kw_only=True):
    number: str
    status: RecipientStatus
    error: DeliveryErrorResource | None
    segments: int
    updated_at: datetime


class RecipientStatus(OpenEnum):
    """Where a text stands for one number; forward only, see `rollup`."""

    ACCEPTED = "accepted"
    SCHEDULED = "scheduled"
    HELD = "held"
    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    UNCERTAIN = "uncertain"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    PARTIALLY_DELIVERED = "partially_delivered"
    UNCONFIRMED = "unconfirmed"
    REJECTED = "rejected"
    EXPIRED = "expired"
    CANCELED = "canceled"
    FAILED = "failed"


class ReplayResult(msgspec.Struct, kw_only=True):
    replaying: int
    """How many are sent again."""
    next_seq: int | None
    """Where to go on; a request looks at 1,000 at most. Null: that was all."""


class RowFlawResource(msgspec.Struct, kw_only=True):
    line: int
    """Of the file, or the position in the list, from 1."""
    field: str
    code: str
    detail: str


class Scope(OpenEnum):
    """How far a credential reaches; each scope may do all that the ones before it may.

    basic_user: one user's own things. office_manager: one domain. reseller: the domains of one
    reseller. super_user: the whole system.
    """

    BASIC_USER = "basic_user"
    OFFICE_MANAGER = "office_manager"
    RESELLER = "reseller"
    SUPER_USER = "super_user"


class SearchResult(msgspec.Struct, kw_only=True):
    """What was found. Something just said takes a second or two to be found."""

    conversations: list[NamedConversation]
    """By name; on the first page only."""
    items: list[MessageResource]
    """What was said, newest first."""
    next_cursor: str | None


class SessionList(msgspec.Struct, kw_only=True):
    """All of them, newest first; nobody has more than 50."""

    items: list[SessionResource]


class SessionResource(msgspec.Struct, kw_only=True):
    id: str
    user_id: str
    user_agent: str
    """What the browser or program called itself."""
    address: str
    """Where the log-in came from."""
    created_at: datetime
    last_seen_at: datetime
    """To within half a minute."""
    expires_at: datetime
    current: bool
    """Whether this is the session that asks."""


class SmsEnabled(msgspec.Struct, kw_only=True):
    domain: bool
    number: bool
    user: bool | None
    """null where no user would send."""


class Sound(OpenEnum):
    """What a page plays; the pages have the sounds."""

    CHIME = "chime"
    BELL = "bell"
    DROP = "drop"
    KNOCK = "knock"
    NONE = "none"


class Status(OpenEnum):
    """What a user says of themselves."""

    AVAILABLE = "available"
    AWAY = "away"
    BUSY = "busy"
    IN_A_MEETING = "in_a_meeting"
    ON_A_BREAK = "on_a_break"


class StoppedResource(msgspec.Struct, kw_only=True):
    """Where an import ended before its end."""

    code: str
    line: int
    """Nothing from this line on was taken."""


class TemporaryPasswordResource(msgspec.Struct, kw_only=True):
    user_id: str
    temporary_password: str
    """Shown this once; good for one log-in."""
    expires_at: datetime


class TestResource(msgspec.Struct, kw_only=True):
    channel: Channel
    """Which way it went."""


class TestResult(msgspec.Struct, kw_only=True):
    delivered: bool
    status: int | None
    """HTTP status of the answer; null without one."""
    error: str | None
    """A code, see docs/webhooks.md."""
    elapsed_ms: int


class TextShapeResource(msgspec.Struct, kw_only=True):
    """How the carrier's rules write the text."""

    alphabet: Literal["gsm7", "latin1", "ucs2"]
    data_coding: int
    units: int
    """Septets, octets or UTF-16 units, by alphabet."""
    limit_per_segment: int
    segments: int
    units_left: int
    """Free in the last segment."""
    forcing: list[ForcingCharacterResource]
    """What made the alphabet the larger one."""
    short_text: str | None
    """The text with look-alikes, if that takes fewer segments."""
    short_segments: int | None


class TextSums(msgspec.Struct, kw_only=True):
    texts: int
    """One a recipient, or one that came in."""
    sent: int
    """Of those that went out; delivered, failed, unknown and under_way are parts."""
    received: int
    delivered: int
    failed: int
    """Known not to have arrived, or not whole."""
    unknown: int
    """Nobody will tell any more, unless a late receipt does."""
    under_way: int
    segments: int
    charged_segments: int
    """What the carrier took, or may have, second copies included."""
    cost: list[Cost]
    """By currency; empty where no carrier has prices."""


class TextUsage(msgspec.Struct, kw_only=True, rename={"from_": "from"}):
    domain_id: str
    time_zone: str
    """Of the days."""
    from_: str
    until: str
    group_by: list[GroupBy]
    counted_at: datetime
    """What happened up to then is in the sums."""
    items: list[TextUsageRow]


class TextUsageRow(msgspec.Struct, kw_only=True):
    texts: int
    """One a recipient, or one that came in."""
    sent: int
    """Of those that went out; delivered, failed, unknown and under_way are parts."""
    received: int
    delivered: int
    failed: int
    """Known not to have arrived, or not whole."""
    unknown: int
    """Nobody will tell any more, unless a late receipt does."""
    under_way: int
    segments: int
    charged_segments: int
    """What the carrier took, or may have, second copies included."""
    cost: list[Cost]
    """By currency; empty where no carrier has prices."""
    day: str | None
    user_id: str | None
    number: str | None
    direction: str | None
    carrier: str | None
    status: str | None
    failure_class: str | None


class ThreadNotificationsResource(msgspec.Struct, kw_only=True):
    level: Level
    sound: Sound | None


class ThreadState(OpenEnum):
    """Whether a text thread still needs somebody; an inbound text opens it again."""

    OPEN = "open"
    DONE = "done"


class Ticket(msgspec.Struct, kw_only=True):
    ticket: str
    """Goes into the socket's address as `?ticket=`; good once."""
    expires_at: datetime


class Timeline(msgspec.Struct, kw_only=True):
    """What happened in a conversation, newest first."""

    items: list[TimelineItemResource]
    next_cursor: str | None
    """Ask with it for the next part; null on the last one."""
    newer_cursor: str | None
    """Ask with it as `after` for what came later; null where there is nothing to go on from."""


class TimelineItemResource(msgspec.Struct, kw_only=True):
    """One thing on the timeline: the field named by its type is not null, the others are."""

    type: Literal["message", "notice", "call", "voicemail"]
    id: str
    at: datetime
    message: MessageResource | None
    notice: NoticeResource | None
    call: CallLogResource | None
    voicemail: VoicemailResource | None
    """Without its contact, which the conversation itself names."""


class UnreadResource(msgspec.Struct, kw_only=True):
    """What a badge shows. 999 messages mean at least as many."""

    conversations: int
    chats: int
    sms: int
    messages: int


class UnseenCalls(msgspec.Struct, kw_only=True):
    missed: int
    """Missed calls one does not know of yet."""


class UsageDay(msgspec.Struct, kw_only=True):
    day: str
    texts: TextSums
    calls: CallSums
    chats: ChatSums


class UsagePeriod(msgspec.Struct, kw_only=True):
    texts: TextSums
    calls: CallSums
    chats: ChatSums


class UsageSummary(msgspec.Struct, kw_only=True):
    """What the home page of an office manager shows."""

    domain_id: str
    shown: bool
    """Texting is switched on for the domain and for at least one of its users."""
    texting_users: int
    time_zone: str
    counted_at: datetime
    today: UsagePeriod
    last_7_days: UsagePeriod
    """Today included."""
    last_30_days: UsagePeriod
    days: list[UsageDay]
    """The last thirty, oldest first."""


class UserList(msgspec.Struct, kw_only=True):
    """Users, oldest first."""

    items: list[UserResource]
    next_cursor: str | None
    """Ask with it for the next part; null on the last one."""


class UserResource(msgspec.Struct, kw_only=True):
    id: str
    domain_id: str
    extension: str
    display_name: str
    sms_enabled: bool
    enabled: bool
    login: str | None
    role: Scope
    email: str | None
    created_at: datetime


class VoicemailList(msgspec.Struct, kw_only=True):
    """Voicemails, newest first."""

    items: list[VoicemailResource]
    next_cursor: str | None
    """Ask with it for the next part; null on the last one."""


class VoicemailResource(msgspec.Struct, kw_only=True):
    id: str
    domain_id: str
    mailbox_id: str
    mailbox: str
    folder: Folder
    heard: bool
    """Whether it is in another folder than inbox and urgent."""
    caller: CallerResource
    received_at: datetime
    duration_s: int
    audio_url: str
    """Relative to the API; see there."""


class WebhookList(msgspec.Struct, kw_only=True):
    """The webhooks of a domain, oldest first."""

    items: list[WebhookResource]


class WebhookResource(msgspec.Struct, kw_only=True):
    id: str
    domain_id: str | None
    """Null: of the stream of operations."""
    url: str
    description: str
    event_types: list[str]
    enabled: bool
    disabled_because: Literal["asked", "gone", "failing"] | None
    """asked: by somebody; gone: by the receiver, with 410; failing: it took nothing for days."""
    created_by: str
    created_at: datetime
    updated_at: datetime
    secret_changes_at: datetime | None
    """Until then the secret before signs as well."""
    cursor: str
    """Everything up to this event was dealt with: `stream:seq`."""
    failing_since: datetime | None
    """The first failure since something was delivered."""
    last_delivered_at: datetime | None
    behind: int
    """Events of the stream that were not looked at yet."""
    waiting: int
    """Deliveries that failed and are tried again."""
    dead: int
    """Deliveries that were given up."""


class WorkingHoursResource(msgspec.Struct, kw_only=True):
    time_zone: str
    hours: list[str]

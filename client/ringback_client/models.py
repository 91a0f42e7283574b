"""What the API answers with. Made by `generate.py` from the API's description; not edited by hand."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import msgspec

from ringback_client.open_enum import OpenEnum


class AcceptPrompt(OpenEnum):
    """What the user must press after answering before the destination is dialled."""

    NONE = "none"
    PRESS_1 = "press_1"


class Alive(msgspec.Struct, kw_only=True):
    status: Literal["alive"]


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
    direction: engine__presence__models__Direction
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


class ComponentState(msgspec.Struct, kw_only=True):
    name: str
    up: bool
    required: bool


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
    id: str
    domain_id: str
    kind: ConversationKind
    number_id: str | None
    number: str | None
    """Our number the thread goes over."""
    peers: list[str]
    """The outside numbers."""
    created_at: datetime
    last_message_at: datetime


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


class Flaw(msgspec.Struct, kw_only=True):
    """One thing wrong with the input."""

    field: str
    """JSON pointer into the body, or `?name` for a query parameter."""
    detail: str


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


class LegResource(msgspec.Struct, kw_only=True):
    leg: Literal["a", "b"]
    state: engine__click_to_call__models__LegState
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


class LiveCallResource(msgspec.Struct, kw_only=True):
    id: str
    direction: engine__presence__models__Direction
    state: engine__presence__models__LegState
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


class MessageList(msgspec.Struct, kw_only=True):
    """Messages, newest first."""

    items: list[MessageResource]
    next_cursor: str | None
    """Ask with it for the next part; null on the last one."""


class MessageResource(msgspec.Struct, kw_only=True, rename={"from_": "from", "class_": "class"}):
    """A text. Outbound: from one of our numbers to each of `to`. Inbound: `to` is one of ours."""

    id: str
    domain_id: str
    conversation_id: str | None
    direction: engine__messaging__models__Direction
    from_: str
    to: list[RecipientResource]
    """Empty for an inbound text."""
    number: str
    """Our number, whichever way the text went."""
    text: str
    class_: DeliveryClass
    status: str
    """How the recipients' statuses add up; `received` for an inbound text."""
    user_id: str | None
    client_id: str | None
    flags: list[str]
    created_at: datetime


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


class PhoneState(OpenEnum):
    """What a user's phones together are doing."""

    UNKNOWN = "unknown"
    NOT_REGISTERED = "not_registered"
    IDLE = "idle"
    RINGING = "ringing"
    ON_THE_PHONE = "on_the_phone"
    ON_HOLD = "on_hold"


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


class Readiness(msgspec.Struct, kw_only=True):
    """status: `ready`; `degraded` when something is down that the engine works without; `down`."""

    status: Literal["ready", "degraded", "down"]
    components: list[ComponentState]


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


class Scope(OpenEnum):
    """How far a credential reaches; each scope may do all that the ones before it may.

    basic_user: one user's own things. office_manager: one domain. reseller: the domains of one
    reseller. super_user: the whole system.
    """

    BASIC_USER = "basic_user"
    OFFICE_MANAGER = "office_manager"
    RESELLER = "reseller"
    SUPER_USER = "super_user"


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


class Status(OpenEnum):
    """What a user says of themselves."""

    AVAILABLE = "available"
    AWAY = "away"
    BUSY = "busy"
    IN_A_MEETING = "in_a_meeting"
    ON_A_BREAK = "on_a_break"


class TemporaryPasswordResource(msgspec.Struct, kw_only=True):
    user_id: str
    temporary_password: str
    """Shown this once; good for one log-in."""
    expires_at: datetime


class Ticket(msgspec.Struct, kw_only=True):
    ticket: str
    """Goes into the socket's address as `?ticket=`; good once."""
    expires_at: datetime


class UnseenCalls(msgspec.Struct, kw_only=True):
    missed: int
    """Missed calls one does not know of yet."""


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
    created_at: datetime


class engine__click_to_call__models__LegState(OpenEnum):
    """What one phone is doing."""

    PENDING = "pending"
    DIALING = "dialing"
    RINGING = "ringing"
    EARLY_MEDIA = "early_media"
    ANSWERED = "answered"
    HELD = "held"
    ENDED = "ended"


class engine__messaging__models__Direction(OpenEnum):
    """Which way a text travels, seen from us; `internal` is said in a chat and travels nowhere."""

    OUTBOUND = "outbound"
    INBOUND = "inbound"
    INTERNAL = "internal"


class engine__presence__models__Direction(OpenEnum):
    """Who began a call, seen from the user: somebody else, or the user."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"


class engine__presence__models__LegState(OpenEnum):
    """What a phone does in a call."""

    RINGING = "ringing"
    DIALING = "dialing"
    TALKING = "talking"
    HELD = "held"
    OVER = "over"

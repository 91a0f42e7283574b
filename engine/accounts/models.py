"""The people and things of a tenant, what may be done to them, and who is asking.

Types only: no rule is decided here. Commands hold what a caller asked for, before it has been
validated; records are what was committed. Times are milliseconds since the epoch, UTC.
"""

from __future__ import annotations

import enum
import functools
from dataclasses import dataclass, field
from typing import Generic, Literal, TypeVar

T = TypeVar("T")


@functools.total_ordering
class Scope(enum.Enum):
    """How far a credential reaches; each scope may do all that the ones before it may.

    basic_user: one user's own things. office_manager: one domain. reseller: the domains of one
    reseller. super_user: the whole system.
    """

    BASIC_USER = "basic_user"
    OFFICE_MANAGER = "office_manager"
    RESELLER = "reseller"
    SUPER_USER = "super_user"

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, Scope):
            return NotImplemented
        return _REACH[self] < _REACH[other]

    @property
    def system_wide(self) -> bool:
        """Whether the scope reaches beyond one domain."""
        return self >= Scope.RESELLER


_REACH = {scope: reach for reach, scope in enumerate(Scope)}


class Unset(enum.Enum):
    """The type of UNSET: "leave this as it is", where None would mean "make it empty"."""

    UNSET = "unset"


UNSET = Unset.UNSET


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is asking, as proved by a credential.

    domain_id: the one domain it reaches, None when it reaches several (see `Scope`).
    user_id: the one user it acts for. expires_ms: when its credential ends; a connection that
    outlives it must be closed then.
    """

    kind: Literal["key", "token", "session", "system"]
    credential_id: str
    domain_id: str | None
    user_id: str | None
    scope: Scope
    reseller_id: str | None = None
    expires_ms: int | None = None


#: The operator at the machine itself, and the engine's own work.
SYSTEM = Principal("system", "system", None, None, Scope.SUPER_USER)


@dataclass(frozen=True, slots=True)
class Domain:
    """A tenant.

    region: ISO 3166-1 alpha-2 code by which its national numbers are read; None takes only
    international ones. pbx: name of the Asterisk in the configuration; dial_context: the dialplan
    context its calls start in. realm: what stands behind the @ when its people log in, unique across
    the system; None lets nobody log in.
    """

    id: str
    name: str
    reseller_id: str | None
    region: str | None
    pbx: str
    dial_context: str
    sms_enabled: bool
    created_ms: int
    realm: str | None = None


@dataclass(frozen=True, slots=True)
class DomainSettings:
    """What a domain decides for its people; each is read by the feature it is about.

    sms_enabled, region: as in `Domain`. desk_phone_chat: whether chats may reach desk phones; see
    `UserSettings.desk_phone_chat`. users_edit_shared_contacts: users too, not only office managers.
    edit_within_s: how long after saying something in a chat its author may change it; 0 never.
    webhook_content: whether webhooks carry texts and numbers, or ids and states alone.
    time_zone: of its days, for example Europe/Berlin. keep_..._days: how many whole days something is
    kept; None for ever. Texts, chats and what the threads tell of are messages. voicemail_context: the
    context of voicemail.conf whose mailboxes are all this domain's; empty where there is none.
    """

    sms_enabled: bool = True
    region: str | None = None
    desk_phone_chat: bool = False
    users_edit_shared_contacts: bool = False
    edit_within_s: int = 86_400
    webhook_content: bool = True
    time_zone: str = "UTC"
    keep_messages_days: int | None = None
    keep_calls_days: int | None = None
    keep_voicemails_days: int | None = None
    keep_attachments_days: int | None = None
    voicemail_context: str = ""


@dataclass(frozen=True, slots=True)
class UserSettings:
    """What a user decides for themselves.

    desk_phone_chat: whether chats also go to the user's desk phones, where the domain allows that.
    """

    desk_phone_chat: bool = False


@dataclass(frozen=True, slots=True)
class User:
    """A person with an extension, unique in the domain. A disabled user has no working tokens.

    login: a second name to log in with beside the extension, unique in the domain. role: the scope of
    the user's own sessions, basic_user or office_manager. email: where the user gets mail.
    """

    id: str
    domain_id: str
    extension: str
    display_name: str
    sms_enabled: bool
    created_ms: int
    enabled: bool = True
    login: str | None = None
    role: Scope = Scope.BASIC_USER
    email: str | None = None


@dataclass(frozen=True, slots=True)
class Device:
    """A PBX endpoint that rings for a user, unique on its PBX. A user has at most one default."""

    id: str
    domain_id: str
    user_id: str
    pbx: str
    endpoint: str
    label: str
    is_default: bool
    created_ms: int


@dataclass(frozen=True, slots=True)
class Number:
    """A phone number of ours, unique across the system.

    carrier: name of the SMPP account it sends through. user_ids: who may send from it and sees
    what arrives, sorted; empty when nobody does yet.
    """

    id: str
    domain_id: str
    e164: str
    sms_enabled: bool
    carrier: str
    user_ids: tuple[str, ...]
    created_ms: int


@dataclass(frozen=True, slots=True)
class Credential:
    """What proves a principal. The secret itself is kept nowhere, only its SHA-256.

    kind: `key` for servers, `token` for one user's page, `session` for somebody who logged in.
    domain_id is None for a system-wide key; reseller_id limits such a key to one reseller's domains.
    issued_by: the credential that made it. A token dies with the key that minted it. scope: of a
    session that is the role the user has now. last_seen_ms: of a session, else None.
    """

    id: str
    kind: Literal["key", "token", "session"]
    domain_id: str | None
    user_id: str | None
    reseller_id: str | None
    scope: Scope
    label: str
    issued_by: str
    created_ms: int
    expires_ms: int | None
    revoked_ms: int | None
    last_seen_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Password:
    """The password of a user, as argon2id keeps it.

    temporary: made by an administrator; good for one log-in that names another one, until expires_ms.
    """

    user_id: str
    hash: str = field(repr=False)
    temporary: bool
    changed_ms: int
    expires_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody logged in, on one device. Its id is that of its credential.

    user_agent: what the browser called itself, cut; address: where the log-in came from.
    last_seen_ms: of its last request, to within half a minute.
    """

    id: str
    user_id: str
    domain_id: str
    user_agent: str
    address: str
    created_ms: int
    last_seen_ms: int
    expires_ms: int


@dataclass(frozen=True, slots=True)
class Me:
    """Who a credential is, for a page that has just been opened. Each is None or empty for a credential
    that stands for no user, or for no domain.
    """

    principal: Principal
    domain: Domain | None
    domain_settings: DomainSettings | None
    user: User | None
    settings: UserSettings | None
    devices: tuple[Device, ...]
    numbers: tuple[Number, ...]


@dataclass(frozen=True, slots=True)
class IssuedSession:
    """A new session with its secret, which is shown this once."""

    session: Session
    user: User
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class TemporaryPassword:
    """What an administrator hands to a user, shown this once."""

    user_id: str
    password: str = field(repr=False)
    expires_ms: int


@dataclass(frozen=True, slots=True)
class IssuedCredential:
    """A new credential with its secret, which is shown this once.

    secret is None when an idempotent repetition is answered: it is not stored, so it cannot be
    shown again; revoke the credential and make another.
    """

    credential: Credential
    secret: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class IssuedTicket:
    """Admission to the event stream for one use, within seconds, by whoever holds the secret."""

    secret: str = field(repr=False)
    expires_ms: int


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which part of a list: limit 1 to 200, and the `next_cursor` of the page before."""

    limit: int = 50
    cursor: str | None = None


FIRST_PAGE = PageRequest()


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One part of a list, oldest first. next_cursor is None on the last page."""

    items: tuple[T, ...]
    next_cursor: str | None


# Commands. In an update, a field that is UNSET stays as it is.


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateDomain:
    """reseller_id: taken from the principal when a reseller creates it."""

    name: str
    pbx: str
    dial_context: str
    region: str | None = None
    reseller_id: str | None = None
    sms_enabled: bool = True
    realm: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateDomain:
    name: str | Unset = UNSET
    pbx: str | Unset = UNSET
    dial_context: str | Unset = UNSET
    region: str | Unset | None = UNSET
    reseller_id: str | Unset | None = UNSET
    sms_enabled: bool | Unset = UNSET
    realm: str | Unset | None = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateUser:
    """domain_id: needed from a principal that reaches several domains."""

    extension: str
    display_name: str
    domain_id: str | None = None
    sms_enabled: bool = True
    enabled: bool = True
    login: str | None = None
    role: Scope = Scope.BASIC_USER
    email: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateUser:
    extension: str | Unset = UNSET
    display_name: str | Unset = UNSET
    sms_enabled: bool | Unset = UNSET
    enabled: bool | Unset = UNSET
    login: str | Unset | None = UNSET
    role: Scope | Unset = UNSET
    email: str | Unset | None = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateOneself:
    """What everybody may change of their own user."""

    email: str | Unset | None = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateDevice:
    """pbx: the domain's when None. is_default: None makes the user's first device the default."""

    user_id: str
    endpoint: str
    label: str = ""
    pbx: str | None = None
    is_default: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateDevice:
    """Making a device the default takes that from the user's other devices."""

    endpoint: str | Unset = UNSET
    label: str | Unset = UNSET
    is_default: bool | Unset = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateNumber:
    """e164: international form, or national form of the domain's region. carrier: its name."""

    e164: str
    carrier: str
    domain_id: str | None = None
    sms_enabled: bool = True
    user_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateNumber:
    """user_ids replaces the whole assignment."""

    carrier: str | Unset = UNSET
    sms_enabled: bool | Unset = UNSET
    user_ids: tuple[str, ...] | Unset = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateKey:
    """What a key reaches follows from its scope.

    super_user: neither domain_id, reseller_id nor user_id. reseller: reseller_id (the principal's
    own when a reseller asks). office_manager: domain_id. basic_user: domain_id and user_id.
    expires_ms: None never ends.
    """

    label: str
    scope: Scope
    domain_id: str | None = None
    reseller_id: str | None = None
    user_id: str | None = None
    expires_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MintToken:
    """A token for one user's page. scope: basic_user or office_manager; never above the key's."""

    user_id: str
    lifetime_s: int = 3600
    scope: Scope = Scope.BASIC_USER


@dataclass(frozen=True, slots=True, kw_only=True)
class LogIn:
    """name: `<extension or login>@<realm>`. new_password: only with a temporary password.

    address, user_agent: of who asks, for the limits and the list of sessions.
    """

    name: str
    password: str = field(repr=False)
    address: str
    new_password: str | None = field(default=None, repr=False)
    user_agent: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateDomainSettings:
    sms_enabled: bool | Unset = UNSET
    region: str | Unset | None = UNSET
    desk_phone_chat: bool | Unset = UNSET
    users_edit_shared_contacts: bool | Unset = UNSET
    edit_within_s: int | Unset = UNSET
    webhook_content: bool | Unset = UNSET
    time_zone: str | Unset = UNSET
    keep_messages_days: int | Unset | None = UNSET
    keep_calls_days: int | Unset | None = UNSET
    keep_voicemails_days: int | Unset | None = UNSET
    keep_attachments_days: int | Unset | None = UNSET
    voicemail_context: str | Unset = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateUserSettings:
    desk_phone_chat: bool | Unset = UNSET

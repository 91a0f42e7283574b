"""Contacts, what may be done to them, and what a search of the directory finds.

Types only: no rule is decided here. Commands hold what a caller asked for, before it has been
validated; records are what was committed. Times are milliseconds since the epoch, UTC.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from engine.accounts.models import UNSET, Unset


@dataclass(frozen=True, slots=True)
class ContactNumber:
    """One way to reach a contact.

    Either an outside number (`e164`, and `typed`: as somebody wrote it) or a user of the domain
    (`user_id`, with the `extension` that user has now). is_default: exactly one number of a contact
    is, the one a click or a new conversation uses.
    """

    label: str
    e164: str | None
    typed: str
    user_id: str | None
    is_default: bool
    extension: str | None = None


@dataclass(frozen=True, slots=True)
class Contact:
    """Somebody to call or write to who need not be a user.

    owner_id: the user whose personal contact it is, who alone sees it; None when the whole domain
    shares it. numbers: in the order given. favourite: of the user who asks, and theirs alone.
    """

    id: str
    domain_id: str
    owner_id: str | None
    name: str
    company: str
    email: str
    notes: str
    numbers: tuple[ContactNumber, ...]
    created_ms: int
    updated_ms: int
    favourite: bool = False

    @property
    def shared(self) -> bool:
        return self.owner_id is None

    @property
    def book(self) -> str:
        """The address book it stands in: a domain's id, or a user's."""
        return self.owner_id or self.domain_id


# Commands. In an update, a field that is UNSET stays as it is.


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberDraft:
    """One of number (international, or national of the domain's region), extension or user_id."""

    label: str = ""
    number: str | None = None
    extension: str | None = None
    user_id: str | None = None
    is_default: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateContact:
    """domain_id: needed from a principal that reaches several domains. shared: None makes it personal
    where a user asks, and shared where a server does."""

    name: str
    numbers: tuple[NumberDraft, ...] = ()
    company: str = ""
    email: str = ""
    notes: str = ""
    shared: bool | None = None
    favourite: bool = False
    domain_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateContact:
    """numbers replaces all of them."""

    name: str | Unset = UNSET
    numbers: tuple[NumberDraft, ...] | Unset = UNSET
    company: str | Unset = UNSET
    email: str | Unset = UNSET
    notes: str | Unset = UNSET
    favourite: bool | Unset = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactFilter:
    """None does not filter."""

    shared: bool | None = None
    favourite: bool | None = None


# Import.


class FileFormat(enum.Enum):
    """What contacts come and go in."""

    CSV = "csv"
    VCARD = "vcard"


@dataclass(frozen=True, slots=True)
class Entry:
    """One contact of a file, as it stands there, unchecked. place: the line it begins at, from 1."""

    place: int
    contact: CreateContact


@dataclass(frozen=True, slots=True)
class Flaw:
    """Why something of a file was left out. whole: the entry was, and not just one thing of it."""

    place: int
    code: str
    detail: str
    whole: bool = True


class Fate(enum.Enum):
    """What became, or with dry_run would become, of an entry."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did. entries: how many the file has. flaws: the first of flaw_count.

    stopped: None when every entry was looked at; else the code of the failure and the place of the
    first entry that was not: what is counted here has been done all the same.
    """

    entries: int
    fates: Mapping[Fate, int]
    skipped: int
    flaws: Sequence[Flaw]
    flaw_count: int
    dry_run: bool
    stopped: tuple[str, int] | None = None


# The directory.


class Match(enum.IntEnum):
    """What of a hit the query met, best first."""

    EXTENSION = 0
    USER_NAME = 1
    USER_WORD = 2
    CONTACT_NAME = 3
    CONTACT_WORD = 4
    NUMBER = 5
    EMAIL = 6
    NEW_NUMBER = 7


LeadsTo = Literal["chat", "sms"]


@dataclass(frozen=True, slots=True)
class Person:
    """A user as others see them."""

    id: str
    extension: str
    name: str


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing a search found: a user, a contact, or (neither) a number nobody has a name for.

    numbers: what it can be reached at, for a user the extension alone.
    """

    match: Match
    name: str
    numbers: tuple[ContactNumber, ...]
    user: Person | None = None
    contact: Contact | None = None

    @property
    def leads_to(self) -> LeadsTo | None:
        """What a conversation with its default number would be; None when it has none."""
        return next((leads_to(number) for number in self.numbers if number.is_default), None)


def leads_to(number: ContactNumber) -> LeadsTo:
    """A user is written to in a chat, an outside number by text."""
    return "sms" if number.user_id is None else "chat"


@dataclass(frozen=True, slots=True)
class Named:
    """Who a number belongs to, for one viewer."""

    contact_id: str
    name: str
    label: str

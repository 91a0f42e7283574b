"""What a name, an extension, an endpoint may look like; checked once, at the service door.

Each function returns the value as it is to be stored or raises InvalidRequest with the field.
Endpoints and contexts go into AMI actions, so their alphabet holds nothing AMI or a dialplan
could read as more than a name.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection
from zoneinfo import ZoneInfo

import phonenumbers

from engine.accounts.errors import invalid
from engine.accounts.models import Scope
from engine.ids import is_id

_EXTENSION = re.compile(r"[0-9]{2,10}")
_ENDPOINT = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_DIAL_CONTEXT = re.compile(r"[A-Za-z0-9_.-]{1,80}")
# Without a dot in front: it names a folder of the spool.
_VOICEMAIL_CONTEXT = re.compile(r"[A-Za-z0-9_+-][A-Za-z0-9_.+-]{0,78}")
_PEER_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_RESELLER = re.compile(r"[A-Za-z0-9_.-]{1,64}")
# Begins with a letter, so that it is never somebody's extension.
_LOGIN = re.compile(r"[a-z][a-z0-9._-]{0,63}")
_TIME_ZONE = re.compile(r"[A-Za-z0-9_+-]{1,30}(/[A-Za-z0-9_+-]{1,30}){0,2}")
_REALM = re.compile(r"(?=.{1,190}$)[a-z0-9](-?[a-z0-9])*(\.[a-z0-9](-?[a-z0-9])*)*")

# A dot-atom at a host name: what every mail server takes, and nothing that could end a header.
_EMAIL = re.compile(
    r"(?=.{3,254}$)(?=[^@]{1,64}@)[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@[A-Za-z0-9](-*[A-Za-z0-9])*(\.[A-Za-z0-9](-*[A-Za-z0-9])*)*"
)

NAME_CHARACTERS = 120
#: A year; who wants longer has no use for a limit, but what was agreed on should stay so some day.
LONGEST_EDIT_S = 31_536_000
LONGEST_KEPT_DAYS = 36_500

#: Characters that turn the text after them around: a name with one can show as another's.
_BIDI_CONTROLS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
#: Control, surrogate, line and paragraph separators; format characters stay, since joiners are
#: part of many people's names.
_REFUSED_CATEGORIES = frozenset({"Cc", "Cs", "Zl", "Zp"})


def name(text: str, field: str, *, may_be_empty: bool = False) -> str:
    """A name for people, without blanks around it."""
    text = text.strip()
    if not text and may_be_empty:
        return text
    if not 1 <= len(text) <= NAME_CHARACTERS:
        raise invalid(field, f"Give 1 to {NAME_CHARACTERS} characters.")
    if any(c in _BIDI_CONTROLS or unicodedata.category(c) in _REFUSED_CATEGORIES for c in text):
        raise invalid(field, "Control characters and line breaks are not allowed here.")
    return text


def extension(text: str) -> str:
    return _match(_EXTENSION, text, "extension", "An extension has 2 to 10 digits.")


def login(text: str | None) -> str | None:
    if text is None:
        return None
    return _match(
        _LOGIN,
        text.strip().lower(),
        "login",
        "A login has 1 to 64 letters, digits, dots, dashes or underscores and begins with a letter.",
    )


def realm(text: str | None) -> str | None:
    if text is None:
        return None
    return _match(
        _REALM,
        text.strip().lower(),
        "realm",
        "A realm is written like a host name, for example acme.example.",
    )


def email(text: str | None) -> str | None:
    """Source: RFC 5321 §4.1.2 (dot-atom), §4.5.3.1 (lengths)."""
    if text is None:
        return None
    return _match(_EMAIL, text.strip(), "email", "Give one e-mail address, for example ada@example.com.")


def role(scope: Scope) -> Scope:
    if scope.system_wide:
        raise invalid("role", "A user is a basic_user or an office_manager.")
    return scope


def endpoint(text: str) -> str:
    return _match(
        _ENDPOINT, text, "endpoint", "An endpoint has 1 to 64 letters, digits, dots, dashes or underscores."
    )


def dial_context(text: str) -> str:
    return _match(
        _DIAL_CONTEXT,
        text,
        "dial_context",
        "A dialplan context has 1 to 80 letters, digits, dots, dashes or underscores.",
    )


def reseller_id(text: str | None) -> str | None:
    if text is None:
        return None
    return _match(
        _RESELLER,
        text,
        "reseller_id",
        "A reseller id has 1 to 64 letters, digits, dots, dashes or underscores.",
    )


def region(text: str | None) -> str | None:
    if text is None:
        return None
    code = text.upper()
    if code not in phonenumbers.SUPPORTED_REGIONS:
        raise invalid("region", "Give a two-letter country code, for example DE.")
    return code


def edit_within_s(seconds: int) -> int:
    if not 0 <= seconds <= LONGEST_EDIT_S:
        raise invalid("edit_within_s", f"Give 0 to {LONGEST_EDIT_S} seconds.")
    return seconds


def time_zone(name: str) -> str:
    """A zone of the IANA database. Raises InvalidRequest."""
    try:
        # A name with dots or a root would be looked for among our files, too.
        if _TIME_ZONE.fullmatch(name):
            return ZoneInfo(name).key
    except (OSError, ValueError, KeyError):
        pass
    raise invalid("time_zone", "Give the name of a time zone, for example Europe/Berlin.")


def voicemail_context(text: str) -> str:
    if text and not _VOICEMAIL_CONTEXT.fullmatch(text):
        raise invalid("voicemail_context", "Give the name of a context of voicemail.conf, or nothing.")
    return text


def kept_days(field: str) -> Callable[[int | None], int | None]:
    """A check of how many days something is kept."""

    def check(days: int | None) -> int | None:
        if days is not None and not 1 <= days <= LONGEST_KEPT_DAYS:
            raise invalid(field, f"Give 1 to {LONGEST_KEPT_DAYS} days, or null for ever.")
        return days

    return check


def peer_name(text: str, field: str, known: Collection[str] | None) -> str:
    """The name of a PBX or carrier. known: the configured ones; None when they are not known here."""
    if not _PEER_NAME.fullmatch(text) or (known is not None and text not in known):
        raise invalid(field, f"There is no such {field} in the configuration.")
    return text


def ids(values: Collection[str], prefix: str, field: str) -> tuple[str, ...]:
    """Ids of one kind, sorted, each once."""
    if not all(is_id(value, prefix) for value in values):
        raise invalid(field, f"Give ids that begin with {prefix}_.")
    return tuple(sorted(set(values)))


def _match(pattern: re.Pattern[str], text: str, field: str, sentence: str) -> str:
    if not pattern.fullmatch(text):
        raise invalid(field, sentence)
    return text

"""What a contact may hold; checked once, at the service door, for typed and imported ones alike.

Each function returns the value as it is to be stored, or raises InvalidRequest with the field.
"""

from __future__ import annotations

import re
import unicodedata

from engine.contacts.errors import invalid
from engine.contacts.models import NumberDraft

NAME_CHARACTERS = 120
EMAIL_CHARACTERS = 254  # RFC 5321 §4.5.3.1.3
NOTES_CHARACTERS = 4000
LABEL_CHARACTERS = 40
TYPED_CHARACTERS = 64
MAX_NUMBERS = 20

#: Characters that turn the text after them around: a name with one can show as another's.
_BIDI_CONTROLS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
#: Control, surrogate, line and paragraph separators; format characters stay, since joiners are
#: part of many people's names.
_REFUSED_CATEGORIES = frozenset({"Cc", "Cs", "Zl", "Zp"})
_BREAKS = re.compile(r"\r\n|[\r\u2028\u2029\u0085]")
#: Enough to catch a name in the wrong field; whether mail arrives, only sending it tells.
_EMAIL = re.compile(r"[^\s@<>,;:\"()\[\]\\]{1,64}@[^\s@<>,;:\"()\[\]\\]{1,189}")


def name(text: str) -> str:
    return _line(text, "name", 1, NAME_CHARACTERS)


def company(text: str) -> str:
    return _line(text, "company", 0, NAME_CHARACTERS)


def label(text: str, field: str) -> str:
    return _line(text, field, 0, LABEL_CHARACTERS)


def typed(text: str, field: str) -> str:
    return _line(text, field, 1, TYPED_CHARACTERS)


def email(text: str) -> str:
    text = text.strip()
    if text and (len(text) > EMAIL_CHARACTERS or not _EMAIL.fullmatch(text)):
        raise invalid("email", "Give one e-mail address, for example ada@example.com.")
    return _line(text, "email", 0, EMAIL_CHARACTERS)


def notes(text: str) -> str:
    """Text of several lines, parted by LF alone."""
    text = _BREAKS.sub("\n", text.strip())
    if len(text) > NOTES_CHARACTERS:
        raise invalid("notes", f"Notes have at most {NOTES_CHARACTERS} characters.")
    if any(unicodedata.category(c) in ("Cc", "Cs") and c not in "\n\t" for c in text):
        raise invalid("notes", "Control characters are not allowed here.")
    return text


def numbers(drafts: tuple[NumberDraft, ...]) -> tuple[NumberDraft, ...]:
    """The drafts with exactly one default among them, the first where none was named."""
    if len(drafts) > MAX_NUMBERS:
        raise invalid("numbers", f"A contact has at most {MAX_NUMBERS} numbers.")
    if sum(draft.is_default for draft in drafts) > 1:
        raise invalid("numbers", "Only one number can be the default.")
    for at, draft in enumerate(drafts):
        if sum(way is not None for way in (draft.number, draft.extension, draft.user_id)) != 1:
            raise invalid(f"numbers/{at}", "Give one of number, extension and user_id.")
    return drafts


def _line(text: str, field: str, least: int, most: int) -> str:
    text = text.strip()
    if not least <= len(text) <= most:
        raise invalid(field, f"Give {least} to {most} characters.")
    if any(c in _BIDI_CONTROLS or unicodedata.category(c) in _REFUSED_CATEGORIES for c in text):
        raise invalid(field, "Control characters and line breaks are not allowed here.")
    return text

"""What a contact or user can be found by, and how a query is read: the same folding on both sides.

A key is one letter that says what it is, and the folded text a query may be a prefix of:

    e  extension of a user          u, v  whole name of a user, and each word of it
    n  whole name of a contact      w     each word of its name and company
    m  its e-mail address           d     digits of a number from any place on, to the end

Pure: no storage, no clock. Source: Unicode TR15 (NFKD), TR21 §2.4 (caseless matching).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

import phonenumbers
from phonenumbers import PhoneMetadata, PhoneNumberFormat

#: More words of one name than this are no help in finding it.
_MAX_WORDS = 16
_MAX_WORD = 32
_MAX_NAME = 64
#: Two digits are in nearly every number, so they find extensions and names alone.
MIN_DIGITS = 3
_MAX_TERMS = 6

#: Letters that Unicode does not take apart, as people without them on their keys write them.
_PLAIN_LETTERS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th"}
)
_WORD = re.compile(r"[^\W_]+")
_DIGITS_ONLY = re.compile(r"[0-9 +()./-]*[0-9][0-9 +()./-]*")


def fold(text: str) -> str:
    """The text without case, accents and forms: `ÅSA Łukasz` is `asa lukasz`, `１２` is `12`."""
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFKD", text.casefold())
    kept = "".join(
        str(unicodedata.decimal(c)) if c.isdecimal() else c for c in apart if not unicodedata.combining(c)
    )
    return kept.casefold().translate(_PLAIN_LETTERS)


def words_of(text: str) -> list[str]:
    """The words of folded text, in order. An apostrophe belongs to its word: O'Neill is oneill."""
    return [word[:_MAX_WORD] for word in _WORD.findall(text.replace("'", "").replace("’", ""))]


def sort_key(name: str) -> str:
    """By which lists are ordered; short, since it goes into cursors."""
    return " ".join(words_of(fold(name)))[:24]


def keys_of_user(extension: str, name: str) -> set[str]:
    """All keys of a user."""
    words = words_of(fold(name))[:_MAX_WORDS]
    keys = {f"v{word}" for word in words}
    if words:
        keys.add("u" + " ".join(words)[:_MAX_NAME])
    return keys | {f"e{extension}"}


def keys_of_contact(name: str, company: str, email: str, numbers: Iterable[str]) -> set[str]:
    """All keys of a contact. numbers: its outside numbers, E.164."""
    named = words_of(fold(name))
    keys = {f"w{word}" for word in (named + words_of(fold(company)))[:_MAX_WORDS]}
    if named:
        keys.add("n" + " ".join(named)[:_MAX_NAME])
    if email:
        keys.add("m" + fold(email))
    for number in numbers:
        for digits in {number.removeprefix("+"), _national(number)}:
            keys.update(f"d{digits[at:]}" for at in range(len(digits) - MIN_DIGITS + 1))
    return keys


@dataclass(frozen=True, slots=True)
class Query:
    """A query as it was read.

    whole: the prefix of a whole name. terms: each the prefix of a word, the most telling first.
    digits: each the beginning of what a number may go on with; none when it asks for no number.
    extension and email: prefixes of these, where the query can be one.
    """

    whole: str
    terms: tuple[str, ...]
    digits: tuple[str, ...]
    extension: str | None
    email: str | None

    @property
    def empty(self) -> bool:
        return not (self.terms or self.digits or self.email)


def read_query(text: str, region: str | None) -> Query:
    """What somebody typed, as keys begin. region: by which national numbers are read, or None."""
    folded = fold(text).strip()
    words = words_of(folded)[:_MAX_TERMS]
    # The longest word has the fewest keys that begin with it.
    terms = tuple(sorted(dict.fromkeys(words), key=len, reverse=True))
    digits: tuple[str, ...] = ()
    if _DIGITS_ONLY.fullmatch(folded):
        digits = tuple(sorted(_dialled(folded, region)))
    single = " " not in folded
    return Query(
        whole=" ".join(words)[:_MAX_NAME],
        terms=terms,
        digits=digits,
        extension=folded if single and folded.isdecimal() else None,
        email=folded if single and ("@" in folded or len(words) == 1) else None,
    )


def _dialled(text: str, region: str | None) -> set[str]:
    """The digits of a number, or of its beginning, in each way it may have been meant."""
    digits = re.sub(r"[^0-9]", "", text)
    meant = {digits}
    metadata = PhoneMetadata.metadata_for_region(region, None) if region else None
    abroad = metadata.international_prefix if metadata is not None else "00"
    if abroad and not text.startswith("+"):
        dialled = re.match(abroad, digits)
        if dialled is not None:
            meant.add(digits[dialled.end() :])
    # +44 (0)20 …: the zero in brackets is dialled within the country only.
    meant.add(re.sub(r"[^0-9]", "", text.replace("(0)", "")))
    return {one for one in meant if len(one) >= MIN_DIGITS}


def _national(e164: str) -> str:
    """The digits as they are dialled within the country, its leading zero or eight included."""
    try:
        parsed = phonenumbers.parse(e164)
    except phonenumbers.NumberParseException:
        return e164.removeprefix("+")
    return re.sub(r"[^0-9]", "", phonenumbers.format_number(parsed, PhoneNumberFormat.NATIONAL))

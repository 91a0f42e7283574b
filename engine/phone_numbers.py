"""Phone numbers: E.164 where a carrier is meant, dial strings where a PBX is.

Source: ITU-T E.164; the dial-string alphabet is what Asterisk's Exten may safely hold.
"""

from __future__ import annotations

import re

import phonenumbers

from engine.errors import InvalidRequest

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_DIAL_STRING = re.compile(r"\+?[0-9*#]{1,32}")


def to_e164(text: str, default_region: str | None = None, *, field: str = "to") -> str:
    """The number as `+` and 7 to 15 digits.

    default_region: ISO 3166-1 alpha-2 code by which a national number is read; without it
    only international numbers are taken. field names the input in the error.
    Raises InvalidRequest with code `invalid_number`.
    """
    if _E164.fullmatch(text):
        return text  # by far the most frequent form, and 18 us cheaper than the parser
    try:
        parsed = phonenumbers.parse(text, default_region)
    except phonenumbers.NumberParseException as error:
        raise _invalid(field) from error
    if not phonenumbers.is_possible_number(parsed):
        raise _invalid(field)
    number = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    if not _E164.fullmatch(number):
        raise _invalid(field)
    return number


def to_dial_string(text: str, *, field: str = "to") -> str:
    """What a PBX may be asked to dial: an extension, a feature code or a number.

    Spaces, dots, dashes and parentheses between digits are dropped; anything else that is not a
    digit, `*`, `#` or a leading `+` is refused, never stripped, since an Exten with `&` or `/`
    dials more than one thing (AST-2010-002).
    Raises InvalidRequest with code `invalid_number`.
    """
    compact = re.sub(r"(?<=[0-9()+ .-])[ .()-]+|^\(", "", text.strip(" "))
    if not _DIAL_STRING.fullmatch(compact):
        raise _invalid(field)
    return compact


def mask(number: str) -> str:
    """The number as logs may show it: the country's first digits and the last two."""
    return f"{number[:3]}…{number[-2:]}" if len(number) > 6 else "…"


def _invalid(field: str) -> InvalidRequest:
    return InvalidRequest(
        "The phone number is not valid. Give it in international form, for example +4930123456.",
        code="invalid_number",
        field=f"/{field}",
    )

"""Phone numbers: E.164 where a carrier is meant, dial strings where a PBX is.

Source: ITU-T E.164; the dial-string alphabet is what Asterisk's Exten may safely hold.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import phonenumbers

from engine.errors import InvalidRequest

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_SHORT_CODE = re.compile(r"[0-9]{3,6}")
_SENDER_NAME = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 &._-]{1,11}")
NumberKind = Literal["ordinary", "premium", "toll_free"]
_KINDS: Mapping[int, NumberKind] = {
    phonenumbers.PhoneNumberType.PREMIUM_RATE: "premium",
    phonenumbers.PhoneNumberType.TOLL_FREE: "toll_free",
}
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
    # 555-0177 without its area is possible, but locally: abroad it would be another's.
    if phonenumbers.is_possible_number_with_reason(parsed) != phonenumbers.ValidationResult.IS_POSSIBLE:
        raise _invalid(field)
    number = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    if not _E164.fullmatch(number):
        raise _invalid(field)
    return number


def to_sender(text: str, default_region: str | None = None, *, field: str = "peer") -> str:
    """Who sends a text, as it is kept: E.164, a short code, or a name of up to 11 characters.

    Digits that are too few for a number are a short code. Raises InvalidRequest `invalid_number`.
    Source: 3GPP TS 23.040 §9.1.2.5 (names of 11 septets).
    """
    bare = text.strip()
    if _SHORT_CODE.fullmatch(bare) or (_SENDER_NAME.fullmatch(bare) and not bare.isdigit()):
        return bare
    return to_e164(text, default_region, field=field)


@dataclass(frozen=True, slots=True)
class NumberFacts:
    """What the numbering plan says of a number.

    region: ISO 3166-1 alpha-2 code, None for numbers of no country. known: whether such a number can be
    assigned. kind: `ordinary`, `premium` or `toll_free`.
    """

    region: str | None
    known: bool
    kind: NumberKind


def facts_of(e164: str) -> NumberFacts:
    """Facts about a number as `to_e164` returns it."""
    try:
        parsed = phonenumbers.parse(e164, None)
    except phonenumbers.NumberParseException:
        return NumberFacts(None, False, "ordinary")
    kind = _KINDS.get(phonenumbers.number_type(parsed), "ordinary")
    region = phonenumbers.region_code_for_number(parsed)
    if region is None:  # a number that no country has assigned still has its country's code
        regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(parsed.country_code or 0, ())
        region = regions[0] if len(regions) == 1 else None
    return NumberFacts(None if region == "001" else region, bool(phonenumbers.is_valid_number(parsed)), kind)


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

"""What to write instead of a character the GSM alphabet lacks, so that a text stays short.

Only what reads the same: typographic signs, blanks, accents, capitals that two scripts share. Never
a transliteration, and nothing for what a person meant as such (emoji, another script's words).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

from engine.smpp import gsm7

_LOOKALIKES: Mapping[str, str] = {
    # quotation marks and primes
    **dict.fromkeys("\u2018\u2019\u201b\u2032\u00b4\u0060\u02bc\u2039\u203a", "'"),
    "\u201a": ",",
    **dict.fromkeys("\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb", '"'),
    # hyphens and dashes
    **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-"),
    "\u00ad": "",
    # dots, bullets, arrows, signs
    "\u2026": "...",
    **dict.fromkeys("\u2022\u2023\u25cf", "*"),
    "\u2192": "->",
    "\u2190": "<-",
    "\u00d7": "x",
    "\u00a9": "(c)",
    "\u00ae": "(R)",
    "\u2122": "(TM)",
    "\u2044": "/",
    "\t": " ",
    # blanks that take no place
    **dict.fromkeys("\u200b\u200c\u200d\u2060\ufeff\u200e\u200f\ufe0f", ""),
    # capitals that Greek and Cyrillic share with Latin
    **dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEZHIKMNOPTYX", strict=True)),
    **dict(zip("АВЕКМНОРСТХІЅЈ", "ABEKMHOPCTXISJ", strict=True)),
    # letters with a stroke, which have no accent to lose
    **dict(zip("łŁđĐı", "lLdDi", strict=True)),
}


def lookalike(character: str) -> str | None:
    """What reads the same in the GSM alphabet; empty for what cannot be seen anyway, None if nothing does."""
    if gsm7.holds(character):
        return character
    found = _LOOKALIKES.get(character)
    if found is not None:
        return found
    if unicodedata.category(character) == "Zs":
        return " "
    plain = "".join(
        _LOOKALIKES.get(part, part)
        for part in unicodedata.normalize("NFKD", character)
        if not unicodedata.combining(part)
    )
    return plain if plain and all(map(gsm7.holds, plain)) else None


def lookalike_text(text: str) -> str | None:
    """The text in the GSM alphabet, or None if a character of it has no lookalike."""
    parts = [lookalike(character) for character in unicodedata.normalize("NFC", text)]
    return None if None in parts else "".join(part for part in parts if part is not None)

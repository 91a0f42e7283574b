"""What is written instead of characters the GSM alphabet lacks."""

from __future__ import annotations

import pytest

from engine.smpp import gsm7
from engine.smpp.lookalikes import lookalike, lookalike_text


@pytest.mark.parametrize(
    ("character", "instead"),
    [
        ("\u2019", "'"),
        ("\u201c", '"'),
        ("\u2014", "-"),
        ("\u2026", "..."),
        ("\u00a0", " "),
        ("\u202f", " "),
        ("\u200b", ""),
        ("ê", "e"),
        ("ő", "o"),
        ("ł", "l"),
        ("½", "1/2"),
        ("ﬁ", "fi"),
        ("Α", "A"),  # Greek
        ("М", "M"),  # Cyrillic
        ("é", "é"),
        ("€", "€"),
    ],
)
def test_what_reads_the_same_is_suggested(character: str, instead: str) -> None:
    assert lookalike(character) == instead


@pytest.mark.parametrize("character", ["😀", "ж", "中", "\ud83d", "ב", "°"])
def test_what_has_no_lookalike_gets_none(character: str) -> None:
    assert lookalike(character) is None
    assert lookalike_text(f"a{character}") is None


def test_every_suggestion_is_in_the_gsm_alphabet() -> None:
    for code in range(0x3000):
        found = lookalike(chr(code))
        assert found is None or all(map(gsm7.holds, found)), hex(code)


def test_a_letter_and_its_accent_apart_read_as_one() -> None:
    assert lookalike_text("cafe\u0301 \u2013 ok") == "café - ok"

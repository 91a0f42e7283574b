"""What a text is found by."""

from __future__ import annotations

import pytest

from engine.conversations.words import LONGEST_WORD, MOST_WORDS, words_of


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Hello, World!", ["hello", "world"]),
        ("Grüße aus MÜNCHEN, Straße 5", ["grusse", "aus", "munchen", "strasse", "5"]),
        ("Ｆｕｌｌ ｗｉｄｔｈ", ["full", "width"]),
        ("don't foo_bar a-b", ["don", "t", "foo", "bar", "a", "b"]),
        ("Привет Ё", ["привет", "е"]),
        ("東京へ行く", ["東", "京", "へ", "行", "く"]),
        ("สวัสดี", ["ส", "ว", "ส", "ด"]),
        ("👍 ok 🎉", ["ok"]),
        ("+1 (202) 555-0100", ["1", "202", "555", "0100"]),
        (" \t\n", []),
    ],
)
def test_a_text_becomes_words(text: str, words: list[str]) -> None:
    assert words_of(text) == words


def test_neither_a_word_nor_a_text_has_no_end() -> None:
    assert words_of("x" * 1_000) == ["x" * LONGEST_WORD]
    assert len(words_of("a " * 40_000)) == MOST_WORDS


def test_a_question_has_the_words_of_the_text_it_is_part_of() -> None:
    text = "Ça coûte 30 € à l'Hôtel İstanbul"
    assert set(words_of("cote")) == {"cote"}
    assert set(words_of("ISTANBUL hotel")) <= set(words_of(text))

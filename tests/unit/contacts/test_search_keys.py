"""What a name or number can be found by: the query a person types begins a key, or it does not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.contacts.search_keys import fold, keys_of_contact, keys_of_user, read_query, words_of


def finds(query: str, keys: set[str], region: str | None = "DE") -> bool:
    """Whether the query meets one of a contact's keys, as the database compares them."""
    read = read_query(query, region)
    prefixes = ["d" + digits for digits in read.digits]
    prefixes += ["n" + read.whole] if read.whole else []
    prefixes += ["m" + read.email] if read.email else []
    if any(key.startswith(prefix) for prefix in prefixes for key in keys):
        return True
    return bool(read.terms) and all(any(key.startswith("w" + term) for key in keys) for term in read.terms)


JOSE = keys_of_contact("José O'Neill", "Straßen & Brücken GmbH", "J.Oneill@Example.com", ["+4930123456"])


@pytest.mark.parametrize(
    "query",
    [
        "j", "jos", "JOSÉ", "jose o'n", "oneill", "O’Neill", "o'neill josé", "neill oneill jose"[6:],
        "strassen", "STRASSEN", "brucken", "gmbh jose", "ＪＯＳＥ",
        "j.oneill@ex", "J.ONEILL",
        "+49 30 12", "0049 30 123456", "030 / 123-456", "030123456", "3456", "+49 (0)30 1234", "30 12",
    ],
)  # fmt: skip
def test_a_contact_is_found_however_it_is_written(query: str) -> None:
    assert finds(query, JOSE)


@pytest.mark.parametrize(
    "query", ["ose", "neill", "josé x", "example", "31", "030124", "34567", "@", "%", "_"]
)
def test_what_is_not_in_it_does_not_find_it(query: str) -> None:
    assert not finds(query, JOSE)


@pytest.mark.parametrize(
    ("region", "query"),
    [("US", "2025550177"), ("US", "(202) 555"), ("US", "0111202555"), ("US", "1-202"), (None, "+1202"),
     (None, "00 1 202"), ("GB", "001202555")],
)  # fmt: skip
def test_a_number_is_read_as_it_is_dialled_where_one_is(region: str | None, query: str) -> None:
    assert finds(query, keys_of_contact("Ada", "", "", ["+12025550177"]), region)


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Łukasz Ørsted", "lukasz orsted"),
        ("Þórr ÆGIR", "thorr aegir"),
        ("Ｆｕｌｌ１２", "full12"),
        ("İstanbul ışık", "istanbul isik"),
        ("٣٤", "34"),
        ("ΣΊΣΥΦΟΣ", "σισυφοσ"),
        ("ё", "е"),
    ],
)
def test_case_accents_and_forms_do_not_matter(text: str, folded: str) -> None:
    assert fold(text) == folded


def test_a_user_is_found_by_extension_whole_name_and_words() -> None:
    assert keys_of_user("101", "Grace B. Hopper") == {"e101", "ugrace b hopper", "vgrace", "vb", "vhopper"}


def test_a_query_without_letters_and_digits_is_empty() -> None:
    for query in ("", "   ", "++", "--", "()", "🙂", "'"):
        assert read_query(query, "DE").empty, query


def test_one_word_may_be_an_extension_and_several_may_not() -> None:
    assert read_query("101", "US").extension == "101"
    assert read_query("10 1", "US").extension is None
    assert read_query("a101", "US").extension is None


def test_two_digits_look_for_no_number() -> None:
    assert read_query("55", "US").digits == ()
    assert read_query("555", "US").digits == ("555",)


@given(st.text(max_size=60))
def test_any_text_is_folded_once_and_for_all(text: str) -> None:
    once = " ".join(words_of(fold(text)))
    assert " ".join(words_of(fold(once))) == once


@given(st.text(max_size=200), st.sampled_from(["DE", "US", "IT", None]))
def test_any_query_is_read_and_no_key_holds_a_line_feed(text: str, region: str | None) -> None:
    query = read_query(text, region)
    assert not any("\n" in part for part in (query.whole, *query.terms, *query.digits))
    assert not any("\n" in key for key in keys_of_contact(text, text, "", []))

"""Which number and which endpoint does what."""

from __future__ import annotations

import pytest

from engine.simulators.pbx_outcomes import ANSWERED, CALLERS, DESTINATIONS, caller, destination
from tests.unit.simulators import pbx_tables


@pytest.mark.parametrize("exten", ["1001", "1002", "+4930123456", "*97", "99", "9900", "4499123"])
def test_an_ordinary_number_answers(exten: str) -> None:
    assert destination(exten) is ANSWERED


@pytest.mark.parametrize("code", DESTINATIONS)
def test_the_last_four_digits_choose_an_outcome(code: str) -> None:
    assert destination(f"99{code}") is destination(f"+493099{code}") is DESTINATIONS[code]


@pytest.mark.parametrize("word", CALLERS)
def test_the_endpoints_last_word_chooses_what_the_caller_does(word: str) -> None:
    assert caller(f"alice-{word}") is CALLERS[word]
    assert caller(word) is ANSWERED


def test_the_document_shows_the_tables() -> None:
    document = pbx_tables.DOCUMENT.read_text()
    assert pbx_tables.redrawn(document) == document, "run: python -m tests.unit.simulators.pbx_tables"

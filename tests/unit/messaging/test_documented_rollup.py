"""The table of docs/messaging.md is the one the code decides by."""

from __future__ import annotations

from pathlib import Path

from engine.messaging.rollup import RULES

PAGE = Path(__file__).resolve().parents[3] / "docs" / "messaging.md"


def test_the_published_table_is_the_one_in_the_code() -> None:
    table = PAGE.read_text().partition("<!-- rollup -->")[2].partition("<!-- /rollup -->")[0]
    rows = [line.strip("| ").split(" | ") for line in table.strip().splitlines()[2:]]
    assert [(words, status.strip("`")) for words, status in rows] == [
        (words, status.value) for words, _, status in RULES
    ]

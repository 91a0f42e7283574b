"""CSV that spreadsheets may open: RFC 4180, and nothing in it becomes a formula.

A cell that a spreadsheet would take for one gets an apostrophe in front, which it shows as text.
Source: RFC 4180 §2; OWASP "CSV Injection".
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable

#: What begins a formula, also in the full-width forms that some spreadsheets take for the same; blanks
#: before it do not save anybody.
_FORMULA = re.compile(r"[\s\u00a0\u3000]*[=+\-@\t\r＝＋－＠]")


def safe_cell(value: object) -> str:
    """A value as a cell: numbers as they are, texts harmless, None empty."""
    if value is None:
        return ""
    if isinstance(value, (int, float)):
        return str(value)
    text = str(value)
    return "'" + text if _FORMULA.match(text) else text


def csv_lines(rows: Iterable[Iterable[object]]) -> str:
    """Rows as CSV text, each with its line end."""
    out = io.StringIO(newline="")
    csv.writer(out).writerows([safe_cell(value) for value in row] for row in rows)
    return out.getvalue()

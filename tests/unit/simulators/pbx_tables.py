"""Draws the tables of docs/simulators.md about the simulated PBX from the code.

`python -m tests.unit.simulators.pbx_tables` rewrites them; a test fails while they differ.
"""

from __future__ import annotations

from pathlib import Path

from engine.simulators.pbx_outcomes import CALLERS, DESTINATIONS

DOCUMENT = Path(__file__).parents[3] / "docs" / "simulators.md"


def destinations() -> str:
    rows = [f"| `99{code}` | {outcome.says} |" for code, outcome in DESTINATIONS.items()]
    return "\n".join(["| number ends in | the destination |", "|---|---|", *rows])


def callers() -> str:
    rows = [f"| `-{word}` | {outcome.says} |" for word, outcome in CALLERS.items()]
    return "\n".join(["| endpoint ends in | the user's phone |", "|---|---|", *rows])


def redrawn(document: str) -> str:
    """The document with both tables drawn afresh."""
    for name, table in (("destinations", destinations()), ("callers", callers())):
        before, begin, rest = document.partition(f"<!-- pbx {name}: drawn from the code -->\n")
        _, end, after = rest.partition(f"<!-- pbx {name}: end -->")
        if not begin or not end:
            raise ValueError(f"docs/simulators.md has no place for {name}")
        document = f"{before}{begin}{table}\n{end}{after}"
    return document


if __name__ == "__main__":
    DOCUMENT.write_text(redrawn(DOCUMENT.read_text()))

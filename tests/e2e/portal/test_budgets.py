"""How much a page may weigh, compressed: start, any part that is loaded later, styles."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest

from portal.build import ASSETS

#: Octets after gzip.
FIRST_SCRIPTS, LATER_SCRIPT, STYLES = 110_000, 60_000, 15_000


def _packed(path: Path) -> int:
    return len(gzip.compress(path.read_bytes(), 9))


def _first_scripts() -> set[str]:
    """What the page's own script tags and preloads name, and all that these import at once."""
    page = (ASSETS / "index.html").read_text()
    wanted, found = set(re.findall(r'(?:src|href)="/(assets/[^"]+\.js)"', page)), set[str]()
    while wanted:
        name = wanted.pop()
        found.add(name)
        source = (ASSETS / name).read_text()
        static = re.findall(r'(?:from|import)\s*"\./([^"]+\.js)"', source)
        wanted |= {f"assets/{one}" for one in static} - found
    return found


@pytest.mark.usefixtures("built_portal")
def test_the_first_page_takes_at_most_110_kb_of_scripts() -> None:
    first = _first_scripts()
    assert first
    weights = {name: _packed(ASSETS / name) for name in first}
    assert sum(weights.values()) <= FIRST_SCRIPTS, weights


@pytest.mark.usefixtures("built_portal")
def test_no_part_that_is_loaded_later_takes_more_than_60_kb() -> None:
    later = [path for path in ASSETS.glob("assets/*.js") if f"assets/{path.name}" not in _first_scripts()]
    assert later
    assert {path.name: weight for path in later if (weight := _packed(path)) > LATER_SCRIPT} == {}


@pytest.mark.usefixtures("built_portal")
def test_the_styles_of_the_first_page_take_at_most_15_kb() -> None:
    page = (ASSETS / "index.html").read_text()
    sheets = re.findall(r'href="/(assets/[^"]+\.css)"', page)
    assert sheets
    assert sum(_packed(ASSETS / one) for one in sheets) <= STYLES

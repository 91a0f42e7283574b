"""Where in a TOML file a key stands, so that a complaint can name the line.

tomllib gives values without places. This reads the same text for its tables and keys alone; it
may assume a file that tomllib has accepted.
"""

from __future__ import annotations

import re

#: A key's way from the top: table name, position within an array of tables, key.
Path = tuple[str | int, ...]

_TABLE = re.compile(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?")
_KEY = re.compile(
    r"""\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*)\s*="""
)
#: What ends or hides structure: strings of all four kinds, comments, brackets.
_TOKEN = re.compile(
    r'"""|\'\'\'|"(?:\\.|[^"\\])*"|\'[^\']*\'|#.*|[\[\]{}]',
)


def find_places(text: str) -> dict[Path, int]:
    """The line of each table and key, from 1."""
    places: dict[Path, int] = {}
    table: Path = ()
    counts: dict[Path, int] = {}
    depth = 0
    quote = ""
    for line_no, line in enumerate(text.splitlines(), start=1):
        rest = line
        if not quote and depth == 0:
            if header := _TABLE.match(line):
                table = _split(header.group(2))
                if header.group(1) == "[[":
                    counts[table] = counts.get(table, -1) + 1
                    table = (*table, counts[table])
                places.setdefault(table, line_no)
                continue
            if key := _KEY.match(line):
                places[(*table, *_split(key.group(1)))] = line_no
                rest = line[key.end() :]
        depth, quote = _skip(rest, depth, quote)
    return places


def _split(dotted: str) -> Path:
    return tuple(part.strip().strip("\"'") for part in dotted.split("."))


def _skip(text: str, depth: int, quote: str) -> tuple[int, str]:
    """How many brackets are open, and which long string, after this text."""
    at = 0
    while at < len(text):
        if quote:
            end = text.find(quote, at)
            if end < 0:
                return depth, quote
            at, quote = end + 3, ""
            continue
        token = _TOKEN.search(text, at)
        if token is None:
            break
        at = token.end()
        found = token.group()
        if found in ('"""', "'''"):
            quote = found
        elif found in "[{":
            depth += 1
        elif found in "]}":
            depth -= 1
    return depth, quote

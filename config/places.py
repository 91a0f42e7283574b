"""Where in a TOML file a key stands, so that a complaint can name the line.

tomllib gives values without places. This reads the same text for its tables and keys alone; it
may assume a file that tomllib has accepted.
"""

from __future__ import annotations

import re

#: A key's way from the top: table name, position within an array of tables, key.
KeyPath = tuple[str | int, ...]

_TABLE = re.compile(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?")
_KEY = re.compile(
    r"""\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*)\s*="""
)
#: What ends or hides structure: strings of all four kinds, comments, brackets.
_TOKEN = re.compile(
    r'"""|\'\'\'|"(?:\\.|[^"\\])*"|\'[^\']*\'|#.*|[\[\]{}]',
)


def find_places(text: str) -> dict[KeyPath, int]:
    """The line of each table and key, from 1."""
    places: dict[KeyPath, int] = {}
    table: KeyPath = ()
    counts: dict[KeyPath, int] = {}
    depth = 0
    quote = ""
    for line_no, line in enumerate(text.splitlines(), start=1):
        rest = line
        if not quote and depth == 0:
            if header := _TABLE.match(line):
                table = _within_arrays(_split(header.group(2)), counts)
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


def _within_arrays(name: KeyPath, counts: dict[KeyPath, int]) -> KeyPath:
    """The way to `a.b` where `a` is an array of tables: its last element is meant."""
    path: KeyPath = ()
    for part in name[:-1]:
        path = (*path, part)
        if path in counts:
            path = (*path, counts[path])
    return (*path, name[-1])


def _split(dotted: str) -> KeyPath:
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

"""Real AMI sessions from tests/captures/ami, as lines and as the bytes Asterisk wrote."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parents[2] / "captures" / "ami" / "asterisk-22.10.1"

# The order in which a capture's replies held their lists is kept; the first line of a session is not in it.
GREETING = b"Asterisk Call Manager/11.0.0\r\n"


def names() -> list[str]:
    return sorted(path.name.removesuffix(".jsonl.gz") for path in _FOLDER.glob("*.jsonl.gz"))


@cache
def lines(name: str) -> tuple[dict[str, Any], ...]:
    """All lines of one recording: t (seconds), dir (action, reply, event, note ...), data."""
    with gzip.open(_FOLDER / f"{name}.jsonl.gz", "rt", encoding="utf-8") as file:
        return tuple(json.loads(line) for line in file)


def frames(name: str) -> Iterator[dict[str, Any]]:
    """Every event and every part of every reply, in the order they were read."""
    for line in lines(name):
        if line["dir"] == "event":
            yield line["data"]
        elif line["dir"] == "reply" and isinstance(line["data"], list):
            yield from line["data"]


def to_wire(frame: dict[str, Any]) -> bytes:
    """A frame as Asterisk writes it: a line a header, repeated headers repeated."""
    text = []
    for key, value in frame.items():
        text += [f"{key}: {item}\r\n" for item in (value if isinstance(value, list) else [value])]
    return "".join(text).encode() + b"\r\n"


def stream(name: str) -> bytes:
    """A whole recorded session as bytes."""
    return GREETING + b"".join(to_wire(frame) for frame in frames(name))

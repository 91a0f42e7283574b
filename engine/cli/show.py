"""Records on a terminal: a table, lines of one record, or JSON for scripts."""

from __future__ import annotations

import dataclasses
import enum
import json
from collections.abc import Mapping, Sequence
from typing import Any

from engine.clock import to_rfc3339


def as_dict(record: Any) -> dict[str, object]:
    """A record as the API would show it: times as RFC 3339, scopes by value."""
    shown: dict[str, object] = {}
    for field in dataclasses.fields(record):
        value = getattr(record, field.name)
        if field.name.endswith("_ms"):
            shown[field.name.removesuffix("_ms") + "_at"] = None if value is None else to_rfc3339(value)
        elif isinstance(value, enum.Enum):
            shown[field.name] = value.value
        else:
            shown[field.name] = list(value) if isinstance(value, tuple) else value
    return shown


def print_record(record: Mapping[str, object], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(record, ensure_ascii=False))
        return
    width = max(len(name) for name in record) + 2
    for name, value in record.items():
        print(f"{name + ':':<{width}}{_plain(value)}")


def print_table(records: Sequence[Mapping[str, object]], columns: Sequence[str], *, as_json: bool) -> None:
    """Without --json only the named columns, which is what fits; nothing at all when there is nothing."""
    if as_json:
        print(json.dumps(records, ensure_ascii=False))
        return
    if not records:
        return
    rows = [[name.upper() for name in columns]]
    rows += [[_plain(record[name]) for name in columns] for record in records]
    widths = [max(len(row[at]) for row in rows) for at in range(len(columns))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _plain(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return " ".join(str(item) for item in value) or "-"
    return str(value)

"""What an import of users or numbers asks for, row by row, and how it is read from CSV.

A column that is missing, or a cell that is empty, leaves a known record as it is. Several values in one
cell stand apart by blanks, `|` or `;`.
Source: RFC 4180.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from engine.accounts.errors import invalid
from engine.accounts.models import UNSET, Scope, Unset
from engine.errors import EngineError, InvalidRequest

R = TypeVar("R")

#: Of one request: some seconds of work, and more than one file of an office has.
MAX_ROWS = 5_000
_SEVERAL = re.compile(r"[\s|;]+")
_FLAGS = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportUser:
    """A user by extension. line: of the file, or the position in a list, from 1.

    devices: endpoints on the domain's PBX the user has as well; none is taken away.
    """

    line: int
    extension: str
    display_name: str | Unset = UNSET
    login: str | Unset | None = UNSET
    role: Scope | Unset = UNSET
    email: str | Unset | None = UNSET
    sms_enabled: bool | Unset = UNSET
    enabled: bool | Unset = UNSET
    devices: tuple[str, ...] | Unset = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportNumber:
    """A number by its digits. extensions: of everybody it is assigned to from now on."""

    line: int
    e164: str
    carrier: str | Unset = UNSET
    sms_enabled: bool | Unset = UNSET
    extensions: tuple[str, ...] | Unset = UNSET


@dataclass(frozen=True, slots=True)
class RowFlaw:
    """Why a row cannot be taken. field: the column."""

    line: int
    field: str
    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did, or with dry_run would do."""

    dry_run: bool
    rows: int
    created: int
    updated: int
    unchanged: int
    flaws: tuple[RowFlaw, ...]


class ImportRefused(InvalidRequest):
    """Nothing was done, because of these rows."""

    code = "import_refused"

    def __init__(self, flaws: tuple[RowFlaw, ...]) -> None:
        super().__init__(f"{len(flaws)} of the rows cannot be taken; nothing was changed.")
        self.flaws = flaws


def flaw_of(line: int, error: EngineError) -> RowFlaw:
    return RowFlaw(line, (error.field or "/").removeprefix("/").partition("/")[0], error.code, error.detail)


def users_of_csv(text: str) -> tuple[list[ImportUser], list[RowFlaw]]:
    """Columns: extension, display_name, login, role, email, sms_enabled, enabled, devices.

    Raises InvalidRequest `import_unreadable`.
    """
    readers: Mapping[str, Callable[[str], Any]] = {
        "extension": str,
        "display_name": str,
        "login": str,
        "email": str,
        "role": _role,
        "sms_enabled": _flag,
        "enabled": _flag,
        "devices": _several,
    }
    return _records(text, readers, "extension", lambda line, cells: ImportUser(line=line, **cells))


def numbers_of_csv(text: str) -> tuple[list[ImportNumber], list[RowFlaw]]:
    """Columns: e164, carrier, sms_enabled, extensions. Raises InvalidRequest `import_unreadable`."""
    readers: Mapping[str, Callable[[str], Any]] = {
        "e164": str,
        "carrier": str,
        "sms_enabled": _flag,
        "extensions": _several,
    }
    return _records(text, readers, "e164", lambda line, cells: ImportNumber(line=line, **cells))


def _records(
    text: str,
    readers: Mapping[str, Callable[[str], Any]],
    key: str,
    make: Callable[[int, dict[str, Any]], R],
) -> tuple[list[R], list[RowFlaw]]:
    found: list[R] = []
    flaws: list[RowFlaw] = []
    for line, cells in _rows(text, readers.keys(), key):
        values: dict[str, Any] = {}
        before = len(flaws)
        for name, cell in cells.items():
            try:
                values[name] = readers[name](cell)
            except ValueError as error:
                flaws.append(RowFlaw(line, name, "invalid_request", str(error)))
        if key not in values:
            flaws.append(RowFlaw(line, key, "invalid_request", "This cell must not be empty."))
        if len(flaws) == before:
            found.append(make(line, values))
        if len(found) + len(flaws) > MAX_ROWS:
            raise too_many()
    return found, flaws


def too_many() -> InvalidRequest:
    return invalid("", f"A request takes {MAX_ROWS:,} rows. Send the rest in another one.")


def _rows(text: str, known: Any, key: str) -> Iterator[tuple[int, dict[str, str]]]:
    """The line each row begins on, and its cells that are not empty."""
    text = text.removeprefix("\ufeff")
    first, _, _ = text.partition("\n")
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=first.count), strict=True)
    try:
        header = [cell.strip().lower() for cell in next(rows, [])]
        unknown = sorted({name for name in header if name not in known})
        if key not in header or unknown or len(set(header)) != len(header):
            raise _unreadable(f"The first line names each column once, of: {', '.join(known)}.")
        before = rows.line_num
        for row in rows:
            line, before = before + 1, rows.line_num
            if len(row) > len(header):
                raise _unreadable(f"Line {line} has more cells than the first line.")
            cells = {name: cell.strip() for name, cell in zip(header, row, strict=False) if cell.strip()}
            if cells:
                yield line, cells
    except csv.Error:
        raise _unreadable(f"Line {rows.line_num} is not CSV.") from None


def _unreadable(sentence: str) -> InvalidRequest:
    return InvalidRequest(sentence, code="import_unreadable")


def _flag(cell: str) -> bool:
    try:
        return _FLAGS[cell.lower()]
    except KeyError:
        raise ValueError("Write yes or no.") from None


def _role(cell: str) -> Scope:
    try:
        return Scope(cell.lower())
    except ValueError:
        raise ValueError("A user is a basic_user or an office_manager.") from None


def _several(cell: str) -> tuple[str, ...]:
    return tuple(part for part in _SEVERAL.split(cell) if part)

"""Contacts as CSV: what Google and Outlook export is read, and what we export they read.

Reading takes commas, semicolons or tabs, whichever the first line uses most. Writing follows RFC 4180, and
puts an apostrophe before a cell a spreadsheet would take for a formula; reading takes it off again.
Source: RFC 4180; OWASP "CSV Injection".
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from engine.contacts.errors import unreadable
from engine.contacts.models import Contact, CreateContact, Entry, NumberDraft
from engine.contacts.search_keys import fold

#: What begins a formula, also in the full-width forms that some spreadsheets take for the same; blanks
#: before it do not save anybody.
_FORMULA = re.compile(r"'*[\s\u00a0\u3000]*[=+\-@\t\r＝＋－＠]")
#: Google puts several values of one kind into one cell.
_SEVERAL = " ::: "
_STARRED = "* starred"

_NAMES = ("name", "display name", "full name")
_NAME_PARTS = (
    ("first name", "given name"),
    ("middle name", "additional name"),
    ("last name", "family name", "surname"),
)
_COMPANIES = ("organization name", "organization 1 - name", "company", "organization", "organisation")
_EMAILS = ("e-mail 1 - value", "e-mail address", "email", "e-mail", "email address", "e-mail 2 - value")
_NOTES = ("notes", "note")
_LABELS = ("labels", "group membership")
_PHONE = re.compile(r"phone ([0-9]{1,2}) - value")
_PHONES: Mapping[str, str] = {
    "phone": "",
    "phone number": "",
    "number": "",
    "telephone": "",
    "mobile": "mobile",
    "mobile phone": "mobile",
    "business phone": "work",
    "business phone 2": "work",
    "work phone": "work",
    "company main phone": "main",
    "primary phone": "main",
    "home phone": "home",
    "home phone 2": "home",
    "car phone": "car",
    "other phone": "other",
    "business fax": "fax",
    "home fax": "fax",
    "other fax": "fax",
    "pager": "pager",
    "extension": "extension",
}


def read_csv(text: str) -> Iterator[Entry]:
    """The contacts of a file, lazily. Raises InvalidRequest `import_unreadable`, also while reading on."""
    text = text.removeprefix("\ufeff")
    first, _, _ = text.partition("\n")
    delimiter = max(",;\t", key=first.count)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        header = [fold(cell).strip() for cell in next(rows, [])]
        columns = {name: at for at, name in reversed(list(enumerate(header)))}
        numbered = [(at, match[1]) for at, name in enumerate(header) if (match := _PHONE.fullmatch(name))]
        plain = [(at, _PHONES[name]) for at, name in enumerate(header) if name in _PHONES]
        if not (numbered or plain or columns.keys() & {*_NAMES, *_NAME_PARTS[0], *_NAME_PARTS[2]}):
            raise unreadable("The first line of the file names no column we know.")
        before = rows.line_num
        for row in rows:
            place, before = before + 1, rows.line_num
            if any(cell.strip() for cell in row):
                yield Entry(place, _contact(_Row(columns, row), numbered, plain))
    except csv.Error as error:
        raise unreadable(f"Line {rows.line_num} is not CSV: {_reason(error)}.") from None


def csv_header(numbers: int) -> str:
    """The first line of an export. numbers: how many the contact with the most has."""
    phones = [f"Phone {at} - {what}" for at in range(1, numbers + 1) for what in ("Label", "Value")]
    return _line(["Name", "Organization Name", "E-mail 1 - Value", "Notes", "Labels", *phones])


def csv_line(contact: Contact, numbers: int) -> str:
    """One contact of an export whose header has room for so many numbers."""
    phones: list[str] = []
    for number in contact.numbers[:numbers]:
        label = f"* {number.label}" if number.is_default and len(contact.numbers) > 1 else number.label
        phones += [label, number.e164 or number.extension or ""]
    phones += [""] * (2 * numbers - len(phones))
    starred = _STARRED if contact.favourite else ""
    return _line([contact.name, contact.company, contact.email, contact.notes, starred, *phones])


def _line(cells: Sequence[str]) -> str:
    written = io.StringIO()
    csv.writer(written, lineterminator="\r\n").writerow([_harmless(cell) for cell in cells])
    return written.getvalue()


def _harmless(cell: str) -> str:
    return f"'{cell}" if _FORMULA.match(cell) else cell


class _Row:
    """One line by the names of its columns. A line may be shorter than the first."""

    def __init__(self, columns: Mapping[str, int], cells: Sequence[str]) -> None:
        self._columns = columns
        self._cells = cells

    def at(self, place: int) -> str:
        cell = self._cells[place].strip() if place < len(self._cells) else ""
        return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell

    def first(self, names: Iterable[str]) -> str:
        """The first of these columns that says something."""
        for name in names:
            if name in self._columns and (cell := self.at(self._columns[name])):
                return cell
        return ""


def _contact(
    row: _Row, numbered: Sequence[tuple[int, str]], plain: Sequence[tuple[int, str]]
) -> CreateContact:
    name = row.first(_NAMES) or " ".join(part for names in _NAME_PARTS if (part := row.first(names)))
    numbers: list[NumberDraft] = []
    for at, which in numbered:
        label = row.first((f"phone {which} - label", f"phone {which} - type"))
        preferred = label.startswith("*")
        label = label.removeprefix("*").strip()
        numbers += [
            NumberDraft(label=label, number=value, is_default=preferred) for value in _values(row.at(at))
        ]
    for at, label in plain:
        numbers += [NumberDraft(label=label, number=value) for value in _values(row.at(at))]
    return CreateContact(
        name=name,
        company=row.first(_COMPANIES),
        email=next(_values(row.first(_EMAILS)), ""),
        notes=row.first(_NOTES),
        favourite=_STARRED in row.first(_LABELS),
        numbers=tuple(numbers),
    )


def _values(cell: str) -> Iterator[str]:
    return (value.strip() for value in cell.split(_SEVERAL) if value.strip())


def _reason(error: csv.Error) -> str:
    known = {
        "unexpected end of data": "a quoted field does not end",
        "field larger than field limit (131072)": "a field is too long",
    }
    return known.get(str(error), "its quotes do not fit")

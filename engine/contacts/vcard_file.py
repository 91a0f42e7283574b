"""Contacts as vCard 3.0 and 4.0.

Strict where a mistake would cost data (a card without an end, an unknown version), and silent about
properties that are not ours: photos, addresses, birthdays. The only maintained library reads no 4.0 and
brings two dependencies, for a grammar of one page.
Source: RFC 6350 §3 (4.0), RFC 2426 (3.0), RFC 6868 (parameter values); X-ABLabel is Apple's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from engine.contacts.errors import unreadable
from engine.contacts.models import Contact, ContactNumber, CreateContact, Entry, Flaw, NumberDraft

Version = Literal["3.0", "4.0"]

_NAME = re.compile(r"(?:([A-Za-z0-9-]+)\.)?([A-Za-z0-9-]+)")
_PARAMETER = re.compile(r';([A-Za-z0-9-]+)(?:=((?:"[^"]*"|[^",;:])*(?:,(?:"[^"]*"|[^",;:])*)*))?')
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_APPLE_LABEL = re.compile(r"_\$!<(.*)>!\$_")
#: What we read; everything else is passed over unread, however long it is.
_OURS = frozenset({"BEGIN", "END", "VERSION", "FN", "N", "ORG", "TEL", "EMAIL", "NOTE", "X-ABLABEL"})
_LABEL_OF_TYPE: Mapping[str, str] = {
    "cell": "mobile",
    "iphone": "mobile",
    "fax": "fax",
    "pager": "pager",
    "main": "main",
    "car": "car",
    "work": "work",
    "home": "home",
    "other": "other",
}
_TYPE_OF_LABEL = {"mobile": "cell", "work": "work", "home": "home", "fax": "fax", "pager": "pager"}
_LINE_OCTETS = 75


@dataclass(slots=True)
class _Property:
    group: str
    name: str
    parameters: Mapping[str, list[str]]
    value: str

    @property
    def types(self) -> list[str]:
        """Its kinds, in lower case; old cards write them without TYPE=."""
        return [kind.lower() for kind in self.parameters.get("TYPE", [])]

    @property
    def preferred(self) -> bool:
        return "pref" in self.types or self.parameters.get("PREF", [""])[0] == "1"


@dataclass(slots=True)
class _Card:
    place: int
    properties: list[_Property] = field(default_factory=list)

    def value(self, name: str) -> str:
        """Of the property with this name, the preferred one first, as text."""
        found = [one for one in self.properties if one.name == name]
        return _text(min(found, key=lambda one: not one.preferred).value) if found else ""


def read_vcards(text: str) -> Iterator[Entry | Flaw]:
    """The contacts of a file, lazily; a Flaw for a card that cannot be read.

    Raises InvalidRequest `import_unreadable` for what is no vCard at all, or ends within one.
    """
    card: _Card | None = None
    seen = False
    broken = ""
    for place, line in _unfolded(text.removeprefix("\ufeff")):
        if not line.strip():
            continue
        try:
            one = _property(line)
        except ValueError:
            if card is None:
                raise unreadable(f"Line {place} is no vCard.") from None
            broken = broken or f"Line {place} is no property of a vCard."
            continue
        if one is None:
            continue
        if one.name == "BEGIN":
            if card is not None or one.value.strip().upper() != "VCARD":
                raise unreadable(f"Line {place}: a card begins within another.")
            card, seen, broken = _Card(place), True, ""
        elif card is None:
            raise unreadable(f"Line {place} is outside of any card.")
        elif one.name == "END":
            yield _entry(card, broken)
            card = None
        else:
            card.properties.append(one)
    if card is not None:
        raise unreadable(f"The card of line {card.place} does not end.")
    if not seen:
        raise unreadable("There is no card in the file.")


def write_vcard(contact: Contact, version: Version) -> str:
    """One contact as a card."""
    lines = ["BEGIN:VCARD", f"VERSION:{version}", f"UID:{contact.id}", f"FN:{_escaped(contact.name)}"]
    lines.append(f"N:;{_escaped(contact.name)};;;")
    if contact.company:
        lines.append(f"ORG:{_escaped(contact.company)}")
    if contact.email:
        lines.append(f"EMAIL:{_escaped(contact.email)}")
    for at, number in enumerate(contact.numbers, 1):
        lines += _tel(at, number, version)
    if contact.notes:
        lines.append(f"NOTE:{_escaped(contact.notes)}")
    lines.append("END:VCARD")
    return "".join(_folded(line) + "\r\n" for line in lines)


def _unfolded(text: str) -> Iterator[tuple[int, str]]:
    """Content lines with the number of the line each begins at. Source: RFC 6350 §3.2."""
    place, parts = 0, [""]
    for at, line in enumerate(re.split(r"\r\n|\n|\r", text), 1):
        if line[:1] in (" ", "\t") and place:
            parts.append(line[1:])
            continue
        if place:
            yield place, "".join(parts)
        place, parts = at, [line]
    yield place, "".join(parts)


def _property(line: str) -> _Property | None:
    """A content line taken apart; None for one we pass over. Raises ValueError for what is none."""
    head = _NAME.match(line)
    if head is None or line[head.end() : head.end() + 1] not in (":", ";"):
        raise ValueError
    name = head[2].upper()
    if name not in _OURS:
        return None
    parameters: dict[str, list[str]] = {}
    end = head.end()
    while (parameter := _PARAMETER.match(line, end)) is not None:
        end = parameter.end()
        if parameter[2] is None:  # vCard 2.1 style, which 3.0 cards in the wild keep: TEL;CELL:
            parameters.setdefault("TYPE", []).append(parameter[1])
            continue
        values = [_parameter_value(value) for value in _split(parameter[2])]
        parameters.setdefault(parameter[1].upper(), []).extend(values)
    if line[end : end + 1] != ":":
        raise ValueError
    return _Property((head[1] or "").lower(), name, parameters, line[end + 1 :])


def _split(values: str) -> list[str]:
    """At commas outside of quotes; a quoted list, as `TYPE="work,voice"`, holds several too."""
    return [part for quoted in re.findall(r'"[^"]*"|[^,]+', values) for part in quoted.strip('"').split(",")]


def _parameter_value(text: str) -> str:
    return re.sub(r"\^([n'^])", lambda found: {"n": "\n", "'": '"', "^": "^"}[found[1]], text).strip()


def _entry(card: _Card, broken: str) -> Entry | Flaw:
    version = card.value("VERSION").strip()
    if version not in ("3.0", "4.0"):
        return Flaw(card.place, "vcard_version", "Only vCards of version 3.0 and 4.0 are read.")
    if broken:
        return Flaw(card.place, "vcard_malformed", broken)
    encoded = [one for one in card.properties if "ENCODING" in one.parameters]
    if encoded:
        return Flaw(
            card.place, "vcard_malformed", f"{encoded[0].name} is encoded, which vCard allows no text."
        )
    organisation = [one.value for one in card.properties if one.name == "ORG"][:1]
    company = _components(organisation[0])[0] if organisation else ""
    return Entry(
        card.place,
        CreateContact(
            name=card.value("FN") or _structured_name(card),
            company=company,
            email=card.value("EMAIL").removeprefix("mailto:"),
            notes=card.value("NOTE"),
            numbers=tuple(_number(card, one) for one in card.properties if one.name == "TEL"),
        ),
    )


def _structured_name(card: _Card) -> str:
    found = [one.value for one in card.properties if one.name == "N"][:1]
    if not found:
        return ""
    family, given, more, *_ = [*_components(found[0]), "", "", ""]
    return " ".join(part for part in (given, more, family) if part)


def _components(value: str) -> list[str]:
    return [_text(part).strip() for part in re.split(r"(?<!\\);", value)]


def _number(card: _Card, one: _Property) -> NumberDraft:
    number = _text(one.value).strip()
    if number.lower().startswith("tel:"):
        number = number[4:].partition(";")[0]
    label = next((label for kind, label in _LABEL_OF_TYPE.items() if kind in one.types), "")
    named = [
        other.value
        for other in card.properties
        if other.name == "X-ABLABEL" and other.group and other.group == one.group
    ]
    if named:
        label = _APPLE_LABEL.sub(r"\1", _text(named[0]))
        label = label.lower() if _APPLE_LABEL.search(named[0]) else label
    return NumberDraft(label=label, number=number, is_default=one.preferred)


def _tel(at: int, number: ContactNumber, version: Version) -> list[str]:
    kind = _TYPE_OF_LABEL.get(number.label.lower())
    group = f"item{at}." if kind is None and number.label else ""
    types = [kind or "voice"]
    value = number.e164 or number.extension or ""
    if version == "3.0":
        types += ["pref"] if number.is_default else []
        line = f"{group}TEL;TYPE={','.join(types)}:{value}"
    else:
        preference = ";PREF=1" if number.is_default else ""
        kind_of_value = ";VALUE=uri" if number.e164 else ";VALUE=text"
        uri = f"tel:{value}" if number.e164 else value
        line = f"{group}TEL{kind_of_value};TYPE={types[0]}{preference}:{uri}"
    return [line, *([f"{group}X-ABLabel:{_escaped(number.label)}"] if group else [])]


def _text(value: str) -> str:
    return _ESCAPE.sub(lambda found: "\n" if found[1] in "nN" else found[1], value)


def _escaped(text: str) -> str:
    text = text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return re.sub(r"\r\n|[\r\n]", r"\\n", text)


def _folded(line: str) -> str:
    """In lines of at most 75 octets, cut between characters. Source: RFC 6350 §3.2."""
    pieces, room, piece = [], _LINE_OCTETS, ""
    for character in line:
        octets = len(character.encode())
        if octets > room:
            pieces.append(piece)
            room, piece = _LINE_OCTETS - 1, ""
        piece += character
        room -= octets
    return "\r\n ".join([*pieces, piece])

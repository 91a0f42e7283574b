"""Entries of a file as contacts that can be stored, and what is wrong with them.

A file is somebody else's and seldom clean: line breaks in names become blanks, and one bad number or address
is left out and told of rather than the whole contact.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from engine.accounts.models import Domain
from engine.contacts import validation
from engine.contacts.models import Contact, ContactNumber, CreateContact, Entry, Flaw, NumberDraft, Person
from engine.errors import EngineError, InvalidRequest
from engine.phone_numbers import to_e164


def tidied(entry: CreateContact) -> CreateContact:
    """The entry with its texts on one line each, and a name, if there is anything to call it by."""
    company, email = _one_line(entry.company), _one_line(entry.email)
    number = entry.numbers[0].number if entry.numbers else ""
    return dataclasses.replace(
        entry,
        name=_one_line(entry.name) or company or email or _one_line(number or ""),
        company=company,
        email=email,
    )


def possible_extension(draft: NumberDraft) -> str | None:
    """The text of a number that may be a user's extension: digits alone, and few."""
    text = (draft.number or "").strip()
    return text if text.isascii() and text.isdigit() and 2 <= len(text) <= 10 else None


def contact_of(
    entry: Entry, contact_id: str, domain: Domain, owner_id: str | None, people: Mapping[str, Person]
) -> tuple[Contact | None, list[Flaw]]:
    """The contact, or None when it cannot be one, and all that had to be left out.

    people: users of the domain by extension, as far as `possible_extension` asks for them.
    """
    given = tidied(entry.contact)
    flaws: list[Flaw] = []
    try:
        name, company = validation.name(given.name), validation.company(given.company)
    except InvalidRequest as error:
        return None, [_flaw(entry, error)]
    email, notes = "", ""
    try:
        email = validation.email(given.email)
    except InvalidRequest as error:
        flaws.append(_flaw(entry, error, whole=False))
    try:
        notes = validation.notes(given.notes)
    except InvalidRequest as error:
        flaws.append(_flaw(entry, error, whole=False))
    numbers: list[ContactNumber] = []
    for draft in given.numbers:
        try:
            number = _number(draft, domain, people)
        except InvalidRequest as error:
            flaws.append(_flaw(entry, error, whole=False))
            continue
        if any((one.e164, one.user_id) == (number.e164, number.user_id) for one in numbers):
            continue
        if len(numbers) == validation.MAX_NUMBERS:
            most = f"A contact has at most {validation.MAX_NUMBERS} numbers."
            flaws.append(Flaw(entry.place, "invalid_request", most, whole=False))
            break
        numbers.append(number)
    default = next((at for at, number in enumerate(numbers) if number.is_default), 0)
    contact = Contact(
        id=contact_id,
        domain_id=domain.id,
        owner_id=owner_id,
        name=name,
        company=company,
        email=email,
        notes=notes,
        numbers=tuple(
            dataclasses.replace(number, is_default=at == default) for at, number in enumerate(numbers)
        ),
        created_ms=0,
        updated_ms=0,
        favourite=given.favourite,
    )
    return contact, flaws


def _number(draft: NumberDraft, domain: Domain, people: Mapping[str, Person]) -> ContactNumber:
    label = validation.label(_one_line(draft.label)[: validation.LABEL_CHARACTERS], "label")
    typed = validation.typed(_one_line(draft.number or ""), "number")
    try:
        e164 = to_e164(typed, domain.region, field="number")
    except InvalidRequest:
        person = people.get(possible_extension(draft) or "")
        if person is None:
            raise
        return ContactNumber(label, None, typed, person.id, draft.is_default, person.extension)
    return ContactNumber(label, e164, typed, None, draft.is_default)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _flaw(entry: Entry, error: EngineError, *, whole: bool = True) -> Flaw:
    field = (error.field or "").removeprefix("/")
    return Flaw(entry.place, error.code, f"{field}: {error.detail}" if field else error.detail, whole)

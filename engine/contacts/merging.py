"""Which contact of a book an imported one is, and what it adds: rules without a database.

An entry is a contact that has one of its numbers; one without numbers, that with its e-mail; one with
neither, that with its name. Nothing that is there is overwritten: numbers are added, empty fields filled.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping

from engine.contacts.models import Contact, Fate
from engine.contacts.search_keys import keys_of_contact
from engine.contacts.validation import MAX_NUMBERS


def marks_to_find(contact: Contact) -> list[str]:
    """By which of a contact's marks its like is looked for: numbers, else search keys."""
    numbers = numbers_of(contact)
    return numbers or sorted(_keys(contact, "m")) or sorted(_keys(contact, "n"))


def marks_to_be_found(contact: Contact) -> list[str]:
    """All marks by which a later entry may find it."""
    return [*numbers_of(contact), *_keys(contact, "m"), *_keys(contact, "n")]


def numbers_of(contact: Contact) -> list[str]:
    """Its outside numbers, E.164."""
    return [number.e164 for number in contact.numbers if number.e164 is not None]


def merged(old: Contact, new: Contact) -> Contact:
    """The old contact with what the new one adds, up to the most numbers one may have."""
    known = {(number.e164, number.user_id) for number in old.numbers}
    added = [
        dataclasses.replace(number, is_default=number.is_default and not old.numbers)
        for number in new.numbers
        if (number.e164, number.user_id) not in known
    ]
    return dataclasses.replace(
        old,
        company=old.company or new.company,
        email=old.email or new.email,
        notes=old.notes or new.notes,
        favourite=old.favourite or new.favourite,
        numbers=(old.numbers + tuple(added))[:MAX_NUMBERS],
    )


class Merge:
    """Entries taken one after the other; known: contacts of the book by the marks that were looked for."""

    def __init__(self, known: Mapping[str, Contact]) -> None:
        self._ids = {mark: contact.id for mark, contact in known.items()}
        self._contacts = {contact.id: contact for contact in known.values()}
        self.new: dict[str, Contact] = {}
        self.changed: dict[str, Contact] = {}
        self.fates: list[Fate] = []

    def take(self, entries: Iterable[Contact]) -> None:
        """Decide on each; then `new` and `changed` hold, by id, what is to be stored."""
        for entry in entries:
            like = next((self._ids[mark] for mark in marks_to_find(entry) if mark in self._ids), None)
            if like is None:
                self.new[entry.id] = entry
                self._remember(entry, Fate.CREATED)
                continue
            old = self._contacts[like]
            after = merged(old, entry)
            if after != old:
                (self.new if like in self.new else self.changed)[like] = after
            self._remember(after, Fate.UNCHANGED if after == old else Fate.UPDATED)

    @property
    def known(self) -> Mapping[str, Contact]:
        """What the next entries have to be held against, if nothing of this is stored."""
        return {mark: self._contacts[contact_id] for mark, contact_id in self._ids.items()}

    def _remember(self, contact: Contact, fate: Fate) -> None:
        self.fates.append(fate)
        self._contacts[contact.id] = contact
        for mark in marks_to_be_found(contact):
            self._ids.setdefault(mark, contact.id)


def _keys(contact: Contact, kind: str) -> set[str]:
    return {key for key in keys_of_contact(contact.name, "", contact.email, ()) if key[0] == kind}

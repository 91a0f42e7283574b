"""Contacts: made, read, changed and deleted, each by those who may; see `access`.

Every change is in the event log and the audit log of its own transaction.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, TypeVar

from engine.accounts.models import Page, PageRequest, Principal, Unset
from engine.contacts import validation
from engine.contacts.access import books_of, contact_seen, domain_meant, require_may_share, viewer_of
from engine.contacts.changes import Render, announce, change_once, cut_page, position
from engine.contacts.errors import invalid, too_many_contacts
from engine.contacts.models import Contact, ContactFilter, CreateContact, UpdateContact
from engine.contacts.numbers import resolved
from engine.contacts.ports import ContactChanges, ContactReads, ContactStore, SeesDomain
from engine.contacts.settings import ContactSettings
from engine.idempotency import Claim, Replayed
from engine.ids import new_id

T = TypeVar("T")
R = TypeVar("R")

_FIRST_PAGE = PageRequest()
_NO_FILTER = ContactFilter()


class Contacts:
    """sees_domain: where the tenant's border is drawn."""

    def __init__(self, store: ContactStore, sees_domain: SeesDomain, settings: ContactSettings) -> None:
        self._store = store
        self._sees_domain = sees_domain
        self._settings = settings

    async def create(
        self,
        principal: Principal,
        command: CreateContact,
        claim: Claim | None = None,
        render: Render[Contact] | None = None,
    ) -> Contact | Replayed:
        """Raises InvalidRequest, NotFound (domain), Forbidden `shared_contacts_read_only` or Conflict
        `too_many_contacts`."""
        shared = is_shared(principal, command.shared)
        if command.favourite and principal.user_id is None:
            raise _nobodys_favourite()
        command = checked(command)
        contact_id = new_id("cont")

        def work(changes: ContactChanges) -> Contact:
            domain = domain_meant(changes, self._sees_domain, principal, command.domain_id)
            if shared:
                require_may_share(changes, principal, domain)
            contact = Contact(
                id=contact_id,
                domain_id=domain.id,
                owner_id=None if shared else principal.user_id,
                name=command.name,
                company=command.company,
                email=command.email,
                notes=command.notes,
                numbers=resolved(changes, domain, command.numbers),
                created_ms=changes.now_ms,
                updated_ms=changes.now_ms,
                favourite=command.favourite,
            )
            require_room(changes, contact.book, shared, 1, self._settings)
            changes.insert_contacts((contact,))
            if command.favourite:
                changes.set_favourite(viewer_of(principal), contact.id, True)
            announce(changes, principal, "contact.created", contact, {})
            return contact

        return await change_once(self._store, claim, render, work)

    async def get(self, principal: Principal, contact_id: str) -> Contact:
        """Raises NotFound."""
        return await self._store.read(
            lambda reads: contact_seen(reads, self._sees_domain, principal, contact_id)
        )

    async def list(
        self,
        principal: Principal,
        domain_id: str | None = None,
        chosen: ContactFilter = _NO_FILTER,
        page: PageRequest = _FIRST_PAGE,
    ) -> Page[Contact]:
        """Those the principal sees in one domain, by name. Raises NotFound or InvalidRequest."""
        after = position(page)
        viewer = viewer_of(principal)

        def work(reads: ContactReads) -> Page[Contact]:
            domain = domain_meant(reads, self._sees_domain, principal, domain_id)
            books = books_of(principal, domain.id, chosen.shared)
            if not books or (chosen.favourite and not viewer):
                return Page((), None)
            found = reads.list_contacts(
                books,
                favourites_of=viewer if chosen.favourite else None,
                viewer=viewer,
                after=after,
                limit=page.limit + 1,
            )
            return cut_page(found, page.limit)

        return await self._store.read(work)

    async def update(self, principal: Principal, contact_id: str, command: UpdateContact) -> Contact:
        """Whose favourite it is, everybody says of every contact they see; the rest is as in `create`.

        Raises InvalidRequest, NotFound or Forbidden.
        """
        if not isinstance(command.favourite, Unset) and principal.user_id is None:
            raise _nobodys_favourite()
        command = dataclasses.replace(
            command,
            name=_given(command.name, validation.name),
            company=_given(command.company, validation.company),
            email=_given(command.email, validation.email),
            notes=_given(command.notes, validation.notes),
            numbers=_given(command.numbers, validation.numbers),
        )

        def work(changes: ContactChanges) -> Contact:
            before = contact_seen(changes, self._sees_domain, principal, contact_id)
            after = before
            texts: dict[str, Any] = {
                field: value
                for field in ("name", "company", "email", "notes")
                if not isinstance(value := getattr(command, field), Unset)
            }
            if texts or not isinstance(command.numbers, Unset):
                domain = domain_meant(changes, self._sees_domain, principal, before.domain_id)
                if before.shared:
                    require_may_share(changes, principal, domain)
                if not isinstance(command.numbers, Unset):
                    texts["numbers"] = resolved(changes, domain, command.numbers)
                after = dataclasses.replace(before, **texts)
            changed = [field for field in texts if getattr(before, field) != getattr(after, field)]
            if changed:
                after = dataclasses.replace(after, updated_ms=changes.now_ms)
                changes.save_contact(after)
                announce(changes, principal, "contact.updated", after, {"changed": changed})
            if not isinstance(command.favourite, Unset) and command.favourite != before.favourite:
                changes.set_favourite(viewer_of(principal), after.id, command.favourite)
                after = dataclasses.replace(after, favourite=command.favourite)
                # Of interest to one user alone, whoever sees the contact.
                own = dataclasses.replace(after, owner_id=principal.user_id)
                announce(changes, principal, "contact.updated", own, {"changed": ["favourite"]})
            return after

        return await self._store.change(work)

    async def delete(self, principal: Principal, contact_id: str) -> None:
        """Conversations and calls with its numbers stay. Raises NotFound or Forbidden."""

        def work(changes: ContactChanges) -> None:
            contact = contact_seen(changes, self._sees_domain, principal, contact_id)
            if contact.shared:
                domain = domain_meant(changes, self._sees_domain, principal, contact.domain_id)
                require_may_share(changes, principal, domain)
            changes.delete_contact(contact.id)
            announce(changes, principal, "contact.deleted", contact, {})

        await self._store.change(work)


def checked(command: CreateContact) -> CreateContact:
    """The command with its texts as they are to be stored. Raises InvalidRequest."""
    return dataclasses.replace(
        command,
        name=validation.name(command.name),
        company=validation.company(command.company),
        email=validation.email(command.email),
        notes=validation.notes(command.notes),
        numbers=validation.numbers(command.numbers),
    )


def is_shared(principal: Principal, wanted: bool | None) -> bool:
    """Which book is meant. Raises InvalidRequest when a server, which has none, means its own."""
    if wanted is None:
        return principal.user_id is None
    if not wanted and principal.user_id is None:
        raise invalid("shared", "A personal contact belongs to a user; ask with that user's token.")
    return wanted


def require_room(reads: ContactReads, book: str, shared: bool, more: int, settings: ContactSettings) -> None:
    """Raises Conflict `too_many_contacts` when the book cannot hold so many more."""
    most = settings.shared_contacts if shared else settings.personal_contacts
    if more and reads.size(book) + more > most:
        raise too_many_contacts(most)


def _given(value: T | Unset, check: Callable[[T], R]) -> R | Unset:
    return value if isinstance(value, Unset) else check(value)


def _nobodys_favourite() -> Exception:
    return invalid("favourite", "A favourite is a user's; ask with that user's token.")

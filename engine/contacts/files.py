"""Contacts in and out as files.

A file is read to its end before anything is stored, so one that cannot be read changes nothing. Then it is
stored in small pieces, so that nobody else's writes wait; should that stop half-way, the report says where,
and importing the file again finds what is there by its numbers.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from functools import partial

from engine.accounts.models import Domain, Principal
from engine.contacts.access import books_of, domain_meant, require_may_share, viewer_of
from engine.contacts.changes import position_of
from engine.contacts.csv_file import csv_header, csv_line, read_csv
from engine.contacts.entries import contact_of, possible_extension
from engine.contacts.errors import import_too_large
from engine.contacts.merging import Merge, marks_to_find
from engine.contacts.models import Contact, Entry, Fate, FileFormat, Flaw, ImportReport
from engine.contacts.ports import ContactChanges, ContactReads, ContactStore, SeesDomain
from engine.contacts.service import is_shared, require_room
from engine.contacts.settings import ContactSettings
from engine.contacts.vcard_file import Version, read_vcards, write_vcard
from engine.errors import EngineError
from engine.events import NewEvent, domain_stream, private_to
from engine.ids import new_id

MAX_ENTRIES = 20_000
#: Flaws a report names; it counts them all.
_TOLD = 200
#: Some 2,000 rows a commit: a few tens of milliseconds in which others wait.
_AT_ONCE = 100
#: Entries read between two turns of the loop, a few milliseconds.
_BETWEEN_TURNS = 25
_PAGE = 200


class ContactFiles:
    """sees_domain: where the tenant's border is drawn."""

    def __init__(self, store: ContactStore, sees_domain: SeesDomain, settings: ContactSettings) -> None:
        self._store = store
        self._sees_domain = sees_domain
        self._settings = settings

    async def import_(
        self,
        principal: Principal,
        text: str,
        file_format: FileFormat,
        *,
        shared: bool | None = None,
        dry_run: bool = False,
        domain_id: str | None = None,
    ) -> ImportReport:
        """Take the contacts of a file into one book. dry_run: say what would be done, and do nothing.

        Raises InvalidRequest `import_unreadable` or `body_too_large`, NotFound, Forbidden or Conflict
        `too_many_contacts`, each before anything was stored.
        """
        for_all = is_shared(principal, shared)

        def begin(reads: ContactReads) -> Domain:
            domain = domain_meant(reads, self._sees_domain, principal, domain_id)
            if for_all:
                require_may_share(reads, principal, domain)
            return domain

        domain = await self._store.read(begin)
        read = await _read_to_the_end(read_csv(text) if file_format is FileFormat.CSV else read_vcards(text))
        flaws = [one for one in read if isinstance(one, Flaw)]
        entries = [one for one in read if isinstance(one, Entry)]
        wanted = {
            extension
            for entry in entries
            for draft in entry.contact.numbers
            if (extension := possible_extension(draft)) is not None
        }
        people = await self._store.read(lambda reads: reads.users_by_extension(domain.id, wanted))
        owner_id = None if for_all else principal.user_id
        good: list[tuple[int, Contact]] = []
        for at, entry in enumerate(entries):
            contact, wrong = contact_of(entry, new_id("cont"), domain, owner_id, people)
            flaws += wrong
            if contact is not None:
                liked = contact.favourite and principal.user_id is not None
                good.append((entry.place, dataclasses.replace(contact, favourite=liked)))
            if at % _BETWEEN_TURNS == 0:
                await asyncio.sleep(0)
        fates, stopped = await self._take(principal, domain, owner_id or domain.id, good, dry_run)
        flaws.sort(key=lambda flaw: flaw.place)
        return ImportReport(
            entries=len(read),
            fates=fates,
            skipped=sum(flaw.whole for flaw in flaws),
            flaws=flaws[:_TOLD],
            flaw_count=len(flaws),
            dry_run=dry_run,
            stopped=stopped,
        )

    async def export(
        self,
        principal: Principal,
        file_format: FileFormat,
        *,
        version: Version = "3.0",
        shared: bool | None = None,
        domain_id: str | None = None,
    ) -> AsyncIterator[bytes]:
        """The contacts the principal sees, by name, in pieces. The first page is read before it returns.

        Raises NotFound or InvalidRequest; the iterator may raise StorageUnavailable.
        """

        def begin(reads: ContactReads) -> tuple[Sequence[str], int]:
            domain = domain_meant(reads, self._sees_domain, principal, domain_id)
            books = books_of(principal, domain.id, shared)
            return books, max((reads.most_numbers(book) for book in books), default=0)

        books, most = await self._store.read(begin)

        def written(contact: Contact) -> str:
            return csv_line(contact, most) if file_format is FileFormat.CSV else write_vcard(contact, version)

        async def pieces() -> AsyncIterator[bytes]:
            if file_format is FileFormat.CSV:
                yield csv_header(most).encode()
            after = ("", "")
            while books:
                page = await self._store.read(partial(_page, books, viewer_of(principal), after))
                if page:
                    yield "".join(written(contact) for contact in page).encode()
                if len(page) < _PAGE:
                    return
                after = position_of(page[-1])

        return pieces()

    async def _take(
        self,
        principal: Principal,
        domain: Domain,
        book: str,
        good: Sequence[tuple[int, Contact]],
        dry_run: bool,
    ) -> tuple[Mapping[Fate, int], tuple[str, int] | None]:
        """Store, or with dry_run only compare, piece by piece; the fates, and where it stopped."""
        fates: Counter[Fate] = Counter()
        unstored: Mapping[str, Contact] = {}
        for at in range(0, len(good), _AT_ONCE):
            part = [contact for _, contact in good[at : at + _AT_ONCE]]
            try:
                if dry_run:
                    room_taken = fates[Fate.CREATED]
                    compare = partial(self._merge, principal, domain, book, part, unstored, room_taken)
                    merge = await self._store.read(compare)
                    unstored = merge.known
                else:
                    merge = await self._store.change(partial(self._store_part, principal, domain, book, part))
            except EngineError as error:
                if at == 0:
                    raise
                return fates, (error.code, good[at][0])
            fates.update(merge.fates)
        return fates, None

    def _merge(
        self,
        principal: Principal,
        domain: Domain,
        book: str,
        part: Sequence[Contact],
        unstored: Mapping[str, Contact],
        room_taken: int,
        reads: ContactReads,
    ) -> Merge:
        marks = {mark for contact in part for mark in marks_to_find(contact)}
        ids = {
            **reads.with_keys(book, [mark for mark in marks if not mark.startswith("+")]),
            **reads.with_numbers(book, [mark for mark in marks if mark.startswith("+")]),
        }
        stored = reads.contacts(set(ids.values()), viewer_of(principal))
        merge = Merge({**{mark: stored[contact_id] for mark, contact_id in ids.items()}, **unstored})
        merge.take(part)
        more = len(merge.new)
        require_room(reads, book, book == domain.id, room_taken + more if more else 0, self._settings)
        return merge

    def _store_part(
        self,
        principal: Principal,
        domain: Domain,
        book: str,
        part: Sequence[Contact],
        changes: ContactChanges,
    ) -> Merge:
        merge = self._merge(principal, domain, book, part, {}, 0, changes)
        now_ms = changes.now_ms
        changes.insert_contacts(
            [
                dataclasses.replace(contact, created_ms=now_ms, updated_ms=now_ms)
                for contact in merge.new.values()
            ]
        )
        for contact in merge.changed.values():
            changes.save_contact(dataclasses.replace(contact, updated_ms=now_ms))
        for contact in (*merge.new.values(), *merge.changed.values()):
            if contact.favourite:
                changes.set_favourite(viewer_of(principal), contact.id, True)
        if merge.new or merge.changed:
            data = {"created": len(merge.new), "updated": len(merge.changed)}
            concerned = () if book == domain.id else private_to((book,))
            changes.emit(NewEvent(domain_stream(domain.id), "contact.imported", book, data, concerned))
            changes.record(principal, "contact.imported", book, domain.id, data)
        return merge


def _page(books: Sequence[str], viewer: str, after: tuple[str, str], reads: ContactReads) -> list[Contact]:
    return reads.list_contacts(books, favourites_of=None, viewer=viewer, after=after, limit=_PAGE)


async def _read_to_the_end(entries: Iterable[Entry | Flaw]) -> list[Entry | Flaw]:
    """All of a file. Raises InvalidRequest when it cannot be read, or holds too much."""
    read: list[Entry | Flaw] = []
    for entry in entries:
        read.append(entry)
        if len(read) > MAX_ENTRIES:
            raise import_too_large(f"A file may hold {MAX_ENTRIES} contacts.")
        if len(read) % _BETWEEN_TURNS == 0:
            await asyncio.sleep(0)
    return read

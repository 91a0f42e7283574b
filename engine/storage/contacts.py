"""Contacts in the database: `engine.contacts.ports` over SQL."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import sqlalchemy as sa
import structlog
from sqlalchemy import Connection

from engine.accounts.models import Domain, Principal
from engine.audit import AuditEntry
from engine.contacts.models import Contact, ContactNumber, Match, Named, Person
from engine.contacts.ports import ContactChanges, ContactReads
from engine.contacts.search_keys import Query, keys_of_contact, sort_key
from engine.events import NewEvent
from engine.idempotency import Claim, Replayed
from engine.ids import new_id
from engine.storage import audit, directory_search, idempotency, settings
from engine.storage.account_rows import read_domain
from engine.storage.database import Database
from engine.storage.directory_keys import delete_keys, insert_keys, joined
from engine.storage.lists import one_of
from engine.storage.statements import HotStatement, insert
from engine.storage.tables.accounts import domains, users
from engine.storage.tables.contacts import contact_favourites, contact_numbers, contacts, directory_keys
from engine.storage.transaction import Transaction

R = TypeVar("R")
T = TypeVar("T")
Row = sa.Row[Any]
PersonRow = sa.Row[str, str, str]

#: So many values fit into one IN, well below what either driver takes.
_IN_ONE_STATEMENT = 500

_INSERT_CONTACT = HotStatement(insert(contacts), *(column.name for column in contacts.columns))
_INSERT_NUMBER = HotStatement(insert(contact_numbers), *(column.name for column in contact_numbers.columns))
_FAVOUR = HotStatement(insert(contact_favourites).on_conflict_do_nothing(), "user_id", "contact_id")
_NAMES = (
    sa.select(
        contact_numbers.c.e164,
        contact_numbers.c.book,
        contact_numbers.c.label,
        contacts.c.id,
        contacts.c.name,
    )
    .join(contacts, contacts.c.id == contact_numbers.c.contact_id)
    .where(one_of(contact_numbers.c.book, "books"), one_of(contact_numbers.c.e164, "numbers"))
)


class SqlContactStore:
    """`engine.contacts.ports.ContactStore` over the one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(self, fn: Callable[[ContactReads], R]) -> R:
        return await self._database.read(lambda connection: fn(SqlContactReads(connection)))

    async def change(self, fn: Callable[[ContactChanges], R]) -> R:
        # Where the API serves a request, its id is bound for logging; the audit log names it too.
        request_id = structlog.contextvars.get_contextvars().get("request_id")
        return await self._database.transact(lambda tx: fn(SqlContactChanges(tx, request_id)))


class SqlContactReads:
    """See `engine.contacts.ports.ContactReads`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def domain(self, domain_id: str) -> Domain | None:
        row = self._connection.execute(sa.select(domains).where(domains.c.id == domain_id)).first()
        return None if row is None else read_domain(row)

    def users_edit_shared(self, domain: Domain) -> bool:
        return settings.of_domains(self._connection, (domain,))[domain.id].users_edit_shared_contacts

    def users_by_extension(self, domain_id: str, extensions: Collection[str]) -> Mapping[str, Person]:
        found: dict[str, Person] = {}
        for some in _parts(extensions):
            query = _PEOPLE.where(users.c.domain_id == domain_id, users.c.extension.in_(some))
            found.update((row.extension, _person(row)) for row in self._connection.execute(query))
        return found

    def users(self, domain_id: str, user_ids: Collection[str]) -> Mapping[str, Person]:
        found: dict[str, Person] = {}
        for some in _parts(user_ids):
            query = _PEOPLE.where(users.c.domain_id == domain_id, users.c.enabled == 1, users.c.id.in_(some))
            found.update((row.id, _person(row)) for row in self._connection.execute(query))
        return found

    def contact(self, contact_id: str, viewer: str) -> Contact | None:
        return self.contacts((contact_id,), viewer).get(contact_id)

    def contacts(self, contact_ids: Collection[str], viewer: str) -> Mapping[str, Contact]:
        found: dict[str, Contact] = {}
        for some in _parts(contact_ids):
            rows = self._connection.execute(sa.select(contacts).where(contacts.c.id.in_(some))).all()
            found.update((contact.id, contact) for contact in self._complete(rows, viewer))
        return found

    def list_contacts(
        self,
        books: Sequence[str],
        *,
        favourites_of: str | None,
        viewer: str,
        after: tuple[str, str],
        limit: int,
    ) -> list[Contact]:
        behind = sa.tuple_(contacts.c.sort_key, contacts.c.id) > after
        parts = []
        for book in books:  # each in the order of its index; one statement over both would sort them whole
            chosen = sa.select(contacts.c.id, contacts.c.sort_key).where(contacts.c.book == book, behind)
            if favourites_of is not None:
                theirs = sa.select(contact_favourites.c.contact_id).where(
                    contact_favourites.c.user_id == favourites_of
                )
                chosen = chosen.where(contacts.c.id.in_(theirs))
            part = chosen.order_by(contacts.c.sort_key, contacts.c.id).limit(limit).subquery()
            parts.append(sa.select(part.c.id, part.c.sort_key))
        found = sorted((row.sort_key, row.id) for row in self._connection.execute(sa.union_all(*parts)))
        ids = [contact_id for _, contact_id in found[:limit]]
        by_id = self.contacts(ids, viewer)
        return [by_id[contact_id] for contact_id in ids]

    def size(self, book: str) -> int:
        count = sa.select(sa.func.count()).where(contacts.c.book == book)
        return int(self._connection.execute(count).scalar_one())

    def most_numbers(self, book: str) -> int:
        most = sa.select(sa.func.max(contact_numbers.c.position)).where(contact_numbers.c.book == book)
        last = self._connection.execute(most).scalar()
        return 0 if last is None else int(last) + 1

    def with_numbers(self, book: str, numbers: Collection[str]) -> Mapping[str, str]:
        c = contact_numbers.c
        found: dict[str, str] = {}
        for some in _parts(numbers):
            query = (
                sa.select(c.e164, sa.func.min(c.contact_id))
                .where(c.book == book, c.e164.in_(some))
                .group_by(c.e164)
            )
            found.update((e164, contact_id) for e164, contact_id in self._connection.execute(query))
        return found

    def with_keys(self, book: str, keys: Collection[str]) -> Mapping[str, str]:
        c = directory_keys.c
        found: dict[str, str] = {}
        for some in _parts(keys):
            query = (
                sa.select(c.key, sa.func.min(c.subject))
                .where(c.book == book, c.key.in_(some))
                .group_by(c.key)
            )
            found.update((key, subject) for key, subject in self._connection.execute(query))
        return found

    def names(self, books: Sequence[str], numbers: Collection[str]) -> Mapping[str, Named]:
        best: dict[str, tuple[tuple[int, str], Named]] = {}
        for row in self._connection.execute(_NAMES, {"books": books, "numbers": numbers}):
            rank = (books.index(row.book), row.id)
            if row.e164 not in best or rank < best[row.e164][0]:
                best[row.e164] = rank, Named(row.id, row.name, row.label)
        return {e164: named for e164, (_, named) in best.items()}

    def search(
        self, domain_id: str, books: Sequence[str], query: Query, limit: int
    ) -> list[tuple[Match, str]]:
        return directory_search.search(self._connection, domain_id, books, query, limit)

    def _complete(self, rows: Sequence[Row], viewer: str) -> Iterable[Contact]:
        ids = [row.id for row in rows]
        numbers: dict[str, list[Row]] = {contact_id: [] for contact_id in ids}
        c = contact_numbers.c
        query = (
            sa.select(contact_numbers, users.c.extension)
            .outerjoin(users, users.c.id == c.user_id)
            .where(c.contact_id.in_(ids))
            .order_by(c.contact_id, c.position)
        )
        for row in self._connection.execute(query):
            numbers[row.contact_id].append(row)
        liked: set[str] = set()
        if viewer:
            favourites = sa.select(contact_favourites.c.contact_id).where(
                contact_favourites.c.user_id == viewer, contact_favourites.c.contact_id.in_(ids)
            )
            liked = set(self._connection.execute(favourites).scalars())
        return [_contact(row, numbers[row.id], row.id in liked) for row in rows]


class SqlContactChanges(SqlContactReads):
    """See `engine.contacts.ports.ContactChanges`; lives as long as its transaction."""

    def __init__(self, tx: Transaction, request_id: str | None = None) -> None:
        super().__init__(tx.connection)
        self._tx = tx
        self._request_id = request_id

    @property
    def now_ms(self) -> int:
        return self._tx.now_ms

    def insert_contacts(self, new: Sequence[Contact]) -> None:
        keys = {contact.id: _keys(contact) for contact in new}
        self._tx.execute_many(_INSERT_CONTACT, [_contact_row(one, joined(keys[one.id])) for one in new])
        self._tx.execute_many(_INSERT_NUMBER, [row for contact in new for row in _number_rows(contact)])
        insert_keys(
            self._connection, [(contact.book, key, contact.id) for contact in new for key in keys[contact.id]]
        )

    def save_contact(self, contact: Contact) -> None:
        self._forget_keys(contact.id)
        self._connection.execute(contact_numbers.delete().where(contact_numbers.c.contact_id == contact.id))
        keys = _keys(contact)
        values = dict(zip(contacts.columns.keys(), _contact_row(contact, joined(keys)), strict=True))
        self._connection.execute(contacts.update().where(contacts.c.id == contact.id).values(values))
        self._tx.execute_many(_INSERT_NUMBER, _number_rows(contact))
        insert_keys(self._connection, [(contact.book, key, contact.id) for key in keys])

    def delete_contact(self, contact_id: str) -> None:
        self._forget_keys(contact_id)
        self._connection.execute(contacts.delete().where(contacts.c.id == contact_id))

    def set_favourite(self, user_id: str, contact_id: str, favourite: bool) -> None:
        if favourite:
            self._tx.execute_many(_FAVOUR, [(user_id, contact_id)])
        else:
            c = contact_favourites.c
            self._connection.execute(
                contact_favourites.delete().where(c.user_id == user_id, c.contact_id == contact_id)
            )

    def emit(self, event: NewEvent) -> None:
        self._tx.emit(event)

    def record(
        self,
        principal: Principal,
        action: str,
        subject: str,
        domain_id: str,
        data: Mapping[str, object],
    ) -> None:
        audit.record(
            self._tx,
            AuditEntry(
                id=new_id("aud"),
                domain_id=domain_id,
                actor=principal.credential_id,
                action=action,
                subject=subject,
                data=data,
                created_ms=self._tx.now_ms,
                request_id=self._request_id,
            ),
        )

    def claim(self, claim: Claim) -> Replayed | None:
        return idempotency.claim(self._tx, claim)

    def settle(self, claim: Claim, status: int, body: str) -> None:
        idempotency.settle(self._tx, claim, status, body)

    def _forget_keys(self, contact_id: str) -> None:
        kept = sa.select(contacts.c.book, contacts.c.search_keys).where(contacts.c.id == contact_id)
        row = self._connection.execute(kept).first()
        if row is not None:
            delete_keys(self._connection, row.book, row.search_keys, contact_id)


_PEOPLE = sa.select(users.c.id, users.c.extension, users.c.display_name)


def _person(row: PersonRow) -> Person:
    return Person(row.id, row.extension, row.display_name)


def _contact(row: Row, numbers: Sequence[Row], favourite: bool) -> Contact:
    # A number that was the default may be gone with the user it named; then the first one is.
    default = next((number.position for number in numbers if number.is_default), None)
    if default is None and numbers:
        default = numbers[0].position
    return Contact(
        id=row.id,
        domain_id=row.domain_id,
        owner_id=row.owner_id,
        name=row.name,
        company=row.company,
        email=row.email,
        notes=row.notes,
        numbers=tuple(
            ContactNumber(
                label=number.label,
                e164=number.e164,
                typed=number.typed,
                user_id=number.user_id,
                is_default=number.position == default,
                extension=number.extension,
            )
            for number in numbers
        ),
        created_ms=row.created_ms,
        updated_ms=row.updated_ms,
        favourite=favourite,
    )


def _contact_row(contact: Contact, search_keys: str) -> tuple[object, ...]:
    return (
        contact.id,
        contact.domain_id,
        contact.owner_id,
        contact.book,
        contact.name,
        sort_key(contact.name),
        contact.company,
        contact.email,
        contact.notes,
        search_keys,
        contact.created_ms,
        contact.updated_ms,
    )


def _number_rows(contact: Contact) -> list[tuple[object, ...]]:
    return [
        (
            contact.id,
            position,
            contact.book,
            number.label,
            number.e164,
            number.typed,
            number.user_id,
            int(number.is_default),
        )
        for position, number in enumerate(contact.numbers)
    ]


def _keys(contact: Contact) -> set[str]:
    outside = (number.e164 for number in contact.numbers if number.e164 is not None)
    return keys_of_contact(contact.name, contact.company, contact.email, outside)


def _parts(values: Collection[T]) -> Iterable[Sequence[T]]:
    whole = list(values)
    return [whole[at : at + _IN_ONE_STATEMENT] for at in range(0, len(whole), _IN_ONE_STATEMENT)]

"""One domain with people in it, on a real database, and contacts as each of them sees them."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import TypeVar

from engine.accounts.access import sees_domain
from engine.accounts.models import SYSTEM, CreateDomain, CreateUser, Domain, Principal, Scope, User
from engine.accounts.service import Accounts
from engine.contacts.directory import Directory
from engine.contacts.files import ContactFiles
from engine.contacts.models import Contact, CreateContact, NumberDraft
from engine.contacts.service import Contacts
from engine.contacts.settings import ContactSettings
from engine.events import Event
from engine.idempotency import Replayed
from engine.storage.accounts import SqlAccountsStore
from engine.storage.contacts import SqlContactStore
from engine.storage.database import Database

R = TypeVar("R")


@dataclass
class Clock:
    """Stands still; wall and monotonic time move together."""

    ms: int = 1_700_000_000_000

    def now_ms(self) -> int:
        return self.ms

    def monotonic(self) -> float:
        return self.ms / 1000


@dataclass
class World:
    accounts: Accounts
    contacts: Contacts
    directory: Directory
    files: ContactFiles
    database: Database
    store: SqlContactStore
    clock: Clock
    published: list[Event] = field(default_factory=list)

    async def domain(self, name: str = "Acme", region: str = "US", reseller: str | None = None) -> Domain:
        command = CreateDomain(
            name=name, pbx="main", dial_context="acme", region=region, reseller_id=reseller
        )
        return made(await self.accounts.domains.create(SYSTEM, command))

    async def user(self, domain: Domain, extension: str, name: str) -> User:
        command = CreateUser(domain_id=domain.id, extension=extension, display_name=name)
        return made(await self.accounts.users.create(SYSTEM, command))

    async def save(self, principal: Principal, name: str, *numbers: str, **more: object) -> Contact:
        """A contact with these numbers, the first of them its default."""
        drafts = tuple(NumberDraft(number=number) for number in numbers)
        fields = {"name": name, "numbers": drafts, **more}
        return made(await self.contacts.create(principal, CreateContact(**fields)))

    async def found(self, principal: Principal, query: str, limit: int = 10) -> list[str]:
        """The names of the hits, in order."""
        return [hit.name for hit in await self.directory.search(principal, query, limit)]

    def happened(self) -> list[tuple[str, str]]:
        """Type and subject of what was published about contacts, in order."""
        return [(event.type, event.subject) for event in self.published if event.type.startswith("contact.")]


def made(result: R | Replayed) -> R:
    assert not isinstance(result, Replayed)
    return result


def person(user: User) -> Principal:
    return Principal("token", "tok_person", user.domain_id, user.id, Scope.BASIC_USER)


def managing(user: User) -> Principal:
    return Principal("token", "tok_boss", user.domain_id, user.id, Scope.OFFICE_MANAGER)


def server(domain: Domain) -> Principal:
    return Principal("key", "key_server", domain.id, None, Scope.OFFICE_MANAGER)


@contextlib.asynccontextmanager
async def a_world(url: str, settings: ContactSettings) -> AsyncIterator[World]:
    published: list[Event] = []
    clock = Clock()
    database = await Database.open(url, bus_publish=published.extend, clock=clock)
    store = SqlContactStore(database)
    yield World(
        accounts=Accounts(SqlAccountsStore(database), clock),
        contacts=Contacts(store, sees_domain, settings),
        directory=Directory(store, sees_domain),
        files=ContactFiles(store, sees_domain, settings),
        database=database,
        store=store,
        clock=clock,
        published=published,
    )
    await database.close()

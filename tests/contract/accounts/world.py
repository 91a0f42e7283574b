"""Accounts over each real database, with a clock that moves when told to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar

from engine.accounts.hashing import HashCost, PasswordHashes
from engine.accounts.models import SYSTEM, CreateDomain, CreateUser, Domain, IssuedSession, LogIn, User
from engine.accounts.service import Accounts
from engine.events import Event
from engine.idempotency import Replayed
from engine.storage.accounts import SqlAccountsStore
from engine.storage.audit import AuditReader
from engine.storage.database import Database

R = TypeVar("R")

#: Passwords as argon2id hashes them, at the least cost it takes.
QUICK = HashCost(memory_kib=8, passes=1)


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
    """One system: its accounts service, what it published, and shortcuts to make tenants."""

    accounts: Accounts
    database: Database
    clock: Clock
    published: list[Event] = field(default_factory=list)

    async def domain(self, name: str = "Acme", **settings: object) -> Domain:
        command = CreateDomain(**{"name": name, "pbx": "main", "dial_context": "acme", **settings})
        return unreplayed(await self.accounts.domains.create(SYSTEM, command))

    async def user(self, domain: Domain, extension: str = "101", **settings: object) -> User:
        fields = {"extension": extension, "display_name": f"User {extension}", **settings}
        command = CreateUser(domain_id=domain.id, **fields)
        return unreplayed(await self.accounts.users.create(SYSTEM, command))

    def happened(self) -> list[tuple[str, str]]:
        """Type and subject of every published event, in order."""
        return [(event.type, event.subject) for event in self.published]

    async def audited(self, domain_id: str | None) -> list[tuple[str, str, str]]:
        """Actor, action and subject of the audit entries of a domain, oldest first."""
        entries = await AuditReader(self.database).page(domain_id, before=None, limit=200)
        return [(entry.actor, entry.action, entry.subject) for entry in reversed(entries)]

    def another_process(self) -> Accounts:
        """Accounts as another `ringback` on the same database has them: nothing is remembered."""
        return Accounts(SqlAccountsStore(self.database), self.clock, hashes=PasswordHashes(cost=QUICK))

    async def logged_in(self, name: str, password: str, **more: str) -> IssuedSession:
        """Log in, from an address that is always the same unless it is named."""
        command = LogIn(**{"name": name, "password": password, "address": "192.0.2.1", **more})
        return await self.accounts.sessions.log_in(command)


def unreplayed(result: R | Replayed) -> R:
    assert not isinstance(result, Replayed)
    return result

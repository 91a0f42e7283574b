"""Two domains on one PBX, with users and phones, on SQLite and PostgreSQL in turn."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from engine.accounts.models import SYSTEM, CreateDevice, CreateDomain, CreateUser, Domain, User
from engine.accounts.service import Accounts
from engine.events import Event
from engine.idempotency import Replayed
from engine.storage.accounts import SqlAccountsStore
from engine.storage.call_log import SqlCallLog
from engine.storage.database import Database
from engine.storage.presence import SqlRoster, SqlStatuses
from tests.unit.presence.twins import Clock


@dataclass
class World:
    database: Database
    clock: Clock
    accounts: Accounts
    statuses: SqlStatuses
    roster: SqlRoster
    calls: SqlCallLog
    domains: list[Domain]
    users: list[User]
    events: list[Event]

    def told(self, noun: str) -> list[tuple[str, str, tuple[str, ...]]]:
        """Type, subject and users of the events of a noun, oldest first."""
        found = [event for event in self.events if event.type.startswith(noun + ".")]
        return [(event.type, event.subject, event.user_ids) for event in found]


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    """users: two of the first domain, one of the second."""
    clock = Clock()
    published: list[Event] = []
    database = await Database.open(database_url, bus_publish=published.extend, clock=clock)
    accounts = Accounts(SqlAccountsStore(database), clock, known_pbxs={"main"}, known_carriers=set())
    domains: list[Domain] = []
    users: list[User] = []
    for name, extensions in (("Acme", ("101", "102")), ("Bolt", ("101",))):
        domain = await accounts.domains.create(
            SYSTEM, CreateDomain(name=name, pbx="main", dial_context=name.lower(), region="DE")
        )
        assert not isinstance(domain, Replayed)
        domains.append(domain)
        for extension in extensions:
            user = await accounts.users.create(
                SYSTEM,
                CreateUser(domain_id=domain.id, extension=extension, display_name=f"{name} {extension}"),
            )
            assert not isinstance(user, Replayed)
            users.append(user)
            await accounts.devices.create(
                SYSTEM, CreateDevice(user_id=user.id, endpoint=f"{name.lower()}-{extension}")
            )
    published.clear()
    yield World(
        database,
        clock,
        accounts,
        SqlStatuses(database),
        SqlRoster(database),
        SqlCallLog(database),
        domains,
        users,
        published,
    )
    await database.close()

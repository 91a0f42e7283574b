"""The world of each test: a fresh, empty database, SQLite and PostgreSQL in turn."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from engine.accounts.hashing import PasswordHashes
from engine.accounts.service import Accounts
from engine.events import Event
from engine.storage.accounts import SqlAccountsStore
from engine.storage.database import Database
from tests.contract.accounts.world import QUICK, Clock, World


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    published: list[Event] = []
    clock = Clock()
    database = await Database.open(database_url, bus_publish=published.extend, clock=clock)
    accounts = Accounts(
        SqlAccountsStore(database),
        clock,
        known_pbxs={"main", "spare"},
        known_carriers={"one", "two"},
        hashes=PasswordHashes(cost=QUICK),
    )
    yield World(accounts, database, clock, published)
    accounts.close()
    await database.close()

"""The mirror over each real database, with its service, on a spool folder."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from engine.accounts.access import sees_domain
from engine.accounts.service import Accounts
from engine.clock import SystemClock
from engine.contacts.directory import Directory
from engine.events import Event
from engine.storage.accounts import SqlAccountsStore
from engine.storage.contacts import SqlContactStore
from engine.storage.database import Database
from tests.contract.voicemail.world import World, a_world


@pytest.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    clock = SystemClock()
    told: list[Event] = []
    database = await Database.open(database_url, bus_publish=told.extend, clock=clock)
    accounts = Accounts(SqlAccountsStore(database), clock)
    names = Directory(SqlContactStore(database), sees_domain)
    yield await a_world(accounts, database, names, told, tmp_path)
    accounts.close()
    await database.close()

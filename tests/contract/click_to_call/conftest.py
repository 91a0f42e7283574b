"""Each store and directory in turn: the in-memory twin, SQLite, PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from engine.clock import SystemClock
from engine.events import Event
from engine.storage.accounts import SqlAccountsStore
from engine.storage.audit import AuditReader
from engine.storage.calls import SqlCalls, SqlDirectory
from engine.storage.database import Database
from tests.contract.click_to_call.twins import MemoryCalls, MemoryDirectory
from tests.contract.click_to_call.world import PEOPLE, World

KINDS = ["twin", "sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


@pytest.fixture(params=KINDS)
def store_url(request: pytest.FixtureRequest) -> str | None:
    """A fresh database with all tables; None for the twin."""
    if request.param == "twin":
        return None
    url: str = request.getfixturevalue(f"{request.param}_database")
    return url


@pytest.fixture
async def world(store_url: str | None) -> AsyncIterator[World]:
    if store_url is None:
        calls = MemoryCalls()
        directory = MemoryDirectory(
            calls,
            domains={one.id: one for one in PEOPLE.domains},
            users={one.id: one for one in PEOPLE.users},
            devices={one.id: one for one in PEOPLE.devices},
            numbers={one.e164: one for one in PEOPLE.numbers},
        )

        async def remembered() -> list[tuple[str, str]]:
            return calls.audited

        yield World(calls, directory, lambda: calls.events, remembered)
        return
    published: list[Event] = []
    database = await Database.open(store_url, bus_publish=published.extend, clock=SystemClock())
    await SqlAccountsStore(database).change(PEOPLE.insert)

    async def audited() -> list[tuple[str, str]]:
        entries = await AuditReader(database).page("dom_acme", before=None, limit=100)
        return [(entry.action, entry.subject) for entry in reversed(entries)]

    yield World(
        SqlCalls(database),
        SqlDirectory(database),
        lambda: [
            (event.subject, str(event.data["status"])) for event in published if event.type == "call.updated"
        ],
        audited,
        published,
    )
    await database.close()

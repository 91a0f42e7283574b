"""The accounts service over the configured database, for verbs of the operator at the machine."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

from config.settings import Settings
from engine.accounts.models import Page, PageRequest
from engine.accounts.service import Accounts
from engine.cli.database import prepare_database
from engine.cli.options import load_configuration
from engine.clock import SystemClock
from engine.idempotency import Replayed
from engine.storage.accounts import SqlAccountsStore
from engine.storage.database import Database

R = TypeVar("R")


def with_accounts(config: Path | None, work: Callable[[Accounts], Awaitable[R | Replayed]]) -> R:
    """Run the work; a running server notices what it committed. Raises what the work raises."""
    settings = load_configuration(config).settings
    prepare_database(settings.storage)
    return asyncio.run(_run(settings, work))


async def every(fetch: Callable[[PageRequest], Awaitable[Page[R]]]) -> list[R]:
    """All records of a list, page by page."""
    found: list[R] = []
    cursor = None
    while True:
        page = await fetch(PageRequest(200, cursor))
        found += page.items
        cursor = page.next_cursor
        if cursor is None:
            return found


async def _run(settings: Settings, work: Callable[[Accounts], Awaitable[R | Replayed]]) -> R:
    clock = SystemClock()
    # Nobody listens in this process; a server reads what happened from the event log.
    database = await Database.open(settings.storage.database_url, bus_publish=_nobody, clock=clock)
    try:
        accounts = Accounts(
            SqlAccountsStore(database),
            clock,
            known_pbxs={pbx.name for pbx in settings.pbx},
            known_carriers={carrier.name for carrier in settings.carrier},
        )
        result = await work(accounts)
    finally:
        await database.close()
    if isinstance(result, Replayed):
        raise TypeError("the command line makes no claims, so nothing is replayed")
    return result


def _nobody(_events: Any) -> None:
    return None

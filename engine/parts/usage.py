"""Usage, put together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from engine.clock import Clock
from engine.storage.database import Database
from engine.storage.usage import SqlUsage
from engine.upkeep import Job
from engine.usage.prices import PriceList
from engine.usage.service import UsageReports

#: Days are counted when somebody looks; between that this often, so that little is left to count then.
_COUNT_EVERY_S = 60.0
_RECOUNT_EVERY_S = 6 * 3600.0


@dataclass(frozen=True, slots=True)
class UsagePart:
    reports: UsageReports
    upkeep: Mapping[str, Job]


async def make_usage(database: Database, clock: Clock, prices: Mapping[str, PriceList | None]) -> UsagePart:
    """prices: what each carrier charges from now on. Raises StorageUnavailable."""
    store = SqlUsage(database, clock)
    await store.remember_prices(prices)
    return UsagePart(
        UsageReports(store, clock),
        {
            "count_usage": (_COUNT_EVERY_S, store.keep_up),
            "recount_usage": (_RECOUNT_EVERY_S, store.recount_recent),
        },
    )

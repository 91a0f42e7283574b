"""The world of texts, whose carrier has prices, with an eye on what was used."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from engine.accounts.service import Accounts
from engine.storage.accounts import SqlAccountsStore
from engine.storage.call_log import SqlCallLog
from engine.storage.usage import SqlUsage
from engine.usage.prices import PriceList
from engine.usage.service import UsageReports
from tests.contract.messaging.conftest import world as texts  # noqa: F401 (a fixture)
from tests.contract.messaging.world import World

PRICES = PriceList("EUR", {"+": 90_000, "+49": 61_500, "+4917": 70_000}, inbound=5_000)


@dataclass
class UsageWorld:
    texts: World
    usage: UsageReports
    store: SqlUsage
    calls: SqlCallLog
    accounts: Accounts


@pytest.fixture
async def world(texts: World) -> AsyncIterator[UsageWorld]:  # noqa: F811
    store = SqlUsage(texts.database, texts.clock)
    await store.remember_prices({"carrier": PRICES})
    accounts = Accounts(
        SqlAccountsStore(texts.database), texts.clock, known_pbxs={"main"}, known_carriers={"carrier"}
    )
    return UsageWorld(texts, UsageReports(store, texts.clock), store, SqlCallLog(texts.database), accounts)

"""Webhooks over each real database."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

import pytest

from api.event_frames import may_see
from engine.accounts.access import sees_domain
from engine.accounts.service import Accounts
from engine.outbound import TIME_LIMIT_S, Answer
from engine.sealing import Sealer
from engine.storage.accounts import SqlAccountsStore
from engine.storage.database import Database
from engine.storage.event_log import EventLog
from engine.storage.webhook_progress import SqlWebhookProgress
from engine.storage.webhooks import SqlWebhooks
from engine.webhooks.sending import Sender
from engine.webhooks.service import Webhooks
from engine.webhooks.settings import WebhookSettings
from tests.contract.webhooks.world import Clock, World


class Nowhere:
    """Takes every request."""

    async def post(
        self, url: str, body: bytes, headers: Mapping[str, str], *, time_limit_s: float = TIME_LIMIT_S
    ) -> Answer:
        return Answer(204, b"", True, None)


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    clock, sealer = Clock(), Sealer(b"k" * 32)
    database = await Database.open(database_url, bus_publish=lambda events: None, clock=clock)
    accounts = Accounts(SqlAccountsStore(database), clock)
    told: list[str] = []
    webhooks = Webhooks(
        SqlWebhooks(database),
        Sender(Nowhere(), sealer, clock),
        sealer,
        WebhookSettings(per_domain=3),
        clock,
        sees_domain,
        may_see,
        told.append,
    )
    world = World(database, accounts, webhooks, SqlWebhookProgress(database), EventLog(database), clock, told)
    await world.settle()
    yield world
    accounts.close()
    await database.close()

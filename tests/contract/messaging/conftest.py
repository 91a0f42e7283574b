"""A domain with two users and two numbers, on SQLite and PostgreSQL in turn, and a carrier that obeys."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from engine.accounts.models import SYSTEM, CreateDomain, CreateNumber, CreateUser
from engine.accounts.service import Accounts
from engine.adapters.smpp_texts import CarrierTexts, CarrierWords
from engine.bus.in_process import Bus
from engine.conversations.service import Conversations
from engine.events import Event
from engine.idempotency import Replayed
from engine.messaging.outbox import Outbox
from engine.messaging.service import Messaging
from engine.messaging.settings import MessagingSettings
from engine.smpp.text import TextProfile
from engine.storage.accounts import SqlAccountsStore
from engine.storage.conversations import SqlConversations
from engine.storage.database import Database
from engine.storage.messaging import SqlNumberDirectory, SqlTexts
from tests.contract.messaging.world import ObedientCarrier, World
from tests.unit.messaging.test_outbox import Clock


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    clock = Clock(ms=1_700_000_000_000)
    published: list[Event] = []
    database = await Database.open(database_url, bus_publish=published.extend, clock=clock)
    accounts = Accounts(SqlAccountsStore(database), clock, known_pbxs={"main"}, known_carriers={"carrier"})

    domain = await accounts.domains.create(
        SYSTEM, CreateDomain(name="Acme", pbx="main", dial_context="acme", region="DE")
    )
    assert not isinstance(domain, Replayed)
    users = []
    for extension in ("101", "102"):
        user = await accounts.users.create(
            SYSTEM, CreateUser(domain_id=domain.id, extension=extension, display_name=f"User {extension}")
        )
        assert not isinstance(user, Replayed)
        users.append(user)
    for e164, user in (("+4930100001", users[0]), ("+4930100002", users[1])):
        await accounts.numbers.create(
            SYSTEM, CreateNumber(domain_id=domain.id, e164=e164, carrier="carrier", user_ids=(user.id,))
        )
    texts = CarrierTexts({"carrier": CarrierWords(carrier="carrier", profile=TextProfile())})
    store = SqlTexts(database, texts)
    numbers = SqlNumberDirectory(database, clock)
    carrier = ObedientCarrier()
    settings = MessagingSettings()
    outbox = Outbox(carrier, store, settings, clock)
    await outbox._tick()
    messaging = Messaging(store, numbers, texts, {"carrier": outbox}, settings, clock)
    conversations = Conversations(SqlConversations(database), messaging, Bus(), clock)
    yield World(
        database, clock, store, numbers, carrier, outbox, messaging, conversations, domain, users, published
    )
    await database.close()

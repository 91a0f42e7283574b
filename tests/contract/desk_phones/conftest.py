"""Desk phones over each real database."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from engine.accounts.service import Accounts
from engine.clock import SystemClock
from engine.conversations.service import Conversations
from engine.messaging.models import Message
from engine.storage.accounts import SqlAccountsStore
from engine.storage.conversations import SqlConversations
from engine.storage.database import Database
from engine.storage.desk_phones import SqlDeskPhones
from tests.contract.desk_phones.world import World


class NoTexts:
    """Chats need no carrier."""

    async def send(self, *_: object, **__: object) -> Message:
        raise AssertionError("nothing here is a text")


class Nobody:
    """Tells no page of who is typing."""

    def publish_ephemeral(self, *_: object, **__: object) -> None:
        raise AssertionError("nobody is typing")


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    clock = SystemClock()
    database = await Database.open(database_url, bus_publish=lambda events: None, clock=clock)
    accounts = Accounts(SqlAccountsStore(database), clock)
    conversations = Conversations(SqlConversations(database), NoTexts(), Nobody(), clock)
    world = World(accounts, conversations, SqlDeskPhones(database))
    await world.settle()
    yield world
    accounts.close()
    await database.close()

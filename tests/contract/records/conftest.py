"""The world of texts, with everything else that may name somebody, and those who remove it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from engine.accounts.access import sees_domain
from engine.accounts.models import SYSTEM, Principal
from engine.accounts.service import Accounts
from engine.contacts.service import Contacts
from engine.contacts.settings import ContactSettings
from engine.ids import new_id
from engine.presence.models import CallLogEntry, CallResult, Direction
from engine.records.erasing import Erasures
from engine.records.models import Person
from engine.records.retention import Retention
from engine.sealing import Sealer
from engine.storage.accounts import SqlAccountsStore
from engine.storage.call_log import SqlCallLog
from engine.storage.contacts import SqlContactStore
from engine.storage.erased_pairs import use_key
from engine.storage.erasure import SqlErasures
from engine.storage.removal import merge_words
from engine.storage.retention import SqlTerms, forget_nobodys, perishables
from engine.storage.search import SearchIndex
from engine.storage.usage import SqlUsage
from engine.usage.service import UsageReports
from tests.contract.messaging.conftest import world as texts  # noqa: F401 (a fixture)
from tests.contract.messaging.world import World

SEALER = Sealer(b"k" * 32)


@dataclass
class Records:
    texts: World
    erasures: Erasures
    retention: Retention
    accounts: Accounts
    contacts: Contacts
    calls: SqlCallLog
    usage: UsageReports

    async def index(self) -> None:
        await SearchIndex(self.texts.database).catch_up()

    async def a_call(self, place: int, peer: str, name: str = "", peer_user_id: str | None = None) -> None:
        """One of a user's own, answered."""
        now_ms = self.texts.clock.ms
        entry = CallLogEntry(
            id=new_id("clog"),
            domain_id=self.texts.domain.id,
            user_id=self.texts.users[place].id,
            pbx="main",
            linkedid=new_id("pbx"),
            peer=peer,
            peer_user_id=peer_user_id,
            peer_name=name,
            direction=Direction.INBOUND,
            result=CallResult.ANSWERED,
            answered=True,
            started_ms=now_ms,
            answered_ms=now_ms + 1_000,
            ended_ms=now_ms + 61_000,
        )
        await self.calls.save([entry])


@pytest.fixture
async def world(texts: World) -> AsyncIterator[Records]:  # noqa: F811
    database, clock = texts.database, texts.clock
    key = await use_key(database, SEALER)
    accounts = Accounts(SqlAccountsStore(database), clock, known_pbxs={"main"}, known_carriers={"carrier"})

    async def delete_user(_: Principal, user_id: str) -> None:
        await accounts.users.delete(SYSTEM, user_id)

    async def nothing_elsewhere(_: Person) -> dict[str, int]:
        return {}

    texts.store.answers_queued = texts.messaging.take_up
    yield Records(
        texts,
        Erasures(SqlErasures(database, key), delete_user, nothing_elsewhere, clock),
        Retention(
            SqlTerms(database, clock),
            perishables(database),
            lambda: forget_nobodys(database, clock),
            lambda: merge_words(database),
        ),
        accounts,
        Contacts(SqlContactStore(database), sees_domain, ContactSettings()),
        SqlCallLog(database),
        UsageReports(SqlUsage(database, clock), clock),
    )
    accounts.close()

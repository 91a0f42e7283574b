"""The office of the conversations' tests, where people want to be told: over each real database.

Time moves when a test says so.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_network

from engine.accounts.models import SYSTEM, Principal, UpdateUser
from engine.adapters.outbound import OutboundClient
from engine.adapters.web_push import WebPush
from engine.errors import EngineError
from engine.notifications.mailing import Mailing
from engine.notifications.models import Mail, Subscription
from engine.notifications.preferences import Preferences
from engine.notifications.pushing import Pushes
from engine.notifications.subscriptions import Subscriptions
from engine.notifications.telling import TOLD_BY_MAIL, Telling
from engine.outbound import OutboundSettings
from engine.sealing import Sealer
from engine.storage.mail_digests import SqlMailQueue
from engine.storage.notifications import SqlNotifications
from tests.contract.conversations.world import World
from tests.peers.push_browser import Browser

MINUTE_MS = 60_000


class Postman:
    """Takes mails, or fails as it is told to."""

    def __init__(self) -> None:
        self.mails: list[Mail] = []
        self.failures: list[EngineError] = []

    async def send(self, mail: Mail) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.mails.append(mail)


@dataclass
class Page:
    """An open page: keeps what it was shown. deaf: it takes no frames."""

    frames: list[tuple[str, Mapping[str, object]]] = field(default_factory=list)
    deaf: bool = False

    def show(self, type: str, stream: str, data: Mapping[str, object]) -> bool:
        if not self.deaf:
            self.frames.append((type, data))
        return not self.deaf

    def notified(self) -> list[Mapping[str, object]]:
        return [data for type, data in self.frames if type == "notify"]


class Office:
    """world's people with everything that tells them."""

    def __init__(self, world: World, outbound: OutboundClient) -> None:
        self.world = world
        world.clock.ms = time.time_ns() // 1_000_000
        self.store = SqlNotifications(world.database, Sealer(b"k" * 32))
        self.queue = SqlMailQueue(world.database)
        self.postman = Postman()
        self.push_service = WebPush(self.store, outbound, world.clock, "mailto:admin@example.com")
        self.pushes = Pushes(self.store, self.push_service, first_pause_s=0.01)
        self.preferences = Preferences(self.store, world.conversations)
        self.subscriptions = Subscriptions(self.store, plain_http=True)
        self._heard = len(world.published)
        self.engine_starts()

    def engine_starts(self) -> None:
        """What is in memory is new."""
        self.mailing = Mailing(
            self.store,
            self.queue,
            self.world.phonebook,
            self.postman,
            self.world.clock,
            portal_url="https://portal.example.com",
            api_url="https://phone.example.com/",
            told_by_mail=TOLD_BY_MAIL,
        )
        self.telling = Telling(
            self.store, self.world.phonebook, self.pushes, self.mailing, self.world.clock, acknowledge_s=4
        )

    async def dies_and_starts(self) -> None:
        """kill -9, as far as memory goes: events that were not looked at are heard by nobody."""
        self._heard = len(self.world.published)
        self.engine_starts()
        await self.mailing.read_log()

    async def hear(self) -> None:
        """Look at everything that was committed."""
        for event in self.world.published[self._heard :]:
            self.telling.hear(event)
        self._heard = len(self.world.published)
        await self.telling.catch_up()

    async def minutes_pass(self, minutes: float) -> None:
        """Then mails that are due go out."""
        self.world.clock.ms += round(minutes * MINUTE_MS)
        await self.mailing.send_due()

    async def address(self, who: Principal, email: str | None) -> None:
        assert who.user_id is not None
        await self.world.accounts.users.update(SYSTEM, who.user_id, UpdateUser(email=email))

    async def pushed(self, who: Principal, tag: str) -> None:
        """Return once a push with this tag was taken."""
        async with asyncio.timeout(60):
            while True:
                shown = self.telling._ledger.of(who.user_id or "", tag)
                if shown is not None and shown.subscription_ids:
                    return
                await asyncio.sleep(0.01)

    async def subscribe(self, who: Principal, browser: Browser) -> Subscription:
        self.world.clock.ms += 1
        return await self.subscriptions.add(who, browser.subscription)


@contextlib.asynccontextmanager
async def an_office(world: World) -> AsyncIterator[Office]:
    allowed = OutboundSettings(allowed_networks=(ip_network("127.0.0.0/8"),))
    async with OutboundClient(allowed, world.clock) as outbound:
        office = Office(world, outbound)
        await office.mailing.read_log()
        pushing = asyncio.create_task(office.pushes.run())
        yield office
        pushing.cancel()
        await asyncio.wait((pushing,))

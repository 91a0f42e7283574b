"""An office behind a browser: the real engine, a simulated carrier and PBX, people who can log in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, BrowserContext, Page, expect

from config.carriers import CarrierSection
from config.settings import EventSettings, ServerSettings, Settings, StorageSettings
from engine.accounts.models import (
    SYSTEM,
    CreateDevice,
    CreateDomain,
    CreateNumber,
    CreateUser,
    Domain,
    Principal,
    Scope,
    User,
)
from engine.ami.settings import AmiSettings
from engine.app import Engine, listening, running
from engine.contacts.models import CreateContact, NumberDraft
from engine.conversations.models import Say, StartConversation, Target
from engine.idempotency import Replayed
from engine.outbound import OutboundSettings
from engine.simulators.asterisk_config import DIAL_CONTEXT
from engine.simulators.pbx import PbxOptions, PbxSimulator
from engine.simulators.smsc import SmscSimulator
from engine.simulators.smsc_behaviour import SmscOptions
from engine.storage import migrate
from engine.voicemail.settings import VoicemailSettings
from tests.peers.engine import made

REALM = "acme.example"
PASSWORD = "correct horse battery"
#: Anna's own number, and one that she shares with Bob.
ANNAS, SHARED = "+12025550100", "+12025550101"
#: Outside: a person who is in the contacts, and one who is not.
CARLA, STRANGER = "+12025550123", "+12025550177"
#: A loaded machine is slow; a missing thing is missing after this long too.
PATIENCE_MS = 20_000
WIDE = {"width": 1280, "height": 800}
PHONE = {"width": 360, "height": 740}

SHOTS = Path(__file__).parents[3] / ".cache" / "portal-shots"

PEOPLE = (
    ("101", "Anna Adler", Scope.OFFICE_MANAGER),
    ("102", "Bob Böhm", Scope.BASIC_USER),
    ("103", "Cem Çelik", Scope.BASIC_USER),
)


async def _so(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_MS / 1_000):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


@dataclass
class Office:
    """A running engine with its people. Every page that was opened must have caused no error."""

    engine: Engine
    url: str
    smsc: SmscSimulator
    pbx: PbxSimulator
    domain: Domain
    users: dict[str, User]
    browser: Browser | None
    contexts: list[BrowserContext] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    async def page(self, who: str | None = None, **options: Any) -> Page:
        """A page in a browser of its own, logged in as the one with this extension."""
        assert self.browser is not None
        context = await self.browser.new_context(
            **{"base_url": self.url, "viewport": WIDE, "locale": "en-US", **options}
        )
        context.set_default_timeout(PATIENCE_MS)
        self.contexts.append(context)
        page = await self.tab(context)
        if who is not None:
            await self.log_in(page, who)
        return page

    async def tab(self, context: BrowserContext) -> Page:
        """Another page in the same browser."""
        page = await context.new_page()
        page.on("pageerror", lambda error: self.errors.append(f"{error}"))
        page.on(
            "console",
            lambda line: (
                self.errors.append(line.text)
                if line.type == "error"
                and "Failed to load resource" not in line.text
                and "WebSocket connection" not in line.text
                else None
            ),
        )
        return page

    async def log_in(self, page: Page, who: str, password: str = PASSWORD) -> None:
        await page.goto("/")
        await page.get_by_label("Name", exact=True).fill(f"{who}@{REALM}")
        await page.get_by_label("Password", exact=True).fill(password)
        await page.get_by_role("button", name="Log in").click()
        # On their own row once the socket is open: from then on the page is told of what happens.
        own = page.get_by_role("complementary", name="Contacts").get_by_text(f"{who} · Logged in")
        await expect(own).to_be_visible()

    async def reported(self, who: str) -> None:
        """Until a page of theirs has told the engine what it is used for, and can be chosen to notify."""
        screens = self.engine.services.notifications._telling._screens
        await _so(lambda: screens.has(self.users[who].id))

    async def looks_at(self, who: str, thread: str, *, no_more: bool = False) -> None:
        """Until the engine knows that they have this conversation before them, or have it no more."""
        screens = self.engine.services.notifications._telling._screens
        await _so(lambda: screens.looks_at(self.users[who].id, thread) is not no_more)

    def principal(self, who: str) -> Principal:
        """For what a test does behind the pages' back."""
        user = self.users[who]
        return Principal(
            kind="session",
            credential_id="ses_test",
            scope=user.role,
            domain_id=user.domain_id,
            user_id=user.id,
        )

    async def chat(self, who: str, *others: str) -> str:
        """A conversation started behind the pages' back: its id."""
        services = self.engine.services
        to = tuple(Target(user_id=self.users[one].id) for one in others)
        started = await services.conversations.start(self.principal(who), StartConversation(to=to), None)
        assert not isinstance(started, Replayed)
        return started[0].conversation.id

    async def say(self, who: str, conversation_id: str, text: str) -> None:
        await self.engine.services.conversations.say(
            self.principal(who), conversation_id, Say(text=text), None
        )

    def text_in(self, sender: str, to: str, text: str) -> None:
        """A text from outside, as the carrier brings it."""
        self.smsc.deliver_text(sender, to, text)

    async def shot(self, page: Page, name: str) -> None:
        """A picture for people to look at; nothing is compared with it."""
        SHOTS.mkdir(parents=True, exist_ok=True)
        await page.screenshot(path=SHOTS / f"{name}.png")

    async def close(self) -> None:
        for context in self.contexts:
            await context.close()


@asynccontextmanager
async def open_office(
    browser: Browser | None,
    folder: Path,
    voicemail: VoicemailSettings | None = None,
    ami: AmiSettings | None = None,
    people: Sequence[tuple[str, str, Scope]] = PEOPLE,
    outbound: OutboundSettings | None = None,
    **smsc_options: Any,
) -> AsyncIterator[Office]:
    """browser: of the office's pages, if there are to be any.

    ami: of a PBX, named `pbx`, that has phones for these people; else theirs are simulated.
    """
    expect.set_options(timeout=PATIENCE_MS)
    async with AsyncExitStack() as stack:
        smsc = SmscSimulator(
            SmscOptions(**{"port": 0, "password": "secret", "receipt_delay_s": 0.05, **smsc_options})
        )
        await smsc.start()
        stack.push_async_callback(smsc.stop)
        pbx = await stack.enter_async_context(
            PbxSimulator(PbxOptions(port=0, username="office", secret="secret", ring_s=0.4)).serving()
        )
        settings = Settings(
            server=ServerSettings(port=0, stop_within_s=1.0),
            storage=StorageSettings(data_dir=folder),
            events=EventSettings(heartbeat_s=1.0),
            carrier=(
                CarrierSection(
                    name="carrier", hosts=("127.0.0.1",), port=smsc.port, system_id="esme", password="secret"
                ),
            ),
            pbx=(
                ami
                or AmiSettings(
                    name="pbx", host="127.0.0.1", port=pbx.port, username="office", secret="secret"
                ),
            ),
            voicemail=voicemail or VoicemailSettings(),
            outbound=outbound or OutboundSettings(),
        )
        migrate.upgrade(settings.storage.database_url)
        engine = await stack.enter_async_context(running(settings))
        url = await stack.enter_async_context(listening(engine, settings))
        domain, users = await _people(engine, people)
        office = Office(engine, url, smsc, pbx, domain, users, browser)
        try:
            yield office
        finally:
            await office.close()


async def _people(engine: Engine, people: Sequence[tuple[str, str, Scope]]) -> tuple[Domain, dict[str, User]]:
    accounts, contacts = engine.services.accounts, engine.services.contacts
    domain = made(
        await accounts.domains.create(
            SYSTEM,
            CreateDomain(name="Acme", pbx="pbx", dial_context=DIAL_CONTEXT, region="US", realm=REALM),
        )
    )
    users: dict[str, User] = {}
    for extension, name, role in people:
        user = made(
            await accounts.users.create(
                SYSTEM,
                CreateUser(domain_id=domain.id, extension=extension, display_name=name, role=role),
            )
        )
        users[extension] = user
        await accounts.passwords.set(SYSTEM, user.id, PASSWORD)
        await accounts.devices.create(
            SYSTEM, CreateDevice(user_id=user.id, endpoint=extension, label="Desk phone", is_default=True)
        )
    anna, bob, *_ = users.values()
    for number, owners in ((ANNAS, (anna.id,)), (SHARED, (anna.id, bob.id))):
        await accounts.numbers.create(
            SYSTEM, CreateNumber(domain_id=domain.id, e164=number, carrier="carrier", user_ids=owners)
        )
    await contacts.create(
        SYSTEM,
        CreateContact(
            domain_id=domain.id,
            name="Carla Cruz",
            company="Cruz Catering",
            shared=True,
            numbers=(NumberDraft(label="mobile", number=CARLA),),
        ),
    )
    return domain, users

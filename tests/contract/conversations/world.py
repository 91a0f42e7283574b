"""A domain with four people, two of whom share a number, and a domain next door; a carrier without a bind."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from dataclasses import dataclass, field

from engine.accounts.models import (
    SYSTEM,
    CreateDomain,
    CreateNumber,
    CreateUser,
    Domain,
    Number,
    Principal,
    Scope,
    User,
)
from engine.accounts.service import Accounts
from engine.adapters.smpp_texts import CarrierTexts, CarrierWords
from engine.contacts.models import Contact, Named
from engine.conversations.models import (
    AddMembers,
    Conversation,
    ListThreads,
    Say,
    StartConversation,
    Target,
    ThreadView,
)
from engine.conversations.out_of_office import Absences
from engine.conversations.quick_replies import QuickReplies
from engine.conversations.service import Conversations
from engine.conversations.strangers import Strangers
from engine.errors import NotFound
from engine.events import Event
from engine.idempotency import Replayed
from engine.ids import new_id
from engine.messaging.models import Message
from engine.messaging.outbox import Outbox
from engine.messaging.ports import InboundText
from engine.messaging.service import Messaging
from engine.messaging.settings import MessagingSettings
from engine.presence.models import CallLogEntry
from engine.smpp.text import TextProfile
from engine.storage.accounts import SqlAccountsStore
from engine.storage.conversations import SqlConversations
from engine.storage.database import Database
from engine.storage.messaging import SqlNumberDirectory, SqlTexts
from engine.storage.own_texts import SqlOwnTexts
from tests.contract.messaging.world import ObedientCarrier
from tests.unit.messaging.test_outbox import Clock

SHARED, OWN, FOREIGN = "+4930100001", "+4930100002", "+4930200001"
PEER, STRANGER = "+4917012345678", "+33612345678"


class Phonebook(Strangers):
    """Contacts and calls as the tests put them in."""

    def __init__(self) -> None:
        self.contacts: dict[str, Contact] = {}
        self.names: dict[str, Named] = {}
        self.calls: list[CallLogEntry] = []

    async def get(self, principal: Principal, contact_id: str) -> Contact:
        if contact_id not in self.contacts:
            raise NotFound("There is no such contact.")
        return self.contacts[contact_id]

    async def names_of(
        self, domain_id: str, user_id: str | None, numbers: Collection[str]
    ) -> Mapping[str, Named]:
        return {number: self.names[number] for number in numbers if number in self.names}

    async def calls_between(
        self, user_id: str, peer: str, before: tuple[int, str] | None, limit: int
    ) -> list[CallLogEntry]:
        found = [one for one in self.calls if (one.user_id, one.peer) == (user_id, peer)]
        found = [one for one in found if before is None or (one.started_ms, one.id) < before]
        return sorted(found, key=lambda one: (one.started_ms, one.id), reverse=True)[:limit]


@dataclass
class Announcements:
    """Frames that nobody keeps, kept."""

    frames: list[tuple[str, str, Mapping[str, object], tuple[str, ...] | None]] = field(default_factory=list)

    def publish_ephemeral(
        self, stream: str, type: str, data: Mapping[str, object], user_ids: Iterable[str] | None = None
    ) -> None:
        self.frames.append((stream, type, data, None if user_ids is None else tuple(user_ids)))


@dataclass
class World:
    """people: Ann and Bob share SHARED, Bob has OWN as well, Cem and Dea have none. stranger: next door."""

    database: Database
    clock: Clock
    accounts: Accounts
    conversations: Conversations
    phonebook: Phonebook
    announcements: Announcements
    texts: SqlTexts
    numbers: SqlNumberDirectory
    domain: Domain
    people: list[User]
    shared: Number
    own: Number
    next_door: Domain
    stranger: User
    published: list[Event]

    def who(self, place: int) -> Principal:
        user = self.people[place]
        return Principal("token", f"tok_{place}", self.domain.id, user.id, Scope.BASIC_USER)

    @property
    def ann(self) -> Principal:
        return self.who(0)

    @property
    def bob(self) -> Principal:
        return self.who(1)

    @property
    def cem(self) -> Principal:
        return self.who(2)

    @property
    def dea(self) -> Principal:
        return self.who(3)

    @property
    def outsider(self) -> Principal:
        return Principal("token", "tok_x", self.next_door.id, self.stranger.id, Scope.BASIC_USER)

    @property
    def manager(self) -> Principal:
        """A key of the domain, which is no user."""
        return Principal("key", "key_1", self.domain.id, None, Scope.OFFICE_MANAGER)

    @property
    def managing_dea(self) -> Principal:
        return Principal("token", "tok_m", self.domain.id, self.people[3].id, Scope.OFFICE_MANAGER)

    @property
    def absences(self) -> Absences:
        return Absences(SqlOwnTexts(self.database))

    @property
    def quick_replies(self) -> QuickReplies:
        return QuickReplies(SqlOwnTexts(self.database))

    async def chat(self, starter: Principal, *others: Principal, name: str | None = None) -> ThreadView:
        to = tuple(Target(user_id=one.user_id) for one in others)
        return await self.start(starter, StartConversation(to=to, name=name))

    async def text(self, starter: Principal, *numbers: str, **more: str) -> ThreadView:
        to = tuple(Target(number=one) for one in numbers)
        return await self.start(starter, StartConversation(to=to, **more))  # type: ignore[arg-type]

    async def start(self, starter: Principal, wanted: StartConversation) -> ThreadView:
        started = await self.conversations.start(starter, wanted)
        assert not isinstance(started, Replayed)
        return started[0]

    async def say(self, who: Principal, thread_id: str, text: str, **more: str) -> Message:
        said = await self.conversations.say(who, thread_id, Say(text=text, **more))  # type: ignore[arg-type]
        assert isinstance(said, Message)
        return said

    async def receive(self, text: str, *, source: str = PEER, to: str = SHARED) -> Message:
        """A text from outside."""
        came = InboundText(
            new_id("msg"), new_id("conv"), "carrier", source, to, 0, text.encode(), text, "s1", self.clock.ms
        )
        stored: asyncio.Future[BaseException | None] = asyncio.get_running_loop().create_future()
        self.texts.store_inbound([came], stored.set_result)
        assert await stored is None
        found = await self.texts.get(came.message_id)
        assert found is not None
        return found

    async def list(self, who: Principal, **chosen: object) -> list[ThreadView]:
        page = await self.conversations.list(who, ListThreads(**chosen))  # type: ignore[arg-type]
        return list(page.items)

    async def ids(self, who: Principal, **chosen: object) -> list[str]:
        return [one.id for one in await self.list(who, **chosen)]

    async def heard(self, who: Principal, thread_id: str) -> list[str]:
        """Texts of a thread as somebody sees them, oldest first."""
        page = await self.conversations.history.messages(who, thread_id)
        return [message.text for message in reversed(page.items)]

    async def told(self, who: Principal, thread_id: str) -> list[tuple[str, str]]:
        """The timeline, oldest first: type, and what was said or happened."""
        page = await self.conversations.history.timeline(who, thread_id)
        return [
            (one.type, getattr(one.item, "text", None) or getattr(one.item, "kind", None) or one.item.id)
            for one in reversed(page.items)
        ]

    async def unread(self, who: Principal, thread_id: str) -> int:
        return (await self.conversations.get(who, thread_id)).unread

    async def add(self, who: Principal, thread_id: str, *new: Principal, **more: bool) -> ThreadView:
        wanted = AddMembers(to=tuple(Target(user_id=one.user_id) for one in new), **more)
        return await self.conversations.add(who, thread_id, wanted)

    async def thread(self, thread_id: str) -> Conversation:
        found = await self.conversations._store.read(lambda reads: reads.thread(thread_id))
        assert found is not None
        return found

    def events(self, thread_id: str) -> list[tuple[str, tuple[str, ...]]]:
        """Types of the events about a thread, with those they are for."""
        return [(event.type, event.user_ids) for event in self.published if event.subject == thread_id]


@contextlib.asynccontextmanager
async def a_world(database_url: str) -> AsyncIterator[World]:
    clock = Clock(ms=1_700_000_000_000)
    published: list[Event] = []
    database = await Database.open(database_url, bus_publish=published.extend, clock=clock)
    accounts = Accounts(SqlAccountsStore(database), clock)
    texts_of_carrier = CarrierTexts({"carrier": CarrierWords(carrier="carrier", profile=TextProfile())})
    store, numbers = SqlTexts(database, texts_of_carrier), SqlNumberDirectory(database, clock)
    settings = MessagingSettings()
    outbox = Outbox(ObedientCarrier(), store, settings, clock)
    messaging = Messaging(store, numbers, texts_of_carrier, {"carrier": outbox}, settings, clock)
    phonebook, announcements = Phonebook(), Announcements()
    conversations = Conversations(
        SqlConversations(database),
        messaging,
        announcements,
        clock,
        contacts=phonebook,
        names=phonebook,
        calls=phonebook,
    )
    domain = await _domain(accounts, "Acme")
    next_door = await _domain(accounts, "Next door")
    people = [
        await _user(accounts, domain, extension, name)
        for extension, name in (("101", "Ann"), ("102", "Bob"), ("103", "Cem"), ("104", "Dea"))
    ]
    stranger = await _user(accounts, next_door, "101", "Eve")
    shared = await _number(accounts, domain, SHARED, people[0], people[1])
    own = await _number(accounts, domain, OWN, people[1])
    await _number(accounts, next_door, FOREIGN, stranger)
    yield World(
        database,
        clock,
        accounts,
        conversations,
        phonebook,
        announcements,
        store,
        numbers,
        domain,
        people,
        shared,
        own,
        next_door,
        stranger,
        published,
    )
    await database.close()


async def _domain(accounts: Accounts, name: str) -> Domain:
    made = await accounts.domains.create(
        SYSTEM, CreateDomain(name=name, pbx="main", dial_context="out", region="DE")
    )
    assert not isinstance(made, Replayed)
    return made


async def _user(accounts: Accounts, domain: Domain, extension: str, name: str) -> User:
    made = await accounts.users.create(
        SYSTEM, CreateUser(domain_id=domain.id, extension=extension, display_name=name)
    )
    assert not isinstance(made, Replayed)
    return made


async def _number(accounts: Accounts, domain: Domain, e164: str, *users: User) -> Number:
    made = await accounts.numbers.create(
        SYSTEM,
        CreateNumber(
            domain_id=domain.id, e164=e164, carrier="carrier", user_ids=tuple(one.id for one in users)
        ),
    )
    assert not isinstance(made, Replayed)
    return made

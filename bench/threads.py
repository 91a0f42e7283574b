"""How long lists, history pages and searches take with a million messages stored, on both databases.

    python -m bench.threads [--messages 1000000] [--rounds 60] [--only sqlite,postgresql]

One user asks, who is in 500 chats and shares a number with 5,000 threads of texts; one chat of theirs
holds a tenth of all messages. Each text has 12 of some 40 words, and a number of its own. Asked of the
service the API calls, so HTTP is not in it. The last line of each database is the median of all, and the
worst median of one question, in ms.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import msgspec
from sqlalchemy import Connection

from engine.accounts.models import (
    SYSTEM,
    CreateDomain,
    CreateNumber,
    CreateUser,
    PageRequest,
    Principal,
    Scope,
)
from engine.accounts.service import Accounts
from engine.adapters.smpp_texts import CarrierTexts
from engine.bus.in_process import Bus
from engine.clock import SystemClock
from engine.conversations.models import ListThreads
from engine.conversations.search import Search
from engine.conversations.service import Conversations
from engine.idempotency import Replayed
from engine.ids import new_id
from engine.messaging.service import Messaging
from engine.messaging.settings import MessagingSettings
from engine.storage import migrate
from engine.storage.accounts import SqlAccountsStore
from engine.storage.conversations import SqlConversations
from engine.storage.database import Database, HotStatement, Transaction, insert
from engine.storage.messaging import SqlNumberDirectory, SqlTexts
from engine.storage.search import SearchIndex, SqlSearch
from engine.storage.statements import Row
from engine.storage.tables.conversations import conversation_members, conversation_peers, conversations
from engine.storage.tables.messaging import messages
from tests.peers.postgres_server import PostgresUnavailable, private_postgres

GOAL_MS = 20.0
#: Of the one who asks, and of everybody else.
OWN_CHATS, OTHER_CHATS, OWN_TEXTS, OTHER_TEXTS = 500, 9_500, 5_000, 5_000
OWN_NUMBER, OTHER_NUMBER = "+12025550101", "+12025550102"
#: Rows written in one transaction.
CHUNK = 5_000
WORDS = (
    "the",
    "order",
    "you",
    "asked",
    "about",
    "is",
    "on",
    "its",
    "way",
    "call",
    "me",
    "when",
    "you",
    "can",
)

_THREAD = HotStatement(
    insert(conversations),
    *("id", "domain_id", "kind", "number", "peers", "created_ms", "last_message_ms"),
    *("direct_key", "last_item_id", "last_news_id", "state"),
)
_MEMBER = HotStatement(
    insert(conversation_members),
    *("conversation_id", "user_id", "domain_id", "role", "joined_ms", "read_through"),
)
_PEER = HotStatement(insert(conversation_peers), *[column.name for column in conversation_peers.c])
_MESSAGE = HotStatement(
    insert(messages),
    *("id", "domain_id", "conversation_id", "direction", "number", "peer", "text", "delivery_class"),
    *("sender_id", "user_id", "flags", "created_ms"),
)

Question = Callable[[], Awaitable[object]]


@dataclass
class Thread:
    """A thread while it is filled."""

    id: str
    members: tuple[str, ...]
    number: str
    peer: str
    last_item_id: str = ""
    last_news_id: str = ""
    last_ms: int = 0


@dataclass
class Filled:
    conversations: Conversations
    asking: Principal
    manager: Principal
    longest: str
    texts: str
    database: Database
    took_s: float
    search: Search
    indexed_s: float


@asynccontextmanager
async def filled(url: str, options: argparse.Namespace) -> AsyncIterator[Filled]:
    """A million messages, and somebody who asks."""
    await asyncio.to_thread(migrate.upgrade, url)
    clock = SystemClock()
    database = await Database.open(url, bus_publish=lambda events: None, clock=clock)
    try:
        accounts = Accounts(SqlAccountsStore(database), clock)
        command = CreateDomain(name="Bench", pbx="main", dial_context="out", region="US")
        domain = await accounts.domains.create(SYSTEM, command)
        assert not isinstance(domain, Replayed)
        user_ids = []
        for at in range(100):
            new = CreateUser(domain_id=domain.id, extension=str(1000 + at), display_name=f"User {at}")
            user = await accounts.users.create(SYSTEM, new)
            assert not isinstance(user, Replayed)
            user_ids.append(user.id)
        for e164, owners in ((OWN_NUMBER, user_ids[:5]), (OTHER_NUMBER, user_ids[5:8])):
            number = CreateNumber(domain_id=domain.id, e164=e164, carrier="one", user_ids=tuple(owners))
            await accounts.numbers.create(SYSTEM, number)
        began = time.perf_counter()
        threads = await fill(database, domain.id, user_ids, options.messages)
        took_s = time.perf_counter() - began
        began = time.perf_counter()
        await SearchIndex(database).catch_up()
        indexed_s = time.perf_counter() - began
        if database.kind == "postgresql":  # as its own upkeep does once rows have come in
            await analyse(url)
        coder = CarrierTexts({})
        directory = SqlNumberDirectory(database, clock)
        messaging = Messaging(SqlTexts(database, coder), directory, coder, {}, MessagingSettings(), clock)
        asking = Principal("token", "tok", domain.id, user_ids[0], Scope.BASIC_USER)
        manager = Principal("key", "key", domain.id, None, Scope.OFFICE_MANAGER)
        texts = next(one for one in threads if one.number == OWN_NUMBER and one.last_item_id)
        yield Filled(
            Conversations(SqlConversations(database), messaging, Bus(), clock),
            asking,
            manager,
            threads[0].id,
            texts.id,
            database,
            took_s,
            Search(SqlSearch(database)),
            indexed_s,
        )
    finally:
        await database.close()


async def fill(database: Database, domain_id: str, user_ids: list[str], count: int) -> list[Thread]:
    """Threads and their messages, as if they had been said one after the other."""
    chance = random.Random(7)
    mine, others = user_ids[0], user_ids[1:]
    threads = [Thread(new_id("conv"), (mine, chance.choice(others)), "", "") for _ in range(OWN_CHATS)]
    for _ in range(OTHER_CHATS):
        one, other = chance.sample(others, 2)
        threads.append(Thread(new_id("conv"), (one, other), "", ""))
    for e164, many in ((OWN_NUMBER, OWN_TEXTS), (OTHER_NUMBER, OTHER_TEXTS)):
        threads += [Thread(new_id("conv"), (), e164, f"+1303{at:07}") for at in range(many)]
    said = 0
    while said < count:
        rows = []
        for _ in range(min(CHUNK, count - said)):
            said += 1
            thread = threads[0] if said % 10 == 0 else chance.choice(threads)
            rows.append(message_row(domain_id, thread, said, chance))
        await store(database, _MESSAGE, rows)
    await store(database, _THREAD, [thread_row(domain_id, one) for one in threads])
    members = [
        # Half of the chats have been read to the end.
        (one.id, user, domain_id, "member", 0, one.last_item_id if at % 2 else "")
        for at, one in enumerate(threads)
        for user in one.members
    ]
    await store(database, _MEMBER, members)
    peers = [(one.number, one.peer, one.id, 1, domain_id) for one in threads if one.number]
    await store(database, _PEER, peers)
    return threads


async def store(database: Database, statement: HotStatement, rows: Sequence[Row]) -> None:
    for first in range(0, len(rows), CHUNK):
        await database.transact(partial(write, statement, rows[first : first + CHUNK]))


def write(statement: HotStatement, rows: Sequence[Row], tx: Transaction) -> None:
    tx.execute_many(statement, rows)


def message_row(domain_id: str, thread: Thread, at_ms: int, chance: random.Random) -> Row:
    message_id = new_id("msg")
    inbound = bool(thread.number) and chance.random() < 0.5
    direction = "inbound" if inbound else "outbound" if thread.number else "internal"
    author = chance.choice(thread.members) if thread.members else None
    thread.last_item_id, thread.last_ms = message_id, at_ms
    if direction != "outbound":
        thread.last_news_id = message_id
    text = f"{' '.join(chance.choices(WORDS, k=12))} {at_ms}"
    peer = thread.peer if inbound else ""
    return (
        message_id,
        domain_id,
        thread.id,
        direction,
        thread.number,
        peer,
        text,
        "conversation",
        author or "",
        author,
        "",
        at_ms,
    )


def thread_row(domain_id: str, one: Thread) -> Row:
    kind = "sms" if one.number else "chat"
    peers = msgspec.json.encode([one.peer] if one.number else []).decode()
    return (
        one.id,
        domain_id,
        kind,
        one.number or None,
        peers,
        0,
        one.last_ms,
        None,
        one.last_item_id,
        one.last_news_id,
        "open",
    )


async def analyse(url: str) -> None:
    import asyncpg

    connection = await asyncpg.connect(url)
    try:
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()


def nothing(connection: Connection) -> object:
    """What a trip to the database costs on this machine, as it is now."""
    return connection.exec_driver_sql("SELECT 1").scalar()


async def questions(world: Filled) -> dict[str, Question]:
    """What a portal asks."""
    ask, me, manager = world.conversations, world.asking, world.manager
    second = (await ask.list(me)).next_cursor
    deep = (await ask.history.timeline(me, world.longest, PageRequest(200))).next_cursor
    for _ in range(20):
        page = await ask.history.timeline(me, world.longest, PageRequest(200, deep))
        deep = page.next_cursor
    return {
        "nothing at all": lambda: world.database.read(nothing),
        "list, first page": lambda: ask.list(me),
        "list, second page": lambda: ask.list(me, page=PageRequest(50, second)),
        "list, unread only": lambda: ask.list(me, ListThreads(unread=True)),
        "list, a manager's": lambda: ask.list(manager),
        "one conversation": lambda: ask.get(me, world.longest),
        "timeline, newest": lambda: ask.history.timeline(me, world.longest),
        "timeline, deep": lambda: ask.history.timeline(me, world.longest, PageRequest(50, deep)),
        "messages of texts": lambda: ask.history.messages(me, world.texts),
        "badge": lambda: ask.unread_totals(me),
        "search, one word": lambda: world.search.find(me, "order "),
        "search, beginning": lambda: world.search.find(me, "asked abo"),
        "search, four words": lambda: world.search.find(me, "the order you asked "),
        "search, rare": lambda: world.search.find(me, "123450 "),
        "search, none": lambda: world.search.find(me, "nowhere "),
        "search, in one chat": lambda: world.search.find(me, "order ", conversation_id=world.longest),
        "search, a manager's": lambda: world.search.find(manager, "order "),
    }


async def measure(kind: str, url: str, options: argparse.Namespace) -> tuple[float, float]:
    """The median of all questions, and the worst median of one, in ms."""
    async with filled(url, options) as world:
        print(
            f"{kind}: {options.messages:,} messages stored in {world.took_s:,.0f} s,"
            f" looked at for the index in {world.indexed_s:,.0f} s"
        )
        medians: dict[str, float] = {}
        everything: list[float] = []
        for name, question in (await questions(world)).items():
            took = []
            for _ in range(options.rounds):
                began = time.perf_counter()
                await question()
                took.append((time.perf_counter() - began) * 1000)
            medians[name] = statistics.median(took)
            everything += took
            print(
                f"  {name:20} median {medians[name]:7.2f}  p99 {sorted(took)[int(len(took) * 0.99)]:7.2f} ms"
            )
    return statistics.median(everything), max(medians.values())


async def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--only", default="sqlite,postgresql")
    options = parser.parse_args()
    figures: dict[str, tuple[float, float]] = {}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        if "sqlite" in options.only:
            figures["sqlite"] = await measure("sqlite", f"sqlite:///{folder / 'threads.db'}", options)
        if "postgresql" in options.only:
            try:
                url = stack.enter_context(private_postgres())
            except PostgresUnavailable as error:
                print(f"postgresql: left out: {error}")
            else:
                figures["postgresql"] = await measure("postgresql", url, options)
    for kind, (median, worst) in figures.items():
        verdict = "kept" if worst < GOAL_MS else "MISSED"
        print(f"{kind}: median {median:.2f} ms, slowest {worst:.2f} ms (goal {GOAL_MS:.0f} ms: {verdict})")


if __name__ == "__main__":
    asyncio.run(main())

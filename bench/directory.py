"""How long one call of the directory takes in a domain with many contacts, on both databases.

    python -m bench.directory [--contacts 50000] [--users 2000] [--rounds 40] [--only sqlite,postgresql]

Fills a database with contacts (a tenth of them one user's own) whose names share few first and last names,
so that short queries meet thousands. Then asks what people type, each query in turn, of the service the API
calls. The last line of each database is the median, and the worst of the queries' medians, in ms.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

from engine.accounts.access import sees_domain
from engine.accounts.models import SYSTEM, CreateDomain, CreateUser, Domain, Principal, Scope, User
from engine.accounts.service import Accounts
from engine.clock import SystemClock
from engine.contacts.directory import Directory
from engine.contacts.models import Contact, ContactNumber
from engine.idempotency import Replayed
from engine.ids import new_id
from engine.storage import migrate
from engine.storage.accounts import SqlAccountsStore
from engine.storage.contacts import SqlContactStore
from engine.storage.database import Database
from tests.peers.postgres_server import PostgresUnavailable, private_postgres

GOAL_MS = 20.0
FIRST = [
    "Ada", "Alan", "Barbara", "Bjarne", "Dennis", "Edsger", "Frances", "Grace", "Guido", "Hedy",
    "Jean", "John", "José", "Ken", "Leslie", "Linus", "Łukasz", "Margaret", "Niklaus", "Radia",
    "Søren", "Tim", "Zoë",
]  # fmt: skip
LAST = [
    "Allen", "Conway", "Dijkstra", "Hamilton", "Hopper", "Johnson", "Kernighan", "Knuth", "Lamarr",
    "Lamport", "Liskov", "Lovelace", "Müller", "Núñez", "Perlman", "Ritchie", "Schmidt", "Smith",
    "Stroustrup", "Thompson", "Torvalds", "Turing", "Wirth",
]  # fmt: skip
COMPANIES = ["", "", "Acme Rockets", "Zenith GmbH", "Müller & Söhne", "Blue Harbour", "North Star"]
#: What people type: one letter, names, words in any order, extensions, digits, whole numbers, nothing.
QUERIES = (
    "a", "s", "jo", "john", "John Smi", "smith j", "nunez", "muller zoe", "lukasz", "acme",
    "smith acme", "a s z", "10", "1042", "202", "555", "0177", "+1 202 555", "2025550177",
    "+12025551234", "(202) 555-99", "smith 77",
    "ada.lovelace7", "x", "nobody at all", "zzz",
)  # fmt: skip


def a_contact(domain: Domain, owner: User | None, at: int, chance: random.Random) -> Contact:
    first, last = chance.choice(FIRST), chance.choice(LAST)
    numbers = tuple(
        ContactNumber(label, f"+1202{chance.randrange(2_000_000, 9_999_999)}", "", None, label == "mobile")
        for label in ("mobile", "work")[: chance.choice((1, 1, 2))]
    )
    email = f"{first}.{last}{at}@example.com".lower() if at % 3 == 0 else ""
    return Contact(
        id=new_id("cont"),
        domain_id=domain.id,
        owner_id=None if owner is None else owner.id,
        name=f"{first} {last}",
        company=chance.choice(COMPANIES),
        email=email,
        notes="",
        numbers=numbers,
        created_ms=0,
        updated_ms=0,
    )


def made(result: Domain | User | Replayed) -> Domain | User:
    assert not isinstance(result, Replayed)
    return result


@asynccontextmanager
async def filled(url: str, options: argparse.Namespace) -> AsyncIterator[tuple[Directory, Principal, float]]:
    """A directory over a full database, somebody who asks, and how long a thousand contacts took, in ms."""
    await asyncio.to_thread(migrate.upgrade, url)
    clock = SystemClock()
    database = await Database.open(url, bus_publish=lambda events: None, clock=clock)
    try:
        accounts = Accounts(SqlAccountsStore(database), clock)
        command = CreateDomain(name="Bench", pbx="main", dial_context="out", region="US")
        domain = made(await accounts.domains.create(SYSTEM, command))
        assert isinstance(domain, Domain)
        chance = random.Random(4)
        asking: User | None = None
        for at in range(options.users):
            name = f"{chance.choice(FIRST)} {chance.choice(LAST)}"
            command_u = CreateUser(domain_id=domain.id, extension=str(1000 + at), display_name=name)
            user = made(await accounts.users.create(SYSTEM, command_u))
            assert isinstance(user, User)
            asking = asking or user
        assert asking is not None
        store = SqlContactStore(database)
        began = time.perf_counter()
        for first in range(0, options.contacts, 200):
            some = [
                a_contact(domain, asking if at % 10 == 0 else None, at, chance)
                for at in range(first, min(first + 200, options.contacts))
            ]
            await store.change(lambda changes, some=some: changes.insert_contacts(some))  # type: ignore[misc]
        per_thousand_ms = (time.perf_counter() - began) * 1e6 / options.contacts
        principal = Principal("token", "tok_bench", domain.id, asking.id, Scope.BASIC_USER)
        yield Directory(store, sees_domain), principal, per_thousand_ms
    finally:
        await database.close()


async def measure(kind: str, url: str, options: argparse.Namespace) -> tuple[float, float]:
    """The median of all queries, and the worst median of one, in ms."""
    async with filled(url, options) as (directory, principal, per_thousand_ms):
        took: dict[str, list[float]] = {query: [] for query in QUERIES}
        hits: dict[str, int] = {}
        for _ in range(options.rounds):
            for query in QUERIES:
                began = time.perf_counter()
                found = await directory.search(principal, query, 10)
                took[query].append((time.perf_counter() - began) * 1000)
                hits[query] = len(found)
    print(f"{kind}: a thousand contacts take {per_thousand_ms:,.0f} ms to store")
    for query, times in took.items():
        ordered = sorted(times)
        worst = ordered[int(len(ordered) * 0.99)]
        median = statistics.median(times)
        print(f"  {query!r:18} {hits[query]:3} hits  median {median:6.2f}  p99 {worst:6.2f} ms")
    everything = [one for times in took.values() for one in times]
    return statistics.median(everything), max(statistics.median(times) for times in took.values())


def octets_in(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.iterdir())


async def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--contacts", type=int, default=50_000)
    parser.add_argument("--users", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--only", default="sqlite,postgresql")
    options = parser.parse_args()
    figures: dict[str, tuple[float, float]] = {}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        if "sqlite" in options.only:
            url = f"sqlite:///{folder / 'directory.db'}"
            figures["sqlite"] = await measure("sqlite", url, options)
            print(f"  the file has {octets_in(folder) / options.contacts:,.0f} octets a contact")
        if "postgresql" in options.only:
            try:
                url = stack.enter_context(private_postgres())
            except PostgresUnavailable as error:
                print(f"postgresql: left out: {error}")
            else:
                figures["postgresql"] = await measure("postgresql", url, options)
    for kind, (median, worst) in figures.items():
        verdict = "kept" if worst < GOAL_MS else "MISSED"
        print(
            f"{kind}: median {median:.2f} ms, slowest query {worst:.2f} ms (goal {GOAL_MS:.0f} ms: {verdict})"
        )


if __name__ == "__main__":
    asyncio.run(main())

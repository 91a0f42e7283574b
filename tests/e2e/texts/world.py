"""Engine, wire, SMSC and client together, and the story they leave behind for the oracle."""

from __future__ import annotations

import asyncio
import random
import signal
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from engine.accounts.models import SYSTEM, CreateDomain, CreateKey, CreateNumber, Scope
from engine.accounts.service import Accounts
from engine.clock import SystemClock
from engine.idempotency import Replayed
from engine.storage.accounts import SqlAccountsStore
from engine.storage.database import Database
from tests.e2e.texts.client import OURS, Client, TextWriter
from tests.e2e.texts.engine_process import (
    LIMIT_S,
    EngineProcess,
    WarmParent,
    kept_port,
    until_ready,
    write_config,
)
from tests.e2e.texts.facts import read_facts, read_statuses, until_alone
from tests.e2e.texts.oracle import Kill, Story, Verdict, judge, unsettled_receipts
from tests.e2e.texts.smscs import Smsc
from tests.e2e.texts.tap import Tap
from tests.e2e.texts.wire import Part

WINDOW = 8
#: Everything is over for so long before it counts as over, in seconds.
_QUIET_S = 0.3
#: Quick to come back and patient with a slow machine; the window is small so that it is full often.
CARRIER: Mapping[str, object] = {
    "name": "carrier",
    "hosts": ["127.0.0.1"],
    "system_id": "esme",
    "password": "secret",
    "window_pdus": WINDOW,
    "response_timeout_s": 5.0,
    "enquire_link_every_s": 1.0,
    "bind_timeout_s": 20.0,
    "unbind_timeout_s": 20.0,
    "connect_timeout_s": 20.0,
    "throttle_pause_s": 0.05,
    "longest_throttle_pause_s": 0.4,
    "queue_full_pause_s": 0.1,
    "longest_queue_full_pause_s": 0.8,
}


@dataclass
class World:
    """port: where the engine serves its API. process: its newest life."""

    url: str
    smsc: Smsc
    tap: Tap
    client: Client
    folder: Path
    port: int
    _parent: WarmParent
    process: EngineProcess | None = None
    started_at: float = 0.0
    kills: list[Kill] = field(default_factory=list)
    texts_in: dict[str, str] = field(default_factory=dict)
    _names: dict[tuple[str, str], Part] = field(default_factory=dict)  # of SMSCs that were replaced

    async def start(self) -> EngineProcess:
        """A new life, not ready yet."""
        self.started_at = time.time()
        self.process = await self._parent.start(self.folder / "ringback.toml", self.log)
        return self.process

    async def start_ready(self) -> EngineProcess:
        process = await self.start()
        await until_ready(self.client.http, process)
        return process

    @property
    def log(self) -> Path:
        """What the engine's lives have written."""
        return self.folder / "engine.log"

    async def killed(self, moment: str) -> None:
        """The engine has been killed: note what it left."""
        assert self.process is not None
        status = await self.process.ended
        assert status == -9, f"the engine ended by itself ({status}); see {self.log}"
        ended_at = time.time()
        await until_alone(self.url)
        self.kills.append(Kill(ended_at, moment, await read_statuses(self.url)))

    async def replace_smsc(self, smsc: Smsc) -> None:
        """New sessions go to another one."""
        self._names |= await self.smsc.names()
        self.smsc = smsc
        self.tap.smsc_port = smsc.port

    def text_in(self, text: str) -> None:
        """Have a handset with a number of its own text us."""
        source = f"1404{len(self.texts_in) + 1:07d}"
        self.texts_in[source] = f"{source} {text}"
        self.smsc.text_in(source, self.texts_in[source])

    async def stop(self) -> None:
        """SIGTERM; fails unless the engine leaves in good order. One that is stuck ends itself with 1."""
        assert self.process is not None
        self.process.signal(signal.SIGTERM)
        async with asyncio.timeout(LIMIT_S):
            status = await self.process.ended
        assert status == 0, f"exit status {status}; see {self.log}"

    async def flows(self) -> None:
        """Wait until ten more texts have been submitted and answered."""
        already = sum(submit.answer is not None for submit in self.tap.log.submits)
        async with asyncio.timeout(LIMIT_S):
            while sum(submit.answer is not None for submit in self.tap.log.submits) < already + 10:  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    async def bound_again(self, sessions: int) -> None:
        """Wait until the engine has connected more often than so many times."""
        async with asyncio.timeout(LIMIT_S):
            while self.tap.sessions <= sessions:  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    async def at_rest(self, *, waiting: bool = False) -> None:
        """Wait until nothing is left to do. waiting: texts may stay queued.

        Raises TimeoutError when nothing has moved for a while and something should.
        """
        began = time.time()
        while not await self._rests(waiting):
            if time.time() > max(began, self.tap.log.last_at) + LIMIT_S:
                statuses = await read_statuses(self.url)
                moving = {part: word for part, word in statuses.items() if word in ("queued", "sending")}
                receipts = [one.part for one in unsettled_receipts(self.tap.log)]
                raise TimeoutError(
                    f"not at rest: {self.tap.log.unanswered} unanswered PDUs, {len(moving)} segments like"
                    f" {list(moving.items())[:3]}, {len(receipts)} receipts like {receipts[:3]}; {self.log}"
                )
            await asyncio.sleep(0.1)

    async def verdict(self, *, waiting: bool = False) -> Verdict:
        """What the oracle says now. Where a promise is broken, everything it has seen is written down."""
        facts = await read_facts(self.url)
        log, kills = self.tap.log, self.kills
        names = {**self._names, **await self.smsc.names()}
        verdict = judge(Story(self.client.requests, log, facts, WINDOW, kills, self.texts_in, names, waiting))
        if verdict.broken():
            lines = [*self.client.requests, *kills, *log.submits, *log.deliveries, *facts.lines()]
            (self.folder / "story.txt").write_text("\n".join(map(str, [verdict.broken(), *lines])) + "\n")
        return verdict

    async def _rests(self, waiting: bool) -> bool:
        log = self.tap.log
        if log.unanswered or time.time() - log.last_at < _QUIET_S:
            return False
        if self.smsc.redelivers and any(unsettled_receipts(log)):
            return False
        busy = {"sending"} if waiting else {"queued", "sending"}
        return not busy & set((await read_statuses(self.url)).values())


@asynccontextmanager
async def a_world(
    parent: WarmParent,
    smsc: Smsc,
    url: str,
    folder: Path,
    *,
    seed: int = 0,
    pace_s: float = 0.02,
    connections: int = 12,
    carrier: Mapping[str, object] | None = None,
) -> AsyncIterator[World]:
    """url: a database with tables and nothing in them. The engine is not started yet."""
    secret = await _seed(url)
    tap = Tap(smsc.port)
    await tap.start()
    kept = kept_port()
    port: int = kept.getsockname()[1]
    write_config(
        folder / "ringback.toml",
        {
            "server": {"port": port},
            "storage": {"data_dir": str(folder), "url": url},
            "messaging": {"evidence_wait_s": 0.5},
            "carrier": {**CARRIER, "port": tap.port, **(carrier or {})},
        },
    )
    writer = TextWriter(random.Random(seed))
    client = Client(
        f"http://127.0.0.1:{port}",
        secret,
        writer.request,
        connections=connections,
        pace_s=pace_s,
        watch=tap.seen,
    )
    world = World(url, smsc, tap, client, folder, port, parent)
    try:
        yield world
    finally:
        await client.close()
        if world.process is not None and not world.process.ended.done():
            world.process.kill()
            await world.process.ended
        tap.stop()
        kept.close()


async def _seed(url: str) -> str:
    """A domain with a number of ours; returns the secret of a key that may send."""
    database = await Database.open(url, bus_publish=lambda events: None, clock=SystemClock())
    try:
        accounts = Accounts(SqlAccountsStore(database), SystemClock())
        domain = await accounts.domains.create(
            SYSTEM, CreateDomain(name="Acme", pbx="none", dial_context="none", region="US")
        )
        assert not isinstance(domain, Replayed)
        await accounts.numbers.create(
            SYSTEM, CreateNumber(domain_id=domain.id, e164=OURS, carrier=str(CARRIER["name"]))
        )
        issued = await accounts.keys.create(
            SYSTEM, CreateKey(label="test", scope=Scope.OFFICE_MANAGER, domain_id=domain.id)
        )
        assert not isinstance(issued, Replayed)
        assert issued.secret is not None
        return issued.secret
    finally:
        await database.close()

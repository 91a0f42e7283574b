"""kill -9 while mails go out: none is lost, and one that comes twice is the same one twice."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

from engine.accounts.models import SYSTEM, UpdateUser
from tests.contract.conversations.world import a_world
from tests.peers.smtp_server import Answer, Envelope, MailServer, a_mail_server, takes

ROOT = Path(__file__).parents[3]
MINUTE_MS = 60_000


@contextlib.asynccontextmanager
async def an_engine(url: str, port: int, ahead_ms: int) -> AsyncIterator[asyncio.subprocess.Process]:
    """A process that sends what is due; killed at the end if it still lives."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.integration.notifications.mailing_process", url, str(port), str(ahead_ms)),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGKILL)
        await process.wait()


async def something_unread(url: str, text: str) -> None:
    """Everybody in the office has an address, and one of them says something to each of the others."""
    async with a_world(url) as world:
        world.clock.ms = time.time_ns() // 1_000_000
        for user in world.people:
            command = UpdateUser(email=f"{user.display_name.lower()}@example.com")
            await world.accounts.users.update(SYSTEM, user.id, command)
        for place in range(1, len(world.people)):
            chat = await world.chat(world.ann, world.who(place))
            await world.say(world.ann, chat.id, f"{text} to {world.people[place].display_name}")


async def sent(process: asyncio.subprocess.Process) -> bool:
    """Whether it has sent everything, rather than died."""
    assert process.stdout is not None
    async with asyncio.timeout(60):
        while line := await process.stdout.readline():
            if line == b"sent\n":
                return True
    return False


def by_id(server: MailServer) -> dict[str, set[str]]:
    """What the mails said, by Message-ID."""
    found: dict[str, set[str]] = {}
    for mail in server.mails:
        body = mail.get_body(("plain",))
        assert body is not None
        found.setdefault(mail["Message-ID"], set()).add(f"{mail['To']}: {body.get_content()}")
    return found


def killing(process: asyncio.subprocess.Process) -> Answer:
    async def kills(_: Envelope) -> str:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGKILL)
        return "250 OK"

    return kills


async def test_killed_at_any_mail_the_next_engine_tells_the_rest(sqlite_database: str) -> None:
    await something_unread(sqlite_database, "hello")
    async with a_mail_server() as server:
        lives = 0
        finished = False
        while not finished:
            lives += 1
            assert lives <= 3
            async with an_engine(sqlite_database, server.port, 6 * MINUTE_MS) as process:
                # The server has the mail, and the engine never hears that.
                server.answer = killing(process) if lives <= 2 else takes
                finished = await sent(process)
        assert lives == 3
        told = by_id(server)
        assert len(told) == 3
        assert all(len(contents) == 1 for contents in told.values()), "the same Message-ID, another mail"
        for name in ("Bob", "Cem", "Dea"):
            assert sum(f"hello to {name}" in text for texts in told.values() for text in texts) == 1
        times = Counter(mail["Message-ID"] for mail in server.mails)
        assert max(times.values()) <= lives
        before = len(server.envelopes)
        async with an_engine(sqlite_database, server.port, 60 * MINUTE_MS) as process:
            assert await sent(process)
        assert len(server.envelopes) == before, "what was told is told again"

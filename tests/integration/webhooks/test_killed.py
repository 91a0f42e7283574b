"""kill -9 while events are on their way: each arrives at least once, always under the same id."""

from __future__ import annotations

import asyncio
import random
import sys
from pathlib import Path

from tests.integration.webhooks.office import documents, subjects, verified
from tests.peers.receiver import Receiver, Request, a_receiver, answers, hangs_up

ROOT = Path(__file__).resolve().parents[3]


class Moody:
    """Mostly takes what comes; sometimes fails, hangs up, or takes it and never says so."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._failed: set[str] = set()

    async def __call__(self, request: Request, writer: asyncio.StreamWriter) -> None:
        mood, one = self._random.random(), request.headers["webhook-id"]
        if one in self._failed:
            mood = 1.0  # after a second failure it would be half a minute
        if mood < 0.1:
            self._failed.add(one)
        await (hangs_up if mood < 0.05 else answers(500) if mood < 0.1 else answers())(request, writer)


async def run_and_kill(
    url: str, folder: Path, receiver: Receiver, *, fresh: bool, kill_after: int
) -> list[tuple[str, str]]:
    """Start the engine, kill it after so many lines, and return what it printed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.integration.webhooks.telling_process",
        url,
        str(folder),
        receiver.url if fresh else "",
        "1000",
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert process.stdout is not None
    said: list[tuple[str, str]] = []
    try:
        async with asyncio.timeout(90):
            while len(said) < kill_after:
                line = (await process.stdout.readline()).decode().split()
                assert line, "the engine ended by itself"
                if line[0] in ("secret", "made"):
                    said.append((line[0], line[1]))
    finally:
        process.kill()
        rest = (await process.stdout.read()).decode().splitlines()
        await process.wait()
    said += [(words[0], words[1]) for words in (line.split() for line in rest) if words[0] == "made"]
    return said


async def test_what_was_acknowledged_arrives_whenever_the_engine_is_killed(
    database_url: str, tmp_path: Path
) -> None:
    async with a_receiver(Moody(7)) as receiver:
        said: list[tuple[str, str]] = []
        for round_, kill_after in enumerate((2, 15, 1, 40)):
            said += await run_and_kill(
                database_url, tmp_path, receiver, fresh=round_ == 0, kill_after=kill_after
            )
        receiver.behaviour = answers()
        acknowledged = {what for word, what in said if word == "made"}
        recovering = asyncio.create_task(
            run_and_kill(database_url, tmp_path, receiver, fresh=False, kill_after=1001)  # never: it has 1000
        )
        await receiver.until(lambda requests: acknowledged <= set(subjects(requests)))
        recovering.cancel()
        await asyncio.gather(recovering, return_exceptions=True)
    secret = next(what for word, what in said if word == "secret")
    ids: dict[str, str] = {}
    for request, document in zip(receiver.requests, documents(receiver.requests), strict=True):
        verified(request, secret)
        message_id = request.headers["webhook-id"]
        assert message_id == f"{document['stream']}:{document['seq']}"
        assert ids.setdefault(message_id, document["subject"]) == document["subject"]
    assert len(set(ids.values())) == len(ids), "one event came under two ids"

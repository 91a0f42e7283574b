"""Texts sent through the API all the time, each with a key of its own, and what became of each."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from tests.peers.engine import OURS, RunningEngine

PEER = "+12025550123"
#: No answer may take longer: five seconds for a lock, ten for a connection, and some for a busy machine.
ANSWER_S = 20
_SENDERS = 3


@dataclass(frozen=True)
class Answer:
    """What one POST got. code: the problem's, empty when it was accepted."""

    key: str
    status: int
    code: str
    message_id: str
    media_type: str
    took_s: float


class Load:
    """Until stopped, `_SENDERS` texts at a time."""

    def __init__(self, ringback: RunningEngine) -> None:
        self._ringback = ringback
        self._numbers = itertools.count(1)
        self.answers: list[Answer] = []

    @property
    def accepted(self) -> list[Answer]:
        return [answer for answer in self.answers if answer.status == 202]

    @property
    def refused(self) -> list[Answer]:
        return [answer for answer in self.answers if answer.status != 202]

    def summary(self) -> Counter[tuple[int, str]]:
        return Counter((answer.status, answer.code) for answer in self.answers)

    async def send(self, key: str) -> Answer:
        """One text, which is its key and something to fill a page with."""
        body = {"from": OURS, "to": [PEER], "text": f"{key} {'x' * 100}"}
        began = time.monotonic()
        async with (
            asyncio.timeout(ANSWER_S),
            self._ringback.http.post(
                "/v1/messages", json=body, headers={"Idempotency-Key": f"key-of-{key}"}
            ) as response,
        ):
            document = await response.json(content_type=None)
            took_s = time.monotonic() - began
            code, message_id = document.get("code", ""), document.get("message", document).get("id", "")
            return Answer(key, response.status, code, message_id, response.content_type, took_s)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """A failure of a sender ends the block."""
        stopping = asyncio.Event()

        async def sender() -> None:
            while not stopping.is_set():
                answer = await self.send(f"text{next(self._numbers):06}")
                self.answers.append(answer)
                await asyncio.sleep(0.01 if answer.status == 202 else 0.1)

        async with asyncio.TaskGroup() as group:
            for _ in range(_SENDERS):
                group.create_task(sender())
            try:
                yield
            finally:
                stopping.set()

    async def until_refused(self, count: int, timeout_s: float = 30) -> None:
        await self._until(lambda: len(self.refused) >= count, timeout_s)

    async def until_accepted_again(self, count: int, timeout_s: float = 30) -> None:
        wanted = len(self.accepted) + count
        await self._until(lambda: len(self.accepted) >= wanted, timeout_s)

    async def _until(self, holds: Callable[[], bool], timeout_s: float) -> None:
        async with asyncio.timeout(timeout_s):
            while not holds():  # noqa: ASYNC110
                await asyncio.sleep(0.02)

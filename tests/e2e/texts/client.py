"""A client that does what the API guide tells clients to do: a key a request, and the same key again
until there is an answer. It keeps what it was promised."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from tests.e2e.texts.engine_process import LIMIT_S

OURS = "+12025550100"
CLASSES = ("conversation", "bulk", "must_arrive")
#: A request without an answer for so long is sent again, in seconds.
_PATIENCE_S = 10.0
_PAUSE_S = 0.02


@dataclass(slots=True)
class Promise:
    """One text of a request. to: its numbers, in order. message_id: what the 202 named, "" without one."""

    to: tuple[str, ...]
    text: str
    delivery_class: str
    message_id: str = ""


@dataclass(slots=True)
class Request:
    """One request under one key. tries: how often it was sent; statuses: what was answered, in order."""

    key: str
    promises: list[Promise]
    tries: int = 0
    statuses: list[int] = field(default_factory=list)

    @property
    def accepted(self) -> bool:
        return 202 in self.statuses


class TextWriter:
    """Makes requests nobody made before, by chance: all classes, long and short, one and several numbers."""

    def __init__(self, chance: random.Random, *, long_texts: bool = True) -> None:
        self._chance = chance
        self._long_texts = long_texts
        self._numbers = 0
        self._keys = 0

    def request(self) -> Request:
        self._keys += 1
        texts = 3 if self._chance.random() < 0.05 else 1
        return Request(f"key-{self._keys:07d}", [self._text() for _ in range(texts)])

    def text(self, delivery_class: str, text: str = "") -> Request:
        """A request for one text to one new number."""
        self._keys += 1
        return Request(f"key-{self._keys:07d}", [Promise(self._to(1), text or "Hello", delivery_class)])

    def _text(self) -> Promise:
        chance = self._chance
        to = self._to(2 if chance.random() < 0.08 else 1)
        words = f"No {self._numbers} "
        kind = chance.random() if self._long_texts else 0.0
        if kind > 0.9:
            words += "żółć " * 20  # two parts of UCS-2
        elif kind > 0.75:
            words += "all work and no play " * chance.choice((9, 15, 22))
        return Promise(to, words, chance.choices(CLASSES, (4, 3, 4))[0])

    def _to(self, count: int) -> tuple[str, ...]:
        first = self._numbers + 1
        self._numbers += count
        return tuple(f"+1303{number:07d}" for number in range(first, first + count))


class Client:
    """Keeps `connections` requests under way.

    pace: pause of each connection after an answer, in seconds. watch: called with `requested` before
    and `accepted` after each request.
    """

    def __init__(
        self,
        url: str,
        secret: str,
        make: Callable[[], Request],
        *,
        connections: int = 12,
        pace_s: float = 0.02,
        watch: Callable[[str], None] | None = None,
    ) -> None:
        self.requests: list[Request] = []
        self.http = aiohttp.ClientSession(
            base_url=url,
            headers={"Authorization": f"Bearer {secret}"},
            connector=aiohttp.TCPConnector(limit=0),
            timeout=aiohttp.ClientTimeout(total=_PATIENCE_S),
        )
        self._make = make
        self._connections = connections
        self.pace_s = pace_s
        self._watch = watch or (lambda moment: None)
        self._unanswered: deque[Request] = deque()
        self._busy = 0
        self.making = True
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self._tasks = [asyncio.create_task(self._send_on()) for _ in range(self._connections)]

    @property
    def accepted(self) -> int:
        return sum(request.accepted for request in self.requests)

    async def finish(self) -> None:
        """Make no new requests and wait until every one has its answer."""
        self.making = False
        async with asyncio.timeout(LIMIT_S):
            while self._busy or self._unanswered:  # noqa: ASYNC110
                await asyncio.sleep(_PAUSE_S)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with suppress(asyncio.CancelledError):
                await task
        await self.http.close()

    async def send(self, request: Request) -> None:
        """Send one request, once. Raises what went wrong."""
        if not request.tries:
            self.requests.append(request)
        request.tries += 1
        self._watch("requested")
        path, body = _body(request.promises)
        async with self.http.post(path, json=body, headers={"Idempotency-Key": request.key}) as answer:
            request.statuses.append(answer.status)
            document = await answer.json()
            if answer.status == 202:
                _note_ids(request, document)
        self._watch("accepted")

    async def _send_on(self) -> None:
        while True:
            request = self._next()
            if request is None:
                await asyncio.sleep(_PAUSE_S)
                continue
            self._busy += 1
            try:
                await self.send(request)
            except (aiohttp.ClientError, TimeoutError, ConnectionError):
                pass
            finally:
                self._busy -= 1
                if not request.accepted:
                    self._unanswered.append(request)
            await asyncio.sleep(self.pace_s if request.accepted else _PAUSE_S)

    def _next(self) -> Request | None:
        if self._unanswered:
            return self._unanswered.popleft()
        return self._make() if self.making else None


def _body(promises: Sequence[Promise]) -> tuple[str, dict[str, Any]]:
    texts = [
        {"from": OURS, "to": list(one.to), "text": one.text, "class": one.delivery_class} for one in promises
    ]
    if len(texts) == 1:
        return "/v1/messages", texts[0]
    return "/v1/messages:batch", {"messages": texts}


def _note_ids(request: Request, document: dict[str, Any]) -> None:
    items = [document] if len(request.promises) == 1 else [item["message"] for item in document["items"]]
    for promise, item in zip(request.promises, items, strict=True):
        if promise.message_id and promise.message_id != item["id"]:
            raise AssertionError(f"{request.key} was answered with two messages")
        promise.message_id = item["id"]

"""People at Ringback: a WebSocket each, and messages by HTTP.

    python -m bench.chat.over_http --port P --people FILE --rate R --count N --warm-up N --out FILE

FILE: JSON list of {"token", "user_id", "conversation_id"}, two neighbours to a conversation. Prints
`connected` once everybody is, and begins with what comes in on standard input then.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from itertools import cycle
from pathlib import Path

import aiohttp
import uvloop

from bench.chat.pace import LAST_S, Notes, many_files, pace

_SENDING_CONNECTIONS = 32
_OPEN_AT_ONCE = 50


class Chat:
    """Everybody's connections. A message's text is its number."""

    def __init__(
        self, http: aiohttp.ClientSession, sending: aiohttp.ClientSession, people: list[dict[str, str]]
    ) -> None:
        self._http = http
        self._saying = sending
        self._people = people
        self.notes = Notes()
        self._sending: set[asyncio.Task[None]] = set()
        self._turns = cycle(range(len(people)))

    async def watch(self, person: dict[str, str], up: asyncio.Semaphore, ready: asyncio.Queue[None]) -> None:
        """Read one person's events for as long as the run lasts."""
        async with up:
            socket = await self._http.ws_connect("/v1/events", headers=_bearer(person))
            hello = json.loads((await socket.receive()).data)
            assert hello["type"] == "hello", hello
        ready.put_nowait(None)
        async for frame in socket:
            seen = json.loads(frame.data)
            if seen["type"] == "message.created" and seen["message"]["user_id"] != person["user_id"]:
                self.notes.saw(int(seen["message"]["text"]))

    def say(self, number: int) -> None:
        task = asyncio.create_task(self._say(number, self._people[next(self._turns)]))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _say(self, number: int, person: dict[str, str]) -> None:
        loop = asyncio.get_running_loop()
        self.notes.sent[number] = loop.time()
        path = f"/v1/conversations/{person['conversation_id']}/messages"
        body = {"text": str(number), "client_id": f"bench-{number}"}
        try:
            async with self._saying.post(path, json=body, headers=_bearer(person)) as answer:
                await answer.read()
                if answer.status == 202:
                    self.notes.answered[number] = loop.time()
                else:
                    self.notes.refused += 1
        except aiohttp.ClientError as error:
            print(f"message {number}: {error!r}", file=sys.stderr)

    async def settled(self) -> None:
        loop = asyncio.get_running_loop()
        give_up = loop.time() + LAST_S
        while len(self.notes.seen) < len(self.notes.sent) and loop.time() < give_up:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        # A message may be seen before its sender has the answer.
        await asyncio.wait_for(asyncio.gather(*self._sending), LAST_S)


async def run(options: argparse.Namespace) -> None:
    people = json.loads(options.people.read_text())
    many_files(len(people) + _SENDING_CONNECTIONS)
    url = f"http://127.0.0.1:{options.port}"
    async with (
        aiohttp.ClientSession(url, connector=aiohttp.TCPConnector(limit=0)) as http,
        aiohttp.ClientSession(url, connector=aiohttp.TCPConnector(limit=_SENDING_CONNECTIONS)) as sending,
    ):
        chat = Chat(http, sending, people)
        up, ready = asyncio.Semaphore(_OPEN_AT_ONCE), asyncio.Queue[None]()
        watching = [asyncio.create_task(chat.watch(person, up, ready)) for person in people]
        for _ in people:
            await ready.get()
        print("connected", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        await pace(options.rate, options.count, chat.say)
        await chat.settled()
        for task in watching:
            task.cancel()
        await asyncio.gather(*watching, return_exceptions=True)
        chat.notes.write(options.out, options.warm_up)


def _bearer(person: dict[str, str]) -> dict[str, str]:
    return {"Authorization": f"Bearer {person['token']}"}


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--people", type=Path, required=True)
    parser.add_argument("--rate", type=float, required=True)
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--warm-up", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True)
    return parser.parse_args()


if __name__ == "__main__":
    uvloop.run(run(parse()))

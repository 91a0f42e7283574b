"""People at an XMPP server, a connection each, on slixmpp.

    python -m bench.chat.over_xmpp --port P --people FILE --rate R --count N --warm-up N --out FILE

FILE: JSON list of {"jid", "password", "to"}. Prints `connected` once everybody is, and begins with
what comes in on standard input then.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from itertools import cycle

import slixmpp

from bench.chat.over_http import parse
from bench.chat.pace import LAST_S, Notes, many_files, pace

_OPEN_AT_ONCE = 20


class Person(slixmpp.ClientXMPP):  # type: ignore[misc]  # slixmpp has no types for its base
    """One connection."""

    def __init__(self, who: dict[str, str], notes: Notes) -> None:
        super().__init__(who["jid"], who["password"])
        self.to = who["to"]
        self.up = asyncio.Event()
        self._notes = notes
        self.enable_direct_tls = self.enable_starttls = False
        self.enable_plaintext = True
        self.plugin["feature_mechanisms"].unencrypted_plain = True
        self.add_event_handler("session_start", self._begin)
        self.add_event_handler("message", self._message)

    def _begin(self, _: object) -> None:
        self.send_presence()
        self.up.set()

    def _message(self, message: slixmpp.Message) -> None:
        self._notes.saw(int(message["body"]))


async def run(options: argparse.Namespace) -> None:
    everybody = json.loads(options.people.read_text())
    many_files(len(everybody))
    notes = Notes()
    people = [Person(who, notes) for who in everybody]
    opening = asyncio.Semaphore(_OPEN_AT_ONCE)

    async def open_(person: Person) -> None:
        async with opening:
            person.connect("127.0.0.1", options.port)
            async with asyncio.timeout(60):
                await person.up.wait()

    await asyncio.gather(*map(open_, people))
    print("connected", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    turns = cycle(people)

    def say(number: int) -> None:
        person = next(turns)
        notes.sent[number] = time.monotonic()
        person.send_message(mto=person.to, mbody=str(number), mtype="chat")

    await pace(options.rate, options.count, say)
    give_up = time.monotonic() + LAST_S
    while len(notes.seen) < len(notes.sent) and time.monotonic() < give_up:  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    notes.write(options.out, options.warm_up)
    for person in people:
        person.abort()


if __name__ == "__main__":
    asyncio.run(run(parse()))

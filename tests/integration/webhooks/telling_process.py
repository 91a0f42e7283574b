"""An engine that makes contacts without end, for `test_killed`: prints each one that was acknowledged.

Arguments: database URL, data folder, address of a receiver (made into a webhook; empty where there is one
already), number of contacts.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from tests.integration.webhooks.office import OUTBOUND, happens
from tests.peers.engine import an_engine


async def main(url: str, folder: str, receiver: str, contacts: int) -> None:
    async with an_engine(url, Path(folder), seeded=bool(receiver), outbound=OUTBOUND) as office:
        if receiver:
            body = {"url": receiver, "event_types": ["contact.created"]}
            made = await office.post("/v1/webhooks", body, expect=201)
            print("secret", made["secret"], flush=True)
        for _ in range(contacts):
            (contact,) = await happens(office)
            print("made", contact["id"], flush=True)
        print("idle", "-", flush=True)
        await asyncio.sleep(3600)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])))

"""An engine whose domain has webhooks at receivers on this machine."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from standardwebhooks.webhooks import Webhook as Verifier

from engine.outbound import OutboundSettings
from tests.peers.engine import Json, RunningEngine, an_engine
from tests.peers.receiver import Receiver, Request

OUTBOUND = OutboundSettings(allowed_networks=(ip_network("127.0.0.0/8"),))


@asynccontextmanager
async def an_office(database_url: str, folder: Path, **changes: Any) -> AsyncIterator[RunningEngine]:
    """Three users who write to each other; webhooks may go to this machine."""
    changes = {"outbound": OUTBOUND, **changes}
    async with an_engine(database_url, folder, endpoints=("1001", "1002", "1003"), **changes) as office:
        yield office


async def webhook(office: RunningEngine, receiver: Receiver, *types: str, **fields: object) -> Json:
    body = {"url": receiver.url, "event_types": list(types), **fields}
    return await office.post("/v1/webhooks", body, expect=201)


async def happens(office: RunningEngine, count: int = 1) -> list[Json]:
    """So many contacts are made: the cheapest thing everybody may see."""
    return [
        await office.post(
            "/v1/contacts",
            {"name": f"Contact {number}", "shared": True, "numbers": [{"number": "+12025550123"}]},
            expect=201,
        )
        for number in range(count)
    ]


async def say_something_in_a_chat(office: RunningEngine) -> Json:
    """The first user says it to the second one."""
    first, second, _ = office.users
    to = {"to": [{"user_id": second.id}], "user_id": first.id}
    chat = await office.post("/v1/conversations", to, expect=201)
    line = {"text": "This stays between us", "user_id": first.id}
    return await office.post(f"/v1/conversations/{chat['id']}/messages", line, expect=202)


def octets_in(folder: Path) -> bytes:
    """All files of a folder."""
    return b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())


def verified(request: Request, secret: str) -> Json:
    """What the receiver's own library makes of a request; it raises when the signature is not right."""
    document: Json = Verifier(secret).verify(request.body, request.headers)
    return document


def documents(requests: list[Request]) -> list[Json]:
    return [json.loads(request.body) for request in requests]


def subjects(requests: list[Request]) -> list[str]:
    return [document["subject"] for document in documents(requests)]

"""The whole engine behind its API, in this process, with whatever peers a test has started."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import aiohttp

from config.carriers import CarrierSection
from config.settings import ServerSettings, Settings, StorageSettings
from engine.accounts.models import (
    SYSTEM,
    CreateDevice,
    CreateDomain,
    CreateKey,
    CreateNumber,
    CreateUser,
    Domain,
    Scope,
    User,
)
from engine.ami.settings import AmiSettings
from engine.app import Engine, listening, running
from engine.idempotency import Replayed

OURS = "+12025550100"
Json = dict[str, Any]


T = TypeVar("T")


def made(created: T | Replayed) -> T:
    """Nothing here is claimed, so nothing is ever replayed."""
    assert not isinstance(created, Replayed)
    return created


@dataclass
class RunningEngine:
    """A seeded engine and a client that holds its key. Waiting gives up after 15 s."""

    engine: Engine
    http: aiohttp.ClientSession
    url: str
    key: str
    domain: Domain
    users: list[User]

    async def post(self, path: str, body: object = None, *, expect: int, **headers: str) -> Json:
        async with self.http.post(path, json=body, headers=headers) as answer:
            document: Json = await answer.json()
            assert answer.status == expect, document
            return document

    async def get(self, path: str, *, expect: int = 200) -> Json:
        async with self.http.get(path) as answer:
            document: Json = await answer.json()
            assert answer.status == expect, document
            return document

    async def text(self, to: str, text: str = "Hello", **fields: object) -> Json:
        return await self.post("/v1/messages", {"from": OURS, "to": [to], "text": text, **fields}, expect=202)

    async def until(self, path: str, holds: Callable[[Json], bool]) -> Json:
        """Read a resource until it is as wanted."""
        async with asyncio.timeout(15):
            while not holds(document := await self.get(path)):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        return document

    async def message(self, message: Json, status: str) -> Json:
        return await self.until(f"/v1/messages/{message['id']}", lambda one: one["status"] == status)

    async def inbound(self, count: int) -> list[Json]:
        """The texts that came in, oldest first, once there are so many."""
        page = await self.until("/v1/messages?direction=inbound", lambda page: len(page["items"]) >= count)
        return list(reversed(page["items"]))


def carrier(port: int, **fields: Any) -> CarrierSection:
    """A carrier called `carrier` on this machine."""
    return CarrierSection(
        **{
            "name": "carrier",
            "hosts": ("127.0.0.1",),
            "port": port,
            "system_id": "esme",
            "password": "secret",
            **fields,
        }
    )


@asynccontextmanager
async def an_engine(
    database_url: str,
    data_dir: Path,
    *,
    carriers: tuple[CarrierSection, ...] = (),
    pbxs: tuple[AmiSettings, ...] = (),
    endpoints: tuple[str, ...] = (),
    dial_context: str = "ringback",
    seeded: bool = True,
    **changes: Any,
) -> AsyncIterator[RunningEngine]:
    """An engine with a domain, a user an endpoint (extension = endpoint) and a number of ours.

    changes: other sections of the settings.
    """
    settings = Settings(
        server=ServerSettings(port=0, stop_within_s=1.0),
        storage=StorageSettings(data_dir=data_dir, url=database_url),
        carrier=carriers,
        pbx=pbxs,
        **changes,
    )
    async with AsyncExitStack() as stack:
        engine = await stack.enter_async_context(running(settings))
        url = await stack.enter_async_context(listening(engine, settings))
        accounts = engine.services.accounts
        pbx = pbxs[0].name if pbxs else "none"
        if seeded:
            domain = made(
                await accounts.domains.create(
                    SYSTEM, CreateDomain(name="Acme", pbx=pbx, dial_context=dial_context, region="US")
                )
            )
            for endpoint in endpoints or ("1001",):
                user = made(
                    await accounts.users.create(
                        SYSTEM,
                        CreateUser(domain_id=domain.id, extension=endpoint, display_name=f"User {endpoint}"),
                    )
                )
                if endpoints:
                    await accounts.devices.create(
                        SYSTEM,
                        CreateDevice(user_id=user.id, endpoint=endpoint, label="Phone", is_default=True),
                    )
            for section in carriers:
                await accounts.numbers.create(
                    SYSTEM, CreateNumber(domain_id=domain.id, e164=OURS, carrier=section.name)
                )
        else:
            (domain,) = (await accounts.domains.list(SYSTEM)).items
        users = list((await accounts.users.list(SYSTEM, domain_id=domain.id)).items)
        issued = made(
            await accounts.keys.create(
                SYSTEM, CreateKey(label="test", scope=Scope.OFFICE_MANAGER, domain_id=domain.id)
            )
        )
        assert issued.secret is not None
        http = await stack.enter_async_context(
            aiohttp.ClientSession(base_url=url, headers={"Authorization": f"Bearer {issued.secret}"})
        )
        yield RunningEngine(engine, http, url, issued.secret, domain, users)

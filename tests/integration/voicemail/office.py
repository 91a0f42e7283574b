"""Anna (1001), Bob (1002) and Carla (1003) of Acme with their mailboxes, and Dora (1004) of Bolt with hers,
as their pages see them: over HTTP, with a token each.
"""

from __future__ import annotations

import asyncio
import io
import wave
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from config.settings import ServerSettings, Settings, StorageSettings
from engine.accounts.models import (
    SYSTEM,
    CreateDevice,
    CreateDomain,
    CreateKey,
    CreateUser,
    Domain,
    MintToken,
    Principal,
    Scope,
    UpdateDomainSettings,
    User,
)
from engine.adapters.voicemail_fetcher import serving_fetcher
from engine.ami.settings import AmiSettings
from engine.app import Engine, listening, running
from engine.events import Event
from engine.idempotency import Replayed
from engine.sealing import Sealer
from engine.simulators.asterisk import PrivateAsterisk
from engine.sip.phones import Phone
from engine.sip.tones import tone_share
from engine.storage import migrate
from engine.voicemail.settings import SpoolSettings, VoicemailSettings
from tests.peers.asterisk import Shelf

PBX = "main"
CONTEXT = PrivateAsterisk.dial_context
# Longer than anything here takes, on a machine that does other things as well.
WITHIN_S = 60
_RATE_OCTETS = 16_000  # a second of 16-bit PCM at 8 kHz
_TOKEN = "a token for nothing but recordings"


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Any
    raw: bytes
    body: Any = None


@dataclass
class Page:
    """One user's page."""

    user: User
    token: str
    http: aiohttp.ClientSession
    url: str

    async def ask(self, method: str, path: str, json: object = None, **headers: str) -> Reply:
        named = {"Authorization": f"Bearer {self.token}"}
        named |= {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.http.request(method, self.url + path, json=json, headers=named) as answer:
            raw = await answer.read()
            body = await answer.json(content_type=None) if "json" in answer.content_type else None
            return Reply(answer.status, answer.headers, raw, body)

    async def voicemails(self, query: str = "") -> list[dict[str, Any]]:
        return list((await self.ask("GET", f"/v1/voicemails{query}")).body["items"])

    async def counts(self) -> tuple[int, int]:
        """New and old, of one's own mailbox."""
        (mailbox,) = (await self.ask("GET", "/v1/mailboxes")).body["items"]
        return mailbox["new"], mailbox["old"]

    async def until_voicemails(self, count: int) -> list[dict[str, Any]]:
        found = await until(self.voicemails, lambda items: len(items) >= count)
        assert len(found) == count
        return list(found)


@dataclass
class Office:
    engine: Engine
    pbx: PrivateAsterisk
    anna: Page
    bob: Page
    carla: Page
    dora: Page
    manager: Page
    acme: Domain
    sealer: Sealer
    events: list[Event] = field(default_factory=list)

    def told(self, kind: str) -> list[Event]:
        return [event for event in self.events if event.type == kind]

    async def leave_message(self, phones: Shelf, caller: str, mailbox: str, tone_hz: int) -> None:
        """See `leave_message`."""
        await leave_message(self.pbx, phones, caller, mailbox, tone_hz)

    async def until_recorded(self, mailbox: str) -> None:
        """See `until_recorded`."""
        await until_recorded(self.pbx, mailbox)


async def until(look: Callable[[], Awaitable[Any]], is_so: Callable[[Any], bool]) -> Any:
    """What is seen once it is so."""
    found = None
    try:
        async with asyncio.timeout(WITHIN_S):
            while not is_so(found := await look()):  # noqa: ASYNC110 - looked at as a page would
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(f"only: {found}") from None
    return found


async def leave_message(pbx: PrivateAsterisk, phones: Shelf, caller: str, mailbox: str, tone_hz: int) -> None:
    """Somebody calls a mailbox and speaks a tone for two seconds and a half."""
    phone = await phones.take(caller, tone_hz=tone_hz)
    await phone.call(f"86{mailbox}")
    await until_recorded(pbx, mailbox)
    await phone.hang_up()
    await phone.wait_for("ended")


async def until_recorded(pbx: PrivateAsterisk, mailbox: str, seconds: float = 2.5) -> None:
    """Wait until so much of a message has been spoken."""
    folder = pbx.voicemail_spool / CONTEXT / mailbox / "tmp"

    async def longest() -> int:
        return max((file.stat().st_size for file in folder.glob("*.wav")), default=0)

    await until(longest, lambda octets: octets > seconds * _RATE_OCTETS)


async def until_lamp(phone: Phone, *, new: int, old: int) -> None:
    """Wait until the phone's lamp was last told so."""

    async def last() -> tuple[int, int] | None:
        told = [event.data for event in phone.events if event.kind == "mwi"]
        return (told[-1]["new"], told[-1]["old"]) if told else None

    await until(last, lambda found: found == (new, old))


def share_of(sound: bytes, tone_hz: int) -> float:
    """How much of a recording is that tone."""
    with wave.open(io.BytesIO(sound)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 8_000)
        octets = file.readframes(file.getnframes())
    samples = memoryview(octets).cast("h")
    # The beep and the moment of hanging up are not his.
    return tone_share(list(samples[4_000:-4_000]), 8_000, tone_hz)


@asynccontextmanager
async def an_office(pbx: PrivateAsterisk, folder: Path, *, remote: bool = False) -> AsyncIterator[Office]:
    """Linked, with mailboxes known. remote: their recordings come through a fetcher."""
    storage = StorageSettings(data_dir=folder)
    migrate.upgrade(storage.database_url)
    pbx.voicemail_spool.mkdir(parents=True, exist_ok=True)
    async with AsyncExitStack() as stack:
        spool = SpoolSettings(name=PBX, path=pbx.voicemail_spool)
        if remote:
            token = _TOKEN.replace(" ", "-")
            host, port = await stack.enter_async_context(
                serving_fetcher(pbx.voicemail_spool, token, "127.0.0.1", 0)
            )
            spool = SpoolSettings(name=PBX, fetcher_url=f"http://{host}:{port}", token=token)
        ami = AmiSettings(
            name=PBX, host=pbx.host, port=pbx.ami_port, username=pbx.ami_username, secret=pbx.ami_secret
        )
        settings = Settings(
            server=ServerSettings(port=0, stop_within_s=1),
            storage=storage,
            pbx=(ami,),
            voicemail=VoicemailSettings(scan_every_s=0.5, spool=(spool,)),
        )
        engine = await stack.enter_async_context(running(settings))
        url = await stack.enter_async_context(listening(engine, settings))
        http = await stack.enter_async_context(aiohttp.ClientSession())
        acme, bolt = await _domain(engine, "acme"), await _domain(engine, "bolt")
        people = {
            name: await _person(engine, domain, extension, name, http, url)
            for domain, extension, name in (
                (acme, "1001", "anna"),
                (acme, "1002", "bob"),
                (acme, "1003", "carla"),
                (bolt, "1004", "dora"),
            )
        }
        issued = await engine.services.accounts.keys.create(
            SYSTEM, CreateKey(label="server", scope=Scope.OFFICE_MANAGER, domain_id=acme.id)
        )
        assert not isinstance(issued, Replayed)
        manager = Page(people["anna"].user, issued.secret or "", http, url)
        office = Office(engine, pbx, **people, manager=manager, acme=acme, sealer=storage.sealer())
        await until(_links(engine), lambda up: up)
        live = engine.bus.subscribe([acme.id, bolt.id])
        hearing = asyncio.create_task(_hear(live, office.events))
        try:
            yield office
        finally:
            hearing.cancel()
            await asyncio.wait((hearing,))
            live.close()


async def _hear(live: Any, events: list[Event]) -> None:
    while True:
        events += [one for one in await live.take() if isinstance(one, Event)]


def _links(engine: Engine) -> Callable[[], Awaitable[bool]]:
    async def look() -> bool:
        return all(engine.calls.pbx_links().values())

    return look


async def _domain(engine: Engine, name: str) -> Domain:
    accounts = engine.services.accounts
    made = await accounts.domains.create(
        SYSTEM, CreateDomain(name=name, pbx=PBX, dial_context=CONTEXT, region="US")
    )
    assert not isinstance(made, Replayed)
    if name == "acme":
        chosen = UpdateDomainSettings(voicemail_context=CONTEXT)
        await accounts.preferences.change_domain(SYSTEM, made.id, chosen)
    return made


async def _person(
    engine: Engine, domain: Domain, extension: str, name: str, http: aiohttp.ClientSession, url: str
) -> Page:
    accounts = engine.services.accounts
    user = await accounts.users.create(
        SYSTEM, CreateUser(domain_id=domain.id, extension=extension, display_name=name.title())
    )
    assert not isinstance(user, Replayed)
    await accounts.devices.create(SYSTEM, CreateDevice(user_id=user.id, endpoint=extension))
    await engine.services.voicemails.mailboxes.assign(SYSTEM, user.id, f"{extension}@{CONTEXT}", None)
    key = Principal("key", "test", domain.id, None, Scope.OFFICE_MANAGER)
    issued = await accounts.tokens.mint(key, MintToken(user_id=user.id))
    assert not isinstance(issued, Replayed)
    return Page(user, issued.secret or "", http, url)

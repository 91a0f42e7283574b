"""`ringback demo`: everything on one machine, ready to be clicked and texted at.

Engine, API and an SQLite database; a simulated carrier that sends receipts and replies; a real
Asterisk with two soft phones where it can be had. All of it ends when the demo does.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from config.carriers import CarrierSection
from config.logging import configure
from config.settings import LogSettings, ServerSettings, Settings, StorageSettings
from engine.accounts.models import (
    SYSTEM,
    CreateDomain,
    CreateKey,
    Domain,
    PageRequest,
    Scope,
)
from engine.app import Engine, listening, running
from engine.bus.in_process import Bus
from engine.clock import SystemClock, to_rfc3339
from engine.demo_pbx import DemoPbx, start_pbx
from engine.demo_people import OUR_NUMBER, PEOPLE, THEIR_NUMBER, live_the_past, move_in
from engine.demo_smoke import smoke
from engine.events import OPERATIONS_STREAM, Event
from engine.idempotency import Replayed
from engine.simulators.smsc import SmscSimulator
from engine.simulators.smsc_behaviour import SmscOptions
from engine.storage import migrate
from engine.voicemail.settings import SpoolSettings, VoicemailSettings

_CARRIER = "demo"
_CARRIER_PASSWORD = secrets.token_hex(4)  # eight characters are all that SMPP v3.4 allows
_DOMAIN, _REALM = "Demo", "demo"
_KEY_LABEL = "demo"

Say = Callable[[str], None]
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class DemoOptions:
    """data_dir: kept between runs; None takes a scratch folder that is removed at the end.

    port: of the API, 0 takes a free one. smoke: one call and one text, their figures, and out.
    """

    data_dir: Path | None = Path("data")
    port: int = 8080
    smoke: bool = False


@dataclass(frozen=True, slots=True)
class Demo:
    """What a newcomer needs: where it is, what opens it, and who is in it.

    password: everybody's.
    """

    url: str
    key: str
    domain: Domain
    user_id: str
    password: str
    pbx: DemoPbx


async def run(options: DemoOptions, say: Say = print) -> None:
    """Run until Ctrl-C, or for a smoke test until it is done.

    Raises OSError when the port is taken, EngineError when the data folder cannot be used or a
    smoke test did not get through.
    """
    configure(LogSettings(level="error"))
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with _everything(options, say) as (demo, engine):
        if options.smoke:
            say(await smoke(demo.url, demo.key, demo.user_id, OUR_NUMBER, THEIR_NUMBER))
            return
        _introduce(demo, say)
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(_show_events(engine.bus, demo.domain.id, say))
            await stop.wait()
            watching.cancel()
        say("Stopping.")


@asynccontextmanager
async def _everything(options: DemoOptions, say: Say) -> AsyncIterator[tuple[Demo, Engine]]:
    async with AsyncExitStack() as stack:
        data_dir = options.data_dir
        if data_dir is None:
            data_dir = Path(tempfile.mkdtemp(prefix="ringback-"))
            stack.callback(shutil.rmtree, data_dir, ignore_errors=True)
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        smsc = SmscSimulator(
            SmscOptions(
                port=0,
                password=_CARRIER_PASSWORD,
                reply="Thanks for: {text}",
                receipt_delay_s=0.2,
                reply_delay_s=0.5,
            )
        )
        await smsc.start()
        stack.push_async_callback(smsc.stop)
        pbx = await stack.enter_async_context(start_pbx(data_dir, say))
        settings = _settings(options, data_dir, smsc.port, pbx)
        await asyncio.to_thread(migrate.upgrade, settings.storage.database_url)
        engine = await stack.enter_async_context(running(settings))
        url = await stack.enter_async_context(listening(engine, settings))
        password = _password(data_dir)
        domain, user_id, key = await _seed(engine, pbx, password, past=not options.smoke)
        await _links_up(engine)
        yield Demo(url, key, domain, user_id, password, pbx), engine


def _settings(options: DemoOptions, data_dir: Path, smsc_port: int, pbx: DemoPbx) -> Settings:
    carrier = CarrierSection(
        name=_CARRIER, hosts=("127.0.0.1",), port=smsc_port, system_id="demo", password=_CARRIER_PASSWORD
    )
    spools: tuple[SpoolSettings, ...] = ()
    if pbx.voicemail_spool is not None:
        pbx.voicemail_spool.mkdir(exist_ok=True)
        spools = (SpoolSettings(name=pbx.ami.name, path=pbx.voicemail_spool),)
    return Settings(
        voicemail=VoicemailSettings(scan_every_s=2.0, spool=spools),
        server=ServerSettings(port=options.port, stop_within_s=2.0),
        storage=StorageSettings(data_dir=data_dir),
        pbx=(pbx.ami,),
        carrier=(carrier,),
    )


def _password(data_dir: Path) -> str:
    """The same at every run with this folder, so that browsers stay logged in."""
    kept = data_dir / "demo-password"
    if not kept.exists():
        kept.touch(mode=0o600)
        kept.write_text(f"ring-{secrets.token_hex(5)}\n")
    return kept.read_text().strip()


async def _seed(engine: Engine, pbx: DemoPbx, password: str, *, past: bool) -> tuple[Domain, str, str]:
    """The demo's domain, made at the first run; a fresh key each time, since the old one cannot be shown.

    past: whether a new domain has one.
    """
    services = engine.services
    accounts = services.accounts
    domains = (await accounts.domains.list(SYSTEM, PageRequest(200))).items
    domain = next((one for one in domains if one.name == _DOMAIN), None)
    if domain is None:
        domain = _made(
            await accounts.domains.create(
                SYSTEM,
                CreateDomain(
                    name=_DOMAIN,
                    realm=_REALM,
                    pbx=pbx.ami.name,
                    dial_context=pbx.dial_context,
                    region="US",
                ),
            )
        )
        endpoints = frozenset(user.endpoint for user in pbx.users)
        users = await move_in(services, domain, endpoints, _CARRIER)
        for user in users:
            await accounts.passwords.set(SYSTEM, user.id, password)
        if past:
            await live_the_past(engine.database, domain, users, _CARRIER, SystemClock().now_ms())
    listed = (await accounts.users.list(SYSTEM, domain_id=domain.id)).items
    mailboxes = services.voicemails.mailboxes
    have_one = {one.extension for one in pbx.users} if pbx.voicemail_spool is not None else set()
    for user in (user for user in listed if user.extension in have_one):
        await mailboxes.assign(SYSTEM, user.id, f"{user.extension}@{pbx.dial_context}", None)
    caller = next(user for user in listed if user.extension == pbx.users[0].extension)
    for old in (await accounts.keys.list(SYSTEM, domain_id=domain.id)).items:
        if old.label == _KEY_LABEL and old.revoked_ms is None:
            await accounts.keys.revoke(SYSTEM, old.id)
    issued = _made(
        await accounts.keys.create(
            SYSTEM, CreateKey(label=_KEY_LABEL, scope=Scope.OFFICE_MANAGER, domain_id=domain.id)
        )
    )
    assert issued.secret is not None
    return domain, caller.id, issued.secret


def _made(created: T | Replayed) -> T:
    """Nothing here is claimed, so nothing is ever replayed."""
    assert not isinstance(created, Replayed)
    return created


async def _links_up(engine: Engine, within_s: float = 5.0) -> None:
    """Wait until PBX and carrier answer, so that the first click of a newcomer works."""
    async with asyncio.timeout(within_s):
        while not all(component.up for component in await engine.services.health.check()):  # noqa: ASYNC110
            await asyncio.sleep(0.02)


def _introduce(demo: Demo, say: Say) -> None:
    caller, callee = demo.pbx.users[:2]
    log_ins = "\n  ".join(
        f"{one.login}@{_REALM}".ljust(14)
        + f"{one.name}, {one.extension}{', Office Manager' if one.role is Scope.OFFICE_MANAGER else ''}"
        for one in PEOPLE[:4]
    )
    phones = "soft phones on a real Asterisk" if demo.pbx.real else "simulated phones"
    say(f"""
Open {demo.url} in a browser, and in another one as somebody else. Everybody's password is {demo.password}

  {log_ins}

The API is described at {demo.url}/openapi.json
Key of the domain {demo.domain.name!r}, good until the next run: {demo.key}

Call: rings {caller.display_name} ({caller.extension}), then {callee.display_name} ({callee.extension}),
on {phones}.

  curl -s {demo.url}/v1/calls -H 'Authorization: Bearer {demo.key}' \\
    -H 'Content-Type: application/json' -d '{{"user_id":"{demo.user_id}","to":"{callee.extension}"}}'

Text: goes to the simulated carrier, which confirms it and answers.

  curl -s {demo.url}/v1/messages -H 'Authorization: Bearer {demo.key}' \\
    -H 'Content-Type: application/json' -d '{{"from":"{OUR_NUMBER}","to":["{THEIR_NUMBER}"],"text":"Hello"}}'

{_about_voicemail(demo, callee.extension)}Events as they happen (Ctrl-C ends everything):
""")


def _about_voicemail(demo: Demo, extension: str) -> str:
    if demo.pbx.voicemail_spool is None:
        return ""
    return f"""Voicemail: a call to 86{extension} is taken by that mailbox; its user hears it:

  curl -s {demo.url}/v1/mailboxes -H 'Authorization: Bearer {demo.key}'

"""


async def _show_events(bus: Bus, domain_id: str, say: Say) -> None:
    subscription = bus.subscribe((domain_id, OPERATIONS_STREAM))
    try:
        while True:
            say(_line(await subscription.get()))
    finally:
        subscription.close()


def _line(event: Event) -> str:
    at = datetime.fromisoformat(to_rfc3339(event.at_ms)).astimezone().strftime("%H:%M:%S.%f")[:-3]
    return f"{at}  {event.type:<22} {event.subject}  {json.dumps(dict(event.data))}"

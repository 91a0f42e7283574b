"""The composition root: what an engine is made of, and in which order it starts and stops.

Starting goes from the database outwards and stopping back: first no new requests, then no new
calls and segments, then the carriers are given time to answer what is out, last the database.
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import structlog

from api.app import COMPLETIONS, build_app, serving
from api.event_frames import may_see
from api.webhook_frames import WebhookFrames
from config.settings import Settings
from engine.accounts.access import sees_domain
from engine.accounts.service import Accounts
from engine.adapters.outbound import OutboundClient
from engine.adapters.smpp_carrier import SmppSmsCarrier
from engine.bus.in_process import Bus
from engine.click_to_call.service import ClickToCall
from engine.clock import Clock, SystemClock
from engine.contacts.directory import Directory
from engine.contacts.files import ContactFiles
from engine.contacts.service import Contacts
from engine.conversations.out_of_office import Absences
from engine.conversations.quick_replies import QuickReplies
from engine.conversations.search import Search
from engine.conversations.service import Conversations
from engine.desk_phones.service import DeskPhones
from engine.events import Event
from engine.health import EngineHealth, EngineMetrics
from engine.idempotency import KEPT_MS
from engine.messaging.blocks import BlockedSenders
from engine.parts.attachments import link_maker, make_attachments
from engine.parts.exports import make_exports
from engine.parts.notifications import make_notifications
from engine.parts.phones import PhonesPart, make_phones
from engine.parts.records import make_records
from engine.parts.texting import TextingPart, make_texting
from engine.parts.usage import make_usage
from engine.parts.voicemail import VoicemailPart
from engine.parts.webhooks import make_webhooks
from engine.services import Services
from engine.storage import idempotency
from engine.storage.accounts import SqlAccountsStore
from engine.storage.audit import AuditReader
from engine.storage.blocked_senders import SqlBlockedSenders
from engine.storage.contacts import SqlContactStore
from engine.storage.conversations import SqlConversations
from engine.storage.database import Database
from engine.storage.desk_phones import SqlDeskPhones
from engine.storage.event_log import EventLog
from engine.storage.event_rows import EventRows
from engine.storage.messaging import SqlNumberDirectory
from engine.storage.own_texts import SqlOwnTexts
from engine.storage.ownership import sole_engine
from engine.storage.search import SearchIndex, SqlSearch
from engine.storage.voicemail import SqlVoicemails
from engine.upkeep import Job, Work, keep_up

log = structlog.get_logger()

#: A stop that takes longer than this is stuck. Everything promised is on disk, so the process may end.
_STOP_WITHIN_S = 25.0
#: After these events what is cached about numbers may be wrong.
_CHANGES_NUMBERS = ("number.", "user.", "domain.")


@dataclass(frozen=True, slots=True)
class Engine:
    """A running engine: what the API calls, and the parts tests and the demo look at."""

    services: Services
    database: Database
    bus: Bus
    carriers: Sequence[SmppSmsCarrier]
    calls: ClickToCall


async def serve(settings: Settings) -> None:
    """Run engine and API until SIGTERM or SIGINT.

    Raises EngineError when the database cannot be used, OSError when the address cannot be bound.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with running(settings) as engine, listening(engine, settings) as url:
        log.info("engine.started", url=url, carriers=len(engine.carriers), pbxs=len(settings.pbx))
        _spare_what_stays()
        await stop.wait()
        log.info("engine.stopping")
        overdue = loop.call_later(_STOP_WITHIN_S, _give_up)
    overdue.cancel()
    log.info("engine.stopped")


@asynccontextmanager
async def listening(engine: Engine, settings: Settings) -> AsyncIterator[str]:
    """Serve the API while the block runs; yields its address. Raises OSError, ssl.SSLError."""
    tls = _tls(settings.server.tls_certificate_file, settings.server.tls_key_file)
    async with serving(build_app(engine.services, settings.api), tls=tls) as (host, port):
        where = f"[{host}]" if ":" in host else host
        yield settings.server.public_url or f"{'https' if tls else 'http'}://{where}:{port}"


@asynccontextmanager
async def running(settings: Settings, clock: Clock | None = None) -> AsyncIterator[Engine]:
    """An engine without API, working while the block runs. The database has its tables already.

    Raises EngineError when the database cannot be used or another engine uses it; leaves in order,
    within some ten seconds.
    """
    async with (
        sole_engine(settings.storage.database_url),
        _with_database(settings, clock or SystemClock()) as engine,
    ):
        yield engine


@asynccontextmanager
async def _with_database(settings: Settings, clock: Clock) -> AsyncIterator[Engine]:
    bus = Bus()
    # Needed before there is a database to read with: events arrive from its first commit on.
    directories: list[SqlNumberDirectory] = []
    hearers: list[Callable[[Event], None]] = []

    def publish(events: Sequence[Event]) -> None:
        for event in events:
            for hear in hearers:
                hear(event)
            if event.type.startswith(_CHANGES_NUMBERS):
                for directory in directories:
                    directory.forget()
        bus.publish(events)

    database = await Database.open(settings.storage.database_url, bus_publish=publish, clock=clock)
    try:
        numbers = SqlNumberDirectory(database, clock)
        directories.append(numbers)
        async with (
            OutboundClient(settings.outbound, clock) as outbound,
            _working(settings, clock, bus, database, numbers, hearers, outbound) as engine,
        ):
            yield engine
    finally:
        bus.close()
        await database.close()


@dataclass(frozen=True, slots=True)
class _Assembly:
    """All parts of an engine, not running yet. work: each runs until cancelled, started in this order."""

    engine: Engine
    texting: TextingPart
    phones: PhonesPart
    work: Sequence[Work]


@asynccontextmanager
async def _working(
    settings: Settings,
    clock: Clock,
    bus: Bus,
    database: Database,
    numbers: SqlNumberDirectory,
    hearers: list[Callable[[Event], None]],
    outbound: OutboundClient,
) -> AsyncIterator[Engine]:
    made = await _assemble(settings, clock, bus, database, numbers, hearers, outbound)
    presence, calls = made.phones.presence, made.phones.calls
    await presence.start()
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one()) for one in made.work]
        try:
            async with calls.running():
                yield made.engine
        finally:
            async with asyncio.TaskGroup() as draining:
                draining.create_task(made.texting.drain())
                draining.create_task(made.phones.stop())
            made.engine.services.accounts.close()
            for task in tasks:
                task.cancel()
    await presence.drain()


async def _assemble(
    settings: Settings,
    clock: Clock,
    bus: Bus,
    database: Database,
    numbers: SqlNumberDirectory,
    hearers: list[Callable[[Event], None]],
    outbound: OutboundClient,
) -> _Assembly:
    links = link_maker(settings.server.public_url, settings.attachments)
    peers = [(section.smpp, section.words) for section in settings.carrier]
    texting = make_texting(database, numbers, peers, settings.messaging, links, clock)
    phones = make_phones(database, bus, settings.pbx, settings.calls, settings.presence, clock)
    # Where none is configured yet, records may name what is to come.
    accounts = Accounts(
        SqlAccountsStore(database),
        clock,
        known_pbxs=set(phones.pbxs) or None,
        known_carriers=set(texting.outboxes) or None,
        login=settings.login,
    )
    people = SqlContactStore(database)
    contacts, names = Contacts(people, sees_domain, settings.contacts), Directory(people, sees_domain)
    mailboxes = SqlVoicemails(database)
    voicemail = VoicemailPart(mailboxes, phones.pbxs, names, settings.voicemail)
    conversations = Conversations(
        SqlConversations(database),
        texting.messaging,
        bus,
        clock,
        contacts=contacts,
        names=names,
        calls=phones.logged,
        voicemails=mailboxes,
    )
    attachments = make_attachments(
        database, clock, settings.attachments, settings.storage.data_dir, conversations, texting.messaging
    )
    desk_phones = DeskPhones(SqlDeskPhones(database), conversations, phones.texts)
    sealer = settings.storage.sealer()
    records = await make_records(database, accounts, sealer, clock, voicemail.service.delete)
    usage = await make_usage(database, clock, {one.name: one.price_list for one in settings.carrier})
    webhooks = make_webhooks(database, bus, outbound, sealer, settings.webhooks, clock, may_see)
    notifications = make_notifications(
        database,
        sealer,
        outbound,
        conversations,
        names,
        clock,
        settings.notifications,
        settings.mail,
        public_url=settings.server.public_url,
        plain_http=bool(settings.outbound.allowed_networks),
        quiet=phones.presence.do_not_disturb,
    )
    hearers += [phones.roster.hear, desk_phones.hear, notifications.hear]
    calls, carriers, event_log = phones.calls, texting.carriers, EventLog(database)
    metrics = EngineMetrics(database, texting.outboxes, carriers, calls.pbx_links, calls.open_calls)
    services = Services(
        accounts=accounts,
        attachments=attachments.service,
        calls=calls,
        messaging=texting.messaging,
        explainer=texting.explainer,
        consents=texting.consents,
        blocked_senders=BlockedSenders(SqlBlockedSenders(database), numbers),
        search=Search(SqlSearch(database)),
        quick_replies=QuickReplies(SqlOwnTexts(database)),
        absences=Absences(SqlOwnTexts(database)),
        conversations=conversations,
        presence=phones.presence,
        call_log=phones.call_log,
        voicemails=voicemail.service,
        notifications=notifications,
        contacts=contacts,
        contact_files=ContactFiles(people, sees_domain, settings.contacts),
        directory=names,
        usage=usage.reports,
        erasures=records.erasures,
        exports=make_exports(conversations, database, settings.records),
        webhooks=webhooks.service,
        audit=AuditReader(database),
        event_log=event_log,
        event_rows=EventRows(database),
        bus=bus,
        health=EngineHealth(database, carriers, calls.pbx_links),
        metrics=metrics.registry(),
    )
    services.metrics.register(webhooks.dispatcher)
    upkeep = dict(_upkeep(settings, clock, database, event_log, accounts))
    for part in (texting, attachments, webhooks, usage, records):
        upkeep |= part.upkeep
    work: list[Work] = [
        desk_phones.run,
        voicemail.run,
        notifications.run,
        partial(webhooks.dispatcher.run, WebhookFrames(services, COMPLETIONS)),
        *texting.work(),
        *phones.work(),
        partial(keep_up, upkeep),
    ]
    return _Assembly(Engine(services, database, bus, carriers, calls), texting, phones, work)


def _spare_what_stays() -> None:
    """Keep the collector away from what lives as long as the process.

    At its own thresholds it walks all our modules again and again: a sixth of the loop's time under
    load. What a text allocates is freed by its reference counts; cycles are rare and can wait.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def _give_up() -> None:
    for task in asyncio.all_tasks():
        log.error("engine.stop_overdue", task=task.get_name())
    os._exit(1)


def _upkeep(
    settings: Settings,
    clock: Clock,
    database: Database,
    event_log: EventLog,
    accounts: Accounts,
) -> dict[str, Job]:
    retention_ms = settings.events.retention_hours * 3_600_000

    async def trim_claims() -> None:
        before_ms = clock.now_ms() - KEPT_MS
        while await database.transact(lambda tx: idempotency.trim(tx, before_ms)):
            pass

    return {
        "trim_events": (600.0, lambda: event_log.trim(clock.now_ms() - retention_ms)),
        "trim_claims": (600.0, trim_claims),
        "trim_credentials": (600.0, accounts.forget_expired),
        "note_sessions": (20.0, accounts.sessions.note_seen),
        "index_messages": (1.0, SearchIndex(database).catch_up),
    }


def _tls(certificate: Path | None, key: Path | None) -> ssl.SSLContext | None:
    if certificate is None or key is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)
    return context

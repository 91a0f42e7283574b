"""The API in front of the real services on a real database; only the PBX and the carrier are twins.

Two tenants, each with a manager's key, two users with a page token each, devices, a number, a call, a text
and its thread: whatever one may read, the other must not be able to tell from nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path
from typing import TypeVar

import aiohttp
import msgspec
from prometheus_client import CollectorRegistry

from api.app import HOT_LANES, build_app, serving
from api.context import CONTEXT, Context
from api.event_frames import may_see
from api.hot_lane import HotLanes
from api.settings import ApiSettings
from engine.accounts.access import sees_domain
from engine.accounts.hashing import HashCost, PasswordHashes
from engine.accounts.models import (
    SYSTEM,
    CreateDevice,
    CreateDomain,
    CreateKey,
    CreateNumber,
    CreateUser,
    Device,
    Domain,
    LogIn,
    MintToken,
    Number,
    Principal,
    Scope,
    User,
)
from engine.accounts.service import Accounts
from engine.adapters.outbound import OutboundClient
from engine.adapters.smpp_texts import CarrierTexts, CarrierWords
from engine.attachments.links import LinkMaker
from engine.attachments.models import Attachment, AttachmentState
from engine.attachments.ports import Quotas
from engine.attachments.settings import AttachmentSettings
from engine.bus.in_process import Bus
from engine.click_to_call.models import Call, PlaceCall
from engine.click_to_call.ports import DialRequest, PbxListener
from engine.click_to_call.service import ClickToCall
from engine.click_to_call.settings import CallSettings
from engine.contacts.directory import Directory
from engine.contacts.files import ContactFiles
from engine.contacts.models import CreateContact, NumberDraft
from engine.contacts.service import Contacts
from engine.contacts.settings import ContactSettings
from engine.conversations.out_of_office import Absences
from engine.conversations.quick_replies import CreateQuickReply, QuickReplies
from engine.conversations.search import Search
from engine.conversations.service import Conversations
from engine.events import Event, NewEvent, domain_stream
from engine.idempotency import Replayed
from engine.ids import new_id
from engine.messaging.blocks import BlockedSenders
from engine.messaging.consent import Consents
from engine.messaging.explain import Explainer
from engine.messaging.models import Message
from engine.messaging.outbox import Outbox
from engine.messaging.ports import InboundText, Refusal, SegmentJob, Slot
from engine.messaging.service import Messaging
from engine.messaging.settings import MessagingSettings
from engine.notifications.service import Notifications
from engine.notifications.settings import MailSettings, NotificationsSettings
from engine.outbound import OutboundSettings
from engine.parts.attachments import AttachmentsPart, make_attachments
from engine.parts.exports import make_exports
from engine.parts.notifications import make_notifications
from engine.parts.records import make_records
from engine.parts.webhooks import make_webhooks
from engine.presence.call_log import CallLog
from engine.presence.live_roster import LiveRoster
from engine.presence.models import CallLogEntry, LegState, Party
from engine.presence.service import Presence
from engine.presence.settings import PresenceSettings
from engine.records.settings import RecordsSettings
from engine.sealing import Sealer
from engine.services import Component, Services
from engine.smpp.text import TextProfile
from engine.storage.accounts import SqlAccountsStore
from engine.storage.attached import FilesAtHand
from engine.storage.attachments import SqlAttachments
from engine.storage.audit import AuditReader
from engine.storage.blocked_senders import SqlBlockedSenders
from engine.storage.call_log import SqlCallLog
from engine.storage.calls import SqlCalls, SqlDirectory
from engine.storage.consent_ledger import SqlConsents
from engine.storage.contacts import SqlContactStore
from engine.storage.conversations import SqlConversations
from engine.storage.database import Database, Transaction
from engine.storage.event_log import EventLog
from engine.storage.event_rows import EventRows
from engine.storage.messaging import SqlNumberDirectory, SqlTexts
from engine.storage.own_texts import SqlOwnTexts
from engine.storage.presence import SqlRoster, SqlStatuses
from engine.storage.search import SqlSearch
from engine.storage.usage import SqlUsage
from engine.storage.webhook_progress import SqlWebhookProgress
from engine.usage.service import UsageReports
from engine.webhooks.models import CreateWebhook, Delivery, DeliveryState, Progress, Webhook
from engine.webhooks.settings import WebhookSettings
from tests.integration.api.client import CheckedClient, Contract
from tests.integration.api.mailboxes import FolderMailboxes, folder_mailboxes
from tests.unit.presence.twins import ScriptedPhones, leg

R = TypeVar("R")

CARRIER = "one"
PBX = "main"
#: Of the first user of every tenant, who logs in as 101@<name of the domain>.
PASSWORD = "correct horse battery"


@dataclass
class Clock:
    """Stands still; wall and monotonic time move together."""

    ms: int = 1_800_000_000_000

    def now_ms(self) -> int:
        return self.ms

    def monotonic(self) -> float:
        return self.ms / 1000


class SilentPbx:
    """Takes every call and never says what became of it."""

    name = PBX
    available = True

    def __init__(self) -> None:
        self.asked: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self.originated: list[str] = []

    def subscribe(self, listener: PbxListener) -> None: ...

    def follow(self, call: Call) -> None: ...

    async def originate(self, request: DialRequest) -> None:
        self.originated.append(request.call_id)
        self.asked[request.call_id].set()

    async def hangup(self, channel_id: str) -> bool:
        return True


class UnboundCarrier:
    """A carrier without a bind: texts are accepted and wait."""

    name = CARRIER

    def reserve(self) -> Slot | None:
        return None

    def release(self, slot: Slot) -> None:
        raise AssertionError("nothing was reserved")

    def submit(self, slot: Slot, job: SegmentJob) -> bool:
        raise AssertionError("nothing was reserved")

    def refusal(self, command_status: int) -> Refusal:
        raise AssertionError("nothing was sent")

    def smsc_key(self, smsc_id: str) -> str:
        return smsc_id


@dataclass
class HealthTwin:
    """Says what it is told to."""

    components: list[Component] = field(default_factory=lambda: [Component("database", True, True)])

    async def check(self) -> Sequence[Component]:
        return self.components


@dataclass
class Tenant:
    """One domain with everything in it. Secrets by who holds them."""

    domain: Domain
    manager: str
    manager_key_id: str
    users: list[User]
    tokens: list[str]
    devices: list[Device]
    number: Number
    call_id: str
    message_id: str
    conversation_id: str
    contact_id: str
    session_id: str
    session: str
    call_log_id: str
    block_id: str
    quick_reply_id: str
    webhook_id: str = field(kw_only=True)
    delivery_id: str = field(kw_only=True)
    voicemail_id: str = field(kw_only=True)
    attachment_id: str


@dataclass
class World:
    services: Services
    database: Database
    bus: Bus
    clock: Clock
    client: CheckedClient
    context: Context
    lanes: HotLanes
    health: HealthTwin
    pbx: SilentPbx
    phones: ScriptedPhones
    presence: Presence
    super_user: str
    reseller: str
    super_user_key_id: str

    @property
    def accounts(self) -> Accounts:
        return self.services.accounts

    async def tenant(self, name: str, number: str, *, reseller: str | None = "acme-resale") -> Tenant:
        """A domain of this reseller with two users; the number is assigned to the first."""
        accounts = self.accounts
        domain = made(
            await accounts.domains.create(
                SYSTEM,
                CreateDomain(
                    name=name,
                    pbx=PBX,
                    dial_context=f"{name}-out",
                    region="US",
                    reseller_id=reseller,
                    realm=name,
                ),
            )
        )
        manager = made(
            await accounts.keys.create(
                SYSTEM, CreateKey(label="server", scope=Scope.OFFICE_MANAGER, domain_id=domain.id)
            )
        )
        assert manager.secret is not None
        acting = await accounts.authenticate(manager.secret)
        users, tokens, devices = [], [], []
        for extension in ("101", "102"):
            user = made(
                await accounts.users.create(
                    acting, CreateUser(extension=extension, display_name=f"{name} {extension}")
                )
            )
            users.append(user)
            devices.append(
                made(
                    await accounts.devices.create(
                        acting, CreateDevice(user_id=user.id, endpoint=f"{name}-{extension}")
                    )
                )
            )
            token = made(await accounts.tokens.mint(acting, MintToken(user_id=user.id, lifetime_s=86_400)))
            assert token.secret is not None
            tokens.append(token.secret)
        owned = made(
            await accounts.numbers.create(
                SYSTEM,
                CreateNumber(e164=number, carrier=CARRIER, domain_id=domain.id, user_ids=(users[0].id,)),
            )
        )
        contact = made(
            await self.services.contacts.create(
                acting, CreateContact(name="Supplier", numbers=(NumberDraft(number="+12025550142"),))
            )
        )
        caller = await accounts.authenticate(tokens[0])
        call = made(await self.services.calls.place(caller, PlaceCall(to="102")))
        await self.pbx.asked[call.id].wait()  # then its last event is committed
        await accounts.passwords.set(SYSTEM, users[0].id, PASSWORD)
        session = await accounts.sessions.log_in(LogIn(name=f"101@{name}", password=PASSWORD, address=name))
        message = await self.inbound(number, "+12025550177", "hello")
        block = made(await self.services.blocked_senders.block(SYSTEM, "+12025550190", number))
        reply = made(await self.services.quick_replies.create(acting, CreateQuickReply(text="Thank you!")))
        voicemail_id = await self.voicemail(users[0], name)
        await self.mailboxes.give(users[1], name)
        webhook, delivery = await self.webhook(acting)
        missed = await self.missed_call(users[0], f"{name}-101", "+12025550177")
        return Tenant(
            domain,
            manager.secret,
            manager.credential.id,
            users,
            tokens,
            devices,
            owned,
            call.id,
            message.id,
            message.conversation_id or "",
            contact.id,
            session.session.id,
            session.secret,
            missed.id,
            block.id,
            reply.id,
            await self.file_of(domain, users[0]),
            voicemail_id=voicemail_id,
            webhook_id=webhook.id,
            delivery_id=delivery.id,
        )

    async def webhook(self, acting: Principal) -> tuple[Webhook, Delivery]:
        """A webhook that reaches nobody, and an event that was given up."""
        command = CreateWebhook(url="https://127.0.0.1:1/hook", event_types=["contact.imported"])
        webhook = made(await self.services.webhooks.create(acting, command)).webhook
        event = Event(webhook.stream, 1, "contact.imported", new_id("cont"), {}, self.clock.ms)
        dead = Delivery(new_id("whd"), webhook.id, event, DeliveryState.DEAD, 12, self.clock.ms)
        progress = Progress(webhook.id, webhook.seq, [dead], None, None, None)
        assert await SqlWebhookProgress(self.database).keep(progress)
        return webhook, dead

    async def file_of(self, domain: Domain, user: User) -> str:
        """A row of a file that is nowhere: enough to be refused."""
        new = Attachment(
            new_id("att"),
            domain.id,
            user.id,
            user.id,
            None,
            None,
            "a.png",
            "image/png",
            9,
            None,
            None,
            0,
            AttachmentState.READY,
            self.clock.ms,
        )
        await SqlAttachments(self.database).add(new, Quotas(0, 0), None, None)
        return new.id

    async def voicemail(self, user: User, context: str) -> str:
        """Somebody leaves a message in the mailbox of a user, which is made first; its id."""
        await self.mailboxes.give(user, context)
        self.mailboxes.spool.leave(
            user.extension,
            context=context,
            caller='"Supplier" <2025550142>',
            channel="PJSIP/carrier-0000000a",
        )
        await self.mailboxes.look(user)
        principal = Principal("token", "tok", user.domain_id, user.id, Scope.BASIC_USER)
        return (await self.services.voicemails.list(principal)).items[0].id

    async def missed_call(self, user: User, endpoint: str, caller: str) -> CallLogEntry:
        """Somebody calls a user's phone and gives up; what the call log makes of it."""
        peer = Party("carrier", caller, "")
        call = {"peer": peer, "linkedid": new_id("pbx"), "started_ms": self.clock.ms}
        await self.services.presence.list(SYSTEM, user.domain_id)  # whose phone it is is known from here
        live = self.bus.subscribe([domain_stream(user.domain_id)])
        self.phones.told().legs(PBX, [leg(endpoint, LegState.RINGING, **call)])
        self.phones.told().legs(PBX, [leg(endpoint, LegState.OVER, **call)])
        while (event := await live.get()).type != "call_log.created":
            continue
        live.close()
        return await self.services.call_log.get(SYSTEM, event.subject)

    async def inbound(self, to: str, source: str, text: str) -> Message:
        """A text from outside, as a carrier delivers it."""
        stored: asyncio.Future[BaseException | None] = asyncio.get_running_loop().create_future()
        came = InboundText(
            message_id=new_id("msg"),
            conversation_id=new_id("conv"),
            carrier=CARRIER,
            source=source,
            destination=to,
            data_coding=0,
            octets=text.encode(),
            text=text,
            session_id="s1",
            received_ms=self.clock.ms,
        )
        self._texts.store_inbound([came], stored.set_result)
        assert await stored is None
        return await self.services.messaging.get(SYSTEM, came.message_id)

    async def key(self, scope: Scope, **fields: object) -> str:
        """A new key's secret."""
        issued = made(
            await self.accounts.keys.create(SYSTEM, CreateKey(**{"label": "k", "scope": scope, **fields}))
        )
        assert issued.secret is not None
        return issued.secret

    async def emit(self, *events: NewEvent) -> None:
        """Commit events as a feature would."""

        def work(tx: Transaction) -> None:
            for event in events:
                tx.emit(event)

        await self.database.transact(work)

    async def principal(self, secret: str) -> Principal:
        return await self.accounts.authenticate(secret)

    async def on_wire(self, message_id: str) -> str:
        """What the segments of a text say, put together; plain letters only."""
        query = "SELECT short_message FROM segments WHERE message_id = ? ORDER BY part_no"
        rows = await self.database.read(
            lambda connection: connection.exec_driver_sql(query, (message_id,)).all()
        )
        return b"".join(bytes(row[0]) for row in rows).decode()

    _texts: SqlTexts = field(kw_only=True)
    attachments: AttachmentsPart = field(kw_only=True)
    mailboxes: FolderMailboxes = field(kw_only=True)
    attachment_folder: Path = field(kw_only=True)


@contextlib.asynccontextmanager
async def working(work: Coroutine[None, None, None]) -> AsyncIterator[None]:
    """Has it done in the background while the block runs."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait((task,))
        if not task.cancelled():
            task.result()


def made(result: R | Replayed) -> R:
    assert not isinstance(result, Replayed)
    return result


@contextlib.asynccontextmanager
async def a_world(
    url: str, settings: ApiSettings, *, change: Callable[[Services], Services] | None = None
) -> AsyncIterator[World]:
    """The API served on a free port. change: swap a service for another."""
    clock, bus, pbx, health = Clock(), Bus(), SilentPbx(), HealthTwin()
    phones = ScriptedPhones(PBX)
    rosters: list[LiveRoster] = []

    told: list[Notifications] = []

    def publish(events: Sequence[Event]) -> None:
        for event in events:
            rosters[0].hear(event)
            for notifications in told:
                notifications.hear(event)
        bus.publish(events)

    database = await Database.open(url, bus_publish=publish, clock=clock)
    rosters.append(LiveRoster(SqlRoster(database)))
    call_log = SqlCallLog(database)
    presence = Presence(
        rosters[0],
        SqlStatuses(database),
        call_log,
        {PBX: phones},
        bus,
        PresenceSettings(tell_every_s=0.01),
        clock,
    )
    accounts = Accounts(
        SqlAccountsStore(database),
        clock,
        known_pbxs={PBX},
        known_carriers={CARRIER},
        hashes=PasswordHashes(cost=HashCost(memory_kib=8, passes=1)),
    )
    words = CarrierTexts({CARRIER: CarrierWords(carrier=CARRIER, profile=TextProfile())})
    texts = SqlTexts(database, words)
    directory = SqlNumberDirectory(database, clock)
    ledger = SqlConsents(database)
    outbox = Outbox(UnboundCarrier(), texts, MessagingSettings(), clock)
    folder = tempfile.TemporaryDirectory()
    attaching = AttachmentSettings(user_quota_octets=3_000_000, max_octets=2_000_000, link_downloads=10)
    links = LinkMaker("https://phone.example.com/", attaching)
    messaging = Messaging(texts, directory, words, {CARRIER: outbox}, MessagingSettings(), clock, links)
    calls = ClickToCall(
        SqlCalls(database), {PBX: pbx}, SqlDirectory(database), CallSettings(open_per_user=50), clock
    )
    conversations = Conversations(SqlConversations(database), messaging, bus, clock)
    attachments = make_attachments(database, clock, attaching, Path(folder.name), conversations, messaging)
    names = Directory(SqlContactStore(database), sees_domain)
    mailboxes = folder_mailboxes(database, names, PBX, Path(folder.name))
    sealer = Sealer(b"k" * 32)
    outbound = OutboundClient(OutboundSettings(allowed_networks=(ip_network("127.0.0.0/8"),)), clock)
    told.append(
        make_notifications(
            database,
            sealer,
            outbound,
            conversations,
            names,
            clock,
            NotificationsSettings(),
            MailSettings(host="127.0.0.1", port=1, security="none", sender="ringback@example.com"),
            public_url="https://phone.example.com",
            plain_http=True,
            quiet=presence.do_not_disturb,
        )
    )
    webhooks = make_webhooks(database, bus, outbound, sealer, WebhookSettings(), clock, may_see)
    records = await make_records(database, accounts, Sealer(b"k" * 32), clock)
    services = Services(
        accounts=accounts,
        attachments=attachments.service,
        calls=calls,
        messaging=messaging,
        explainer=Explainer(
            directory, ledger, words, words, {CARRIER}, MessagingSettings(), links, FilesAtHand(database)
        ),
        consents=Consents(ledger, directory),
        blocked_senders=BlockedSenders(SqlBlockedSenders(database), directory),
        search=Search(SqlSearch(database)),
        quick_replies=QuickReplies(SqlOwnTexts(database)),
        absences=Absences(SqlOwnTexts(database)),
        conversations=conversations,
        contacts=Contacts(SqlContactStore(database), sees_domain, ContactSettings()),
        contact_files=ContactFiles(SqlContactStore(database), sees_domain, ContactSettings()),
        directory=names,
        usage=UsageReports(SqlUsage(database, clock), clock),
        exports=make_exports(conversations, database, RecordsSettings()),
        erasures=records.erasures,
        presence=presence,
        call_log=CallLog(call_log, rosters[0], clock),
        notifications=told[0],
        voicemails=mailboxes.service,
        webhooks=webhooks.service,
        audit=AuditReader(database),
        event_log=EventLog(database),
        event_rows=EventRows(database),
        bus=bus,
        health=health,
        metrics=CollectorRegistry(),
    )
    app = build_app(change(services) if change else services, settings, clock=clock)
    async with contextlib.AsyncExitStack() as stack:
        stack.callback(folder.cleanup)
        stack.push_async_callback(database.close)
        stack.push_async_callback(outbound.close)
        stack.callback(accounts.close)
        await stack.enter_async_context(calls.running())
        await presence.start()
        await stack.enter_async_context(working(presence.run()))
        await stack.enter_async_context(working(told[0].run()))
        host, port = await stack.enter_async_context(serving(app))
        session = await stack.enter_async_context(aiohttp.ClientSession())
        contract = Contract(msgspec.json.decode(app[CONTEXT].document))
        super_user = made(await accounts.keys.create(SYSTEM, CreateKey(label="root", scope=Scope.SUPER_USER)))
        reseller = made(
            await accounts.keys.create(
                SYSTEM, CreateKey(label="resale", scope=Scope.RESELLER, reseller_id="acme-resale")
            )
        )
        assert super_user.secret is not None
        assert reseller.secret is not None
        yield World(
            services=services,
            database=database,
            bus=bus,
            clock=clock,
            client=CheckedClient(session, f"http://{host}:{port}", contract),
            context=app[CONTEXT],
            lanes=app[HOT_LANES],
            health=health,
            pbx=pbx,
            phones=phones,
            presence=presence,
            super_user=super_user.secret,
            reseller=reseller.secret,
            super_user_key_id=super_user.credential.id,
            _texts=texts,
            attachments=attachments,
            attachment_folder=Path(folder.name),
            mailboxes=mailboxes,
        )

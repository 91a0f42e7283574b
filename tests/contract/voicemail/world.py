"""Anna and Bob of Acme, Carla of Bolt, and one PBX that keeps everybody's mailboxes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from engine.accounts.access import sees_domain
from engine.accounts.models import (
    SYSTEM,
    CreateDevice,
    CreateDomain,
    CreateUser,
    Domain,
    Principal,
    Scope,
    User,
)
from engine.accounts.service import Accounts
from engine.adapters.voicemail_spool import LocalSpool
from engine.contacts.directory import Directory
from engine.events import Event
from engine.storage.database import Database
from engine.storage.voicemail import SqlVoicemails
from engine.voicemail.mailboxes import Mailboxes
from engine.voicemail.models import Mailbox
from engine.voicemail.service import Voicemails
from engine.voicemail.watching import Watch
from tests.unit.voicemail.spools import FolderPbx, Spool

PBX = "main"


@dataclass
class World:
    accounts: Accounts
    database: Database
    store: SqlVoicemails
    service: Voicemails
    watch: Watch
    spool: Spool
    pbx: FolderPbx
    told: list[Event]
    acme: Domain
    anna: User
    bob: User
    carla: User

    async def give(self, user: User, address: str) -> Mailbox:
        return await self.service.mailboxes.assign(SYSTEM, user.id, address, None)

    async def look(self, mailbox: Mailbox) -> None:
        """Scan once, as the engine does by itself."""
        fresh = await self.store.mailbox(mailbox.id)
        assert fresh is not None
        async with self.watch.undisturbed(fresh):
            await self.watch.look(fresh)

    def events(self) -> list[tuple[str, str]]:
        """What was told of voicemail since the last time, with the folder it says."""
        found = [(one.type, str(one.data.get("folder", ""))) for one in self.told if "voicemail" in one.type]
        self.told.clear()
        return found


def page(user: User) -> Principal:
    return Principal("token", f"page-{user.id}", user.domain_id, user.id, Scope.BASIC_USER)


async def a_world(
    accounts: Accounts, database: Database, names: Directory, told: list[Event], folder: Path
) -> World:
    root = folder / "voicemail"
    root.mkdir()
    spool, spools = Spool(root), {PBX: LocalSpool(root)}
    pbx = FolderPbx(spool)
    store = SqlVoicemails(database)
    watch = Watch(store, spools, {PBX: pbx}, scan_every_s=0.01)
    mailboxes = Mailboxes(store, sees_domain, spools, watch.wake)
    service = Voicemails(store, watch, spools, {PBX: pbx}, names, mailboxes)
    people = []
    domains = []
    for name, users in (("acme", ("anna", "bob")), ("bolt", ("carla",))):
        domain = await accounts.domains.create(
            SYSTEM, CreateDomain(name=name, pbx=PBX, dial_context=name, region="US")
        )
        assert isinstance(domain, Domain)
        domains.append(domain)
        for number, who in enumerate(users, start=1):
            command = CreateUser(extension=f"100{number}", display_name=who, domain_id=domain.id)
            user = await accounts.users.create(SYSTEM, command)
            assert isinstance(user, User)
            await accounts.devices.create(SYSTEM, CreateDevice(user_id=user.id, endpoint=f"{who}-desk"))
            people.append(user)
    return World(accounts, database, store, service, watch, spool, pbx, told, domains[0], *people)

"""Mailboxes for the API's world: recordings in a folder, and a PBX that changes them as a real one does."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from engine.accounts.access import sees_domain
from engine.accounts.models import SYSTEM, User
from engine.adapters.voicemail_spool import LocalSpool
from engine.contacts.directory import Directory
from engine.storage.database import Database
from engine.storage.voicemail import SqlVoicemails
from engine.voicemail.mailboxes import Mailboxes
from engine.voicemail.service import Voicemails
from engine.voicemail.watching import Watch
from tests.unit.voicemail.spools import FolderPbx, Spool


@dataclass
class FolderMailboxes:
    service: Voicemails
    watch: Watch
    spool: Spool
    pbx: FolderPbx

    async def give(self, user: User, context: str) -> None:
        """A mailbox named as the user's extension."""
        await self.service.mailboxes.assign(SYSTEM, user.id, f"{user.extension}@{context}", None)

    async def look(self, user: User) -> None:
        """Have what was left seen."""
        mailbox = await self.service.mailboxes.of_user(SYSTEM, user.id)
        async with self.watch.undisturbed(mailbox):
            await self.watch.look(mailbox)


def folder_mailboxes(database: Database, names: Directory, pbx_name: str, folder: Path) -> FolderMailboxes:
    root = folder / "voicemail"
    root.mkdir()
    spool, spools = Spool(root), {pbx_name: LocalSpool(root)}
    pbxs = {pbx_name: FolderPbx(spool)}
    store = SqlVoicemails(database)
    watch = Watch(store, spools, pbxs, scan_every_s=60.0)
    mailboxes = Mailboxes(store, sees_domain, spools, watch.wake)
    service = Voicemails(store, watch, spools, pbxs, names, mailboxes)
    return FolderMailboxes(service, watch, spool, pbxs[pbx_name])

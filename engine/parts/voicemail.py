"""Voicemail, put together."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping

from engine.accounts.access import sees_domain
from engine.adapters.ami_pbx import AmiPbx
from engine.adapters.ami_voicemail import AmiVoicemail
from engine.adapters.voicemail_remote import RemoteSpool
from engine.adapters.voicemail_spool import LocalSpool
from engine.contacts.directory import Directory
from engine.storage.voicemail import SqlVoicemails
from engine.voicemail.mailboxes import Mailboxes
from engine.voicemail.ports import Spool
from engine.voicemail.service import Voicemails
from engine.voicemail.settings import SpoolSettings, VoicemailSettings
from engine.voicemail.watching import Watch


class VoicemailPart:
    """service: what the API calls. The links of the PBXs are shared from here on."""

    def __init__(
        self,
        store: SqlVoicemails,
        pbxs: Mapping[str, AmiPbx],
        names: Directory,
        settings: VoicemailSettings,
    ) -> None:
        self._spools = {one.name: _spool(one) for one in settings.spool if one.name in pbxs}
        mailboxes_of = {name: AmiVoicemail(pbxs[name]) for name in self._spools}
        self._watch = Watch(store, self._spools, mailboxes_of, settings.scan_every_s)
        mailboxes = Mailboxes(store, sees_domain, self._spools, self._watch.wake)
        self.service = Voicemails(store, self._watch, self._spools, mailboxes_of, names, mailboxes)

    async def run(self) -> None:
        """Keep the mirror until cancelled."""
        async with self._spools_closed():
            if self._spools:
                await self._watch.run()

    @contextlib.asynccontextmanager
    async def _spools_closed(self) -> AsyncIterator[None]:
        try:
            yield
        finally:
            for spool in self._spools.values():
                await spool.close()


def _spool(settings: SpoolSettings) -> Spool:
    if settings.path is not None:
        return LocalSpool(settings.path)
    return RemoteSpool(settings.fetcher_url, settings.token, settings.ca_file)

"""The mailboxes of one Asterisk as voicemail's `VoicemailPbx`, over the link that is there anyway.

Asterisk makes the changes itself, under its own locks: the numbers of messages, the lamps of phones and
what a phone hears agree at once, and nobody but Asterisk writes to the spool.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import structlog

from engine.adapters.ami_pbx import AmiPbx
from engine.adapters.voicemail_files import FOLDER_NAMES
from engine.ami import voicemail as mailboxes
from engine.ami.actions import Action
from engine.ami.client import LinkFacts
from engine.errors import EngineError, PeerRejected
from engine.voicemail.errors import NotChangeable
from engine.voicemail.models import Box, Folder

log = structlog.get_logger(__name__)


class AmiVoicemail:
    """See `engine.voicemail.ports.VoicemailPbx`; also an `AmiListener` of the PBX's link."""

    def __init__(self, pbx: AmiPbx) -> None:
        self.name = pbx.name
        self._tell: Callable[[str, str], None] = lambda context, mailbox: None
        self._changeable = True  # until a link says otherwise
        self._client = pbx.share(self)

    # What voicemail uses

    def on_news(self, listener: Callable[[str, str], None], /) -> None:
        self._tell = listener

    async def move(self, box: Box, message_id: str, folder: Folder, to: Folder) -> bool:
        names = FOLDER_NAMES
        return await self._change(
            mailboxes.move(box.context, box.mailbox, names[folder], message_id, names[to])
        )

    async def remove(self, box: Box, message_id: str, folder: Folder) -> bool:
        return await self._change(
            mailboxes.remove(box.context, box.mailbox, FOLDER_NAMES[folder], message_id)
        )

    async def forward(self, box: Box, message_id: str, folder: Folder, to: Box) -> bool:
        return await self._change(
            mailboxes.forward(
                box.context, box.mailbox, FOLDER_NAMES[folder], message_id, to.context, to.mailbox
            )
        )

    async def name_messages(self, box: Box) -> None:
        await self._client.rows(mailboxes.summary(box.context, box.mailbox), mailboxes.SUMMARY_ROW)

    # What the link tells: see AmiListener

    def events(self, pbx: str, events: Sequence[Mapping[str, str]]) -> None:
        for event in events:
            found = mailboxes.mailbox_of(event)
            if found is not None:
                self._tell(*found)

    def link_up(self, pbx: str, facts: LinkFacts) -> None:
        self._changeable = facts.actions >= mailboxes.CHANGES
        if not self._changeable:
            log.info("voicemail.changes_not_offered", pbx=self.name)
        self._tell("", "")

    def link_down(self, pbx: str, reason: EngineError) -> None:
        """What happens meanwhile is found when the link is back."""

    async def _change(self, action: Action) -> bool:
        if not self._changeable:
            raise NotChangeable
        try:
            return await self._client.change_mailbox(action)
        except PeerRejected as error:
            if error.code == "pbx_permission_denied":
                raise NotChangeable from error
            raise

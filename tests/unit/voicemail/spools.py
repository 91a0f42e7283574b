"""A spool folder as app_voicemail writes it, and a PBX that changes it the way app_voicemail does."""

from __future__ import annotations

import itertools
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from engine.adapters.voicemail_files import FOLDER_NAMES
from engine.voicemail.models import Box, Folder

TEXT = """\
;
; Message Information file
;
[message]
origmailbox={mailbox}
context={context}
macrocontext=
exten={mailbox}
rdnis=unknown
priority=2
callerchan={channel}
callerid={caller}
origdate=Sun Nov 22 10:39:34 PM UTC 2026
origtime={received_s}
category=
{id_line}flag=
duration={duration_s}
"""

_serials = itertools.count(1)


def wav(samples: bytes = b"\x01\x02" * 400) -> bytes:
    head = struct.pack(
        "<4sI8sIHHIIHH4sI",
        *(b"RIFF", 36 + len(samples), b"WAVEfmt ", 16, 1, 1, 8_000, 16_000, 2, 16, b"data", len(samples)),
    )
    return head + samples


@dataclass
class Spool:
    """root: the folder that would be /var/spool/asterisk/voicemail."""

    root: Path

    def folder(self, mailbox: str = "1001", folder: Folder = Folder.INBOX, context: str = "acme") -> Path:
        return self.root / context / mailbox / FOLDER_NAMES[folder]

    def leave(
        self,
        mailbox: str = "1001",
        folder: Folder = Folder.INBOX,
        *,
        context: str = "acme",
        caller: str = '"Bob" <1002>',
        channel: str = "PJSIP/1002-00000001",
        received_s: int = 1_795_387_174,
        message_id: str | None = None,
        sound: bytes | None = None,
        ending: str = "wav",
    ) -> str:
        """A message behind those there are; its id. An id of "" is left out, as old Asterisks do."""
        message_id = f"{received_s}-{next(_serials):08x}" if message_id is None else message_id
        where = self.folder(mailbox, folder, context)
        where.mkdir(parents=True, exist_ok=True)
        base = where / f"msg{len(list(where.glob('msg*.txt'))):04d}"
        base.with_suffix(f".{ending}").write_bytes(wav() if sound is None else sound)
        base.with_suffix(".txt").write_text(
            TEXT.format(
                mailbox=mailbox,
                context=context,
                channel=channel,
                caller=caller,
                received_s=received_s,
                id_line=f"msg_id={message_id}\n" if message_id else "",
                duration_s=3,
            )
        )
        return message_id


@dataclass
class FolderPbx:
    """`VoicemailPbx` on a spool folder: renumbers what stays, as app_voicemail does.

    refuses: every change; named: boxes whose messages were to be given ids.
    """

    spool: Spool
    refuses: bool = False
    named: list[Box] = field(default_factory=list)
    tell: Callable[[str, str], None] = lambda context, mailbox: None

    def on_news(self, listener: Callable[[str, str], None], /) -> None:
        self.tell = listener

    async def move(self, box: Box, message_id: str, folder: Folder, to: Folder) -> bool:
        return self._take(box, message_id, folder, self.spool.folder(box.mailbox, to, box.context))

    async def remove(self, box: Box, message_id: str, folder: Folder) -> bool:
        return self._take(box, message_id, folder, None)

    async def forward(self, box: Box, message_id: str, folder: Folder, to: Box) -> bool:
        target = self.spool.folder(to.mailbox, Folder.INBOX, to.context)
        return self._take(box, message_id, folder, target, keep=True)

    async def name_messages(self, box: Box) -> None:
        self.named.append(box)
        for text in (self.spool.root / box.context / box.mailbox).glob("*/msg*.txt"):
            said = text.read_text()
            if "msg_id" not in said:
                text.write_text(f"{said}msg_id = named-{next(_serials)}\n")

    def _take(
        self, box: Box, message_id: str, folder: Folder, target: Path | None, *, keep: bool = False
    ) -> bool:
        source = self.spool.folder(box.mailbox, folder, box.context)
        texts = [] if self.refuses else sorted(source.glob("msg*.txt"))
        found = next((one for one in texts if f"msg_id={message_id}\n" in one.read_text()), None)
        if found is None:
            return False
        base = None
        if target is not None:
            target.mkdir(parents=True, exist_ok=True)
            base = target / f"msg{len(list(target.glob('msg*.txt'))):04d}"
        for file in sorted(source.glob(f"{found.stem}.*"), key=lambda one: one.suffix == ".txt"):
            if base is not None:
                base.with_suffix(file.suffix).write_bytes(file.read_bytes())
            if not keep:
                file.unlink()
        for number, text in enumerate(sorted(source.glob("msg*.txt"))):
            for file in sorted(source.glob(f"{text.stem}.*"), key=lambda one: one.suffix == ".txt"):
                file.rename(source / f"msg{number:04d}{file.suffix}")
        return True

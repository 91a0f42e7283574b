"""An office in which something has happened: voicemails in a spool, chats, texts, calls that were missed."""

from __future__ import annotations

import asyncio
import math
import struct
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser

from engine.accounts.models import SYSTEM, UpdateDomainSettings
from engine.ids import new_id
from engine.presence.models import CallLogEntry, CallResult, Direction
from engine.storage.call_log import SqlCallLog
from engine.voicemail.models import Folder
from engine.voicemail.settings import SpoolSettings, VoicemailSettings
from tests.e2e.portal.office import ANNAS, CARLA, STRANGER, Office, open_office
from tests.unit.voicemail.spools import FolderPbx, Spool

CONTEXT = "acme"
#: What Bob wrote to Anna while she was away, and what came in by text.
CHAT, TEXT = "Lunch at twelve?", "Is my order ready?"


@dataclass
class LivelyOffice:
    """Anna (101) was away: Carla left a voicemail and texted, Bob chatted, a stranger called."""

    office: Office
    spool: Spool
    chat: str
    thread: str

    async def called(self, who: str, peer: str, name: str, **fields: Any) -> None:
        """Put a call into the log of this user."""
        user = self.office.users[who]
        now_ms = int(time.time() * 1000)
        entry = {
            "id": new_id("clog"),
            "domain_id": user.domain_id,
            "user_id": user.id,
            "pbx": "pbx",
            "linkedid": new_id("test"),
            "peer": peer,
            "peer_user_id": None,
            "peer_name": name,
            "direction": Direction.INBOUND,
            "result": CallResult.MISSED,
            "started_ms": now_ms,
            "ended_ms": now_ms + 12_000,
            "seen": False,
        }
        await SqlCallLog(self.office.engine.database).save([CallLogEntry(**{**entry, **fields})])

    async def voicemails(self, who: str) -> int:
        """How many the engine knows of."""
        page = await self.office.engine.services.voicemails.list(self.office.principal(who))
        return len(page.items)


def tone(seconds: float = 2.0) -> bytes:
    """A recording that a browser can play, and ears can bear."""
    samples = b"".join(
        struct.pack("<h", int(6_000 * math.sin(at * 2 * math.pi * 440 / 8_000)))
        for at in range(int(8_000 * seconds))
    )
    sizes = (b"RIFF", 36 + len(samples), b"WAVEfmt ", 16, 1, 1, 8_000, 16_000, 2, 16, b"data", len(samples))
    return struct.pack("<4sI8sIHHIIHH4sI", *sizes) + samples


@asynccontextmanager
async def open_lively_office(
    browser: Browser, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[LivelyOffice]:
    spool = Spool(folder / "spool")
    # The simulated PBX has no mailboxes; this one changes the spool's files as app_voicemail does.
    monkeypatch.setattr("engine.parts.voicemail.AmiVoicemail", lambda _pbx: FolderPbx(spool))
    settings = VoicemailSettings(scan_every_s=0.2, spool=(SpoolSettings(name="pbx", path=spool.root),))
    async with open_office(browser, folder, voicemail=settings) as office:
        accounts = office.engine.services.accounts
        await accounts.preferences.change_domain(
            SYSTEM, office.domain.id, UpdateDomainSettings(voicemail_context=CONTEXT)
        )
        now_s = int(time.time())
        for extension, caller, sent_s in (
            ("101", f'"Carla" <{CARLA}>', 600),
            ("101", f'"" <{STRANGER}>', 90_000),
        ):
            heard = Folder.OLD if sent_s > 86_400 else Folder.INBOX
            spool.leave(
                extension,
                heard,
                context=CONTEXT,
                caller=caller,
                channel="PJSIP/trunk-1",
                received_s=now_s - sent_s,
                sound=tone(),
            )
        for extension in ("101", "102"):
            await office.engine.services.voicemails.mailboxes.assign(
                SYSTEM, office.users[extension].id, f"{extension}@{CONTEXT}", None
            )
        chat = await office.chat("102", "101")
        await office.say("102", chat, CHAT)
        office.text_in(CARLA, ANNAS, TEXT)
        thread = await until(lambda: _thread(office))
        lively = LivelyOffice(office, spool, chat, thread)
        await lively.called("101", STRANGER, "")
        bob = office.users["102"]
        started = int(time.time() * 1000) - 3_600_000
        await lively.called(
            "101",
            bob.id,
            bob.display_name,
            peer_user_id=bob.id,
            direction=Direction.OUTBOUND,
            result=CallResult.ANSWERED,
            answered=True,
            seen=True,
            started_ms=started,
            answered_ms=started + 5_000,
            ended_ms=started + 130_000,
        )
        await until(lambda: _true(lively, 2))
        yield lively


async def _true(lively: LivelyOffice, count: int) -> bool:
    return await lively.voicemails("101") == count


async def _thread(office: Office) -> str | None:
    """The thread that the text made, once it has come in."""
    page = await office.engine.services.conversations.list(office.principal("101"))
    return next((one.conversation.id for one in page.items if one.conversation.kind == "sms"), None)


async def until(look: Callable[[], Awaitable[Any]]) -> Any:
    """What it finds, once it finds something. The test's own time limit ends the waiting."""
    while True:
        found = await look()
        if found:
            return found
        await asyncio.sleep(0.05)

"""Messages left on a real Asterisk by a real phone, as retention and an erasure have them removed."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from engine.accounts.models import SYSTEM, UpdateDomainSettings
from engine.clock import SystemClock
from engine.parts.records import make_records
from engine.records.retention import Retention
from engine.simulators.asterisk import PrivateAsterisk
from tests.integration.voicemail.office import CONTEXT, Office, an_office, leave_message, until, until_lamp
from tests.peers.asterisk import Shelf

pytestmark = pytest.mark.asterisk

DAY_S = 86_400


async def left_days_ago(pbx: PrivateAsterisk, handsets: Shelf, caller: str, mailbox: str, days: int) -> None:
    """A message left now, by a file that says otherwise. Nobody else has looked at it yet."""
    await leave_message(pbx, handsets, caller, mailbox, 440)

    async def files() -> list[str]:
        return new_on(pbx, mailbox)

    await until(files, lambda found: found == ["msg0000.txt", "msg0000.wav"])
    file = inbox(pbx, mailbox) / "msg0000.txt"
    came_s = int(time.time()) - days * DAY_S
    said, times = re.subn(r"^origtime=\d+$", f"origtime={came_s}", file.read_text(), flags=re.MULTILINE)
    assert times == 1
    file.write_text(said)


def new_on(pbx: PrivateAsterisk, mailbox: str) -> list[str]:
    """Files of new messages on the PBX."""
    return sorted(file.name for file in inbox(pbx, mailbox).glob("msg*"))


def inbox(pbx: PrivateAsterisk, mailbox: str) -> Path:
    return pbx.voicemail_spool / CONTEXT / mailbox / "INBOX"


async def retention_of(office: Office) -> Retention:
    """What the engine runs now and then, put together as it does."""
    services = office.engine.services
    part = await make_records(
        office.engine.database, services.accounts, office.sealer, SystemClock(), services.voicemails.delete
    )
    return part.retention


async def test_what_is_too_old_or_was_left_by_somebody_erased_leaves_the_pbx(
    pbx: PrivateAsterisk, handsets: Shelf, tmp_path: Path
) -> None:
    desk = await handsets.take("1001")
    await left_days_ago(pbx, handsets, "1002", "1001", days=31)
    async with an_office(pbx, tmp_path) as office:
        anna = office.anna
        await anna.until_voicemails(1)
        await office.leave_message(handsets, "1003", "1001", 1_000)
        recent, old = await anna.until_voicemails(2)
        assert recent["caller"]["user_id"] == office.carla.user.id
        assert old["caller"]["number"] == "1002"
        await until_lamp(desk, new=2, old=0)

        retention = await retention_of(office)
        assert "voicemails" not in await retention.run()
        chosen = UpdateDomainSettings(keep_voicemails_days=30)
        await office.engine.services.accounts.preferences.change_domain(SYSTEM, office.acme.id, chosen)
        assert (await retention.run())["voicemails"] == 1
        (left,) = await anna.voicemails()
        assert left["caller"] == recent["caller"]
        assert await anna.counts() == (1, 0)
        await until_lamp(desk, new=1, old=0)
        # The PBX closes the gap.
        assert new_on(pbx, "1001") == ["msg0000.txt", "msg0000.wav"]
        assert (await anna.ask("GET", left["audio_url"])).status == 200
        assert (await anna.ask("GET", old["audio_url"])).status == 404
        assert [event.subject for event in office.told("voicemail.deleted")] == [old["id"]]
        assert (await retention.run())["voicemails"] == 0

        erased = await office.manager.ask("POST", "/v1/erasures", {"user_id": office.carla.user.id})
        assert erased.status == 201
        assert (erased.body["left"], erased.body["removed"]["voicemails"]) == ({}, 1)
        assert await anna.voicemails() == []
        assert await anna.counts() == (0, 0)
        await until_lamp(desk, new=0, old=0)
        assert new_on(pbx, "1001") == []

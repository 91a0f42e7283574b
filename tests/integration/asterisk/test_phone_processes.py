"""The processes of soft phones: as few as can be, and none left behind."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from engine.simulators.asterisk import PrivateAsterisk
from engine.sip import phones as phones_module
from engine.sip.phones import PhoneRefused, PhonesUnavailable, Policy, SoftPhones
from tests.integration.asterisk.test_private_asterisk import ROOT, ended
from tests.peers.asterisk import Shelf

pytestmark = pytest.mark.asterisk


def workers_of(pid: int) -> list[int]:
    """Phone processes among the children of a process."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [
        int(child)
        for child in children
        if b"phone_worker.py" in Path(f"/proc/{child}/cmdline").read_bytes().replace(b"\0", b" ")
    ]


async def test_four_phones_share_a_process_and_it_ends_with_the_block(asterisk: PrivateAsterisk) -> None:
    async with SoftPhones() as soft:
        for name in ("1001", "1002", "1003", "1004", "1005"):
            await soft.add(name, asterisk.users[name].password, asterisk.sip_port)
        workers = workers_of(os.getpid())
        assert len(workers) == 2
    assert all(ended(pid, within_s=0.1) for pid in workers)
    assert "sip:" not in asterisk.command("pjsip show contacts"), "they must have unregistered"


async def test_leaving_in_mid_call_hangs_up(asterisk: PrivateAsterisk, phones: Shelf) -> None:
    bob = await phones.take("1002", Policy.answer())
    async with SoftPhones() as soft:
        anna = await soft.add("1001", asterisk.users["1001"].password, asterisk.sip_port)
        await anna.call("1002")
        await bob.wait_for("answered")
    await bob.wait_for("ended")


def test_they_end_with_an_owner_that_is_killed(asterisk: PrivateAsterisk) -> None:
    script = textwrap.dedent(
        """
        import asyncio, sys
        from engine.sip.phones import SoftPhones
        async def main():
            async with SoftPhones() as phones:
                await phones.add("1001", sys.argv[1], int(sys.argv[2]))
                print("ready", flush=True)
                await asyncio.sleep(60)
        asyncio.run(main())
        """
    )
    owner = subprocess.Popen(
        [sys.executable, "-c", script, asterisk.users["1001"].password, str(asterisk.sip_port)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert owner.stdout is not None
    assert owner.stdout.readline() == "ready\n"
    workers = workers_of(owner.pid)
    assert len(workers) == 1
    owner.send_signal(signal.SIGKILL)
    owner.communicate()
    assert all(ended(pid, within_s=5) for pid in workers)


async def test_a_process_that_dies_is_told_to_its_users_alone(
    asterisk: PrivateAsterisk, phones: Shelf
) -> None:
    anna = await phones.take("1001")
    victims = workers_of(os.getpid())
    other = await phones.take("1001")  # a second device lives in a process of its own
    for pid in victims:
        os.kill(pid, signal.SIGKILL)
        ended(pid, within_s=2)
    with pytest.raises(PhonesUnavailable, match="has ended"):
        await asyncio.wait_for(anna.call("600"), timeout=5)
    await other.call("600")
    await other.wait_for("answered")
    asterisk.command("database deltree registrar")  # the dead one could not unregister


async def test_what_makes_no_sense_is_refused_with_a_reason(phones: Shelf) -> None:
    anna = await phones.take("1001")
    with pytest.raises(PhoneRefused, match="hangup: no call"):
        await anna.hang_up()
    await anna.call("600")
    await anna.wait_for("sound")
    listening = asyncio.create_task(anna.listen(30))
    await asyncio.sleep(0)  # it is written first
    with pytest.raises(PhoneRefused, match="already listening"):
        await anna.listen(0.1)
    await anna.hang_up()  # ends the recording, of which there may be nothing yet
    await asyncio.gather(listening, return_exceptions=True)


async def test_a_missing_library_is_one_clear_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(phones_module.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(PhonesUnavailable, match=r"pjsua2 is not installed.*ringback\[phones\]"):
        async with SoftPhones():
            pass

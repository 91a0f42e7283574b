"""The demo's phone system: real where it can be had, simulated and saying so where not."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from engine.demo_pbx import DemoPbx, start_pbx
from engine.simulators.asterisk import PrivateAsterisk
from tests.peers.asterisk import Shelf


async def answer_to_login(pbx: DemoPbx) -> bytes:
    reader, writer = await asyncio.open_connection(pbx.ami.host, pbx.ami.port)
    writer.write(
        f"Action: Login\r\nUsername: {pbx.ami.username}\r\nSecret: {pbx.ami.secret}\r\n\r\n".encode()
    )
    heard = b""
    async with asyncio.timeout(5):
        while b"Response: " not in heard:
            heard += await reader.read(4096)
    writer.close()
    return heard


@pytest.mark.asterisk
async def test_the_demo_has_a_real_asterisk_and_phones(
    asterisk: PrivateAsterisk, phones: Shelf, tmp_path: Path
) -> None:
    lines: list[str] = []
    async with start_pbx(tmp_path, lines.append) as pbx:
        assert pbx.real
        assert pbx.voicemail_spool is not None
        assert b"Response: Success" in await answer_to_login(pbx)
    assert lines[-1].startswith("Asterisk ")
    with pytest.raises(OSError):
        await asyncio.open_connection(pbx.ami.host, pbx.ami.port)


async def test_without_asterisk_the_demo_says_so_and_simulates(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASTERISK_ROOT", str(tmp_path / "nothing"))
    lines: list[str] = []
    async with start_pbx(tmp_path, lines.append) as pbx:
        assert not pbx.real
        assert [user.extension for user in pbx.users] == ["1001", "1002"]
        assert b"Response: Success" in await answer_to_login(pbx)
    assert "No real phones here" in lines[-1]
    assert "simulated PBX" in lines[-1]

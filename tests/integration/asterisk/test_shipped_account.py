"""The AMI account an administrator copies: enough for a call, and nothing besides."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

import pytest

from engine.ami import actions
from engine.ami.actions import OriginateRequest
from engine.ami.client import AmiClient, AmiSettings
from engine.clock import SystemClock
from engine.simulators.asterisk import PrivateAsterisk
from engine.sip.phones import Policy
from tests.peers.asterisk import Shelf, is_at_least

pytestmark = pytest.mark.asterisk


class Watcher:
    """Everything Asterisk writes on one session, unfiltered by our client."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.replies: dict[str, str] = {}
        self._news = asyncio.Event()

    async def read(self, reader: asyncio.StreamReader) -> None:
        await reader.readline()
        while True:
            block = (await reader.readuntil(b"\r\n\r\n")).decode()
            headers = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
            if "Event" in headers:
                self.names.add(headers["Event"])
            elif "ActionID" in headers:
                self.replies[headers["ActionID"]] = block
            self._news.set()

    async def until(self, seen: Callable[[], bool]) -> None:
        async with asyncio.timeout(5):
            while not seen():
                self._news.clear()
                await self._news.wait()


class Quiet:
    """A listener that only waits for the link."""

    def __init__(self) -> None:
        self.up = asyncio.Event()
        self.seen: list[Mapping[str, str]] = []

    def events(self, pbx: str, events: list[Mapping[str, str]]) -> None:
        self.seen += events

    def link_up(self, pbx: str, facts: object) -> None:
        self.up.set()

    def link_down(self, pbx: str, reason: object) -> None:
        self.up.clear()


def request(channel_id: str) -> OriginateRequest:
    return OriginateRequest(
        channel_id=channel_id,
        call_id=channel_id,
        endpoint="1001",
        context="acme",
        exten="1002",
        timeout_ms=5000,
    )


async def test_a_call_is_told_without_the_events_nobody_reads(
    asterisk: PrivateAsterisk, phones: Shelf
) -> None:
    await phones.take("1001", Policy.answer())
    bob = await phones.take("1002", Policy.answer())
    reader, writer = await asyncio.open_connection(asterisk.host, asterisk.ami_port)
    watcher = Watcher()
    reading = asyncio.create_task(watcher.read(reader))
    writer.write(actions.login(asterisk.ami_username, asterisk.ami_secret).to_bytes("login"))
    writer.write(actions.originate(request("c2c-watched")).to_bytes("c2c-watched"))
    await bob.wait_for("sound")
    await bob.hang_up()
    await watcher.until(lambda: {"Cdr", "Hangup"} <= watcher.names)  # the last of a call
    reading.cancel()
    writer.close()
    told = {"Newchannel", "Newstate", "DialBegin", "DialState", "DialEnd", "BridgeEnter", "BridgeLeave"}
    assert told | {"Hangup", "HangupRequest", "OriginateResponse", "FullyBooted"} <= watcher.names
    assert not watcher.names & {"VarSet", "Newexten", "RTCPSent"}
    if is_at_least(asterisk, 22, 1):
        assert not watcher.names & {"CEL", "NewConnectedLine", "NewCallerid"}


@pytest.mark.parametrize("name", ["Command", "GetConfig", "PJSIPShowAuths", "DBPut", "Reload"])
async def test_what_it_need_not_do_is_denied(asterisk: PrivateAsterisk, name: str) -> None:
    reader, writer = await asyncio.open_connection(asterisk.host, asterisk.ami_port)
    watcher = Watcher()
    reading = asyncio.create_task(watcher.read(reader))
    writer.write(actions.login(asterisk.ami_username, asterisk.ami_secret).to_bytes("login"))
    writer.write(f"Action: {name}\r\nActionID: asked\r\nCommand: core show version\r\n\r\n".encode())
    await watcher.until(lambda: "asked" in watcher.replies)
    reading.cancel()
    writer.close()
    assert "Permission denied" in watcher.replies["asked"]


async def test_our_client_takes_the_account_and_places_a_call(
    asterisk: PrivateAsterisk, phones: Shelf
) -> None:
    await phones.take("1001", Policy.answer())
    bob = await phones.take("1002", Policy.answer())
    listener = Quiet()
    settings = AmiSettings(
        name="main",
        host=asterisk.host,
        port=asterisk.ami_port,
        username=asterisk.ami_username,
        secret=asterisk.ami_secret,
    )
    client = AmiClient(settings, listener, SystemClock())
    async with asyncio.TaskGroup() as group:
        running = group.create_task(client.run())
        async with asyncio.timeout(5):
            await listener.up.wait()
        await client.originate(request("c2c-client"))
        await bob.wait_for("answered")
        assert await client.hangup("c2c-client")
        await bob.wait_for("ended")
        await client.stop()
        running.cancel()
    uniqueids = {event.get("Uniqueid") for event in listener.seen}
    assert "c2c-client" in uniqueids

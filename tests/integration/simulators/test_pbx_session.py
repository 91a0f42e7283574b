"""The simulated PBX's own manners: logins, refusals, lists, faults."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from engine.simulators.pbx import PbxOptions, PbxSimulator, run
from tests.integration.simulators.client import CHANNEL_ID, BareClient


@pytest.fixture
async def pbx() -> AsyncIterator[PbxSimulator]:
    async with PbxSimulator(PbxOptions(port=0, ring_s=0.02)).serving() as simulator:
        yield simulator


async def connected_call(client: BareClient, exten: str = "1002") -> None:
    client.originate("PJSIP/alice", exten)
    await client.until(lambda frame: frame.get("BridgeNumChannels") == "2")


async def test_a_wrong_secret_is_answered_after_a_second_and_the_link_closed(pbx: PbxSimulator) -> None:
    began = time.monotonic()
    client = await BareClient.connect(pbx.port, secret="guess")
    reply = await client.reply("login")
    assert (reply["Response"], reply["Message"]) == ("Error", "Authentication failed")
    assert time.monotonic() - began >= 1.0
    await client.closed()


async def test_a_login_is_followed_by_fully_booted(pbx: PbxSimulator) -> None:
    client = await BareClient.connect(pbx.port)
    assert (await client.reply("login"))["Message"] == "Authentication accepted"
    await client.until(lambda frame: frame.get("Event") == "FullyBooted")
    client.close()


async def test_nothing_but_a_login_is_taken_before_it(pbx: PbxSimulator) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", pbx.port)
    client = BareClient(reader, writer)
    client.originate("PJSIP/alice", "1002")
    assert (await client.reply(CHANNEL_ID))["Message"] == "Permission denied"
    assert pbx.channels == {}
    client.close()


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        ({}, "Channel not specified"),
        ({"Channel": "PJSIP"}, "Invalid channel"),
        ({"Channel": "PJSIP/a", "Priority": "abc"}, "Invalid priority"),
        (
            {"Channel": "PJSIP/a", "Async": "true", "Context": "c", "Exten": "9915"},
            "Extension does not exist.",
        ),
    ],
)
async def test_refusals_have_asterisks_words(
    pbx: PbxSimulator, headers: dict[str, str], message: str
) -> None:
    client = await BareClient.connect(pbx.port)
    client.write("Originate", ActionID="o", **headers)
    reply = await client.reply("o")
    assert (reply["Response"], reply["Message"]) == ("Error", message)
    client.close()


async def test_an_unknown_action_and_a_missing_channel_are_errors(pbx: PbxSimulator) -> None:
    client = await BareClient.connect(pbx.port)
    client.write("Command", ActionID="c", Command="core show version")
    assert (await client.reply("c"))["Message"].startswith("Invalid/unknown command: Command.")
    client.write("Hangup", ActionID="h", Channel="nobody")
    assert (await client.reply("h"))["Message"] == "No such channel"
    client.close()


async def test_lists_show_both_legs_with_their_linkedid_and_bridge(pbx: PbxSimulator) -> None:
    client = await BareClient.connect(pbx.port)
    await connected_call(client)
    for action, row in (("CoreShowChannels", "CoreShowChannel"), ("Status", "Status")):
        client.write(action, ActionID=action)
        end = await client.until(lambda frame, name=action: frame.get("Event") == f"{name}Complete")
        rows = client.named(row)
        assert end["ListItems"] == "2" == str(len(rows))
        assert {one["Linkedid"] for one in rows} == {CHANNEL_ID}
        assert len({one["BridgeId"] for one in rows} - {""}) == 1
    client.close()


async def test_a_second_originate_with_a_live_channel_id_rings_nothing(pbx: PbxSimulator) -> None:
    client = await BareClient.connect(pbx.port)
    await connected_call(client)
    client.write(
        "Originate",
        Channel="PJSIP/alice",
        ChannelId=CHANNEL_ID,
        ActionID="again",
        Context="internal",
        Exten="1002",
        Async="true",
    )
    assert (await client.reply("again"))["Response"] == "Success"
    failed = await client.until(
        lambda frame: frame.get("Event") == "OriginateResponse" and frame.get("ActionID") == "again"
    )
    assert (failed["Response"], failed["Uniqueid"]) == ("Failure", CHANNEL_ID)
    assert len(pbx.channels) == 2
    client.close()


async def test_a_quoted_variable_cannot_become_a_header(pbx: PbxSimulator) -> None:
    client = await BareClient.connect(pbx.port)
    client.write(
        "Originate",
        '"CALLERID(name)=Doe, \\"JD\\""',
        Channel="PJSIP/alice",
        ChannelId=CHANNEL_ID,
        ActionID=CHANNEL_ID,
        Context="internal",
        Exten="1002",
        Async="true",
    )
    created = await client.until(lambda frame: frame.get("Event") == "Newchannel")
    assert created["CallerIDName"] == 'Doe, "JD"'
    client.close()


async def test_a_cut_link_leaves_the_call_as_it_is(pbx: PbxSimulator) -> None:
    client = await BareClient.connect(pbx.port)
    await connected_call(client)
    pbx.cut_links()
    await asyncio.gather(client.closed(), return_exceptions=True)
    again = await BareClient.connect(pbx.port)
    again.write("CoreShowChannels", ActionID="list")
    end = await again.until(lambda frame: frame.get("Event") == "CoreShowChannelsComplete")
    assert end["ListItems"] == "2"
    again.close()


async def test_a_restart_leaves_no_channels_and_tells_nobody(pbx: PbxSimulator) -> None:
    client = await BareClient.connect(pbx.port)
    await connected_call(client)
    pbx.restart()
    assert pbx.channels == {}
    assert client.named("Hangup") == []


async def test_a_stopping_pbx_refuses_everything(pbx: PbxSimulator) -> None:
    pbx.stopping = True
    client = await BareClient.connect(pbx.port)
    assert (await client.reply("login"))["Message"] == "Asterisk is shutting down"
    client.close()


async def test_run_serves_until_it_is_cancelled() -> None:
    probe = await asyncio.get_running_loop().create_server(asyncio.Protocol, "127.0.0.1", 0)
    port = probe.sockets[0].getsockname()[1]
    probe.close()
    await probe.wait_closed()
    serving = asyncio.create_task(run(PbxOptions(port=port)))
    for _ in range(100):
        try:
            client = await BareClient.connect(port)
            break
        except ConnectionRefusedError:
            await asyncio.sleep(0.01)
    assert (await client.reply("login"))["Response"] == "Success"
    client.close()
    serving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await serving

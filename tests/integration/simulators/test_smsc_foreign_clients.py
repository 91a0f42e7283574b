"""ESMEs that nobody of us wrote, against the simulated SMSC."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path

import pytest
import smpp34
import smpplib.client
import smpplib.consts
import smpplib.gsm

from engine.simulators.smsc import SmscSimulator
from tests.integration.simulators.conftest import StartSmsc
from tests.peers import node_smpp
from tests.peers.require import unavailable


async def test_smpplib_submits_and_takes_receipt_and_reply(start_smsc: StartSmsc) -> None:
    smsc = await start_smsc(reply="Re: {text}", system_id="smpplib", password="secret")
    seen = await asyncio.to_thread(_talk_as_smpplib, smsc.port)
    assert seen == {
        "ids": [b"1000", b"1001"],
        "receipts": [(b"1000", 2), (b"1001", 2)],
        "replies": [b"Re: " + b"a" * 180],
    }
    assert [text.text for text in smsc.texts] == ["a" * 180]
    await smsc.until(lambda: smsc.bound == 0)


def _talk_as_smpplib(port: int) -> dict[str, list[object]]:
    client = smpplib.client.Client("127.0.0.1", port, timeout=10, allow_unknown_opt_params=True)
    ids: list[object] = []
    receipts: list[object] = []
    replies: list[object] = []
    halves: dict[int, bytes] = {}

    def received(pdu: object) -> int:
        if pdu.esm_class & 0x04:  # type: ignore[attr-defined]
            receipts.append((pdu.receipted_message_id, pdu.message_state))  # type: ignore[attr-defined]
        else:
            octets = pdu.short_message  # type: ignore[attr-defined]
            halves[octets[5]] = octets[6:]
            if len(halves) == octets[4]:
                replies.append(b"".join(halves[number] for number in sorted(halves)))
        return 0

    client.set_message_sent_handler(lambda pdu: ids.append(pdu.message_id))
    client.set_message_received_handler(received)
    client.connect()
    client.bind_transceiver(system_id="smpplib", password="secret")
    parts, coding, flag = smpplib.gsm.make_parts("a" * 180)
    for part in parts:
        client.send_message(
            source_addr="4930123456",
            destination_addr="491700000001",
            short_message=part,
            data_coding=coding,
            esm_class=flag,
            registered_delivery=True,
        )
    while len(ids) < 2 or len(receipts) < 2 or not replies:
        client.read_once()
    client.unbind()
    client.disconnect()
    return {"ids": ids, "receipts": receipts, "replies": replies}


async def test_smpp34_submits_and_takes_receipt_and_reply(start_smsc: StartSmsc) -> None:
    smsc = await start_smsc(reply="Re: {text}")
    client = smpp34.Client("127.0.0.1", smsc.port, "smpp34", "secret")
    session = await client.connect()
    response = await session.submit_sm(
        "491700000001", b"Hello", source_addr="4930123456", registered_delivery=1
    )
    assert (response.is_success, response.message_id) == (True, "1000")
    # Both were due at once, so either may come first.
    arrived = [await session.next(), await session.next()]
    reply, receipt = sorted(arrived, key=lambda event: event.esm_class)
    assert receipt.esm_class == 0x04
    assert receipt.short_message.startswith(b"id:1000 ")
    assert [(tlv.tag, bytes(tlv.value)) for tlv in receipt.tlvs] == [(0x001E, b"1000\0"), (0x0427, b"\x02")]
    assert (reply.source_addr, reply.short_message) == ("491700000001", b"Re: Hello")
    refused = await session.submit_sm("491709002", b"Hello", source_addr="4930123456")
    assert refused.command_status == 0x0B
    await session.unbind()
    await smsc.until(lambda: smsc.bound == 0)


async def test_smpp34_is_refused_a_bind(start_smsc: StartSmsc) -> None:
    smsc = await start_smsc(password="secret")
    # This client tells its caller of a refusal only when its time for connecting is over.
    client = smpp34.Client("127.0.0.1", smsc.port, "smpp34", "wrong", connect_timeout_ms=300)
    with pytest.raises(smpp34.SmppError):
        await client.connect()
    await smsc.until(lambda: smsc.counts.binds_refused == 1)


@pytest.mark.node_smpp
async def test_node_smpp_submits_and_takes_receipts_and_reply(start_smsc: StartSmsc) -> None:
    smsc = await start_smsc(reply="Re: {text}")
    seen = await _talk_as_node(smsc)
    assert seen["bind"] == {"status": 0, "system_id": "RINGBACK-SIM", "version": 0x34}
    assert seen["ids"] == ["1000", "1001"]
    assert [(one["id"], one["state"]) for one in seen["receipts"]] == [("1000", 2), ("1001", 2)]
    assert "stat:DELIVRD err:000 text:second part" in seen["receipts"][1]["text"]
    assert seen["replies"] == [{"from": "491700000001", "text": "Re: first part second part"}]


async def _talk_as_node(smsc: SmscSimulator) -> dict[str, list[dict[str, object]]]:
    try:
        node, modules = await asyncio.to_thread(node_smpp.installed)
    except node_smpp.PeerUnavailable as error:
        unavailable("node_smpp", str(error))
    process = await asyncio.create_subprocess_exec(
        str(node),
        str(Path(__file__).parent / "esme.js"),
        str(smsc.port),
        env={**os.environ, "NODE_PATH": str(modules)},
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(30):
            out, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0
    seen: dict[str, list[dict[str, object]]] = json.loads(out)
    return seen

"""Texts through the whole engine and an SMSC that is not ours, over HTTP, on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from engine.messaging.settings import MessagingSettings
from tests.peers.engine import OURS, RunningEngine, an_engine, carrier
from tests.peers.node_smpp import NodeSmsc, StartNodeSmsc

pytestmark = pytest.mark.node_smpp

PEER = "+12025550123"


@pytest.fixture
async def smsc(node_smsc: StartNodeSmsc) -> NodeSmsc:
    return await node_smsc(receipts="both")


@pytest.fixture
async def ringback(smsc: NodeSmsc, database_url: str, tmp_path: Path) -> AsyncIterator[RunningEngine]:
    async with an_engine(database_url, tmp_path, carriers=(carrier(smsc.port),)) as running:
        await smsc.wait_for("bind")
        yield running


async def test_a_text_goes_out_is_delivered_and_its_reply_joins_it_in_a_conversation(
    ringback: RunningEngine, smsc: NodeSmsc
) -> None:
    message = await ringback.text(PEER, "Grüße @ Ringback {1}")
    await ringback.message(message, "delivered")
    await smsc.settle()
    (submit,) = smsc.submits()
    assert submit["text"] == "Grüße @ Ringback {1}"
    assert (submit["source_addr"], submit["destination_addr"]) == (OURS[1:], PEER[1:])
    assert (submit["source_addr_ton"], submit["dest_addr_ton"]) == (1, 1)

    assert await smsc.deliver(source_addr=PEER[1:], destination_addr=OURS[1:], short_message="Yes, €5") == 0
    (reply,) = await ringback.inbound(1)
    assert (reply["text"], reply["from"]) == ("Yes, €5", PEER)
    thread = await ringback.get(f"/v1/conversations/{reply['conversation_id']}/messages")
    assert [one["id"] for one in thread["items"]] == [reply["id"], message["id"]]

    answer = await ringback.post(
        f"/v1/conversations/{reply['conversation_id']}/messages", {"text": "Thanks"}, expect=202
    )
    await ringback.message(answer, "delivered")
    await smsc.settle()
    assert smsc.submits()[1]["destination_addr"] == PEER[1:]


@pytest.mark.parametrize("receipts", ["text", "tlv"])
async def test_receipts_in_text_and_in_tlvs_are_understood(
    ringback: RunningEngine, smsc: NodeSmsc, receipts: str
) -> None:
    await smsc.set(receipts=receipts)
    await ringback.message(await ringback.text(PEER), "delivered")


async def test_a_long_unicode_text_arrives_in_parts_that_join(
    ringback: RunningEngine, smsc: NodeSmsc
) -> None:
    text = "Zażółć gęślą jaźń 😀 " * 12
    message = await ringback.message(await ringback.text(PEER, text), "delivered")
    await smsc.settle()
    assert message["to"][0]["segments"] == len(smsc.submits()) > 1
    assert "".join(submit["text"] for submit in smsc.submits()) == text


async def test_a_long_text_comes_in_as_one(ringback: RunningEngine, smsc: NodeSmsc) -> None:
    parts = ["0500034203" + "01" + b"one ".hex(), "0500034203" + "02" + b"two ".hex()]
    last = "0500034203" + "03" + b"three".hex()
    for part in (last, *parts):
        status = await smsc.deliver(
            source_addr=PEER[1:], destination_addr=OURS[1:], esm_class=0x40, short_message_hex=part
        )
        assert status == 0
    (text,) = await ringback.inbound(1)
    assert text["text"] == "one two three"


async def test_a_refused_number_fails_with_the_carriers_own_status(
    ringback: RunningEngine, smsc: NodeSmsc
) -> None:
    await smsc.set(refuse_submits_with=0x0B)
    message = await ringback.message(await ringback.text(PEER), "failed")
    assert message["to"][0]["error"]["code"] == "invalid_destination"
    assert message["to"][0]["error"]["native"] == {"command_status": 11}


async def test_texts_wait_out_a_throttling_carrier_and_all_arrive(
    ringback: RunningEngine, smsc: NodeSmsc
) -> None:
    await smsc.set(throttle_first=5)
    sent = await asyncio.gather(*(ringback.text(f"+1202555{number:04}") for number in range(20)))
    for message in sent:
        await ringback.message(message, "delivered")
    await smsc.settle()
    assert len({submit["destination_addr"] for submit in smsc.submits()}) == 20


async def test_texts_accepted_while_the_carrier_is_away_go_out_when_it_is_back(
    ringback: RunningEngine, smsc: NodeSmsc
) -> None:
    await smsc.unbind()
    message = await ringback.text(PEER)
    await ringback.message(message, "delivered")


async def test_a_connection_cut_before_the_answer_leaves_uncertain_and_is_never_repeated(
    ringback: RunningEngine, smsc: NodeSmsc
) -> None:
    await smsc.set(drop_every=1, receipts=None)
    message = await ringback.text(PEER)
    await smsc.wait_for("submit")
    await smsc.cut()
    found = await ringback.message(message, "uncertain")
    assert found["to"][0]["error"]["code"] == "carrier_no_ack"
    await smsc.set(drop_every=0)
    await ringback.message(await ringback.text(PEER, "Another"), "sent")
    await smsc.settle()
    assert [submit["text"] for submit in smsc.submits()] == ["Hello", "Another"]


async def test_must_arrive_is_repeated_once_on_the_next_session(
    smsc: NodeSmsc, database_url: str, tmp_path: Path
) -> None:
    settings = MessagingSettings(evidence_wait_s=0.2)
    async with an_engine(
        database_url, tmp_path, carriers=(carrier(smsc.port),), messaging=settings
    ) as ringback:
        await smsc.set(drop_every=1)
        message = await ringback.text(PEER, **{"class": "must_arrive"})
        await smsc.wait_for("submit")
        await smsc.set(drop_every=0)
        await smsc.cut()
        await ringback.message(message, "delivered")
    await smsc.settle()
    assert len(smsc.submits()) == 2


async def test_a_restart_sends_what_waited_and_leaves_what_was_under_way_uncertain(
    smsc: NodeSmsc, database_url: str, tmp_path: Path
) -> None:
    await smsc.set(drop_every=1, receipts=None)
    section = carrier(smsc.port, window_pdus=1)
    async with an_engine(database_url, tmp_path, carriers=(section,)) as ringback:
        await smsc.wait_for("bind")
        under_way = await ringback.text(PEER, "under way")
        await smsc.wait_for("submit")
        waiting = await ringback.text(PEER, "waiting")
        assert waiting["status"] == "queued"
        await smsc.set(refuse_binds_with=0x0D)  # no bind comes up again before the restart
        await smsc.cut()
    await smsc.set(drop_every=0, refuse_binds_with=0)
    async with an_engine(database_url, tmp_path, carriers=(section,), seeded=False) as ringback:
        await ringback.message(waiting, "sent")
        await ringback.message(under_way, "uncertain")
    await smsc.settle()
    assert [submit["text"] for submit in smsc.submits()] == ["under way", "waiting"]


async def test_a_wrong_password_is_reported_and_texts_wait(
    node_smsc: StartNodeSmsc, database_url: str, tmp_path: Path
) -> None:
    smsc = await node_smsc(system_id="esme", password="right")
    async with an_engine(
        database_url, tmp_path, carriers=(carrier(smsc.port, password="wrong"),)
    ) as ringback:
        message = await ringback.text(PEER)
        ready = await ringback.until("/health/ready", lambda ready: ready["status"] == "degraded")
        assert {one["name"]: one["up"] for one in ready["components"]}["carrier:carrier"] is False
        assert (await ringback.get(f"/v1/messages/{message['id']}"))["status"] == "queued"
        (status,) = ringback.engine.carriers[0].status().binds
        async with asyncio.timeout(5):
            while status.state != "refused":
                await asyncio.sleep(0.02)
                (status,) = ringback.engine.carriers[0].status().binds
        assert "ESME_RINVPASWD" in status.reason

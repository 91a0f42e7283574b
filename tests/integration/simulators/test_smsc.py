"""The simulated SMSC as an ESME made of plain octets sees it."""

from __future__ import annotations

import asyncio
import time

import pytest
import structlog

from engine.simulators.smsc import SmscSimulator, run
from engine.simulators.smsc_behaviour import SmscOptions
from engine.simulators.smsc_console import obey
from tests.integration.simulators.conftest import StartSmsc
from tests.integration.simulators.raw_esme import (
    DELIVER_SM,
    DELIVER_SM_RESP,
    ENQUIRE_LINK,
    SUBMIT_SM_RESP,
    UNBIND,
    RawEsme,
    esm_class_of,
    text_of,
)
from tests.peers.ports import free_port

WRONG_PASSWORD, WRONG_SYSTEM_ID, BIND_FAILED = 0x0E, 0x0F, 0x0D
RECEIPT, INTERMEDIATE = 0x04, 0x20


async def test_any_bind_is_accepted_unless_credentials_are_set(start_smsc: StartSmsc) -> None:
    anyone = await start_smsc()
    kinds = ("transmitter", "receiver", "transceiver")
    esmes = [await RawEsme.bound(anyone.port, kind) for kind in kinds]
    assert anyone.bound == len(esmes) == 3
    strict = await start_smsc(system_id="esme", password="secret")
    for system_id, password, status in [
        (b"esme", b"wrong", WRONG_PASSWORD),
        (b"other", b"secret", WRONG_SYSTEM_ID),
        (b"esme", b"secret", 0),
    ]:
        esme = await RawEsme.connect(strict.port)
        assert (await esme.bind("transceiver", system_id, password)).status == status
    assert (strict.counts.binds, strict.counts.binds_refused) == (1, 2)


async def test_binds_can_be_refused_for_a_while(start_smsc: StartSmsc) -> None:
    smsc = await start_smsc(bind_status=BIND_FAILED)
    esme = await RawEsme.connect(smsc.port)
    assert (await esme.bind()).status == BIND_FAILED
    assert await esme.ended()
    smsc.configure(bind_status=0)
    await RawEsme.bound(smsc.port)


async def test_a_text_is_answered_with_an_id_and_then_reported(start_smsc: StartSmsc) -> None:
    smsc = await start_smsc()
    esme = await RawEsme.bound(smsc.port)
    sequence = esme.submit(b"\x00 \x1be")
    response = await esme.pdu()
    assert response == (SUBMIT_SM_RESP, 0, sequence, b"1000\0")
    receipt = await esme.take()
    assert esm_class_of(receipt) == RECEIPT
    assert text_of(receipt).startswith(b"id:1000 sub:001 dlvrd:001 submit date:")
    assert b" stat:DELIVRD err:000 text:@ " in text_of(receipt)
    assert receipt.body.endswith(b"\x00\x1e\x00\x051000\0\x04\x27\x00\x01\x02")
    await smsc.until(lambda: smsc.counts.deliveries_acknowledged == 1)
    assert [(text.source, text.destination, text.text) for text in smsc.texts] == [
        ("4930123456", "491700000001", "@ €")
    ]
    (submit,) = smsc.submits
    assert (submit.system_id, submit.message_id) == ("esme", "1000")


async def test_no_receipt_is_sent_that_was_not_asked_for(start_smsc: StartSmsc) -> None:
    smsc = await start_smsc()
    esme = await RawEsme.bound(smsc.port)
    esme.submit(registered_delivery=0)
    esme.submit(registered_delivery=1)
    assert [(await esme.pdu()).command_id for _ in range(3)] == [SUBMIT_SM_RESP, SUBMIT_SM_RESP, DELIVER_SM]
    assert smsc.counts.receipts == 1


async def test_ids_are_written_in_hex_here_and_in_decimal_there(start_smsc: StartSmsc) -> None:
    smsc = await start_smsc(response_id="hex_padded", receipt_id="dec")
    esme = await RawEsme.bound(smsc.port)
    esme.submit()
    assert (await esme.pdu()).body == b"00000000000003e8\0"
    assert text_of(await esme.take()).startswith(b"id:1000 ")


async def test_a_receipt_can_come_before_its_response(start_smsc: StartSmsc) -> None:
    smsc = await start_smsc(receipts="early")
    esme = await RawEsme.bound(smsc.port)
    for _ in range(3):
        esme.submit()
    kinds = [(await esme.pdu()).command_id for _ in range(6)]
    assert kinds == [DELIVER_SM, SUBMIT_SM_RESP] * 3


@pytest.mark.parametrize(
    ("suffix", "status", "receipts"),
    [
        (b"9001", 0, [b"UNDELIV"]),
        (b"9002", 0x0B, []),
        (b"9003", 0x58, []),
        (b"9005", 0, []),
        (b"9008", 0, [b"EXPIRED"]),
        (b"9009", 0, [b"REJECTD"]),
        (b"9010", 0x14, []),
        (b"9012", 0, [b"DELIVRD", b"DELIVRD"]),
        (b"9013", 0, [b"ENROUTE", b"DELIVRD"]),
        (b"9015", 0x08, []),
    ],
)
async def test_special_numbers_bring_their_trouble(
    start_smsc: StartSmsc, suffix: bytes, status: int, receipts: list[bytes]
) -> None:
    smsc = await start_smsc()
    esme = await RawEsme.bound(smsc.port)
    sequence = esme.submit(to=b"49170000" + suffix)
    assert (await esme.pdu())[:3] == (SUBMIT_SM_RESP, status, sequence)
    for state in receipts:
        receipt = await esme.take()
        assert b"stat:" + state in text_of(receipt)
        assert esm_class_of(receipt) == (INTERMEDIATE if state == b"ENROUTE" else RECEIPT)
    sequence = esme.submit(b"and nothing else before the next answer")
    assert (await esme.pdu()).sequence == sequence


async def test_a_number_without_response_gets_none_and_the_link_lives(start_smsc: StartSmsc) -> None:
    smsc = await start_smsc()
    esme = await RawEsme.bound(smsc.port)
    esme.submit(to=b"491709004")
    sequence = esme.submit()
    assert (await esme.pdu()).sequence == sequence


async def test_a_receipt_can_be_the_only_answer(start_smsc: StartSmsc) -> None:
    smsc = await start_smsc()
    esme = await RawEsme.bound(smsc.port)
    esme.submit(to=b"491709011")
    assert b"id:1000 " in text_of(await esme.take())


async def test_a_response_can_lack_its_id(start_smsc: StartSmsc) -> None:
    smsc = await start_smsc()
    esme = await RawEsme.bound(smsc.port)
    esme.submit(to=b"491709014")
    assert (await esme.pdu()).body == b"\0"


async def test_a_number_can_cost_the_link(start_smsc: StartSmsc) -> None:
    smsc = await start_smsc()
    esme = await RawEsme.bound(smsc.port)
    esme.submit(to=b"491709007")
    assert await esme.ended()
    await smsc.until(lambda: smsc.bound == 0)
    assert (smsc.counts.submits, smsc.counts.submits_accepted) == (1, 0)


async def test_the_link_is_cut_after_so_many_texts(start_smsc: StartSmsc) -> None:
    smsc = await start_smsc(disconnect_after=2, receipts="never")
    esme = await RawEsme.bound(smsc.port)
    esme.submit()
    assert (await esme.pdu()).status == 0
    esme.submit()
    assert await esme.ended()


async def test_a_response_waits_for_its_delay(start_smsc: StartSmsc) -> None:
    smsc = await start_smsc(response_delay_s=0.05)
    esme = await RawEsme.bound(smsc.port)
    before = time.monotonic()
    esme.submit()
    assert (await esme.pdu()).command_id == SUBMIT_SM_RESP
    assert time.monotonic() - before >= 0.05


async def test_a_reply_quotes_the_whole_of_a_long_text(start_smsc: StartSmsc) -> None:
    smsc = await start_smsc(receipts="never", reply="Re: {text}")
    esme = await RawEsme.bound(smsc.port)
    esme.submit(b"\x05\x00\x03\x09\x02\x02part", esm_class=0x40)
    assert (await esme.pdu()).command_id == SUBMIT_SM_RESP
    esme.submit(b"\x05\x00\x03\x09\x02\x01first ", esm_class=0x40)
    assert (await esme.pdu()).command_id == SUBMIT_SM_RESP
    reply = await esme.take()
    assert text_of(reply) == b"Re: first part"
    assert reply.body.startswith(b"\0\x01\x01491700000001\0\x01\x014930123456\0\0")


async def test_a_text_for_nobody_waits_for_the_first_receiver(start_smsc: StartSmsc) -> None:
    smsc = await start_smsc()
    transmitter = await RawEsme.bound(smsc.port, "transmitter")
    assert smsc.deliver_text("+491700000001", "+4930123456", "Anybody there?") == 1
    sequence = transmitter.send(ENQUIRE_LINK)
    assert (await transmitter.pdu()).sequence == sequence
    receiver = await RawEsme.bound(smsc.port, "receiver")
    assert text_of(await receiver.take()) == b"Anybody there?"


async def test_receipts_come_over_the_receiver_of_the_same_account(start_smsc: StartSmsc) -> None:
    smsc = await start_smsc()
    transmitter = await RawEsme.bound(smsc.port, "transmitter", b"alpha")
    receiver = await RawEsme.bound(smsc.port, "receiver", b"alpha")
    stranger = await RawEsme.bound(smsc.port, "receiver", b"beta")
    transmitter.submit()
    assert (await transmitter.pdu()).command_id == SUBMIT_SM_RESP
    assert b"id:1000 " in text_of(await receiver.take())
    sequence = stranger.send(ENQUIRE_LINK)
    assert (await stranger.pdu()).sequence == sequence


async def test_a_long_text_from_a_handset_comes_in_parts_as_chosen(start_smsc: StartSmsc) -> None:
    smsc = await start_smsc()
    esme = await RawEsme.bound(smsc.port)
    smsc.deliver_text("+491700000001", "+4930123456", "a" * 153 + "b" * 20, parts=[2, 1, 1])
    parts = [await esme.take() for _ in range(3)]
    assert all(esm_class_of(part) == 0x40 for part in parts)
    assert [text_of(part)[5:7] for part in parts] == [b"\x02b", b"\x01a", b"\x01a"]


@pytest.mark.parametrize("status", [0x64, 0x08, 0x58])
async def test_a_refused_delivery_comes_again(start_smsc: StartSmsc, status: int) -> None:
    smsc = await start_smsc()
    esme = await RawEsme.bound(smsc.port)
    smsc.deliver_text("+491700000001", "+4930123456", "Again")
    assert text_of(await esme.take(status)) == b"Again"
    assert text_of(await esme.take()) == b"Again"
    await smsc.until(lambda: smsc.counts.deliveries_acknowledged == 1)


async def test_a_delivery_nobody_takes_is_given_up(start_smsc: StartSmsc) -> None:
    smsc = await start_smsc()
    esme = await RawEsme.bound(smsc.port)
    smsc.deliver_text("+491700000001", "+4930123456", "Never")
    for _ in range(20):
        await esme.take(0x64)
    await smsc.until(lambda: smsc.counts.given_up == 1)


async def test_an_unanswered_delivery_comes_again_over_the_next_link(start_smsc: StartSmsc) -> None:
    smsc = await start_smsc()
    esme = await RawEsme.bound(smsc.port)
    smsc.deliver_text("+491700000001", "+4930123456", "one")
    smsc.deliver_text("+491700000001", "+4930123456", "two")
    assert text_of(await esme.pdu()) == b"one"
    esme.cut()
    await smsc.until(lambda: smsc.bound == 0)
    again = await RawEsme.bound(smsc.port)
    assert [text_of(await again.take()) for _ in range(2)] == [b"one", b"two"]


async def test_an_unanswered_delivery_comes_again_over_the_same_link(start_smsc: StartSmsc) -> None:
    smsc = await start_smsc(response_timeout_s=0.2)
    esme = await RawEsme.bound(smsc.port)
    smsc.deliver_text("+491700000001", "+4930123456", "again")
    assert text_of(await esme.pdu()) == b"again"
    probe = await esme.pdu()
    assert probe.command_id == ENQUIRE_LINK, "nothing was heard of this ESME for a whole time-out"
    esme.send(ENQUIRE_LINK | 0x80000000, sequence=probe.sequence)
    assert text_of(await esme.take()) == b"again"


async def test_no_more_than_the_window_is_unanswered(start_smsc: StartSmsc) -> None:
    smsc = await start_smsc(window_pdus=2)
    esme = await RawEsme.bound(smsc.port)
    for _ in range(3):
        smsc.deliver_text("+491700000001", "+4930123456", "x")
    first, _ = [await esme.pdu() for _ in range(2)]
    sequence = esme.send(ENQUIRE_LINK)
    assert (await esme.pdu()).sequence == sequence
    esme.send(DELIVER_SM_RESP, b"\0", 0, first.sequence)
    assert (await esme.pdu()).command_id == DELIVER_SM


async def test_it_can_be_made_to_unbind_and_to_cut(start_smsc: StartSmsc) -> None:
    smsc = await start_smsc()
    polite, rude = await RawEsme.bound(smsc.port), await RawEsme.connect(smsc.port)
    await smsc.until(lambda: smsc.bound == 1)
    smsc.unbind()
    assert (await polite.pdu()).command_id == UNBIND
    smsc.disconnect()
    assert await polite.ended()
    assert await rude.ended()


async def test_stopping_ends_every_session(start_smsc: StartSmsc) -> None:
    smsc = await start_smsc()
    esme = await RawEsme.bound(smsc.port)
    stopping = asyncio.create_task(smsc.stop(deadline_s=0.2))
    assert (await esme.pdu()).command_id == UNBIND
    assert await esme.ended()
    await stopping
    assert smsc.bound == 0


async def test_bad_options_are_refused_before_anything_listens() -> None:
    with pytest.raises(ValueError, match="throttle_every"):
        await SmscSimulator(SmscOptions(port=0, throttle_every=-1)).start()
    smsc = SmscSimulator(SmscOptions(port=0))
    with pytest.raises(ValueError, match="receipt_delay_s"):
        smsc.configure(receipt_delay_s=-1)
    assert smsc.options.receipt_delay_s == 1.0


async def test_lines_control_it_while_it_runs(start_smsc: StartSmsc) -> None:
    smsc = await start_smsc(reply="Re: {text}")
    esme = await RawEsme.bound(smsc.port)
    answers: list[tuple[str, dict[str, object]]] = []

    async def say(lines: bytes) -> list[str]:
        reader = asyncio.StreamReader()
        reader.feed_data(lines)
        reader.feed_eof()
        answers.clear()
        await obey(smsc, reader, lambda event, /, **fields: answers.append((event, fields)))
        return [event.removeprefix("smsc.command_") for event, _ in answers]

    assert await say(b"text +491700000001 +4930123456 See you at  eight\n") == ["obeyed"]
    assert text_of(await esme.take()) == b"See you at  eight"
    assert await say(b"set throttle_every 1\n\nset reply none\n") == ["obeyed", "obeyed"]
    assert (smsc.options.throttle_every, smsc.options.reply) == (1, None)
    refused = b"set port 1\nset throttle_every x\nset receipts sometimes\ntext +4917\nset nothing 1\nwhat\n"
    assert await say(refused) == ["refused"] * 6
    assert await say(b"counts\n") == ["obeyed"]
    assert answers[0][1]["texts"] == 1
    assert await say(b"unbind\n") == ["obeyed"]
    assert (await esme.pdu()).command_id == UNBIND
    assert await say(b"cut\n") == ["obeyed"]
    assert await esme.ended()


async def test_run_logs_a_line_an_event_without_numbers_or_texts() -> None:
    port = free_port()
    with structlog.testing.capture_logs() as lines:
        running = asyncio.create_task(run(SmscOptions(port=port, receipt_delay_s=0.0, reply_delay_s=0.0)))
        while not any(line["event"] == "smsc.listening" for line in lines):  # noqa: ASYNC110
            await asyncio.sleep(0)
        esme = await RawEsme.bound(port)
        esme.submit(b"a secret")
        await esme.pdu()
        await esme.take()
        running.cancel()
        assert (await esme.pdu()).command_id == UNBIND
        esme.cut()
        with pytest.raises(asyncio.CancelledError):
            await running
    events = [line["event"] for line in lines]
    assert events[:4] == ["smsc.listening", "smsc.bound", "smsc.submit_received", "smsc.receipt_sent"]
    assert events[-1] == "smsc.stopped"
    assert "a secret" not in str(lines)
    assert "491700000001" not in str(lines)

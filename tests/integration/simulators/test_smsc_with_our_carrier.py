"""Our own carrier against the simulated SMSC: texts out and back, ids that meet, links that go."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from engine.smpp.carrier import AnswerKind
from engine.smpp.codec import SubmitSm
from engine.smpp.reassembly import join, read_part
from engine.smpp.receipts import normal_id, parse_receipt
from engine.smpp.text import Concatenating, TextProfile, decode_text, segment_text
from tests.integration.simulators.conftest import StartSmsc
from tests.integration.smpp.recording import Recorder, Running, settings

LONG_TEXT = "Grüße aus dem Süden, 5 € [und] 😀 " * 9


def _pdu(to: str = "491700000001", **fields: Any) -> SubmitSm:
    return SubmitSm(
        source_addr_ton=1,
        source_addr_npi=1,
        source_addr="4930123456",
        dest_addr_ton=1,
        dest_addr_npi=1,
        destination_addr=to,
        registered_delivery=1,
        **fields,
    )


@pytest.mark.parametrize("way", ["udh8", "udh16", "sar", "payload"])
@pytest.mark.parametrize("text", [LONG_TEXT, "plain " * 60, "@€" * 120])
async def test_a_long_text_goes_out_and_comes_back_whole(
    start_smsc: StartSmsc, way: Concatenating, text: str
) -> None:
    profile = TextProfile(concatenation=way)
    smsc = await start_smsc(receipts="never", profile=profile)
    carrier = Running(settings(smsc.port), Recorder())
    try:
        await carrier.bound()
        segments = segment_text(text, reference=5, profile=profile).segments
        for segment in segments:
            pdu = _pdu(
                esm_class=segment.esm_class,
                data_coding=segment.data_coding,
                short_message=segment.short_message,
                tlvs=segment.tlvs,
            )
            assert carrier.submit(segment.part_no, pdu)
        await smsc.until(lambda: len(smsc.texts) == 1)
        assert smsc.texts[0].text == text
        count = smsc.deliver_text("+491700000001", "+4930123456", text)
        await carrier.recorder.until(lambda: len(carrier.recorder.deliveries) == count)
        parts: dict[int, bytes] = {}
        total = 1
        for delivery in carrier.recorder.deliveries:
            pdu_in = delivery.pdu
            part = read_part(pdu_in.esm_class, pdu_in.user_data, pdu_in.tlvs)
            place = part.concatenation
            parts[place.number if place else 1] = part.octets
            total = place.total if place else 1
        whole = join(parts, total)
        assert whole is not None
        assert decode_text(whole, carrier.recorder.deliveries[0].pdu.data_coding, profile) == text
    finally:
        await carrier.stop()


@pytest.mark.parametrize("receipts", ["early", "delayed"])
@pytest.mark.parametrize("form", ["text", "tlv", "both"])
async def test_receipts_find_their_responses_whatever_the_base_of_their_ids(
    start_smsc: StartSmsc, receipts: str, form: str
) -> None:
    smsc = await start_smsc(
        receipts=receipts, receipt_form=form, response_id="hex_padded", receipt_id="dec_padded"
    )
    carrier = Running(settings(smsc.port), Recorder())
    try:
        await carrier.bound()
        await carrier.submit_all(range(30), _pdu(short_message=b"Hello"))
        recorder = carrier.recorder
        await recorder.until(lambda: len(recorder.answers) == 30 and len(recorder.deliveries) == 30)
        answered = {
            normal_id(answer.message_id, "hex_submit_dec_receipt", source="response")
            for answer in recorder.answers
        }
        reported = set()
        for delivery in recorder.deliveries:
            receipt = parse_receipt(delivery.pdu)
            assert receipt is not None
            assert receipt.final
            reported.add(normal_id(receipt.raw_id, "hex_submit_dec_receipt", source="receipt"))
        assert answered == reported
        assert len(answered) == 30
    finally:
        await carrier.stop()


async def test_a_link_cut_by_one_text_leaves_that_text_uncertain_and_comes_back(
    start_smsc: StartSmsc,
) -> None:
    smsc = await start_smsc()
    carrier = Running(settings(smsc.port), Recorder())
    try:
        await carrier.bound()
        assert carrier.submit("lost", _pdu("491709007", short_message=b"Hello"))
        await carrier.recorder.until(lambda: carrier.recorder.answers)
        assert carrier.recorder.answered(AnswerKind.AMBIGUOUS) == ["lost"]
        await smsc.until(lambda: smsc.bound == 1 and smsc.counts.binds == 2)
        await carrier.bound()
        await carrier.submit_all(["next"], _pdu(short_message=b"Hello"))
        await carrier.recorder.until(lambda: "next" in carrier.recorder.answered(AnswerKind.ACCEPTED))
    finally:
        await carrier.stop()


async def test_a_throttled_carrier_gets_everything_through_in_the_end(start_smsc: StartSmsc) -> None:
    smsc = await start_smsc(throttle_every=5, receipts="never")
    carrier = Running(settings(smsc.port, carrier={"throttle_pause_s": 0.01}), Recorder())
    try:
        await carrier.bound()
        left = list(range(20))
        async with asyncio.timeout(15):
            while left:
                seen = len(carrier.recorder.answers)
                due = seen + len(left)
                await carrier.submit_all(left, _pdu(short_message=b"Hello"))
                await carrier.recorder.until(lambda due=due: len(carrier.recorder.answers) == due)
                left = [
                    answer.token
                    for answer in carrier.recorder.answers[seen:]
                    if answer.kind is AnswerKind.REFUSED
                ]
        assert len(carrier.recorder.answered(AnswerKind.ACCEPTED)) == 20
        assert smsc.counts.submits > smsc.counts.submits_accepted == 20
    finally:
        await carrier.stop()

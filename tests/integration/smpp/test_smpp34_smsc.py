"""A carrier of ours against the server of smpp34: a second opinion on the same wire."""

from __future__ import annotations

from engine.smpp import tlv
from engine.smpp.carrier import AnswerKind
from engine.smpp.codec import SubmitSm
from engine.smpp.tlv import Tlv, integer_tlv
from tests.integration.smpp.conftest import RunCarrier
from tests.peers.smpp34 import StartSmpp34Smsc


async def test_texts_arrive_octet_for_octet_and_ids_come_back(
    smpp34_smsc: StartSmpp34Smsc, run_carrier: RunCarrier
) -> None:
    smsc = await smpp34_smsc()
    running = run_carrier(smsc.port)
    await running.bound()
    text = SubmitSm(
        service_type="CMT",
        source_addr_ton=5,
        source_addr="Ringback",
        dest_addr_ton=1,
        dest_addr_npi=1,
        destination_addr="491700000001",
        esm_class=0x40,
        protocol_id=0x41,
        registered_delivery=1,
        data_coding=4,
        short_message=bytes(range(140)),
        tlvs=(integer_tlv(tlv.USER_MESSAGE_REFERENCE, 4711, 2), Tlv(0x1403, b"campaign")),
    )
    assert running.submit("a", text)
    await running.recorder.until(lambda: running.recorder.answers)
    (answer,) = running.recorder.answers
    assert (answer.kind, answer.message_id) == (AnswerKind.ACCEPTED, "s34-1")
    (arrived,) = smsc.submits
    for name in (
        "service_type",
        "source_addr_ton",
        "source_addr",
        "dest_addr_npi",
        "destination_addr",
        "esm_class",
        "protocol_id",
        "registered_delivery",
        "data_coding",
        "short_message",
    ):
        assert getattr(arrived, name) == getattr(text, name)
    assert [(one.tag, one.value) for one in arrived.tlvs] == [tuple(one) for one in text.tlvs]


async def test_a_receipt_and_a_part_are_read_and_answered(
    smpp34_smsc: StartSmpp34Smsc, run_carrier: RunCarrier
) -> None:
    import smpp34

    smsc = await smpp34_smsc()
    running = run_carrier(smsc.port)
    await running.bound()
    await smsc.until(lambda: smsc.sessions)
    receipt = await smsc.deliver(
        source_addr="491700000001",
        destination_addr="Ringback",
        esm_class=4,
        short_message=b"id:s34-1 stat:DELIVRD err:000",
        tlvs=[
            smpp34.Tlv(smpp34.TLV_RECEIPTED_MESSAGE_ID, b"s34-1\0"),
            smpp34.Tlv(smpp34.TLV_MESSAGE_STATE, b"\x02"),
        ],
    )
    part = await smsc.deliver(
        source_addr="49170",
        destination_addr="12345",
        esm_class=0x40,
        data_coding=8,
        short_message=b"\x06\x08\x04\x01\x02\x02\x01\x04\x16",
    )
    assert (receipt, part) == (0, 0)
    first, second = (delivery.pdu for delivery in running.recorder.deliveries)
    assert first.tlv(tlv.RECEIPTED_MESSAGE_ID) == b"s34-1\0"
    assert first.tlv(tlv.MESSAGE_STATE) == b"\x02"
    assert second.user_data == b"\x06\x08\x04\x01\x02\x02\x01\x04\x16"


async def test_a_throttle_is_understood(smpp34_smsc: StartSmpp34Smsc, run_carrier: RunCarrier) -> None:
    smsc = await smpp34_smsc(throttle_first=2)
    running = run_carrier(smsc.port, carrier={"throttle_pause_s": 0.1})
    await running.bound()
    await running.submit_all(["a", "b"])
    await running.recorder.until(lambda: set(running.recorder.answered(AnswerKind.REFUSED)) == {"a", "b"})
    await running.submit_all(["a", "b"])
    await running.recorder.until(lambda: set(running.recorder.answered(AnswerKind.ACCEPTED)) == {"a", "b"})


async def test_a_thousand_texts_through_a_window_of_a_hundred(
    smpp34_smsc: StartSmpp34Smsc, run_carrier: RunCarrier
) -> None:
    smsc = await smpp34_smsc()
    running = run_carrier(smsc.port, window_pdus=100)
    await running.bound()
    await running.submit_all(range(1_000))
    await running.recorder.until(lambda: len(running.recorder.answers) == 1_000)
    assert {answer.kind for answer in running.recorder.answers} == {AnswerKind.ACCEPTED}
    assert len({answer.message_id for answer in running.recorder.answers}) == 1_000
    assert len(smsc.submits) == 1_000


async def test_a_server_that_closes_instead_of_answering_unbind_ends_the_drain(
    smpp34_smsc: StartSmpp34Smsc, run_carrier: RunCarrier
) -> None:
    smsc = await smpp34_smsc()
    running = run_carrier(smsc.port)
    await running.bound()
    await running.submit_all(["a"])
    await running.carrier.drain(10.0)
    await running.task
    await smsc.until(lambda: smsc.unbound)
    assert running.recorder.answered(AnswerKind.ACCEPTED) == ["a"]
    assert running.recorder.answered(AnswerKind.AMBIGUOUS) == []

"""What the simulated SMSC writes, against the standard's examples."""

from __future__ import annotations

import pytest

from engine.errors import InvalidRequest
from engine.simulators.smsc_behaviour import IdForm
from engine.simulators.smsc_handsets import Handsets
from engine.simulators.smsc_messages import (
    INTERMEDIATE,
    RECEIPT,
    ReceiptNews,
    international,
    receipt_pdu,
    text_pdus,
    wants_receipt,
    write_id,
)
from engine.smpp.codec import SubmitSm, Tlv
from engine.smpp.receipts import MessageState
from engine.smpp.text import TextProfile, segment_text

SUBMIT = SubmitSm(
    source_addr_ton=5,
    source_addr="Ringback",
    dest_addr_ton=1,
    dest_addr_npi=1,
    destination_addr="491700000001",
    registered_delivery=1,
    short_message=b"Your table is ready now",
)
AT_10_11_UTC = 1795342260000  # 2026-11-22
DELIVERED = ReceiptNews("42", MessageState.DELIVERED, 0, AT_10_11_UTC, "Your table is ready now")


def test_a_receipt_is_the_standards_example() -> None:
    pdu = receipt_pdu(SUBMIT, DELIVERED, AT_10_11_UTC + 60_000, "both", RECEIPT)
    assert pdu.short_message == (
        b"id:42 sub:001 dlvrd:001 submit date:2611221011 done date:2611221012 "
        b"stat:DELIVRD err:000 text:Your table is ready "
    )
    assert pdu.tlvs == (Tlv(0x001E, b"42\0"), Tlv(0x0427, b"\x02"))
    assert (pdu.esm_class, pdu.data_coding) == (0x04, 0)


def test_a_receipt_goes_back_the_way_its_text_came() -> None:
    pdu = receipt_pdu(SUBMIT, DELIVERED, AT_10_11_UTC, "both", INTERMEDIATE)
    assert (pdu.source_addr_ton, pdu.source_addr_npi, pdu.source_addr) == (1, 1, "491700000001")
    assert (pdu.dest_addr_ton, pdu.dest_addr_npi, pdu.destination_addr) == (5, 0, "Ringback")
    assert pdu.esm_class == 0x20


def test_a_receipt_of_failure_names_its_error_in_both_places() -> None:
    failed = ReceiptNews("42", MessageState.UNDELIVERABLE, 1, AT_10_11_UTC, "я")
    pdu = receipt_pdu(SUBMIT, failed, AT_10_11_UTC, "both", RECEIPT)
    assert b"dlvrd:000" in pdu.short_message
    assert pdu.short_message.endswith(b"stat:UNDELIV err:001 text:?")
    assert pdu.tlvs[1:] == (Tlv(0x0427, b"\x05"), Tlv(0x0423, b"\x03\x00\x01"))


def test_a_receipt_may_be_text_or_tlvs_alone() -> None:
    assert receipt_pdu(SUBMIT, DELIVERED, AT_10_11_UTC, "text", RECEIPT).tlvs == ()
    assert receipt_pdu(SUBMIT, DELIVERED, AT_10_11_UTC, "tlv", RECEIPT).short_message == b""


@pytest.mark.parametrize(
    ("form", "written"),
    [
        ("dec", "171"),
        ("dec_padded", "00000000000000000171"),
        ("hex", "ab"),
        ("hex_padded", "00000000000000ab"),
        ("hex_upper", "AB"),
    ],
)
def test_ids_are_written_as_carriers_write_them(form: IdForm, written: str) -> None:
    assert write_id(171, form) == written


@pytest.mark.parametrize(
    ("number", "address"),
    [
        ("+491700000001", (1, 1, "491700000001")),
        ("491700000001", (1, 1, "491700000001")),
        ("12345", (2, 1, "12345")),
        ("Ringback", (5, 0, "Ringback")),
    ],
)
def test_a_text_says_what_kind_of_number_it_is_from(number: str, address: tuple[int, int, str]) -> None:
    (pdu,) = text_pdus(number, "+4930123456", "Hi", reference=1, profile=TextProfile())
    assert (pdu.source_addr_ton, pdu.source_addr_npi, pdu.source_addr) == address
    assert (pdu.dest_addr_ton, pdu.dest_addr_npi, pdu.destination_addr) == (1, 1, "4930123456")


def test_parts_of_a_text_are_sent_as_chosen() -> None:
    pdus = text_pdus("+4917", "+4930", "a" * 400, reference=7, profile=TextProfile(), parts=[3, 1, 1])
    assert [pdu.short_message[:6] for pdu in pdus] == [
        b"\x05\x00\x03\x07\x03\x03",
        b"\x05\x00\x03\x07\x03\x01",
        b"\x05\x00\x03\x07\x03\x01",
    ]
    with pytest.raises(InvalidRequest):
        text_pdus("+4917", "+4930", "", reference=7, profile=TextProfile())


def test_an_address_becomes_a_number_again() -> None:
    assert [international(one) for one in ("491700000001", "12345", "Ringback")] == [
        "+491700000001",
        "12345",
        "Ringback",
    ]


@pytest.mark.parametrize(
    ("registered_delivery", "on_success", "on_failure"),
    [(0, False, False), (1, True, True), (2, False, True), (3, False, False), (0x11, True, True)],
)
def test_a_receipt_is_sent_if_it_was_asked_for(
    registered_delivery: int, on_success: bool, on_failure: bool
) -> None:
    pdu = SubmitSm(registered_delivery=registered_delivery)
    assert wants_receipt(pdu, MessageState.DELIVERED) is on_success
    assert wants_receipt(pdu, MessageState.EXPIRED) is on_failure


def test_a_handset_shows_a_long_text_once_all_its_parts_are_there() -> None:
    handsets, profile = Handsets(kept=10), TextProfile()
    text = "€" * 200
    pdus = [
        SubmitSm(
            source_addr="1",
            destination_addr="2",
            esm_class=segment.esm_class,
            data_coding=segment.data_coding,
            short_message=segment.short_message,
        )
        for segment in segment_text(text, reference=1, profile=profile).segments
    ]
    shown = [handsets.receive(pdu, profile) for pdu in (*reversed(pdus), pdus[0])]
    whole = shown[len(pdus) - 1]
    assert whole is not None
    assert whole.text == text
    assert [one for one in shown if one is not None] == [whole]
    assert list(handsets.texts) == [whole]

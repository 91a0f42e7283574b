"""Receipts: what is one, what it says, and under which key it meets its response."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.smpp.codec import DataSm, DeliverSm, Tlv
from engine.smpp.receipts import MessageState, Receipt, normal_id, parse_receipt
from tests.unit.smpp.receipt_texts import CASES, Case

STANDARD = b"id:7 sub:001 dlvrd:001 submit date:2611221011 done date:2611221012 stat:DELIVRD err:000 text:Hi"
ID_TLV = Tlv(0x001E, b"abc7\0")
UNDELIVERABLE_TLV = Tlv(0x0427, b"\x05")


def read(
    text: bytes = b"", *, esm_class: int = 4, data_coding: int = 0, tlvs: tuple[Tlv, ...] = ()
) -> Receipt:
    pdu = DeliverSm(esm_class=esm_class, data_coding=data_coding, short_message=text, tlvs=tlvs)
    receipt = parse_receipt(pdu)
    assert receipt is not None
    return receipt


def test_the_corpus_is_as_large_as_promised() -> None:
    assert len({case.text for case in CASES}) >= 60


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.text.decode("latin-1")[:60])
@pytest.mark.parametrize("carried_in", ["short_message", "message_payload", "data_sm", "ucs2"])
def test_every_spelling_says_what_its_carrier_means(case: Case, carried_in: str) -> None:
    payload = (Tlv(0x0424, case.text),)
    pdu: DeliverSm | DataSm
    if carried_in == "short_message":
        pdu = DeliverSm(esm_class=4, short_message=case.text)
    elif carried_in == "message_payload":
        pdu = DeliverSm(esm_class=4, tlvs=payload)
    elif carried_in == "data_sm":
        pdu = DataSm(esm_class=4, tlvs=payload)
    else:
        utf16 = case.text.replace(b"\x11", b"_").decode("latin-1").encode("utf-16-be")
        pdu = DeliverSm(esm_class=4, data_coding=8, short_message=utf16)
    receipt = parse_receipt(pdu)
    assert receipt is not None
    said = (receipt.raw_id, receipt.state, receipt.err, receipt.submit_date_raw, receipt.done_date_raw)
    assert said == (case.raw_id, case.state, case.err, case.submit, case.done)
    assert receipt.text20 == case.text20
    assert receipt.via == "text"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.text.decode("latin-1")[:60])
def test_tlvs_win_over_text(case: Case) -> None:
    receipt = read(case.text, tlvs=(ID_TLV, UNDELIVERABLE_TLV))
    assert (receipt.raw_id, receipt.state, receipt.final) == ("abc7", MessageState.UNDELIVERABLE, True)
    assert receipt.via == "both"


@pytest.mark.parametrize(
    ("value", "state", "final"),
    [
        (0, MessageState.SCHEDULED, False),
        (1, MessageState.ENROUTE, False),
        (2, MessageState.DELIVERED, True),
        (3, MessageState.EXPIRED, True),
        (4, MessageState.DELETED, True),
        (5, MessageState.UNDELIVERABLE, True),
        (6, MessageState.ACCEPTED, False),
        (7, MessageState.UNKNOWN, False),
        (8, MessageState.REJECTED, True),
        (9, MessageState.SKIPPED, True),
    ],
)
def test_message_state_by_its_value(value: int, state: MessageState, final: bool) -> None:
    receipt = read(tlvs=(ID_TLV, Tlv(0x0427, bytes((value,)))))
    assert (receipt.state, receipt.final, receipt.via) == (state, final, "tlv")


def test_an_impossible_message_state_leaves_the_word_to_the_text() -> None:
    assert read(STANDARD, tlvs=(Tlv(0x0427, b"\x63"),)).state is MessageState.DELIVERED


def test_the_network_error_code_is_the_error_where_the_text_names_none() -> None:
    gsm_error = Tlv(0x0423, b"\x03\x01\x2c")
    receipt = read(b"id:7 stat:UNDELIV", tlvs=(gsm_error,))
    assert (receipt.err, receipt.network_type, receipt.network_error_code) == ("300", 3, 300)
    assert read(b"id:7 stat:UNDELIV err:069", tlvs=(gsm_error,)).err == "069"


def test_an_intermediate_notification_is_never_final() -> None:
    assert not read(STANDARD, esm_class=0x20).final
    assert read(STANDARD, esm_class=0x04).final


def test_an_unknown_word_is_kept_for_people_to_see() -> None:
    receipt = read(b"id:7 stat:HELDBYREGULATOR err:9")
    assert (receipt.state, receipt.stat, receipt.final) == (MessageState.UNKNOWN, "HELDBYREGULATOR", False)


@pytest.mark.parametrize("text", [b"", b"\0\0", b"delivered, cheers", b"\xff\xfe\x00", b",,,", b":::="])
def test_a_flagged_receipt_nobody_can_read_is_still_a_receipt(text: bytes) -> None:
    receipt = read(text)
    assert (receipt.raw_id, receipt.state, receipt.final, receipt.via) == (
        "",
        MessageState.UNKNOWN,
        False,
        "unreadable",
    )


@pytest.mark.parametrize("esm_class", [0x00, 0x03, 0x08, 0x10, 0x18, 0x40, 0xC0])
def test_a_text_that_looks_like_a_receipt_is_one_only_where_the_carrier_forgets_the_flag(
    esm_class: int,
) -> None:
    pdu = DeliverSm(esm_class=esm_class, short_message=STANDARD)
    assert parse_receipt(pdu) is None
    lenient = parse_receipt(pdu, unflagged_too=True)
    assert lenient is not None
    assert lenient.raw_id == "7"


@pytest.mark.parametrize("text", [b"Hi", b"id:7", b"stat:DELIVRD", b"my status: delivered", b"7,DELIVRD,000"])
def test_what_people_write_is_no_receipt_even_then(text: bytes) -> None:
    assert parse_receipt(DeliverSm(short_message=text), unflagged_too=True) is None


def test_tlvs_of_message_and_state_make_a_receipt_without_a_flag() -> None:
    receipt = parse_receipt(DeliverSm(tlvs=(ID_TLV, UNDELIVERABLE_TLV)))
    assert receipt is not None
    assert (receipt.raw_id, receipt.via) == ("abc7", "tlv")
    assert parse_receipt(DeliverSm(tlvs=(ID_TLV,))) is None
    assert parse_receipt(DeliverSm(tlvs=(UNDELIVERABLE_TLV,))) is None


@given(st.binary(max_size=300), st.integers(0, 255), st.integers(0, 255))
def test_any_octets_are_a_receipt_or_not_and_nothing_else(text: bytes, esm_class: int, coding: int) -> None:
    pdu = DeliverSm(esm_class=esm_class, data_coding=coding, tlvs=(Tlv(0x0424, text), Tlv(0x0427, text[:2])))
    receipt = parse_receipt(pdu, unflagged_too=True)
    assert (receipt is not None) or not esm_class & 0x24


@given(
    st.lists(
        st.sampled_from([b"id:", b"stat:", b"DELIVRD", b" ", b",", b"text:", b"7", b"err", b"done date"])
    )
)
def test_words_of_receipts_in_any_order_never_fail(words: list[bytes]) -> None:
    read(b"".join(words))


@pytest.mark.parametrize(
    "text",
    [
        b"id:a\0b sub:001 dlvrd:001 submit date:2611221011 done date:2611221012 stat:DELIVRD err:\0 text:",
        b"id:7 stat:DELI\0VRD err:9\x009 submit date:26\x001 text:a\0b",
        b"7,001,001,2611221011,2611221012,DELIVRD,0\x000,a\0b",
    ],
)
def test_no_field_holds_a_nul_which_no_store_takes(text: bytes) -> None:
    receipt = read(text)
    fields = receipt.raw_id, receipt.err, receipt.stat, receipt.submit_date_raw, receipt.text20
    assert "\0" not in "".join(fields)


def test_what_stands_behind_two_kibibytes_is_not_read() -> None:
    far = b"x" * 2048 + b" id:7 stat:DELIVRD"
    assert read(tlvs=(Tlv(0x0424, far),)).via == "unreadable"
    near = b"x" * 2000 + b" id:7 stat:DELIVRD"
    assert read(tlvs=(Tlv(0x0424, near),)).raw_id == "7"


@pytest.mark.parametrize(
    ("base", "response", "receipt"),
    [
        ("as_is", "00Ab", "00Ab"),
        ("folded", "00AB12", "ab12"),
        ("folded", "0", "000"),
        ("folded", "3F25-04E0", "3f25-04e0"),
        ("hex_submit_dec_receipt", "0000002A", "42"),
        ("hex_submit_dec_receipt", "2a", "0000000042"),
        ("hex_submit_dec_receipt", "ffffffffffffffff", "18446744073709551615"),
        ("hex_submit_dec_receipt", "X-17", "x-17"),
        ("dec_submit_hex_receipt", "0042", "2A"),
        ("dec_submit_hex_receipt", "42", "0000002a"),
    ],
)
def test_response_and_receipt_meet_under_one_key(base: str, response: str, receipt: str) -> None:
    key = normal_id(response, base, source="response")  # type: ignore[arg-type]
    assert key == normal_id(receipt, base, source="receipt")  # type: ignore[arg-type]


def test_ids_as_they_are_are_not_folded() -> None:
    assert normal_id("00Ab", "as_is", source="response") != normal_id("ab", "as_is", source="receipt")

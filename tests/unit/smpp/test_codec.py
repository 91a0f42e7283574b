"""PDU bodies against two other implementations, the standard's own bytes, and malice."""

from __future__ import annotations

import random
import struct
from typing import Any

import pytest
import smpp34
from hypothesis import given
from hypothesis import strategies as st
from smpplib import command_codes, consts

from engine.smpp import commands, tlv
from engine.smpp.codec import (
    BindKind,
    BindRequest,
    BindResponse,
    DataSm,
    DataSmResp,
    DeliverSm,
    DeliverSmResp,
    Frame,
    MalformedPdu,
    SubmitSm,
    SubmitSmResp,
    UnencodablePdu,
    encode_header,
    split_frames,
)
from engine.smpp.tlv import Tlv, c_string_tlv, integer_tlv
from tests.unit.smpp.pdu_corpus import (
    MESSAGES,
    PLAIN,
    RECEIPT,
    VENDOR_TLVS,
    by_smpp34,
    by_smpplib,
    smpplib_octets,
)


def body_of(pdu: bytes) -> bytes:
    frames, rest, error = split_frames(pdu)
    assert (len(frames), rest, error) == (1, b"", None)
    return frames[0].body


# --- against others' octets ---------------------------------------------------------------------


@pytest.mark.parametrize("name", MESSAGES)
def test_submit_sm_is_written_as_smpplib_writes_it(name: str) -> None:
    assert SubmitSm(**MESSAGES[name]).encode(7) == by_smpplib("submit_sm", MESSAGES[name], 7)


@pytest.mark.parametrize("fields", [*MESSAGES.values(), VENDOR_TLVS, RECEIPT])
def test_submit_sm_and_deliver_sm_are_written_as_smpp34_writes_them(fields: dict[str, Any]) -> None:
    assert SubmitSm(**fields).encode(0x7FFFFFFF) == by_smpp34(smpp34.SubmitSm, fields, 0x7FFFFFFF)
    assert DeliverSm(**fields).encode(1) == by_smpp34(smpp34.DeliverSm, fields, 1)


@pytest.mark.parametrize("fields", [*MESSAGES.values(), VENDOR_TLVS, RECEIPT])
def test_what_smpp34_writes_is_read_field_by_field(fields: dict[str, Any]) -> None:
    assert SubmitSm.decode(body_of(by_smpp34(smpp34.SubmitSm, fields, 1))) == SubmitSm(**fields)
    assert DeliverSm.decode(body_of(by_smpp34(smpp34.DeliverSm, fields, 1))) == DeliverSm(**fields)


@pytest.mark.parametrize("fields", [*MESSAGES.values(), VENDOR_TLVS, RECEIPT])
def test_smpp34_reads_what_we_write(fields: dict[str, Any]) -> None:
    read = smpp34.decode(SubmitSm(**fields).encode(9))
    assert read.sequence_number == 9
    for name, value in fields.items():
        if name == "tlvs":
            assert [(t.tag, t.value) for t in read.tlvs] == [tuple(t) for t in value]
        else:
            assert getattr(read, name) == value


def test_data_sm_is_written_as_smpplib_writes_it() -> None:
    ours = DataSm(
        service_type="WAP",
        source_addr_ton=1,
        source_addr_npi=1,
        source_addr="4917000001",
        dest_addr_ton=1,
        dest_addr_npi=1,
        destination_addr="49170000002",
        esm_class=0x40,
        registered_delivery=1,
        data_coding=4,
        tlvs=(Tlv(tlv.MESSAGE_PAYLOAD, b"\x06\x05\x04\x0b\x84\x23\xf0" + bytes(300)),),
    )
    theirs = smpplib_octets(
        "data_sm",
        3,
        service_type="WAP",
        source_addr_ton=1,
        source_addr_npi=1,
        source_addr="4917000001",
        dest_addr_ton=1,
        dest_addr_npi=1,
        destination_addr="49170000002",
        esm_class=0x40,
        registered_delivery=1,
        data_coding=4,
        message_payload=ours.user_data,
    )
    assert ours.encode(3) == theirs
    assert DataSm.decode(body_of(theirs)) == ours


@pytest.mark.parametrize(
    ("ours", "command"),
    [
        (SubmitSmResp(message_id="4f2a-11"), "submit_sm_resp"),
        (DataSmResp(message_id="4f2a-11"), "data_sm_resp"),
        (DeliverSmResp(), "deliver_sm_resp"),
    ],
)
def test_responses_are_written_as_smpplib_writes_them(ours: Any, command: str) -> None:
    assert ours.encode(5) == smpplib_octets(command, 5, message_id=ours.message_id)


@pytest.mark.parametrize("kind", BindKind)
def test_a_bind_request_is_what_smpplib_makes_and_reads_back(kind: BindKind) -> None:
    request = BindRequest(
        kind=kind,
        system_id="ringback-test-1",
        password="8letters",
        system_type="VMA",
        interface_version=0x33,
        addr_ton=1,
        addr_npi=1,
        address_range="^4917",
    )
    # By hand from §4.1: length, command, status, sequence, then the fields in order.
    body = b"ringback-test-1\x008letters\x00VMA\x00\x33\x01\x01^4917\x00"
    assert request.encode(1) == struct.pack(">IIII", 16 + len(body), kind.command_id, 0, 1) + body
    assert BindRequest.decode(kind, body) == request


def test_a_bind_response_is_read_with_and_without_the_smsc_version() -> None:
    assert BindResponse.decode(b"SMSC\0\x02\x10\x00\x01\x34") == BindResponse(
        system_id="SMSC", interface_version=0x34
    )
    assert BindResponse.decode(b"SMSC\0") == BindResponse(system_id="SMSC")
    assert BindResponse.decode(b"") == BindResponse()
    assert BindResponse.decode(b"no terminator") == BindResponse(system_id="no terminator")


def test_a_bind_response_is_written_as_smpplib_writes_it() -> None:
    theirs = smpplib_octets("bind_transceiver_resp", 4, system_id="SMSC", sc_interface_version=0x34)
    ours = BindResponse(system_id="SMSC", interface_version=0x34)
    assert ours.encode(BindKind.TRANSCEIVER, 4) == theirs


@pytest.mark.parametrize("command", ["enquire_link", "enquire_link_resp", "unbind", "unbind_resp"])
def test_header_only_pdus_are_written_as_smpplib_writes_them(command: str) -> None:
    code = command_codes.get_command_code(command)
    assert encode_header(code, 0, 6) == smpplib_octets(command, 6)


def test_command_ids_and_tlv_tags_are_the_ones_smpplib_knows() -> None:
    for name, code in command_codes.commands.items():
        assert commands.command_name(code) == name
    ours = {name: value for name, value in vars(tlv).items() if name.isupper() and isinstance(value, int)}
    assert ours == {name.upper(): value for name, value in consts.OPTIONAL_PARAMS.items()}
    assert ours == {
        name.removeprefix("TLV_"): getattr(smpp34, name) for name in dir(smpp34) if name.startswith("TLV_")
    }


def test_an_unknown_command_is_named_by_its_number() -> None:
    assert commands.command_name(0x00010077) == "0x00010077"


# --- round trips -----------------------------------------------------------------------------------

octet = st.integers(0, 255)
c_octets = st.text(st.characters(min_codepoint=1, max_codepoint=255), max_size=20)
time_text = st.sampled_from(["", "261122143000000+", "000001000000000R"])
vendor_tlvs = st.lists(st.builds(Tlv, st.integers(0x1400, 0x3FFF), st.binary(max_size=50)), max_size=5).map(
    tuple
)
fields = {
    "service_type": c_octets.map(lambda text: text[:5]),
    "source_addr_ton": octet,
    "source_addr_npi": octet,
    "source_addr": c_octets,
    "dest_addr_ton": octet,
    "dest_addr_npi": octet,
    "destination_addr": c_octets,
    "esm_class": octet,
    "registered_delivery": octet,
    "data_coding": octet,
    "tlvs": vendor_tlvs,
}
short_message_fields = {
    **fields,
    "protocol_id": octet,
    "priority_flag": octet,
    "schedule_delivery_time": time_text,
    "validity_period": time_text,
    "replace_if_present_flag": octet,
    "sm_default_msg_id": octet,
    "short_message": st.binary(max_size=254),
}


@given(st.builds(SubmitSm, **short_message_fields), st.integers(1, 0x7FFFFFFF))
def test_any_submit_sm_survives_the_wire(pdu: SubmitSm, sequence: int) -> None:
    (frame,), rest, error = split_frames(pdu.encode(sequence))
    assert frame[:3] == (commands.SUBMIT_SM, 0, sequence)
    assert (rest, error) == (b"", None)
    assert SubmitSm.decode(frame.body) == pdu


@given(st.builds(DataSm, **fields))
def test_any_data_sm_survives_the_wire(pdu: DataSm) -> None:
    assert DataSm.decode(body_of(pdu.encode(1))) == pdu


@given(st.builds(SubmitSmResp, message_id=c_octets, tlvs=vendor_tlvs))
def test_any_submit_sm_resp_survives_the_wire(pdu: SubmitSmResp) -> None:
    assert SubmitSmResp.decode(body_of(pdu.encode(1))) == pdu


# --- what we refuse to send --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [
        {"source_addr": "1" * 21},
        {"destination_addr": "1" * 21},
        {"service_type": "SIXSIX"},
        {"source_addr": "a\0b"},
        {"source_addr": "Кафе"},
        {"schedule_delivery_time": "2611221430"},
        {"validity_period": "1"},
        {"short_message": bytes(255)},
        {"esm_class": 256},
        {"data_coding": -1},
        {"tlvs": (Tlv(0x1_0000, b""),)},
        {"tlvs": (Tlv(1, bytes(65_536)),)},
    ],
)
def test_a_field_that_does_not_fit_is_refused_before_anything_is_written(wrong: dict[str, Any]) -> None:
    with pytest.raises(UnencodablePdu):
        SubmitSm(**{**PLAIN, **wrong}).encode(1)


@pytest.mark.parametrize("wrong", [{"password": "ninechars"}, {"system_id": "x" * 16}, {"system_id": "a\0"}])
def test_a_bind_request_is_refused_rather_than_cut_short(wrong: dict[str, str]) -> None:
    with pytest.raises(UnencodablePdu):
        BindRequest(**{"kind": BindKind.TRANSCEIVER, "system_id": "a", "password": "b", **wrong}).encode(1)


def test_a_printed_pdu_or_bind_tells_no_text_number_or_password() -> None:
    shown = repr(SubmitSm(**PLAIN)) + repr(DataSm(source_addr="491700000001"))
    shown += repr(BindRequest(kind=BindKind.RECEIVER, system_id="a", password="hunter2"))
    assert "table" not in shown
    assert "4917" not in shown
    assert "hunter2" not in shown


# --- careless and hostile peers ----------------------------------------------------------------------


def test_a_body_cut_anywhere_is_malformed_or_loses_only_tlvs() -> None:
    whole = body_of(by_smpp34(smpp34.DeliverSm, RECEIPT, 1))
    mandatory = len(body_of(by_smpp34(smpp34.DeliverSm, {**RECEIPT, "tlvs": ()}, 1)))
    for cut in range(len(whole)):
        if cut < mandatory:
            with pytest.raises(MalformedPdu):
                DeliverSm.decode(whole[:cut])
        else:
            assert DeliverSm.decode(whole[:cut]).short_message == RECEIPT["short_message"]


def body(**changes: bytes) -> bytes:
    """A deliver_sm body from raw pieces, by hand from §4.6.1."""
    piece = {"service": b"\0", "source": b"1\0", "dest": b"2\0", "schedule": b"\0", "validity": b"\0"}
    piece |= {"length": b"\x02", "text": b"hi", "tlvs": b""} | changes
    return (
        piece["service"]
        + b"\1\1"
        + piece["source"]
        + b"\1\1"
        + piece["dest"]
        + b"\0\0\0"
        + piece["schedule"]
        + piece["validity"]
        + b"\0\0\0\0"
        + piece["length"]
        + piece["text"]
        + piece["tlvs"]
    )


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"length": b"\xff"}, consts.SMPP_ESME_RINVMSGLEN),
        ({"length": b"\x03"}, consts.SMPP_ESME_RINVMSGLEN),
        ({"source": b"1" * 65 + b"\0"}, consts.SMPP_ESME_RINVSRCADR),
        ({"dest": b"1" * 65 + b"\0"}, consts.SMPP_ESME_RINVDSTADR),
        ({"service": b"1" * 65 + b"\0"}, consts.SMPP_ESME_RINVSERTYP),
        ({"schedule": b"1" * 18 + b"\0"}, consts.SMPP_ESME_RINVSCHED),
        ({"validity": b"1" * 18 + b"\0"}, consts.SMPP_ESME_RINVEXPIRY),
        ({"source": b"1", "dest": b"2", "schedule": b"", "text": b""}, consts.SMPP_ESME_RINVCMDLEN),
    ],
)
def test_a_malformed_body_names_the_status_to_answer(changes: dict[str, bytes], status: int) -> None:
    with pytest.raises(MalformedPdu) as raised:
        DeliverSm.decode(body(**changes))
    assert raised.value.command_status == status


def test_longer_fields_than_the_standard_has_are_read() -> None:
    pdu = DeliverSm.decode(body(source=b"very-long-sender@example.com\0", service=b"ROAMING\0"))
    assert pdu.source_addr == "very-long-sender@example.com"
    assert pdu.service_type == "ROAMING"
    assert len(DeliverSm.decode(body(length=b"\xff", text=bytes(255))).short_message) == 255


def test_unknown_tlvs_are_kept_and_impossible_ones_counted() -> None:
    section = (
        struct.pack(">HH3s", 0x1403, 3, b"abc")
        + struct.pack(">HH3s", tlv.MESSAGE_STATE, 3, b"\0\0\2")  # no integer has three octets
        + struct.pack(">HHB", tlv.MESSAGE_STATE, 1, 2)
        + struct.pack(">HH", 0x1500, 500)
        + b"cut short"
    )
    pdu = DeliverSm.decode(body(tlvs=section))
    assert pdu.tlvs == (Tlv(0x1403, b"abc"), Tlv(tlv.MESSAGE_STATE, b"\x02"))
    assert pdu.malformed_tlvs == 2
    assert pdu.short_message == b"hi"
    assert pdu.tlv(tlv.MESSAGE_STATE) == b"\x02"
    assert pdu.tlv(tlv.RECEIPTED_MESSAGE_ID) is None
    assert DeliverSm.decode(body(tlvs=b"\x04\x27\x00")).malformed_tlvs == 1


def test_a_text_in_message_payload_is_the_user_data() -> None:
    section = struct.pack(">HH5s", tlv.MESSAGE_PAYLOAD, 5, b"hello")
    assert DeliverSm.decode(body(length=b"\0", text=b"", tlvs=section)).user_data == b"hello"
    assert DeliverSm.decode(body(tlvs=section)).user_data == b"hi"


@pytest.mark.parametrize(
    ("octets", "message_id"),
    [
        (b"", ""),
        (b"\0", ""),
        (b"ab\0", "ab"),
        (b"ab", "ab"),
        (b"ab\0\0\0", "ab"),
        (b"x" * 255 + b"\0", "x" * 255),
    ],
)
def test_a_submit_sm_resp_is_read_as_carriers_send_it(octets: bytes, message_id: str) -> None:
    assert SubmitSmResp.decode(octets).message_id == message_id


def test_a_message_id_without_end_is_malformed() -> None:
    with pytest.raises(MalformedPdu):
        SubmitSmResp.decode(b"x" * 256)


def test_a_refused_submit_sm_is_answered_without_a_body() -> None:
    assert SubmitSmResp(message_id="ignored").encode(2, 0x58) == bytes.fromhex(
        "00000010 80000004 00000058 00000002"
    )


def test_tlv_values_are_written_as_their_types_say() -> None:
    assert c_string_tlv(tlv.RECEIPTED_MESSAGE_ID, "0001") == Tlv(0x1E, b"0001\0")
    assert integer_tlv(tlv.SAR_MSG_REF_NUM, 258, 2) == Tlv(0x20C, b"\x01\x02")
    with pytest.raises(ValueError, match="NUL"):
        c_string_tlv(tlv.RECEIPTED_MESSAGE_ID, "a\0")


DECODERS = {
    commands.SUBMIT_SM: SubmitSm.decode,
    commands.DELIVER_SM: DeliverSm.decode,
    commands.DATA_SM: DataSm.decode,
    commands.SUBMIT_SM_RESP: SubmitSmResp.decode,
    commands.DELIVER_SM_RESP: DeliverSmResp.decode,
    commands.DATA_SM_RESP: DataSmResp.decode,
    commands.BIND_TRANSCEIVER: lambda octets: BindRequest.decode(BindKind.TRANSCEIVER, octets),
    commands.BIND_TRANSCEIVER_RESP: BindResponse.decode,
}


def test_fifty_thousand_mutated_pdus_raise_nothing_but_malformed_pdu() -> None:
    choose = random.Random(20261122)
    seeds = [by_smpp34(smpp34.DeliverSm, f, 1) for f in (*MESSAGES.values(), VENDOR_TLVS, RECEIPT)]
    seeds += [SubmitSmResp(message_id="0a1b2c3d").encode(1), DataSm().encode(2)]
    seeds.append(BindRequest(kind=BindKind.TRANSCEIVER, system_id="a", password="b").encode(3))
    malformed = 0
    for _ in range(50_000):
        octets = bytearray(choose.choice(seeds))
        for _ in range(choose.randint(1, 6)):
            at = choose.randrange(len(octets))
            match choose.randrange(4):
                case 0:
                    octets[at] = choose.randrange(256)
                case 1:
                    del octets[at : at + choose.randint(1, 20)]
                case 2:
                    octets[at:at] = choose.randbytes(choose.randint(1, 20))
                case _:
                    octets[at] = choose.choice((0, 1, 0x7F, 0x80, 0xFE, 0xFF))
            if not octets:
                octets.append(0)
        frames, _, _ = split_frames(bytes(octets))
        frames.append(Frame(commands.DELIVER_SM, 0, 1, bytes(octets[16:])))
        for frame in frames:
            for decode in [DECODERS[frame.command_id]] if frame.command_id in DECODERS else DECODERS.values():
                try:
                    decode(frame.body)
                except MalformedPdu as error:
                    malformed += error.command_status != 0
    assert malformed > 5_000

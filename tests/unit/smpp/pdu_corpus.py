"""PDUs as other implementations write them: smpplib and smpp34 make the octets, ours are compared.

Each entry is the keyword arguments of our type, and nothing else, so that three encoders get the
same input.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import smpp34
from smpplib.smpp import make_pdu

from engine.smpp import tlv
from engine.smpp.tlv import Tlv

PLAIN = {
    "source_addr_ton": 5,
    "source_addr": "Ringback",
    "dest_addr_ton": 1,
    "dest_addr_npi": 1,
    "destination_addr": "491700000001",
    "registered_delivery": 1,
    "short_message": b"Your table is ready",
}

MESSAGES: dict[str, dict[str, Any]] = {
    "nothing set": {},
    "plain text": PLAIN,
    "at sign as zero octet": {**PLAIN, "short_message": b"user\x00example\x00"},
    "longest text": {**PLAIN, "short_message": bytes(range(254))},
    "every field": {
        **PLAIN,
        "service_type": "CMT",
        "source_addr_npi": 9,
        "esm_class": 0x43,
        "protocol_id": 0x41,
        "priority_flag": 3,
        "schedule_delivery_time": "261122143000000+",
        "validity_period": "000002000000000R",
        "replace_if_present_flag": 1,
        "data_coding": 8,
        "sm_default_msg_id": 255,
    },
    "longest addresses": {**PLAIN, "source_addr": "1" * 20, "destination_addr": "2" * 20},
    "udh part": {**PLAIN, "esm_class": 0x40, "short_message": b"\x05\x00\x03\x2a\x02\x01first half"},
    "sar part": {
        **PLAIN,
        "tlvs": (
            Tlv(tlv.SAR_MSG_REF_NUM, b"\x01\x02"),
            Tlv(tlv.SAR_TOTAL_SEGMENTS, b"\x02"),
            Tlv(tlv.SAR_SEGMENT_SEQNUM, b"\x01"),
        ),
    },
    "payload": {**PLAIN, "short_message": b"", "tlvs": (Tlv(tlv.MESSAGE_PAYLOAD, b"long " * 200),)},
}

RECEIPT = {
    "source_addr_ton": 1,
    "source_addr_npi": 1,
    "source_addr": "491700000001",
    "dest_addr_ton": 5,
    "destination_addr": "Ringback",
    "esm_class": 4,
    "short_message": b"id:00000001 sub:001 dlvrd:001 submit date:2611221430 done date:2611221431 "
    b"stat:DELIVRD err:000 text:Your table is ready",
    "tlvs": (
        Tlv(tlv.RECEIPTED_MESSAGE_ID, b"00000001\0"),
        Tlv(tlv.MESSAGE_STATE, b"\x02"),
    ),
}

VENDOR_TLVS: dict[str, Any] = {
    **PLAIN,
    "tlvs": (Tlv(0x1400, b"campaign"), Tlv(0x3FFF, b""), Tlv(0x1400, b"again"), Tlv(0xFFFF, b"\x00\x01")),
}

_SMPPLIB_TLVS = {
    tlv.SAR_MSG_REF_NUM: "sar_msg_ref_num",
    tlv.SAR_TOTAL_SEGMENTS: "sar_total_segments",
    tlv.SAR_SEGMENT_SEQNUM: "sar_segment_seqnum",
    tlv.MESSAGE_PAYLOAD: "message_payload",
}


def by_smpplib(command: str, fields: dict[str, Any], sequence_number: int) -> bytes:
    """The PDU as smpplib writes it; only for its standard TLVs."""
    arguments = dict(fields)
    for tag, value in arguments.pop("tlvs", ()):
        name = _SMPPLIB_TLVS[tag]
        arguments[name] = value if name == "message_payload" else int.from_bytes(value, "big")
    return smpplib_octets(command, sequence_number, **arguments)


def smpplib_octets(command: str, sequence_number: int, **arguments: Any) -> bytes:
    """The PDU as smpplib writes it; its constructor ignores a sequence number."""
    client = SimpleNamespace(sequence=sequence_number, next_sequence=lambda: sequence_number)
    return bytes(make_pdu(command, client=client, **arguments).generate())


def by_smpp34(kind: type, fields: dict[str, Any], sequence_number: int) -> bytes:
    """The PDU as smpp34 writes it."""
    arguments = {"source_addr": "", "destination_addr": "", **fields}
    arguments["tlvs"] = [smpp34.Tlv(tag, value) for tag, value in arguments.get("tlvs", ())]
    return bytes(kind(**arguments, sequence_number=sequence_number).encode())

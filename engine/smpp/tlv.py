"""Optional parameters: tags, and the walk over a TLV section that trusts no length in it.

Unknown tags are kept raw, in order, repeats included. A parameter whose length is impossible is
dropped and counted, and never costs the message it rides on.
Source: SMPP v3.4 §3.2.4 (format), §5.3 (definitions).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import NamedTuple

DEST_ADDR_SUBUNIT = 0x0005
DEST_NETWORK_TYPE = 0x0006
DEST_BEARER_TYPE = 0x0007
DEST_TELEMATICS_ID = 0x0008
SOURCE_ADDR_SUBUNIT = 0x000D
SOURCE_NETWORK_TYPE = 0x000E
SOURCE_BEARER_TYPE = 0x000F
SOURCE_TELEMATICS_ID = 0x0010
QOS_TIME_TO_LIVE = 0x0017
PAYLOAD_TYPE = 0x0019
ADDITIONAL_STATUS_INFO_TEXT = 0x001D
RECEIPTED_MESSAGE_ID = 0x001E
MS_MSG_WAIT_FACILITIES = 0x0030
PRIVACY_INDICATOR = 0x0201
SOURCE_SUBADDRESS = 0x0202
DEST_SUBADDRESS = 0x0203
USER_MESSAGE_REFERENCE = 0x0204
USER_RESPONSE_CODE = 0x0205
SOURCE_PORT = 0x020A
DESTINATION_PORT = 0x020B
SAR_MSG_REF_NUM = 0x020C
LANGUAGE_INDICATOR = 0x020D
SAR_TOTAL_SEGMENTS = 0x020E
SAR_SEGMENT_SEQNUM = 0x020F
SC_INTERFACE_VERSION = 0x0210
CALLBACK_NUM_PRES_IND = 0x0302
CALLBACK_NUM_ATAG = 0x0303
NUMBER_OF_MESSAGES = 0x0304
CALLBACK_NUM = 0x0381
DPF_RESULT = 0x0420
SET_DPF = 0x0421
MS_AVAILABILITY_STATUS = 0x0422
NETWORK_ERROR_CODE = 0x0423
MESSAGE_PAYLOAD = 0x0424
DELIVERY_FAILURE_REASON = 0x0425
MORE_MESSAGES_TO_SEND = 0x0426
MESSAGE_STATE = 0x0427
USSD_SERVICE_OP = 0x0501
DISPLAY_TIME = 0x1201
SMS_SIGNAL = 0x1203
MS_VALIDITY = 0x1204
ALERT_ON_MESSAGE_DELIVERY = 0x130C
ITS_REPLY_TYPE = 0x1380
ITS_SESSION_INFO = 0x1383

# What the engine reads, and the lengths it can read them in. Integers are taken in any of the
# widths the format has: several SMSCs send a 16-bit field in one octet or a one-octet field in
# four, and the number is the same. A tag that is not here is taken in any length.
_INTEGER = frozenset({1, 2, 4})
_POSSIBLE_LENGTHS: dict[int, frozenset[int]] = {
    USER_MESSAGE_REFERENCE: _INTEGER,
    SOURCE_PORT: _INTEGER,
    DESTINATION_PORT: _INTEGER,
    SAR_MSG_REF_NUM: _INTEGER,
    SAR_TOTAL_SEGMENTS: _INTEGER,
    SAR_SEGMENT_SEQNUM: _INTEGER,
    SC_INTERFACE_VERSION: _INTEGER,
    LANGUAGE_INDICATOR: _INTEGER,
    PAYLOAD_TYPE: _INTEGER,
    MESSAGE_STATE: _INTEGER,
    DELIVERY_FAILURE_REASON: _INTEGER,
    MORE_MESSAGES_TO_SEND: _INTEGER,
    NETWORK_ERROR_CODE: frozenset({3}),
}

_HEADER = struct.Struct(">HH")

# What a NamedTuple's own constructor comes down to, at a third of its cost.
_make = tuple.__new__


class Tlv(NamedTuple):
    """One optional parameter as it stands on the wire: tag 0 to 65535, value up to 65,535 octets."""

    tag: int
    value: bytes


def integer_tlv(tag: int, value: int, octets: int) -> Tlv:
    """An integer parameter; octets is 1, 2 or 4. Raises OverflowError when value does not fit."""
    return Tlv(tag, value.to_bytes(octets, "big"))


def c_string_tlv(tag: int, text: str) -> Tlv:
    """A C-octet-string parameter, terminated. text: Latin-1 without NUL."""
    if "\0" in text:
        raise ValueError("a C-octet string cannot hold NUL")
    return Tlv(tag, text.encode("latin-1") + b"\0")


def encode_tlvs(tlvs: Iterable[Tlv]) -> bytes:
    """The parameters as they go on the wire, in their order. Raises ValueError for an impossible one."""
    out: list[bytes] = []
    for tag, value in tlvs:
        if not 0 <= tag <= 0xFFFF or len(value) > 0xFFFF:
            raise ValueError("a TLV tag and a TLV length have 16 bits each")
        out.append(_HEADER.pack(tag, len(value)))
        out.append(value)
    return b"".join(out)


def decode_tlvs(body: bytes, at: int) -> tuple[tuple[Tlv, ...], int]:
    """Read the parameters from `at` to the end of body.

    Returns those that make sense and how many did not: a length beyond the end (which also ends
    the walk), a length the tag cannot have, or octets too few for a header. Never raises.
    """
    found: list[Tlv] = []
    malformed = 0
    end = len(body)
    while at < end:
        if end - at < 4:
            malformed += 1
            break
        tag, length = _HEADER.unpack_from(body, at)
        at += 4
        if length > end - at:
            malformed += 1
            break
        possible = _POSSIBLE_LENGTHS.get(tag)
        if possible is None or length in possible:
            found.append(_make(Tlv, (tag, body[at : at + length])))
        else:
            malformed += 1
        at += length
    return tuple(found), malformed

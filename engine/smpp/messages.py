"""The message PDUs: submit_sm, deliver_sm, data_sm and their responses, strictly by `struct`.

Nothing here trusts a length or a terminator from the peer, and nothing raises but MalformedPdu
and UnencodablePdu. Sequence numbers and statuses live in the header and are passed beside the
body. C-octet strings are `str` read as Latin-1, so no octet of a careless peer is lost. The types
are msgspec structs: immutable like frozen dataclasses, and made eight times faster.
Source: SMPP v3.4 §4.4, §4.6, §4.7 (PDUs), §5.2 (fields and their sizes).
"""

from __future__ import annotations

import struct
from typing import ClassVar, Self

from msgspec import Struct

from engine.smpp.commands import (
    DATA_SM,
    DATA_SM_RESP,
    DELIVER_SM,
    DELIVER_SM_RESP,
    SUBMIT_SM,
    SUBMIT_SM_RESP,
)
from engine.smpp.statuses import (
    ESME_RINVCMDLEN,
    ESME_RINVDSTADR,
    ESME_RINVEXPIRY,
    ESME_RINVMSGLEN,
    ESME_RINVSCHED,
    ESME_RINVSERTYP,
    ESME_RINVSRCADR,
    ESME_ROK,
)
from engine.smpp.tlv import MESSAGE_PAYLOAD, Tlv, decode_tlvs, encode_tlvs

_HEADER = struct.Struct(">IIII")

# Sizes without the terminating NUL. What we send keeps to the standard; what we read may be as
# long as data_sm allows everywhere, since SMSCs do put long alphanumeric senders, e-mail
# addresses and their own service names into deliver_sm. Message ids are 64 by the standard;
# some SMSCs return longer ones, and one that is cut would never match its receipt.
_SERVICE_TYPE_MAX, _ADDRESS_MAX, _DATA_ADDRESS_MAX, _MESSAGE_ID_MAX = 5, 20, 64, 64
_LENIENT_MAX, _LENIENT_MESSAGE_ID_MAX = 64, 255
_TIME_LENGTHS = (0, 16)
_SHORT_MESSAGE_MAX = 254


class MalformedPdu(Exception):
    """A PDU whose body cannot be read. command_status: what its response has to say."""

    def __init__(self, command_status: int, reason: str) -> None:
        super().__init__(reason)
        self.command_status = command_status
        self.reason = reason


class UnencodablePdu(ValueError):
    """A field we were asked to send does not fit the standard; nothing was sent."""


class _WithTlvs(Struct, frozen=True, gc=False):
    """What every PDU with optional parameters can be asked."""

    def tlv(self, tag: int) -> bytes | None:
        """The value of the first parameter with this tag, or None."""
        for found, value in self.tlvs:  # type: ignore[attr-defined]
            if found == tag:
                return value  # type: ignore[no-any-return]
        return None


class ShortMessagePdu(_WithTlvs, frozen=True, gc=False):
    """The body submit_sm and deliver_sm share; fields in wire order under their standard names.

    short_message: octets as data_coding and esm_class say, at most 254 in what we send.
    schedule_delivery_time, validity_period: empty or 16 characters (§7.1.1).
    malformed_tlvs: how many optional parameters were dropped while reading.
    """

    command_id: ClassVar[int]

    service_type: str = ""
    source_addr_ton: int = 0
    source_addr_npi: int = 0
    source_addr: str = ""
    dest_addr_ton: int = 0
    dest_addr_npi: int = 0
    destination_addr: str = ""
    esm_class: int = 0
    protocol_id: int = 0
    priority_flag: int = 0
    schedule_delivery_time: str = ""
    validity_period: str = ""
    registered_delivery: int = 0
    replace_if_present_flag: int = 0
    data_coding: int = 0
    sm_default_msg_id: int = 0
    short_message: bytes = b""
    tlvs: tuple[Tlv, ...] = ()
    malformed_tlvs: int = 0

    @property
    def user_data(self) -> bytes:
        """What the handset shows, user data header included: short_message, else message_payload."""
        return self.short_message or self.tlv(MESSAGE_PAYLOAD) or b""

    def __repr__(self) -> str:
        """Without text and without numbers, so that a PDU in a log line or a traceback tells nothing."""
        return (
            f"<{type(self).__name__} esm_class={self.esm_class:#04x} data_coding={self.data_coding:#04x} "
            f"octets={len(self.short_message)} tlvs={[hex(tag) for tag, _ in self.tlvs]}>"
        )

    def encode(self, sequence_number: int) -> bytes:
        """The whole PDU. Raises UnencodablePdu when a field does not fit the standard."""
        source, destination, text = self.source_addr, self.destination_addr, self.short_message
        service, schedule, validity = self.service_type, self.schedule_delivery_time, self.validity_period
        if (
            len(source) > _ADDRESS_MAX
            or len(destination) > _ADDRESS_MAX
            or len(text) > _SHORT_MESSAGE_MAX
            or len(service) > _SERVICE_TYPE_MAX
            or len(schedule) not in _TIME_LENGTHS
            or len(validity) not in _TIME_LENGTHS
            or "\0" in f"{service}{source}{destination}{schedule}{validity}"
        ):
            raise UnencodablePdu("an address, service_type, time or short_message does not fit SMPP v3.4")
        try:
            # One C call for all fields, 3 times faster than joining them; %c refuses what is not an octet.
            fields = (
                "%s\0%c%c%s\0%c%c%s\0%c%c%c%s\0%s\0%c%c%c%c%c"  # noqa: UP031
                % (
                    service,
                    self.source_addr_ton,
                    self.source_addr_npi,
                    source,
                    self.dest_addr_ton,
                    self.dest_addr_npi,
                    destination,
                    self.esm_class,
                    self.protocol_id,
                    self.priority_flag,
                    schedule,
                    validity,
                    self.registered_delivery,
                    self.replace_if_present_flag,
                    self.data_coding,
                    self.sm_default_msg_id,
                    len(text),
                )
            ).encode("latin-1")
            optional = encode_tlvs(self.tlvs) if self.tlvs else b""
        except (ValueError, OverflowError) as error:
            raise UnencodablePdu(str(error)) from error
        length = 16 + len(fields) + len(text) + len(optional)
        return _HEADER.pack(length, self.command_id, 0, sequence_number) + fields + text + optional

    @classmethod
    def decode(cls, body: bytes) -> Self:
        """Read the octets behind the header. Raises MalformedPdu and nothing else."""
        find = body.find
        a = find(0)
        b = find(0, a + 3)
        c = find(0, b + 3)
        d = find(0, c + 4)
        e = find(0, d + 1)
        # find answers -1 where a terminator is missing and then starts over from the front, so
        # ascending ends mean that all five are there.
        if not 0 <= a < b < c < d < e or e + 5 >= len(body):
            raise MalformedPdu(ESME_RINVCMDLEN, "the body ends inside a mandatory field")
        if b - a > _LENIENT_MAX + 3:
            raise MalformedPdu(ESME_RINVSRCADR, "source_addr is too long")
        if c - b > _LENIENT_MAX + 3:
            raise MalformedPdu(ESME_RINVDSTADR, "destination_addr is too long")
        if a > _LENIENT_MAX:
            raise MalformedPdu(ESME_RINVSERTYP, "service_type is too long")
        if d - c > 20:
            raise MalformedPdu(ESME_RINVSCHED, "schedule_delivery_time is too long")
        if e - d > 17:
            raise MalformedPdu(ESME_RINVEXPIRY, "validity_period is too long")
        start = e + 6
        # 255 is above the standard's 254 but readable, so nothing is gained by losing the text.
        end = start + body[e + 5]
        if end > len(body):
            raise MalformedPdu(ESME_RINVMSGLEN, "sm_length is beyond the end of the PDU")
        tlvs: tuple[Tlv, ...] = ()
        malformed = 0
        if end < len(body):
            tlvs, malformed = decode_tlvs(body, end)
        return cls(
            body[:a].decode("latin-1"),
            body[a + 1],
            body[a + 2],
            body[a + 3 : b].decode("latin-1"),
            body[b + 1],
            body[b + 2],
            body[b + 3 : c].decode("latin-1"),
            body[c + 1],
            body[c + 2],
            body[c + 3],
            body[c + 4 : d].decode("latin-1") if d > c + 4 else "",
            body[d + 1 : e].decode("latin-1") if e > d + 1 else "",
            body[e + 1],
            body[e + 2],
            body[e + 3],
            body[e + 4],
            body[start:end],
            tlvs,
            malformed,
        )


class SubmitSm(ShortMessagePdu, frozen=True, gc=False):
    """A text on its way to the SMSC (§4.4.1)."""

    command_id = SUBMIT_SM


class DeliverSm(ShortMessagePdu, frozen=True, gc=False):
    """A text or a receipt from the SMSC (§4.6.1)."""

    command_id = DELIVER_SM


class DataSm(_WithTlvs, frozen=True, gc=False):
    """The lean message PDU; its text, if any, is in message_payload (§4.7.1)."""

    command_id: ClassVar[int] = DATA_SM

    service_type: str = ""
    source_addr_ton: int = 0
    source_addr_npi: int = 0
    source_addr: str = ""
    dest_addr_ton: int = 0
    dest_addr_npi: int = 0
    destination_addr: str = ""
    esm_class: int = 0
    registered_delivery: int = 0
    data_coding: int = 0
    tlvs: tuple[Tlv, ...] = ()
    malformed_tlvs: int = 0

    @property
    def user_data(self) -> bytes:
        """What the handset shows, user data header included."""
        return self.tlv(MESSAGE_PAYLOAD) or b""

    def __repr__(self) -> str:
        """Without text and without numbers."""
        return f"<DataSm esm_class={self.esm_class:#04x} tlvs={[hex(tag) for tag, _ in self.tlvs]}>"

    def encode(self, sequence_number: int) -> bytes:
        """The whole PDU. Raises UnencodablePdu when a field does not fit the standard."""
        service, source, destination = self.service_type, self.source_addr, self.destination_addr
        if (
            len(service) > _SERVICE_TYPE_MAX
            or max(len(source), len(destination)) > _DATA_ADDRESS_MAX
            or "\0" in service + source + destination
        ):
            raise UnencodablePdu("an address or service_type does not fit SMPP v3.4")
        try:
            body = (
                "%s\0%c%c%s\0%c%c%s\0%c%c%c"  # noqa: UP031
                % (
                    service,
                    self.source_addr_ton,
                    self.source_addr_npi,
                    source,
                    self.dest_addr_ton,
                    self.dest_addr_npi,
                    destination,
                    self.esm_class,
                    self.registered_delivery,
                    self.data_coding,
                )
            ).encode("latin-1") + encode_tlvs(self.tlvs)
        except (ValueError, OverflowError) as error:
            raise UnencodablePdu(str(error)) from error
        return _HEADER.pack(16 + len(body), DATA_SM, 0, sequence_number) + body

    @classmethod
    def decode(cls, body: bytes) -> Self:
        """Read the octets behind the header. Raises MalformedPdu and nothing else."""
        a = body.find(0)
        b = body.find(0, a + 3)
        c = body.find(0, b + 3)
        if not 0 <= a < b < c or c + 3 >= len(body):
            raise MalformedPdu(ESME_RINVCMDLEN, "the body ends inside a mandatory field")
        if b - a > _LENIENT_MAX + 3:
            raise MalformedPdu(ESME_RINVSRCADR, "source_addr is too long")
        if c - b > _LENIENT_MAX + 3:
            raise MalformedPdu(ESME_RINVDSTADR, "destination_addr is too long")
        if a > _LENIENT_MAX:
            raise MalformedPdu(ESME_RINVSERTYP, "service_type is too long")
        tlvs, malformed = decode_tlvs(body, c + 4)
        return cls(
            body[:a].decode("latin-1"),
            body[a + 1],
            body[a + 2],
            body[a + 3 : b].decode("latin-1"),
            body[b + 1],
            body[b + 2],
            body[b + 3 : c].decode("latin-1"),
            body[c + 1],
            body[c + 2],
            body[c + 3],
            tlvs,
            malformed,
        )


class MessageResponse(_WithTlvs, frozen=True, gc=False):
    """The body submit_sm_resp, deliver_sm_resp and data_sm_resp share.

    message_id: empty in deliver_sm_resp, in every refusal, and where an SMSC forgets it.
    """

    command_id: ClassVar[int]

    message_id: str = ""
    tlvs: tuple[Tlv, ...] = ()
    malformed_tlvs: int = 0

    def encode(self, sequence_number: int, command_status: int = ESME_ROK) -> bytes:
        """The whole PDU; a refused submit_sm is answered without a body (§4.4.2).

        Raises UnencodablePdu when the id is longer than 64 characters.
        """
        if command_status != ESME_ROK and self.command_id == SUBMIT_SM_RESP:
            return _HEADER.pack(16, SUBMIT_SM_RESP, command_status, sequence_number)
        if len(self.message_id) > _MESSAGE_ID_MAX or "\0" in self.message_id:
            raise UnencodablePdu("message_id does not fit SMPP v3.4")
        try:
            body = f"{self.message_id}\0".encode("latin-1") + encode_tlvs(self.tlvs)
        except ValueError as error:
            raise UnencodablePdu(str(error)) from error
        return _HEADER.pack(16 + len(body), self.command_id, command_status, sequence_number) + body

    @classmethod
    def decode(cls, body: bytes) -> Self:
        """Read the octets behind the header; a missing body or terminator is read as what is there.

        Raises MalformedPdu when the id is longer than 255 characters.
        """
        end = body.find(0)
        if end < 0:
            end = len(body)
        if end > _LENIENT_MESSAGE_ID_MAX:
            raise MalformedPdu(ESME_RINVCMDLEN, "message_id is too long")
        if end + 1 >= len(body):
            return cls(body[:end].decode("latin-1"))
        tlvs, malformed = decode_tlvs(body, end + 1)
        return cls(body[:end].decode("latin-1"), tlvs, malformed)


class SubmitSmResp(MessageResponse, frozen=True, gc=False):
    """The SMSC's answer to submit_sm (§4.4.2)."""

    command_id = SUBMIT_SM_RESP


class DeliverSmResp(MessageResponse, frozen=True, gc=False):
    """The ESME's answer to deliver_sm (§4.6.2); message_id is unused and empty."""

    command_id = DELIVER_SM_RESP


class DataSmResp(MessageResponse, frozen=True, gc=False):
    """The answer to data_sm, either way (§4.7.2)."""

    command_id = DATA_SM_RESP

"""PDU in, octets out, and back: the one door to everything that is written on an SMPP link.

The only user of smpplib's PDU classes, which build the bind requests and answers. Reading is
ours throughout, since smpplib's parser trusts the peer; the message PDUs are in `messages`, their
commands in `commands`.
Source: SMPP v3.4 §4.1 to §4.3, §4.11 (session PDUs), §5.2 (fields and their sizes).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from smpplib.smpp import make_pdu

from engine.smpp.commands import (
    ALERT_NOTIFICATION,
    BIND_RECEIVER,
    BIND_RECEIVER_RESP,
    BIND_TRANSCEIVER,
    BIND_TRANSCEIVER_RESP,
    BIND_TRANSMITTER,
    BIND_TRANSMITTER_RESP,
    DATA_SM,
    DATA_SM_RESP,
    DELIVER_SM,
    DELIVER_SM_RESP,
    ENQUIRE_LINK,
    ENQUIRE_LINK_RESP,
    GENERIC_NACK,
    OUTBIND,
    QUERY_SM,
    RESPONSE,
    SUBMIT_SM,
    SUBMIT_SM_RESP,
    UNBIND,
    UNBIND_RESP,
    command_name,
)
from engine.smpp.framing import Frame, FramingError, split_frames
from engine.smpp.messages import (
    DataSm,
    DataSmResp,
    DeliverSm,
    DeliverSmResp,
    MalformedPdu,
    MessageResponse,
    SubmitSm,
    SubmitSmResp,
    UnencodablePdu,
)
from engine.smpp.statuses import ESME_RINVCMDLEN, ESME_ROK, ESME_RX_T_APPN
from engine.smpp.tlv import SC_INTERFACE_VERSION, Tlv, decode_tlvs, encode_tlvs, integer_tlv

__all__ = [
    "ALERT_NOTIFICATION",
    "BIND_RECEIVER",
    "BIND_RECEIVER_RESP",
    "BIND_TRANSCEIVER",
    "BIND_TRANSCEIVER_RESP",
    "BIND_TRANSMITTER",
    "BIND_TRANSMITTER_RESP",
    "BindKind",
    "BindRequest",
    "BindResponse",
    "DATA_SM",
    "DATA_SM_RESP",
    "DELIVER_SM",
    "DELIVER_SM_RESP",
    "DataSm",
    "DataSmResp",
    "DeliverSm",
    "DeliverSmResp",
    "ENQUIRE_LINK",
    "ENQUIRE_LINK_RESP",
    "ESME_ROK",
    "ESME_RX_T_APPN",
    "Frame",
    "FramingError",
    "GENERIC_NACK",
    "MalformedPdu",
    "MessageResponse",
    "OUTBIND",
    "QUERY_SM",
    "RESPONSE",
    "SUBMIT_SM",
    "SUBMIT_SM_RESP",
    "SubmitSm",
    "SubmitSmResp",
    "Tlv",
    "UNBIND",
    "UNBIND_RESP",
    "UnencodablePdu",
    "command_name",
    "encode_header",
    "split_frames",
]

INTERFACE_VERSION_34: Final = 0x34

_HEADER = struct.Struct(">IIII")


class BindKind(StrEnum):
    """Which way messages flow: transmitter sends, receiver receives, transceiver does both."""

    TRANSMITTER = "transmitter"
    RECEIVER = "receiver"
    TRANSCEIVER = "transceiver"

    @property
    def command_id(self) -> int:
        """Of the bind request."""
        return _BIND_COMMANDS[self]

    @property
    def submits(self) -> bool:
        """Whether submit_sm may be sent on such a bind."""
        return self is not BindKind.RECEIVER

    @property
    def receives(self) -> bool:
        """Whether deliver_sm arrives on such a bind."""
        return self is not BindKind.TRANSMITTER


_BIND_COMMANDS: Final = {
    BindKind.TRANSMITTER: BIND_TRANSMITTER,
    BindKind.RECEIVER: BIND_RECEIVER,
    BindKind.TRANSCEIVER: BIND_TRANSCEIVER,
}
BIND_KINDS: Final = {command_id: kind for kind, command_id in _BIND_COMMANDS.items()}


def encode_header(command_id: int, command_status: int, sequence_number: int) -> bytes:
    """A whole PDU that has no body: enquire_link, unbind, their responses, generic_nack."""
    return _HEADER.pack(16, command_id, command_status, sequence_number)


@dataclass(frozen=True, kw_only=True, slots=True)
class BindRequest:
    """The body of bind_transmitter, bind_receiver or bind_transceiver (§4.1).

    system_id: at most 15 characters; password: at most 8; system_type: at most 12;
    address_range: at most 40.
    """

    kind: BindKind
    system_id: str
    password: str = field(repr=False)
    system_type: str = ""
    interface_version: int = INTERFACE_VERSION_34
    addr_ton: int = 0
    addr_npi: int = 0
    address_range: str = ""

    def encode(self, sequence_number: int) -> bytes:
        """The whole PDU. Raises UnencodablePdu: smpplib itself would silently cut a long password."""
        for name, maximum in _BIND_SIZES.items():
            text: str = getattr(self, name)
            if len(text) > maximum or not text.isascii() or "\0" in text:
                raise UnencodablePdu(f"{name} must be ASCII, at most {maximum} characters")
        pdu = make_pdu(
            f"bind_{self.kind}",
            client=_Numbered(sequence_number),
            system_id=self.system_id,
            password=self.password,
            system_type=self.system_type,
            addr_ton=self.addr_ton,
            addr_npi=self.addr_npi,
            address_range=self.address_range,
        )
        pdu.interface_version = self.interface_version  # the constructor forces 0x34
        encoded: bytes = pdu.generate()
        return encoded

    @classmethod
    def decode(cls, kind: BindKind, body: bytes) -> BindRequest:
        """Read the octets behind the header. Raises MalformedPdu and nothing else.

        Fields may be up to 64 characters: an SMSC refuses a wrong password as wrong, not as long.
        """
        a = body.find(0)
        b = body.find(0, a + 1)
        c = body.find(0, b + 1)
        d = body.find(0, c + 4)
        if not 0 <= a < b < c < d or max(a, b - a, c - b, d - c) > 68:
            raise MalformedPdu(ESME_RINVCMDLEN, "a bind request whose fields do not end where they should")
        return cls(
            kind=kind,
            system_id=body[:a].decode("latin-1"),
            password=body[a + 1 : b].decode("latin-1"),
            system_type=body[b + 1 : c].decode("latin-1"),
            interface_version=body[c + 1],
            addr_ton=body[c + 2],
            addr_npi=body[c + 3],
            address_range=body[c + 4 : d].decode("latin-1"),
        )


class _Numbered:
    """Stands where smpplib asks its client for a sequence number; its own argument is ignored."""

    def __init__(self, sequence_number: int) -> None:
        self.sequence = sequence_number

    def next_sequence(self) -> int:
        return self.sequence


_BIND_SIZES: Final = {"system_id": 15, "password": 8, "system_type": 12, "address_range": 40}


@dataclass(frozen=True, kw_only=True, slots=True)
class BindResponse:
    """The body of a bind response. interface_version: the SMSC's, None where it does not say (3.3)."""

    system_id: str = ""
    interface_version: int | None = None

    def encode(self, kind: BindKind, sequence_number: int, command_status: int = ESME_ROK) -> bytes:
        """The whole PDU; a refusal has no body (§4.1.2)."""
        command_id = kind.command_id | RESPONSE
        if command_status != ESME_ROK:
            return encode_header(command_id, command_status, sequence_number)
        if len(self.system_id) > 15 or not self.system_id.isascii() or "\0" in self.system_id:
            raise UnencodablePdu("system_id must be ASCII, at most 15 characters")
        body = f"{self.system_id}\0".encode("ascii")
        if self.interface_version is not None:
            body += encode_tlvs((integer_tlv(SC_INTERFACE_VERSION, self.interface_version, 1),))
        return _HEADER.pack(16 + len(body), command_id, command_status, sequence_number) + body

    @classmethod
    def decode(cls, body: bytes) -> BindResponse:
        """Read the octets behind the header; never raises, since only the status decides a bind."""
        end = body.find(0)
        if end < 0:
            return cls(system_id=body[:64].decode("latin-1"))
        tlvs, _ = decode_tlvs(body, end + 1)
        version = next((value for tag, value in tlvs if tag == SC_INTERFACE_VERSION), None)
        return cls(
            system_id=body[: min(end, 64)].decode("latin-1"),
            interface_version=None if version is None else int.from_bytes(version, "big"),
        )

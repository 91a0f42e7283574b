"""SMPP as it passes on the wire: PDUs cut and read by hand, and a log of every text and receipt.

Reads with `struct` alone, so that no mistake of the engine's codec is shared with the oracle.
Source: SMPP v3.4 §3.2 (header), §4.4 (submit_sm), §4.6 (deliver_sm); 3GPP TS 23.040 §9.2.3.24 (parts).
"""

from __future__ import annotations

import re
import struct
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, NamedTuple

SUBMIT_SM, DELIVER_SM, GENERIC_NACK = 0x04, 0x05, 0x80000000
BIND_TRANSCEIVER, ENQUIRE_LINK, UNBIND = 0x09, 0x15, 0x06
RESPONSE = 0x80000000
ROK = 0
_RECEIPTED_MESSAGE_ID, _MESSAGE_STATE = 0x001E, 0x0427
_STATES = ("SCHEDLD", "ENROUTE", "DELIVRD", "EXPIRED", "DELETED", "UNDELIV", "ACCEPTD", "UNKNOWN", "REJECTD")

#: (destination, part number): one `submit_sm` as a person would name it, since tests text no number twice.
Part = tuple[str, int]


class Pdu(NamedTuple):
    """One PDU; octets: all of it, header included."""

    command_id: int
    command_status: int
    sequence_number: int
    octets: bytes

    @property
    def body(self) -> bytes:
        return self.octets[16:]


def pdu(command_id: int, status: int = ROK, sequence_number: int = 0, body: bytes = b"") -> Pdu:
    octets = struct.pack(">IIII", 16 + len(body), command_id, status, sequence_number) + body
    return Pdu(command_id, status, sequence_number, octets)


def split(data: bytes) -> tuple[list[Pdu], bytes]:
    """Whole PDUs and the rest."""
    found, at = [], 0
    while len(data) - at >= 16:
        length, *header = struct.unpack_from(">IIII", data, at)
        if len(data) - at < length:
            break
        found.append(Pdu(*header, data[at : at + length]))
        at += length
    return found, data[at:]


@dataclass(slots=True)
class Answer:
    """What the SMSC said to a submit_sm. passed_at: when it was written towards the engine, None if never."""

    status: int
    message_id: str
    passed_at: float | None = None


@dataclass(slots=True)
class Submit:
    """One submit_sm that reached the SMSC. Times are seconds since the epoch."""

    at: float
    session: int
    sequence_number: int
    part: Part
    parts: int
    reference: int
    octets: bytes  # short_message, header included
    answer: Answer | None = None

    @property
    def refused(self) -> bool:
        return self.answer is not None and self.answer.status != ROK


@dataclass(slots=True)
class Delivery:
    """One deliver_sm that was written towards the engine. status: the engine's answer, None without one."""

    at: float
    session: int
    sequence_number: int
    source: str
    destination: str
    octets: bytes
    receipt_id: str = ""  # empty: a text
    state: str = ""
    status: int | None = None

    @property
    def acknowledged(self) -> bool:
        return self.status == ROK


@dataclass
class WireLog:
    """Everything the SMSC saw and said, as far as texts go.

    left: how often each part left the engine, whether or not it reached the SMSC. ended: when each
    session was over.
    """

    submits: list[Submit] = field(default_factory=list)
    left: Counter[Part] = field(default_factory=Counter)
    deliveries: list[Delivery] = field(default_factory=list)
    ended: dict[int, float] = field(default_factory=dict)
    last_at: float = 0.0  # of the last PDU that was no probe
    _open_submits: dict[tuple[int, int], Submit] = field(default_factory=dict)
    _open_deliveries: dict[tuple[int, int], Delivery] = field(default_factory=dict)

    def from_engine(self, session: int, one: Pdu) -> None:
        """The engine has written a PDU."""
        if one.command_id == SUBMIT_SM:
            self.left[read_submit(session, one).part] += 1

    def to_smsc(self, session: int, one: Pdu) -> None:
        """A PDU goes to the SMSC."""
        if one.command_id == SUBMIT_SM:
            submit = read_submit(session, one)
            self.submits.append(submit)
            self._open_submits[session, one.sequence_number] = submit
        elif one.command_id == DELIVER_SM | RESPONSE:
            delivery = self._open_deliveries.pop((session, one.sequence_number), None)
            if delivery is not None:
                delivery.status = one.command_status
        self._note(one)

    def from_smsc(self, session: int, one: Pdu) -> None:
        """The SMSC has said something, which may or may not reach the engine."""
        if one.command_id in (SUBMIT_SM | RESPONSE, GENERIC_NACK):
            submit = self._open_submits.get((session, one.sequence_number))
            if submit is not None:
                submit.answer = _read_answer(one)
        self._note(one)

    def to_engine(self, session: int, one: Pdu) -> None:
        """A PDU is being written towards the engine."""
        if one.command_id in (SUBMIT_SM | RESPONSE, GENERIC_NACK):
            submit = self._open_submits.pop((session, one.sequence_number), None)
            if submit is not None:
                submit.answer = _read_answer(one)  # the wire may have changed it
                submit.answer.passed_at = time.time()
        elif one.command_id == DELIVER_SM:
            delivery = read_delivery(session, one)
            self.deliveries.append(delivery)
            self._open_deliveries[session, one.sequence_number] = delivery

    def session_closed(self, session: int) -> None:
        """Nothing of it will be answered any more."""
        self.ended[session] = time.time()
        waiting: dict[tuple[int, int], Any]
        for waiting in (self._open_submits, self._open_deliveries):
            for key in [key for key in waiting if key[0] == session]:
                del waiting[key]

    @property
    def unanswered(self) -> int:
        """Texts and deliveries of sessions that live, of which nobody has said a word yet."""
        submits = sum(submit.answer is None for submit in self._open_submits.values())
        return submits + len(self._open_deliveries)

    def _note(self, one: Pdu) -> None:
        if one.command_id & ~RESPONSE != ENQUIRE_LINK:
            self.last_at = time.time()


class Fields(NamedTuple):
    """What submit_sm and deliver_sm share."""

    source: str
    destination: str
    esm_class: int
    short_message: bytes
    tlvs: dict[int, bytes]


def read_fields(body: bytes) -> Fields:
    """The body of a submit_sm or deliver_sm."""
    _, at = _c_string(body, 0)
    source, at = _c_string(body, at + 2)
    destination, at = _c_string(body, at + 2)
    esm_class = body[at]
    _, at = _c_string(body, at + 3)  # schedule_delivery_time
    _, at = _c_string(body, at)  # validity_period
    length = body[at + 4]
    at += 5
    short_message, at = body[at : at + length], at + length
    tlvs = {}
    while at + 4 <= len(body):
        tag, octets = struct.unpack_from(">HH", body, at)
        tlvs[tag] = body[at + 4 : at + 4 + octets]
        at += 4 + octets
    return Fields(source, destination, esm_class, short_message, tlvs)


def read_submit(session: int, one: Pdu) -> Submit:
    fields = read_fields(one.body)
    has_header = fields.esm_class & 0x40
    reference, parts, part_no = place_of_part(fields.short_message) if has_header else (0, 1, 1)
    return Submit(
        time.time(),
        session,
        one.sequence_number,
        (fields.destination, part_no),
        parts,
        reference,
        fields.short_message,
    )


def place_of_part(octets: bytes) -> tuple[int, int, int]:
    """Reference, number of parts and number of this one, from a user data header with one element."""
    return (octets[3], octets[4], octets[5]) if octets[:3] == b"\x05\x00\x03" else (0, 1, 1)


def read_delivery(session: int, one: Pdu) -> Delivery:
    fields = read_fields(one.body)
    delivery = Delivery(
        time.time(), session, one.sequence_number, fields.source, fields.destination, fields.short_message
    )
    if fields.esm_class & 0x3C == 0x04:
        text = fields.short_message.decode("latin-1")
        in_text = re.match(r"id:(\S+) .*stat:(\w+)", text)
        by_tlv = fields.tlvs.get(_RECEIPTED_MESSAGE_ID)
        if by_tlv is not None:
            delivery.receipt_id = by_tlv.rstrip(b"\0").decode()
            delivery.state = _STATES[fields.tlvs[_MESSAGE_STATE][0]]
        elif in_text is not None:
            delivery.receipt_id, delivery.state = in_text[1], in_text[2]
    return delivery


def _read_answer(one: Pdu) -> Answer:
    accepted = one.command_id != GENERIC_NACK and one.command_status == ROK
    message_id = one.body.split(b"\0", 1)[0].decode() if accepted else ""
    return Answer(ROK if accepted else one.command_status or 0xFF, message_id)


def _c_string(body: bytes, at: int) -> tuple[str, int]:
    end = body.index(0, at)
    return body[at:end].decode("latin-1"), end + 1

"""Everything a carrier's octets pass through on their way to the store: framing, decoders, receipts, texts.

The corpus is written by smpplib and smpp34, and by carriers (the receipt texts).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from random import Random
from typing import Any

import smpp34

from engine.smpp import codec
from engine.smpp.codec import BIND_KINDS, BindKind, BindRequest, BindResponse
from engine.smpp.framing import Frame, FramingError, split_frames
from engine.smpp.messages import (
    DataSm,
    DataSmResp,
    DeliverSm,
    DeliverSmResp,
    MalformedPdu,
    SubmitSm,
    SubmitSmResp,
)
from engine.smpp.reassembly import Concatenation, fit, join, join_incomplete, read_part
from engine.smpp.receipts import normal_id, parse_receipt
from engine.smpp.session import SmppSession
from engine.smpp.session_state import SessionLimits
from engine.smpp.text import TextProfile, decode_text
from tests.fuzz.mutation import Mutator
from tests.unit.smpp import pdu_corpus, receipt_texts

_TOKENS = (
    b"\0",
    b"\0" * 8,
    b"\xff" * 8,
    b"\x1b",
    b"\x1b\x1b",
    b"\xd8\x3d",  # half a surrogate pair
    b"\xde\x00",
    b"\x05\x00\x03\x2a\x02\x01",
    b"\x06\x08\x04\x01\x2a\x03\x02",
    b"\x04\x24\x00\x04long",
    b"\x04\x24\xff\xff",
    b"\x00\x1e\x00\x05abcd\0",
    b"\x04\x27\x00\x01\x02",
    b"\x04\x23\x00\x03\x03\x00\x01",
    b"\x02\x0c\x00\x02\x00\x2a\x02\x0e\x00\x01\x02\x02\x0f\x00\x01\x01",
    b"id:",
    b"stat:DELIVRD",
    b" err:",
    b"submit date:",
    b"text:",
    b",",
    b"1" * 70,
    b"\x33\xb2\xb9",  # digits to Python, not to a number
    b"9" * 260,
)
_PROFILES = (
    TextProfile(),
    TextProfile(default_alphabet="latin1"),
    TextProfile(gsm_packing="packed"),
    TextProfile(gsm_data_coding=1, default_alphabet="latin1"),
)
_ID_BASES: tuple[Any, ...] = ("as_is", "folded", "hex_submit_dec_receipt", "dec_submit_hex_receipt")
_DECODERS: dict[int, Any] = {
    codec.SUBMIT_SM: SubmitSm.decode,
    codec.DELIVER_SM: DeliverSm.decode,
    codec.DATA_SM: DataSm.decode,
    codec.SUBMIT_SM_RESP: SubmitSmResp.decode,
    codec.DELIVER_SM_RESP: DeliverSmResp.decode,
    codec.DATA_SM_RESP: DataSmResp.decode,
    codec.BIND_RECEIVER_RESP: BindResponse.decode,
    codec.BIND_TRANSMITTER_RESP: BindResponse.decode,
    codec.BIND_TRANSCEIVER_RESP: BindResponse.decode,
}
_BOUND = bytes.fromhex("00000015 80000009 00000000 00000001") + b"SMSC\0"


@cache
def corpus() -> tuple[bytes, ...]:
    """Whole PDUs; deliver_sm twice, since that is what strangers can write."""
    pdus: list[bytes] = []
    for fields in pdu_corpus.MESSAGES.values():
        pdus.append(pdu_corpus.by_smpp34(smpp34.SubmitSm, fields, 1))
        pdus.append(pdu_corpus.by_smpp34(smpp34.DeliverSm, fields, 2))
        pdus.append(pdu_corpus.by_smpplib("submit_sm", fields, 3))
    for fields in (pdu_corpus.RECEIPT, pdu_corpus.VENDOR_TLVS):
        pdus.append(pdu_corpus.by_smpp34(smpp34.DeliverSm, fields, 4))
    for case in receipt_texts.CASES:
        fields = {**pdu_corpus.RECEIPT, "short_message": case.text[:254], "tlvs": ()}
        pdus.append(pdu_corpus.by_smpp34(smpp34.DeliverSm, fields, 5))
    for data_coding in (1, 3, 5, 6, 7, 8, 10, 13, 14, 0x14, 0x18, 0xE0, 0xF4):
        fields = {**pdu_corpus.PLAIN, "data_coding": data_coding, "short_message": bytes(range(1, 200, 3))}
        pdus.append(pdu_corpus.by_smpp34(smpp34.DeliverSm, fields, 6))
    for kind in BIND_KINDS.values():
        arguments = {"system_id": "esme", "password": "secret", "system_type": "VMA"}
        pdus.append(pdu_corpus.smpplib_octets(f"bind_{kind}", 7, **arguments))
    data_sm = b"\0\x01\x0149170000\0\x01\x0149171111\0\x04\x01\x08" + b"\x04\x24\x00\x06\0i\0d\0:"
    bodies = {
        codec.SUBMIT_SM_RESP: (b"00000001\0", b"", b"7" * 64 + b"\0\x00\x1d\x00\x03no\0"),
        codec.DELIVER_SM_RESP: (b"\0",),
        codec.DATA_SM: (data_sm,),
        codec.DATA_SM_RESP: (b"abc\0\x04\x25\x00\x01\x02",),
        codec.BIND_TRANSCEIVER_RESP: (b"SMSC\0\x02\x10\x00\x01\x34", b""),
        codec.ENQUIRE_LINK: (b"",),
        codec.ENQUIRE_LINK_RESP: (b"",),
        codec.UNBIND: (b"",),
        codec.GENERIC_NACK: (b"",),
        codec.ALERT_NOTIFICATION: (b"\x01\x0149170000\0\x01\x01me\0\x04\x22\x00\x01\x00",),
    }
    for command_id, several in bodies.items():
        for body in several:
            pdus.append((16 + len(body)).to_bytes(4, "big") + command_id.to_bytes(4, "big"))
            pdus[-1] += b"\0\0\0\0\0\0\0\x08" + body
    return tuple(pdus)


def inputs(count: int, dice: Random) -> Iterator[bytes]:
    """Streams of one PDU or a few. Three in four announce their true length, so that bodies are reached."""
    mutator = Mutator(corpus(), _TOKENS, dice)
    for _ in range(count):
        data = mutator.next()
        if mutator.chance(0.75) and len(data) >= 16:
            data[:4] = len(data).to_bytes(4, "big")
        if mutator.chance(0.1):
            yield mutator.pick() + data + mutator.pick()
        else:
            yield bytes(data)


class Target:
    """Decodes as the engine does. Parts are kept over inputs, as a store would, within bounds."""

    def __init__(self) -> None:
        self._parts: dict[Concatenation, dict[int, bytes]] = {}
        self._turn = 0

    def __call__(self, data: bytes) -> None:
        """Raises AssertionError for a wrong result, and whatever escapes from a decoder."""
        self._turn += 1
        frames, rest, error = split_frames(data)
        assert sum(16 + len(frame.body) for frame in frames) + len(rest) <= len(data)
        assert error is not None or len(rest) == len(data) - sum(16 + len(frame.body) for frame in frames)
        for frame in frames:
            self._decode(frame)
        if self._turn % 8 == 0:
            self._session(data, error)

    def _decode(self, frame: Frame) -> None:
        kind = BIND_KINDS.get(frame.command_id)
        decoder = _DECODERS.get(frame.command_id)
        try:
            if kind is not None:
                BindRequest.decode(kind, frame.body)
            pdu = decoder(frame.body) if decoder is not None else None
        except MalformedPdu:
            return
        repr(pdu)
        if isinstance(pdu, (DeliverSm, DataSm)):
            self._deliver(pdu)

    def _deliver(self, pdu: DeliverSm | DataSm) -> None:
        storable(pdu.source_addr + pdu.destination_addr)
        profile = _PROFILES[self._turn % len(_PROFILES)]
        receipt = parse_receipt(pdu, unflagged_too=self._turn % 2 == 0)
        if receipt is not None:
            storable(receipt.raw_id + receipt.err + receipt.stat + receipt.text20)
            storable(receipt.submit_date_raw + receipt.done_date_raw)
            for base in _ID_BASES:
                storable(normal_id(receipt.raw_id, base, source="receipt"))
            return
        octets = b"" if isinstance(pdu, DataSm) else pdu.short_message
        part = read_part(pdu.esm_class, octets, pdu.tlvs, packed=profile.packs(pdu.data_coding))
        storable(decode_text(part.octets, pdu.data_coding, profile))
        if part.concatenation is not None:
            self._assemble(part.concatenation, part.octets, pdu.data_coding, profile)

    def _assemble(self, place: Concatenation, octets: bytes, data_coding: int, profile: TextProfile) -> None:
        key = Concatenation(place.reference, place.total, 1, place.reference_bits)
        if len(self._parts) > 100:
            self._parts.clear()
        parts = self._parts.setdefault(key, {})
        fit(parts, place.number, octets)
        parts[place.number] = octets
        whole = join(parts, place.total)
        shown = join_incomplete(parts, place.total, data_coding, profile)
        storable(shown)
        if whole is not None:
            assert shown == decode_text(whole, data_coding, profile)

    def _session(self, data: bytes, error: FramingError | None) -> None:
        session = SmppSession(SessionLimits(), 0.0)
        session.bind(BindRequest(kind=BindKind.TRANSCEIVER, system_id="me", password="secret"), 0.0)
        session.receive(_BOUND, 0.0)
        session.receive(data, 1.0)
        answers, rest, own_error = split_frames(session.data_to_send())
        assert (rest, own_error) == (b"", None)
        if error is not None and session.closing:
            assert session.receive(b"\0" * 16, 2.0) is not None
        assert len(answers) <= 3 + len(data) // 16


def storable(text: str) -> None:
    """No store takes a NUL or half a surrogate pair, and a deliver_sm that is refused comes for ever."""
    assert "\0" not in text, f"a NUL would reach the store: {text!r}"
    text.encode()

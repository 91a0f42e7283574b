"""SMPP's words into the words of texts, and back: segments, receipts, inbound texts.

Pure. One `CarrierWords` a carrier, since alphabet, id base and address forms are the carrier's own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.ids import new_id
from engine.messaging.models import SegmentStatus
from engine.messaging.outlook import Forcing, TextShape
from engine.messaging.ports import InboundPart, InboundText, OutboundSegment, ReceiptNews, SegmentJob
from engine.smpp.lookalikes import lookalike, lookalike_text
from engine.smpp.messages import DataSm, DeliverSm, SubmitSm
from engine.smpp.reassembly import PART_WAIT_MS, join_incomplete, read_part
from engine.smpp.receipts import IdBase, MessageState, Receipt, normal_id, parse_receipt
from engine.smpp.text import TextProfile, decode_text, explain, segment_text
from engine.smpp.tlv import decode_tlvs, encode_tlvs

_TON_INTERNATIONAL, _NPI_ISDN = 1, 1
_TON_ALPHANUMERIC, _NPI_UNKNOWN = 5, 0
_RECEIPT_WANTED = 1  # registered_delivery: final receipts (SMPP v3.4 §5.2.17)
_E164_DIGITS = re.compile(r"[1-9][0-9]{6,14}")

_STATUS_OF_STATE = {
    MessageState.DELIVERED: SegmentStatus.DELIVERED,
    MessageState.EXPIRED: SegmentStatus.UNDELIVERED,
    MessageState.DELETED: SegmentStatus.UNDELIVERED,
    MessageState.UNDELIVERABLE: SegmentStatus.UNDELIVERED,
    MessageState.REJECTED: SegmentStatus.UNDELIVERED,
    MessageState.SKIPPED: SegmentStatus.UNDELIVERED,
    MessageState.UNKNOWN: SegmentStatus.UNCONFIRMED,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class CarrierWords:
    """How one carrier writes texts, ids and addresses.

    source_addr_ton/npi, dest_addr_ton/npi: SMPP v3.4 §5.2.5, §5.2.6. plus_sign: whether addresses are
    written with a leading `+`. unflagged_receipts: it sends receipts that esm_class does not announce.
    """

    carrier: str
    profile: TextProfile
    id_base: IdBase = "folded"
    source_addr_ton: int = _TON_INTERNATIONAL
    source_addr_npi: int = _NPI_ISDN
    dest_addr_ton: int = _TON_INTERNATIONAL
    dest_addr_npi: int = _NPI_ISDN
    plus_sign: bool = False
    service_type: str = ""
    unflagged_receipts: bool = False

    def segments(self, text: str, reference: int) -> Sequence[OutboundSegment]:
        """Raises InvalidRequest `text_empty`, `text_too_long` or `text_invalid`."""
        return [
            OutboundSegment(
                one.part_no,
                one.part_count,
                one.esm_class,
                one.data_coding,
                one.short_message,
                encode_tlvs(one.tlvs) if one.tlvs else b"",
            )
            for one in segment_text(text, reference=reference, profile=self.profile).segments
        ]

    def submit_sm(self, job: SegmentJob) -> SubmitSm:
        """The PDU of a segment. No validity_period: we watch it, and carriers read its zone differently."""
        segment = job.segment
        return SubmitSm(
            service_type=self.service_type,
            source_addr_ton=self.source_addr_ton,
            source_addr_npi=self.source_addr_npi,
            source_addr=self._address(job.source),
            dest_addr_ton=self.dest_addr_ton,
            dest_addr_npi=self.dest_addr_npi,
            destination_addr=self._address(job.destination),
            esm_class=segment.esm_class,
            registered_delivery=_RECEIPT_WANTED,
            data_coding=segment.data_coding,
            short_message=segment.short_message,
            tlvs=decode_tlvs(segment.tlvs, 0)[0] if segment.tlvs else (),
        )

    def smsc_key(self, smsc_id: str) -> str:
        """The key under which a response's message_id meets its receipts."""
        return normal_id(smsc_id, self.id_base, source="response")

    def receipt(self, pdu: DeliverSm | DataSm, now_ms: int) -> ReceiptNews | None:
        """What the PDU reports, or None if it is a text."""
        found = parse_receipt(pdu, unflagged_too=self.unflagged_receipts)
        if found is None:
            return None
        return ReceiptNews(
            id=new_id("rcp"),
            carrier=self.carrier,
            raw_id=found.raw_id,
            smsc_key=normal_id(found.raw_id, self.id_base, source="receipt") if found.raw_id else "",
            source=pdu.source_addr,
            destination=pdu.destination_addr,
            status=_status(found),
            state=found.state.value,
            error_code=found.err,
            received_ms=now_ms,
            quote=found.text20,
        )

    def text(self, pdu: DeliverSm | DataSm, session_id: str, now_ms: int) -> InboundText:
        """The PDU as a text; never fails, since what is unreadable still was sent by somebody."""
        short_message = b"" if isinstance(pdu, DataSm) else pdu.short_message
        part = read_part(pdu.esm_class, short_message, pdu.tlvs, packed=self.profile.packs(pdu.data_coding))
        place = part.concatenation
        return InboundText(
            message_id=new_id("msg"),
            conversation_id=new_id("conv"),
            carrier=self.carrier,
            source=e164_of(pdu.source_addr, pdu.source_addr_ton),
            destination=e164_of(pdu.destination_addr, pdu.dest_addr_ton),
            data_coding=pdu.data_coding,
            octets=part.octets,
            text=decode_text(part.octets, pdu.data_coding, self.profile),
            session_id=session_id,
            received_ms=now_ms,
            part=None
            if place is None
            else InboundPart(
                place.reference + (place.reference_bits == 16) * 65_536, place.total, place.number
            ),
            flags=("malformed_header",) if part.malformed_header else (),
        )

    def _address(self, e164: str) -> str:
        return e164 if self.plus_sign else e164.removeprefix("+")


class CarrierTexts:
    """All carriers' words, as the ports of messaging ask for them."""

    def __init__(self, words: Mapping[str, CarrierWords]) -> None:
        self._words = words

    @property
    def wait_ms(self) -> int:
        return PART_WAIT_MS

    def segments(self, carrier: str, text: str, reference: int) -> Sequence[OutboundSegment]:
        """Raises InvalidRequest, or KeyError for a carrier that is not configured."""
        return self._words[carrier].segments(text, reference)

    def shape(self, carrier: str, text: str) -> TextShape:
        """Raises InvalidRequest `text_invalid`, or KeyError for a carrier that is not configured."""
        profile = self._words[carrier].profile
        told = explain(text, profile)
        shorter = lookalike_text(text) if told.forcing and profile.sends_gsm else None
        short = explain(shorter, profile).parts if shorter else 0
        worth_it = 0 < short < told.parts
        return TextShape(
            told.alphabet.value,
            told.data_coding,
            told.units,
            told.limit_per_segment,
            told.parts,
            told.units_left,
            tuple(
                Forcing(
                    one.character,
                    one.index,
                    len(text[: one.index].encode("utf-16-le")) // 2,
                    one.name,
                    lookalike(one.character) if profile.sends_gsm else None,
                )
                for one in told.forcing
            ),
            shorter if worth_it else None,
            short if worth_it else None,
        )

    def join(self, carrier: str, data_coding: int, parts: Mapping[int, bytes], total: int) -> str:
        """Parts of a carrier that has left the configuration are read by the usual alphabet."""
        words = self._words.get(carrier)
        profile = TextProfile() if words is None else words.profile
        return join_incomplete(parts, total, data_coding, profile)


def e164_of(address: str, ton: int) -> str:
    """An address in a PDU as E.164 where it plainly is one; short codes and names stay as they are.

    Most carriers send bare digits whatever the TON says, so 7 to 15 of them count as international,
    unless the TON calls them alphanumeric.
    """
    digits = address.removeprefix("+")
    if ton != _TON_ALPHANUMERIC and _E164_DIGITS.fullmatch(digits):
        return f"+{digits}"
    return address


def _status(receipt: Receipt) -> SegmentStatus | None:
    status = _STATUS_OF_STATE.get(receipt.state)
    # An intermediate notification never ends anything, whatever state it names.
    return status if receipt.final or receipt.state is MessageState.UNKNOWN else None

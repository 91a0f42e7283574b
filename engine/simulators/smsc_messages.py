"""What the simulated SMSC writes: receipts, texts of handsets, message ids.

Receipts take the standard's example form, since that is what carriers imitate.
Source: SMPP v3.4 Appendix B (receipt text), §5.2.12 (esm_class), §5.2.28 (message_state).
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from engine.simulators.smsc_behaviour import IdForm, ReceiptForm
from engine.smpp.messages import DataSm, DeliverSm, SubmitSm
from engine.smpp.receipts import MessageState
from engine.smpp.text import TextProfile, segment_text
from engine.smpp.tlv import (
    MESSAGE_STATE,
    NETWORK_ERROR_CODE,
    RECEIPTED_MESSAGE_ID,
    Tlv,
    c_string_tlv,
    integer_tlv,
)

RECEIPT: Final = 0x04  # esm_class
INTERMEDIATE: Final = 0x20

_TON_INTERNATIONAL, _TON_NATIONAL, _TON_ALPHANUMERIC = 1, 2, 5
_NPI_UNKNOWN, _NPI_E164 = 0, 1
_NETWORK_GSM = 3
_SHORT_CODE_DIGITS = 6

_STATES: Final = {
    MessageState.SCHEDULED: (0, "SCHEDLD"),
    MessageState.ENROUTE: (1, "ENROUTE"),
    MessageState.DELIVERED: (2, "DELIVRD"),
    MessageState.EXPIRED: (3, "EXPIRED"),
    MessageState.DELETED: (4, "DELETED"),
    MessageState.UNDELIVERABLE: (5, "UNDELIV"),
    MessageState.ACCEPTED: (6, "ACCEPTD"),
    MessageState.UNKNOWN: (7, "UNKNOWN"),
    MessageState.REJECTED: (8, "REJECTD"),
    MessageState.SKIPPED: (9, "SKIPPED"),
}


@dataclass(frozen=True, slots=True)
class ReceiptNews:
    """What a receipt reports. submitted_ms: since the epoch; text: of the part it is about."""

    message_id: str
    state: MessageState
    err: int
    submitted_ms: int
    text: str


def receipt_pdu(
    submit: SubmitSm | DataSm, news: ReceiptNews, done_ms: int, form: ReceiptForm, esm_class: int
) -> DeliverSm:
    """The deliver_sm that reports on submit, addressed the other way round. done_ms: since the epoch."""
    number, word = _STATES[news.state]
    delivered = 1 if news.state is MessageState.DELIVERED else 0
    tlvs: tuple[Tlv, ...] = ()
    text = b""
    if form != "tlv":
        text = (
            f"id:{news.message_id} sub:001 dlvrd:{delivered:03d} submit date:{_minute(news.submitted_ms)} "
            f"done date:{_minute(done_ms)} stat:{word} err:{news.err:03d} text:{news.text[:20]}"
        ).encode("latin-1", "replace")
    if form != "text":
        tlvs = (
            c_string_tlv(RECEIPTED_MESSAGE_ID, news.message_id),
            integer_tlv(MESSAGE_STATE, number, 1),
        )
        if news.err:
            tlvs += (Tlv(NETWORK_ERROR_CODE, bytes((_NETWORK_GSM,)) + news.err.to_bytes(2, "big")),)
    return DeliverSm(
        source_addr_ton=submit.dest_addr_ton,
        source_addr_npi=submit.dest_addr_npi,
        source_addr=submit.destination_addr,
        dest_addr_ton=submit.source_addr_ton,
        dest_addr_npi=submit.source_addr_npi,
        destination_addr=submit.source_addr,
        esm_class=esm_class,
        short_message=text,
        tlvs=tlvs,
    )


def text_pdus(
    from_number: str,
    to_number: str,
    text: str,
    *,
    reference: int,
    profile: TextProfile,
    parts: Sequence[int] | None = None,
) -> list[DeliverSm]:
    """The deliver_sm of one text from a handset.

    parts: which part numbers, in which order; None sends all in order. A number that the text does
    not have is an IndexError. Raises InvalidRequest for a text that cannot be sent.
    """
    segments = segment_text(text, reference=reference, profile=profile).segments
    chosen = segments if parts is None else [segments[number - 1] for number in parts]
    source_ton, source_npi, source = _address(from_number)
    ton, npi, destination = _address(to_number)
    return [
        DeliverSm(
            source_addr_ton=source_ton,
            source_addr_npi=source_npi,
            source_addr=source,
            dest_addr_ton=ton,
            dest_addr_npi=npi,
            destination_addr=destination,
            esm_class=segment.esm_class,
            data_coding=segment.data_coding,
            short_message=segment.short_message,
            tlvs=segment.tlvs,
        )
        for segment in chosen
    ]


def wants_receipt(pdu: SubmitSm | DataSm, state: MessageState) -> bool:
    """registered_delivery, bits 1 and 0 (SMPP v3.4 §5.2.17): 1 always, 2 only of failure."""
    wanted = pdu.registered_delivery & 0b11
    return wanted == 1 or (wanted == 2 and state is not MessageState.DELIVERED)


def write_id(number: int, form: IdForm) -> str:
    """A message id as a carrier of this kind writes it."""
    match form:
        case "dec":
            return str(number)
        case "dec_padded":
            return f"{number:020d}"
        case "hex":
            return f"{number:x}"
        case "hex_padded":
            return f"{number:016x}"
        case "hex_upper":
            return f"{number:X}"


def international(address: str) -> str:
    """An address of a PDU as a number `text_pdus` takes; long ones are international without saying so."""
    return f"+{address}" if address.isdigit() and len(address) > _SHORT_CODE_DIGITS else address


def _minute(at_ms: int) -> str:
    return _written_minute(at_ms // 60_000)


@functools.lru_cache(maxsize=16)  # a thousand receipts a second report on a handful of minutes
def _written_minute(minute: int) -> str:
    return datetime.fromtimestamp(minute * 60, UTC).strftime("%y%m%d%H%M")


def _address(number: str) -> tuple[int, int, str]:
    if number.startswith("+"):
        return _TON_INTERNATIONAL, _NPI_E164, number[1:]
    if number.isdigit():
        return (_TON_INTERNATIONAL if len(number) > _SHORT_CODE_DIGITS else _TON_NATIONAL), _NPI_E164, number
    return _TON_ALPHANUMERIC, _NPI_UNKNOWN, number

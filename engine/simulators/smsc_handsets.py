"""The handsets behind the simulated SMSC: they put texts together and remember the newest.

Nothing here knows a session; a handset reads a text by the carrier's profile, as a real network would.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from engine.smpp.messages import DataSm, SubmitSm
from engine.smpp.reassembly import Fit, fit, join, read_part
from engine.smpp.text import TextProfile, decode_text

# Texts begun and not finished; the oldest is forgotten.
_MOST_UNFINISHED = 10_000


@dataclass(frozen=True, slots=True)
class ReceivedText:
    """A text as the handset of destination shows it."""

    source: str
    destination: str
    text: str


class Handsets:
    """Every handset there is. kept: how many whole texts are remembered."""

    def __init__(self, kept: int) -> None:
        self.texts: deque[ReceivedText] = deque(maxlen=kept)
        self._unfinished: dict[tuple[object, ...], dict[int, bytes]] = {}

    def receive(self, pdu: SubmitSm | DataSm, profile: TextProfile) -> ReceivedText | None:
        """Take one part; the whole text if this part completes it."""
        part = read_part(pdu.esm_class, pdu.user_data, pdu.tlvs, packed=profile.packs(pdu.data_coding))
        octets: bytes | None = part.octets
        place = part.concatenation
        if place is not None:
            key = (pdu.source_addr, pdu.destination_addr, place.reference, place.total, place.reference_bits)
            parts = self._unfinished.setdefault(key, {})
            if fit(parts, place.number, part.octets) is Fit.CONFLICT:
                parts.clear()
            parts[place.number] = part.octets
            octets = join(parts, place.total)
            if octets is not None:
                del self._unfinished[key]
            elif len(self._unfinished) > _MOST_UNFINISHED:
                del self._unfinished[next(iter(self._unfinished))]
        if octets is None:
            return None
        text = ReceivedText(
            pdu.source_addr, pdu.destination_addr, decode_text(octets, pdu.data_coding, profile)
        )
        self.texts.append(text)
        return text

    def text_of(self, pdu: SubmitSm | DataSm, profile: TextProfile) -> str:
        """The text of one part by itself, as receipts quote it."""
        part = read_part(pdu.esm_class, pdu.user_data, pdu.tlvs, packed=profile.packs(pdu.data_coding))
        return decode_text(part.octets, pdu.data_coding, profile)

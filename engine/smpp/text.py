"""Text of people to segments of carriers, and back: alphabets, lengths, long messages.

Decides which alphabet a text needs, how many segments it takes and what each holds. Knows no session,
no PDU and no store; carriers differ only by `TextProfile`. National shift tables are not used: a
character outside the default alphabet and its extension makes the text UCS-2 (or Latin-1).
Source: SMPP v3.4 §5.2.19 (data_coding), §5.2.12 (esm_class), §5.3.2.22 to .24 (sar_*), §5.3.2.32
(message_payload); 3GPP TS 23.038 §4 and §6.2; TS 23.040 §9.2.3.24 (user data header).
"""

from __future__ import annotations

import functools
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, NamedTuple

from engine.errors import InvalidRequest
from engine.smpp import gsm7
from engine.smpp.cutting import cut_points, splits_cluster, splits_line_end, tears_escape, tears_surrogates

#: esm_class bit: short_message begins with a user data header.
UDH_INDICATOR = 0x40

TLV_SAR_MSG_REF_NUM = 0x020C
TLV_SAR_TOTAL_SEGMENTS = 0x020E
TLV_SAR_SEGMENT_SEQNUM = 0x020F
TLV_MESSAGE_PAYLOAD = 0x0424

#: Part numbers are one octet, TS 23.040 §9.2.3.24.1.
MAX_PARTS = 255

Tlvs = tuple[tuple[int, bytes], ...]
Concatenating = Literal["udh8", "udh16", "sar", "payload"]


class Alphabet(StrEnum):
    """How the characters of one text are written."""

    GSM7 = "gsm7"
    LATIN1 = "latin1"
    UCS2 = "ucs2"


@dataclass(frozen=True, kw_only=True, slots=True)
class TextProfile:
    """How one carrier wants text.

    default_alphabet: what data_coding 0 means to the carrier, both ways.
    gsm_packing: whether GSM septets travel one an octet or packed at seven bits.
    gsm_data_coding: sent with GSM text; with a Latin-1 default alphabet GSM is used only if this is not 0.
    latin1_allowed: write a text that fits Latin-1 but not GSM as Latin-1 rather than UCS-2.
    concatenation: how the parts of a long text are marked: 8-bit or 16-bit reference in a user data
    header, sar_* TLVs, or none because one PDU carries all in message_payload.
    max_segments: longest text taken, in parts as the handset receives them, 1 to 255.
    """

    default_alphabet: Literal["gsm", "latin1"] = "gsm"
    gsm_packing: Literal["unpacked", "packed"] = "unpacked"
    gsm_data_coding: int = 0
    latin1_allowed: bool = False
    concatenation: Concatenating = "udh8"
    max_segments: int = 10

    def __post_init__(self) -> None:
        if not 1 <= self.max_segments <= MAX_PARTS:
            raise ValueError(f"max_segments must be 1 to {MAX_PARTS}, not {self.max_segments}")

    @property
    def sends_gsm(self) -> bool:
        """Whether GSM text can be marked as such to this carrier."""
        return self.default_alphabet == "gsm" or self.gsm_data_coding != 0

    @property
    def sends_latin1(self) -> bool:
        """Whether Latin-1 may be used at all."""
        return self.latin1_allowed or self.default_alphabet == "latin1"

    def packs(self, data_coding: int) -> bool:
        """Whether octets under data_coding are septets packed at seven bits."""
        return self.gsm_packing == "packed" and _coding(data_coding, self) == "gsm"


# Segments are made for every text on the hot path: a named tuple costs a fifth of a frozen dataclass.
class Segment(NamedTuple):
    """One `submit_sm`. part_no: from 1. short_message: header included, at most 254 octets; empty if
    tlvs carry message_payload."""

    part_no: int
    part_count: int
    esm_class: int
    data_coding: int
    short_message: bytes
    tlvs: Tlvs = ()


class SegmentedText(NamedTuple):
    """A text ready to submit.

    units: septets, octets or UTF-16 units, by alphabet. limit_per_segment: how many of them one part
    holds. forcing_character: the first that kept the text out of the GSM alphabet. parts_on_air: parts
    the handset receives; more than len(segments) only if the carrier cuts a message_payload itself.
    """

    alphabet: Alphabet
    data_coding: int
    segments: tuple[Segment, ...]
    units: int
    limit_per_segment: int
    forcing_character: str | None = None
    parts_on_air: int = 1


class ForcingCharacter(NamedTuple):
    """A character that the shorter alphabet lacks. index: in code points. name: by Unicode."""

    character: str
    index: int
    name: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """What sending a text would take, before anybody sends it.

    parts: as the handset receives them, 0 for an empty text. units_left: free units in the last part.
    fits: whether the carrier's profile takes that many parts. forcing: distinct characters that made
    the alphabet the larger one, in order, at most ten.
    """

    alphabet: Alphabet
    data_coding: int
    units: int
    limit_per_segment: int
    parts: int
    units_left: int
    fits: bool
    forcing: tuple[ForcingCharacter, ...]


def segment_text(text: str, *, reference: int, profile: TextProfile) -> SegmentedText:
    """Split text into segments that a handset joins again.

    A text alone holds 160 septets, 140 octets of Latin-1 or 70 UTF-16 units; a part of a longer one
    153, 134 or 67, and 152, 133 or 66 if the reference has 16 bits. No escape pair and no surrogate pair
    is cut; a visible character is not cut if that takes no further segment.

    reference: equal in all parts; its low 8 bits are used, or 16 with `udh16`.
    Raises InvalidRequest: `text_empty`, `text_too_long` (more than profile.max_segments parts) or
    `text_invalid` (a NUL or half a surrogate pair: neither is a character one can send).
    """
    if profile.sends_gsm:
        septets = gsm7.encode(text)
        if septets is not None and 0 < len(septets) <= 160 and profile.gsm_packing == "unpacked":
            coding = profile.gsm_data_coding  # by far the most frequent text takes this way out
            segment = Segment(1, 1, 0, coding, septets)
            return SegmentedText(Alphabet.GSM7, coding, (segment,), len(septets), 160)
    if not text:
        raise InvalidRequest("The text is empty.", code="text_empty", field="/text")
    encoded = _encode(text, profile)
    if len(encoded) <= encoded.alone_limit:
        parts, limit = [encoded.octets], encoded.alone_limit
    else:
        limit = encoded.joined_limit(profile)
        if len(encoded) > limit * profile.max_segments:
            raise _too_long(profile)
        parts = encoded.cut(limit)
        if len(parts) > profile.max_segments:
            raise _too_long(profile)
    return SegmentedText(
        encoded.alphabet,
        encoded.data_coding,
        _segments(encoded, parts, reference, profile),
        len(encoded),
        limit,
        _forcing_character(text, encoded.alphabet, profile),
        len(parts),
    )


def explain(text: str, profile: TextProfile) -> Explanation:
    """What `segment_text` would do with text, as data; an empty or too long text is explained too.

    Raises InvalidRequest `text_invalid`.
    """
    encoded = _encode(text, profile)
    units = len(encoded)
    if units <= encoded.alone_limit:
        limit, parts, last = encoded.alone_limit, min(units, 1), units
    else:
        limit = encoded.joined_limit(profile)
        cut = encoded.cut(limit)
        parts, last = len(cut), len(cut[-1]) // encoded.octets_per_unit
    return Explanation(
        alphabet=encoded.alphabet,
        data_coding=encoded.data_coding,
        units=units,
        limit_per_segment=limit,
        parts=parts,
        units_left=limit - last,
        fits=parts <= profile.max_segments,
        forcing=_forcing_characters(text, encoded.alphabet, profile),
    )


def decode_text(octets: bytes, data_coding: int, profile: TextProfile) -> str:
    """The text in octets as `reassembly.concatenation_of` returns them: no header, septets unpacked.

    Never fails: what has no meaning shows U+FFFD, and so do half a surrogate pair and NUL, which no
    store takes. Binary data shows as its hex digits in brackets; ask `is_binary` first.
    """
    coding = _coding(data_coding, profile)
    if coding == "gsm":
        return gsm7.decode(octets)
    if coding == "binary":
        return f"[binary, {len(octets)} octets: {octets.hex()}]"
    return octets.decode(coding, "replace").replace("\0", "\ufffd")


def is_binary(data_coding: int, profile: TextProfile) -> bool:
    """Whether octets under data_coding are data for a program, not text."""
    return _coding(data_coding, profile) == "binary"


class _Encoded(NamedTuple):
    """A text in its alphabet, not yet cut."""

    alphabet: Alphabet
    data_coding: int
    octets: bytes  # unpacked

    def __len__(self) -> int:
        return len(self.octets) // self.octets_per_unit

    @property
    def octets_per_unit(self) -> int:
        return 2 if self.alphabet is Alphabet.UCS2 else 1

    @property
    def alone_limit(self) -> int:
        return _ALONE[self.alphabet]

    def joined_limit(self, profile: TextProfile) -> int:
        # For sar_* the SMSC builds the header; it needs but 6 octets, since the reference has 8 bits.
        return _JOINED_16[self.alphabet] if profile.concatenation == "udh16" else _JOINED_8[self.alphabet]

    def cut(self, limit: int) -> list[bytes]:
        if self.alphabet is Alphabet.UCS2:
            torn, rough = tears_surrogates, splits_cluster
        elif self.alphabet is Alphabet.GSM7:
            torn, rough = tears_escape, splits_line_end
        else:
            torn, rough = _never, splits_line_end
        ends = cut_points(
            len(self), limit, functools.partial(torn, self.octets), functools.partial(rough, self.octets)
        )
        width = self.octets_per_unit
        starts = [0, *ends[:-1]]
        return [self.octets[width * start : width * end] for start, end in zip(starts, ends, strict=True)]


# 140 octets of user data, less the header of 6 or 7 octets.
_ALONE = {Alphabet.GSM7: 160, Alphabet.LATIN1: 140, Alphabet.UCS2: 70}
_JOINED_8 = {Alphabet.GSM7: 153, Alphabet.LATIN1: 134, Alphabet.UCS2: 67}
_JOINED_16 = {Alphabet.GSM7: 152, Alphabet.LATIN1: 133, Alphabet.UCS2: 66}


def _never(octets: bytes, position: int) -> bool:
    return False


def _encode(text: str, profile: TextProfile) -> _Encoded:
    if profile.sends_gsm:
        septets = gsm7.encode(text)
        if septets is not None:
            return _Encoded(Alphabet.GSM7, profile.gsm_data_coding, septets)
    try:
        if "\0" in text:
            raise ValueError("NUL")
        if profile.sends_latin1:
            try:
                octets = text.encode("latin-1")
            except UnicodeEncodeError:
                pass
            else:
                return _Encoded(Alphabet.LATIN1, 0 if profile.default_alphabet == "latin1" else 3, octets)
        return _Encoded(Alphabet.UCS2, 8, text.encode("utf-16-be"))
    except ValueError as error:  # UnicodeEncodeError is one
        raise InvalidRequest(
            "The text holds a character that cannot be sent: a NUL or half a surrogate pair.",
            code="text_invalid",
            field="/text",
        ) from error


def _segments(
    encoded: _Encoded, parts: list[bytes], reference: int, profile: TextProfile
) -> tuple[Segment, ...]:
    coding, count, how = encoded.data_coding, len(parts), profile.concatenation
    packed = encoded.alphabet is Alphabet.GSM7 and profile.gsm_packing == "packed"
    if count == 1 or how == "payload":
        whole = gsm7.pack(encoded.octets) if packed else encoded.octets
        if count == 1:
            return (Segment(1, 1, 0, coding, whole),)
        return (Segment(1, 1, 0, coding, b"", ((TLV_MESSAGE_PAYLOAD, whole),)),)
    segments: list[Segment] = []
    for number, part in enumerate(parts, 1):
        if how == "sar":
            tlvs = (
                (TLV_SAR_MSG_REF_NUM, (reference & 0xFF).to_bytes(2, "big")),
                (TLV_SAR_TOTAL_SEGMENTS, bytes((count,))),
                (TLV_SAR_SEGMENT_SEQNUM, bytes((number,))),
            )
            octets = gsm7.pack(part) if packed else part
            segments.append(Segment(number, count, 0, coding, octets, tlvs))
            continue
        if how == "udh16":
            header = b"\x06\x08\x04" + (reference & 0xFFFF).to_bytes(2, "big") + bytes((count, number))
        else:
            header = b"\x05\x00\x03" + bytes((reference & 0xFF, count, number))
        octets = gsm7.pack(part, gsm7.fill_bits(len(header))) if packed else part
        segments.append(Segment(number, count, UDH_INDICATOR, coding, header + octets))
    return tuple(segments)


def _forcing_character(text: str, alphabet: Alphabet, profile: TextProfile) -> str | None:
    forcing = _forcing_characters(text, alphabet, profile, at_most=1)
    return forcing[0].character if forcing else None


def _forcing_characters(
    text: str, alphabet: Alphabet, profile: TextProfile, at_most: int = 10
) -> tuple[ForcingCharacter, ...]:
    """Those in no shorter alphabet; if each is in one but none holds them all, those not in GSM."""
    if alphabet is Alphabet.GSM7 or not profile.sends_gsm and alphabet is Alphabet.LATIN1:
        return ()
    found: dict[str, int] = {}
    if profile.sends_gsm:
        index = gsm7.first_foreign(text)
        while index >= 0 and len(found) < _FORCING_LOOKED_AT:
            found.setdefault(text[index], index)
            index = gsm7.first_foreign(text, index + 1)
    else:
        found = {character: text.index(character) for character in set(text) if character > "\xff"}
    if alphabet is Alphabet.UCS2 and profile.sends_latin1:
        found = {character: index for character, index in found.items() if character > "\xff"} or found
    ordered = sorted(found.items(), key=lambda item: item[1])[:at_most]
    return tuple(
        ForcingCharacter(character, index, unicodedata.name(character, f"U+{ord(character):04X}"))
        for character, index in ordered
    )

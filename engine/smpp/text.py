"""Text of people to segments of carriers, and back: alphabets, lengths, long messages.

Decides which alphabet a text needs, how many segments it takes and what each holds. Knows no session,
no PDU and no store; carriers differ only by `TextProfile`. National shift tables are not used: a
character outside the default alphabet and its extension makes the text UCS-2 (or Latin-1).
Source: SMPP v3.4 §5.2.19 (data_coding), §5.2.12 (esm_class), §5.3.2.22 to .24 (sar_*), §5.3.2.32
(message_payload); 3GPP TS 23.038 §4 and §6.2; TS 23.040 §9.2.3.24 (user data header).
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from msgspec import Struct

from engine.errors import InvalidRequest
from engine.smpp import gsm7
from engine.smpp.cutting import (
    cut_points,
    splits_cluster,
    splits_line_end,
    tears_escape,
    tears_nothing,
    tears_surrogates,
)
from engine.smpp.data_coding import BINARY, GSM, IA5, LATIN1, codec_of
from engine.smpp.tlv import (
    MESSAGE_PAYLOAD,
    SAR_MSG_REF_NUM,
    SAR_SEGMENT_SEQNUM,
    SAR_TOTAL_SEGMENTS,
    Tlv,
    integer_tlv,
)

#: esm_class bit: short_message begins with a user data header.
UDH_INDICATOR = 0x40

#: Part numbers are one octet, TS 23.040 §9.2.3.24.1.
MAX_PARTS = 255

# Several SMSCs mark GSM text as IA5. Octets that are control characters in IA5 and letters in the GSM
# alphabet (`@`, `$`, `_`, the escape) give them away; a person's IA5 text has but tabs and line ends.
_NOT_IN_IA5_TEXT = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")

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
        return self.gsm_packing == "packed" and self.codec_of(data_coding) == GSM

    def codec_of(self, data_coding: int) -> str:
        """How to read octets that came under data_coding; see `data_coding.codec_of`."""
        default = LATIN1 if self.default_alphabet == "latin1" else GSM
        return codec_of(data_coding, default, self.gsm_data_coding)


class Segment(Struct, frozen=True, gc=False):
    """One `submit_sm`.

    part_no: from 1. short_message: header included, at most 254 octets; empty if tlvs carry
    message_payload.
    """

    part_no: int
    part_count: int
    esm_class: int
    data_coding: int
    short_message: bytes
    tlvs: tuple[Tlv, ...] = ()


class SegmentedText(Struct, frozen=True, gc=False):
    """A text ready to submit.

    units: septets, octets or UTF-16 units, by alphabet. limit_per_segment: how many of them one part
    holds. forcing_character: the first that kept the text out of the shorter alphabet. parts_on_air:
    parts the handset receives; more than len(segments) only if the carrier cuts a message_payload itself.
    """

    alphabet: Alphabet
    data_coding: int
    segments: tuple[Segment, ...]
    units: int
    limit_per_segment: int
    forcing_character: str | None = None
    parts_on_air: int = 1


@dataclass(frozen=True, slots=True)
class ForcingCharacter:
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
    alphabet, coding, octets = _encode(text, profile)
    scheme = _SCHEMES[alphabet]
    units = len(octets) // scheme.octets_per_unit
    if units <= scheme.alone:
        parts, limit = [octets], scheme.alone
    else:
        limit = scheme.joined(profile)
        if units > limit * profile.max_segments:
            raise _too_long(profile)
        parts = scheme.cut(octets, limit)
        if len(parts) > profile.max_segments:
            raise _too_long(profile)
    forcing = _forcing_characters(text, alphabet, profile, at_most=1)
    return SegmentedText(
        alphabet,
        coding,
        _segments(octets, parts, alphabet, coding, reference, profile),
        units,
        limit,
        forcing[0].character if forcing else None,
        len(parts),
    )


def explain(text: str, profile: TextProfile) -> Explanation:
    """What `segment_text` would do with text, as data; an empty or too long text is explained too.

    Raises InvalidRequest `text_invalid`.
    """
    alphabet, coding, octets = _encode(text, profile)
    scheme = _SCHEMES[alphabet]
    units = len(octets) // scheme.octets_per_unit
    if units <= scheme.alone:
        limit, parts, last = scheme.alone, min(units, 1), units
    else:
        limit = scheme.joined(profile)
        cut = scheme.cut(octets, limit)
        parts, last = len(cut), len(cut[-1]) // scheme.octets_per_unit
    return Explanation(
        alphabet=alphabet,
        data_coding=coding,
        units=units,
        limit_per_segment=limit,
        parts=parts,
        units_left=limit - last,
        fits=parts <= profile.max_segments,
        forcing=_forcing_characters(text, alphabet, profile, at_most=10),
    )


def decode_text(octets: bytes, data_coding: int, profile: TextProfile) -> str:
    """The text in octets as `reassembly.read_part` returns them: no header, septets unpacked.

    Never fails: what has no meaning shows U+FFFD, and so do half a surrogate pair and NUL, which no
    store takes. Binary data shows as its hex digits in brackets.
    """
    codec = profile.codec_of(data_coding)
    if codec == GSM or (data_coding == IA5 and _NOT_IN_IA5_TEXT.search(octets)):
        return gsm7.decode(octets)
    if codec == BINARY:
        return f"[binary, {len(octets)} octets: {octets.hex()}]"
    return octets.decode(codec, "replace").replace("\0", "\ufffd")


@dataclass(frozen=True, slots=True)
class _Scheme:
    """How texts of one alphabet are measured and cut; limits in units, out of 140 octets of user data."""

    alone: int
    joined_8: int  # the header takes 6 octets
    joined_16: int  # and 7
    octets_per_unit: int
    is_torn: Callable[[bytes, int], bool]
    is_rough: Callable[[bytes, int], bool]

    def joined(self, profile: TextProfile) -> int:
        # For sar_* the SMSC builds the header; 6 octets do, since our reference has 8 bits.
        return self.joined_16 if profile.concatenation == "udh16" else self.joined_8

    def cut(self, octets: bytes, limit: int) -> list[bytes]:
        width = self.octets_per_unit
        ends = cut_points(
            len(octets) // width,
            limit,
            functools.partial(self.is_torn, octets),
            functools.partial(self.is_rough, octets),
        )
        starts = [0, *ends[:-1]]
        return [octets[width * start : width * end] for start, end in zip(starts, ends, strict=True)]


_SCHEMES = {
    Alphabet.GSM7: _Scheme(160, 153, 152, 1, tears_escape, splits_line_end),
    Alphabet.LATIN1: _Scheme(140, 134, 133, 1, tears_nothing, splits_line_end),
    Alphabet.UCS2: _Scheme(70, 67, 66, 2, tears_surrogates, splits_cluster),
}


def _encode(text: str, profile: TextProfile) -> tuple[Alphabet, int, bytes]:
    """The alphabet text needs, the data_coding that says so, and its octets, unpacked."""
    if profile.sends_gsm:
        septets = gsm7.encode(text)
        if septets is not None:
            return Alphabet.GSM7, profile.gsm_data_coding, septets
    try:
        if "\0" in text:
            raise ValueError("NUL")
        if profile.sends_latin1:
            try:
                octets = text.encode("latin-1")
            except UnicodeEncodeError:
                pass
            else:
                return Alphabet.LATIN1, 0 if profile.default_alphabet == "latin1" else 3, octets
        return Alphabet.UCS2, 8, text.encode("utf-16-be")
    except ValueError as error:  # UnicodeEncodeError is one
        raise InvalidRequest(
            "The text holds a character that cannot be sent: a NUL or half a surrogate pair.",
            code="text_invalid",
            field="/text",
        ) from error


def _too_long(profile: TextProfile) -> InvalidRequest:
    return InvalidRequest(
        f"The text takes more than {profile.max_segments} parts, the most this carrier's profile allows.",
        code="text_too_long",
        field="/text",
    )


def _segments(
    octets: bytes, parts: list[bytes], alphabet: Alphabet, coding: int, reference: int, profile: TextProfile
) -> tuple[Segment, ...]:
    count, how = len(parts), profile.concatenation
    packed = alphabet is Alphabet.GSM7 and profile.gsm_packing == "packed"
    if count == 1 or how == "payload":
        whole = gsm7.pack(octets) if packed else octets
        if count == 1:
            return (Segment(1, 1, 0, coding, whole),)
        return (Segment(1, 1, 0, coding, b"", (Tlv(MESSAGE_PAYLOAD, whole),)),)
    segments: list[Segment] = []
    for number, part in enumerate(parts, 1):
        if how == "sar":
            tlvs = (
                integer_tlv(SAR_MSG_REF_NUM, reference & 0xFF, 2),
                integer_tlv(SAR_TOTAL_SEGMENTS, count, 1),
                integer_tlv(SAR_SEGMENT_SEQNUM, number, 1),
            )
            segments.append(Segment(number, count, 0, coding, gsm7.pack(part) if packed else part, tlvs))
            continue
        if how == "udh16":
            header = b"\x06\x08\x04" + (reference & 0xFFFF).to_bytes(2, "big") + bytes((count, number))
        else:
            header = b"\x05\x00\x03" + bytes((reference & 0xFF, count, number))
        body = gsm7.pack(part, gsm7.fill_bits(len(header))) if packed else part
        segments.append(Segment(number, count, UDH_INDICATOR, coding, header + body))
    return tuple(segments)


def _forcing_characters(
    text: str, alphabet: Alphabet, profile: TextProfile, at_most: int
) -> tuple[ForcingCharacter, ...]:
    """Those in no shorter alphabet; if each is in one but none holds them all, those not in GSM."""
    if alphabet is Alphabet.GSM7:
        return ()
    shorter = [gsm7.holds] if profile.sends_gsm else []
    if alphabet is Alphabet.UCS2 and profile.sends_latin1:
        shorter.append(_in_latin1)
    if not shorter:
        return ()
    distinct = list(dict.fromkeys(text))
    forcing = [character for character in distinct if not any(holds(character) for holds in shorter)]
    if not forcing:
        forcing = [character for character in distinct if not shorter[0](character)]
    return tuple(
        ForcingCharacter(
            character, text.index(character), unicodedata.name(character, f"U+{ord(character):04X}")
        )
        for character in forcing[:at_most]
    )


def _in_latin1(character: str) -> bool:
    return character <= "\xff"

"""Texts to segments: lengths, alphabets, and cuts that a handset can undo."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import InvalidRequest
from engine.smpp.codec import Tlv
from engine.smpp.reassembly import join, read_part
from engine.smpp.text import (
    Alphabet,
    Concatenating,
    SegmentedText,
    TextProfile,
    decode_text,
    explain,
    segment_text,
)

GSM_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_EXTENSION = "\f^{}\\[~]|€"

UDH8 = TextProfile(max_segments=255)
WAYS: list[Concatenating] = ["udh8", "udh16", "sar", "payload"]


def profile_of(way: Concatenating, **rest: object) -> TextProfile:
    return TextProfile(concatenation=way, max_segments=255, **rest)  # type: ignore[arg-type]


def fewest_parts(text: str, way: Concatenating = "udh8", *, latin1: bool = False) -> int:
    """Counts parts the way one would by hand, character by character."""
    if all(character in GSM_BASIC or character in GSM_EXTENSION for character in text):
        widths = [2 if character in GSM_EXTENSION else 1 for character in text]
        alone, joined = 160, 152 if way == "udh16" else 153
    elif latin1 and all(ord(character) < 256 for character in text):
        widths = [1] * len(text)
        alone, joined = 140, 133 if way == "udh16" else 134
    else:
        widths = [2 if ord(character) > 0xFFFF else 1 for character in text]
        alone, joined = 70, 66 if way == "udh16" else 67
    if sum(widths) <= alone:
        return 1
    parts, room = 1, joined
    for width in widths:
        if width > room:
            parts, room = parts + 1, joined
        room -= width
    return parts


def received(segmented: SegmentedText, profile: TextProfile) -> str:
    """What a handset behind this carrier shows: the parts put together in the order of their numbers."""
    parts: dict[int, bytes] = {}
    total = 1
    for segment in reversed(segmented.segments):
        assert len(segment.short_message) <= 254
        packed = profile.packs(segment.data_coding)
        part = read_part(segment.esm_class, segment.short_message, segment.tlvs, packed=packed)
        assert not part.malformed_header
        number = 1
        if part.concatenation is not None:
            number, total = part.concatenation.number, part.concatenation.total
            assert (number, total) == (segment.part_no, segment.part_count)
        parts[number] = part.octets
    octets = join(parts, total)
    assert octets is not None
    return decode_text(octets, segmented.data_coding, profile)


# Length limits ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("way", "character", "alone", "joined", "alphabet", "data_coding"),
    [
        ("udh8", "a", 160, 153, Alphabet.GSM7, 0),
        ("udh16", "a", 160, 152, Alphabet.GSM7, 0),
        ("sar", "a", 160, 153, Alphabet.GSM7, 0),
        ("payload", "a", 160, 153, Alphabet.GSM7, 0),
        ("udh8", "ç", 140, 134, Alphabet.LATIN1, 3),
        ("udh16", "ç", 140, 133, Alphabet.LATIN1, 3),
        ("udh8", "я", 70, 67, Alphabet.UCS2, 8),
        ("udh16", "я", 70, 66, Alphabet.UCS2, 8),
    ],
)
def test_a_text_takes_one_part_more_just_behind_each_limit(
    way: Concatenating, character: str, alone: int, joined: int, alphabet: Alphabet, data_coding: int
) -> None:
    profile = profile_of(way, latin1_allowed=True)
    for length, parts in [(1, 1), (alone, 1), (alone + 1, 2), (2 * joined, 2), (2 * joined + 1, 3)]:
        segmented = segment_text(character * length, reference=1, profile=profile)
        assert segmented.parts_on_air == parts
        assert segmented.units == length
        assert segmented.limit_per_segment == (alone if parts == 1 else joined)
        assert (segmented.alphabet, segmented.data_coding) == (alphabet, data_coding)
        assert len(segmented.segments) == (1 if way == "payload" else parts)


def test_a_lone_text_is_its_septets_without_header() -> None:
    (segment,) = segment_text("@ €5", reference=9, profile=UDH8).segments
    assert segment.short_message == b"\x00 \x1be5"
    assert (segment.part_no, segment.part_count, segment.esm_class, segment.tlvs) == (1, 1, 0, ())


def test_parts_with_an_8_bit_reference_carry_the_header_of_the_standard() -> None:
    first, second = segment_text("a" * 161, reference=0x1AB, profile=UDH8).segments
    assert first.short_message == b"\x05\x00\x03\xab\x02\x01" + b"a" * 153
    assert second.short_message == b"\x05\x00\x03\xab\x02\x02" + b"a" * 8
    assert (first.esm_class, second.esm_class) == (0x40, 0x40)


def test_parts_with_a_16_bit_reference_carry_the_header_of_the_standard() -> None:
    first, second = segment_text("я" * 71, reference=0x1AB, profile=profile_of("udh16")).segments
    assert first.short_message == b"\x06\x08\x04\x01\xab\x02\x01" + b"\x04\x4f" * 66
    assert second.short_message == b"\x06\x08\x04\x01\xab\x02\x02" + b"\x04\x4f" * 5
    assert first.data_coding == 8


def test_parts_marked_by_sar_carry_three_tlvs_and_no_header() -> None:
    _, second = segment_text("a" * 161, reference=0x1AB, profile=profile_of("sar")).segments
    assert second.tlvs == (Tlv(0x020C, b"\x00\xab"), Tlv(0x020E, b"\x02"), Tlv(0x020F, b"\x02"))
    assert (second.short_message, second.esm_class) == (b"a" * 8, 0)


def test_a_long_text_by_payload_is_one_pdu_and_a_short_one_is_no_payload() -> None:
    profile = profile_of("payload")
    (long,) = segment_text("a" * 161, reference=1, profile=profile).segments
    assert (long.short_message, long.tlvs) == (b"", (Tlv(0x0424, b"a" * 161),))
    (short,) = segment_text("a" * 160, reference=1, profile=profile).segments
    assert (short.short_message, short.tlvs) == (b"a" * 160, ())


def test_packed_text_is_seven_bits_a_septet_behind_an_aligned_header() -> None:
    profile = TextProfile(gsm_packing="packed")
    (alone,) = segment_text("hellohello", reference=1, profile=profile).segments
    assert alone.short_message.hex() == "e8329bfd4697d9ec37"
    first, second = segment_text("A" * 160 + "BA", reference=1, profile=profile).segments
    assert len(first.short_message) == 140
    assert first.short_message.hex().startswith("050003010201" + "82c1")  # one bit behind the header's end
    assert second.short_message[6:].hex() == _packed_by_hand("AAAAAAABA", fill=1)


def _packed_by_hand(text: str, fill: int) -> str:
    """Writes the bits down as a person would: septets right to left, then octets from the right."""
    bits = "".join(f"{ord(character):07b}" for character in reversed(text)) + "0" * fill
    bits = bits.zfill(-(-len(bits) // 8) * 8)
    octets = [int(bits[at : at + 8], 2) for at in range(0, len(bits), 8)]
    return bytes(reversed(octets)).hex()


# What may not be cut ----------------------------------------------------------


def test_an_escape_pair_moves_to_the_next_part_whole() -> None:
    first, second = segment_text("a" * 152 + "€" + "a" * 20, reference=1, profile=UDH8).segments
    assert first.short_message[6:] == b"a" * 152
    assert second.short_message[6:] == b"\x1be" + b"a" * 20


def test_a_surrogate_pair_moves_to_the_next_part_whole() -> None:
    first, second = segment_text("я" * 66 + "😀" + "я" * 5, reference=1, profile=UDH8).segments
    assert first.short_message[6:] == b"\x04\x4f" * 66
    assert second.short_message[6:] == b"\xd8\x3d\xde\x00" + b"\x04\x4f" * 5


@pytest.mark.parametrize(
    "cluster",
    [
        "e\u0301",  # a letter with its accent
        "👨\u200d👩\u200d👧",  # a family
        "👍🏽",  # a skin tone
        "🇩🇪",  # a flag
        "1\ufe0f\u20e3",  # a keycap
        "각",  # Hangul in its letters
        "\r\n",
        "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",  # a subdivision's flag
    ],
)
def test_what_looks_like_one_character_is_not_cut_if_that_costs_nothing(cluster: str) -> None:
    cluster_units = len(cluster.encode("utf-16-be")) // 2
    for overlap in range(1, cluster_units):
        text = "я" * (67 - overlap) + cluster + "я" * 20
        first, second = segment_text(text, reference=1, profile=UDH8).segments
        assert first.short_message[6:].decode("utf-16-be") == "я" * (67 - overlap)
        assert second.short_message[6:].decode("utf-16-be") == cluster + "я" * 20


def test_neighbouring_flags_are_cut_between_flags() -> None:
    first, _ = segment_text("я" * 57 + "🇩🇪🇫🇷🇮🇹🇪🇸", reference=1, profile=UDH8).segments
    assert first.short_message[6:].decode("utf-16-be") == "я" * 57 + "🇩🇪🇫🇷"


def test_a_line_end_of_gsm_text_is_not_cut() -> None:
    first, second = segment_text("a" * 152 + "\r\n" + "a" * 20, reference=1, profile=UDH8).segments
    assert (len(first.short_message), second.short_message[6:8]) == (6 + 152, b"\r\n")


def test_keeping_characters_whole_never_costs_a_part() -> None:
    text = "я" * 66 + "e\u0301" + "я" * 66  # 134 units: two full parts
    segmented = segment_text(text, reference=1, profile=UDH8)
    assert segmented.parts_on_air == 2
    assert [len(segment.short_message) for segment in segmented.segments] == [6 + 134, 6 + 134]


def test_decoration_without_end_is_cut_where_it_must_be() -> None:
    text = "я" + "\u0301" * 200
    segmented = segment_text(text, reference=1, profile=UDH8)
    assert segmented.parts_on_air == 3
    assert received(segmented, UDH8) == text


# Alphabets --------------------------------------------------------------------


def test_a_back_quote_is_not_in_the_gsm_alphabet() -> None:
    segmented = segment_text("a`b", reference=1, profile=UDH8)
    assert (segmented.alphabet, segmented.forcing_character) == (Alphabet.UCS2, "`")


def test_gsm_is_preferred_to_latin1_and_latin1_to_ucs2_where_it_is_allowed() -> None:
    allowed = TextProfile(latin1_allowed=True)
    assert segment_text("é[", reference=1, profile=allowed).alphabet is Alphabet.GSM7
    assert segment_text("ç", reference=1, profile=allowed).alphabet is Alphabet.LATIN1
    assert segment_text("ç", reference=1, profile=UDH8).alphabet is Alphabet.UCS2
    assert segment_text("ç€", reference=1, profile=allowed).alphabet is Alphabet.UCS2


def test_a_carrier_whose_default_is_latin1_gets_latin1_under_data_coding_0() -> None:
    profile = TextProfile(default_alphabet="latin1")
    segmented = segment_text("a@ç", reference=1, profile=profile)
    assert segmented.data_coding == 0
    assert segmented.segments[0].short_message == b"a@\xe7"
    assert segmented.forcing_character is None
    assert decode_text(b"a@\xe7\xe9", 0, profile) == "a@çé"
    assert segment_text("€", reference=1, profile=profile).forcing_character == "€"


def test_a_carrier_that_marks_gsm_text_otherwise_gets_that_data_coding() -> None:
    profile = TextProfile(default_alphabet="latin1", gsm_data_coding=0xF1)
    segmented = segment_text("€", reference=1, profile=profile)
    assert (segmented.data_coding, segmented.segments[0].short_message) == (0xF1, b"\x1be")
    assert decode_text(b"\x00\x1be", 0xF1, profile) == "@€"


def test_the_forcing_character_is_the_first_that_no_shorter_alphabet_holds() -> None:
    allowed = TextProfile(latin1_allowed=True)
    assert segment_text("aç and я", reference=1, profile=allowed).forcing_character == "я"
    assert segment_text("aç and я", reference=1, profile=UDH8).forcing_character == "ç"
    assert segment_text("a€ç", reference=1, profile=allowed).forcing_character == "ç"
    assert segment_text("plain", reference=1, profile=allowed).forcing_character is None


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "text_empty"),
        ("a" * (153 * 10 + 1), "text_too_long"),
        ("я" * (67 * 10 + 1), "text_too_long"),
        ("😀" * 331, "text_too_long"),  # 33 pairs a part; the units alone would fit ten
        ("a\0b", "text_invalid"),
        ("\ud83d", "text_invalid"),
    ],
)
def test_texts_nobody_can_send_are_refused_by_name(text: str, code: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        segment_text(text, reference=1, profile=TextProfile(latin1_allowed=True))
    assert refused.value.code == code
    assert refused.value.field == "/text"


def test_ten_full_parts_are_not_too_long() -> None:
    assert segment_text("a" * 1530, reference=1, profile=TextProfile()).parts_on_air == 10


@pytest.mark.parametrize("parts", [0, 256])
def test_a_profile_cannot_allow_more_parts_than_a_header_can_count(parts: int) -> None:
    with pytest.raises(ValueError, match="max_segments"):
        TextProfile(max_segments=parts)


# Explanations -----------------------------------------------------------------


def test_an_explanation_names_what_made_a_text_dear() -> None:
    told = explain("Grüße 👋 and ç`ç", TextProfile())
    assert (told.alphabet, told.parts, told.units, told.limit_per_segment) == (Alphabet.UCS2, 1, 16, 70)
    assert [(one.character, one.index, one.name) for one in told.forcing] == [
        ("👋", 6, "WAVING HAND SIGN"),
        ("ç", 12, "LATIN SMALL LETTER C WITH CEDILLA"),
        ("`", 13, "GRAVE ACCENT"),
    ]


def test_an_explanation_counts_what_is_left_in_the_last_part() -> None:
    assert explain("", TextProfile()).parts == 0
    assert explain("", TextProfile()).units_left == 160
    assert explain("a" * 150, TextProfile()).units_left == 10
    assert explain("a" * 161, TextProfile()).units_left == 145
    too_long = explain("a" * 2000, TextProfile())
    assert (too_long.parts, too_long.fits) == (14, False)


# Reading ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data_coding", "octets", "text"),
    [
        (0x00, b"\x00\x02\x1be_\x11", "@$€§_"),
        (0x01, b"a@_", "a@_"),
        (0x03, b"\xe9\x40\xa3", "é@£"),
        (0x06, b"\xbf\xe0", "Пр"),
        (0x08, b"\x04\x1f\xd8\x3d\xdc\x4b", "П👋"),
        (0x0E, b"\xb0\xa1", "가"),
        (0x10, b"\x00a", "@a"),
        (0x18, b"\x04\x1f", "П"),
        (0xC8, b"\x00a", "@a"),
        (0xD0, b"\x00a", "@a"),
        (0xE0, b"\x04\x1f", "П"),
        (0xF0, b"\x00a", "@a"),
        (0xF1, b"\x00a", "@a"),
        (0x2A, b"\x00a", "@a"),  # reserved: the default alphabet
    ],
)
def test_inbound_text_is_read_by_its_data_coding(data_coding: int, octets: bytes, text: str) -> None:
    assert decode_text(octets, data_coding, TextProfile()) == text


@pytest.mark.parametrize("data_coding", [0x02, 0x04, 0x09, 0x14, 0xF4, 0xF7])
def test_binary_data_is_shown_as_what_it_is(data_coding: int) -> None:
    assert decode_text(b"\x06\x05\x04", data_coding, TextProfile()) == "[binary, 3 octets: 060504]"


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        (b"\xd8\x3d", "\ufffd"),
        (b"\xd8\x3d\x00a", "\ufffda"),
        (b"\xdc\x4b\x00a", "\ufffda"),
        (b"\x00a\x00", "a\ufffd"),
        (b"\x00a\x00\x00", "a\ufffd"),
    ],
)
def test_broken_utf16_shows_replacement_characters(octets: bytes, text: str) -> None:
    assert decode_text(octets, 8, TextProfile()) == text


@given(st.binary(max_size=200), st.integers(0, 255), st.sampled_from(["gsm", "latin1"]))
def test_any_octets_become_text_that_every_store_takes(octets: bytes, data_coding: int, default: str) -> None:
    text = decode_text(octets, data_coding, TextProfile(default_alphabet=default))  # type: ignore[arg-type]
    text.encode()
    assert "\0" not in text


# There and back ---------------------------------------------------------------


@pytest.mark.parametrize("latin1", [False, True])
def test_every_character_of_the_basic_plane_survives(latin1: bool) -> None:
    profile = TextProfile(latin1_allowed=latin1)
    for point in range(1, 0x10000):
        if not 0xD800 <= point <= 0xDFFF:
            text = chr(point)
            assert received(segment_text(text, reference=1, profile=profile), profile) == text


gsm_texts = st.text(st.sampled_from(GSM_BASIC + GSM_EXTENSION * 3), min_size=1, max_size=500)
any_texts = st.text(
    st.one_of(
        st.sampled_from(GSM_BASIC + GSM_EXTENSION),
        st.sampled_from("яж漢çé\u0301\u200d👨👩🇩🇪👍🏽\ufe0f"),
        st.characters(exclude_categories=["Cs"], exclude_characters="\0"),
    ),
    min_size=1,
    max_size=400,
)


@settings(max_examples=300, deadline=None)
@given(
    text=st.one_of(gsm_texts, any_texts),
    way=st.sampled_from(WAYS),
    latin1=st.booleans(),
    default=st.sampled_from(["gsm", "latin1"]),
    reference=st.integers(0, 0xFFFF),
)
def test_a_text_comes_back_as_it_was_in_the_fewest_parts(
    text: str, way: Concatenating, latin1: bool, default: str, reference: int
) -> None:
    profile = profile_of(way, latin1_allowed=latin1, default_alphabet=default)
    segmented = segment_text(text, reference=reference, profile=profile)
    assert received(segmented, profile) == text
    if default == "gsm":
        assert segmented.parts_on_air == fewest_parts(text, way, latin1=latin1)
    assert explain(text, profile).parts == segmented.parts_on_air
    if way != "payload":
        for segment in segmented.segments:  # nothing is torn: each part makes sense by itself
            part = read_part(segment.esm_class, segment.short_message, segment.tlvs)
            alone = decode_text(part.octets, segment.data_coding, profile)
            assert "\ufffd" not in alone or "\ufffd" in text


@settings(max_examples=150, deadline=None)
@given(text=gsm_texts, way=st.sampled_from(WAYS))
def test_packed_text_comes_back_but_for_carriage_returns_that_look_like_padding(
    text: str, way: Concatenating
) -> None:
    profile = profile_of(way, gsm_packing="packed")
    segmented = segment_text(text, reference=7, profile=profile)
    back = received(segmented, profile)
    assert back.replace("\r", "") == text.replace("\r", "")
    assert len(text) - len(back) <= segmented.parts_on_air
    assert segmented.parts_on_air == fewest_parts(text, way)
    assert all(len(segment.short_message) <= 140 for segment in segmented.segments)


def test_test_data_is_what_it_claims() -> None:
    assert unicodedata.normalize("NFC", "각") == "각"


def test_gsm_text_that_a_carrier_marks_as_ia5_is_read_as_gsm() -> None:
    assert decode_text(b"Yes, \x1be5 \x00 home", 1, TextProfile()) == "Yes, €5 @ home"
    assert decode_text(b"Plain $5_ @home\r\n\t~", 1, TextProfile()) == "Plain $5_ @home\r\n\t~"

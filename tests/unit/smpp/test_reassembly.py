"""Parts of inbound texts: told apart by hand-written headers, joined in any order."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.smpp.codec import Tlv
from engine.smpp.reassembly import (
    Concatenation,
    Fit,
    fit,
    join,
    join_incomplete,
    read_part,
)
from engine.smpp.text import TextProfile

UDHI = 0x40
SAR = (Tlv(0x020C, b"\x12\x34"), Tlv(0x020E, b"\x03"), Tlv(0x020F, b"\x02"))


def place_of(
    esm_class: int, octets: bytes, tlvs: Iterable[Tlv] = (), *, packed: bool = False
) -> tuple[Concatenation | None, bytes]:
    """Which part of what an inbound text is, and its own octets."""
    part = read_part(esm_class, octets, tlvs, packed=packed)
    return part.concatenation, part.octets


def test_a_plain_text_is_no_part() -> None:
    assert place_of(0, b"hello") == (None, b"hello")


@pytest.mark.parametrize("esm_class", [0x40, 0x43, 0xC0])
def test_an_8_bit_reference_is_read(esm_class: int) -> None:
    assert place_of(esm_class, b"\x05\x00\x03\xab\x03\x02hello") == (
        Concatenation(reference=0xAB, total=3, number=2, reference_bits=8),
        b"hello",
    )


def test_a_16_bit_reference_is_read() -> None:
    assert place_of(UDHI, b"\x06\x08\x04\x12\x34\x03\x02hello") == (
        Concatenation(reference=0x1234, total=3, number=2, reference_bits=16),
        b"hello",
    )


def test_other_elements_around_the_concatenation_are_skipped() -> None:
    header = b"\x10" + b"\x05\x04\x0b\x84\x23\xf0" + b"\x00\x03\x07\x02\x01" + b"\x24\x01\x01" + b"\x70\x00"
    assert place_of(UDHI, header + b"hello") == (Concatenation(7, 2, 1, 8), b"hello")


def test_a_header_without_concatenation_is_cut_off() -> None:
    assert place_of(UDHI, b"\x06\x05\x04\x0b\x84\x23\xf0hello") == (None, b"hello")
    assert place_of(UDHI, b"\x00hello") == (None, b"hello")


def test_the_last_of_several_concatenations_counts() -> None:
    octets = b"\x0b\x00\x03\x01\x02\x01\x08\x04\x00\x09\x02\x02" + b"x"
    assert place_of(UDHI, octets)[0] == Concatenation(9, 2, 2, 16)


def test_sar_parameters_are_read_in_any_integer_width() -> None:
    expected = Concatenation(reference=0x1234, total=3, number=2, reference_bits=16)
    assert place_of(0, b"hello", SAR) == (expected, b"hello")
    wide = (Tlv(0x020C, b"\0\0\x12\x34"), Tlv(0x020E, b"\0\x03"), Tlv(0x020F, b"\0\0\0\x02"))
    assert place_of(0, b"hello", wide) == (expected, b"hello")


def test_sar_parameters_need_each_other() -> None:
    for two in itertools.combinations(SAR, 2):
        assert place_of(0, b"hello", two) == (None, b"hello")


def test_a_header_wins_over_sar() -> None:
    assert place_of(UDHI, b"\x05\x00\x03\xab\x02\x01hello", SAR)[0] == Concatenation(0xAB, 2, 1, 8)


def test_message_payload_is_read_where_short_message_is_empty() -> None:
    payload = Tlv(0x0424, b"\x05\x00\x03\xab\x02\x01hello")
    assert place_of(UDHI, b"", (payload,)) == (Concatenation(0xAB, 2, 1, 8), b"hello")
    assert place_of(0, b"short", (payload,)) == (None, b"short")


@pytest.mark.parametrize(
    ("total", "number"),
    [(0, 0), (0, 1), (2, 0), (2, 3), (1, 1)],
)
def test_a_part_that_contradicts_itself_or_is_the_only_one_is_a_text(total: int, number: int) -> None:
    assert place_of(UDHI, bytes((5, 0, 3, 9, total, number)) + b"hello") == (None, b"hello")


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"\x05",
        b"\x05\x00\x03\xab\x02",
        b"\xffhello",
        b"\x05\x00\x09\xab\x02\x01hello",
        b"\x04\x00\x03\xab\x02hello",
        b"\x01\x00hello",
    ],
)
def test_a_header_that_cannot_be_read_is_text_and_says_so(octets: bytes) -> None:
    part = read_part(UDHI, octets)
    assert (part.concatenation, part.octets, part.malformed_header) == (None, octets, True)


@pytest.mark.parametrize(
    "octets", [b"\x05\x00\x03\xab\x02\x01hello", b"\x06\x05\x04\x0b\x84\x23\xf0hello", b"\x00hello", b"hello"]
)
def test_a_header_that_can_be_read_is_not_called_malformed(octets: bytes) -> None:
    assert not read_part(UDHI if octets[0] < 0x20 else 0, octets).malformed_header


def test_packed_text_behind_a_header_is_aligned_again() -> None:
    # "A" behind six octets is one bit further left than it would be by itself.
    assert place_of(UDHI, b"\x05\x00\x03\xab\x02\x01\x82", packed=True)[1] == b"A"
    assert place_of(UDHI, b"\x06\x08\x04\x00\xab\x02\x01\x41", packed=True)[1] == b"A"
    assert place_of(0, bytes.fromhex("e8329bfd06"), packed=True)[1] == b"hello"


def test_a_text_is_whole_when_every_part_is_there_in_whatever_order() -> None:
    for order in itertools.permutations([(1, b"one "), (2, b"two "), (3, b"three")]):
        parts: dict[int, bytes] = {}
        for number, octets in order:
            assert join(parts, 3) is None
            parts[number] = octets
        assert join(parts, 3) == b"one two three"


def test_characters_cut_in_two_by_their_sender_are_joined_before_they_are_read() -> None:
    profile = TextProfile()
    halves = {1: b"\x00a\xd8\x3d", 2: b"\xdc\x4b"}
    assert join_incomplete(halves, 2, 8, profile) == "a👋"
    assert join_incomplete({1: b"a\x1b", 2: b"e"}, 2, 0, profile) == "a€"


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        ({1: b"one ", 3: b"three"}, "one […]three"),
        ({3: b"three"}, "[…]three"),
        ({1: b"one ", 2: b"two "}, "one two […]"),
        ({2: b"two "}, "[…]two […]"),
        ({1: b"one ", 2: b"two ", 3: b"three"}, "one two three"),
    ],
)
def test_an_incomplete_text_shows_where_something_is_missing(parts: dict[int, bytes], text: str) -> None:
    assert join_incomplete(parts, 3, 0, TextProfile()) == text


def test_a_recycled_reference_is_told_from_a_repeat() -> None:
    parts = {1: b"one "}
    assert fit(parts, 2, b"two") is Fit.NEW
    assert fit(parts, 1, b"one ") is Fit.REPEAT
    assert fit(parts, 1, b"other") is Fit.CONFLICT


@given(
    st.integers(0, 255),
    st.binary(max_size=60),
    st.lists(st.tuples(st.sampled_from([0x020C, 0x020E, 0x020F, 0x0424]), st.binary(max_size=5))),
    st.booleans(),
)
def test_any_user_data_is_read(
    esm_class: int, octets: bytes, pairs: list[tuple[int, bytes]], packed: bool
) -> None:
    part = read_part(esm_class, octets, [Tlv(*pair) for pair in pairs], packed=packed)
    if part.concatenation is not None:
        assert 1 <= part.concatenation.number <= part.concatenation.total <= 255

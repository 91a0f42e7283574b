"""The GSM alphabet against the standard's own tables and packed examples worked out by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.smpp import gsm7

# Row by row as 3GPP TS 23.038 §6.2.1 prints the table: eight columns of sixteen rows.
ROWS = [
    "@Δ 0¡P¿p",
    "£_!1AQaq",
    '$Φ"2BRbr',
    "¥Γ#3CScs",
    "èΛ¤4DTdt",
    "éΩ%5EUeu",
    "ùΠ&6FVfv",
    "ìΨ'7GWgw",
    "òΣ(8HXhx",
    "ÇΘ)9IYiy",
    "\nΞ*:JZjz",
    "Ø\x1b+;KÄkä",
    "øÆ,<LÖlö",
    "\ræ-=MÑmñ",
    "Åß.>NÜnü",
    "åÉ/?O§oà",
]
EXTENSION = {
    "\f": b"\x1b\x0a",
    "^": b"\x1b\x14",
    "{": b"\x1b\x28",
    "}": b"\x1b\x29",
    "\\": b"\x1b\x2f",
    "[": b"\x1b\x3c",
    "~": b"\x1b\x3d",
    "]": b"\x1b\x3e",
    "|": b"\x1b\x40",
    "€": b"\x1b\x65",
}
BASIC = {
    character: bytes((16 * column + row,))
    for row, characters in enumerate(ROWS)
    for column, character in enumerate(characters)
    if character != "\x1b"
}
EVERY = BASIC | EXTENSION


@pytest.mark.parametrize(("character", "septets"), EVERY.items())
def test_each_character_of_the_standard_has_its_septets(character: str, septets: bytes) -> None:
    assert gsm7.encode(character) == septets
    assert gsm7.decode(septets) == character
    # The same character beside one that Latin-1 lacks takes the other way through the encoder.
    assert gsm7.encode(character + "Δ€") == septets + b"\x10\x1be"


def test_no_other_character_of_unicode_is_in_the_alphabet() -> None:
    found = {chr(point) for point in range(0x110000) if gsm7.holds(chr(point))}
    assert found == set(EVERY)
    assert all(gsm7.encode(chr(point)) is None for point in range(0x10000) if chr(point) not in EVERY)


@pytest.mark.parametrize("text", ["`", "a`b", "ç", "Δ`", "€ç", "\x1b", "\0", "\ufffe", "\ud800", "😀"])
def test_text_with_one_foreign_character_is_not_gsm(text: str) -> None:
    assert gsm7.encode(text) is None


def test_unknown_extensions_show_the_basic_character() -> None:
    assert gsm7.decode(b"\x1b\x41\x1b\x00") == "A@"


def test_an_escape_that_escapes_nothing_shows_a_space() -> None:
    assert gsm7.decode(b"a\x1b") == "a "
    assert gsm7.decode(b"\x1b\x1b<") == " <"


def test_octets_that_are_no_septets_show_a_replacement_character() -> None:
    assert gsm7.decode(b"a\x80\xffb\xe5") == "a\ufffd\ufffdb\ufffd"
    assert gsm7.decode(b"\x1b\x80\x1b\xe5") == "\ufffd\ufffd"


@pytest.mark.parametrize(
    ("septets", "fill", "packed"),
    [
        (b"hellohello", 0, "e8329bfd4697d9ec37"),
        (b"hello", 0, "e8329bfd06"),
        (b"12345678", 0, "31d98c56b3dd70"),
        (b"A", 0, "41"),
        (b"A", 1, "82"),  # behind a header of six octets
        (b"AB", 1, "8242"),
        (b"\x00", 0, "00"),
    ],
)
def test_septets_are_packed_lowest_bit_first(septets: bytes, fill: int, packed: str) -> None:
    assert gsm7.pack(septets, fill).hex() == packed
    assert gsm7.unpack(bytes.fromhex(packed), fill) == septets


def test_seven_spare_bits_hold_a_carriage_return_and_not_an_at_sign() -> None:
    assert gsm7.pack(b"1234567").hex() == "31d98c56b3dd1a"
    assert gsm7.unpack(bytes.fromhex("31d98c56b3dd1a")) == b"1234567"


def test_an_at_sign_in_the_last_seven_bits_is_kept() -> None:
    assert gsm7.decode(gsm7.unpack(bytes.fromhex("31d98c56b3dd00"))) == "1234567@"


def test_headers_are_filled_to_a_septet_boundary() -> None:
    assert [gsm7.fill_bits(octets) for octets in (0, 6, 7, 8, 12)] == [0, 1, 0, 6, 2]


@given(st.binary(max_size=300).map(lambda octets: bytes(octet & 0x7F for octet in octets)), st.integers(0, 6))
def test_unpacking_undoes_packing_but_for_a_last_carriage_return(septets: bytes, fill: int) -> None:
    unpacked = gsm7.unpack(gsm7.pack(septets, fill), fill)
    assert unpacked == septets or (septets.endswith(b"\r") and unpacked + b"\r" == septets)


@given(st.binary(max_size=200))
def test_any_octets_decode_to_text_that_utf8_can_store(octets: bytes) -> None:
    gsm7.decode(gsm7.unpack(octets)).encode()
    gsm7.decode(octets).encode()

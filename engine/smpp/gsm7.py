"""The GSM 7-bit alphabet: characters to septets and back, and septets packed into octets.

No segments, no data_coding, no carrier: those are in `text.py`. A septet travels as one octet with
its top bit clear, unless it is packed.
Source: 3GPP TS 23.038 §6.2.1 (default alphabet), §6.2.1.1 (extension table), §6.1.2.1 (packing).
"""

from __future__ import annotations

import codecs
import re

#: Announces that the next septet is read from the extension table.
ESCAPE = 0x1B

#: Packed text whose last septet would be padding gets this instead of `@`; §6.1.2.3.1.
PADDING = 0x0D

# Column by column of the standard's table. The escape itself stands for no character.
_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅå"
    "Δ_ΦΓΛΩΠΨΣΘΞ\ufffeÆæßÉ"
    " !\"#¤%&'()*+,-./"
    "0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNO"
    "PQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmno"
    "pqrstuvwxyzäöñüà"
)
_EXTENSION = {
    0x0A: "\f",
    0x14: "^",
    0x28: "{",
    0x29: "}",
    0x2F: "\\",
    0x3C: "[",
    0x3D: "~",
    0x3E: "]",
    0x40: "|",
    0x65: "€",
}

# One table of 256: the upper half holds the extension at 0x80 + septet, so that Python's charmap
# codec does both tables in one pass in C.
_UNDEFINED = "\ufffe"  # what the charmap codec takes for "no character"
_NOT_A_SEPTET = 0x80  # extension 0x00, which is undefined and so decodes to U+FFFD
_TABLE = _BASIC + "".join(_EXTENSION.get(septet, _UNDEFINED) for septet in range(128))
_ENCODING_MAP = {ord(character): octet for octet, character in enumerate(_TABLE) if character != _UNDEFINED}

# All but Greek and the euro sign is in Latin-1, where bytes.translate does it ten times faster yet.
_FROM_LATIN_1 = bytes(
    _TABLE.index(character) if character in _TABLE else _NOT_A_SEPTET for character in map(chr, range(256))
)

# An octet with its top bit set is no septet.
_SEPTETS_ONLY = bytes(octet if octet < 0x80 else _NOT_A_SEPTET for octet in range(256))
_ESCAPED = re.compile(rb"\x1b(.?)", re.DOTALL)
_UPPER_HALF = re.compile(rb"[\x80-\xff]")


def encode(text: str) -> bytes | None:
    """The septets of text, one an octet; None if a character is in neither table."""
    try:
        octets = text.encode("latin-1").translate(_FROM_LATIN_1)
    except UnicodeEncodeError:
        try:
            octets = codecs.charmap_encode(text, "strict", _ENCODING_MAP)[0]
        except UnicodeEncodeError:
            return None
    if octets.isascii():
        return octets
    if _NOT_A_SEPTET in octets:
        return None
    return _UPPER_HALF.sub(_escape, octets)


def holds(character: str) -> bool:
    """Whether one character is in either table."""
    return ord(character) in _ENCODING_MAP


def decode(septets: bytes) -> str:
    """The characters of septets given one an octet. Never fails.

    A septet the extension table does not define shows the basic character, a doubled or dangling
    escape a space (§6.2.1.1); an octet that is no septet shows U+FFFD.
    """
    octets = septets.translate(_SEPTETS_ONLY)
    if ESCAPE in octets:
        octets = _ESCAPED.sub(_unescape, octets)
    return codecs.charmap_decode(octets, "replace", _TABLE)[0]


def pack(septets: bytes, fill_bits: int = 0) -> bytes:
    """Septets at seven bits each, lowest bit first, behind fill_bits zero bits (0 to 6).

    The fill aligns text to a septet boundary after a user data header. If seven bits would be left
    over, they hold a carriage return, since zeros would read as one more `@`.
    """
    if (fill_bits + 7 * len(septets)) % 8 == 1:
        septets += bytes((PADDING,))
    octets = b"".join(_pack_block(septets[start : start + 8]) for start in range(0, len(septets), 8))
    filled = int.from_bytes(octets, "little") << fill_bits
    return filled.to_bytes((fill_bits + 7 * len(septets) + 7) // 8, "little")


def unpack(octets: bytes, fill_bits: int = 0) -> bytes:
    """The septets in packed octets, one an octet.

    A carriage return in the last seven bits of a filled octet is taken for padding: nothing on the
    wire tells the two apart. An `@` there is kept, since losing what a person wrote is worse.
    """
    count = max(0, (8 * len(octets) - fill_bits) // 7)
    aligned = (int.from_bytes(octets, "little") >> fill_bits).to_bytes(len(octets), "little")
    blocks = (_unpack_block(aligned[start : start + 7]) for start in range(0, len(aligned), 7))
    septets = b"".join(blocks)[:count]
    if septets.endswith(b"\r") and fill_bits + 7 * count == 8 * len(octets):
        return septets[:-1]
    return septets


def fill_bits(header_octets: int) -> int:
    """Zero bits between a user data header of that many octets and packed text: 0 to 6."""
    return -header_octets % 7


def _pack_block(septets: bytes) -> bytes:
    """Up to 8 septets in 7 octets; whole texts as one integer would cost the square of their length."""
    bits = 0
    for position, septet in enumerate(septets):
        bits |= septet << 7 * position
    return bits.to_bytes(7, "little")


def _unpack_block(octets: bytes) -> bytes:
    bits = int.from_bytes(octets, "little")
    return bytes(bits >> shift & 0x7F for shift in range(0, 56, 7))


def _escape(match: re.Match[bytes]) -> bytes:
    return bytes((ESCAPE, match[0][0] & 0x7F))


def _unescape(match: re.Match[bytes]) -> bytes:
    escaped = match[1]
    if not escaped or escaped[0] == ESCAPE:
        return b" "
    if escaped[0] in _EXTENSION:
        return bytes((0x80 | escaped[0],))
    return escaped

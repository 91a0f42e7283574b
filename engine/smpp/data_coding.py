"""What a data_coding of a received text means: which codec reads its octets.

Carriers differ in what 0 means, and some pass the network's TP-DCS through unchanged.
Source: SMPP v3.4 §5.2.19; 3GPP TS 23.038 §4 (message class, message waiting, general groups).
"""

from __future__ import annotations

from typing import Final

GSM: Final = "gsm"
BINARY: Final = "binary"
LATIN1: Final = "latin-1"
UCS2: Final = "utf-16-be"
IA5: Final = 0x01  # the data_coding that says International Alphabet 5

# GSM is read by gsm7, BINARY by nobody, anything else by the Python codec of that name.
# IA5 is read as Latin-1, since peers that send it do not stop at seven bits.
_CODECS: Final = {
    IA5: LATIN1,
    0x02: BINARY,
    0x03: LATIN1,
    0x04: BINARY,
    0x05: "shift_jis",
    0x06: "iso8859-5",
    0x07: "iso8859-8",
    0x08: UCS2,
    0x09: BINARY,  # pictograms: no public table
    0x0A: "iso2022_jp",
    0x0D: "euc_jp",
    0x0E: "euc_kr",
}

# By bits 3 and 2 of a general group with message class; the fourth is reserved and read as text.
_GENERAL_GROUP: Final = (GSM, BINARY, UCS2, GSM)


def codec_of(data_coding: int, default: str, gsm_data_coding: int = 0) -> str:
    """GSM, BINARY or the name of a Python codec; total, a reserved value means the default alphabet.

    data_coding: 0 to 255. default: GSM or LATIN1, what 0 means to the carrier. gsm_data_coding: what
    the carrier marks GSM text with, if it is not 0.
    """
    if data_coding == 0:
        return default
    if data_coding == gsm_data_coding:
        return GSM
    if 0x10 <= data_coding <= 0x1F:
        return _GENERAL_GROUP[data_coding >> 2 & 0b11]
    if 0xC0 <= data_coding <= 0xDF:  # message waiting, text in the GSM alphabet
        return GSM
    if 0xE0 <= data_coding <= 0xEF:  # message waiting, text in UCS-2
        return UCS2
    if data_coding >= 0xF0:  # message class; bit 2 tells data from text
        return BINARY if data_coding & 0b100 else GSM
    return _CODECS.get(data_coding, default)

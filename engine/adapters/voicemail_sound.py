"""Recordings as browsers play them: wav with PCM as it is, mu-law and A-law as wav made while it is read.

Asterisk's other formats (gsm, and wav49 in files named .WAV) need a codec that no browser has.
Source: ITU-T G.711 §2; RIFF WAVE; Asterisk `formats/format_wav.c`, `format_pcm.c`.
"""

from __future__ import annotations

import array
import hashlib
import os
import stat
import struct
import sys
from collections.abc import Sequence

_RATE_HZ = 8000
_HEADER_OCTETS = 44
_PCM = 1
_HEAD_OCTETS = 64
# A second or more at each end: no two recordings of the same length agree in both.
_SAMPLE_OCTETS = 16_384


def _mu_law(octet: int) -> int:
    octet = ~octet & 0xFF
    sample = ((octet & 0x0F) << 3) + 0x84 << (octet >> 4 & 0x07)
    return 0x84 - sample if octet & 0x80 else sample - 0x84


def _a_law(octet: int) -> int:
    octet ^= 0x55
    segment = octet >> 4 & 0x07
    sample = (octet & 0x0F) << 4
    sample = sample + 8 if segment == 0 else sample + 0x108 << segment - 1
    return sample if octet & 0x80 else -sample


MU_LAW: Sequence[int] = tuple(_mu_law(octet) for octet in range(256))
A_LAW: Sequence[int] = tuple(_a_law(octet) for octet in range(256))

#: Endings of files that can be played, best first, with the table that makes PCM of their octets.
PLAYABLE: dict[str, Sequence[int] | None] = {
    "wav": None,
    "wav16": None,
    "ulaw": MU_LAW,
    "ul": MU_LAW,
    "mu": MU_LAW,
    "pcm": MU_LAW,
    "alaw": A_LAW,
    "al": A_LAW,
}
#: And of those that show that there is a recording.
RECORDED = frozenset({*PLAYABLE, "WAV", "gsm", "g722", "g729", "sln", "sln16", "ogg", "siren7", "siren14"})


class OpenSound:
    """One recording behind a file descriptor that is this object's to close; nothing here is async.

    Raises ValueError when it is not what its name says, OSError; then the descriptor stays the caller's.
    """

    media_type = "audio/wav"

    def __init__(self, descriptor: int, ending: str) -> None:
        self._descriptor = -1
        self._table = PLAYABLE[ending]
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise ValueError("not a file")
        self._header = b""
        self.octets = found.st_size
        if self._table is None:
            _check_pcm(os.pread(descriptor, _HEAD_OCTETS, 0))
        else:
            self._header = _wav_header(found.st_size * 2)
            self.octets = _HEADER_OCTETS + found.st_size * 2
        self.modified_ms = found.st_mtime_ns // 1_000_000
        # Asterisk moves by copying, so that inode and times are others then; what was said is not.
        identity = hashlib.sha256(f"{ending}:{found.st_size}:".encode())
        identity.update(os.pread(descriptor, _SAMPLE_OCTETS, 0))
        identity.update(os.pread(descriptor, _SAMPLE_OCTETS, max(found.st_size - _SAMPLE_OCTETS, 0)))
        self.etag = f'"{identity.hexdigest()[:24]}"'
        self._descriptor = descriptor

    def __del__(self) -> None:
        # A client that goes away before its answer has begun leaves nobody to close it.
        self.close()

    def read(self, start: int, end: int) -> bytes:
        """Octets from start up to and without end; fewer only where the file has become shorter."""
        end = min(end, self.octets)
        if self._table is None:
            return os.pread(self._descriptor, end - start, start)
        return self._expanded(start, end, self._table)

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _expanded(self, start: int, end: int, table: Sequence[int]) -> bytes:
        head = self._header[start:end]
        if end <= _HEADER_OCTETS:
            return head
        first = max(start - _HEADER_OCTETS, 0)
        last = end - _HEADER_OCTETS
        coded = os.pread(self._descriptor, (last + 1) // 2 - first // 2, first // 2)
        samples = array.array("h", map(table.__getitem__, coded))
        if sys.byteorder == "big":
            samples.byteswap()
        skipped = first - first // 2 * 2
        return head + samples.tobytes()[skipped : skipped + last - first]


def _check_pcm(head: bytes) -> None:
    """Raises ValueError for anything but a wav of PCM."""
    if head[:4] != b"RIFF" or head[8:16] != b"WAVEfmt " or len(head) < _HEADER_OCTETS:
        raise ValueError("not a wav")
    if struct.unpack_from("<H", head, 20)[0] != _PCM:
        raise ValueError("a wav of something else than PCM")


def _wav_header(octets: int) -> bytes:
    return struct.pack(
        "<4sI8sIHHIIHH4sI",
        b"RIFF",
        octets + _HEADER_OCTETS - 8,
        b"WAVEfmt ",
        16,
        _PCM,
        1,
        _RATE_HZ,
        _RATE_HZ * 2,
        2,
        16,
        b"data",
        octets,
    )

"""Recordings in other formats than wav, made playable."""

from __future__ import annotations

import io
import math
import os
import wave
from pathlib import Path

import pytest

from engine.adapters.voicemail_sound import A_LAW, MU_LAW, OpenSound
from engine.sip.tones import tone_share


def opened(file: Path, ending: str) -> OpenSound:
    return OpenSound(os.open(file, os.O_RDONLY), ending)


@pytest.mark.parametrize(
    ("table", "octet", "sample"),
    [
        # ITU-T G.711, tables 1a to 2b, and the tables of its reference code.
        *((MU_LAW, 0xFF, 0), (MU_LAW, 0x7F, 0), (MU_LAW, 0x80, 32_124), (MU_LAW, 0x00, -32_124)),
        *((MU_LAW, 0xFE, 8), (MU_LAW, 0x7E, -8), (MU_LAW, 0xF0, 120), (MU_LAW, 0xEF, 132)),
        *((A_LAW, 0xD5, 8), (A_LAW, 0x55, -8), (A_LAW, 0xAA, 32_256), (A_LAW, 0x2A, -32_256)),
        *((A_LAW, 0xD4, 24), (A_LAW, 0xC5, 264)),
    ],
)
def test_coded_samples(table: tuple[int, ...], octet: int, sample: int) -> None:
    assert table[octet] == sample


@pytest.mark.parametrize(("ending", "table"), [("ulaw", MU_LAW), ("alaw", A_LAW)])
def test_a_coded_recording_becomes_a_wav(tmp_path: Path, ending: str, table: tuple[int, ...]) -> None:
    wanted = [round(8_000 * math.sin(2 * math.pi * 440 * n / 8_000)) for n in range(4_001)]
    coded = bytes(min(range(256), key=lambda octet: abs(table[octet] - sample)) for sample in wanted)
    file = tmp_path / f"msg0000.{ending}"
    file.write_bytes(coded)
    sound = opened(file, ending)
    whole = sound.read(0, sound.octets)
    assert len(whole) == sound.octets == 44 + 2 * len(coded)
    with wave.open(io.BytesIO(whole)) as read:
        assert (read.getnchannels(), read.getsampwidth(), read.getframerate()) == (1, 2, 8_000)
        samples = list(memoryview(read.readframes(read.getnframes())).cast("h"))
    assert samples == [table[octet] for octet in coded]
    assert tone_share(samples, 8_000, 440) > 0.95
    for cut in (1, 20, 43, 44, 45, 46, 1_001, sound.octets - 1):
        assert sound.read(0, cut) + sound.read(cut, sound.octets) == whole, cut
    assert sound.read(sound.octets - 3, sound.octets + 50) == whole[-3:]
    sound.close()


def test_two_recordings_have_two_tags_and_a_copy_has_the_same(tmp_path: Path) -> None:
    tags = []
    for name, content in (("a", b"\xff" * 900), ("b", b"\xff" * 900), ("c", b"\xff" * 899 + b"\x00")):
        (tmp_path / name).write_bytes(content)
        sound = opened(tmp_path / name, "ulaw")
        tags.append(sound.etag)
        sound.close()
    assert tags[0] == tags[1]
    assert tags[0] != tags[2]


def test_a_folder_is_no_recording(tmp_path: Path) -> None:
    descriptor = os.open(tmp_path, os.O_RDONLY)
    with pytest.raises(ValueError, match="not a file"):
        OpenSound(descriptor, "wav")
    os.close(descriptor)


def test_a_recording_nobody_closed_is_closed_with_its_last_reader(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"\xff" * 10)
    descriptor = os.open(tmp_path / "a", os.O_RDONLY)
    sound = OpenSound(descriptor, "ulaw")
    del sound
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)


def test_what_is_refused_stays_its_openers(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"no wav")
    descriptor = os.open(tmp_path / "a", os.O_RDONLY)
    with pytest.raises(ValueError, match="not a wav"):
        OpenSound(descriptor, "wav")
    os.fstat(descriptor)
    os.close(descriptor)

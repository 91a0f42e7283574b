from __future__ import annotations

import array
import math
import wave
from pathlib import Path

import pytest

from engine.sip.tones import read_wav, tone_share

RATE_HZ = 16_000


def tone(hz: float, seconds: float = 0.5, amplitude: int = 8000) -> list[int]:
    return [int(amplitude * math.sin(2 * math.pi * hz * n / RATE_HZ)) for n in range(int(RATE_HZ * seconds))]


def mixed(*parts: list[int]) -> list[int]:
    return [sum(samples) for samples in zip(*parts, strict=True)]


def test_a_pure_tone_is_all_of_the_energy() -> None:
    assert tone_share(tone(440), RATE_HZ, 440) == pytest.approx(1.0, abs=0.01)


def test_another_tone_has_no_share() -> None:
    assert tone_share(tone(1000), RATE_HZ, 440) < 0.01


def test_two_equal_tones_share_evenly() -> None:
    both = mixed(tone(440), tone(480))
    assert tone_share(both, RATE_HZ, 440) == pytest.approx(0.5, abs=0.03)
    assert tone_share(both, RATE_HZ, 480) == pytest.approx(0.5, abs=0.03)


def test_silence_before_the_tone_changes_nothing() -> None:
    assert tone_share([0] * RATE_HZ + tone(600), RATE_HZ, 600) == pytest.approx(1.0, abs=0.01)


def test_a_jump_in_phase_costs_one_block_only() -> None:
    torn = tone(1000)[: 1000 + 7] + tone(1000)
    assert tone_share(torn, RATE_HZ, 1000) > 0.9


def test_silence_and_nothing_have_no_share() -> None:
    assert tone_share([0] * RATE_HZ, RATE_HZ, 440) == 0.0
    assert tone_share([], RATE_HZ, 440) == 0.0


def test_noise_is_not_a_tone() -> None:
    state, noise = 1, []
    for _ in range(RATE_HZ):
        state = state * 1_103_515_245 + 12_345 & 0x7FFFFFFF
        noise.append((state >> 15) % 16_000 - 8_000)
    assert tone_share(noise, RATE_HZ, 440) < 0.05


def test_wav_files_are_read_and_stereo_is_refused(tmp_path: Path) -> None:
    samples = tone(440, 0.1)
    for channels, name in ((1, "mono.wav"), (2, "stereo.wav")):
        with wave.open(str(tmp_path / name), "wb") as file:
            file.setnchannels(channels)
            file.setsampwidth(2)
            file.setframerate(RATE_HZ)
            file.writeframes(array.array("h", samples).tobytes())
    read, rate_hz = read_wav(tmp_path / "mono.wav")
    assert (list(read), rate_hz) == (samples, RATE_HZ)
    with pytest.raises(ValueError, match="mono"):
        read_wav(tmp_path / "stereo.wav")

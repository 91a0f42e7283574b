"""How much of a recording is one tone: the proof that sound arrives, without ears.

Source: G. Goertzel, An Algorithm for the Evaluation of Finite Trigonometric Series (1958).
"""

from __future__ import annotations

import array
import math
import sys
import wave
from collections.abc import Sequence
from pathlib import Path

# 50 ms: fine enough to tell 440 from 480 Hz, short enough that a gap or a jump in phase between
# two packets spoils one block only.
_BLOCK_S = 0.05


def tone_share(samples: Sequence[int], rate_hz: int, tone_hz: float) -> float:
    """The share of the energy that lies at tone_hz: 0 is none or silence, 1 is a pure tone."""
    size = int(rate_hz * _BLOCK_S)
    at_tone = in_all = 0.0
    for start in range(0, len(samples) - size + 1, size):
        block = samples[start : start + size]
        at_tone += _tone_energy(block, rate_hz, tone_hz)
        in_all += float(sum(sample * sample for sample in block))
    return min(at_tone / in_all, 1.0) if in_all else 0.0


def read_wav(path: Path) -> tuple[Sequence[int], int]:
    """Samples and rate in Hz of a mono file of 16-bit PCM. Raises ValueError for any other."""
    with wave.open(str(path), "rb") as file:
        if file.getnchannels() != 1 or file.getsampwidth() != 2:
            raise ValueError(f"{path} is not mono 16-bit PCM")
        samples = array.array("h", file.readframes(file.getnframes()))
        if sys.byteorder == "big":
            samples.byteswap()
        return samples, file.getframerate()


def _tone_energy(block: Sequence[int], rate_hz: int, tone_hz: float) -> float:
    """Energy of the block's component at tone_hz, on the scale of a sum of squares."""
    coefficient = 2.0 * math.cos(2.0 * math.pi * tone_hz / rate_hz)
    before = last = 0.0
    for sample in block:
        before, last = last, sample + coefficient * last - before
    power = last * last + before * before - coefficient * last * before
    return 2.0 * power / len(block)

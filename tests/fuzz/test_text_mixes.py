"""Two hundred thousand texts of any mix come back from a handset as they were, in the fewest parts."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from engine.smpp.text import TextProfile, segment_text
from tests.unit.smpp.test_text import GSM_BASIC, GSM_EXTENSION, WAYS, fewest_parts, received

MIXES = 200_000
SEED = 1

_ALPHABETS = (
    GSM_BASIC,
    GSM_EXTENSION,
    "".join(map(chr, range(1, 256))),
    "яж漢한עأ\u0301\u200d\ufe0f\u2028\ufeff",
    "👨👩🇩🇪👍🏽😀\U0010ffff",
    None,  # any code point
)
# Most texts are short; one in eight is around the lengths at which another part is needed.
_SHORT = (1, 2, 5, 12, 20, 30)
_LONG = (67, 70, 71, 134, 140, 141, 153, 160, 161, 310)


@pytest.mark.slow
def test_random_mixes_of_every_alphabet_come_back_as_they_were_in_the_fewest_parts() -> None:
    dice = Random(SEED)
    profiles = [
        (way, latin1, TextProfile(concatenation=way, max_segments=255, latin1_allowed=latin1))
        for way in WAYS
        for latin1 in (False, True)
    ]
    for number in range(MIXES):
        text = mix(dice)
        way, latin1, profile = profiles[number % len(profiles)]
        segmented = segment_text(text, reference=number & 0xFFFF, profile=profile)
        assert received(segmented, profile) == text, f"mix {number}: {text!r}"
        assert segmented.parts_on_air == fewest_parts(text, way, latin1=latin1), f"mix {number}: {text!r}"


def mix(dice: Random) -> str:
    """Characters of one to three alphabets, in runs, as people write."""
    length = dice.choice(_SHORT if dice.random() < 0.875 else _LONG)
    alphabets: list[Any] = dice.choices(_ALPHABETS, k=dice.randint(1, 3))
    text = ""
    while len(text) < length:
        alphabet = dice.choice(alphabets)
        run = min(length - len(text), dice.randint(1, 40))
        if alphabet is None:
            text += "".join(character(dice) for _ in range(min(run, 5)))
        else:
            text += "".join(dice.choices(alphabet, k=run))
    return text


def character(dice: Random) -> str:
    """Any that can be sent: no NUL, no half of a surrogate pair."""
    number = dice.randint(1, 0x10FFFF if dice.random() < 0.3 else 0xFFFF)
    return chr(number) if not 0xD800 <= number <= 0xDFFF else "\ufffd"

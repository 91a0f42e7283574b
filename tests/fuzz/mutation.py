"""Inputs that are almost right: real bytes with a few changes, the same ones for the same seed.

Random bytes die in the first check of a decoder. Changing lengths, terminators and borders in bytes
that another implementation wrote gets behind it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from random import Random

#: Inputs that share one generator: a failure is found again by making at most so many.
CHUNK = 1000

#: No input grows beyond this; longer ones have tests of their own.
MAX_OCTETS = 4096

# Where length checks are wrong by one, or take a sign for a size.
_OCTETS = (0x00, 0x01, 0x03, 0x04, 0x0A, 0x0D, 0x10, 0x1B, 0x20, 0x3A, 0x40, 0x7F, 0x80, 0xFE, 0xFF)
_SHORTS = (0, 1, 3, 4, 0x00FF, 0x0100, 0x7FFF, 0x8000, 0xFFFE, 0xFFFF)
_LONGS = (0, 1, 15, 16, 17, 0xFFFF, 0x10000, 0x10001, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)

Change = Callable[[bytearray], None]


class Mutator:
    """Makes inputs out of a corpus.

    tokens: what the format is made of, to be put where it does not belong. dice: decides everything.
    """

    def __init__(self, corpus: Sequence[bytes], tokens: Sequence[bytes], dice: Random) -> None:
        self._corpus = corpus
        self._tokens = tokens
        self._random = dice.random
        self._changes: tuple[Change, ...] = (
            self._flip_a_bit,
            self._set_an_octet,
            self._set_an_octet,
            self._set_a_short,
            self._set_a_long,
            self._cut_out,
            self._repeat,
            self._truncate,
            self._insert_token,
            self._insert_token,
            self._overwrite_with_token,
            self._splice,
        )

    def below(self, end: int) -> int:
        """0 to end - 1."""
        return int(self._random() * end)

    def chance(self, probability: float) -> bool:
        return self._random() < probability

    def pick(self) -> bytes:
        """An item of the corpus as it is."""
        return self._corpus[self.below(len(self._corpus))]

    def next(self) -> bytearray:
        """An item with one to four changes."""
        data = bytearray(self.pick())
        changes = self._changes
        for _ in range(1 + self.below(4)):
            changes[self.below(len(changes))](data)
        del data[MAX_OCTETS:]
        return data

    def _flip_a_bit(self, data: bytearray) -> None:
        if data:
            data[self.below(len(data))] ^= 1 << self.below(8)

    def _set_an_octet(self, data: bytearray) -> None:
        if data:
            data[self.below(len(data))] = _OCTETS[self.below(len(_OCTETS))]

    def _set_a_short(self, data: bytearray) -> None:
        at = self.below(len(data) + 1)
        data[at : at + 2] = _SHORTS[self.below(len(_SHORTS))].to_bytes(2, "big")

    def _set_a_long(self, data: bytearray) -> None:
        at = self.below(len(data) + 1)
        data[at : at + 4] = _LONGS[self.below(len(_LONGS))].to_bytes(4, "big")

    def _cut_out(self, data: bytearray) -> None:
        at = self.below(len(data) + 1)
        del data[at : at + 1 + self.below(16)]

    def _repeat(self, data: bytearray) -> None:
        at = self.below(len(data) + 1)
        data[at:at] = data[at : at + 1 + self.below(32)] * (1 + self.below(4))

    def _truncate(self, data: bytearray) -> None:
        del data[self.below(len(data) + 1) :]

    def _token(self) -> bytes:
        return self._tokens[self.below(len(self._tokens))]

    def _insert_token(self, data: bytearray) -> None:
        at = self.below(len(data) + 1)
        data[at:at] = self._token()

    def _overwrite_with_token(self, data: bytearray) -> None:
        token = self._token()
        at = self.below(len(data) + 1)
        data[at : at + len(token)] = token

    def _splice(self, data: bytearray) -> None:
        other = self.pick()
        at, start = self.below(len(data) + 1), self.below(len(other) + 1)
        data[at:] = other[start:]


def chunks(inputs: int, seed: int) -> Iterator[tuple[int, Random, int]]:
    """Number, generator and size of each chunk of a run."""
    for number in range((inputs + CHUNK - 1) // CHUNK):
        yield number, Random(f"{seed}/{number}"), min(CHUNK, inputs - number * CHUNK)

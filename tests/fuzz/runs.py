"""A run: so many inputs from one seed against one target, with bounds on the time and memory of each."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

from tests.fuzz import ami, smpp
from tests.fuzz.mutation import chunks

#: No single input may take longer, in seconds of processor time.
INPUT_S = 0.05
#: Nor more memory than this, in octets, and so many for each of its own. A decoded frame of short
#: headers takes some thirty times its octets in Python objects.
INPUT_OCTETS, INPUT_OCTETS_PER_OCTET = 32 * 1024, 64

Target = Callable[[bytes], None]


@dataclass(frozen=True, slots=True)
class Fuzzed:
    """A protocol to fuzz. inputs: so many from a generator; target: makes what takes them."""

    inputs: Callable[[int, Random], Iterator[bytes]]
    target: Callable[[], Target]


PROTOCOLS = {"smpp": Fuzzed(smpp.inputs, smpp.Target), "ami": Fuzzed(ami.inputs, ami.Target)}


class Broken(Exception):
    """An input that broke a rule. Its text says how to have it again."""


def run(protocol: str, inputs: int, seed: int, done: Callable[[int], None] = lambda inputs: None) -> None:
    """Feed inputs; done is told after each chunk how many there were.

    Raises Broken for the first that makes its target raise or takes longer than INPUT_S.
    """
    fuzzed = PROTOCOLS[protocol]
    fed = 0
    clock = time.perf_counter
    for number, dice, size in chunks(inputs, seed):
        # A target of its own for each chunk, so that a chunk can be run by itself.
        target = fuzzed.target()
        for data in fuzzed.inputs(size, dice):
            began = clock()
            try:
                target(data)
            except Exception as error:
                raise _broken(protocol, seed, number, data, f"{type(error).__name__}: {error}") from error
            if clock() - began > INPUT_S and (took := _least_time(fuzzed, data)) > INPUT_S:
                raise _broken(protocol, seed, number, data, f"took {took:.3f} s")
        fed += size
        done(fed)


def run_measuring_memory(protocol: str, inputs: int, seed: int) -> None:
    """The same, a few times slower, with a bound on what each input makes its target allocate."""
    fuzzed = PROTOCOLS[protocol]
    tracemalloc.start()
    try:
        for number, dice, size in chunks(inputs, seed):
            target = fuzzed.target()
            for data in fuzzed.inputs(size, dice):
                allowed = INPUT_OCTETS + INPUT_OCTETS_PER_OCTET * len(data)
                taken = _memory(target, data)
                if taken > allowed:
                    # Another thread of the test run may have allocated in that moment.
                    taken = min(_memory(fuzzed.target(), data) for _ in range(3))
                if taken > allowed:
                    raise _broken(protocol, seed, number, data, f"took {taken} octets of memory")
    finally:
        tracemalloc.stop()


def _memory(target: Target, data: bytes) -> int:
    """Octets allocated at most at a time, by the whole process, while the target takes an input."""
    tracemalloc.reset_peak()
    before = tracemalloc.get_traced_memory()[0]
    target(data)
    return tracemalloc.get_traced_memory()[1] - before


def _least_time(fuzzed: Fuzzed, data: bytes) -> float:
    """Processor seconds an input takes when nothing else gets in between."""
    times = []
    for _ in range(3):
        target = fuzzed.target()
        began = time.thread_time()
        target(data)
        times.append(time.thread_time() - began)
    return min(times)


def _broken(protocol: str, seed: int, chunk: int, data: bytes, what: str) -> Broken:
    again = f"python -m tests.fuzz {protocol} --seed {seed} --inputs {(chunk + 1) * 1000}"
    return Broken(f"{what}\nprotocol: {protocol}, chunk {chunk}; again: {again}\ninput: {data.hex()}")

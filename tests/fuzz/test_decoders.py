"""A million spoilt inputs to each decoder: none escapes the protocol's own errors, its time, or its memory.

RINGBACK_FUZZ_INPUTS and RINGBACK_FUZZ_SEED choose another run; `python -m tests.fuzz` shows progress.
"""

from __future__ import annotations

import os
import resource
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest

from tests.fuzz.runs import PROTOCOLS, run, run_measuring_memory

INPUTS = int(os.environ.get("RINGBACK_FUZZ_INPUTS", "1000000"))
SEED = int(os.environ.get("RINGBACK_FUZZ_SEED", "1"))
MEASURED = 10_000
GROWTH_KIB = 20 * 1024


@pytest.mark.slow
@pytest.mark.timeout(0 if INPUTS > 1_000_000 else 600)
def test_a_million_spoilt_inputs_break_no_decoder_and_leave_no_memory_behind() -> None:
    with ProcessPoolExecutor(len(PROTOCOLS), mp_context=get_context("spawn")) as processes:
        growths = processes.map(_growth_kib, PROTOCOLS)
        assert all(growth <= GROWTH_KIB for growth in growths)


@pytest.mark.slow
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_no_spoilt_input_takes_more_memory_than_its_own_length_explains(protocol: str) -> None:
    run_measuring_memory(protocol, MEASURED, SEED + 1)


def _growth_kib(protocol: str) -> int:
    """How far the run raised the most memory this process ever had."""
    run(protocol, min(INPUTS, 10_000), SEED)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    run(protocol, INPUTS, SEED)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before

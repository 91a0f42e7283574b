"""Longer runs by hand: `python -m tests.fuzz [smpp|ami ...] --inputs 100000000 --seed 7`.

RINGBACK_FUZZ_SEED and RINGBACK_FUZZ_INPUTS do the same for the tests.
"""

from __future__ import annotations

import argparse
import sys
import time

from tests.fuzz.runs import PROTOCOLS, Broken, run, run_measuring_memory

_SAY_EVERY = 1_000_000


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.fuzz", description="Feed spoilt bytes to decoders."
    )
    parser.add_argument("protocols", nargs="*", choices=[*PROTOCOLS, []], help="default: all")
    parser.add_argument(
        "--inputs", type=int, default=1_000_000, help="of each protocol (default: %(default)s)"
    )
    parser.add_argument("--seed", type=int, default=1, help="the same seed makes the same inputs")
    parser.add_argument("--memory", action="store_true", help="bound the memory of each input; a lot slower")
    options = parser.parse_args()
    for protocol in options.protocols or PROTOCOLS:
        began = time.monotonic()

        def say(fed: int, protocol: str = protocol, began: float = began) -> None:
            if fed % _SAY_EVERY == 0 or fed == options.inputs:
                print(f"{protocol}: {fed} inputs, {time.monotonic() - began:.0f} s", flush=True)

        try:
            if options.memory:
                run_measuring_memory(protocol, options.inputs, options.seed)
                say(options.inputs)
            else:
                run(protocol, options.inputs, options.seed, say)
        except Broken as broken:
            print(broken, file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

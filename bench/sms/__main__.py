"""Texts a second from HTTP to an SMSC that is not ours, Ringback beside Kannel, in one run.

    python -m bench.sms [--rounds 3] [--count 8000] [--only ringback,kannel,...] [--keep FOLDER]

Each round starts a fresh sink and a fresh gateway with an empty store, warms it up, sends `count`
texts over 32 keep-alive connections and waits until they have arrived. Rounds of the gateways
alternate, so that a noisy minute does not hit one of them alone. On a shared machine compare ratios,
not rates; the column `others` says how much CPU other programs took.
"""

from __future__ import annotations

import argparse
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench.sms.figures import HEADING, SINK_RECORD, Figures, Spent, joined, line, medians, ratios
from bench.sms.gateways import Gateway, Kannel, Ringback, kannel_missing
from bench.sms.processes import ROOT, Processes, Trouble, machine_busy_s
from tests.peers.node_smpp import PeerUnavailable, installed

GATEWAYS: dict[str, Callable[[argparse.Namespace], Gateway]] = {
    "ringback": lambda options: Ringback(options.window),
    "kannel": lambda options: Kannel(options.window),
    "kannel-file": lambda options: Kannel(options.window, "file"),
    "kannel-spool": lambda options: Kannel(options.window, "spool"),
    "ringback-batch": lambda options: Ringback(options.window, options.batch),
}
_WARM_UP_TEXTS = 1000
#: Warm-up texts have numbers from here on, measured ones from zero.
_WARM_UP_FIRST = 90_000_000
#: Nothing new at the sink for so long means that nothing more will come.
_QUIET_S = 5.0
#: Copies of a text, if there are any, come within this; so does the sink's last flush.
_COPIES_S = 0.3


class Sink:
    """The SMSC and what it has noted."""

    def __init__(self, processes: Processes) -> None:
        node, modules = installed()
        self.processes = processes
        self._file = processes.folder / "sink.bin"
        script = Path(__file__).with_name("sink.js")
        output = processes.start(
            "sink", [str(node), str(script), str(self._file)], {"NODE_PATH": str(modules)}
        )
        processes.until(lambda: "listening" in output.read_text(), "sink")
        self.port = int(output.read_text().split()[1])

    def arrived(self) -> int:
        return self._file.stat().st_size // SINK_RECORD.size

    def records(self) -> bytes:
        return self._file.read_bytes()

    def drain(self, expected: int) -> None:
        """Wait until so many texts are here, or nothing new comes."""
        seen, since = -1, time.monotonic()
        while (now := self.arrived()) < expected:
            if now != seen:
                seen, since = now, time.monotonic()
            elif time.monotonic() - since > _QUIET_S:
                return
            time.sleep(0.02)


def one_round(gateway: Gateway, options: argparse.Namespace, folder: Path) -> Figures:
    """Raises Trouble when the gateway does not start or nothing arrives."""
    with Processes(folder / "smsc") as smsc, Processes(folder / "gateway") as processes:
        sink = Sink(smsc)
        ready = gateway.start(processes, sink.port)
        template, records = folder / "request.http", folder / "load.bin"
        template.write_bytes(ready.template)

        def send(count: int, first: int) -> int:
            batches = max(1, count // ready.batch)
            command = [
                sys.executable, "-m", "bench.sms.load", "--port", str(ready.port),
                "--template", str(template), "--out", str(records), "--count", str(batches * ready.batch),
                "--first", str(first), "--connections", str(options.connections),
                "--batch", str(ready.batch), "--seconds", str(options.seconds),
            ]  # fmt: skip
            done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
            if done.returncode:
                raise Trouble(f"the load ended: {done.stderr}")
            return int(done.stdout)

        sink.drain(send(_WARM_UP_TEXTS, _WARM_UP_FIRST))
        if not sink.arrived():
            raise Trouble(f"{gateway.name}: no text arrived at the sink")
        before = sink.arrived()
        meter = Meter(processes, smsc)
        count = options.count * (options.batch_factor if ready.batch > 1 else 1)
        sink.drain(before + send(count, 0))
        spent = meter.spent()
        time.sleep(_COPIES_S)
        return joined(records.read_bytes(), sink.records(), spent)


class Meter:
    """Reads what everybody has spent, from when it is made."""

    def __init__(self, gateway: Processes, sink: Processes) -> None:
        self._gateway = gateway
        self._sink = sink
        self._before = self._read()

    def spent(self) -> Spent:
        elapsed_s, busy_s, gateway_s, sink_s, load_s = (
            now - before for now, before in zip(self._read(), self._before, strict=True)
        )
        others_s = max(0.0, busy_s - gateway_s - sink_s - load_s)
        return Spent(gateway_s, sink_s, others_s, elapsed_s, self._gateway.resident_mib())

    def _read(self) -> tuple[float, ...]:
        # Of the children only loads have ended while a gateway and its sink run.
        load = resource.getrusage(resource.RUSAGE_CHILDREN)
        return (
            time.monotonic(),
            machine_busy_s(),
            self._gateway.cpu_s(),
            self._sink.cpu_s(),
            load.ru_utime + load.ru_stime,
        )


def main() -> None:
    options = parse()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is stopped
    chosen = options.only.split(",")
    if any(name.startswith("kannel") for name in chosen) and (missing := kannel_missing()):
        print(f"Kannel is left out: {missing}.")
        chosen = [name for name in chosen if not name.startswith("kannel")]
    gateways = [GATEWAYS[name](options) for name in chosen]
    rounds: dict[str, list[Figures]] = {gateway.name: [] for gateway in gateways}
    print(HEADING)
    with tempfile.TemporaryDirectory(prefix="ringback-bench-", ignore_cleanup_errors=True) as scratch:
        for number in range(1, options.rounds + 1):
            for gateway in gateways:
                base = options.keep or Path(scratch)
                folder = base.resolve() / f"{number}-{gateway.name.replace(', ', '-').replace(' ', '-')}"
                figures = one_round(gateway, options, folder)
                rounds[gateway.name].append(figures)
                print(line(f"{number} {gateway.name}", figures), flush=True)
    print("\nmedians; refused, lost and twice are added up")
    for name, measured in rounds.items():
        print(line(name, medians(measured)))
    print()
    for ours in rounds:
        if ours.startswith("ringback"):
            print("\n".join(ratios(ours, rounds)))


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench-sms", description="Ringback beside Kannel, HTTP to SMSC.")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--count", type=int, default=8000, help="texts a round")
    parser.add_argument("--batch", type=int, default=100, help="texts a POST in batch mode")
    parser.add_argument("--batch-factor", type=int, default=5, help="so many times the texts in batch mode")
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--window", type=int, default=100, help="unanswered submit_sm a bind may have")
    parser.add_argument("--seconds", type=float, default=60.0, help="a round sends no longer than this")
    parser.add_argument("--only", default=",".join(GATEWAYS), help=f"of {', '.join(GATEWAYS)}")
    parser.add_argument("--keep", type=Path, help="keep records, logs and databases here")
    options = parser.parse_args()
    if unknown := set(options.only.split(",")) - GATEWAYS.keys():
        parser.error(f"unknown gateway {', '.join(sorted(unknown))}")
    return options


if __name__ == "__main__":
    try:
        main()
    except (Trouble, PeerUnavailable) as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit(130)

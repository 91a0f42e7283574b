"""Chat at a steady rate among many people, Ringback beside an XMPP server, in one run.

    python -m bench.chat [--rounds 3] [--people 2000] [--rate 500] [--seconds 20] [--only ringback,…]

Everybody is connected; every two of them are in a conversation, and one or the other says something
at random times, `rate` messages a second in all. Prints, a line a round, from just before a message
is sent until it is at the other person's connection: median and 99th percentile; CPU of the server a
message; and memory a connected person costs. Rounds alternate, and everything shares the machine:
compare ratios. Ringback answers after its commit to disk; Prosody never waits for a disk.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path

from bench.chat.pace import many_files
from bench.chat.servers import Prosody, Ringback, Server, prosody_missing
from bench.sms.processes import ROOT, Processes, Trouble, machine_busy_s

SERVERS: dict[str, Callable[[], Server]] = {
    "ringback": Ringback,
    "prosody": lambda: Prosody(archive=False),
    "prosody-archive": lambda: Prosody(archive=True),
}
_WARM_UP_S = 2.0
_CONNECT_S = 180.0


@dataclass(frozen=True)
class Figures:
    """p50_ms, p99_ms: from sending to seen. answered_ms: median until the sender had its 202.

    lost: accepted and never seen. unanswered: the connection failed instead.
    """

    p50_ms: float
    p99_ms: float
    answered_ms: float
    per_s: float
    cpu_us: float
    kib_a_person: float
    others_cores: float
    lost: int
    doubled: int
    refused: int
    unanswered: int

    def line(self, name: str) -> str:
        return (
            f"{name:18} seen p50 {self.p50_ms:7.2f} ms  p99 {self.p99_ms:7.2f} ms"
            f"  answered {self.answered_ms:6.2f} ms  {self.per_s:6.0f}/s  {self.cpu_us:5.0f} us CPU"
            f"  {self.kib_a_person:5.1f} KiB a person  others {self.others_cores:.2f} cores"
            f"  lost {self.lost} doubled {self.doubled} refused {self.refused} unanswered {self.unanswered}"
        )


def one_round(server: Server, folder: Path, options: argparse.Namespace) -> Figures:
    with Processes(folder) as processes:
        ready = server.start(processes, options.people)
        before_mib = processes.resident_mib()
        out = folder / "notes.json"
        warm_up = int(options.rate * _WARM_UP_S)
        command = [
            *(sys.executable, "-m", ready.load, "--port", str(ready.port), "--people", str(ready.people)),
            *("--rate", str(options.rate), "--count", str(int(options.rate * options.seconds) + warm_up)),
            *("--warm-up", str(warm_up), "--out", str(out)),
        ]
        with subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as load:
            assert load.stdin is not None
            assert load.stdout is not None
            try:
                if load.stdout.readline().strip() != "connected":
                    raise Trouble(f"{server.name}: not everybody could connect")
                connected_mib = processes.resident_mib()
                cpu, busy, own = processes.cpu_s(), machine_busy_s(), _children_cpu_s(load.pid)
                load.stdin.write("\n")
                load.stdin.flush()
                if load.wait(options.seconds + _CONNECT_S):
                    raise Trouble(f"{server.name}: the load failed")
            finally:
                load.kill()
        notes = json.loads(out.read_text())
        spent = processes.cpu_s() - cpu
        total_s = notes["took_s"] + _WARM_UP_S
        others = max(machine_busy_s() - busy - spent - own, 0.0) / total_s
        cuts = statistics.quantiles(notes["seen_s"], n=100)
        return Figures(
            p50_ms=statistics.median(notes["seen_s"]) * 1000,
            p99_ms=cuts[98] * 1000,
            answered_ms=statistics.median(notes["answered_s"] or [0.0]) * 1000,
            per_s=notes["sent"] / notes["took_s"],
            cpu_us=spent * 1e6 / (notes["sent"] + warm_up),
            kib_a_person=(connected_mib - before_mib) * 1024 / options.people,
            others_cores=others,
            lost=notes["lost"],
            doubled=notes["doubled"],
            refused=notes["refused"],
            unanswered=notes["unanswered"],
        )


def _children_cpu_s(pid: int) -> float:
    """What the load has cost until now; the rest of its cost counts as others'."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / 100


def medians(rounds: list[Figures]) -> Figures:
    return Figures(
        **{one.name: statistics.median(getattr(r, one.name) for r in rounds) for one in fields(Figures)}
    )


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench-chat", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--people", type=int, default=2000)
    parser.add_argument("--rate", type=float, default=500)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--only", default="", help="of ringback, prosody, prosody-archive")
    return parser.parse_args()


def main() -> None:
    options = parse()
    options.people -= options.people % 2
    chosen = [name for name in options.only.split(",") if name] or list(SERVERS)
    missing = prosody_missing() if any(name.startswith("prosody") for name in chosen) else ""
    if missing:
        print(f"bench-chat: {missing}", file=sys.stderr)
        chosen = [name for name in chosen if not name.startswith("prosody")]
    many_files(options.people * 2)
    found: dict[str, list[Figures]] = {name: [] for name in chosen}
    with tempfile.TemporaryDirectory(prefix="bench-chat-") as folder:
        for number in range(options.rounds):
            for name in chosen:
                server = SERVERS[name]()
                figures = one_round(server, Path(folder) / f"{name}-{number}", options)
                found[name].append(figures)
                print(figures.line(server.name), flush=True)
    middle = {name: medians(rounds) for name, rounds in found.items()}
    print("medians")
    for name, figures in middle.items():
        print(figures.line(name))
    ours = middle.get("ringback")
    for name, figures in middle.items():
        if ours is not None and name != "ringback":
            print(
                f"ringback / {name}: p50 {ours.p50_ms / figures.p50_ms:.2f},"
                f" p99 {ours.p99_ms / figures.p99_ms:.2f}, CPU {ours.cpu_us / figures.cpu_us:.2f},"
                f" memory {ours.kib_a_person / figures.kib_a_person:.2f}"
            )


if __name__ == "__main__":
    try:
        main()
    except Trouble as trouble:
        sys.exit(f"bench-chat: {trouble}")

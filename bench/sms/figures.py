"""What one round shows: the load's records joined with the sink's, and the table at the end."""

from __future__ import annotations

import statistics
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

from bench.sms.load import RECORD

SINK_RECORD = struct.Struct("<IIQ")


@dataclass(frozen=True, slots=True)
class Figures:
    """One round. Latencies from sending the request to the submit_sm at the sink.

    others_cores: how many cores' worth of CPU other programs took meanwhile.
    """

    accepted: int
    refused: int
    accepted_per_s: float
    submitted_per_s: float
    p50_ms: float
    p99_ms: float
    cpu_us: float
    sink_cpu_us: float
    resident_mib: float
    lost: int
    duplicated: int
    others_cores: float


@dataclass(frozen=True, slots=True)
class Spent:
    """CPU seconds in a round, its length, and the gateway's memory."""

    gateway_s: float
    sink_s: float
    others_s: float
    elapsed_s: float
    resident_mib: float


def joined(load: bytes, sink: bytes, spent: Spent) -> Figures:
    """load and sink: whole records of one round, of the same clock. At least one text must have arrived."""
    first: dict[int, int] = {}
    copies = 0
    sent: dict[int, int] = {}
    accepted, refused, last_answer_ns = set[int](), 0, 0
    for number, status, batch, sent_ns, answered_ns in RECORD.iter_unpack(load):
        texts = range(number, number + batch)
        sent.update(dict.fromkeys(texts, sent_ns))
        if 200 <= status < 300:
            accepted.update(texts)
            last_answer_ns = max(last_answer_ns, answered_ns)
        else:
            refused += batch
    for number, _, at_ns in SINK_RECORD.iter_unpack(sink):
        if number in sent:
            copies += number in first
            first.setdefault(number, at_ns)
    begin_ns = min(sent.values())
    latencies = sorted((at_ns - sent[number]) / 1e6 for number, at_ns in first.items())
    return Figures(
        accepted=len(accepted),
        refused=refused,
        accepted_per_s=len(accepted) * 1e9 / (last_answer_ns - begin_ns),
        submitted_per_s=len(first) * 1e9 / (max(first.values()) - begin_ns),
        p50_ms=latencies[len(latencies) // 2],
        p99_ms=latencies[len(latencies) * 99 // 100],
        cpu_us=spent.gateway_s * 1e6 / len(first),
        sink_cpu_us=spent.sink_s * 1e6 / len(first),
        resident_mib=spent.resident_mib,
        lost=len(accepted - first.keys()),
        duplicated=copies,
        others_cores=spent.others_s / spent.elapsed_s,
    )


def medians(rounds: Sequence[Figures]) -> Figures:
    """Field by field; what was lost, duplicated or refused is added up."""
    added = {"lost", "duplicated", "refused", "accepted"}
    return Figures(**{
        field.name: sum(values) if field.name in added else statistics.median(values)
        for field in fields(Figures)
        for values in ([getattr(one, field.name) for one in rounds],)
    })  # fmt: skip


HEADING = (
    f"{'':<24}{'accepted/s':>11}{'at SMSC/s':>11}{'p50 ms':>8}{'p99 ms':>8}{'CPU us':>8}"
    f"{'sink us':>8}{'MiB':>6}{'refused':>8}{'lost':>6}{'twice':>6}{'others':>8}"
)


def line(name: str, one: Figures) -> str:
    return (
        f"{name:<24}{one.accepted_per_s:>11,.0f}{one.submitted_per_s:>11,.0f}{one.p50_ms:>8.1f}"
        f"{one.p99_ms:>8.1f}{one.cpu_us:>8.0f}{one.sink_cpu_us:>8.0f}{one.resident_mib:>6.0f}"
        f"{one.refused:>8}{one.lost:>6}{one.duplicated:>6}{one.others_cores:>8.2f}"
    )


def ratios(ours: str, rounds: Mapping[str, Sequence[Figures]]) -> list[str]:
    """Ours against each other gateway: the median of the ratios of the rounds, which ran side by side."""
    lines = []
    for name, theirs in rounds.items():
        if name == ours or name.startswith("ringback"):
            continue
        pairs = list(zip(rounds[ours], theirs, strict=False))
        rate = statistics.median(a.submitted_per_s / b.submitted_per_s for a, b in pairs)
        cpu = statistics.median(a.cpu_us / b.cpu_us for a, b in pairs)
        lines.append(f"{ours} / {name}: {rate:.2f}x the texts a second, {cpu:.2f}x the CPU a text")
    return lines

"""Draws the state diagram and the tables of docs/calls.md from the code.

`python -m tests.unit.click_to_call.diagram` rewrites them; a test fails while they differ.
"""

from __future__ import annotations

from pathlib import Path

from engine.click_to_call.call import TRANSITIONS, CallEvent
from engine.click_to_call.models import CallStatus
from engine.click_to_call.outcome import OUTCOMES, OWN_ENDS

DOCUMENT = Path(__file__).parents[3] / "docs" / "calls.md"
ORDER = list(CallStatus)


def diagram() -> str:
    """Mermaid: each step to the nearest status ahead, and where a call can end."""
    edges: dict[tuple[CallStatus, CallStatus], list[CallEvent]] = {}
    for status, rows in TRANSITIONS.items():
        for event, to in rows.items():
            if to is not status:
                edges.setdefault((status, to), []).append(event)
    lines = ["```mermaid", "stateDiagram-v2", "    [*] --> queued"]
    for status in ORDER:
        ahead = [to for (came, to) in edges if came is status and not to.final]
        nearest = min(ahead, key=ORDER.index, default=None)
        for to in ORDER:
            events = edges.get((status, to), [])
            if events and to is nearest:
                lines.append(f"    {status} --> {to}: {', '.join(events)}")
            elif events and to.final:
                lines.append(f"    {status} --> {to}")
    return "\n".join([*lines, "```"])


def transition_table() -> str:
    """A row an event, a column an open status; empty where the event is a bug."""
    open_statuses = [status for status in ORDER if not status.final]
    lines = ["| event | " + " | ".join(open_statuses) + " | ended |", "|---" * (len(open_statuses) + 2) + "|"]
    for event in CallEvent:
        cells = [_cell(status, event) for status in open_statuses]
        ended = "stays" if event in TRANSITIONS[CallStatus.COMPLETED] else ""
        lines.append(f"| `{event}` | " + " | ".join(cells) + f" | {ended} |")
    return "\n".join(lines)


def outcome_table() -> str:
    """Leg results and our own ends to final statuses."""
    lines = ["| what decided | status | end_reason |", "|---|---|---|"]
    lines += [
        f"| leg result `{result}` | {status} | {reason} |" for result, (status, reason) in OUTCOMES.items()
    ]
    lines += [f"| the engine: `{reason}` | {status} | {reason} |" for reason, status in OWN_ENDS.items()]
    return "\n".join(lines)


PARTS = {"diagram": diagram, "transitions": transition_table, "outcomes": outcome_table}


def redrawn(document: str) -> str:
    """The document with every part between its markers drawn afresh."""
    for name, draw in PARTS.items():
        before, begin, rest = document.partition(f"<!-- {name}: drawn from the code -->\n")
        _, end, after = rest.partition(f"<!-- {name}: end -->")
        if not begin or not end:
            raise ValueError(f"docs/calls.md has no place for {name}")
        document = f"{before}{begin}{draw()}\n{end}{after}"
    return document


def _cell(status: CallStatus, event: CallEvent) -> str:
    to = TRANSITIONS[status].get(event)
    if to is None:
        return ""
    return "stays" if to is status else str(to)


if __name__ == "__main__":
    DOCUMENT.write_text(redrawn(DOCUMENT.read_text()))

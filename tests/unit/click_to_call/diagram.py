"""Draws the state diagram and the tables of docs/calls.md from the code.

`python -m tests.unit.click_to_call.diagram` rewrites them; a test fails while they differ.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from engine.click_to_call.call import TRANSITIONS, CallEvent
from engine.click_to_call.models import CallStatus
from engine.click_to_call.outcome import OUTCOMES, OWN_ENDS

DOCUMENT = Path(__file__).parents[3] / "docs" / "calls.md"
ORDER = list(CallStatus)
_OUTSIDE = (CallStatus.QUEUED, CallStatus.CONNECTED)


def diagram() -> str:
    """Mermaid: each step to the nearest status ahead, and where a call can end.

    Ends that every call has before it is connected leave the box around those statuses.
    """
    edges: dict[tuple[CallStatus, CallStatus], list[CallEvent]] = {}
    for status, rows in TRANSITIONS.items():
        for event, to in rows.items():
            if to is not status:
                edges.setdefault((status, to), []).append(event)
    boxed = [status for status in ORDER if not status.final and status not in _OUTSIDE]
    shared = [to for to in ORDER if to.final and all((status, to) in edges for status in boxed)]
    steps = {status: _step(status, edges) for status in ORDER if not status.final}
    within = [f"        {steps[status]}" for status in boxed[:-1]]
    alone = [
        f"    {status} --> {to}"
        for status, to in edges
        if to.final and not (status in boxed and to in shared)
    ]
    return "\n".join(
        [
            "```mermaid",
            "stateDiagram-v2",
            "    [*] --> queued",
            f"    {steps[CallStatus.QUEUED]}",
            '    state "not connected yet" as under_way {',
            *within,
            "    }",
            f"    {steps[boxed[-1]]}",
            *(f"    under_way --> {to}" for to in shared),
            *alone,
            "```",
        ]
    )


def _step(status: CallStatus, edges: Mapping[tuple[CallStatus, CallStatus], list[CallEvent]]) -> str:
    ahead = [to for (came, to) in edges if came is status and not to.final]
    if not ahead:
        return ""
    nearest = min(ahead, key=ORDER.index)
    return f"{status} --> {nearest}: {', '.join(edges[status, nearest])}"


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

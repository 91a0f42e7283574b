"""Plays a recorded session into the lines of a PBX as the engine would: events, and lists after a cut."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine.ami.line_legs import LegState, LineLeg
from engine.ami.lines import Lines
from tests.unit.ami import recordings

_LINK_LOST = ("AMI socket aborted", "Asterisk gone")


def legs_of(
    name: str, deliver: Callable[[dict[str, Any]], list[dict[str, Any]]] = lambda event: [event]
) -> list[LineLeg]:
    """Every change of every leg of one recording. deliver: what the lines get for a recorded event."""
    lines = Lines()
    lines.resync([], 0.0)
    found: list[LineLeg] = []
    lost = False
    action = ""
    for line in recordings.lines(name):
        data = line["data"]
        match line["dir"]:
            case "event":
                for event in deliver(data):
                    found += lines.apply(event, line["t"])
            case "action":
                action = dict(data)["Action"]
            case "note" if data.get("text") in _LINK_LOST:
                lost = True
                lines.begin_resync()
            case "reply" if lost and action == "CoreShowChannels" and isinstance(data, list):
                lost = False
                rows = [row for row in data if row.get("Event") == "CoreShowChannel"]
                found += lines.resync(rows, line["t"])
    return found


def ended(legs: list[LineLeg]) -> dict[str, LineLeg]:
    """How each endpoint's last leg ended."""
    return {leg.endpoint: leg for leg in legs if leg.state is LegState.OVER}


def states(legs: list[LineLeg], endpoint: str) -> list[LegState]:
    """What an endpoint did, repetitions left out."""
    found: list[LegState] = []
    for leg in legs:
        if leg.endpoint == endpoint and found[-1:] != [leg.state]:
            found.append(leg.state)
    return found

"""Plays a recorded session into a tracker as the running engine would: watch, events, resync, time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine.ami.tracker import CallFact, Tracker
from tests.unit.ami import recordings

_LINK_LOST = ("AMI socket aborted", "Asterisk gone")


def replay(
    name: str, deliver: Callable[[dict[str, Any]], list[dict[str, Any]]] = lambda event: [event]
) -> list[CallFact]:
    """All facts of one recording.

    deliver: what the tracker gets for a recorded event; by default the event itself.
    """
    session = _Session()
    for line in recordings.lines(name):
        session.play(line, deliver)
    session.play({"t": session.now + 3600, "dir": "note", "data": {}}, deliver)
    return session.facts


class _Session:
    """The recordings' own calls are those with a ChannelId ending in "-u"; 1… are internal extensions."""

    def __init__(self) -> None:
        self.tracker = Tracker()
        self.facts: list[CallFact] = []
        self.now = 0.0
        self._action: dict[str, str] = {}
        self._action_ids: dict[str, str] = {}
        self._lost = False
        self._rows: list[dict[str, Any]] = []

    def play(self, line: dict[str, Any], deliver: Callable[[dict[str, Any]], list[dict[str, Any]]]) -> None:
        now, data = line["t"], line["data"]
        while (due := self.tracker.next_deadline()) is not None and due <= now:
            self.facts += self.tracker.tick(due)
        self.now = now
        match line["dir"]:
            case "action":
                self._acted(dict(data), now)
            case "reply" if isinstance(data, list):
                self._answered(data, now)
            case "note" if data.get("text") in _LINK_LOST:
                self._lost = True
                self.tracker.begin_resync(now)
            case "event":
                for event in deliver(self._with_our_action_id(data)):
                    self.facts += self.tracker.apply(event, now)

    def _acted(self, action: dict[str, str], now: float) -> None:
        self._action = action
        channel_id = action.get("ChannelId", "")
        if action.get("Action") == "Originate" and channel_id.endswith("-u"):
            internal = action.get("Exten", "1").startswith("1")
            self.tracker.watch(channel_id, internal, int(action["Timeout"]), now)

    def _answered(self, reply: list[dict[str, Any]], now: float) -> None:
        action, head = self._action, reply[0]
        if action.get("Action") == "Originate":
            channel_id = action.get("ChannelId", "")
            # The engine sends ActionID = ChannelId; a repeated Originate would have another one.
            repeated = channel_id in self._action_ids.values()
            self._action_ids[head["ActionID"]] = "another" if repeated else channel_id
            if head["Response"] == "Error":
                self.tracker.forget(channel_id)
        elif self._lost and action.get("Action") in ("CoreShowChannels", "Status"):
            self._rows += [row for row in reply if row.get("Event") in ("CoreShowChannel", "Status")]
            if action["Action"] == "Status":
                self._lost = False
                self.facts += self.tracker.resync(self._rows, now)

    def _with_our_action_id(self, event: dict[str, Any]) -> dict[str, Any]:
        if event["Event"] != "OriginateResponse":
            return event
        return {**event, "ActionID": self._action_ids.get(event["ActionID"], "not ours")}

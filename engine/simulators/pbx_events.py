"""AMI events as Asterisk 22 writes them: the headers, their order, and a channel's snapshot in them.

Pure: text in, bytes out. Names and order of headers follow recordings of 22.10.1.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

STATES = {0: "Down", 4: "Ring", 5: "Ringing", 6: "Up"}
CAUSES = {
    0: "Unknown",
    1: "Unallocated (unassigned) number",
    3: "No route to destination",
    16: "Normal Clearing",
    17: "User busy",
    19: "User alerting, no answer",
    20: "Subscriber absent",
    21: "Call Rejected",
    34: "Circuit/channel congestion",
}

Headers = list[tuple[str, str]]


@dataclass(slots=True)
class Channel:
    """One channel; state as in STATES. bridge: BridgeUniqueid, "" outside one."""

    name: str
    uniqueid: str
    linkedid: str
    context: str
    exten: str
    number: str = "<unknown>"
    caller_name: str = "<unknown>"
    connected_number: str = "<unknown>"
    connected_name: str = "<unknown>"
    priority: int = 1
    state: int = 0
    bridge: str = ""
    application: str = ""
    application_data: str = ""
    created_at: float = 0.0

    def snapshot(self, prefix: str = "") -> Headers:
        """The headers every event about this channel carries."""
        values = (
            ("Channel", self.name),
            ("ChannelState", str(self.state)),
            ("ChannelStateDesc", STATES[self.state]),
            ("CallerIDNum", self.number),
            ("CallerIDName", self.caller_name),
            ("ConnectedLineNum", self.connected_number),
            ("ConnectedLineName", self.connected_name),
            ("Language", "en"),
            ("AccountCode", ""),
            ("Context", self.context),
            ("Exten", self.exten),
            ("Priority", str(self.priority)),
            ("Uniqueid", self.uniqueid),
            ("Linkedid", self.linkedid),
        )
        return [(prefix + name, _escaped(value)) for name, value in values]


def event(
    name: str, headers: Iterable[tuple[str, str]], *, at_s: float, system: str, klass: str = "call"
) -> bytes:
    """One event of a privilege class (`call`, `system`) as the wire carries it."""
    opening = (
        ("Event", name),
        ("Privilege", f"{klass},all"),
        ("Timestamp", f"{at_s:.6f}"),
        ("SystemName", system),
    )
    return lines((*opening, *headers))


def lines(headers: Iterable[tuple[str, str]]) -> bytes:
    """One message: a header a line, then an empty line."""
    return "".join(f"{name}: {value}\r\n" for name, value in (*headers,)).encode() + b"\r\n"


def dial(source: Channel | None, target: Channel, *extra: tuple[str, str]) -> Headers:
    """Headers of DialBegin, DialState and DialEnd; an Originate dials without a source."""
    return [*(source.snapshot() if source else ()), *target.snapshot("Dest"), *extra]


def bridge(uniqueid: str, channels: int, channel: Channel | None = None) -> Headers:
    """Headers of the Bridge* events. channels: how many are in it now."""
    return [
        ("BridgeUniqueid", uniqueid),
        ("BridgeType", "basic"),
        ("BridgeTechnology", "simple_bridge"),
        ("BridgeCreator", "<unknown>"),
        ("BridgeName", "<unknown>"),
        ("BridgeNumChannels", str(channels)),
        ("BridgeVideoSourceMode", "none"),
        *(channel.snapshot() if channel else ()),
    ]


def hangup(channel: Channel, cause: int, sip_code: int) -> Headers:
    """Headers of Hangup; 22 adds the SIP code where a phone or trunk gave one."""
    told = [("Cause", str(cause)), ("Cause-txt", CAUSES.get(cause, "Unknown"))]
    return [*channel.snapshot(), *told, *([("TechCause", str(sip_code))] if sip_code else [])]


def hangup_request(channel: Channel, cause: int, sip_code: int) -> Headers:
    """Headers of HangupRequest; a phone that cancels gives no cause."""
    told = [("Cause", str(cause))] if cause else []
    return [*channel.snapshot(), *told, *([("TechCause", str(sip_code))] if sip_code else [])]


def listed_channel(channel: Channel, action_id: str, age_s: float) -> Headers:
    """One row of CoreShowChannels."""
    seconds = int(age_s)
    return [
        ("Event", "CoreShowChannel"),
        ("ActionID", action_id),
        *channel.snapshot(),
        ("Application", channel.application),
        ("ApplicationData", channel.application_data),
        ("Duration", f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"),
        ("BridgeId", channel.bridge),
    ]


def channel_status(channel: Channel, action_id: str, age_s: float) -> Headers:
    """One row of Status."""
    return [
        ("Event", "Status"),
        ("Privilege", "Call"),
        *channel.snapshot(),
        ("Type", channel.name.partition("/")[0]),
        ("DNID", ""),
        ("EffectiveConnectedLineNum", _escaped(channel.connected_number)),
        ("EffectiveConnectedLineName", _escaped(channel.connected_name)),
        ("TimeToHangup", "0"),
        ("BridgeID", channel.bridge),
        ("Application", channel.application),
        ("Data", channel.application_data),
        ("Seconds", str(int(age_s))),
        ("ActionID", action_id),
    ]


def _escaped(text: str) -> str:
    """Snapshots are C-escaped."""
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("'", "\\'")

"""What every phone of one PBX is doing in calls, whoever placed them: events and channel lists in, legs out.

Pure: no socket, no clock. `now` is monotonic seconds. A leg is one channel of one PJSIP endpoint. Which
endpoint is whose, and what the legs of one person make of a call, is decided elsewhere.

Late, repeated and missing events are normal. Channels are known by uniqueid, since names are reused;
a leg keeps the Linkedid it began with, although transfers join calls. UserEvents are not read, anybody
may send one; channels of type Message are no calls.
Source: Asterisk `main/stasis_channels.c`, `main/dial.c`; recordings of 22.10.1.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import replace

from engine.ami.line_legs import (
    NOBODY,
    OUR_CALL,
    Channel,
    Event,
    LegRole,
    LegState,
    LineLeg,
    Party,
    dialled_number,
    endpoint_behind_local,
    is_call,
    known,
    listed_role,
    number_of,
    result_of,
    seconds_of,
)

#: Channels followed at once; a PBX that has more is not one of a portal, and memory has an end.
_CHANNELS = 50_000
# Late events come within seconds; at 150 calls a second these are half a minute's channels.
_GONE = 10_000
# Events kept back during a resync, 25 MB at most.
_QUEUED_EVENTS = 50_000


class Lines:
    """All phones of one PBX.

    wall_ms: turns `now` into milliseconds since the epoch; without it `now` is seconds since the epoch.
    """

    def __init__(self, wall_ms: Callable[[float], int] | None = None) -> None:
        self._wall_ms = wall_ms or (lambda now: round(now * 1000))
        self._channels: dict[str, Channel] = {}
        self._bridges: dict[str, set[str]] = {}
        self._gone: OrderedDict[str, None] = OrderedDict()  # so that a late event brings none back
        self._touched: dict[str, None] = {}  # uniqueids, in order
        self._over: list[LineLeg] = []
        self._queue: list[Event] | None = []
        #: True when events had to be dropped during a resync: begin another one.
        self.resync_incomplete = False

    def legs(self) -> list[LineLeg]:
        """Every leg there is now."""
        return [channel.told for channel in self._channels.values() if channel.told is not None]

    def apply(self, event: Event, now: float) -> list[LineLeg]:
        """The legs that one event changed, ended ones included."""
        if event.get("Event") not in LINE_EVENTS:
            return []
        if self._queue is None:
            self._take(event, self._wall_ms(now))
            return self._changes(self._wall_ms(now))
        if len(self._queue) < _QUEUED_EVENTS:
            self._queue.append(event)
        else:
            self.resync_incomplete = True
        return []

    def begin_resync(self) -> None:
        """Keep events back until `resync`: the link has come up, or is down."""
        if self._queue is None:
            self._queue = []
        self.resync_incomplete = False

    def resync(self, rows: Iterable[Event], now: float) -> list[LineLeg]:
        """Take over a complete CoreShowChannels, then the events that were kept back.

        What is not listed is over. The list was made after the link had come up, so nothing can be on
        its way that neither the list nor a kept event has.
        """
        at_ms = self._wall_ms(now)
        listed = {row["Uniqueid"]: row for row in rows if is_call(row) and row.get("Uniqueid")}
        # What hung up while the list was made tells of its end itself.
        told = {event.get("Uniqueid") for event in self._queue or () if event["Event"] == "Hangup"}
        for uniqueid in [one for one in self._channels if one not in listed and one not in told]:
            self._end(uniqueid, at_ms, None, None, inferred=True)
        for row in listed.values():
            self._see_listed(row, at_ms)
        self._find_peers_of_listed()
        queue, self._queue = self._queue or [], None
        changes = self._changes(at_ms)
        for event in queue:
            self._take(event, at_ms)
            changes += self._changes(at_ms)
        return changes

    # Events

    def _take(self, event: Event, at_ms: int) -> None:
        _HANDLERS[event["Event"]](self, event, at_ms)

    def _see(self, event: Event, at_ms: int, prefix: str = "") -> Channel | None:
        """The channel an event speaks of, noted if it is new."""
        uniqueid, name = event.get(f"{prefix}Uniqueid", ""), event.get(f"{prefix}Channel", "")
        if not uniqueid or name.startswith("Message/"):
            return None
        channel = self._channels.get(uniqueid)
        if channel is None:
            if uniqueid in self._gone or len(self._channels) >= _CHANNELS:
                return None
            linkedid = event.get(f"{prefix}Linkedid") or uniqueid
            channel = self._channels[uniqueid] = Channel(uniqueid, linkedid, name, at_ms)
        number = known(event.get(f"{prefix}CallerIDNum"))
        channel.number = number or channel.number
        channel.caller_name = known(event.get(f"{prefix}CallerIDName")) or channel.caller_name
        connected = known(event.get(f"{prefix}ConnectedLineNum"))
        if connected:
            channel.connected = Party("", connected, known(event.get(f"{prefix}ConnectedLineName")))
        self._touched[uniqueid] = None
        return channel

    def _on_newchannel(self, event: Event, at_ms: int) -> None:
        channel = self._see(event, at_ms)
        if channel is None or channel.role is not None:
            return
        if channel.uniqueid.startswith(OUR_CALL):
            channel.role = LegRole.PLACED
        elif event.get("ChannelStateDesc") == "Ring" and channel.endpoint:
            channel.role = LegRole.DIALING
            channel.exten = dialled_number(event.get("Exten", ""))
            channel.peer = Party("", channel.exten)

    def _on_newstate(self, event: Event, at_ms: int) -> None:
        channel = self._see(event, at_ms)
        if channel is not None and event.get("ChannelStateDesc") == "Up":
            self._up(channel, at_ms)

    def _on_dial_begin(self, event: Event, at_ms: int) -> None:
        target = self._see(event, at_ms, "Dest")
        source = self._see(event, at_ms)
        if target is None:
            return
        if source is None:
            target.role = target.role or LegRole.PLACED
            return
        if target.uniqueid not in source.dialled:
            source.dialled.append(target.uniqueid)
        target.dialled_by = source.uniqueid
        if target.role is None:
            ours = source.uniqueid == f"{source.linkedid};2" and source.linkedid.startswith(OUR_CALL)
            target.role = LegRole.PLACED if ours else LegRole.DIALED
        if target.role is LegRole.DIALED and target.peer == NOBODY:
            target.peer = self._caller_of(target, source)
        self._note_destination(source)

    def _on_dial_end(self, event: Event, at_ms: int) -> None:
        target = self._see(event, at_ms, "Dest")
        source = self._see(event, at_ms)
        if target is None:
            return
        status = event.get("DialStatus")
        target.dial_status = status
        if source is not None:
            if status == "ANSWER":
                self._destination_answered(source, target, at_ms)
            else:
                source.dest_end = (None, None, status)

    def _on_bridge_enter(self, event: Event, at_ms: int) -> None:
        channel, bridge = self._see(event, at_ms), event.get("BridgeUniqueid", "")
        if channel is None or not bridge:
            return
        self._leave(channel)
        channel.bridge = bridge
        members = self._bridges.setdefault(bridge, set())
        members.add(channel.uniqueid)
        for uniqueid in members:
            self._touched[uniqueid] = None
            member = self._channels[uniqueid]
            if len(members) > 1 and member.role is LegRole.PLACED and member.up:
                self._answer(member, at_ms)
                if member.peer == NOBODY:
                    member.peer = self._party(member)

    def _on_bridge_leave(self, event: Event, at_ms: int) -> None:
        channel = self._see(event, at_ms)
        if channel is not None:
            self._leave(channel)

    def _on_hold(self, event: Event, at_ms: int) -> None:
        channel = self._see(event, at_ms)
        if channel is not None:
            channel.holding = event["Event"] == "Hold"
            self._touch_bridge(channel)

    def _on_hangup_request(self, event: Event, at_ms: int) -> None:
        channel = self._see(event, at_ms)
        if channel is not None:
            channel.hangup_requested = True

    def _on_hangup(self, event: Event, at_ms: int) -> None:
        uniqueid = event.get("Uniqueid", "")
        if uniqueid in self._channels:
            self._end(uniqueid, at_ms, number_of(event.get("Cause")), number_of(event.get("TechCause")))

    # What events mean

    def _up(self, channel: Channel, at_ms: int) -> None:
        channel.up = True
        if channel.role in (LegRole.DIALED, LegRole.DIALING):
            self._answer(channel, at_ms)

    def _answer(self, channel: Channel, at_ms: int) -> None:
        if not channel.answered:
            channel.answered = True
            channel.answered_ms = at_ms

    def _destination_answered(self, source: Channel, target: Channel, at_ms: int) -> None:
        source.dest_end = None
        self._note_destination(source, target)
        if source.role is LegRole.PLACED:
            self._answer(source, at_ms)

    def _note_destination(self, source: Channel, answered: Channel | None = None) -> None:
        """Whom a caller reaches: who answered, else the one phone that was dialled."""
        if source.role is LegRole.DIALED or source.answered:
            return  # a transfer dials from here too, and changes nothing of how the call began
        if answered is None and len(source.dialled) > 1:
            source.peer = replace(source.peer, endpoint="", name="")
            return
        target = answered or self._channels.get(source.dialled[-1])
        if target is not None:
            number = source.peer.number or target.number or source.connected.number
            name = target.caller_name if target.endpoint else source.connected.name
            source.peer = Party(target.endpoint, number, name)

    def _caller_of(self, target: Channel, source: Channel) -> Party:
        """Who calls: the phone the call came from, with the number and name that the called one shows."""
        first = self._channels.get(target.linkedid, source)
        endpoint = source.endpoint or first.endpoint or endpoint_behind_local(first.name)
        shown = target.connected if target.connected.number else source.connected
        if source.endpoint or not shown.number:
            shown = Party("", target.connected.number or source.number, "")
        name = target.connected.name or source.caller_name
        return Party(endpoint, shown.number, name)

    def _leave(self, channel: Channel) -> None:
        members = self._bridges.get(channel.bridge)
        if members is not None:
            self._touch_bridge(channel)
            members.discard(channel.uniqueid)
            if not members:
                del self._bridges[channel.bridge]
        channel.bridge = ""

    def _touch_bridge(self, channel: Channel) -> None:
        for uniqueid in self._bridges.get(channel.bridge, ()):
            self._touched[uniqueid] = None

    def _others(self, channel: Channel) -> list[Channel]:
        """Who is in the same bridge."""
        members = self._bridges.get(channel.bridge, set())
        return [self._channels[uniqueid] for uniqueid in members if uniqueid != channel.uniqueid]

    def _end(
        self, uniqueid: str, at_ms: int, cause: int | None, sip_code: int | None, *, inferred: bool = False
    ) -> None:
        channel = self._channels[uniqueid]
        self._leave(channel)
        self._touched.pop(uniqueid, None)
        source = self._channels.get(channel.dialled_by)
        if source is not None and not channel.answered and channel.dial_status != "ANSWER" and not inferred:
            source.dest_end = (cause, sip_code, channel.dial_status)
        if channel.role is not None and channel.endpoint:
            beside = not inferred and self._answered_beside(channel)
            result = result_of(channel, cause, sip_code, answered_beside=beside, inferred=inferred)
            channel.told = None  # so that the leg below is made afresh
            leg = self._leg(channel)
            self._over.append(
                replace(
                    leg,
                    state=LegState.OVER,
                    result=result,
                    inferred=inferred,
                    ended_ms=None if inferred else at_ms,
                )
            )
        del self._channels[uniqueid]
        self._gone[uniqueid] = None
        if len(self._gone) > _GONE:
            self._gone.popitem(last=False)

    def _answered_beside(self, channel: Channel) -> bool:
        """Whether another phone that was dialled together with this one has answered."""
        source = self._channels.get(channel.dialled_by)
        if source is None:
            return False
        beside = (self._channels.get(uniqueid) for uniqueid in source.dialled)
        return any(other is not None and other.answered for other in beside)

    # Lists

    def _see_listed(self, row: Event, at_ms: int) -> None:
        was_known = row["Uniqueid"] in self._channels
        channel = self._see(row, at_ms)
        if channel is None:
            return
        state = row.get("ChannelStateDesc", "")
        if not was_known:
            channel.started_ms = at_ms - 1000 * seconds_of(row.get("Duration", ""))
            channel.role = listed_role(channel, row, state)
            channel.exten = dialled_number(row.get("Exten", "")) if channel.role is LegRole.DIALING else ""
        self._leave(channel)
        bridge = row.get("BridgeId") or row.get("BridgeID") or ""
        if bridge:
            channel.bridge = bridge
            self._bridges.setdefault(bridge, set()).add(channel.uniqueid)
        if state == "Up":
            channel.up = True
            if not channel.answered and (channel.role is not LegRole.PLACED or bridge):
                channel.answered = True  # when, nobody saw

    def _find_peers_of_listed(self) -> None:
        """Who talks to whom, for channels that were never seen to dial."""
        for channel in self._channels.values():
            if channel.role is None or channel.peer != NOBODY or not channel.endpoint:
                continue
            shown = channel.connected
            if channel.role is LegRole.DIALED:
                first = self._channels.get(channel.linkedid)
                endpoint = "" if first is None else first.endpoint or endpoint_behind_local(first.name)
                number = shown.number or (first.number if first is not None else "")
                channel.peer = Party(endpoint, number, shown.name)
            else:
                others = [other for other in self._others(channel) if other.endpoint]
                endpoint = others[0].endpoint if len(others) == 1 else ""
                channel.peer = Party(endpoint, channel.exten or shown.number, shown.name)

    # Legs

    def _changes(self, at_ms: int) -> list[LineLeg]:
        found: list[LineLeg] = []
        for uniqueid in self._touched:
            channel = self._channels.get(uniqueid)
            if channel is None or channel.role is None or not channel.endpoint:
                continue
            before, leg = channel.told, self._leg(channel)
            if leg != before:
                channel.told = leg
                found.append(leg)
        self._touched.clear()
        found += self._over
        self._over = []
        return found

    def _leg(self, channel: Channel) -> LineLeg:
        assert channel.role is not None  # checked by the callers
        return LineLeg(
            uniqueid=channel.uniqueid,
            linkedid=channel.linkedid,
            endpoint=channel.endpoint,
            role=channel.role,
            state=self._state(channel),
            peer=channel.peer,
            party=self._party(channel),
            started_ms=channel.started_ms,
            answered=channel.answered,
            answered_ms=channel.answered_ms,
        )

    def _state(self, channel: Channel) -> LegState:
        if channel.answered:
            held = channel.holding or any(other.holding for other in self._others(channel))
            return LegState.HELD if held else LegState.TALKING
        if channel.role is LegRole.DIALING or channel.up:
            return LegState.DIALING
        return LegState.RINGING

    def _party(self, channel: Channel) -> Party:
        others = [other for other in self._others(channel) if other.endpoint]
        if len(others) == 1:
            same = others[0].endpoint == channel.peer.endpoint
            channel.party = channel.peer if same else _party_at(others[0])
        return channel.party or channel.peer


def _party_at(channel: Channel) -> Party:
    return Party(channel.endpoint, channel.number, channel.caller_name)


_HANDLERS: dict[str, Callable[[Lines, Event, int], None]] = {
    "Newchannel": Lines._on_newchannel,
    "Newstate": Lines._on_newstate,
    "DialBegin": Lines._on_dial_begin,
    "DialEnd": Lines._on_dial_end,
    "BridgeEnter": Lines._on_bridge_enter,
    "BridgeLeave": Lines._on_bridge_leave,
    "Hold": Lines._on_hold,
    "Unhold": Lines._on_hold,
    "HangupRequest": Lines._on_hangup_request,
    "Hangup": Lines._on_hangup,
}

#: The events that tell of phones in calls; all of them are tracked for our own calls as well.
LINE_EVENTS = frozenset(_HANDLERS)

"""AMI events and channel lists of one call, turned into what they mean for its legs.

Pure. Late, repeated and missing events are normal: a channel that has hung up is never taken
up again, a stage is never left backwards. UserEvents never get here, anybody may send one.
Source: Asterisk `main/stasis_channels.c`, `main/core_local.c`; recordings of 22.10.1.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from engine.ami.facts import CallFact, FactKind, LegResult
from engine.ami.legs import CallLegs, LegState, Stage

Event = Mapping[str, str]

# Not causes but flags of channel.h: it shuts down, a time limit is over, somebody at the console
# hung up. The others (16: the dialplan came to its end) follow what somebody did.
_ENDED_BY_PBX = frozenset({"4", "8", "32"})


class TrackedCall(CallLegs):
    """One call of ours; every method returns the facts that have become known."""

    __slots__ = ()

    def apply(self, name: str, event: Event, now: float, at_ms: int) -> list[CallFact]:
        """One event that concerns this call; name is its Event header."""
        self.at_ms = at_ms
        handler = _HANDLERS.get(name)
        if handler is not None and not self._is_over(name, event):
            handler(self, event, now)
        return self.take_facts()

    def tick(self, now: float, at_ms: int) -> list[CallFact]:
        """Decide what no event has decided by the deadline."""
        self.at_ms = at_ms
        if self.deadline is not None and now >= self.deadline and self.awaits_reason:
            self.settle_leg_a(LegResult.UNKNOWN)  # its Hangup was read; only the reason is missing
        return self.take_facts()

    def never_appeared(self, at_ms: int, result: LegResult) -> list[CallFact]:
        """No channel came in time, or a channel list did not have one."""
        self.at_ms, self.inferring = at_ms, True
        self.refuse(result)
        self.inferring = False
        return self.take_facts()

    def channels_lost(self, uniqueids: Iterable[str], now: float, at_ms: int) -> list[CallFact]:
        """These channels ended while nobody listened: no cause will ever be known."""
        self.at_ms, self.inferring = at_ms, True
        for uniqueid in uniqueids:
            if uniqueid in self.live:
                self.channel_gone(uniqueid, None, None, now)
        self.inferring = False
        return self.take_facts()

    def reconcile(self, rows: Iterable[Event], at_ms: int) -> list[CallFact]:
        """Take over what CoreShowChannels or Status rows say of this call; only ever forward."""
        self.at_ms = at_ms
        # Leg a first: what the others are depends on it.
        ordered = sorted(rows, key=lambda row: row["Uniqueid"] != self.channel_id)
        if self.ended:
            if self.created or not ordered:
                return []
            self._reopen()
        for row in ordered:
            self.see(row["Uniqueid"], row.get("Channel", ""))
            if row["Uniqueid"] in self.live:
                self.live[row["Uniqueid"]].bridge = row.get("BridgeId") or row.get("BridgeID") or ""
        for row in ordered:
            self._guess_role(row["Uniqueid"], row)
            self.channel_state(row["Uniqueid"], row.get("ChannelStateDesc", ""))
        self.check_bridge()
        return self.take_facts()

    def _guess_role(self, uniqueid: str, row: Event) -> None:
        """Which part an unknown channel of a list plays; who dialled it is no longer told."""
        known = self.candidates | self.devices | {self.a.channel, self.far_half}
        if uniqueid in known or uniqueid not in self.live:
            return
        far = self.live.get(self.far_half)
        behind_local = far is not None and far.bridge and far.bridge == self.live[uniqueid].bridge
        if behind_local or (self.near_name and self.a.stage < Stage.ANSWERED):
            self.devices.add(uniqueid)
        elif row.get("Application") == "AppDial" and not self.b.answered:  # the called end of a Dial
            self.candidates.add(uniqueid)
            self.advance(self.b, Stage.DIALING, uniqueid)

    def _is_over(self, name: str, event: Event) -> bool:
        """After the end only a channel never seen before, with our id, may open the call again."""
        if not self.ended:
            return False
        if name != "Newchannel" or event.get("Uniqueid") != self.channel_id or self.channel_id in self.gone:
            return True
        self._reopen()
        return False

    def _reopen(self) -> None:
        self.ended = False
        self.a = LegState("a")

    # Handlers, one an event

    def _on_newchannel(self, event: Event, now: float) -> None:
        self.see(event.get("Uniqueid", ""), event.get("Channel", ""))

    def _on_newstate(self, event: Event, now: float) -> None:
        uniqueid = event.get("Uniqueid", "")
        self.see(uniqueid, event.get("Channel", ""))
        self.channel_state(uniqueid, event.get("ChannelStateDesc", ""))

    def _on_dial_begin(self, event: Event, now: float) -> None:
        source, target = event.get("Uniqueid", ""), event.get("DestUniqueid", "")
        self.see(source, event.get("Channel", ""))
        self.see(target, event.get("DestChannel", ""))
        if target not in self.live:
            return
        if target == self.a.channel:
            self.dialed_at = self.dialed_at or now
            self.advance(self.a, Stage.DIALING, target)
        elif source == self.a.channel and not self.b.answered:
            self.candidates.add(target)
            if self.first_to_end == "b":
                self.first_to_end = None  # the dialplan tries elsewhere
            self.advance(self.b, Stage.DIALING, target)
        elif source and source == self.far_half:
            self.devices.add(target)

    def _on_dial_state(self, event: Event, now: float) -> None:
        target = event.get("DestUniqueid", "")
        leg = self.leg_rung_on(target)
        if leg is None or target not in self.live:
            return
        match event.get("DialStatus"):
            case "RINGING":
                self.advance(leg, Stage.RINGING, target)
            case "PROGRESS" if not leg.early_media and leg.stage < Stage.ANSWERED:
                leg.early_media = True
                self.emit(FactKind.LEG_EARLY_MEDIA, leg, target)

    def _on_dial_end(self, event: Event, now: float) -> None:
        target, status = event.get("DestUniqueid", ""), event.get("DialStatus", "")
        if target in self.live:
            self.live[target].dial_status = status
        leg = self.leg_rung_on(target)
        if status == "ANSWER":
            self.channel_state(target, "Up")
        elif leg is not None and leg.stage < Stage.ANSWERED and self.first_to_end is None:
            # A cancelled dial is the other side's doing.
            self.first_to_end = "a" if status == "CANCEL" else leg.name

    def _on_bridge_enter(self, event: Event, now: float) -> None:
        uniqueid = event.get("Uniqueid", "")
        self.see(uniqueid, event.get("Channel", ""))
        channel = self.live.get(uniqueid)
        if channel is None:
            return
        channel.bridge = event.get("BridgeUniqueid", "")
        leg = self.leg_rung_on(uniqueid)
        if leg is not None:
            leg.was_bridged = True
            other = self.b if leg is self.a else self.a
            if other.stage is Stage.ENDED and self.first_to_end is None:
                self.first_to_end = other.name  # transferred away: this leg goes on without it
            self.first_to_leave = None
            self.channel_state(uniqueid, "Up")
        self.check_bridge()

    def _on_bridge_leave(self, event: Event, now: float) -> None:
        uniqueid = event.get("Uniqueid", "")
        channel = self.live.get(uniqueid)
        if channel is None:
            return
        channel.bridge = ""
        leg = self.leg_of_person_on(uniqueid)
        if leg is not None and self.first_to_leave is None:
            self.first_to_leave = leg.name

    def _on_hangup_request(self, event: Event, now: float) -> None:
        uniqueid = event.get("Uniqueid", "")
        self.device_refused(uniqueid, _number(event.get("Cause")), _number(event.get("TechCause")))
        leg = self.leg_of_person_on(uniqueid)
        if leg is not None:
            leg.hangup_requested = True
            self.first_to_end = self.first_to_end or leg.name

    def _on_soft_hangup_request(self, event: Event, now: float) -> None:
        """Asterisk's own wish to end a channel; phones and AMI actions cause HangupRequest."""
        ends = event.get("Cause") in _ENDED_BY_PBX and self.leg_of_person_on(event.get("Uniqueid", ""))
        if ends and self.first_to_end is None and self.first_to_leave is None:
            self.first_to_end = "pbx"

    def _on_hangup(self, event: Event, now: float) -> None:
        uniqueid = event.get("Uniqueid", "")
        if uniqueid == self.channel_id:
            self.see(uniqueid, event.get("Channel", ""))
        if uniqueid in self.live:
            cause, sip_code = _number(event.get("Cause")), _number(event.get("TechCause"))
            self.channel_gone(uniqueid, cause, sip_code, now)

    def _on_hold(self, event: Event, now: float) -> None:
        leg = self.leg_of_person_on(event.get("Uniqueid", ""))
        if leg is not None and leg.answered and not leg.held:
            leg.held = True
            self.emit(FactKind.HELD, leg, leg.channel)

    def _on_unhold(self, event: Event, now: float) -> None:
        leg = self.leg_of_person_on(event.get("Uniqueid", ""))
        if leg is not None and leg.held:  # transfers send Unhold to legs that were never held
            leg.held = False
            self.emit(FactKind.UNHELD, leg, leg.channel)

    def _on_originate_response(self, event: Event, now: float) -> None:
        if event.get("Response") == "Failure":
            self.originate_failed(_number(event.get("Reason")) or 0)

    def _on_local_bridge(self, event: Event, now: float) -> None:
        for side in ("LocalOne", "LocalTwo"):
            self.see(event.get(f"{side}Uniqueid", ""), event.get(f"{side}Channel", ""))

    def _on_local_optimization(self, event: Event, now: float) -> None:
        """A Local channel is about to vanish; a leg on one of its halves moves to the real channel."""
        halves = (event.get("LocalOneUniqueid", ""), event.get("LocalTwoUniqueid", ""))
        for half, other in (halves, halves[::-1]):
            leg = self.leg_rung_on(half)
            if leg is None or leg.channel != half:
                continue
            real = event.get("SourceUniqueid", "")
            if real not in self.live or self.is_leg_channel(real):
                real = self.bridged_with(other)
            if real:
                leg.channel = real
                self.devices.discard(real)
                if leg is self.b:
                    self.candidates.add(real)

    def _on_transfer(self, event: Event, now: float) -> None:
        for part in ("Transferee", "TransferTarget"):
            self.see(event.get(f"{part}Uniqueid", ""), event.get(f"{part}Channel", ""))
        if event.get("Result") == "Success" and self.first_to_end is None:
            for part in ("Transferer", "OrigTransferer", "SecondTransferer"):
                leg = self.leg_of_person_on(event.get(f"{part}Uniqueid", ""))
                if leg is not None:
                    self.first_to_end = leg.name  # the others go on; its channel may yet be the last to go


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 6 else None


_HANDLERS = {
    "Newchannel": TrackedCall._on_newchannel,
    "Newstate": TrackedCall._on_newstate,
    "DialBegin": TrackedCall._on_dial_begin,
    "DialState": TrackedCall._on_dial_state,
    "DialEnd": TrackedCall._on_dial_end,
    "BridgeEnter": TrackedCall._on_bridge_enter,
    "BridgeLeave": TrackedCall._on_bridge_leave,
    "HangupRequest": TrackedCall._on_hangup_request,
    "SoftHangupRequest": TrackedCall._on_soft_hangup_request,
    "Hangup": TrackedCall._on_hangup,
    "Hold": TrackedCall._on_hold,
    "Unhold": TrackedCall._on_unhold,
    "OriginateResponse": TrackedCall._on_originate_response,
    "LocalBridge": TrackedCall._on_local_bridge,
    "LocalOptimizationBegin": TrackedCall._on_local_optimization,
    "AttendedTransfer": TrackedCall._on_transfer,
    "BlindTransfer": TrackedCall._on_transfer,
}

#: The events a tracker wants; everything else may be skipped unparsed.
TRACKED_EVENTS = frozenset(_HANDLERS)

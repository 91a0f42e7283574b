"""One call's legs: which channel is which, how far each has come, and how it ended.

Pure and free of AMI: `tracked_call.py` reads the events and says here what they mean. Channels
are known by uniqueid only, since names are reused.

Leg a is the channel whose Uniqueid is our ChannelId. With a Local channel (flows "all
devices" and "accept prompt") that is its near half ";1"; the far half ";2" dials the user's
devices, which are told apart from leg b by who dialled them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

from engine.ami.actions import ACCEPT_CONTEXT
from engine.ami.facts import (
    NORMAL_CLEARING,
    REASON_NO_ANSWER,
    CallFact,
    Ender,
    FactKind,
    Leg,
    LegResult,
    result_by_cause,
    unanswered_result,
)

# Asterisk 16 says of an unanswered leg a only in the OriginateResponse that it was not
# answered; that comes within milliseconds of the Hangup, before or after it.
REASON_GRACE_S = 1.0
# Our timer starts a little before Asterisk's.
_TIMER_SLACK_S = 0.5
# A conference shares one Linkedid; beyond this its members are not followed.
_CHANNELS_PER_CALL = 256


class Stage(IntEnum):
    """How far a leg has come; it never goes back."""

    NONE = 0
    CREATED = 1
    DIALING = 2
    RINGING = 3
    ANSWERED = 4
    ENDED = 5


@dataclass(slots=True)
class Channel:
    """A channel of the call that is up; bridge: the BridgeUniqueid it is in."""

    bridge: str = ""
    dial_status: str | None = None


@dataclass(slots=True)
class LegState:
    """One leg; channel: the uniqueid it is on, for leg b the last one tried until one answers."""

    name: Leg
    channel: str = ""
    stage: Stage = Stage.NONE
    answered: bool = False
    early_media: bool = False
    held: bool = False
    hangup_requested: bool = False
    was_bridged: bool = False
    cause: int | None = None
    sip_code: int | None = None
    dial_status: str | None = None


@dataclass(slots=True)
class CallLegs:
    """Both legs and every channel of one call; what changes is collected as facts."""

    channel_id: str
    destination_is_device: bool
    leg_a_timeout_s: float
    watched_at: float
    ended: bool = False
    created: bool = False
    live: dict[str, Channel] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    #: When something must be decided without an event; None while nothing waits.
    deadline: float | None = None
    a: LegState = field(default_factory=lambda: LegState("a"))
    b: LegState = field(default_factory=lambda: LegState("b"))
    candidates: set[str] = field(default_factory=set)  # channels that leg a dialled
    devices: set[str] = field(default_factory=set)  # channels that ring leg a behind a Local channel
    near_name: str = ""  # name of leg a's Local channel without its ";1"
    far_half: str = ""
    device_refusals: dict[int, int] = field(default_factory=dict)  # the SIP code by its cause
    dialed_at: float = 0.0
    originate_reason: int | None = None
    first_to_end: Ender | None = None  # asked for a hang-up, or failed
    first_to_leave: Leg | None = None  # its bridge
    first_gone: Leg | None = None
    awaits_reason: bool = False  # leg a is gone, and only the OriginateResponse can say why
    prompting: bool = False
    connected: bool = False
    facts: list[CallFact] = field(default_factory=list)
    at_ms: int = 0
    inferring: bool = False  # whether what is decided now was told by no event

    # Who is who

    def see(self, uniqueid: str, name: str) -> None:
        """A channel belongs to the call; ours creates it."""
        if not uniqueid or uniqueid in self.gone or name.startswith("Message/"):
            return
        if uniqueid not in self.live:
            if len(self.live) + len(self.gone) >= _CHANNELS_PER_CALL:
                return
            self.live[uniqueid] = Channel()
        if uniqueid == self.channel_id and not self.created:
            self.created = True
            if name.startswith("Local/") and name.endswith(";1"):
                self.near_name = name[:-2]
            self.advance(self.a, Stage.CREATED, uniqueid)
        # Asterisk names the far half's id after ours if we give it none.
        if name.endswith(";2") and (name[:-2] == self.near_name or uniqueid == f"{self.channel_id};2"):
            self.far_half = uniqueid

    def leg_rung_on(self, uniqueid: str) -> LegState | None:
        """The leg this channel is, or would be if it answered."""
        if uniqueid and uniqueid == self.a.channel:
            return self.a
        if self.b.answered:
            return self.b if uniqueid == self.b.channel else None
        return self.b if uniqueid in self.candidates else None

    def leg_of_person_on(self, uniqueid: str) -> LegState | None:
        """The leg whose person is at this channel, the user's devices included."""
        return self.a if uniqueid in self.devices else self.leg_rung_on(uniqueid)

    def is_leg_channel(self, uniqueid: str) -> bool:
        return uniqueid in (self.a.channel, self.b.channel)

    def bridged_with(self, uniqueid: str) -> str:
        """A channel in the same bridge that is no leg and not leg a's own far half, or nothing."""
        channel = self.live.get(uniqueid)
        if channel is None or not channel.bridge:
            return ""
        for other, state in self.live.items():
            if other in (uniqueid, self.far_half) or self.is_leg_channel(other):
                continue
            if state.bridge == channel.bridge:
                return other
        return ""

    # How far a leg has come

    def advance(self, leg: LegState, stage: Stage, uniqueid: str) -> None:
        if leg.stage < stage:
            leg.stage = stage
            if not leg.answered:
                leg.channel = uniqueid
            self.emit(_STAGE_FACTS[stage], leg, uniqueid)

    def channel_state(self, uniqueid: str, state: str) -> None:
        """state: ChannelStateDesc; only Ringing and Up tell anything."""
        if uniqueid not in self.live:
            return
        if uniqueid in self.devices:
            if state == "Up":
                self._device_answered(uniqueid)
            return
        leg = self.leg_rung_on(uniqueid)
        if leg is None:
            return
        if state == "Ringing":
            self.advance(leg, Stage.RINGING, uniqueid)
        elif state == "Up" and leg.stage < Stage.ANSWERED:
            leg.answered = True
            leg.channel = uniqueid
            # What failed or gave up before was another device or another trunk.
            self.first_to_end = None
            self.a.hangup_requested = False
            self.advance(leg, Stage.ANSWERED, uniqueid)

    def check_bridge(self) -> None:
        """Whether both legs share a bridge; a stranger met there becomes leg b if there is none."""
        a = self.live.get(self.a.channel)
        if a is None or not a.bridge or self.connected or not self.a.answered:
            return
        if not self.b.answered:
            partner = self.bridged_with(self.a.channel)
            if not partner:
                return
            self.candidates.add(partner)
            self.channel_state(partner, "Up")
        b = self.live.get(self.b.channel)
        if b is not None and b.bridge == a.bridge:
            self.connected = True
            self.emit(FactKind.CONNECTED, None, self.b.channel)

    def _device_answered(self, uniqueid: str) -> None:
        asks_first = f"@{ACCEPT_CONTEXT}-" in self.near_name
        if asks_first and not self.prompting and self.a.stage < Stage.ANSWERED:
            self.prompting = True
            self.emit(FactKind.PROMPTING, self.a, uniqueid)

    # How it ends

    def device_refused(self, uniqueid: str, cause: int | None, sip_code: int | None) -> None:
        """A phone behind the Local channel wants to end before anybody answered it, and says why.

        Its Hangup would be too late to ask: on a busy machine it comes after the Local channel's.
        """
        channel = self.live.get(uniqueid) if uniqueid in self.devices else None
        if channel is not None and channel.dial_status is None and cause and sip_code:
            self.device_refusals[cause] = sip_code

    def refuse(self, result: LegResult) -> None:
        """No channel ever came: the call is over."""
        if not self.ended and not self.created:
            self.ended = True
            self.a.stage = Stage.ENDED
            self.emit(FactKind.ORIGINATE_REFUSED, self.a, "", result=result)
            self.emit(FactKind.CALL_ENDED, None, "")

    def channel_gone(self, uniqueid: str, cause: int | None, sip_code: int | None, now: float) -> None:
        """A live channel has hung up. sip_code: what Asterisk names with the cause, if anything."""
        channel = self.live.pop(uniqueid)
        self.gone.add(uniqueid)
        if channel.dial_status in (None, "ANSWER", "CANCEL"):
            # Nobody refused: the code is Asterisk's translation of the cause, and no phone sent it.
            sip_code = None
        leg = self.leg_rung_on(uniqueid)
        if leg is not None:
            if not self.inferring and self.first_gone is None:
                self.first_gone = leg.name
            leg.cause, leg.sip_code, leg.dial_status = cause or None, sip_code, channel.dial_status
            if leg.answered:
                self._end(leg, LegResult.ANSWERED)
            elif leg is self.a:
                self._unanswered_leg_a_gone(now)
            else:
                leg.channel = uniqueid
        self._settle_leg_b()
        self._finish_call()

    def originate_failed(self, reason: int) -> None:
        """The OriginateResponse: Reason is believed for "no answer" only."""
        self.originate_reason = reason
        if not self.created:
            self.refuse(LegResult.UNREACHABLE)
        elif self.awaits_reason:
            self.settle_leg_a(LegResult.NO_ANSWER if reason == REASON_NO_ANSWER else LegResult.UNKNOWN)

    def settle_leg_a(self, result: LegResult) -> None:
        self.awaits_reason = False
        self.deadline = None
        self._end(self.a, result)
        self._finish_call()

    def _unanswered_leg_a_gone(self, now: float) -> None:
        a = self.a
        # The Local channel hides the SIP codes of the phones behind it.
        a.sip_code = a.sip_code or self.device_refusals.get(a.cause or 0)
        result = unanswered_result(a.cause, a.sip_code, a.dial_status, is_device=True)
        if a.dial_status == "NOANSWER" and (
            a.cause == NORMAL_CLEARING or (a.cause is None and not self.near_name)
        ):
            # Asterisk ends its own ringing without a DialEnd: this was a hang-up from our side.
            result = LegResult.CANCELED
        timed_out = now >= (self.dialed_at or self.watched_at) + self.leg_a_timeout_s - _TIMER_SLACK_S
        if result is None and self.first_to_end == "pbx":
            result = LegResult.CANCELED
        if result is None and (
            self.originate_reason == REASON_NO_ANSWER or (timed_out and not self.inferring)
        ):
            result = LegResult.NO_ANSWER
        if result is None and not self.inferring and self.originate_reason is None:
            self.awaits_reason = True
            self.deadline = now + REASON_GRACE_S
        else:
            self.settle_leg_a(result or LegResult.UNKNOWN)

    def _settle_leg_b(self) -> None:
        """An unanswered leg b is over when leg a is: until then the dialplan may try elsewhere."""
        a, b = self.a, self.b
        if not a.answered or a.stage is not Stage.ENDED or b.answered or b.stage is Stage.ENDED:
            return
        if self.candidates & self.live.keys():
            return
        if self.candidates:
            # Where the PBX ended it all, the DialStatus is a word for nothing.
            dial_status = "CANCEL" if self.first_to_end == "pbx" else b.dial_status
            result = unanswered_result(b.cause, b.sip_code, dial_status, is_device=self.destination_is_device)
            self._end(b, result or LegResult.UNKNOWN)
        elif not self.inferring and not a.was_bridged and self.first_to_end != "pbx":
            self._settle_undialed_leg_b()

    def _settle_undialed_leg_b(self) -> None:
        # Leg a carries the cause then; its SIP code is only Asterisk's translation of it.
        result = result_by_cause(self.a.cause, None, is_device=self.destination_is_device)
        if result is None and self.destination_is_device and not self.a.hangup_requested:
            result = LegResult.UNREACHABLE  # the dialplan hung up by itself without dialling anything
        if result is not None:
            self.b.cause = self.a.cause
            self.first_to_end = self.first_to_end or "b"
            self._end(self.b, result)

    def _end(self, leg: LegState, result: LegResult) -> None:
        leg.stage = Stage.ENDED
        self.emit(FactKind.LEG_ENDED, leg, leg.channel, result=result)

    def _finish_call(self) -> None:
        if self.created and not self.live and not self.awaits_reason and not self.ended:
            self.ended = True
            first = self.first_to_end or self.first_to_leave or self.first_gone
            self.emit(FactKind.CALL_ENDED, None, "", ended_first=first)

    # Facts

    def emit(
        self,
        kind: FactKind,
        leg: LegState | None,
        leg_channel: str,
        *,
        result: LegResult | None = None,
        ended_first: Ender | None = None,
    ) -> None:
        over = leg if kind is FactKind.LEG_ENDED else None
        self.facts.append(
            CallFact(
                channel_id=self.channel_id,
                kind=kind,
                leg=leg.name if leg else None,
                leg_channel=leg_channel,
                at_ms=self.at_ms,
                result=result,
                cause=over.cause if over else None,
                sip_code=over.sip_code if over else None,
                dial_status=over.dial_status if over else None,
                ended_first=ended_first,
                inferred=self.inferring,
            )
        )

    def take_facts(self) -> list[CallFact]:
        facts, self.facts = self.facts, []
        return facts


_STAGE_FACTS = {
    Stage.CREATED: FactKind.LEG_CREATED,
    Stage.DIALING: FactKind.LEG_DIALING,
    Stage.RINGING: FactKind.LEG_RINGING,
    Stage.ANSWERED: FactKind.LEG_ANSWERED,
}

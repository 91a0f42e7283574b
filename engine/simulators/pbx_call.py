"""One simulated call: both phones, the dialplan between them, and the events they cause.

The order of events is that of recordings of Asterisk 22.10.1, for a directly rung phone and for
one behind a Local channel. Time passes only in `_wait`, where a Hangup action may end it.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Protocol

from engine.simulators import pbx_events as events
from engine.simulators.pbx_events import Channel, Headers
from engine.simulators.pbx_outcomes import Act, Fault, Outcome, caller, destination

# Shorter than a person needs, long enough to be seen on a screen.
SOON_S = 1.0
PROMPT_CONTEXT = "ringback-accept"
_NORMAL = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An accepted Originate. local_context: "" for a directly rung endpoint."""

    channel_id: str
    action_id: str
    endpoint: str
    local_context: str
    context: str
    exten: str
    timeout_s: float
    number: str
    name: str
    connected_number: str
    connected_name: str


class Exchange(Protocol):
    """What a call needs of the PBX it happens in."""

    ring_s: float
    talk_s: float | None
    dial_timeout_s: float

    def emit(self, name: str, headers: Headers, *, klass: str = "call") -> None: ...

    def send_raw(self, data: bytes) -> None: ...

    def cut_links(self) -> None: ...

    def new_uniqueid(self) -> str: ...

    def new_name(self, stem: str) -> str: ...

    def opened(self, channel: Channel, call: SimulatedCall) -> None: ...

    def closed(self, channel: Channel) -> None: ...


_GARBAGE = (
    b"Event\r\nno colon here\r\n\r\n",
    b"Event: Newstate\r\nUniqueid: \xff\xfe\r\nChannelStateDesc: Up\r\n\r\n",
    b"Event: SomethingNew\r\nX: " + b"y" * 20_000 + b"\r\n\r\n",
    b": : :\r\nEvent:\r\nEvent: Hangup\r\nCause: many\r\n\r\n",
)


class SimulatedCall:
    """Follows its script until every channel is gone."""

    def __init__(self, order: Order, exchange: Exchange) -> None:
        self.order = order
        self._exchange = exchange
        self._caller: Outcome = caller(order.endpoint)
        self._callee: Outcome = destination(order.exten)
        self._hung_up = asyncio.Event()
        self._muted = self._callee.fault is Fault.SILENT
        self._a: Channel | None = None
        self._far: Channel | None = None  # the second half of a Local channel
        self._device: Channel | None = None  # the user's phone behind it
        self._outer = ""  # the bridge of these two

    def hang_up(self) -> None:
        """Somebody ended one of the call's channels; the rest follows."""
        self._hung_up.set()

    async def run(self) -> None:
        """Play the call. Cancelling it leaves its channels as they are, like a killed PBX."""
        absent = self._caller.act is Act.ABSENT
        if absent and not self.order.local_context:
            self._originate_response(0)
            return
        a = self._a = self._open_caller()
        if absent:
            self._end_unanswered(a, 20, 0, "CHANUNAVAIL")
        elif await self._ring_caller(a):
            await self._call_destination(a)

    # Leg a

    def _open_caller(self) -> Channel:
        order = self.order
        local = order.local_context
        stem = f"Local/{order.endpoint}@{local}" if local else f"PJSIP/{order.endpoint}"
        name = self._exchange.new_name(stem)
        a = Channel(
            name=f"{name};1" if local else name,
            uniqueid=order.channel_id,
            linkedid=order.channel_id,
            context=local or "from-phones",
            exten=order.endpoint if local else "s",
            number=order.number,
            caller_name=order.name,
            connected_number=order.connected_number,
            connected_name=order.connected_name,
            application="AppDial2",
            application_data="(Outgoing Line)",
        )
        self._open(a)
        if local:
            self._far = Channel(f"{name};2", f"{order.channel_id};2", order.channel_id, local, order.endpoint)
            self._far.state = 4
            self._open(self._far)
            halves = [*a.snapshot("LocalOne"), *self._far.snapshot("LocalTwo")]
            rest = [("Context", local), ("Exten", order.endpoint), ("LocalOptimization", "No")]
            self._emit("LocalBridge", [*halves, *rest])
        self._emit("DialBegin", events.dial(None, a, ("DialString", order.endpoint)))
        return a

    async def _ring_caller(self, a: Channel) -> bool:
        """Whether the user answered, and accepted where they were asked to."""
        plan = self._caller
        phone = self._open_device(a) if self._far else a
        if plan.act is Act.REFUSE:
            self._end_unanswered(a, plan.cause, plan.sip_code, plan.dial_status)
            return False
        if plan.act is not Act.ANSWER_AT_ONCE:
            self._ringing(a, phone)
            patience_s = self.order.timeout_s if plan.act is Act.RING_OUT else self._exchange.ring_s
            patience_s = min(patience_s, self.order.timeout_s)
            if await self._wait(patience_s):
                self._end_unanswered(a, _NORMAL, 0, "NOANSWER")
                return False
            if plan.act is Act.RING_OUT or patience_s >= self.order.timeout_s:
                self._end_unanswered(a, 19, 480, "", reason=3)
                return False
            if plan.act is Act.DECLINE:
                self._end_unanswered(a, plan.cause, plan.sip_code, plan.dial_status)
                return False
        if self._far and not await self._device_answers(a, self._far, phone):
            return False
        a.state = 6
        self._emit("Newstate", a.snapshot())
        self._emit("DialEnd", events.dial(None, a, ("DialStatus", "ANSWER")))
        if self._far:
            self._enter(self._outer, self._far, 2)
        self._originate_response(4)
        a.context, a.exten, a.priority = self.order.context, self.order.exten, 2
        a.application, a.application_data = "Dial", f"PJSIP/{self.order.exten}"
        return True

    def _open_device(self, a: Channel) -> Channel:
        order = self.order
        name = self._exchange.new_name(f"PJSIP/{order.endpoint}")
        device = Channel(name, self._exchange.new_uniqueid(), order.channel_id, "from-phones", "s")
        device.number = order.endpoint
        device.application, device.application_data = "AppDial", "(Outgoing Line)"
        self._device = device
        self._open(device)
        self._emit("DialBegin", events.dial(self._far, device, ("DialString", order.endpoint)))
        return device

    def _ringing(self, a: Channel, phone: Channel) -> None:
        for channel in {phone.uniqueid: phone, a.uniqueid: a}.values():
            channel.state = 5
            self._emit("Newstate", channel.snapshot())
        if self._far:
            self._emit("DialState", events.dial(self._far, phone, ("DialStatus", "RINGING")))
        self._emit("DialState", events.dial(None, a, ("DialStatus", "RINGING")))

    async def _device_answers(self, a: Channel, far: Channel, phone: Channel) -> bool:
        phone.state = 6
        self._emit("Newstate", phone.snapshot())
        self._emit("DialEnd", events.dial(far, phone, ("DialStatus", "ANSWER")))
        if self.order.local_context == PROMPT_CONTEXT:
            hung_up = await self._wait(SOON_S)
            if hung_up or self._caller.act is Act.IGNORE_PROMPT:
                cause = _NORMAL if hung_up else 21
                self._end_unanswered(a, cause, 0, "NOANSWER")
                return False
        far.state = 6
        self._emit("Newstate", far.snapshot())
        self._outer = f"bridge-{self._exchange.new_uniqueid()}"
        self._emit("BridgeCreate", events.bridge(self._outer, 0))
        self._enter(self._outer, phone, 1)
        return True

    def _end_unanswered(
        self, a: Channel, cause: int, sip_code: int, dial_status: str, *, reason: int = 0
    ) -> None:
        """Leg a is over before it was answered."""
        told_by_phone = bool(sip_code) and reason == 0
        if self._device:
            if told_by_phone:
                self._emit("HangupRequest", events.hangup_request(self._device, cause, sip_code))
                self._emit("DialEnd", events.dial(self._far, self._device, ("DialStatus", dial_status)))
            self._close(self._device, cause, sip_code)
        if told_by_phone:
            self._emit("HangupRequest", events.hangup_request(a, cause, 0 if self._far else sip_code))
        if dial_status:
            self._emit("DialEnd", events.dial(None, a, ("DialStatus", dial_status)))
        if self._far:
            self._close(self._far, cause, 0)
        self._close(a, cause, 0 if self._far else sip_code)
        self._originate_response(reason)

    # Leg b

    async def _call_destination(self, a: Channel) -> None:
        plan = self._callee
        if plan.act is Act.ABSENT:
            self._soft_hangup(a)
            self._close_caller(a, plan.cause, plan.sip_code)
            return
        if plan.act is Act.SELF_SERVICE:
            a.application, a.application_data = "VoiceMail", self.order.exten
            await self._wait(self._exchange.talk_s)
            self._soft_hangup(a)
            self._close_caller(a, _NORMAL, 0)
            return
        b = self._open_destination(a)
        if not await self._ring_destination(a, b):
            return
        self._answer(a, b)
        await self._talk(a, b)

    def _open_destination(self, a: Channel) -> Channel:
        order = self.order
        b = Channel(
            self._exchange.new_name(f"PJSIP/{order.exten.lstrip('+')}"),
            self._exchange.new_uniqueid(),
            order.channel_id,
            "from-phones",
            "s",
        )
        b.application, b.application_data = "AppDial", "(Outgoing Line)"
        self._open(b)
        b.exten, b.number = order.exten, order.exten
        b.connected_number, b.connected_name = order.number, order.name
        self._emit("DialBegin", events.dial(a, b, ("DialString", order.exten)))
        return b

    async def _ring_destination(self, a: Channel, b: Channel) -> bool:
        """Whether the destination answered."""
        plan = self._callee
        if plan.act is Act.REFUSE:
            self._refused(a, b)
            return False
        if plan.act is Act.ANSWER_AT_ONCE:
            return True
        if plan.act is Act.EARLY_MEDIA:
            self._emit("DialState", events.dial(a, b, ("DialStatus", "PROGRESS")))
        else:
            b.state = 5
            self._emit("Newstate", b.snapshot())
            self._emit("DialState", events.dial(a, b, ("DialStatus", "RINGING")))
        self._go_wrong(Fault.GARBAGE)
        if self._go_wrong(Fault.CUT_WHILE_RINGING):
            return True
        rings_out = plan.act is Act.RING_OUT
        gives_up = self._caller.act is Act.GIVE_UP
        if await self._wait(
            self._exchange.dial_timeout_s if rings_out and not gives_up else self._exchange.ring_s
        ):
            self._left(a, b, _NORMAL)
            return False
        if gives_up:
            self._emit("HangupRequest", events.hangup_request(a, 0, 0))
            self._left(a, b, 0)
            return False
        if rings_out:
            self._emit("DialEnd", events.dial(a, b, ("DialStatus", plan.dial_status)))
            self._soft_hangup(a)
            self._close(b, plan.cause, 0)
            self._close_caller(a, _NORMAL, 0)
            return False
        if plan.act is Act.DECLINE:
            self._refused(a, b)
            return False
        return True

    def _refused(self, a: Channel, b: Channel) -> None:
        plan = self._callee
        self._emit("HangupRequest", events.hangup_request(b, plan.cause, plan.sip_code))
        self._emit("DialEnd", events.dial(a, b, ("DialStatus", plan.dial_status)))
        self._soft_hangup(a)
        self._close(b, plan.cause, plan.sip_code)
        # The user's phone is told in SIP's words for the cause, where 603 becomes 403.
        self._close_caller(a, plan.cause, 403 if plan.sip_code == 603 else plan.sip_code)

    def _left(self, a: Channel, b: Channel, cause: int) -> None:
        """The user's side ended while the destination rang."""
        self._emit("DialEnd", events.dial(a, b, ("DialStatus", "CANCEL")))
        self._soft_hangup(a)
        self._close(b, _NORMAL, 0)
        self._close_caller(a, cause, 0)

    def _answer(self, a: Channel, b: Channel) -> None:
        b.state = 6
        self._emit("Newstate", b.snapshot())
        b.exten = ""
        self._emit("DialEnd", events.dial(a, b, ("DialStatus", "ANSWER")))
        inner = f"bridge-{self._exchange.new_uniqueid()}"
        self._emit("BridgeCreate", events.bridge(inner, 0))
        self._enter(inner, b, 1)
        self._enter(inner, a, 2)

    async def _talk(self, a: Channel, b: Channel) -> None:
        self._go_wrong(Fault.CUT_IN_CALL)
        talk_s = self._exchange.talk_s
        if self._go_wrong(Fault.CUT_AND_ENDED):
            talk_s = 0.0
        elif self._callee.act is Act.HANG_UP_SOON:
            talk_s = SOON_S
        elif self._callee.act is Act.HOLD and not await self._wait(SOON_S):
            self._emit("Hold", [*b.snapshot(), ("MusicClass", "default")])
            await self._wait(SOON_S)
            self._emit("Unhold", b.snapshot())
        hung_up = await self._wait(talk_s)
        if not hung_up:
            self._emit("HangupRequest", events.hangup_request(b, _NORMAL, 0))
        for left, channel in ((1, a if hung_up else b), (0, b if hung_up else a)):
            self._leave(channel, left)
        self._soft_hangup(a)
        self._close(b, _NORMAL, 0)
        self._close_caller(a, _NORMAL, 0)

    # Steps

    async def _wait(self, seconds: float | None) -> bool:
        """Let time pass; whether the call was hung up by an action. None waits for just that."""
        try:
            await asyncio.wait_for(self._hung_up.wait(), seconds)
        except TimeoutError:
            return False
        return True

    def _go_wrong(self, fault: Fault) -> bool:
        if self._callee.fault is not fault:
            return False
        if fault is Fault.GARBAGE:
            for piece in _GARBAGE:
                self._exchange.send_raw(piece)
        else:
            self._exchange.cut_links()
        return True

    def _emit(self, name: str, headers: Headers) -> None:
        if self._muted:
            return
        self._exchange.emit(name, headers)
        if self._callee.fault is Fault.REPEATED:
            self._exchange.emit(name, headers)

    def _open(self, channel: Channel) -> None:
        self._exchange.opened(channel, self)
        self._emit("Newchannel", channel.snapshot())

    def _close(self, channel: Channel, cause: int, sip_code: int) -> None:
        self._exchange.closed(channel)
        self._emit("Hangup", events.hangup(channel, cause, sip_code))

    def _close_caller(self, a: Channel, cause: int, sip_code: int) -> None:
        """Leg a with all that stands behind it."""
        self._close(a, cause, 0 if self._far else sip_code)
        if self._far and self._device:
            self._leave(self._far, 1)
            self._soft_hangup(self._far)
            self._close(self._far, cause, 0)
            self._leave(self._device, 0)
            self._close(self._device, cause, sip_code)

    def _enter(self, bridge: str, channel: Channel, now_in_it: int) -> None:
        channel.bridge = bridge
        self._emit("BridgeEnter", events.bridge(bridge, now_in_it, channel))

    def _leave(self, channel: Channel, left: int) -> None:
        bridge, channel.bridge = channel.bridge, ""
        self._emit("BridgeLeave", events.bridge(bridge, left, channel))
        if left == 0:
            self._emit("BridgeDestroy", events.bridge(bridge, 0))

    def _soft_hangup(self, channel: Channel) -> None:
        self._emit("SoftHangupRequest", [*channel.snapshot(), ("Cause", str(_NORMAL))])

    def _originate_response(self, reason: int) -> None:
        order = self.order
        name = self._a.name if self._a and reason == 4 else f"PJSIP/{order.endpoint}"
        self._emit(
            "OriginateResponse",
            [
                ("ActionID", order.action_id),
                ("Response", "Success" if reason == 4 else "Failure"),
                ("Channel", name),
                ("Context", order.context),
                ("Exten", order.exten),
                ("Reason", str(reason)),
                ("Uniqueid", order.channel_id),
                ("CallerIDNum", order.number),
                ("CallerIDName", order.name),
            ],
        )

"""What both ends of an SMPP session obey: numbering, window, silence, unbind, generic_nack, closing.

No sockets, no clock: callers pass octets and the time, in seconds. `session` adds what makes it an
ESME, `smsc_session` what makes it an SMSC.
Source: SMPP v3.4 §2.2 (states), §2.9 and §7.2 (timers), §4.2 (unbind), §4.3 (generic_nack),
§4.11 (enquire_link).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from engine.smpp.codec import encode_header
from engine.smpp.commands import (
    ALERT_NOTIFICATION,
    ENQUIRE_LINK,
    ENQUIRE_LINK_RESP,
    GENERIC_NACK,
    OUTBIND,
    RESPONSE,
    UNBIND,
    UNBIND_RESP,
    command_name,
)
from engine.smpp.framing import split_frames
from engine.smpp.liveness import Due, Liveness
from engine.smpp.messages import (
    DataSm,
    DeliverSm,
    MalformedPdu,
    MessageResponse,
    SubmitSm,
    SubmitSmResp,
)
from engine.smpp.session_events import (
    Answered,
    Closed,
    Event,
    LinkRevived,
    MessageReceived,
    NoAnswer,
    PeerFault,
    PeerUnbound,
)
from engine.smpp.session_state import (
    NotBound,
    SessionLimits,
    SessionState,
    SessionStep,
    WindowFull,
    next_state,
)
from engine.smpp.statuses import (
    ESME_RINVBNDSTS,
    ESME_RINVCMDID,
    ESME_RINVCMDLEN,
    ESME_ROK,
    ESME_RUNKNOWNERR,
    ESME_RX_T_APPN,
)
from engine.smpp.tlv import Tlv
from engine.smpp.window import RequestWindow

MAX_SEQUENCE_NUMBER = 0x7FFFFFFF

Message = SubmitSm | DeliverSm | DataSm


class SessionCore:
    """One end of one session, from connection to close.

    Requests of ours that need an answer occupy a window of `limits.window_pdus`; enquire_link,
    unbind and every response do not, so silence is probed and probes are answered whatever the
    window holds. A request whose response is overdue gives its place back and is remembered, so
    that a late response still finds its token.
    """

    # Set by the two roles.
    _accepts: ClassVar[Mapping[int, tuple[type[Message], type[MessageResponse]]]]
    _answers: ClassVar[frozenset[int]]
    _sends_in: ClassVar[frozenset[SessionState]]
    _receives_in: ClassVar[frozenset[SessionState]]

    def __init__(self, limits: SessionLimits, now: float) -> None:
        self.limits = limits
        self.state = SessionState.OPEN
        self.closing = ""  # why the transport is to be closed once data_to_send() has been written
        self.pdus_received = 0
        self.pdus_sent = 0
        self.malformed_pdus = 0
        self._rest = b""
        self._out: list[bytes] = []
        self._queued_octets = 0
        self._sequence_number = 0
        self._window = RequestWindow(limits.window_pdus, limits.response_timeout_s, limits.remembered_late)
        self._liveness = Liveness(now, limits.enquire_link_every_s, limits.response_timeout_s)
        self._control: dict[int, int] = {}  # sequence number -> command_id of our other requests
        self._unacknowledged: dict[int, tuple[type[MessageResponse], int]] = {}
        self._handles = 0
        self._close_overdue: float | None = None
        self._unbind_sent = False
        self._unbind_received = False

    # --- what the shell calls ---------------------------------------------------------------------

    def receive(self, data: bytes, now: float) -> list[Event]:
        """Take octets as they came; returns what they mean, in order. Never raises."""
        events: list[Event] = []
        if self.closing or self.state is SessionState.CLOSED:
            return events
        if self._rest:
            data = self._rest + data
        frames, self._rest, framing_error = split_frames(data, self.limits.max_pdu_octets)
        if frames:
            if self._liveness.mute:
                events.append(LinkRevived())
            self._liveness.heard(now)
            self.pdus_received += len(frames)
        for command_id, command_status, sequence_number, body in frames:
            if command_id in self._answers:
                self._response_received(command_status, sequence_number, body, events)
            elif command_id in self._accepts:
                self._message_received(command_id, sequence_number, body, events)
            else:
                self._control_received(command_id, command_status, sequence_number, body, now, events)
            if self.closing:
                return events
        if framing_error is not None:
            self._send(encode_header(GENERIC_NACK, ESME_RINVCMDLEN, framing_error.sequence_number))
            self._fault(events, "command_length", 0, framing_error.sequence_number)
            self.closing = "framing_lost"
        return events

    def receive_eof(self, now: float) -> list[Event]:
        """The peer will send no more; half an SMPP session is of no use, so it ends."""
        if not self.closing:
            self.closing = "peer_closed"
        return []

    def tick(self, now: float, octets_handed_over: int | None = None) -> list[Event]:
        """Act on whatever is due at `now`; harmless at any time.

        octets_handed_over: as in lost(); None when all of data_to_send() has been handed over.
        """
        events: list[Event] = []
        if self.closing or self.state is SessionState.CLOSED:
            return events
        for sequence_number, awaited in self._window.expire(now, octets_handed_over):
            events.append(NoAnswer(awaited.token, sequence_number))
            self._liveness.request_overdue(awaited.sent_at)
        self._close_when_drained()
        if self._close_overdue is not None and now >= self._close_overdue:
            self.closing = self.closing or self._overdue_reason()
        if self.bound and not self.closing:
            due = self._liveness.due(now)
            if due is Due.ENQUIRE_LINK:
                self._enquire_link()
            elif due is not None:
                self.closing = due
        return events

    def next_deadline(self) -> float | None:
        """When to call tick() next, in the callers' seconds; None when nothing is due ever."""
        if self.closing or self.state is SessionState.CLOSED:
            return None
        due = [self._close_overdue, self._window.next_deadline()]
        if self.bound:
            due.append(self._liveness.next_deadline())
        return min((at for at in due if at is not None), default=None)

    def data_to_send(self) -> bytes:
        """Everything queued since the last call; the caller owns it from here."""
        if not self._out:
            return b""
        data = self._out[0] if len(self._out) == 1 else b"".join(self._out)
        self._out.clear()
        return data

    def lost(self, octets_handed_over: int, reason: str, now: float) -> list[Event]:
        """The transport is gone.

        octets_handed_over: how many octets of all that data_to_send() ever gave the kernel may
        have; a request that ends beyond them never reached the peer, all of it or some.
        Returns one Closed the first time, nothing after.
        """
        if self.state is SessionState.CLOSED:
            return []
        self.state = next_state(self.state, SessionStep.LOST)
        waiting, late = self._window.close()
        self._unacknowledged.clear()
        self._out.clear()
        self._rest = b""
        return [
            Closed(
                reason=self.closing or reason,
                ambiguous=tuple(one.token for one in waiting if one.end <= octets_handed_over),
                not_sent=tuple(one.token for one in waiting if one.end > octets_handed_over),
                late_not_sent=tuple(one.token for one in late if one.end > octets_handed_over),
                unbind_sent=self._unbind_sent,
                unbind_received=self._unbind_received,
                pdus_sent=self.pdus_sent,
                pdus_received=self.pdus_received,
                malformed_pdus=self.malformed_pdus,
            )
        ]

    # --- what the owner of the session calls ------------------------------------------------------

    @property
    def bound(self) -> bool:
        """Whether messages may flow in some direction."""
        return self.state in _BOUND

    @property
    def may_send(self) -> bool:
        """Whether this end may send messages now, room in the window aside."""
        return self.state in self._sends_in and not self._unbind_sent and not self.closing

    @property
    def outstanding(self) -> int:
        """Requests in the window, never more than its size."""
        return len(self._window)

    @property
    def unacknowledged(self) -> int:
        """Messages of the peer that have no response from us yet."""
        return len(self._unacknowledged)

    @property
    def advisable_requests(self) -> int:
        """How many requests the owner does well to have out at once: what is sent into silence may be
        lost without a trace."""
        advisable = self._liveness.advisable_requests
        return self.limits.window_pdus if advisable is None else advisable

    @property
    def room(self) -> int:
        """How many more requests the window takes."""
        return max(0, self.limits.window_pdus - len(self._window))

    def request(self, pdu: Message, token: object, now: float) -> int:
        """Queue a message and return its sequence number; `token` comes back with its answer.

        Raises NotBound, WindowFull or UnencodablePdu; then nothing was queued.
        """
        if not self.may_send:
            raise NotBound(self.state)
        if len(self._window) >= self.limits.window_pdus:
            raise WindowFull(self.limits.window_pdus)
        sequence_number = self._next_sequence_number()
        self._send(pdu.encode(sequence_number))
        self._sequence_number = sequence_number
        self._window.add(sequence_number, token, now, self._queued_octets)
        return sequence_number

    def acknowledge(
        self,
        handle: int,
        command_status: int = ESME_ROK,
        message_id: str = "",
        tlvs: tuple[Tlv, ...] = (),
    ) -> bool:
        """Answer the message that came under `handle`; False when that is no longer possible."""
        response = self._unacknowledged.pop(handle, None)
        if response is None or self.closing:
            return False
        kind, sequence_number = response
        self._send(kind(message_id, tlvs).encode(sequence_number, command_status))
        return True

    def unbind(self, now: float) -> None:
        """Ask the peer to end the session; it closes on the answer, or without one after a while."""
        if self._unbind_sent or self.closing or not self.bound:
            return
        self._unbind_sent = True
        self._send_control(UNBIND)
        self._close_overdue = now + self.limits.unbind_timeout_s

    # --- what arrives -------------------------------------------------------------------------------

    def _response_received(
        self, command_status: int, sequence_number: int, body: bytes, events: list[Event]
    ) -> None:
        awaited, late = self._window.answered(sequence_number)
        if awaited is None:
            self._fault(events, "response_unexpected", 0, sequence_number)
            return
        self._liveness.request_answered()
        message_id = ""
        if command_status == ESME_ROK:
            try:
                message_id = SubmitSmResp.decode(body).message_id
            except MalformedPdu:
                # The peer has it; only its name for it is lost. Sending again would be a second copy.
                self._fault(events, "message_id", 0, sequence_number)
        accepted = command_status == ESME_ROK
        events.append(Answered(awaited.token, sequence_number, command_status, message_id, accepted, late))
        self._close_when_drained()

    def _message_received(
        self, command_id: int, sequence_number: int, body: bytes, events: list[Event]
    ) -> None:
        kind, response = self._accepts[command_id]
        if self.state not in self._receives_in:
            self._send(response().encode(sequence_number, ESME_RINVBNDSTS))
            self._fault(events, "not_bound", command_id, sequence_number)
            return
        if len(self._unacknowledged) >= self.limits.unacknowledged_pdus:
            # A peer without a window of its own would otherwise fill our memory.
            self._send(response().encode(sequence_number, ESME_RX_T_APPN))
            return
        try:
            pdu = kind.decode(body)
        except MalformedPdu as error:
            self._send(response().encode(sequence_number, error.command_status))
            self._fault(events, error.reason, command_id, sequence_number)
            return
        self._handles += 1
        self._unacknowledged[self._handles] = (response, sequence_number)
        events.append(MessageReceived(pdu, self._handles))

    def _control_received(
        self,
        command_id: int,
        command_status: int,
        sequence_number: int,
        body: bytes,
        now: float,
        events: list[Event],
    ) -> None:
        if command_id == ENQUIRE_LINK:
            self._send(encode_header(ENQUIRE_LINK_RESP, ESME_ROK, sequence_number))
        elif command_id == GENERIC_NACK:
            self._nack_received(command_status, sequence_number, events)
        elif command_id == UNBIND:
            self._send(encode_header(UNBIND_RESP, ESME_ROK, sequence_number))
            self._unbound_by_peer(now, events)
        elif command_id == ENQUIRE_LINK_RESP:
            self._control.pop(sequence_number, None)
        elif command_id == UNBIND_RESP and self._control.get(sequence_number) == UNBIND:
            self._unbound(events)
        elif not self._bind_pdu_received(command_id, command_status, sequence_number, body, events):
            self._unknown_received(command_id, sequence_number, events)

    def _bind_pdu_received(
        self, command_id: int, command_status: int, sequence_number: int, body: bytes, events: list[Event]
    ) -> bool:
        """Take a PDU that makes a bind, where it is this role's to take; False: not one of those."""
        raise NotImplementedError

    def _bind_nacked(self, command_status: int, events: list[Event]) -> None:
        """The peer did not understand a bind of ours; an SMSC sends none."""

    def _unknown_received(self, command_id: int, sequence_number: int, events: list[Event]) -> None:
        if command_id in (ALERT_NOTIFICATION, OUTBIND):
            return  # the two PDUs that no one answers
        # Only a request is answered: nacking an unknown response could go back and forth for ever.
        if not command_id & RESPONSE:
            self._send(encode_header(GENERIC_NACK, ESME_RINVCMDID, sequence_number))
        self._fault(events, "command_unexpected", command_id, sequence_number)

    def _nack_received(self, command_status: int, sequence_number: int, events: list[Event]) -> None:
        awaited, late = self._window.answered(sequence_number)
        if awaited is not None:
            self._liveness.request_answered()
            # A nack never accepts, whatever status a careless peer puts in it.
            status = command_status or ESME_RUNKNOWNERR
            events.append(Answered(awaited.token, sequence_number, status, "", False, late))
            self._close_when_drained()
            return
        command_id = self._control.pop(sequence_number, None)
        if command_id is None:
            # Which request it means is unknown, so nothing outstanding can be trusted any more.
            self._fault(events, "nack_unknown", GENERIC_NACK, sequence_number)
            self.closing = "generic_nack"
        elif command_id == UNBIND:
            self._unbound(events)
        elif command_id != ENQUIRE_LINK:
            self._bind_nacked(command_status or ESME_RUNKNOWNERR, events)

    def _unbound(self, events: list[Event]) -> None:
        self.state = next_state(self.state, SessionStep.UNBOUND)
        self.closing = "unbound"

    def _unbound_by_peer(self, now: float, events: list[Event]) -> None:
        self._unbind_received = True
        if not self.bound:
            self.closing = "peer_unbound"
            return
        self.state = next_state(self.state, SessionStep.UNBOUND)
        events.append(PeerUnbound())
        if self._window:
            # Responses may still be on their way; each one spares a message its uncertainty.
            self._close_overdue = now + self.limits.unbind_timeout_s
        else:
            self.closing = "peer_unbound"

    def _close_when_drained(self) -> None:
        if self._unbind_received and not self._window and not self.closing:
            self.closing = "peer_unbound"

    def _overdue_reason(self) -> str:
        if self._unbind_received:
            return "peer_unbound"
        return "unbind_unanswered" if self._unbind_sent else "bind_unanswered"

    # --- what leaves ------------------------------------------------------------------------------------

    def _send(self, octets: bytes) -> None:
        self._out.append(octets)
        self._queued_octets += len(octets)
        self.pdus_sent += 1

    def _send_control(self, command_id: int) -> None:
        sequence_number = self._sequence_number = self._next_sequence_number()
        self._control[sequence_number] = command_id
        self._send(encode_header(command_id, ESME_ROK, sequence_number))

    def _enquire_link(self) -> None:
        # A probe that was never answered is over when some other PDU has proved the link.
        for number in [n for n, command_id in self._control.items() if command_id == ENQUIRE_LINK]:
            del self._control[number]
        self._send_control(ENQUIRE_LINK)

    def _next_sequence_number(self) -> int:
        """1 to 0x7FFFFFFF and around, past every number that may still be answered."""
        number = self._sequence_number
        while True:
            number = number % MAX_SEQUENCE_NUMBER + 1
            if number not in self._window and number not in self._control:
                return number

    def _fault(self, events: list[Event], what: str, command_id: int, sequence_number: int) -> None:
        self.malformed_pdus += 1
        events.append(PeerFault(what, command_name(command_id) if command_id else "", sequence_number))


_BOUND = frozenset({SessionState.BOUND_TX, SessionState.BOUND_RX, SessionState.BOUND_TRX})

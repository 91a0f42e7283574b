"""Rules of one SMPP session on the ESME's side: bind, submit, take what is delivered.

No sockets, no clock; the rules both ends share are in `session_core`.
Source: SMPP v3.4 §2.2 (states), §4.1 (bind), §2.3 (who may send what).
"""

from __future__ import annotations

from typing import ClassVar, Final

from engine.smpp.codec import BindKind, BindRequest, BindResponse
from engine.smpp.commands import DATA_SM, DATA_SM_RESP, DELIVER_SM, RESPONSE, SUBMIT_SM_RESP
from engine.smpp.messages import DataSm, DataSmResp, DeliverSm, DeliverSmResp, SubmitSm
from engine.smpp.session_core import SessionCore
from engine.smpp.session_events import BindRefused, Bound, Event
from engine.smpp.session_state import NotBound, SessionState, SessionStep, next_state
from engine.smpp.statuses import ESME_ROK

_STEPS: Final = {
    BindKind.TRANSMITTER: SessionStep.BOUND_AS_TRANSMITTER,
    BindKind.RECEIVER: SessionStep.BOUND_AS_RECEIVER,
    BindKind.TRANSCEIVER: SessionStep.BOUND_AS_TRANSCEIVER,
}


class SmppSession(SessionCore):
    """The ESME's end: it binds first, sends submit_sm and data_sm, receives deliver_sm and data_sm."""

    _accepts: ClassVar = {DELIVER_SM: (DeliverSm, DeliverSmResp), DATA_SM: (DataSm, DataSmResp)}
    _answers = frozenset({SUBMIT_SM_RESP, DATA_SM_RESP})
    _sends_in = frozenset({SessionState.BOUND_TX, SessionState.BOUND_TRX})
    _receives_in = frozenset({SessionState.BOUND_RX, SessionState.BOUND_TRX})

    _bind_kind: BindKind | None = None

    def bind(self, request: BindRequest, now: float) -> None:
        """Queue the bind; Bound or BindRefused follows, or the session closes unanswered.

        Raises NotBound when it was asked before, UnencodablePdu when a field does not fit.
        """
        if self.state is not SessionState.OPEN or self._bind_kind is not None or self.closing:
            raise NotBound(self.state)
        number = self._next_sequence_number()
        self._send(request.encode(number))
        self._sequence_number = number
        self._control[number] = request.kind.command_id
        self._bind_kind = request.kind
        self._close_overdue = now + self.limits.bind_timeout_s

    def submit(self, pdu: SubmitSm | DataSm, token: object, now: float) -> int:
        """Queue a message for the SMSC; its sequence number.

        Raises NotBound, WindowFull or UnencodablePdu; then nothing was queued.
        """
        return self.request(pdu, token, now)

    def _bind_pdu_received(
        self, command_id: int, command_status: int, sequence_number: int, body: bytes, events: list[Event]
    ) -> bool:
        kind = self._bind_kind
        if kind is None or command_id != kind.command_id | RESPONSE:
            return False
        if self._control.get(sequence_number) != kind.command_id or self.state is not SessionState.OPEN:
            return False
        del self._control[sequence_number]
        if command_status != ESME_ROK:
            self._refused(command_status, events)
            return True
        self._close_overdue = None
        self.state = next_state(self.state, _STEPS[kind])
        response = BindResponse.decode(body)
        events.append(Bound(response.system_id, response.interface_version))
        return True

    def _bind_nacked(self, command_status: int, events: list[Event]) -> None:
        self._refused(command_status, events)

    def _refused(self, command_status: int, events: list[Event]) -> None:
        events.append(BindRefused(command_status))
        self.closing = "bind_refused"

"""Rules of one SMPP session on the SMSC's side: be bound to, take what is submitted, deliver.

No sockets, no clock; the rules both ends share are in `session_core`. For the SMSC simulator.
Source: SMPP v3.4 §2.2 (states), §4.1 (bind), §2.3 (who may send what).
"""

from __future__ import annotations

from typing import ClassVar, Final

from engine.smpp.codec import (
    BIND_KINDS,
    INTERFACE_VERSION_34,
    BindKind,
    BindRequest,
    BindResponse,
    encode_header,
)
from engine.smpp.commands import DATA_SM, DATA_SM_RESP, DELIVER_SM_RESP, RESPONSE, SUBMIT_SM
from engine.smpp.messages import DataSm, DataSmResp, DeliverSm, MalformedPdu, SubmitSm, SubmitSmResp
from engine.smpp.session_core import SessionCore
from engine.smpp.session_events import BindRequested, Event
from engine.smpp.session_state import NotBound, SessionLimits, SessionState, SessionStep, next_state
from engine.smpp.statuses import ESME_RALYBND

_STEPS: Final = {
    BindKind.TRANSMITTER: SessionStep.BOUND_AS_TRANSMITTER,
    BindKind.RECEIVER: SessionStep.BOUND_AS_RECEIVER,
    BindKind.TRANSCEIVER: SessionStep.BOUND_AS_TRANSCEIVER,
}


class SmscSession(SessionCore):
    """The SMSC's end: it is bound to, receives submit_sm and data_sm, sends deliver_sm and data_sm.

    An ESME that never binds is dropped after `limits.bind_timeout_s`.
    """

    _accepts: ClassVar = {SUBMIT_SM: (SubmitSm, SubmitSmResp), DATA_SM: (DataSm, DataSmResp)}
    _answers = frozenset({DELIVER_SM_RESP, DATA_SM_RESP})
    _sends_in = frozenset({SessionState.BOUND_RX, SessionState.BOUND_TRX})
    _receives_in = frozenset({SessionState.BOUND_TX, SessionState.BOUND_TRX})

    def __init__(self, limits: SessionLimits, now: float) -> None:
        super().__init__(limits, now)
        self._asked: tuple[BindRequest, int] | None = None
        self._close_overdue = now + limits.bind_timeout_s

    def accept_bind(
        self, system_id: str = "SMSC", interface_version: int | None = INTERFACE_VERSION_34
    ) -> None:
        """Take the bind that BindRequested reported. Raises NotBound when none waits."""
        if self._asked is None or self.closing:
            raise NotBound(self.state)
        (request, number), self._asked = self._asked, None
        self.state = next_state(self.state, _STEPS[request.kind])
        self._close_overdue = None
        response = BindResponse(system_id=system_id, interface_version=interface_version)
        self._send(response.encode(request.kind, number))

    def refuse_bind(self, command_status: int) -> None:
        """Refuse the bind that BindRequested reported, and close. Raises NotBound when none waits."""
        if self._asked is None or self.closing:
            raise NotBound(self.state)
        (request, number), self._asked = self._asked, None
        self._send(BindResponse().encode(request.kind, number, command_status))
        self.closing = "bind_refused"

    def deliver(self, pdu: DeliverSm | DataSm, token: object, now: float) -> int:
        """Queue a message for the ESME; its sequence number.

        Raises NotBound, WindowFull or UnencodablePdu; then nothing was queued.
        """
        return self.request(pdu, token, now)

    def _bind_pdu_received(
        self, command_id: int, command_status: int, sequence_number: int, body: bytes, events: list[Event]
    ) -> bool:
        kind = BIND_KINDS.get(command_id)
        if kind is None:
            return False
        if self.state is not SessionState.OPEN or self._asked is not None:
            self._send(encode_header(command_id | RESPONSE, ESME_RALYBND, sequence_number))
            return True
        try:
            request = BindRequest.decode(kind, body)
        except MalformedPdu as error:
            self._send(encode_header(command_id | RESPONSE, error.command_status, sequence_number))
            self._fault(events, error.reason, command_id, sequence_number)
            return True
        self._asked = (request, sequence_number)
        events.append(BindRequested(request))
        return True

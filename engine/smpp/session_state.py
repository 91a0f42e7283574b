"""The states of a session as a table, and the limits it keeps.

Source: SMPP v3.4 §2.2, figure 2-1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from engine.smpp.framing import DEFAULT_MAX_PDU_OCTETS


class SessionState(StrEnum):
    """As the standard names them, from the ESME's point of view at both ends."""

    OPEN = "open"  # connected, nobody is bound
    BOUND_TX = "bound_tx"
    BOUND_RX = "bound_rx"
    BOUND_TRX = "bound_trx"
    UNBOUND = "unbound"  # an unbind was answered; the transport is about to close
    CLOSED = "closed"


class SessionStep(StrEnum):
    """What moves a session from one state to another."""

    BOUND_AS_TRANSMITTER = "bound_as_transmitter"
    BOUND_AS_RECEIVER = "bound_as_receiver"
    BOUND_AS_TRANSCEIVER = "bound_as_transceiver"
    UNBOUND = "unbound"
    LOST = "lost"


_S, _E = SessionState, SessionStep
_ENDS: Mapping[SessionStep, SessionState] = {_E.UNBOUND: _S.UNBOUND, _E.LOST: _S.CLOSED}
TRANSITIONS: Final[Mapping[SessionState, Mapping[SessionStep, SessionState]]] = {
    _S.OPEN: {
        _E.BOUND_AS_TRANSMITTER: _S.BOUND_TX,
        _E.BOUND_AS_RECEIVER: _S.BOUND_RX,
        _E.BOUND_AS_TRANSCEIVER: _S.BOUND_TRX,
        _E.LOST: _S.CLOSED,
    },
    _S.BOUND_TX: _ENDS,
    _S.BOUND_RX: _ENDS,
    _S.BOUND_TRX: _ENDS,
    _S.UNBOUND: {_E.UNBOUND: _S.UNBOUND, _E.LOST: _S.CLOSED},  # both ends may unbind at once
    _S.CLOSED: {},
}


class IllegalStep(Exception):
    """A step the table has no row for: a bug of ours, never the peer's doing."""


class NotBound(Exception):
    """The session is not in a state in which this may be sent; nothing was."""


class WindowFull(Exception):
    """As many requests are unanswered as the window allows; nothing was sent."""


def next_state(state: SessionState, step: SessionStep) -> SessionState:
    """The state after `step`. Raises IllegalStep."""
    try:
        return TRANSITIONS[state][step]
    except KeyError:
        raise IllegalStep(f"{step} in state {state}") from None


@dataclass(frozen=True, kw_only=True, slots=True)
class SessionLimits:
    """How much of what, and for how long, one session allows."""

    window_pdus: int = 10  # unanswered requests; what most carriers grant without being asked
    response_timeout_s: float = 30.0
    enquire_link_every_s: float = 30.0  # carriers close links idle for 60 s: half survives one lost probe
    bind_timeout_s: float = 10.0
    unbind_timeout_s: float = 5.0
    unacknowledged_pdus: int = 1_000  # messages of the peer that wait for our database
    remembered_late: int = 10_000  # requests whose overdue response is still matched
    max_pdu_octets: int = DEFAULT_MAX_PDU_OCTETS

"""The SMSC's session against an ESME made of hand-written octets."""

from __future__ import annotations

import pytest

from engine.smpp.codec import BindKind
from engine.smpp.messages import DeliverSm, SubmitSm
from engine.smpp.session_events import Answered, BindRequested, MessageReceived, NoAnswer, PeerFault
from engine.smpp.session_state import NotBound, SessionLimits, SessionState
from engine.smpp.smsc_session import SmscSession
from tests.unit.smpp.wire import Pdu, pdu, pdus

BIND_BODY = b"me\0secret\0VMA\0\x34\0\0\0"
SUBMIT_BODY = b"\0\5\0Ringback\0\1\x01491700000001\0\0\0\0\0\0\1\0\0\0\x02hi"
TEXT = DeliverSm(source_addr="491700000001", destination_addr="12345", short_message=b"yes")


def bound_session(command_id: int = 9) -> SmscSession:
    session = SmscSession(SessionLimits(), 0.0)
    session.receive(pdu(command_id, 1, 0, BIND_BODY), 0.0)
    session.accept_bind("SMSC")
    session.data_to_send()
    return session


@pytest.mark.parametrize(
    ("command_id", "kind", "state"),
    [
        (1, BindKind.RECEIVER, SessionState.BOUND_RX),
        (2, BindKind.TRANSMITTER, SessionState.BOUND_TX),
        (9, BindKind.TRANSCEIVER, SessionState.BOUND_TRX),
    ],
)
def test_a_bind_is_reported_and_accepted(command_id: int, kind: BindKind, state: SessionState) -> None:
    session = SmscSession(SessionLimits(), 0.0)
    (event,) = session.receive(pdu(command_id, 1, 0, BIND_BODY), 0.0)
    assert isinstance(event, BindRequested)
    assert (event.request.kind, event.request.system_id, event.request.password) == (kind, "me", "secret")
    assert session.data_to_send() == b""
    session.accept_bind("SMSC")
    assert pdus(session.data_to_send()) == [Pdu(0x80000000 | command_id, 0, 1, b"SMSC\0\x02\x10\x00\x01\x34")]
    assert session.state is state


def test_a_bind_may_be_refused() -> None:
    session = SmscSession(SessionLimits(), 0.0)
    session.receive(pdu(9, 1, 0, BIND_BODY), 0.0)
    session.refuse_bind(0x0E)
    assert pdus(session.data_to_send()) == [Pdu(0x80000009, 0x0E, 1)]
    assert session.closing == "bind_refused"
    with pytest.raises(NotBound):
        session.accept_bind()


def test_a_second_bind_is_refused_and_a_malformed_one_too() -> None:
    session = bound_session()
    session.receive(pdu(9, 2, 0, BIND_BODY), 1.0)
    assert pdus(session.data_to_send()) == [Pdu(0x80000009, 5, 2)]
    fresh = SmscSession(SessionLimits(), 0.0)
    (fault,) = fresh.receive(pdu(9, 1, 0, b"no terminator"), 0.0)
    assert isinstance(fault, PeerFault)
    assert pdus(fresh.data_to_send()) == [Pdu(0x80000009, 2, 1)]


def test_a_peer_that_never_binds_is_dropped() -> None:
    session = SmscSession(SessionLimits(bind_timeout_s=10), 0.0)
    assert session.next_deadline() == 10.0
    session.tick(10.0)
    assert session.closing == "bind_unanswered"


def test_a_submit_is_reported_and_answered_with_an_id() -> None:
    session = bound_session()
    (event,) = session.receive(pdu(4, 2, 0, SUBMIT_BODY), 1.0)
    assert isinstance(event, MessageReceived)
    assert isinstance(event.pdu, SubmitSm)
    assert (event.pdu.source_addr, event.pdu.short_message) == ("Ringback", b"hi")
    assert session.acknowledge(event.handle, message_id="0a1b")
    assert pdus(session.data_to_send()) == [Pdu(0x80000004, 0, 2, b"0a1b\0")]


def test_a_submit_may_be_refused_and_then_has_no_body() -> None:
    session = bound_session()
    (event,) = session.receive(pdu(4, 2, 0, SUBMIT_BODY), 1.0)
    assert isinstance(event, MessageReceived)
    session.acknowledge(event.handle, 0x58, message_id="0a1b")
    assert pdus(session.data_to_send()) == [Pdu(0x80000004, 0x58, 2)]


@pytest.mark.parametrize("session", [SmscSession(SessionLimits(), 0.0), bound_session(1)])
def test_a_submit_before_bind_or_from_a_receiver_is_refused(session: SmscSession) -> None:
    session.receive(pdu(4, 2, 0, SUBMIT_BODY), 1.0)
    assert pdus(session.data_to_send()) == [Pdu(0x80000004, 4, 2)]


def test_a_delivery_waits_for_its_answer_and_is_marked_when_none_comes() -> None:
    session = bound_session()
    a = session.deliver(TEXT, "a", 1.0)
    b = session.deliver(TEXT, "b", 1.0)
    assert [p.command_id for p in pdus(session.data_to_send())] == [5, 5]
    assert session.receive(pdu(0x80000005, a, 0x64, b"\0"), 2.0) == [Answered("a", a, 0x64, "", False, False)]
    assert session.tick(31.0) == [NoAnswer("b", b)]


def test_nothing_is_delivered_to_a_transmitter() -> None:
    with pytest.raises(NotBound):
        bound_session(2).deliver(TEXT, "a", 1.0)

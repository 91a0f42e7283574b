"""The ESME's session against a peer made of hand-written octets; time is a number."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.smpp.codec import BindKind, BindRequest
from engine.smpp.messages import DeliverSm, SubmitSm, UnencodablePdu
from engine.smpp.session import SmppSession
from engine.smpp.session_events import (
    Answered,
    BindRefused,
    Bound,
    Closed,
    Event,
    LinkRevived,
    MessageReceived,
    NoAnswer,
    PeerFault,
    PeerUnbound,
)
from engine.smpp.session_state import (
    TRANSITIONS,
    IllegalStep,
    NotBound,
    SessionLimits,
    SessionState,
    SessionStep,
    WindowFull,
    next_state,
)
from tests.unit.smpp.wire import Pdu, deliver_sm, pdu, pdus, submit_sm_resp

TEXT = SubmitSm(source_addr="12345", destination_addr="491700000001", short_message=b"hi")
ALL_HANDED_OVER = 1 << 60


def bound_session(kind: BindKind = BindKind.TRANSCEIVER, **limits: float) -> SmppSession:
    """A session bound at time 0, with nothing left to send; its bind had sequence number 1."""
    session = SmppSession(SessionLimits(**limits), 0.0)  # type: ignore[arg-type]
    session.bind(BindRequest(kind=kind, system_id="me", password="secret"), 0.0)
    session.data_to_send()
    session.receive(pdu(kind.command_id | 0x80000000, 1, 0, b"SMSC\0"), 0.0)
    assert session.bound
    return session


def sent(session: SmppSession) -> list[Pdu]:
    return pdus(session.data_to_send())


# --- binding ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "command_id", "state"),
    [
        (BindKind.TRANSMITTER, 2, SessionState.BOUND_TX),
        (BindKind.RECEIVER, 1, SessionState.BOUND_RX),
        (BindKind.TRANSCEIVER, 9, SessionState.BOUND_TRX),
    ],
)
def test_each_kind_of_bind_leads_to_its_state(kind: BindKind, command_id: int, state: SessionState) -> None:
    session = SmppSession(SessionLimits(), 0.0)
    session.bind(BindRequest(kind=kind, system_id="me", password="secret"), 0.0)
    assert sent(session) == [Pdu(command_id, 0, 1, b"me\0secret\0\0\x34\0\0\0")]
    answer = pdu(command_id | 0x80000000, 1, 0, b"SMSC\0\x02\x10\x00\x01\x34")
    assert session.receive(answer, 0.1) == [Bound("SMSC", 0x34)]
    assert session.state is state


def test_a_refused_bind_is_told_and_closes() -> None:
    session = SmppSession(SessionLimits(), 0.0)
    session.bind(BindRequest(kind=BindKind.TRANSCEIVER, system_id="me", password="wrong"), 0.0)
    assert session.receive(pdu(0x80000009, 1, 0x0E), 0.1) == [BindRefused(0x0E)]
    assert session.closing == "bind_refused"


def test_a_bind_nacked_as_unknown_is_refused() -> None:
    session = SmppSession(SessionLimits(), 0.0)
    session.bind(BindRequest(kind=BindKind.TRANSCEIVER, system_id="me", password=""), 0.0)
    assert session.receive(pdu(0x80000000, 1, 3), 0.1) == [BindRefused(3)]
    assert session.closing == "bind_refused"


def test_a_bind_nobody_answers_closes_in_time() -> None:
    session = SmppSession(SessionLimits(bind_timeout_s=10), 0.0)
    session.bind(BindRequest(kind=BindKind.TRANSCEIVER, system_id="me", password=""), 5.0)
    assert session.next_deadline() == 15.0
    session.tick(14.9)
    assert session.closing == ""
    session.tick(15.0)
    assert session.closing == "bind_unanswered"


def test_a_bind_response_to_another_number_or_kind_binds_nothing() -> None:
    session = SmppSession(SessionLimits(), 0.0)
    session.bind(BindRequest(kind=BindKind.TRANSCEIVER, system_id="me", password=""), 0.0)
    session.receive(pdu(0x80000009, 2, 0, b"SMSC\0") + pdu(0x80000002, 1, 0, b"SMSC\0"), 0.1)
    assert session.state is SessionState.OPEN


def test_nothing_is_submitted_before_bind_or_as_receiver_and_no_second_bind() -> None:
    session = SmppSession(SessionLimits(), 0.0)
    with pytest.raises(NotBound):
        session.submit(TEXT, "a", 0.0)
    receiver = bound_session(BindKind.RECEIVER)
    with pytest.raises(NotBound):
        receiver.submit(TEXT, "a", 0.0)
    with pytest.raises(NotBound):
        receiver.bind(BindRequest(kind=BindKind.RECEIVER, system_id="me", password=""), 0.0)
    assert receiver.data_to_send() == b""


# --- submitting ---------------------------------------------------------------------------------------


def submitted(session: SmppSession, *tokens: object) -> list[int]:
    """The sequence numbers of one text each, submitted at 1.0."""
    return [session.submit(TEXT, token, 1.0) for token in tokens]


def test_answers_find_their_tokens_in_any_order() -> None:
    session = bound_session()
    numbers = submitted(session, "a", "b", "c")
    assert [(p.command_id, p.sequence_number) for p in sent(session)] == [(4, n) for n in numbers]
    a, b, c = numbers
    answers = submit_sm_resp(c, b"id-c") + pdu(0x80000004, a, 0x58) + submit_sm_resp(b)
    assert session.receive(answers, 1.1) == [
        Answered("c", c, 0, "id-c", True, False),
        Answered("a", a, 0x58, "", False, False),
        Answered("b", b, 0, "id-1", True, False),
    ]
    assert session.outstanding == 0


def test_the_window_never_holds_more_than_its_size() -> None:
    session = bound_session(window_pdus=2)
    first, _ = submitted(session, 1, 2)
    assert session.room == 0
    with pytest.raises(WindowFull):
        session.submit(TEXT, 3, 1.0)
    session.receive(submit_sm_resp(first), 1.1)
    assert session.room == 1
    session.submit(TEXT, 3, 1.1)


def test_a_submit_that_cannot_be_encoded_leaves_no_trace() -> None:
    session = bound_session()
    with pytest.raises(UnencodablePdu):
        session.submit(SubmitSm(source_addr="x" * 21), "a", 1.0)
    assert (session.outstanding, session.data_to_send()) == (0, b"")
    assert session.submit(TEXT, "b", 1.0) == 2  # the number after the bind's


def test_ten_thousand_lost_responses_do_not_shrink_the_window() -> None:
    session = bound_session(window_pdus=10, response_timeout_s=30)
    now = 0.0
    lost = 0
    while lost < 10_000:
        numbers = [session.submit(TEXT, n, now) for n in range(10)]
        session.data_to_send()
        session.receive(submit_sm_resp(numbers[0]) + pdu(0x15, 1), now + 1)  # one answered, nine lost
        now += 30
        lost += len(session.tick(now))
        assert session.room == 10
        session.receive(pdu(0x15, 1), now)
        assert session.closing == ""
    assert lost >= 10_000


def test_a_late_answer_is_matched_and_marked() -> None:
    session = bound_session(response_timeout_s=30)
    number = session.submit(TEXT, "a", 1.0)
    assert session.next_deadline() == 30.0  # the idle probe comes first
    assert session.tick(30.9) == []
    assert session.tick(31.0) == [NoAnswer("a", number)]
    assert session.receive(submit_sm_resp(number), 40.0) == [
        LinkRevived(),
        Answered("a", number, 0, "id-1", True, True),
    ]
    assert session.receive(submit_sm_resp(number), 40.0) == [PeerFault("response_unexpected", "", number)]


def test_a_request_still_in_our_own_buffer_does_not_age() -> None:
    session = bound_session(response_timeout_s=10, enquire_link_every_s=1000)
    submitted(session, "left", "here")
    handed_over = session._queued_octets - len(TEXT.encode(1))
    assert session.tick(11.0, handed_over) == [NoAnswer("left", 2)]
    session.receive(pdu(0x15, 1), 11.5)
    assert session.next_deadline() == 1011.5
    assert session.outstanding == 1
    assert session.tick(12.0) == [NoAnswer("here", 3)]


def test_only_so_many_late_answers_are_remembered() -> None:
    session = bound_session(response_timeout_s=1, remembered_late=2, enquire_link_every_s=1000)
    numbers = submitted(session, "a", "b", "c")
    session.tick(2.0)
    events = session.receive(b"".join(submit_sm_resp(n) for n in numbers), 2.1)
    assert [type(e) for e in events] == [LinkRevived, PeerFault, Answered, Answered]


def test_sequence_numbers_wrap_to_one_and_pass_over_those_still_outstanding() -> None:
    session = bound_session()
    kept = session.submit(TEXT, "kept", 1.0)
    assert kept == 2
    session._sequence_number = 0x7FFFFFFE
    assert session.submit(TEXT, "last", 1.0) == 0x7FFFFFFF
    assert session.submit(TEXT, "first", 1.0) == 1
    assert session.submit(TEXT, "past the kept one", 1.0) == 3


def test_an_accepted_text_without_a_readable_id_is_accepted() -> None:
    session = bound_session()
    a, b = submitted(session, "a", "b")
    assert session.receive(pdu(0x80000004, a), 1.1) == [Answered("a", a, 0, "", True, False)]
    assert session.receive(pdu(0x80000004, b, 0, b"x" * 300), 1.1) == [
        PeerFault("message_id", "", b),
        Answered("b", b, 0, "", True, False),
    ]


# --- silence ------------------------------------------------------------------------------------------


def test_a_silent_peer_is_probed_then_dropped_within_interval_and_time_out() -> None:
    session = bound_session(enquire_link_every_s=30, response_timeout_s=10)
    session.tick(29.9)
    assert sent(session) == []
    session.tick(30.0)
    assert [p.command_id for p in sent(session)] == [0x15]
    assert session.next_deadline() == 40.0
    session.tick(39.9)
    assert session.closing == ""
    session.tick(40.0)
    assert session.closing == "peer_silent"
    assert session.next_deadline() is None


def test_a_probe_answered_by_anything_keeps_the_session() -> None:
    session = bound_session(enquire_link_every_s=30, response_timeout_s=10)
    session.tick(30.0)
    (probe,) = sent(session)
    session.receive(pdu(0x80000015, probe.sequence_number), 31.0)
    session.tick(60.9)
    assert sent(session) == []
    session.tick(61.0)
    assert [p.command_id for p in sent(session)] == [0x15]
    session.receive(deliver_sm(9), 62.0)
    session.tick(71.0)
    assert session.closing == ""


def test_enquire_link_is_answered_with_a_full_window_and_a_stalled_owner() -> None:
    session = bound_session(window_pdus=1, unacknowledged_pdus=1)
    session.submit(TEXT, "a", 1.0)
    session.receive(deliver_sm(1), 1.0)
    session.data_to_send()
    session.receive(pdu(0x15, 77), 1.0)
    assert sent(session) == [Pdu(0x80000015, 0, 77)]


def test_three_lost_responses_in_a_row_probe_the_link() -> None:
    session = bound_session(enquire_link_every_s=1000, response_timeout_s=10)
    for now in (1.0, 2.0, 3.0):
        session.submit(TEXT, now, now)
    session.receive(deliver_sm(9), 4.0)
    session.data_to_send()
    session.tick(12.0)
    assert sent(session) == []
    session.tick(13.0)
    assert [p.command_id for p in sent(session)] == [0x15]
    session.tick(23.0)
    assert session.closing == "peer_silent"


def test_an_answer_in_between_ends_the_row() -> None:
    session = bound_session(enquire_link_every_s=1000, response_timeout_s=10)
    for now in (1.0, 2.0):
        session.submit(TEXT, now, now)
    good = session.submit(TEXT, "good", 3.0)
    session.tick(12.0)
    session.receive(submit_sm_resp(good), 12.5)
    session.submit(TEXT, "third", 13.0)
    session.receive(deliver_sm(9), 14.0)
    session.data_to_send()
    session.tick(23.0)
    assert sent(session) == []


def test_a_whole_window_lost_at_once_is_one_silence_and_only_the_next_one_drops_a_deaf_peer() -> None:
    session = bound_session(enquire_link_every_s=1000, response_timeout_s=10, window_pdus=10)
    for n in range(10):
        session.submit(TEXT, n, 1.0)
    session.data_to_send()
    assert len(session.tick(11.0)) == 10
    (probe,) = sent(session)
    session.receive(pdu(0x80000015, probe.sequence_number), 11.1)
    assert session.closing == ""
    assert session.advisable_requests == 3, "nobody knows yet whether it takes texts"
    for now in (12.0, 13.0, 14.0):
        session.submit(TEXT, now, now)
    session.tick(23.0)
    (probe,) = sent(session)[-1:]
    session.receive(pdu(0x80000015, probe.sequence_number), 23.1)
    assert session.closing == ""
    session.tick(24.0)
    assert session.closing == "requests_unanswered"


def test_what_may_be_lost_in_silence_waits_until_the_link_has_spoken() -> None:
    session = bound_session(enquire_link_every_s=1000, response_timeout_s=10, window_pdus=10)
    first = session.submit(TEXT, "a", 1.0)
    session.data_to_send()
    assert session.advisable_requests == 10
    assert session.tick(11.0) == [NoAnswer("a", first)]
    assert session.advisable_requests == 0
    (probe,) = sent(session)
    assert probe.command_id == 0x15
    assert session.receive(pdu(0x80000015, probe.sequence_number), 12.0) == [LinkRevived()]
    assert session.advisable_requests == 10


def test_a_peer_that_takes_probes_but_no_texts_gets_few_until_it_answers_one() -> None:
    session = bound_session(enquire_link_every_s=1000, response_timeout_s=10, window_pdus=10)
    numbers = submitted(session, *range(10))
    session.data_to_send()
    session.tick(11.0)
    session.receive(pdu(0x15, 1), 11.1)
    assert session.advisable_requests == 3
    session.receive(submit_sm_resp(numbers[0]), 12.0)
    assert session.advisable_requests == 10


def test_a_response_lost_among_others_costs_nothing() -> None:
    session = bound_session(enquire_link_every_s=1000, response_timeout_s=10)
    lost, answered = submitted(session, "lost", "answered")
    session.receive(submit_sm_resp(answered), 2.0)
    session.data_to_send()
    assert session.tick(11.0) == [NoAnswer("lost", lost)]
    assert session.advisable_requests == 10
    assert sent(session) == []


# --- generic_nack and the unknown ------------------------------------------------------------------------


@pytest.mark.parametrize(("nack_status", "told"), [(0x03, 0x03), (0, 0xFF)])
def test_a_nack_with_the_number_of_a_submit_refuses_it(nack_status: int, told: int) -> None:
    session = bound_session()
    number = session.submit(TEXT, "a", 1.0)
    assert session.receive(pdu(0x80000000, number, nack_status), 1.1) == [
        Answered("a", number, told, "", False, False)
    ]
    assert session.closing == ""


def test_a_nack_with_the_number_of_an_overdue_submit_refuses_it_late() -> None:
    session = bound_session(response_timeout_s=1)
    number = session.submit(TEXT, "a", 1.0)
    session.tick(2.0)
    assert session.receive(pdu(0x80000000, number, 8), 3.0) == [
        LinkRevived(),
        Answered("a", number, 8, "", False, True),
    ]


@pytest.mark.parametrize("number", [0, 4711])
def test_a_nack_for_nothing_we_sent_makes_all_outstanding_ambiguous(number: int) -> None:
    session = bound_session()
    session.submit(TEXT, "a", 1.0)
    session.data_to_send()
    session.receive(pdu(0x80000000, number, 2), 1.1)
    assert session.closing == "generic_nack"
    (closed,) = session.lost(ALL_HANDED_OVER, "gone", 1.2)
    assert isinstance(closed, Closed)
    assert (closed.reason, closed.ambiguous, closed.not_sent) == ("generic_nack", ("a",), ())


def test_a_nacked_enquire_link_is_still_a_sign_of_life() -> None:
    session = bound_session(enquire_link_every_s=30, response_timeout_s=10)
    session.tick(30.0)
    (probe,) = sent(session)
    session.receive(pdu(0x80000000, probe.sequence_number, 3), 31.0)
    session.tick(41.0)
    assert session.closing == ""


@pytest.mark.parametrize("command_id", [0x77, 0x03, 0x04, 0x21, 0x00010200])
def test_an_unknown_request_is_nacked_and_the_session_lives_on(command_id: int) -> None:
    session = bound_session()
    (fault,) = session.receive(pdu(command_id, 5, 0, b"whatever"), 1.0)
    assert isinstance(fault, PeerFault)
    assert sent(session) == [Pdu(0x80000000, 3, 5)]
    session.submit(TEXT, "a", 1.0)


@pytest.mark.parametrize("command_id", [0x80000077, 0x80000003, 0x102, 0x0B])
def test_an_unknown_response_and_the_two_unanswered_requests_are_not_nacked(command_id: int) -> None:
    session = bound_session()
    session.receive(pdu(command_id, 5), 1.0)
    assert sent(session) == []
    assert session.closing == ""


@pytest.mark.parametrize("length", [b"\0\0\0\x08", b"\x7f\xff\xff\xff"])
def test_a_lost_framing_is_nacked_and_closes_after_the_good_pdus(length: bytes) -> None:
    session = bound_session()
    number = session.submit(TEXT, "a", 1.0)
    session.data_to_send()
    bad = length + b"\0\0\0\x05\0\0\0\0\0\0\0\x09" + b"garbage" * 10
    events = session.receive(submit_sm_resp(number) + bad, 1.1)
    assert isinstance(events[0], Answered)
    assert sent(session) == [Pdu(0x80000000, 2, 9)]
    assert session.closing == "framing_lost"
    assert session.receive(submit_sm_resp(number), 1.2) == []


# --- receiving ------------------------------------------------------------------------------------------


def test_a_delivered_text_is_answered_only_when_acknowledged_and_only_once() -> None:
    session = bound_session()
    (event,) = session.receive(deliver_sm(7, b"hi there"), 1.0)
    assert isinstance(event, MessageReceived)
    assert isinstance(event.pdu, DeliverSm)
    assert event.pdu.short_message == b"hi there"
    assert session.data_to_send() == b""
    assert session.acknowledge(event.handle)
    assert sent(session) == [Pdu(0x80000005, 0, 7, b"\0")]
    assert not session.acknowledge(event.handle)
    assert session.data_to_send() == b""


def test_a_delivered_text_may_be_refused_for_now() -> None:
    session = bound_session()
    (event,) = session.receive(deliver_sm(7), 1.0)
    assert isinstance(event, MessageReceived)
    session.acknowledge(event.handle, 0x64)
    assert sent(session) == [Pdu(0x80000005, 0x64, 7, b"\0")]


def test_data_sm_is_delivered_and_answered_as_data_sm() -> None:
    session = bound_session()
    (event,) = session.receive(pdu(0x103, 7, 0, b"\0\1\x01491\0\1\x01123\0\0\0\0\x04\x24\0\x02hi"), 1.0)
    assert isinstance(event, MessageReceived)
    assert event.pdu.user_data == b"hi"
    session.acknowledge(event.handle)
    assert sent(session) == [Pdu(0x80000103, 0, 7, b"\0")]


def test_a_malformed_text_is_refused_and_the_session_lives_on() -> None:
    session = bound_session()
    (fault,) = session.receive(pdu(5, 7, 0, b"no terminator anywhere"), 1.0)
    assert isinstance(fault, PeerFault)
    assert sent(session) == [Pdu(0x80000005, 2, 7, b"\0")]
    assert session.malformed_pdus == 1
    assert len(session.receive(deliver_sm(8), 1.1)) == 1


def test_texts_beyond_what_the_owner_can_hold_are_put_off() -> None:
    session = bound_session(unacknowledged_pdus=2)
    events = session.receive(deliver_sm(1) + deliver_sm(2) + deliver_sm(3), 1.0)
    assert len(events) == 2
    assert sent(session) == [Pdu(0x80000005, 0x64, 3, b"\0")]
    assert session.unacknowledged == 2


def test_a_text_before_the_bind_or_to_a_transmitter_is_refused() -> None:
    session = SmppSession(SessionLimits(), 0.0)
    session.receive(deliver_sm(7), 1.0)
    assert sent(session) == [Pdu(0x80000005, 4, 7, b"\0")]
    transmitter = bound_session(BindKind.TRANSMITTER)
    transmitter.receive(deliver_sm(7), 1.0)
    assert sent(transmitter) == [Pdu(0x80000005, 4, 7, b"\0")]


# --- ending -----------------------------------------------------------------------------------------------


def test_our_unbind_stops_submits_takes_answers_and_closes_on_its_answer() -> None:
    session = bound_session()
    number = session.submit(TEXT, "a", 1.0)
    session.unbind(1.0)
    with pytest.raises(NotBound):
        session.submit(TEXT, "b", 1.0)
    unbind = sent(session)[-1]
    assert unbind.command_id == 6
    assert session.receive(submit_sm_resp(number), 1.1) == [Answered("a", number, 0, "id-1", True, False)]
    session.receive(pdu(0x80000006, unbind.sequence_number), 1.2)
    assert (session.closing, session.state) == ("unbound", SessionState.UNBOUND)
    (closed,) = session.lost(ALL_HANDED_OVER, "gone", 1.3)
    assert isinstance(closed, Closed)
    assert (closed.reason, closed.unbind_sent, closed.unbind_received) == ("unbound", True, False)


def test_an_unanswered_unbind_closes_in_time() -> None:
    session = bound_session(unbind_timeout_s=5)
    session.unbind(1.0)
    session.tick(5.9)
    assert session.closing == ""
    session.tick(6.0)
    assert session.closing == "unbind_unanswered"


def test_the_peers_unbind_is_answered_and_closes_when_nothing_is_outstanding() -> None:
    session = bound_session()
    assert session.receive(pdu(6, 99), 1.0) == [PeerUnbound()]
    assert sent(session) == [Pdu(0x80000006, 0, 99)]
    assert session.closing == "peer_unbound"


def test_the_peers_unbind_leaves_a_moment_for_answers_on_their_way() -> None:
    session = bound_session(unbind_timeout_s=5)
    a, b = submitted(session, "a", "b")
    session.receive(pdu(6, 99), 2.0)
    assert session.closing == ""
    with pytest.raises(NotBound):
        session.submit(TEXT, "c", 2.0)
    session.receive(submit_sm_resp(a), 3.0)
    assert session.closing == ""
    session.receive(submit_sm_resp(b), 3.0)
    assert session.closing == "peer_unbound"


def test_a_peer_that_unbinds_and_says_no_more_leaves_its_requests_ambiguous() -> None:
    session = bound_session(unbind_timeout_s=5)
    session.submit(TEXT, "a", 1.0)
    session.data_to_send()
    session.receive(pdu(6, 99), 2.0)
    assert session.next_deadline() == 7.0
    session.tick(7.0)
    (closed,) = session.lost(ALL_HANDED_OVER, "gone", 7.0)
    assert isinstance(closed, Closed)
    assert (closed.reason, closed.ambiguous) == ("peer_unbound", ("a",))


def test_both_ends_may_unbind_at_once() -> None:
    session = bound_session()
    session.unbind(1.0)
    (unbind,) = sent(session)
    session.receive(pdu(6, 99) + pdu(0x80000006, unbind.sequence_number), 1.1)
    assert sent(session) == [Pdu(0x80000006, 0, 99)]
    assert session.closing == "peer_unbound"


def test_what_never_all_left_this_process_is_not_sent_and_the_rest_ambiguous() -> None:
    session = bound_session()
    submitted(session, "whole", "cut", "waiting")
    handed_over = session._queued_octets - len(session.data_to_send())
    length = len(TEXT.encode(1))
    (closed,) = session.lost(handed_over + 2 * length - 1, "connection_reset", 1.1)
    assert isinstance(closed, Closed)
    assert closed.ambiguous == ("whole",)
    assert closed.not_sent == ("cut", "waiting")
    assert closed.reason == "connection_reset"
    assert session.lost(0, "again", 1.2) == []
    assert session.next_deadline() is None
    with pytest.raises(NotBound):
        session.submit(TEXT, "x", 2.0)


def test_a_request_that_was_overdue_in_our_own_buffer_is_settled_as_not_sent() -> None:
    session = bound_session(response_timeout_s=1)
    handed_over = session._queued_octets
    session.submit(TEXT, "a", 1.0)
    session.tick(2.0)
    (closed,) = session.lost(handed_over, "gone", 2.1)
    assert isinstance(closed, Closed)
    assert (closed.ambiguous, closed.not_sent, closed.late_not_sent) == ((), (), ("a",))


def test_acknowledging_after_the_link_is_gone_does_nothing() -> None:
    session = bound_session()
    (event,) = session.receive(deliver_sm(7), 1.0)
    assert isinstance(event, MessageReceived)
    session.lost(0, "gone", 1.1)
    assert not session.acknowledge(event.handle)
    assert session.data_to_send() == b""


def test_the_end_of_the_peers_octets_closes() -> None:
    session = bound_session()
    session.receive_eof(1.0)
    assert session.closing == "peer_closed"


def test_an_illegal_step_raises_and_the_table_leads_only_forward() -> None:
    for state in SessionState:
        for step in SessionStep:
            if step in TRANSITIONS[state]:
                assert next_state(state, step) is TRANSITIONS[state][step]
            else:
                with pytest.raises(IllegalStep):
                    next_state(state, step)
    assert TRANSITIONS[SessionState.CLOSED] == {}


def test_the_documented_diagram_is_the_table() -> None:
    lines = [
        f"    {state} --> {target}: {step}"
        for state, row in TRANSITIONS.items()
        for step, target in row.items()
    ]
    page = Path(__file__).parents[3].joinpath("docs", "smpp.md").read_text("utf-8")
    assert "\n".join(lines) in page


# --- any cutting, any garbage -------------------------------------------------------------------------------


def busy_stream() -> bytes:
    return (
        deliver_sm(1)
        + submit_sm_resp(2)
        + pdu(0x15, 2)
        + pdu(0x77, 3, 0, b"???")
        + pdu(0x80000004, 3, 0x58)
        + deliver_sm(4, b"x" * 200, b"\x14\x00\x00\x02ab")
        + pdu(6, 5)
    )


def run(pieces: list[bytes]) -> tuple[list[Event], bytes]:
    session = bound_session()
    submitted(session, "a", "b")
    session.data_to_send()
    events = [event for piece in pieces for event in session.receive(piece, 2.0)]
    return events, session.data_to_send()


@given(st.lists(st.integers(1, 120), max_size=30))
def test_any_cutting_of_the_stream_gives_the_same_events_and_answers(lengths: list[int]) -> None:
    stream = busy_stream()
    whole = run([stream])
    pieces = []
    for length in lengths:
        pieces.append(stream[:length])
        stream = stream[length:]
    assert run([*pieces, stream]) == whole
    assert len(whole[0]) == 6


def test_garbage_never_raises_and_never_grows_memory() -> None:
    choose = random.Random(4711)
    stream = busy_stream()
    for _ in range(3_000):
        session = bound_session(window_pdus=3)
        submitted(session, "a", "b")
        octets = bytearray(stream)
        for _ in range(choose.randint(1, 30)):
            octets[choose.randrange(len(octets))] = choose.randrange(256)
        for start in range(0, len(octets), 50):
            session.receive(bytes(octets[start : start + 50]), 2.0)
        session.tick(100.0)
        assert len(session._rest) <= 64 * 1024
        session.lost(0, "end", 101.0)
        assert session.state is SessionState.CLOSED

"""The shell of a session over a transport that takes as much as a test says."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from engine.smpp.codec import BindKind, BindRequest
from engine.smpp.connection import SmppConnection, TlsSettings
from engine.smpp.messages import SubmitSm
from engine.smpp.session import SmppSession
from engine.smpp.session_events import Answered, Closed, Event, NoAnswer
from engine.smpp.session_state import SessionLimits
from tests.unit.smpp.wire import deliver_sm, pdu, pdus, submit_sm_resp

TEXT = SubmitSm(destination_addr="491700000001", short_message=b"x" * 100)
TEXT_OCTETS = len(TEXT.encode(1))


class StandingClock:
    """A clock a test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def now_ms(self) -> int:
        return 0

    def monotonic(self) -> float:
        return self.now


class KernelTransport(asyncio.Transport):
    """Takes `room` octets at once, keeps the rest as asyncio's transports do."""

    def __init__(self, protocol: asyncio.Protocol, room: int = 1 << 30) -> None:
        super().__init__()
        self.protocol = protocol
        self.room = room
        self.taken = b""
        self.kept = b""
        self.writes = 0
        self.closed = ""
        self.limits: tuple[int | None, int | None] = (None, None)

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self.limits = (high, low)

    def get_write_buffer_size(self) -> int:
        return len(self.kept)

    def write(self, data: Any) -> None:
        assert self.kept == b"", "more was given to a transport that still held some"
        self.writes += 1
        self.kept = bytes(data)
        self._move()
        if self.kept:
            self.protocol.pause_writing()

    def make_room(self, octets: int) -> None:
        """The peer read some."""
        self.room += octets
        self._move()
        if not self.kept:
            self.protocol.resume_writing()

    def close(self) -> None:
        self.closed = self.closed or "close"

    def abort(self) -> None:
        self.closed = "abort"
        self.kept = b""  # what asyncio does before it says connection_lost
        asyncio.get_running_loop().call_soon(self.protocol.connection_lost, None)

    def break_off(self, error: Exception | None) -> None:
        """The link dies without our doing; asyncio empties its buffer first."""
        self.kept = b""
        self.protocol.connection_lost(error)

    def _move(self) -> None:
        count = min(self.room, len(self.kept))
        self.room -= count
        self.taken += self.kept[:count]
        self.kept = self.kept[count:]


class Link:
    """A bound session on its connection."""

    def __init__(self, **limits: float) -> None:
        self.clock = StandingClock()
        self.session = SmppSession(SessionLimits(**{"window_pdus": 5_000, **limits}), 0.0)  # type: ignore[arg-type]
        self.events: list[Event] = []
        self.connection = SmppConnection(self.session, self.events.extend, self.clock)
        self.transport = KernelTransport(self.connection)
        self.connection.connection_made(self.transport)
        self.session.bind(BindRequest(kind=BindKind.TRANSCEIVER, system_id="me", password=""), 0.0)
        self.connection.flush_soon()

    async def bound(self) -> None:
        await turn()
        self.connection.data_received(pdu(0x80000009, 1, 0, b"SMSC\0"))
        assert self.session.bound
        self.events.clear()
        self.transport.writes = 0
        self.transport.taken = b""

    def stand_still_until(self, now: float) -> None:
        """The process does nothing until then, and finds nothing to read."""
        self.clock.now = now
        self.connection._tick()
        self.connection._tick()

    def submit(self, count: int, first: int = 0) -> None:
        for token in range(first, first + count):
            self.session.submit(TEXT, token, self.clock.now)
        self.connection.flush_soon()

    @property
    def end(self) -> Closed:
        (closed,) = [event for event in self.events if isinstance(event, Closed)]
        return closed


@pytest.fixture
async def link() -> Link:
    link = Link()
    await link.bound()
    return link


async def turn() -> None:
    """One turn of the loop."""
    await asyncio.sleep(0)


async def test_submits_of_one_turn_leave_in_one_write(link: Link) -> None:
    for token in range(50):
        link.submit(1, token)
    assert link.transport.writes == 0
    await turn()
    assert link.transport.writes == 1
    assert len(pdus(link.transport.taken)) == 50


async def test_everything_a_read_causes_leaves_in_one_write(link: Link) -> None:
    link.connection.data_received(b"".join(pdu(0x15, n) for n in range(1, 40)))
    assert link.transport.writes == 1
    assert [p.command_id for p in pdus(link.transport.taken)] == [0x80000015] * 39


async def test_the_transport_is_never_given_more_than_it_has_room_for(link: Link) -> None:
    assert link.transport.limits == (1, 0)
    link.transport.room = 1_000
    link.submit(1_000)
    await turn()
    assert len(link.transport.taken) == 1_000
    assert len(link.transport.kept) < 16 * 1024
    for _ in range(1_000):
        link.transport.make_room(10_000)
    assert len(pdus(link.transport.taken)) == 1_000


async def test_a_peer_that_does_not_read_is_still_listened_to(link: Link) -> None:
    link.transport.room = 0
    link.submit(1)
    await turn()
    link.connection.data_received(submit_sm_resp(2) + deliver_sm(1))
    assert isinstance(link.events[0], Answered)
    assert len(link.events) == 2


async def test_what_stands_in_our_own_buffer_when_the_link_breaks_was_not_sent(link: Link) -> None:
    link.transport.room = 10 * TEXT_OCTETS
    link.submit(1_000)
    await turn()
    link.transport.break_off(ConnectionResetError())
    assert link.end.reason == "ConnectionResetError"
    assert link.end.ambiguous + link.end.not_sent == tuple(range(1_000))
    # The transport's own rest is lost from sight, so up to one write of it counts as handed over.
    assert 10 <= len(link.end.ambiguous) <= 16 * 1024 // TEXT_OCTETS
    assert link.connection.closed.is_set()


async def test_a_link_we_cut_ourselves_is_measured_to_the_octet(link: Link) -> None:
    link.transport.room = 10 * TEXT_OCTETS + 50
    link.submit(1_000)
    await turn()
    link.connection.abort()
    await turn()
    assert link.end.ambiguous == tuple(range(10))
    assert link.end.not_sent == tuple(range(10, 1_000))


async def test_requests_of_a_turn_that_never_came_are_not_sent(link: Link) -> None:
    link.submit(3)
    link.transport.break_off(None)
    assert link.end.not_sent == (0, 1, 2)
    assert link.end.reason == "connection_closed"


async def test_a_silent_peer_is_cut_and_what_it_cannot_have_is_known() -> None:
    link = Link(enquire_link_every_s=30, response_timeout_s=10)
    await link.bound()
    link.transport.room = 3 * TEXT_OCTETS
    link.submit(10)
    await turn()
    link.stand_still_until(30.0)
    assert [e.token for e in link.events if isinstance(e, NoAnswer)] == [0, 1, 2]
    link.stand_still_until(40.0)
    await turn()
    await turn()
    assert link.transport.closed == "abort"
    assert (link.end.reason, link.end.not_sent) == ("peer_silent", tuple(range(3, 10)))


async def test_what_came_while_the_process_stood_still_is_read_before_it_is_called_overdue() -> None:
    link = Link(response_timeout_s=10)
    await link.bound()
    link.submit(1)
    await turn()
    (submit,) = pdus(link.transport.taken)
    link.clock.now = 60.0
    link.connection._tick()  # uvloop's order: the timer first, then the socket
    link.connection.data_received(submit_sm_resp(submit.sequence_number))
    link.connection._tick()
    assert [type(event) for event in link.events] == [Answered]
    assert link.transport.closed == ""


async def test_a_session_that_ends_says_its_last_word_before_the_transport_closes(link: Link) -> None:
    link.connection.data_received(b"\0\0\0\x01garbage...")
    assert pdus(link.transport.taken) == [(0x80000000, 2, 0, b"")]
    assert link.transport.closed == "close"
    link.transport.break_off(None)
    assert link.end.reason == "framing_lost"


async def test_a_session_that_ends_while_the_peer_does_not_read_is_cut(link: Link) -> None:
    link.transport.room = 0
    link.submit(1)
    await turn()
    link.connection.eof_received()
    await turn()
    await turn()
    assert link.transport.closed == "abort"
    assert (link.end.reason, link.end.not_sent) == ("peer_closed", (0,))


async def test_a_listener_that_fails_costs_its_call_and_not_the_link() -> None:
    def fail(events: list[Event]) -> None:
        raise RuntimeError("a bug of ours")

    link = Link()
    await link.bound()
    link.connection._on_events = fail
    link.connection.data_received(deliver_sm(1))
    link.connection.data_received(pdu(0x15, 2))
    assert [p.command_id for p in pdus(link.transport.taken)] == [0x80000015]
    assert link.transport.closed == ""


async def test_the_timer_is_set_again_only_when_it_would_come_too_late(link: Link) -> None:
    timer = link.connection._timer
    for number in range(100):
        link.connection.data_received(pdu(0x15, number + 1))
    assert link.connection._timer is timer


def test_tls_always_checks_chain_and_name() -> None:
    import ssl

    context = TlsSettings().context()
    assert context.check_hostname
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    with pytest.raises(OSError, match="No such file"):
        TlsSettings(ca_file="/nowhere.pem").context()

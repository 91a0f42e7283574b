"""One TCP or TLS connection that carries one session; it moves octets and decides nothing.

An `asyncio.Protocol`, so a peer that stops reading stops neither our reading nor our timers. The
transport is given octets only while it holds none: what stands in our own buffer when the link
dies has certainly not been sent, which is what separates a text to send again from one to leave.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import structlog

from engine.clock import Clock
from engine.smpp.session_core import SessionCore
from engine.smpp.session_events import Event

log = structlog.get_logger()

# The most the transport may hold when the kernel takes no more, and so the most that has to be
# called ambiguous although it may not have left; a hundred and more submit_sm fit one write.
_WRITE_OCTETS = 16 * 1024

# What a close may take before the connection is cut: the rest of our octets, TLS close_notify.
_CLOSE_WITHIN_S = 3.0

# A timer this late means that the process stood still. What came meanwhile is read before anything is
# called overdue, and uvloop runs its timers before it polls.
_OVERSLEPT_S = 0.5
_READ_FIRST_S = 0.01


@dataclass(frozen=True, kw_only=True, slots=True)
class TlsSettings:
    """TLS towards one SMSC; the chain and the name are always checked.

    ca_file: PEM file to trust instead of the system's. server_name: the name in the certificate
    where it is not the host's. certificate_file, key_file: what we show, where the carrier asks.
    """

    ca_file: str | None = None
    server_name: str | None = None
    certificate_file: str | None = None
    key_file: str | None = None

    def context(self) -> ssl.SSLContext:
        """A context for connections to the SMSC. Raises OSError or ssl.SSLError for a bad file."""
        context = ssl.create_default_context(cafile=self.ca_file)
        context.minimum_version = ssl.TLSVersion.TLSv1_2  # Debian's Python leaves it to openssl.cnf
        if self.certificate_file is not None:
            context.load_cert_chain(self.certificate_file, self.key_file)
        return context


class SmppConnection(asyncio.Protocol):
    """The shell of one session, from connection to close.

    on_events: called on the loop once a wake-up with what the session reported, Closed last of all
    and exactly once if a connection was ever made. An exception in it is logged; the link lives.
    """

    def __init__(self, session: SessionCore, on_events: Callable[[list[Event]], None], clock: Clock) -> None:
        self.session = session
        self.closed = asyncio.Event()
        self._on_events = on_events
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._held = b""  # taken from the session; given to the transport as far as _held_from
        self._held_from = 0
        self._paused = False
        self._given_octets = 0
        self._last_write_octets = 0
        self._handed_over: int | None = None
        self._flush_scheduled = False
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0
        self._overslept = False
        self._cut: asyncio.Handle | None = None

    # --- what asyncio calls -----------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Not asserted: uvloop's transports are no asyncio.Transport.
        self._transport = stream = cast(asyncio.Transport, transport)
        # Paused by the first octet it has to keep, resumed by none; with 0, asyncio's TLS would be
        # paused by nothing at all.
        stream.set_write_buffer_limits(high=1, low=0)
        self._settle([])

    def data_received(self, data: bytes) -> None:
        self._settle(self.session.receive(data, self._clock.monotonic()))

    def eof_received(self) -> None:
        self._settle(self.session.receive_eof(self._clock.monotonic()))

    def pause_writing(self) -> None:
        self._paused = True

    def resume_writing(self) -> None:
        self._paused = False
        self._settle([])

    def connection_lost(self, exc: Exception | None) -> None:
        handed_over = self._octets_handed_over() if self._handed_over is None else self._handed_over
        self._transport = None
        for handle in (self._timer, self._cut):
            if handle is not None:
                handle.cancel()
        reason = "connection_closed" if exc is None else type(exc).__name__
        self._publish(self.session.lost(handed_over, reason, self._clock.monotonic()))
        self.closed.set()

    # --- what the owner calls ---------------------------------------------------------------------

    def flush_soon(self) -> None:
        """Write what the session has queued, once this turn of the loop is over."""
        if not self._flush_scheduled:
            self._flush_scheduled = True
            self._loop.call_soon(self._flush_now)

    def abort(self) -> None:
        """Cut the connection; Closed follows on the next turn of the loop."""
        if self._transport is not None:
            self._handed_over = self._octets_handed_over()
            self._transport.abort()

    # --- moving things ------------------------------------------------------------------------------

    def _flush_now(self) -> None:
        self._flush_scheduled = False
        self._settle([])

    def _settle(self, events: list[Event]) -> None:
        """After anything that touched the session: write, close if it says so, set the timer, tell."""
        if self._transport is not None:
            self._write()
            if self.session.closing:
                self._close()
            else:
                self._rearm()
        self._publish(events)

    def _write(self) -> None:
        transport = self._transport
        if transport is None or self._handed_over is not None:
            return
        while not self._paused:  # write() calls pause_writing() if the kernel does not take all of it
            if self._held_from >= len(self._held):
                self._held, self._held_from = self.session.data_to_send(), 0
                if not self._held:
                    return
            part = self._held
            if len(part) > _WRITE_OCTETS:
                part = part[self._held_from : self._held_from + _WRITE_OCTETS]
            self._held_from += len(part)
            self._given_octets += len(part)
            self._last_write_octets = len(part)
            transport.write(part)

    def _octets_handed_over(self) -> int:
        """The most the kernel may have of what the session queued.

        A loop that empties its buffer before connection_lost makes this larger than the truth, never
        smaller; nor can TLS, whose records are longer than what they carry.
        """
        waiting = 0 if self._transport is None else self._transport.get_write_buffer_size()
        return self._given_octets - min(waiting, self._last_write_octets)

    def _close(self) -> None:
        transport = self._transport
        if transport is None or self._cut is not None:
            return
        if self._paused:
            self._cut = self._loop.call_soon(self.abort)
            return
        self._cut = self._loop.call_later(_CLOSE_WITHIN_S, self.abort)
        transport.close()

    def _rearm(self) -> None:
        deadline = self.session.next_deadline()
        if deadline is None:
            return
        # A timer that fires too early only sets itself again, which costs less than replacing it at
        # every PDU.
        if self._timer is not None:
            if self._timer_at <= deadline:
                return
            self._timer.cancel()
        self._timer_at = deadline
        self._timer = self._loop.call_later(max(0.0, deadline - self._clock.monotonic()), self._tick)

    def _tick(self) -> None:
        self._timer = None
        if not self._overslept and self._clock.monotonic() > self._timer_at + _OVERSLEPT_S:
            self._overslept = True
            self._timer = self._loop.call_later(_READ_FIRST_S, self._tick)
            return
        self._overslept = False
        handed_over = self._octets_handed_over() if self._paused else None
        self._settle(self.session.tick(self._clock.monotonic(), handed_over))

    def _publish(self, events: list[Event]) -> None:
        if not events:
            return
        try:
            self._on_events(events)
        except Exception:
            log.exception("smpp.listener_failed")

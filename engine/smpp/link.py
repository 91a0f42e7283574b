"""One bind kept up: connect, bind, carry messages, notice the end, wait, again.

It turns what a session reports into what a carrier's owner understands. The rules of pacing are in
`pacing`, those of the session in `session`.
"""

from __future__ import annotations

import asyncio
import errno
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

import structlog

from engine.clock import Clock
from engine.ids import new_id
from engine.smpp.connection import SmppConnection
from engine.smpp.messages import SubmitSm, UnencodablePdu
from engine.smpp.pacing import BindFailure, ReconnectDelay, Throttle
from engine.smpp.reports import AnswerKind, BindState, BindStatus, Delivery, SubmitAnswer
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
from engine.smpp.session_state import NotBound, SessionState
from engine.smpp.settings import BindSettings, SmscAddress
from engine.smpp.statuses import ESME_RINVPASWD, ESME_RINVSYSID, ESME_ROK, StatusClass, StatusTable

log = structlog.get_logger()


@dataclass(slots=True, eq=False)
class Slot:
    """A place in the window of one session, taken but not yet used; good for one submit or release."""

    bind: str
    session_id: str
    live: LiveSession = field(repr=False)
    open: bool = True


class LinkOwner(Protocol):
    """What a bind tells the carrier it belongs to; each at most once a wake-up, in this order."""

    def answered(self, answers: Sequence[SubmitAnswer]) -> None: ...
    def delivered(self, deliveries: Sequence[Delivery]) -> None: ...
    def room_changed(self) -> None: ...
    def pause_began(self, pause_s: float) -> None: ...
    def state_changed(self, bind: str, state: BindState, reason: str) -> None: ...


class LiveSession:
    """A session on its connection, and the window places promised but not used."""

    def __init__(
        self, session: SmppSession, clock: Clock, on_events: Callable[[LiveSession, list[Event]], None]
    ) -> None:
        self.session = session
        self.connection = SmppConnection(session, partial(on_events, self), clock)
        self.id = new_id("ses")
        self.reserved = 0
        self.retiring = False
        self.bound_at: float | None = None
        self.refused_with: int | None = None
        self.close_reason = ""
        self.faults_logged: set[str] = set()
        self._clock = clock

    def acknowledge(self, handle: int, command_status: int = ESME_ROK) -> bool:
        """Answer a delivered message, as Delivery.acknowledge says."""
        if not self.session.acknowledge(handle, command_status):
            return False
        self.connection.flush_soon()
        self.unbind_when_idle()
        return True

    def retire(self) -> None:
        """Take no new messages; unbind when everything out is answered, both ways."""
        self.retiring = True
        self.unbind_when_idle()

    def unbind_when_idle(self) -> None:
        """The step of retiring that each answer may be the last to allow."""
        session = self.session
        if self.retiring and not (session.outstanding or self.reserved or session.unacknowledged):
            self.unbind_now()

    def unbind_now(self) -> None:
        """Unbind, whatever is out; a session that never bound is cut."""
        if self.session.bound:
            self.session.unbind(self._clock.monotonic())
            self.connection.flush_soon()
        elif self.session.state is SessionState.OPEN:
            self.connection.abort()


class BindLink:
    """One bind of a carrier, kept up by run() until stopped or cancelled."""

    def __init__(
        self,
        settings: BindSettings,
        throttle: Throttle,
        statuses: StatusTable,
        owner: LinkOwner,
        clock: Clock,
        delay: ReconnectDelay | None = None,
    ) -> None:
        self.settings = settings
        self.throttle = throttle
        self._statuses = statuses
        self._owner = owner
        self._clock = clock
        self._delay = delay or ReconnectDelay()
        self._live: LiveSession | None = None
        self.stopped = asyncio.Event()  # set whenever run() is not running
        self.stopped.set()
        self._stopping = asyncio.Event()
        self._state = BindState.CONNECTING
        self._reason = ""
        self._since_ms = clock.now_ms()
        self._attempts = 0
        self._answers = 0
        self._deliveries = 0
        self._peer_faults = 0

    # --- messages -----------------------------------------------------------------------------------

    def reserve(self, now: float) -> Slot | None:
        """Take a window place, if this bind may submit now."""
        live = self._live
        if live is None or live.retiring or not live.session.may_send:
            return None
        out = live.session.outstanding + live.reserved
        if out >= min(self.throttle.allowed, self.settings.window_pdus, live.session.advisable_requests):
            return None
        if self.throttle.paused_s(now):
            return None
        live.reserved += 1
        return Slot(self.settings.name, live.id, live)

    def release(self, slot: Slot) -> bool:
        """Give a place back; False when it was already used or given back."""
        if not _spend(slot):
            return False
        slot.live.unbind_when_idle()
        return True

    def submit(self, slot: Slot, pdu: SubmitSm, token: object, now: float) -> bool:
        """Use a place. False: its session is gone or silent, and nothing was sent. Raises UnencodablePdu."""
        live = slot.live
        if not _spend(slot) or not live.session.may_send or not live.session.advisable_requests:
            return False
        try:
            live.session.submit(pdu, token, now)
        except UnencodablePdu:
            live.unbind_when_idle()
            raise
        live.connection.flush_soon()
        return True

    # --- life ---------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Keep the bind up until stop() has drained it. Cancelled: cuts the session, reports its end."""
        self.stopped.clear()
        try:
            while not self._stopping.is_set():
                address = self.settings.hosts[self._attempts % len(self.settings.hosts)]
                delay_s = await self._one_session(address)
                if not self._stopping.is_set():
                    await self._wait(delay_s)
        finally:
            self._enter(BindState.STOPPED, "")
            self.stopped.set()

    def stop(self) -> None:
        """Take no new messages, let what is out be answered, unbind; run() then returns."""
        self._stopping.set()
        if self._live is not None:
            if self._live.session.bound:
                self._enter(BindState.UNBINDING, "stopping")
            self._live.retire()
            if self._live.session.state is SessionState.OPEN:
                self._live.unbind_now()

    def stop_waiting(self) -> None:
        """stop() has taken long enough: unbind now."""
        if self._live is not None:
            self._live.unbind_now()

    def cut(self) -> None:
        """Close the connection without a word."""
        if self._live is not None:
            self._live.connection.abort()

    def status(self) -> BindStatus:
        """What operators see."""
        live = self._live
        session = live.session if live is not None else None
        address = self.settings.hosts[self._attempts % len(self.settings.hosts)]
        return BindStatus(
            name=self.settings.name,
            state=self._state,
            reason=self._reason,
            since_ms=self._since_ms,
            session_id="" if live is None else live.id,
            smsc=f"{address.host}:{address.port}",
            encrypted=self.settings.tls is not None,
            in_flight=0 if session is None else session.outstanding,
            reserved=0 if live is None else live.reserved,
            window_pdus=self.settings.window_pdus,
            allowed_pdus=self.throttle.allowed,
            paused_s=self.throttle.paused_s(self._clock.monotonic()),
            unacknowledged=0 if session is None else session.unacknowledged,
            answers=self._answers,
            deliveries=self._deliveries,
            peer_faults=self._peer_faults,
        )

    async def _one_session(self, address: SmscAddress) -> float:
        """One attempt and, if it succeeds, one session; returns how long to wait afterwards."""
        self._enter(BindState.CONNECTING, "")
        session = SmppSession(self.settings.limits(), self._clock.monotonic())
        live = LiveSession(session, self._clock, self._on_events)
        connection = live.connection
        try:
            await self._connect(connection, address)
        except (OSError, TimeoutError) as error:  # ssl.SSLError is an OSError
            self._attempts += 1
            delay_s = self._delay.after(BindFailure.LINK)
            self._enter(BindState.WAITING, _why(error))
            return delay_s
        self._live = live
        try:
            self._bind(live)
            await connection.closed.wait()
        finally:
            if not connection.closed.is_set():
                connection.abort()
                await connection.closed.wait()
            self._live = None
        return self._after(live)

    def _bind(self, live: LiveSession) -> None:
        if self._stopping.is_set():
            live.connection.abort()
            return
        try:
            live.session.bind(self.settings.bind_request(), self._clock.monotonic())
        except NotBound:
            return  # the peer has already hung up; the connection reports it
        live.connection.flush_soon()

    async def _connect(self, connection: SmppConnection, address: SmscAddress) -> None:
        settings = self.settings
        context, server_name = None, None
        if settings.tls is not None:
            context = settings.tls.context()
            server_name = settings.tls.server_name or address.host
        async with asyncio.timeout(settings.connect_timeout_s):
            await asyncio.get_running_loop().create_connection(
                lambda: connection,
                address.host,
                address.port,
                ssl=context,
                server_hostname=server_name,
                local_addr=None if settings.local_host is None else (settings.local_host, 0),
            )

    def _after(self, live: LiveSession) -> float:
        self._attempts += 1
        if live.refused_with is not None:
            refused_for_who_we_are = live.refused_with in (ESME_RINVPASWD, ESME_RINVSYSID)
            failure = BindFailure.CREDENTIALS if refused_for_who_we_are else BindFailure.REFUSED
            rule = self._statuses.rule(live.refused_with)
            self._enter(BindState.REFUSED, rule.name)
            return self._delay.after(failure)
        bound_for_s = 0.0 if live.bound_at is None else self._clock.monotonic() - live.bound_at
        self._enter(BindState.WAITING, live.close_reason)
        return self._delay.after(BindFailure.LINK, bound_for_s)

    async def _wait(self, delay_s: float) -> None:
        try:
            async with asyncio.timeout(delay_s):
                await self._stopping.wait()
        except TimeoutError:
            pass

    # --- what the session reports --------------------------------------------------------------------

    def _on_events(self, live: LiveSession, events: list[Event]) -> None:
        answers: list[SubmitAnswer] = []
        deliveries: list[Delivery] = []
        came_up = False
        bind = self.settings.name
        for event in events:
            if isinstance(event, Answered):
                answers.append(self._answer(event, live))
            elif isinstance(event, MessageReceived):
                assert not isinstance(event.pdu, SubmitSm)  # an ESME's session lets none through
                acknowledge = partial(live.acknowledge, event.handle)
                deliveries.append(Delivery(event.pdu, bind, live.id, acknowledge))
            elif isinstance(event, NoAnswer):
                answers.append(
                    SubmitAnswer(event.token, AnswerKind.AMBIGUOUS, "", 0, False, "response_overdue", bind)
                )
            else:
                came_up |= isinstance(event, Bound | LinkRevived)
                self._on_rare_event(event, live, answers)
        live.unbind_when_idle()
        self._answers += len(answers)
        self._deliveries += len(deliveries)
        if answers:
            self._owner.answered(answers)
        if deliveries:
            self._owner.delivered(deliveries)
        if answers or came_up:
            self._owner.room_changed()

    def _answer(self, event: Answered, live: LiveSession) -> SubmitAnswer:
        bind = self.settings.name
        if event.accepted:
            self.throttle.accepted()
            return SubmitAnswer(
                event.token, AnswerKind.ACCEPTED, event.message_id, ESME_ROK, event.late, "", bind
            )
        rule = self._statuses.rule(event.command_status)
        now = self._clock.monotonic()
        if rule.status_class is StatusClass.THROTTLE:
            self.throttle.throttled(now)
            self._owner.pause_began(self.throttle.paused_s(now))
        elif rule.status_class is StatusClass.QUEUE_FULL:
            self.throttle.queue_full(now)
            self._owner.pause_began(self.throttle.paused_s(now))
        elif rule.status_class is StatusClass.CARRIER_FAULT and not live.retiring:
            # The SMSC no longer takes us for who we are: a fresh bind, once the rest is answered.
            self._enter(BindState.UNBINDING, rule.name)
            live.retire()
        return SubmitAnswer(
            event.token, AnswerKind.REFUSED, "", event.command_status, event.late, rule.name, bind
        )

    def _on_rare_event(self, event: Event, live: LiveSession, answers: list[SubmitAnswer]) -> None:
        bind = self.settings.name
        if isinstance(event, Bound):
            live.bound_at = self._clock.monotonic()
            self._enter(BindState.BOUND, "")
        elif isinstance(event, BindRefused):
            live.refused_with = event.command_status
        elif isinstance(event, PeerUnbound):
            self._enter(BindState.UNBINDING, "peer_unbound")
        elif isinstance(event, PeerFault):
            self._peer_faults += 1
            if event.what in live.faults_logged:
                return  # a peer that does it once does it a thousand times; the counter tells how often
            live.faults_logged.add(event.what)
            log.warning(
                "smpp.peer_fault",
                bind=bind,
                session_id=live.id,
                what=event.what,
                command=event.command,
                sequence=event.sequence_number,
            )
        elif isinstance(event, Closed):
            live.close_reason = event.reason
            for tokens, kind, late in (
                (event.ambiguous, AnswerKind.AMBIGUOUS, False),
                (event.not_sent, AnswerKind.NOT_SENT, False),
                (event.late_not_sent, AnswerKind.NOT_SENT, True),
            ):
                answers += [SubmitAnswer(t, kind, "", 0, late, event.reason, bind) for t in tokens]
            log.info(
                "smpp.session_closed",
                bind=bind,
                session_id=live.id,
                reason=event.reason,
                unbind_sent=event.unbind_sent,
                unbind_received=event.unbind_received,
                pdus_sent=event.pdus_sent,
                pdus_received=event.pdus_received,
                peer_faults=event.malformed_pdus,
                ambiguous=len(event.ambiguous),
                not_sent=len(event.not_sent),
            )

    def _enter(self, state: BindState, reason: str) -> None:
        if (state, reason) == (self._state, self._reason):
            return
        self._state, self._reason, self._since_ms = state, reason, self._clock.now_ms()
        self._owner.state_changed(self.settings.name, state, reason)


def _spend(slot: Slot) -> bool:
    """Close a slot, once; its place then belongs to a request or to nobody."""
    if not slot.open:
        return False
    slot.open = False
    slot.live.reserved -= 1
    return True


def _why(error: OSError) -> str:
    """A word or two for operators; never an address from somebody else's resolver message."""
    if isinstance(error, TimeoutError):
        return "connect_timeout"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"tls_certificate: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"tls: {error.reason or type(error).__name__}"
    if type(error) is OSError and error.errno is not None:
        return errno.errorcode.get(error.errno, "OSError")  # EMFILE, say, has no class of its own
    return type(error).__name__

"""A simulated SMSC: an SMPP server that answers, reports, replies, and makes trouble on request.

It speaks through our own codec and session, so it proves nothing about bytes: what it is for is
trouble at the right moment. What happens to which text is decided in `smsc_behaviour`, what is written
in `smsc_messages`; here it is put on the wire.
Source: SMPP v3.4 §2.2 (sessions), §4.4 (submit_sm), §4.6 (deliver_sm).
"""

from __future__ import annotations

import asyncio
import functools
import ssl
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import structlog

from engine.clock import Clock, SystemClock
from engine.phone_numbers import mask
from engine.simulators.smsc_behaviour import Fate, SmscBehaviour, SmscOptions
from engine.simulators.smsc_console import obey, standard_input
from engine.simulators.smsc_deliveries import Deliveries, Esme, Outgoing, Report, SmscCounts
from engine.simulators.smsc_handsets import Handsets, ReceivedText
from engine.simulators.smsc_messages import (
    INTERMEDIATE,
    RECEIPT,
    ReceiptNews,
    international,
    receipt_pdu,
    text_pdus,
    wants_receipt,
    write_id,
)
from engine.smpp.codec import BindRequest
from engine.smpp.connection import SmppConnection
from engine.smpp.messages import DataSm, DeliverSm, SubmitSm
from engine.smpp.receipts import MessageState
from engine.smpp.session_events import (
    Answered,
    BindRequested,
    Closed,
    Event,
    MessageReceived,
    NoAnswer,
    PeerFault,
)
from engine.smpp.session_state import SessionLimits
from engine.smpp.smsc_session import SmscSession
from engine.smpp.statuses import ESME_RBINDFAIL, ESME_RINVPASWD, ESME_RINVSYSID, ESME_ROK, status_name

log = structlog.get_logger()

# submit_sm whose response is withheld stay with the session, which needs room for them.
_WITHHELD_RESPONSES = 1_000_000


@dataclass(frozen=True, slots=True)
class Submit:
    """One submit_sm or data_sm as it came, and what was decided. message_id: as the response writes it."""

    system_id: str
    pdu: SubmitSm | DataSm
    fate: Fate
    message_id: str


class SmscSimulator:
    """One SMSC with any number of ESMEs.

    submits, texts: the newest `options.kept`; texts are put together from their parts, as a handset
    shows them. report: called with every event; None keeps quiet, which is faster.
    Not thread-safe: everything happens on the loop that started it.
    """

    def __init__(
        self, options: SmscOptions, clock: Clock | None = None, report: Report | None = None
    ) -> None:
        self.options = options
        self.counts = SmscCounts()
        self.submits: deque[Submit] = deque(maxlen=options.kept)
        self._handsets = Handsets(options.kept)
        self._clock = clock or SystemClock()
        self._report = report
        self._behaviour = SmscBehaviour(options)
        self._next_id = options.first_id if options.first_id is not None else self._clock.now_ms() * 1000
        self._reference = 0
        self._server: asyncio.Server | None = None
        self._esmes: list[Esme] = []
        self._deliveries = Deliveries(
            self._esmes, self.counts, self._clock, self._later, self._notify, report
        )
        self._timers: set[asyncio.TimerHandle] = set()
        self._stopping = False
        self._changed = asyncio.Event()

    # --- what the owner calls ---------------------------------------------------------------------

    async def start(self) -> None:
        """Listen. Raises ValueError naming every problem of the options, or OSError for the address."""
        problems = self.options.problems()
        if problems:
            raise ValueError("smsc simulator: " + "; ".join(problems))
        context = None
        if self.options.tls_certificate_file is not None:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(self.options.tls_certificate_file, self.options.tls_key_file)
        self._server = await asyncio.get_running_loop().create_server(
            self._connected, self.options.host, self.options.port, ssl=context, backlog=1024
        )
        self._tell("smsc.listening", host=self.options.host, port=self.port)

    async def stop(self, deadline_s: float = 2.0) -> None:
        """Take no more connections, unbind those there are, cut what is left after deadline_s."""
        self._stopping = True
        if self._server is not None:
            self._server.close()
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        self.unbind()
        try:
            await self.until(lambda: not self._esmes, deadline_s)
        except TimeoutError:
            self.disconnect()
            await self.until(lambda: not self._esmes, deadline_s)
        self._tell("smsc.stopped", **{name: getattr(self.counts, name) for name in SmscCounts.__slots__})

    @property
    def port(self) -> int:
        """The port it listens on, also when options.port is 0."""
        if self._server is None or not self._server.sockets:
            raise RuntimeError("the simulator is not listening")
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    @property
    def texts(self) -> Sequence[ReceivedText]:
        """Texts that reached their handsets whole, oldest first."""
        return self._handsets.texts

    @property
    def bound(self) -> int:
        """Sessions bound now."""
        return sum(1 for esme in self._esmes if esme.session.bound)

    def configure(self, **changes: object) -> None:
        """Change options for what comes from now on.

        Raises ValueError for options that do not go together, TypeError for an unknown one; then nothing
        changes.
        """
        options = replace(self.options, **changes)  # type: ignore[arg-type]
        problems = options.problems()
        if problems:
            raise ValueError("; ".join(problems))
        self.options = options
        self._behaviour.change(options)

    def deliver_text(
        self, from_number: str, to_number: str, text: str, *, parts: Sequence[int] | None = None
    ) -> int:
        """Send a text from a handset to an ESME; the number of its deliver_sm.

        It goes to the newest receiving bind, or waits for one. parts: which parts, in which order, also
        twice or never; None sends all in order. Raises InvalidRequest for a text that cannot be sent.
        """
        self._reference = (self._reference + 1) & 0xFFFF
        pdus = text_pdus(
            from_number,
            to_number,
            text,
            reference=self._reference,
            profile=self.options.profile,
            parts=parts,
        )
        self.counts.texts += 1
        for pdu in pdus:
            self._deliveries.send_to_anyone(Outgoing(pdu))
        self._tell(
            "smsc.text_sent",
            source=self._shown(from_number),
            destination=self._shown(to_number),
            parts=len(pdus),
        )
        return len(pdus)

    def disconnect(self) -> None:
        """Cut every connection without a word."""
        for esme in list(self._esmes):
            esme.connection.abort()

    def unbind(self) -> None:
        """Unbind every session; connections of nobody are cut."""
        now = self._clock.monotonic()
        for esme in list(self._esmes):
            if esme.session.bound:
                esme.session.unbind(now)
                esme.connection.flush_soon()
            else:
                esme.connection.abort()

    async def until(self, condition: Callable[[], bool], timeout_s: float = 10.0) -> None:
        """Wait until condition holds; it is asked again whenever something has happened here.

        Raises TimeoutError.
        """
        async with asyncio.timeout(timeout_s):
            while not condition():
                await self._changed.wait()

    # --- sessions -----------------------------------------------------------------------------------

    def _connected(self) -> SmppConnection:
        limits = SessionLimits(
            window_pdus=self.options.window_pdus,
            response_timeout_s=self.options.response_timeout_s,
            unacknowledged_pdus=_WITHHELD_RESPONSES,
        )
        session = SmscSession(limits, self._clock.monotonic())
        esme = Esme(session)
        esme.connection = SmppConnection(session, functools.partial(self._happened, esme), self._clock)
        self._esmes.append(esme)
        return esme.connection

    def _happened(self, esme: Esme, events: list[Event]) -> None:
        for event in events:
            if isinstance(event, MessageReceived):
                self._submitted(esme, event.pdu, event.handle)
            elif isinstance(event, Answered):
                self._deliveries.answered(event, self.options.redeliver_after_s)
            elif isinstance(event, BindRequested):
                self._bind_requested(esme, event.request)
            elif isinstance(event, NoAnswer):
                self._deliveries.send_again(event.token, self.options.redeliver_after_s)
            elif isinstance(event, Closed):
                self._closed(esme, event)
            elif isinstance(event, PeerFault):
                self.counts.peer_faults += 1
                self._tell(
                    "smsc.peer_fault", system_id=esme.system_id, what=event.what, command=event.command
                )
        esme.connection.flush_soon()
        self._deliveries.pump_soon()
        self._notify()

    def _bind_requested(self, esme: Esme, request: BindRequest) -> None:
        status = self._bind_status(request)
        if status != ESME_ROK:
            self.counts.binds_refused += 1
            esme.session.refuse_bind(status)
            self._tell("smsc.bind_refused", system_id=request.system_id, status=status_name(status))
            return
        self.counts.binds += 1
        esme.system_id, esme.kind = request.system_id, request.kind
        esme.session.accept_bind(self.options.smsc_id)
        self._tell("smsc.bound", system_id=request.system_id, kind=request.kind.value)
        if esme.receives:
            self._deliveries.receiver_bound(esme.system_id)

    def _bind_status(self, request: BindRequest) -> int:
        options = self.options
        if self._stopping:
            return ESME_RBINDFAIL
        if options.bind_status != ESME_ROK:
            return options.bind_status
        if options.system_id is not None and request.system_id != options.system_id:
            return ESME_RINVSYSID
        if options.password is not None and request.password != options.password:
            return ESME_RINVPASWD
        return ESME_ROK

    def _closed(self, esme: Esme, event: Closed) -> None:
        self._esmes.remove(esme)
        self._deliveries.came_back(esme.system_id, (*event.ambiguous, *event.not_sent))
        self._tell("smsc.session_closed", system_id=esme.system_id, reason=event.reason)

    # --- texts of ESMEs -----------------------------------------------------------------------------

    def _submitted(self, esme: Esme, pdu: SubmitSm | DeliverSm | DataSm, handle: int) -> None:
        if isinstance(pdu, DeliverSm):
            raise TypeError("an ESME sends no deliver_sm; the session refuses it")
        options = self.options
        self.counts.submits += 1
        esme.submits += 1
        fate = self._behaviour.fate_of(pdu.destination_addr, self._clock.monotonic())
        if 0 < options.disconnect_after <= esme.submits:
            fate = replace(fate, disconnects=True, answered=False)
        number = 0
        message_id = ""
        if fate.accepted:
            self.counts.submits_accepted += 1
            number = self._next_id
            self._next_id += 1
            message_id = write_id(number, options.response_id)
        self.submits.append(Submit(esme.system_id, pdu, fate, message_id))
        if self._report is not None:
            self._report(
                "smsc.submit_received",
                system_id=esme.system_id,
                source=self._shown(pdu.source_addr),
                destination=self._shown(pdu.destination_addr),
                status=status_name(fate.command_status),
                message_id=message_id,
                answered=fate.answered,
            )
        if fate.disconnects:
            esme.connection.abort()
            return
        answer = functools.partial(self._answer, esme, handle, fate, message_id)
        if fate.accepted:
            self._accepted(esme, pdu, fate, number, answer)
        else:
            answer()

    def _accepted(
        self, esme: Esme, pdu: SubmitSm | DataSm, fate: Fate, number: int, answer: Callable[[], None]
    ) -> None:
        options = self.options
        text = self._handsets.receive(pdu, options.profile)
        if text is not None and options.reply is not None:
            self._later(options.reply_delay_s, functools.partial(self._reply, text, options.reply))
        if fate.receipt == "never" or not wants_receipt(pdu, fate.state):
            answer()
            return
        news = ReceiptNews(
            message_id=write_id(number, options.receipt_id),
            state=fate.state,
            err=fate.err,
            submitted_ms=self._clock.now_ms(),
            text=self._handsets.text_of(pdu, options.profile)[:20],
        )
        if fate.receipt == "early":
            self._send_receipt(esme.system_id, pdu, news, fate, answer)
            return
        answer()
        delay_s = options.response_delay_s + options.receipt_delay_s
        self._later(delay_s, functools.partial(self._send_receipt, esme.system_id, pdu, news, fate, None))

    def _answer(self, esme: Esme, handle: int, fate: Fate, message_id: str) -> None:
        if not fate.answered:
            return
        if self.options.response_delay_s:
            self._later(
                self.options.response_delay_s,
                functools.partial(self._answer_now, esme, handle, fate, message_id),
            )
        else:
            self._answer_now(esme, handle, fate, message_id)

    def _answer_now(self, esme: Esme, handle: int, fate: Fate, message_id: str) -> None:
        esme.session.acknowledge(handle, fate.command_status, message_id if fate.names_id else "")
        esme.connection.flush_soon()

    def _send_receipt(
        self,
        system_id: str,
        pdu: SubmitSm | DataSm,
        news: ReceiptNews,
        fate: Fate,
        then: Callable[[], None] | None,
    ) -> None:
        form, done_ms = self.options.receipt_form, self._clock.now_ms()
        pdus = [receipt_pdu(pdu, news, done_ms, form, RECEIPT)] * fate.copies
        if fate.progress_first:
            progress = replace(news, state=MessageState.ENROUTE, err=0)
            pdus.insert(0, receipt_pdu(pdu, progress, done_ms, form, INTERMEDIATE))
        self.counts.receipts += len(pdus)
        for receipt in pdus[:-1]:
            self._deliveries.send(system_id, Outgoing(receipt))
        self._deliveries.send(system_id, Outgoing(pdus[-1], then))
        if self._report is not None:
            self._report(
                "smsc.receipt_sent", system_id=system_id, message_id=news.message_id, state=news.state.value
            )

    def _reply(self, text: ReceivedText, template: str) -> None:
        # Half of what a carrier's profile allows: the reply quotes the text and adds to it.
        quoted = template.replace("{text}", text.text[:300])
        self.deliver_text(international(text.destination), international(text.source), quoted)

    # --- small things -------------------------------------------------------------------------------

    def _later(self, delay_s: float, action: Callable[[], None]) -> None:
        """Run action after delay_s, unless the simulator stops before."""
        if self._stopping:
            return

        def run() -> None:
            self._timers.discard(timer)
            action()
            self._notify()

        timer = asyncio.get_running_loop().call_later(delay_s, run)
        self._timers.add(timer)

    def _notify(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    def _shown(self, number: str) -> str:
        return number if self.options.log_text else mask(number)

    def _tell(self, event: str, **fields: object) -> None:
        if self._report is not None:
            self._report(event, **fields)


async def run(options: SmscOptions, *, read_commands: bool = False) -> None:
    """Simulate an SMSC until cancelled, one log line an event.

    read_commands: obey the lines of standard input, see `smsc_console`; their end changes nothing.
    Raises ValueError for bad options, OSError if the address cannot be had.
    """
    simulator = SmscSimulator(options, report=log.info)
    await simulator.start()
    try:
        if read_commands:
            await obey(simulator, await standard_input(), log.info)
        await asyncio.Event().wait()
    finally:
        await simulator.stop()

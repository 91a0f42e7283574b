"""One AMI connection on panoramisk's protocol class: bytes, replies to their askers, events in order.

Of `AMIProtocol` only its place in `Manager` is kept. Its reader decodes each chunk by itself, runs a
callback that may drop the link, and re-sends what was unanswered; so reading, sending and closing
are ours (docs/decisions/0005). Nothing here waits: a read is parsed and handed over at once.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog
from panoramisk import Manager
from panoramisk.ami_protocol import AMIProtocol

from engine.ami.messages import Frame, FrameParser, NotAnAmiServer
from engine.ami.presence import DEVICE_EVENTS
from engine.ami.wanted import LIST_EVENTS, WANTED_EVENTS
from engine.errors import Conflict, EngineError, OutcomeUnknown, PeerUnavailable

log = structlog.get_logger(__name__)

# A PBX that takes no bytes for this much has stopped reading; more would only pile up here.
_UNSENT_OCTETS = 64 * 1024
# Ten times the channels one Asterisk carries; a longer list is not one.
_LIST_ROWS = 50_000


@dataclass(slots=True)
class _Question:
    """An action waiting for its answer; rows: what a list has brought so far."""

    answer: asyncio.Future[Frame]
    is_list: bool
    reply: Frame | None = None
    rows: list[Frame] = field(default_factory=list)


class AmiProtocol(AMIProtocol):  # type: ignore[misc]
    """The connection of one login; a new one is made for every attempt.

    on_events gets the events of one read, in order. lost is done when the connection is, with the
    reason; every question still open then fails with OutcomeUnknown.
    """

    def __init__(self, on_events: Callable[[Sequence[Frame]], None]) -> None:
        self.loop = asyncio.get_running_loop()
        self.greeted: asyncio.Future[str] = self.loop.create_future()
        self.lost: asyncio.Future[EngineError] = self.loop.create_future()
        self.last_received = self.loop.time()
        self.parser = FrameParser(WANTED_EVENTS)
        self._on_events = on_events
        self._questions: dict[str, _Question] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.last_received = self.loop.time()

    def data_received(self, data: bytes) -> None:
        self.last_received = self.loop.time()
        if self.closed:
            return
        try:
            frames = self.parser.feed(data)
        except EngineError as error:
            self.abort(error)
            return
        if self.parser.greeting is not None and not self.greeted.done():
            self.greeted.set_result(self.parser.greeting)
        events = [frame for frame in frames if not self._answers(frame)]
        if events:
            self._hand_over(events)

    def connection_lost(self, exc: BaseException | None) -> None:
        self._end(PeerUnavailable("The PBX closed the connection.", code="pbx_link_lost"))

    def send(self, data: bytes, as_list: bool | None = None) -> None:
        """Write an action as `Action.to_bytes` made it.

        Raises PeerUnavailable, and then nothing was written.
        """
        if self.closed or self.transport.is_closing():
            raise PeerUnavailable("The link to the PBX is down.", code="pbx_unavailable")
        if self.transport.get_write_buffer_size() > _UNSENT_OCTETS:
            raise PeerUnavailable("The PBX has stopped reading.", code="pbx_unavailable")
        self.transport.write(data)

    async def ask(
        self, data: bytes, action_id: str, timeout_s: float, *, is_list: bool = False
    ) -> list[Frame]:
        """Write an action and wait for its answer: the reply, followed by the rows if it is a list.

        Raises PeerUnavailable if nothing was written, OutcomeUnknown if it was and no answer
        came in time or the link was lost. Cancelling leaves the action written.
        """
        if action_id in self._questions:
            raise Conflict("This action is already on its way.", code="duplicate_action")
        question = _Question(self.loop.create_future(), is_list)
        self.send(data)
        self._questions[action_id] = question
        try:
            async with asyncio.timeout(timeout_s):
                reply = await question.answer
        except TimeoutError as error:
            raise OutcomeUnknown("The PBX did not answer in time.") from error
        finally:
            del self._questions[action_id]
        return [reply, *question.rows]

    def abort(self, reason: EngineError) -> None:
        """Drop the connection now; what was not yet written is lost with it."""
        self._end(reason)
        self.transport.abort()

    def close(self) -> None:
        """Close for good; open questions fail at once."""
        self.abort(PeerUnavailable("The link was closed.", code="pbx_unavailable"))

    def _end(self, reason: EngineError) -> None:
        self.closed = True
        if not self.lost.done():
            self.lost.set_result(reason)
        if not self.greeted.done():
            self.greeted.cancel()
        for question in self._questions.values():
            if not question.answer.done():
                question.answer.set_exception(OutcomeUnknown("The link to the PBX was lost."))

    def _answers(self, frame: Frame) -> bool:
        """Whether the frame was part of an answer; a late one is nobody's and is dropped."""
        name = frame.get("Event")
        question = self._questions.get(frame.get("ActionID", ""))
        if name is None:
            if question is not None and question.reply is None:
                question.reply = frame
                if not question.is_list or frame["Response"] != "Success":
                    self._settle(question)
            return True
        if question is not None and question.is_list:
            question.rows.append(frame)
            over = name.endswith("Complete") or frame.get("EventList") in ("Complete", "cancelled")
            if over or len(question.rows) > _LIST_ROWS:
                self._settle(question)
            return True
        # Rows of these lists are named like the events that tell of a change.
        return name in LIST_EVENTS or (name in DEVICE_EVENTS and "ActionID" in frame)

    def _settle(self, question: _Question) -> None:
        if not question.answer.done():
            question.answer.set_result(question.reply or {})

    def _hand_over(self, events: Sequence[Frame]) -> None:
        try:
            self._on_events(events)
        except Exception:
            # The listener's fault must not cost the link, nor the events of the next read.
            log.exception("ami.listener_failed", events=len(events))


class Connector(Manager):  # type: ignore[misc]
    """panoramisk's Manager reduced to opening one connection; it never reconnects or re-sends."""

    def __init__(self, host: str, port: int, on_events: Callable[[Sequence[Frame]], None]) -> None:
        super().__init__(
            host=host,
            port=port,
            loop=asyncio.get_running_loop(),
            protocol_factory=lambda: AmiProtocol(on_events),
        )

    async def open(self, tls: ssl.SSLContext | None, timeout_s: float) -> AmiProtocol:
        """A connection whose greeting was Asterisk's.

        Raises PeerUnavailable: `pbx_unreachable`, `pbx_tls_failed`, `not_an_ami_server`.
        """
        try:
            async with asyncio.timeout(timeout_s):
                _, protocol = await self.loop.create_connection(
                    self.config["protocol_factory"], self.config["host"], self.config["port"], ssl=tls
                )
        except ssl.SSLError as error:
            reason = error.reason or "no reason given"
            raise PeerUnavailable(f"TLS with the PBX failed: {reason}.", code="pbx_tls_failed") from error
        except (TimeoutError, OSError) as error:
            raise PeerUnavailable("The PBX cannot be reached.", code="pbx_unreachable") from error
        assert isinstance(protocol, AmiProtocol)
        try:
            waiting: list[asyncio.Future[Any]] = [protocol.greeted, protocol.lost]
            await asyncio.wait(waiting, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            protocol.abort(PeerUnavailable("The link was closed.", code="pbx_unavailable"))
            raise
        if not protocol.greeted.done():
            protocol.abort(NotAnAmiServer("Whatever answers on this port says nothing."))
        if protocol.lost.done():
            raise protocol.lost.result()
        return protocol

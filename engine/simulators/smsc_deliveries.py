"""What the simulated SMSC has to deliver: queues by system_id, written as windows have room.

A deliver_sm stays here until an ESME has taken it: one that is refused, unanswered, or lost with its
link goes out again, as a store-and-forward SMSC would do it, though not for ever.
"""

from __future__ import annotations

import asyncio
import functools
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from engine.clock import Clock
from engine.smpp.codec import BindKind
from engine.smpp.connection import SmppConnection
from engine.smpp.messages import DeliverSm, UnencodablePdu
from engine.smpp.session_events import Answered
from engine.smpp.smsc_session import SmscSession

# A deliver_sm refused that often will not be taken; a real SMSC tries for a day.
MOST_ATTEMPTS = 20


class Report(Protocol):
    """Where events go: `subsystem.noun_verbed` and its fields, as structlog takes them."""

    def __call__(self, event: str, /, **fields: Any) -> object: ...


@dataclass(slots=True)
class SmscCounts:
    """What has happened since the start. given_up: deliver_sm that nobody would take."""

    binds: int = 0
    binds_refused: int = 0
    submits: int = 0
    submits_accepted: int = 0
    receipts: int = 0
    texts: int = 0
    deliveries_sent: int = 0
    deliveries_acknowledged: int = 0
    given_up: int = 0
    peer_faults: int = 0


class Esme:
    """One connection and who is bound over it. submits: submit_sm taken from it so far."""

    connection: SmppConnection

    def __init__(self, session: SmscSession) -> None:
        self.session = session
        self.system_id = ""
        self.kind: BindKind | None = None
        self.submits = 0

    @property
    def receives(self) -> bool:
        """Whether deliver_sm may be sent to it now."""
        return self.kind is not None and self.kind.receives and self.session.may_send


@dataclass(slots=True, eq=False)
class Outgoing:
    """A deliver_sm on its way. then: what may happen once it has been written for the first time."""

    pdu: DeliverSm
    then: Callable[[], None] | None = None
    system_id: str = ""
    attempts: int = 0


class Deliveries:
    """Everything that waits for an ESME.

    esmes: the connections there are, oldest first. later: runs an action after seconds. wrote: called
    after each round of writing.
    """

    def __init__(
        self,
        esmes: Sequence[Esme],
        counts: SmscCounts,
        clock: Clock,
        later: Callable[[float, Callable[[], None]], None],
        wrote: Callable[[], None],
        report: Report | None,
    ) -> None:
        self._esmes = esmes
        self._counts = counts
        self._clock = clock
        self._later = later
        self._wrote = wrote
        self._report = report
        self._queues: dict[str, deque[Outgoing]] = {}
        self._homeless: deque[Outgoing] = deque()
        self._pump_scheduled = False

    def send(self, system_id: str, outgoing: Outgoing) -> None:
        """To this system_id, as soon as one of its sessions receives."""
        outgoing.system_id = system_id
        self._queues.setdefault(system_id, deque()).append(outgoing)
        self.pump_soon()

    def send_to_anyone(self, outgoing: Outgoing) -> None:
        """To the newest receiving session, or the first that will be bound."""
        receiver = next((esme for esme in reversed(self._esmes) if esme.receives), None)
        if receiver is None:
            self._homeless.append(outgoing)
        else:
            self.send(receiver.system_id, outgoing)

    def receiver_bound(self, system_id: str) -> None:
        """Somebody receives: whatever waited for anyone is theirs."""
        while self._homeless:
            self.send(system_id, self._homeless.popleft())
        self.pump_soon()

    def answered(self, event: Answered, retry_after_s: float) -> None:
        """A deliver_sm has its answer; refused, it goes out again after retry_after_s."""
        if event.accepted:
            self._counts.deliveries_acknowledged += 1
        elif not event.late:
            self.send_again(event.token, retry_after_s)

    def send_again(self, token: object, after_s: float) -> None:
        """Queue the deliver_sm behind token once more after after_s, or give it up."""
        outgoing = _outgoing(token)
        if outgoing.attempts >= MOST_ATTEMPTS:
            self._counts.given_up += 1
            if self._report is not None:
                self._report("smsc.delivery_given_up", system_id=outgoing.system_id)
            return
        self._later(after_s, functools.partial(self.send, outgoing.system_id, outgoing))

    def came_back(self, system_id: str, tokens: Iterable[object]) -> None:
        """A link is gone with these unanswered: they are first in line for the next one."""
        queue = self._queues.setdefault(system_id, deque())
        queue.extendleft(reversed([_outgoing(token) for token in tokens]))
        self.pump_soon()

    def pump_soon(self) -> None:
        """Write what waits, once this turn of the loop is over."""
        if not self._pump_scheduled:
            self._pump_scheduled = True
            asyncio.get_running_loop().call_soon(self._pump)

    def _pump(self) -> None:
        self._pump_scheduled = False
        now = self._clock.monotonic()
        for esme in self._esmes:
            queue = self._queues.get(esme.system_id)
            if not queue or not esme.receives:
                continue
            while queue and esme.session.room and esme.session.may_send:
                self._write(esme, queue.popleft(), now)
            esme.connection.flush_soon()
        self._wrote()

    def _write(self, esme: Esme, outgoing: Outgoing, now: float) -> None:
        outgoing.attempts += 1
        try:
            esme.session.deliver(outgoing.pdu, outgoing, now)
            self._counts.deliveries_sent += 1
        except UnencodablePdu as error:
            self._counts.given_up += 1
            if self._report is not None:
                self._report("smsc.delivery_unencodable", system_id=esme.system_id, reason=str(error))
        if outgoing.then is not None:
            then, outgoing.then = outgoing.then, None
            then()


def _outgoing(token: object) -> Outgoing:
    if not isinstance(token, Outgoing):
        raise TypeError(f"not a token of ours: {token!r}")
    return token

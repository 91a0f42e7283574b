"""One carrier: its binds together, their room, its rate, and what they report.

The package's public face: the messaging side reserves a place in a window, commits its intent, and
submits; answers and deliveries come back through CarrierEvents, a list a wake-up.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog

from engine.clock import Clock
from engine.smpp.connection import TlsSettings
from engine.smpp.link import BindLink, Slot
from engine.smpp.messages import SubmitSm
from engine.smpp.pacing import RateLimit, Throttle
from engine.smpp.reports import AnswerKind, BindState, BindStatus, Delivery, SubmitAnswer
from engine.smpp.settings import BindSettings, CarrierSettings, SmscAddress
from engine.smpp.statuses import StatusTable

__all__ = [
    "AnswerKind",
    "BindSettings",
    "BindState",
    "BindStatus",
    "Carrier",
    "CarrierEvents",
    "CarrierSettings",
    "CarrierStatus",
    "Delivery",
    "Slot",
    "SmscAddress",
    "SubmitAnswer",
    "TlsSettings",
]

log = structlog.get_logger()


class CarrierEvents(Protocol):
    """What a carrier reports; called on the event loop, must not block.

    An exception is logged; it costs the one call and not the session.
    """

    def submits_answered(self, carrier: str, answers: Sequence[SubmitAnswer]) -> None:
        """What became of submitted PDUs; one call a wake-up."""

    def delivered(self, carrier: str, deliveries: Sequence[Delivery]) -> None:
        """Messages from the carrier; one call a wake-up."""

    def room_changed(self, carrier: str) -> None:
        """reserve() may succeed again: a place became free, a bind came up, a pause ended."""

    def bind_changed(self, carrier: str, bind: str, state: str, reason: str) -> None:
        """A bind came up, went down or is being refused."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CarrierStatus:
    """One carrier at one moment."""

    name: str
    draining: bool
    binds: tuple[BindStatus, ...]

    @property
    def bound(self) -> bool:
        """Whether any bind is up."""
        return any(bind.state is BindState.BOUND for bind in self.binds)


class Carrier:
    """Keeps the binds of one SMPP account up and shares messages out among them.

    Raises ValueError, naming every problem, when the settings cannot work.
    """

    def __init__(self, settings: CarrierSettings, events: CarrierEvents, clock: Clock) -> None:
        problems = settings.problems()
        if problems:
            raise ValueError(f"carrier {settings.name}: " + "; ".join(problems))
        self.settings = settings
        self._events = events
        self._clock = clock
        self._rate = RateLimit(settings.rate_per_s)
        self._rate_wake: asyncio.TimerHandle | None = None
        self._pause_wake: asyncio.TimerHandle | None = None
        self._draining = False
        self._next = 0
        statuses = StatusTable(settings.status_classes)
        self._links = [BindLink(bind, self._throttle(bind), statuses, self, clock) for bind in settings.binds]
        self._by_name = {link.settings.name: link for link in self._links}

    async def run(self) -> None:
        """Keep the binds up until cancelled (sessions are cut, their ends reported) or drained."""
        try:
            async with asyncio.TaskGroup() as links:
                for link in self._links:
                    links.create_task(link.run(), name=f"smpp:{self.settings.name}/{link.settings.name}")
        finally:
            for wake in (self._rate_wake, self._pause_wake):
                if wake is not None:
                    wake.cancel()

    async def drain(self, deadline_s: float) -> None:
        """Refuse new messages, wait for what is out, unbind, close; run() then returns.

        deadline_s: seconds the whole may take. The last fifth is kept for unbinding; what is still
        unanswered then is reported ambiguous.
        """
        self._draining = True
        for link in self._links:
            link.stop()
        if not await self._stopped_within(deadline_s * 0.8):
            for link in self._links:
                link.stop_waiting()
            if not await self._stopped_within(deadline_s * 0.2):
                for link in self._links:
                    link.cut()
                await self._stopped_within(1.0)

    def reserve(self) -> Slot | None:
        """Take a window place on some bind now, in turn; None: down, full, paused, or too fast.

        After None, room_changed() tells when to ask again. A place whose session ends is dead.
        """
        if self._draining:
            return None
        now = self._clock.monotonic()
        wait_s = self._rate.wait_s(now)
        if wait_s > 0:
            self._wake_for_rate(wait_s)
            return None
        links = self._links
        for offset in range(len(links)):
            index = (self._next + offset) % len(links)
            slot = links[index].reserve(now)
            if slot is not None:
                self._next = index + 1
                self._rate.take(now)
                return slot
        return None

    def release(self, slot: Slot) -> None:
        """Give an unused place back; harmless when its session is gone."""
        if self._by_name[slot.bind].release(slot):
            self._rate.give_back()

    def submit(self, slot: Slot, pdu: SubmitSm, token: object) -> bool:
        """Send a message in a reserved place; its answer comes with `token`, exactly one, or an
        AMBIGUOUS one and later one that settles it.

        Writes are joined to one a turn of the loop. False: the session is gone or has gone silent, or
        the place was used; nothing was sent, no answer comes. Raises UnencodablePdu likewise.
        """
        return self._by_name[slot.bind].submit(slot, pdu, token, self._clock.monotonic())

    def status(self) -> CarrierStatus:
        """For health and operators."""
        return CarrierStatus(
            name=self.settings.name,
            draining=self._draining,
            binds=tuple(link.status() for link in self._links),
        )

    # --- what the binds report (LinkOwner) -----------------------------------------------------------

    def answered(self, answers: Sequence[SubmitAnswer]) -> None:
        """One wake-up's answers of one bind."""
        try:
            self._events.submits_answered(self.settings.name, answers)
        except Exception:
            log.exception("smpp.answers_dropped", carrier=self.settings.name, answers=len(answers))

    def delivered(self, deliveries: Sequence[Delivery]) -> None:
        """One wake-up's messages of one bind."""
        try:
            self._events.delivered(self.settings.name, deliveries)
        except Exception:
            log.exception("smpp.deliveries_dropped", carrier=self.settings.name, deliveries=len(deliveries))

    def room_changed(self) -> None:
        """A bind has room again."""
        try:
            self._events.room_changed(self.settings.name)
        except Exception:
            log.exception("smpp.room_unused", carrier=self.settings.name)

    def pause_began(self, pause_s: float) -> None:
        """A bind pauses; tell when that is over."""
        loop = asyncio.get_running_loop()
        if self._pause_wake is None or self._pause_wake.when() > loop.time() + pause_s:
            if self._pause_wake is not None:
                self._pause_wake.cancel()
            self._pause_wake = loop.call_later(pause_s, self._pause_over)

    def state_changed(self, bind: str, state: BindState, reason: str) -> None:
        """A bind changed its state."""
        severe = state is BindState.REFUSED
        (log.error if severe else log.info)(
            "smpp.bind_changed", carrier=self.settings.name, bind=bind, state=state, reason=reason
        )
        try:
            self._events.bind_changed(self.settings.name, bind, state, reason)
        except Exception:
            log.exception("smpp.bind_change_dropped", carrier=self.settings.name, bind=bind)

    # --- private ----------------------------------------------------------------------------------------

    def _throttle(self, bind: BindSettings) -> Throttle:
        settings = self.settings
        return Throttle(
            bind.window_pdus,
            throttle_pause_s=settings.throttle_pause_s,
            longest_throttle_pause_s=settings.longest_throttle_pause_s,
            queue_full_pause_s=settings.queue_full_pause_s,
            longest_queue_full_pause_s=settings.longest_queue_full_pause_s,
        )

    def _wake_for_rate(self, wait_s: float) -> None:
        if self._rate_wake is None:
            self._rate_wake = asyncio.get_running_loop().call_later(wait_s, self._rate_over)

    def _rate_over(self) -> None:
        self._rate_wake = None
        self.room_changed()

    def _pause_over(self) -> None:
        self._pause_wake = None
        now = self._clock.monotonic()
        left = [link.throttle.paused_s(now) for link in self._links]
        if min(left) <= 0:
            self.room_changed()
        still = [pause_s for pause_s in left if pause_s > 0]
        if still:
            self.pause_began(min(still))

    async def _stopped_within(self, deadline_s: float) -> bool:
        try:
            async with asyncio.timeout(deadline_s):
                for link in self._links:
                    await link.stopped.wait()
        except TimeoutError:
            return False
        return True

"""What a carrier reported, kept and waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from engine.clock import SystemClock
from engine.smpp.carrier import (
    AnswerKind,
    BindSettings,
    Carrier,
    CarrierSettings,
    Delivery,
    SmscAddress,
    SubmitAnswer,
)
from engine.smpp.codec import SubmitSm

_WAIT_S = 15.0

TEXT = SubmitSm(
    source_addr_ton=5,
    source_addr="Ringback",
    dest_addr_ton=1,
    dest_addr_npi=1,
    destination_addr="491700000001",
    registered_delivery=1,
    short_message=b"Your table is ready",
)


class Recorder:
    """CarrierEvents that remembers. acknowledge_with: a status for every delivery, None: none."""

    def __init__(self, acknowledge_with: int | None = 0) -> None:
        self.answers: list[SubmitAnswer] = []
        self.deliveries: list[Delivery] = []
        self.binds: list[tuple[str, str, str]] = []
        self.wake_ups = 0
        self.acknowledge_with = acknowledge_with
        self._news = asyncio.Event()

    def submits_answered(self, carrier: str, answers: Sequence[SubmitAnswer]) -> None:
        self.answers += answers
        self._news.set()

    def delivered(self, carrier: str, deliveries: Sequence[Delivery]) -> None:
        self.deliveries += deliveries
        if self.acknowledge_with is not None:
            for delivery in deliveries:
                delivery.acknowledge(self.acknowledge_with)
        self._news.set()

    def room_changed(self, carrier: str) -> None:
        self.wake_ups += 1
        self._news.set()

    def bind_changed(self, carrier: str, bind: str, state: str, reason: str) -> None:
        self.binds.append((bind, state, reason))
        self._news.set()

    async def until(self, condition: Callable[[], Any]) -> None:
        """Wait until something that happened makes the condition true."""
        async with asyncio.timeout(_WAIT_S):
            while not condition():
                self._news.clear()
                await self._news.wait()

    def answered(self, kind: AnswerKind) -> list[object]:
        """The tokens answered so, in order."""
        return [answer.token for answer in self.answers if answer.kind is kind]


class Running:
    """A carrier that runs, and its recorder."""

    def __init__(self, settings: CarrierSettings, recorder: Recorder) -> None:
        self.recorder = recorder
        self.carrier = Carrier(settings, recorder, SystemClock())
        self.task = asyncio.create_task(self.carrier.run())

    async def bound(self, binds: int = 1) -> None:
        """Wait until so many binds are up."""
        await self.recorder.until(
            lambda: sum(bind.state == "bound" for bind in self.carrier.status().binds) >= binds
        )

    def submit(self, token: object, pdu: SubmitSm = TEXT) -> bool:
        """Submit now; False when there is no room or the session has just gone."""
        slot = self.carrier.reserve()
        return slot is not None and self.carrier.submit(slot, pdu, token)

    async def submit_all(self, tokens: Sequence[object], pdu: SubmitSm = TEXT) -> None:
        """Submit each as soon as there is room for it."""
        for token in tokens:
            await self.recorder.until(lambda token=token: self.submit(token, pdu))

    async def stop(self) -> None:
        """Cut whatever is still up."""
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


def settings(port: int, **changes: Any) -> CarrierSettings:
    """One transceiver bind to a server of ours; changes apply to the bind, `carrier` to the carrier."""
    carrier = changes.pop("carrier", {})
    bind: dict[str, Any] = {
        "hosts": (SmscAddress("127.0.0.1", port),),
        "system_id": "ringback",
        "password": "secret",
        **changes,
    }
    return CarrierSettings(**{"name": "test", "binds": (BindSettings(**bind),), **carrier})

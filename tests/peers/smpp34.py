"""A second SMSC nobody of us wrote: the server of the package `smpp34`, in this process.

Its threads are its own; it accepts every bind, and closes on unbind without answering. `smpp34_smsc`
is a factory: `smsc = await smpp34_smsc(throttle_first=1)` gives a server on a free port of 127.0.0.1.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import pytest
import smpp34

from tests.peers.ports import free_port

_WAIT_S = 15.0


class Smpp34Smsc:
    """One running server. throttle_first: so many submit_sm get ESME_RTHROTTLED; answer: whether the
    others are answered at all."""

    def __init__(self, throttle_first: int = 0, answer: bool = True) -> None:
        self.port = free_port()
        self.submits: list[smpp34.SubmitSmEvent] = []
        self.sessions: list[smpp34.Esme] = []
        self.unbound = 0
        self._throttle = throttle_first
        self._answer = answer
        self._server = smpp34.Server(host="127.0.0.1", port=self.port, system_id="S34")
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Listen."""
        await self._server.start()
        self._task = asyncio.create_task(self._serve())

    async def until(self, condition: Callable[[], Any]) -> None:
        """Wait until something that arrived makes the condition true."""
        async with asyncio.timeout(_WAIT_S):
            while not condition():
                self._news.clear()
                await self._news.wait()

    async def deliver(self, **fields: Any) -> int:
        """Send a deliver_sm to the newest receiving session; its response's command_status."""
        session = [one for one in self.sessions if one.can_receive][-1]
        async with asyncio.timeout(_WAIT_S):
            return (await session.deliver_sm(**fields)).command_status

    async def stop(self) -> None:
        """End the server."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._server.stop()

    async def _serve(self) -> None:
        while True:
            event = await self._server.next()
            if isinstance(event, smpp34.SubmitSmEvent):
                self.submits.append(event)
                if self._throttle:
                    self._throttle -= 1
                    event.reject(smpp34.ESME_RTHROTTLED)
                elif self._answer:
                    event.accept(f"s34-{len(self.submits)}")
            elif isinstance(event, smpp34.Esme):
                self.sessions.append(event)
            else:
                self.unbound += 1
            self._news.set()


StartSmpp34Smsc = Callable[..., Coroutine[Any, Any, Smpp34Smsc]]


@pytest.fixture
async def smpp34_smsc() -> AsyncIterator[StartSmpp34Smsc]:
    """A factory of servers; each is ended with the test."""
    running: list[Smpp34Smsc] = []

    async def start(**options: Any) -> Smpp34Smsc:
        smsc = Smpp34Smsc(**options)
        await smsc.start()
        running.append(smsc)
        return smsc

    yield start
    for smsc in running:
        await smsc.stop()

"""Simulated SMSCs that run for the length of a test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import pytest

from engine.simulators.smsc import SmscSimulator
from engine.simulators.smsc_behaviour import SmscOptions

StartSmsc = Callable[..., Coroutine[Any, Any, SmscSimulator]]


@pytest.fixture
async def start_smsc() -> AsyncIterator[StartSmsc]:
    """A factory: await start_smsc(receipts="early", ...) on a free port; delays are 0 unless named."""
    running: list[SmscSimulator] = []

    async def start(**options: Any) -> SmscSimulator:
        quick = {"receipt_delay_s": 0.0, "reply_delay_s": 0.0, "redeliver_after_s": 0.0, "first_id": 1000}
        smsc = SmscSimulator(SmscOptions(port=0, **(quick | options)))
        await smsc.start()
        running.append(smsc)
        return smsc

    yield start
    for smsc in running:
        await smsc.stop(deadline_s=0.2)

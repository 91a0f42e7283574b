"""Carriers that run for the length of a test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from tests.integration.smpp.recording import Recorder, Running, settings

RunCarrier = Callable[..., Running]


@pytest.fixture
async def run_carrier() -> AsyncIterator[RunCarrier]:
    """A factory: run_carrier(port, window_pdus=..., recorder=..., carrier={...})."""
    running: list[Running] = []

    def run(port: int, recorder: Recorder | None = None, **changes: Any) -> Running:
        one = Running(settings(port, **changes), recorder or Recorder())
        running.append(one)
        return one

    yield run
    for one in running:
        await one.stop()

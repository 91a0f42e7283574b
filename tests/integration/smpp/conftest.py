"""Carriers that run for the length of a test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import uvloop

from tests.integration.smpp.recording import Recorder, Running, settings
from tests.peers.smpp34 import smpp34_smsc

__all__ = ["run_carrier", "smpp34_smsc"]

RunCarrier = Callable[..., Running]


def pytest_asyncio_loop_factories(item: pytest.Item) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Run what hangs on the loop's transports on both loops, the rest on asyncio's."""
    loops: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {"asyncio": asyncio.new_event_loop}
    if item.path.name == "test_both_loops.py":
        loops["uvloop"] = uvloop.new_event_loop
    return loops


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

"""What has to be done now and then: settle what is overdue, drop what has been kept long enough."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping

import structlog

from engine.errors import EngineError

log = structlog.get_logger()

#: One job: done over and over, so many seconds apart.
Job = tuple[float, Callable[[], Awaitable[object]]]
#: Makes what runs until it is cancelled.
Work = Callable[[], Coroutine[None, None, None]]


async def keep_up(jobs: Mapping[str, Job]) -> None:
    """Do each job at its pace until cancelled. A database that is down costs a round, not the job."""
    async with asyncio.TaskGroup() as group:
        for name, (every_s, work) in jobs.items():
            group.create_task(_repeat(name, every_s, work), name=f"upkeep:{name}")


async def _repeat(name: str, every_s: float, work: Callable[[], Awaitable[object]]) -> None:
    while True:
        await asyncio.sleep(every_s)
        try:
            await work()
        except EngineError as error:
            log.warning("upkeep.round_failed", job=name, code=error.code)

"""A process that clicks without end, for `test_killed`: prints each call that was acknowledged.

Arguments: database URL, AMI port, number of clicks (0 only recovers), seconds to live.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

from engine.errors import EngineError
from engine.simulators.pbx import PbxSimulator
from tests.integration.click_to_call.office import Office


class _Elsewhere:
    """The simulated PBX of the parent process, as far as an office needs it."""

    def __init__(self, port: int) -> None:
        self.port = port


@asynccontextmanager
async def _office(url: str, port: int) -> AsyncIterator[Office]:
    async with Office(url, cast(PbxSimulator, cast(Any, _Elsewhere(port)))).running() as office:
        yield office


async def main(url: str, port: int, clicks: int, seconds: float) -> None:
    async with _office(url, port) as office:
        print("up", flush=True)
        for click in range(clicks):
            try:
                call = await office.place(("1002", "9901", "9912", "9903")[click % 4])
            except EngineError as error:
                print("refused", error.code, flush=True)
                await asyncio.sleep(0.01)
                continue
            print("placed", call.id, flush=True)
            await asyncio.sleep(0.003)
        await asyncio.sleep(seconds)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])))

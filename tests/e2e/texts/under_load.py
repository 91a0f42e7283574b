"""What every trouble has in common: texts flow before it, have to flow after it, and are judged."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.e2e.texts.engine_process import WarmParent
from tests.e2e.texts.oracle import Verdict
from tests.e2e.texts.smscs import Smsc
from tests.e2e.texts.world import World, a_world

#: Where no response gets lost none is given up, however slow the machine.
PATIENT_S = 30.0


@asynccontextmanager
async def under_load(
    parent: WarmParent, smsc: Smsc, url: str, folder: Path, *, answer_within_s: float = PATIENT_S
) -> AsyncIterator[World]:
    """A world under load whose SMSC has answered some texts.

    answer_within_s: how long the engine waits for the response to a text or to its bind.
    """
    carrier = {"response_timeout_s": answer_within_s, "bind_timeout_s": answer_within_s}
    async with a_world(parent, smsc, url, folder, connections=3, pace_s=0.03, carrier=carrier) as world:
        await world.start_ready()
        world.client.start()
        await world.flows()
        yield world


async def judged(world: World) -> Verdict:
    """Texts flow again; then everything comes to rest, the engine leaves, and no promise is broken."""
    await world.flows()
    await world.client.finish()
    await world.at_rest()
    await world.stop()
    verdict = await world.verdict()
    broken = verdict.broken()
    assert broken == {}, f"{broken}, see {world.log}"
    return verdict

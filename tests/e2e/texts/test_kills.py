"""kill -9 a hundred times, before and after commits and around socket writes: every promise holds.

Thousands by hand: `./dev soak texts --kills 5000`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.texts.engine_process import WarmParent
from tests.e2e.texts.killing import Figures
from tests.e2e.texts.soak import one_round
from tests.peers.node_smpp import PeerUnavailable
from tests.peers.require import unavailable

#: On each database: kills with the simulated SMSC in two rounds, and with the foreign one in one.
_KILLS, _FOREIGN_KILLS = 15, 20

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.mark.parametrize("seed", [1, 2])
async def test_no_promise_breaks_when_the_engine_is_killed(
    parent: WarmParent, database_url: str, tmp_path: Path, seed: int
) -> None:
    check(await one_round(parent, database_url, tmp_path, seed, _KILLS), _KILLS)


@pytest.mark.node_smpp
async def test_no_promise_breaks_when_the_engine_is_killed_before_a_foreign_smsc(
    parent: WarmParent, database_url: str, tmp_path: Path
) -> None:
    try:
        figures = await one_round(parent, database_url, tmp_path, 3, _FOREIGN_KILLS, foreign=True)
    except PeerUnavailable as error:
        unavailable("node_smpp", str(error))
    check(figures, _FOREIGN_KILLS)


def check(figures: Figures, kills: int) -> None:
    print(figures.line())
    assert figures.broken == {}
    assert sum(figures.kills.values()) == kills
    assert figures.submits > kills, "the engine hardly worked"

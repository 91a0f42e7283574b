"""A real Asterisk with real mailboxes, and the whole engine in front of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from engine.simulators.asterisk import AsteriskUnavailable, PrivateAsterisk, find_asterisk
from engine.sip.phones import PhonesUnavailable, SoftPhones
from tests.integration.voicemail.office import Office, an_office
from tests.peers.asterisk import FETCH_WITHIN_S, RING_S, USERS, Shelf
from tests.peers.require import unavailable


@pytest.fixture
def pbx(tmp_path: Path) -> Iterator[PrivateAsterisk]:
    """One of its own for each test, since mailboxes remember."""
    try:
        tree = find_asterisk(within_s=FETCH_WITHIN_S)
        private = PrivateAsterisk(tmp_path / "asterisk", USERS, tree=tree, ring_s=RING_S, voicemail=True)
        private.start()
    except AsteriskUnavailable as error:
        unavailable("asterisk", error.detail)
    yield private
    private.stop()


@pytest.fixture
async def handsets(pbx: PrivateAsterisk) -> AsyncIterator[Shelf]:
    soft = SoftPhones()
    try:
        await soft.__aenter__()
    except PhonesUnavailable as error:
        unavailable("phones", error.detail)
    try:
        yield Shelf(pbx, soft)
    finally:
        await soft.__aexit__(None, None, None)


@pytest.fixture
async def office(pbx: PrivateAsterisk, tmp_path: Path) -> AsyncIterator[Office]:
    async with an_office(pbx, tmp_path) as made:
        yield made

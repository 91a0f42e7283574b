"""A real Asterisk for the tests that say so; one a test process, on ports of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from engine.simulators.asterisk import AsteriskUnavailable, PrivateAsterisk, SipUser
from tests.peers.require import unavailable

USERS = tuple(
    SipUser(str(1000 + n), f"secret-{1000 + n}", name)
    for n, name in enumerate(("Anna", "Bob", "Carla", "Dora", "Emil", "Fatma"), start=1)
)
# How long the dialplan lets a destination ring: long enough to see it ring, short enough to wait for.
RING_S = 2


@pytest.fixture(scope="session")
def asterisk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateAsterisk]:
    """Asterisk with users 1001 to 1006, booted; shared by the tests of one process."""
    private = PrivateAsterisk(tmp_path_factory.mktemp("asterisk"), USERS, ring_s=RING_S)
    try:
        private.start()
    except AsteriskUnavailable as error:
        unavailable("asterisk", error.detail)
    yield private
    private.stop()

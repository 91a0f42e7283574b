"""A real Asterisk for the tests that say so; one a test process, on ports of its own."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator

import pytest

from engine.simulators.asterisk import AsteriskUnavailable, PrivateAsterisk, SipUser, find_asterisk
from engine.sip.phones import Phone, PhonesUnavailable, Policy, SoftPhones
from tests.peers.require import unavailable

USERS = tuple(
    SipUser(str(1000 + n), f"secret-{1000 + n}", name)
    for n, name in enumerate(("Anna", "Bob", "Carla", "Dora", "Emil", "Fatma"), start=1)
)
# How long the dialplan lets a destination ring: long enough to see it ring, short enough to wait for.
RING_S = 2
# Less than a test may take, so that a slow mirror is named and not just timed out.
FETCH_WITHIN_S = 100.0


@pytest.fixture(scope="session")
def asterisk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateAsterisk]:
    """Asterisk with users 1001 to 1006, booted; shared by the tests of one process."""
    try:
        tree = find_asterisk(within_s=FETCH_WITHIN_S)
        private = PrivateAsterisk(tmp_path_factory.mktemp("asterisk"), USERS, tree=tree, ring_s=RING_S)
        private.start()
    except AsteriskUnavailable as error:
        unavailable("asterisk", error.detail)
    yield private
    private.stop()


def is_at_least(asterisk: PrivateAsterisk, *version: int) -> bool:
    """Whether it is that version or newer; 22 tells SIP codes and filters events by name."""
    assert asterisk.tree is not None
    numbers = [int(number) for number in re.findall(r"\d+", asterisk.tree.version)]
    return tuple(numbers[: len(version)]) >= version


class Shelf:
    """Soft phones of the shared Asterisk's users; each test takes its own."""

    def __init__(self, asterisk: PrivateAsterisk, phones: SoftPhones) -> None:
        self._asterisk = asterisk
        self._phones = phones

    async def take(
        self,
        user: str,
        policy: Policy | None = None,
        *,
        tone_hz: int = 0,
        register: bool = True,
        password: str | None = None,
        contact: str = "",
    ) -> Phone:
        """A phone of that user, registered unless told otherwise; a second one is a second device."""
        return await self._phones.add(
            user,
            self._asterisk.users[user].password if password is None else password,
            self._asterisk.sip_port,
            policy=policy,
            tone_hz=tone_hz,
            register=register,
            contact=contact,
        )

    async def take_carrier(self, policy: Policy, *, tone_hz: int = 0) -> Phone:
        """A phone that plays the carrier: every outside number rings it."""
        carrier = self._asterisk.carrier
        return await self._phones.add(
            carrier.name,
            carrier.password,
            self._asterisk.sip_port,
            policy=policy,
            tone_hz=tone_hz,
            any_number=True,
        )


@pytest.fixture
async def phones(asterisk: PrivateAsterisk) -> AsyncIterator[Shelf]:
    """Phones to take; all hang up, unregister and end with the test."""
    soft = SoftPhones()
    try:
        await soft.__aenter__()
    except PhonesUnavailable as error:
        unavailable("phones", error.detail)
    try:
        yield Shelf(asterisk, soft)
    finally:
        await soft.__aexit__(None, None, None)

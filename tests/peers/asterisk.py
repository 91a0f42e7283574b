"""A real Asterisk for the tests that say so; one of a kind a test process, on ports of its own.

Tests marked `every_asterisk` run twice, on the newest and on the oldest that is supported.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterator

import pytest

from engine.simulators.asterisk import (
    AsteriskUnavailable,
    PrivateAsterisk,
    SipUser,
    find_asterisk,
    find_release,
)
from engine.sip.phones import Phone, PhoneRefused, PhonesUnavailable, Policy, SoftPhones
from tests.peers.require import unavailable

USERS = tuple(
    SipUser(str(1000 + n), f"secret-{1000 + n}", name)
    for n, name in enumerate(("Anna", "Bob", "Carla", "Dora", "Emil", "Fatma"), start=1)
)
# How long the dialplan lets a destination ring: long enough to see it ring, short enough to wait for.
RING_S = 2
# Less than a test may take, so that a slow mirror is named and not just timed out.
FETCH_WITHIN_S = 100.0
# Its tests may take longer, since a busy machine unpacks slowly.
FETCH_OLDEST_WITHIN_S = 240.0


NEWEST, OLDEST = "asterisk", "asterisk16"
#: The Debian release that carries 16, which tells no SIP codes and ends some calls in other words.
OLDEST_SUITE = "bullseye"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if metafunc.definition.get_closest_marker("every_asterisk"):
        oldest = pytest.param(OLDEST, marks=pytest.mark.timeout(FETCH_OLDEST_WITHIN_S + 60))
        metafunc.parametrize("asterisk", [NEWEST, oldest], indirect=True, scope="session")


@pytest.fixture(scope="session")
def asterisks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], PrivateAsterisk]]:
    """Start one at its first use."""
    started: dict[str, PrivateAsterisk] = {}

    def get(kind: str) -> PrivateAsterisk:
        if kind not in started:
            try:
                tree = (
                    find_release(OLDEST_SUITE, within_s=FETCH_OLDEST_WITHIN_S)
                    if kind == OLDEST
                    else find_asterisk(within_s=FETCH_WITHIN_S)
                )
                private = PrivateAsterisk(tmp_path_factory.mktemp(kind), USERS, tree=tree, ring_s=RING_S)
                private.start()
            except AsteriskUnavailable as error:
                unavailable(kind, error.detail)
            started[kind] = private
        return started[kind]

    yield get
    for private in started.values():
        private.stop()


@pytest.fixture(scope="session")
def asterisk(request: pytest.FixtureRequest, asterisks: Callable[[str], PrivateAsterisk]) -> PrivateAsterisk:
    """Asterisk with users 1001 to 1006, booted; shared by the tests of one process."""
    return asterisks(getattr(request, "param", NEWEST))


@pytest.fixture
def long_ringing(asterisk: PrivateAsterisk) -> Iterator[None]:
    """The dialplan lets a destination ring for as long as a test looks."""
    asterisk.command("dialplan set global RING_SECONDS 60")
    yield
    asterisk.command(f"dialplan set global RING_SECONDS {RING_S}")


def is_at_least(asterisk: PrivateAsterisk, *version: int) -> bool:
    """Whether it is that version or newer; 22 tells SIP codes and filters events by name."""
    assert asterisk.tree is not None
    numbers = [int(number) for number in re.findall(r"\d+", asterisk.tree.version)]
    return tuple(numbers[: len(version)]) >= version


async def hears(phone: Phone, *tones_hz: float) -> None:
    """Wait until the phone hears these tones together and nothing else.

    On a busy machine some packets come too late, so that a recording may have holes; what is
    asserted is that the tones arrive. The call's end ends the wait.
    """
    await phone.wait_for("sound")
    shares: list[float] = []
    try:
        async with asyncio.timeout(15):
            while not shares or shares[-1] < 0.9:
                recording = await phone.listen(0.4)
                shares.append(round(sum(recording.share(hz) for hz in tones_hz), 2))
    except (PhoneRefused, TimeoutError):
        raise AssertionError(f"of what {phone.user} heard {tones_hz} Hz had these shares: {shares}") from None


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

"""The phone system of `ringback demo`: a real Asterisk with soft phones, or else the simulator.

Joins the private Asterisk and the soft phones, so that a click in the demo rings something
real; where they cannot be had, one line says why and the PBX simulator takes the place.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from engine.ami.settings import AmiSettings
from engine.simulators.asterisk import AsteriskUnavailable, PrivateAsterisk, SipUser, find_asterisk
from engine.simulators.asterisk_config import DIAL_CONTEXT
from engine.simulators.pbx import PbxOptions, PbxSimulator
from engine.sip.phones import PhoneRefused, PhonesUnavailable, Policy, SoftPhones, check_available

PBX_NAME = "demo"
_ANSWER_AFTER_S = 1.0
# Tones that are easy to tell apart, by ear and by tests.
_CARRIER_TONE_HZ = 600


@dataclass(frozen=True, slots=True)
class DemoUser:
    """Somebody in the demo's domain; endpoint is the PJSIP endpoint of the phone."""

    extension: str
    endpoint: str
    display_name: str
    tone_hz: int


USERS = (DemoUser("1001", "1001", "Anna Adler", 440), DemoUser("1002", "1002", "Bob Berger", 1000))


@dataclass(frozen=True, slots=True)
class DemoPbx:
    """What the demo needs to know of its phone system.

    ami: how to reach it. dial_context: the `dial_context` of the domain, and the context of its mailboxes.
    real: whether a real Asterisk and real phones are behind it. voicemail_spool: where its recordings are;
    None where there are no mailboxes.
    """

    ami: AmiSettings
    dial_context: str
    users: tuple[DemoUser, ...]
    real: bool
    voicemail_spool: Path | None = None


@asynccontextmanager
async def start_pbx(work_dir: Path, log: Callable[[str], None]) -> AsyncIterator[DemoPbx]:
    """A phone system with users 1001 and 1002, who answer after a second and speak a tone.

    On a real Asterisk 600 echoes, every number in international form is answered too, 861001 and 861002 are
    the users' mailboxes, where calls end that nobody takes.
    work_dir: for configuration and logs. log: takes one line for a person at a time.
    The first start downloads Asterisk, which takes about 20 s and is bounded.
    Leave the block in the task that entered it; nothing is left running.
    """
    async with AsyncExitStack() as stack:
        try:
            pbx = await _real(stack, work_dir, log)
        except (AsteriskUnavailable, PhonesUnavailable, PhoneRefused) as error:
            await stack.aclose()  # what had been started before the trouble
            log(f"No real phones here ({error.detail}); a simulated PBX takes their place.")
            pbx = await stack.enter_async_context(_simulated())
        yield pbx


async def _real(stack: AsyncExitStack, work_dir: Path, log: Callable[[str], None]) -> DemoPbx:
    """What is started is left to the stack, also when the rest fails."""
    check_available()  # before the download
    log("Looking for Asterisk; the first time it is downloaded, which takes about 20 s.")
    tree = await asyncio.to_thread(find_asterisk)
    users = [SipUser(user.endpoint, secrets.token_hex(12), user.display_name) for user in USERS]
    # The database of the demo may be kept, so what it says of recordings has to stay true.
    spool = work_dir / "asterisk-spool"
    asterisk = PrivateAsterisk(work_dir / "asterisk", users, tree=tree, voicemail=True, spool_dir=spool)
    asterisk.start()  # half a second, and in this thread, since its end is Asterisk's end
    stack.push_async_callback(asyncio.to_thread, asterisk.stop)
    phones = await stack.enter_async_context(SoftPhones())
    answering = Policy.answer(_ANSWER_AFTER_S)
    for user, sip in zip(USERS, users, strict=True):
        await phones.add(sip.name, sip.password, asterisk.sip_port, tone_hz=user.tone_hz, policy=answering)
    await phones.add(
        asterisk.carrier.name,
        asterisk.carrier.password,
        asterisk.sip_port,
        tone_hz=_CARRIER_TONE_HZ,
        policy=answering,
        any_number=True,
    )
    log(f"Asterisk {tree.version} runs with phones 1001 and 1002 on 127.0.0.1:{asterisk.sip_port}/udp.")
    return DemoPbx(
        AmiSettings(
            name=PBX_NAME,
            host=asterisk.host,
            port=asterisk.ami_port,
            username=asterisk.ami_username,
            secret=asterisk.ami_secret,
            message_secret=asterisk.message_secret,
        ),
        asterisk.dial_context,
        USERS,
        real=True,
        voicemail_spool=asterisk.voicemail_spool,
    )


@asynccontextmanager
async def _simulated() -> AsyncIterator[DemoPbx]:
    secret = secrets.token_hex(12)
    options = PbxOptions(port=0, username=PBX_NAME, secret=secret, ring_s=_ANSWER_AFTER_S)
    async with PbxSimulator(options).serving() as pbx:
        yield DemoPbx(
            AmiSettings(
                name=PBX_NAME, host=options.host, port=pbx.port, username=options.username, secret=secret
            ),
            DIAL_CONTEXT,
            USERS,
            real=False,
        )

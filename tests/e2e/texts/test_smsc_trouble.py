"""Every trouble an SMSC or the line to it can make, against the whole engine: no promise breaks, and
texts flow again soon after it is over.

Each case runs under load: texts before the trouble, a second or two of it, and texts after it. No case
asserts how long anything took.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.texts import faults
from tests.e2e.texts.engine_process import LIMIT_S, WarmParent
from tests.e2e.texts.smscs import foreign_smsc, simulated_smsc
from tests.e2e.texts.tap import Meddler
from tests.e2e.texts.under_load import PATIENT_S, judged, under_load
from tests.e2e.texts.wire import DELIVER_SM, RESPONSE, SUBMIT_SM, pdu
from tests.e2e.texts.world import WINDOW, World
from tests.peers.node_smpp import PeerUnavailable
from tests.peers.require import unavailable

pytestmark = pytest.mark.timeout(300)


@dataclass(frozen=True)
class Trouble:
    """meddler: makes it. doubts: how many texts each session that ends may leave in doubt, None for any.
    cuts: it begins with a cut link. ends_session: it ends one, by itself or by being noticed. blocks: no
    text is accepted while it lasts."""

    meddler: Callable[[], Meddler]
    doubts: int | None = 0
    lasts_s: float = 1.0
    cuts: bool = False
    ends_session: bool = False
    blocks: bool = False
    answer_within_s: float = PATIENT_S


def answers(status: int) -> Callable[[], Meddler]:
    """Each submit_sm gets this status, and the SMSC does not see it."""
    return lambda: faults.Refuses(lambda number: pdu(SUBMIT_SM | RESPONSE, status, number), nth=1)


def says_once(octets: bytes) -> Trouble:
    """Ends the session, and what is in flight then is in doubt."""
    return Trouble(lambda: faults.Says(octets, once=True), WINDOW, ends_session=True)


TROUBLES = {
    "accepts_then_closes": Trouble(faults.AcceptsThenCloses, WINDOW, cuts=True),
    "refuses_binds": Trouble(faults.RefusesBinds, WINDOW, cuts=True),
    "leaves_binds_unanswered": Trouble(faults.HangsBinds, WINDOW, 1.5, cuts=True, answer_within_s=1.0),
    "resets": Trouble(faults.Resets, WINDOW, 0.6, ends_session=True),
    "sends_fin_mid_pdu": Trouble(faults.FinishesMidPdu, WINDOW, 0.6, ends_session=True),
    "is_a_black_hole": Trouble(faults.BlackHole, WINDOW, 2.5, ends_session=True, answer_within_s=1.0),
    "answers_probes_alone": Trouble(faults.Deaf, None, 2.5, ends_session=True, answer_within_s=1.0),
    "loses_responses": Trouble(faults.LosesResponses, None, answer_within_s=1.0),
    "is_late_with_responses": Trouble(lambda: faults.DelaysResponses(1.2), None, answer_within_s=1.0),
    "answers_in_reverse_order": Trouble(lambda: faults.Reverses(SUBMIT_SM | RESPONSE)),
    "answers_what_nobody_asked": Trouble(lambda: faults.Says(faults.unknown_response())),
    "nacks_texts": Trouble(lambda: faults.Refuses(lambda number: faults.nack(number, 0x02))),
    "nacks_nothing": says_once(faults.nack(0).octets),
    "names_no_ids": Trouble(faults.NamesNoIds),
    "unbinds": Trouble(faults.Unbinds, ends_session=True),
    "throttles": Trouble(answers(faults.ESME_RTHROTTLED), lasts_s=2.0, blocks=True),
    "has_a_full_queue": Trouble(answers(faults.ESME_RMSGQFUL), lasts_s=2.0, blocks=True),
    "repeats_receipts": Trouble(faults.RepeatsReceipts),
    "reports_in_reverse_order": Trouble(lambda: faults.Reverses(DELIVER_SM)),
    "reports_what_is_not_ours": Trouble(lambda: faults.Says(faults.stray_receipt("nobodys"))),
    "loses_acknowledgements": Trouble(faults.LosesAcknowledgements, WINDOW, 0.6, ends_session=True),
    "announces_too_much": says_once(faults.header(0x7FFFFFFF)),
    "announces_too_little": says_once(faults.header(8)),
}
#: What a server of somebody else's sees in another way than ours.
FOREIGN = (
    "resets",
    "is_a_black_hole",
    "answers_probes_alone",
    "loses_responses",
    "answers_in_reverse_order",
    "nacks_nothing",
    "names_no_ids",
    "repeats_receipts",
    "announces_too_much",
)


async def go_through(world: World, trouble: Trouble) -> None:
    """Have the trouble for a while, and until it has struck."""
    sessions = world.tap.sessions
    world.tap.meddler = trouble.meddler()
    if trouble.cuts:
        world.tap.cut()
    for number in range(4):
        await asyncio.sleep(trouble.lasts_s / 4)
        world.text_in(f"reply {number}")
    if trouble.cuts or trouble.ends_session:
        await world.bound_again(sessions)
    elif not trouble.blocks:
        await world.flows()
    world.tap.meddler = Meddler()
    verdict = await judged(world)
    if trouble.answer_within_s != PATIENT_S:
        return  # a machine that stands still leaves doubts of its own, and may end the session
    ended = len({submit.session for submit in world.tap.log.submits}) - 1
    assert trouble.doubts is None or verdict.doubted <= trouble.doubts * max(1, ended)
    if not (trouble.cuts or trouble.ends_session):
        assert world.tap.sessions == 1


@pytest.mark.parametrize("name", TROUBLES)
async def test_the_promises_hold_when_the_smsc(
    parent: WarmParent, sqlite_database: str, tmp_path: Path, name: str
) -> None:
    trouble = TROUBLES[name]
    async with (
        simulated_smsc() as smsc,
        under_load(parent, smsc, sqlite_database, tmp_path, answer_within_s=trouble.answer_within_s) as world,
    ):
        await go_through(world, trouble)


@pytest.mark.postgres
@pytest.mark.node_smpp
@pytest.mark.parametrize("name", FOREIGN)
async def test_the_promises_hold_when_a_foreign_smsc(
    parent: WarmParent, postgres_database: str, tmp_path: Path, name: str
) -> None:
    trouble = TROUBLES[name]
    try:
        async with (
            foreign_smsc() as smsc,
            under_load(
                parent, smsc, postgres_database, tmp_path, answer_within_s=trouble.answer_within_s
            ) as world,
        ):
            await go_through(world, trouble)
    except PeerUnavailable as error:
        unavailable("node_smpp", str(error))


async def test_receipts_before_their_responses_are_applied(
    parent: WarmParent, sqlite_database: str, tmp_path: Path
) -> None:
    async with (
        simulated_smsc(receipts="early", response_delay_s=0.05) as smsc,
        under_load(parent, smsc, sqlite_database, tmp_path) as world,
    ):
        await asyncio.sleep(1)
        verdict = await judged(world)
    assert verdict.doubted == 0


async def test_a_slow_smsc_is_waited_for(parent: WarmParent, sqlite_database: str, tmp_path: Path) -> None:
    async with simulated_smsc() as smsc, under_load(parent, smsc, sqlite_database, tmp_path) as world:
        await smsc.behave(response_delay_s=0.7)
        await asyncio.sleep(2)
        await smsc.behave(response_delay_s=0.0)
        verdict = await judged(world)
    assert verdict.doubted == 0
    assert world.tap.sessions == 1


async def test_an_smsc_that_unbinds_while_the_window_is_full_is_heard_out(
    parent: WarmParent, sqlite_database: str, tmp_path: Path
) -> None:
    async with simulated_smsc() as smsc, under_load(parent, smsc, sqlite_database, tmp_path) as world:
        await smsc.behave(response_delay_s=0.5)
        world.tap.meddler = unbinding = faults.UnbindsWhenFull(WINDOW)
        await world.bound_again(1)
        await smsc.behave(response_delay_s=0.0)
        world.tap.meddler = Meddler()
        verdict = await judged(world)
    assert unbinding.done
    assert verdict.doubted == 0
    assert world.tap.sessions == 2


async def test_an_smsc_that_restarts_uses_its_ids_again(
    parent: WarmParent, sqlite_database: str, tmp_path: Path
) -> None:
    async with simulated_smsc() as before, under_load(parent, before, sqlite_database, tmp_path) as world:
        async with simulated_smsc() as after:
            await world.flows()
            await world.replace_smsc(after)
            world.tap.cut()
            # Only an id that is given out again gets the receipt that went with the old SMSC.
            async with asyncio.timeout(LIMIT_S):
                while len(after.simulator.submits) <= len(before.simulator.submits):  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
            verdict = await judged(world)
        ids = [submit.answer.message_id for submit in world.tap.log.submits if submit.answer is not None]
    assert len(set(ids)) < len(ids) - 10
    assert verdict.doubted <= WINDOW


async def test_an_smsc_that_is_away_is_found_again(
    parent: WarmParent, sqlite_database: str, tmp_path: Path
) -> None:
    async with simulated_smsc() as smsc, under_load(parent, smsc, sqlite_database, tmp_path) as world:
        port = world.tap.port
        world.tap.stop()
        await asyncio.sleep(3)
        await world.tap.start(port)
        verdict = await judged(world)
    assert verdict.doubted <= WINDOW

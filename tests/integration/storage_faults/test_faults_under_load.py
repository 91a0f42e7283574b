"""A database goes wrong while texts come and go: nothing that was acknowledged is lost or sent twice."""

from __future__ import annotations

import sqlite3
from collections import Counter
from pathlib import Path

import asyncpg
import pytest

from engine.simulators.smsc import SmscSimulator
from tests.integration.storage_faults.conftest import Faulty
from tests.integration.storage_faults.load import PEER, Load
from tests.peers.engine import OURS, an_engine, carrier

REFUSALS = {(503, "storage_unavailable"), (503, "storage_busy"), (504, "storage_outcome_unknown")}
#: From the fault's end to the first text that is accepted again.
RECOVERED_WITHIN_S = 15


@pytest.mark.timeout(120)
async def test_nothing_acknowledged_is_lost_and_the_engine_recovers_by_itself(
    faulty: Faulty, smsc: SmscSimulator, tmp_path: Path
) -> None:
    async with an_engine(faulty.url, tmp_path, carriers=(carrier(smsc.port),)) as ringback:
        await smsc.until(lambda: smsc.bound == 1)
        load = Load(ringback)
        try:
            async with load.running():
                await load.until_accepted_again(20)
                await faulty.fault.begin()
                await load.until_refused(5)
                # A fault with gaps may let a text through; then there is another, until one came again.
                counts = smsc.counts
                while counts.deliveries_sent <= counts.texts:
                    smsc.deliver_text(PEER, OURS, f"In the middle of it, {counts.texts}")
                    await smsc.until(
                        lambda: (
                            counts.deliveries_acknowledged == counts.texts
                            or counts.deliveries_sent > counts.texts
                        ),
                        30,
                    )
                await faulty.fault.end()
                await load.until_accepted_again(20, RECOVERED_WITHIN_S)
        finally:
            await faulty.fault.end()

        assert set(load.summary()) <= REFUSALS | {(202, "")}, load.summary()
        assert {answer.media_type for answer in load.refused} == {"application/problem+json"}

        # The carrier gave its text again until it was stored, and it is there once.
        inbound = await ringback.inbound(smsc.counts.texts)
        assert sorted(one["text"] for one in inbound) == sorted(
            f"In the middle of it, {number}" for number in range(smsc.counts.texts)
        )

        # Whoever was refused repeats the request with its key, and only then is it sent.
        for answer in load.refused:
            repeated = await load.send(answer.key)
            assert repeated.status == 202, repeated
            load.answers.append(repeated)

        keys = {answer.key for answer in load.answers}
        await smsc.until(lambda: len(submitted(smsc)) >= len(keys), 30)
        for answer in load.accepted:
            await ringback.message({"id": answer.message_id}, "sent")
        assert submitted(smsc) == Counter(keys), "each text once"

    stored = await stored_texts(faulty.url)
    assert stored == Counter(keys), "each text once"


def submitted(smsc: SmscSimulator) -> Counter[str]:
    """How often the carrier got each text."""
    return Counter(submit.pdu.user_data.split()[0].decode() for submit in smsc.submits)


async def stored_texts(url: str) -> Counter[str]:
    """How often each text we sent is in the database, as another program reads it."""
    query = "SELECT text FROM messages WHERE direction = 'outbound'"
    if url.startswith("sqlite:///"):
        with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            texts = [text for (text,) in connection.execute(query)]
        connection.close()
    else:
        postgres = await asyncpg.connect(url)
        texts = [row["text"] for row in await postgres.fetch(query)]
        await postgres.close()
    return Counter(text.split()[0] for text in texts)

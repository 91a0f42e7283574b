"""STOP, START and HELP through the whole engine and an SMSC that is not ours, on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.peers.engine import OURS, Json, RunningEngine, an_engine, carrier
from tests.peers.node_smpp import NodeSmsc, StartNodeSmsc

pytestmark = pytest.mark.node_smpp

PEER, OTHER = "+12025550123", "+12025550124"


@pytest.fixture
async def smsc(node_smsc: StartNodeSmsc) -> NodeSmsc:
    return await node_smsc(receipts="both")


@pytest.fixture
async def ringback(smsc: NodeSmsc, database_url: str, tmp_path: Path) -> AsyncIterator[RunningEngine]:
    section = carrier(smsc.port, window_pdus=1)
    async with an_engine(database_url, tmp_path, carriers=(section,)) as running:
        await smsc.wait_for("bind")
        yield running


async def says(smsc: NodeSmsc, text: str, source: str = PEER) -> None:
    assert await smsc.deliver(source_addr=source[1:], destination_addr=OURS[1:], short_message=text) == 0


async def sent_to(smsc: NodeSmsc, peer: str) -> list[str]:
    await smsc.settle()
    return [submit["text"] for submit in smsc.submits() if submit["destination_addr"] == peer[1:]]


async def answered(ringback: RunningEngine, count: int) -> Json:
    """The newest answer to a keyword, once there are so many and it has arrived."""

    def arrived(page: Json) -> bool:
        answers = [one for one in page["items"] if "auto_answer" in one["flags"]]
        return len(answers) == count and answers[0]["status"] == "delivered"

    page = await ringback.until("/v1/messages?direction=outbound", arrived)
    newest: Json = page["items"][0]
    return newest


async def test_stop_silences_the_pair_and_start_restores_it(ringback: RunningEngine, smsc: NodeSmsc) -> None:
    await ringback.message(await ringback.text(PEER, "Sale!"), "delivered")
    await says(smsc, " Stop. ")
    confirmation = await answered(ringback, 1)
    assert await sent_to(smsc, PEER) == ["Sale!", confirmation["text"]]

    body = {"from": OURS, "to": [PEER], "text": "Sale again!"}
    refused = await ringback.post("/v1/messages", body, expect=403)
    assert refused["code"] == "opted_out"
    await ringback.message(await ringback.text(OTHER, "Sale!"), "delivered")

    await says(smsc, "START")
    restored = await answered(ringback, 2)
    await ringback.message(await ringback.text(PEER, "Welcome back"), "delivered")
    assert await sent_to(smsc, PEER) == ["Sale!", confirmation["text"], restored["text"], "Welcome back"]
    ledger = await ringback.get("/v1/consents")
    assert [(one["action"], one["new_state"]) for one in ledger["items"]] == [
        ("start", "active"),
        ("stop", "stopped"),
    ]


async def test_stop_reaches_texts_that_wait_for_the_carrier(ringback: RunningEngine, smsc: NodeSmsc) -> None:
    """The window is full with a text to somebody else, so all others wait in the engine."""
    await smsc.set(drop_every=1)
    first = await ringback.text(OTHER, "under way")
    await smsc.wait_for("submit")
    waiting = [await ringback.text(PEER, f"number {count}") for count in range(20)]
    others = await ringback.text(OTHER, "for the other")
    assert waiting[0]["status"] == "queued"
    await says(smsc, "unsubscribe")
    for one in waiting:
        found = await ringback.message(one, "rejected")
        assert found["to"][0]["error"]["code"] == "opted_out"
    await smsc.set(drop_every=0)
    await smsc.cut()
    confirmation = await answered(ringback, 1)
    await ringback.message(others, "delivered")
    await ringback.message(first, "uncertain")
    assert await sent_to(smsc, PEER) == [confirmation["text"]]


async def test_a_stop_that_is_delivered_twice_is_confirmed_once(
    ringback: RunningEngine, smsc: NodeSmsc
) -> None:
    await asyncio.gather(*(says(smsc, "STOP") for _ in range(5)))
    confirmation = await answered(ringback, 1)
    await ringback.message(await ringback.text(OTHER, "Sale!"), "delivered")
    assert await sent_to(smsc, PEER) == [confirmation["text"]]


async def test_an_opt_out_holds_after_a_restart(smsc: NodeSmsc, database_url: str, tmp_path: Path) -> None:
    section = carrier(smsc.port)
    async with an_engine(database_url, tmp_path, carriers=(section,)) as ringback:
        await smsc.wait_for("bind")
        await says(smsc, "STOP")
        await answered(ringback, 1)
    async with an_engine(database_url, tmp_path, carriers=(section,), seeded=False) as ringback:
        body = {"from": OURS, "to": [PEER], "text": "Sale again!"}
        assert (await ringback.post("/v1/messages", body, expect=403))["code"] == "opted_out"


async def test_help_is_answered_in_the_domains_words(ringback: RunningEngine, smsc: NodeSmsc) -> None:
    async with ringback.http.put("/v1/keyword-answers", json={"help": "Acme: +1 202 555 0100"}) as answer:
        assert answer.status == 200
    await says(smsc, "HELP")
    assert (await answered(ringback, 1))["text"] == "Acme: +1 202 555 0100"
    assert await sent_to(smsc, PEER) == ["Acme: +1 202 555 0100"]

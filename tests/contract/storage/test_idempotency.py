"""Repeated requests: the same answer, the work done once, whoever comes first."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Hashable, Sequence
from dataclasses import dataclass
from typing import ClassVar

import pytest
from sqlalchemy import select

from engine.errors import Conflict, EngineError
from engine.idempotency import Claim, Replayed
from engine.storage.database import Transaction
from engine.storage.idempotency import answer_many, claim, claim_many, settle, settle_many, trim
from tests.contract.storage.notes import Node, create_notes, notes, open_node

Answer = str | Replayed | EngineError


@dataclass
class Accept:
    """A hot-path request: stake, work, answer. Without `alone` it does not keep twins apart."""

    claim: Claim
    name: str
    alone: bool = True
    refused: bool = False
    commutes_with: ClassVar[frozenset[str]] = frozenset()
    applied: ClassVar[list[int]] = []

    def exclusive_key(self) -> Hashable | None:
        return (self.claim.scope, self.claim.key) if self.alone else None

    @classmethod
    def apply_many(
        cls, tx: Transaction, operations: Sequence[Accept]
    ) -> Sequence[str | Replayed | EngineError]:
        cls.applied.append(len(operations))
        results: list[str | Replayed | EngineError] = []
        answers = []
        for operation, found in zip(operations, claim_many(tx, [op.claim for op in operations]), strict=True):
            if found is not None:
                results.append(found)
            elif operation.refused:
                results.append(Conflict(code="refused"))
            else:
                tx.connection.execute(notes.insert().values(name=operation.name))
                answers.append((operation.claim, 202, operation.name))
                results.append(operation.name)
        settle_many(tx, answers)
        return results


def key(name: str, fingerprint: str = "f") -> Claim:
    return Claim("key_1 POST /v1/messages", name, fingerprint)


def place(tx: Transaction, staked: Claim, name: str) -> str | Replayed:
    """A request off the hot path."""
    if (earlier := claim(tx, staked)) is not None:
        return earlier
    tx.connection.execute(notes.insert().values(name=name))
    settle(tx, staked, 201, name)
    return name


@pytest.fixture
async def url(database_url: str) -> str:
    await create_notes(database_url)
    Accept.applied.clear()
    return database_url


@pytest.fixture
async def node(url: str) -> AsyncIterator[Node]:
    async with open_node(url) as node:
        yield node


async def test_a_repeated_request_gets_the_first_answer(node: Node) -> None:
    assert await node.database.transact(lambda tx: place(tx, key("k"), "a")) == "a"
    assert await node.database.transact(lambda tx: place(tx, key("k"), "b")) == Replayed(201, "a")
    other_scope = Claim("key_2 POST /v1/messages", "k", "f")
    assert await node.database.transact(lambda tx: place(tx, other_scope, "c")) == "c"
    assert await node.names() == ["a", "c"]


async def test_another_request_under_the_same_key_is_refused(node: Node) -> None:
    await node.database.transact(lambda tx: place(tx, key("k", "f1"), "a"))
    with pytest.raises(Conflict) as refused:
        await node.database.transact(lambda tx: place(tx, key("k", "f2"), "b"))
    assert refused.value.code == "idempotency_mismatch"
    assert await node.names() == ["a"]


async def test_what_failed_may_be_tried_again(node: Node) -> None:
    def fail(tx: Transaction) -> None:
        claim(tx, key("k"))
        raise Conflict(code="not_now")

    async with node.one_batch():
        failing = asyncio.gather(
            node.database.transact(fail), node.database.transact(fail), return_exceptions=True
        )
        await asyncio.sleep(0)
    assert [error.code for error in await failing if isinstance(error, Conflict)] == ["not_now", "not_now"]
    assert await node.database.transact(lambda tx: place(tx, key("k"), "a")) == "a"


async def test_what_was_refused_without_an_answer_may_be_tried_again(node: Node) -> None:
    with pytest.raises(Conflict):
        await node.database.write(Accept(key("k"), "a", refused=True))
    assert await node.database.write(Accept(key("k"), "a")) == "a"


async def test_twins_in_one_batch_get_one_answer_without_taking_it_apart(node: Node) -> None:
    requests = [
        Accept(key("k"), "a"),
        Accept(key("k"), "b"),
        Accept(key("other"), "c"),
        Accept(key("k", "x"), "d"),
    ]
    a, b, c, d = await node.all_of(*requests)
    assert (a, b, c) == ("a", Replayed(202, "a"), "c")
    assert isinstance(d, Conflict)
    assert Accept.applied == [1, 2, 1]
    assert await node.names() == ["a", "c"]


async def test_twins_that_cannot_be_kept_apart_still_get_one_answer(node: Node) -> None:
    requests = [Accept(key("k"), name, alone=False) for name in "abc"]
    results = await node.all_of(*requests)
    assert results == ["a", Replayed(202, "a"), Replayed(202, "a")]
    assert await node.names() == ["a"]


async def test_twins_on_two_nodes_get_one_answer(url: str) -> None:
    async with open_node(url) as one, open_node(url) as two:
        for number in range(20):
            writes = [
                node.database.write(Accept(key(f"k{number}"), f"{name}{number}"))
                for node, name in ((one, "one"), (two, "two"))
            ]
            first, second = await asyncio.gather(*writes)
            answers = {result.body if isinstance(result, Replayed) else result for result in (first, second)}
            assert len(answers) == 1
            assert isinstance(first, Replayed) != isinstance(second, Replayed)
        assert len(await one.names()) == 20


async def test_answers_are_forgotten_in_portions(node: Node) -> None:
    for number in range(5):
        await node.database.write(Accept(key(f"k{number}"), f"n{number}"))
    later = await node.database.transact(lambda tx: tx.now_ms) + 1
    assert await node.database.transact(lambda tx: trim(tx, 0)) == 0
    assert await node.database.transact(lambda tx: trim(tx, later, limit=3)) == 3
    assert await node.database.transact(lambda tx: trim(tx, later, limit=3)) == 2
    assert await node.database.write(Accept(key("k0"), "again")) == "again"
    names = await node.database.read(lambda c: list(c.scalars(select(notes.c.name))))
    assert "again" in names


async def test_answers_known_beforehand_are_kept_unless_their_key_has_one(node: Node) -> None:
    await node.database.transact(lambda tx: place(tx, key("k7"), "earlier"))
    # More than go into one statement, and not a round number of them.
    answers = [(key(f"k{n}"), 202, f"answer {n}") for n in range(107)]
    found = await node.database.transact(lambda tx: answer_many(tx, answers))
    assert [n for n, one in enumerate(found) if one is not None] == [7]
    assert found[7] == Replayed(201, "earlier")
    again = await node.database.transact(lambda tx: answer_many(tx, answers))
    assert again == [Replayed(201, "earlier") if n == 7 else Replayed(202, f"answer {n}") for n in range(107)]


async def test_an_answer_known_beforehand_is_not_kept_for_another_request(node: Node) -> None:
    await node.database.transact(lambda tx: answer_many(tx, [(key("k", "f1"), 202, "a")]))
    (found,) = await node.database.transact(lambda tx: answer_many(tx, [(key("k", "f2"), 202, "b")]))
    assert isinstance(found, Conflict)
    assert found.code == "idempotency_mismatch"

"""Answers to requests that carry an Idempotency-Key, kept in the transaction that did the work.

A twin that arrives while the first is still being worked on waits: in this process behind it in
the writer's queue, on another node on the row's lock. Either way it finds the answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import bindparam, select, update

from engine.errors import Conflict, EngineError
from engine.idempotency import Claim, Replayed
from engine.storage.statements import HotQuery, HotStatement, Row, fetch_all, insert
from engine.storage.tables.log import idempotency_keys
from engine.storage.transaction import FORGET_CLAIM, Transaction

_encode = msgspec.json.Encoder().encode

# Staking and looking are each one statement for a whole batch, whatever its length.
_STAKE = {
    "sqlite": (
        "INSERT INTO idempotency_keys (scope, key, fingerprint, created_ms)"
        " SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]'), ?"
        " FROM json_each(?) WHERE true ORDER BY 1, 2"
        " ON CONFLICT (scope, key) DO NOTHING RETURNING scope, key"
    ),
    "postgresql": (
        "INSERT INTO idempotency_keys (scope, key, fingerprint, created_ms)"
        " SELECT value->>0, value->>1, value->>2, $1::bigint"
        " FROM json_array_elements($2::text::json) AS claim (value) ORDER BY 1, 2"
        " ON CONFLICT (scope, key) DO NOTHING RETURNING scope, key"
    ),
}


def _answering(count: int) -> HotQuery:
    """Stakes and answers so many keys; returns those that had none."""
    columns = ("scope", "key", "fingerprint", "status", "body", "created_ms")
    rows: list[dict[str, Any]] = [
        {column: bindparam(f"{column}_{n}") for column in columns} for n in range(count)
    ]
    return HotQuery(
        insert(idempotency_keys)
        .values(rows)
        .on_conflict_do_nothing(index_elements=["scope", "key"])
        .returning(idempotency_keys.c.scope, idempotency_keys.c.key),
        *(f"{column}_{n}" for n in range(count) for column in columns),
    )


# Few lengths, so that the driver knows each statement already.
_ANSWERING = {count: _answering(count) for count in (64, 32, 16, 8, 4, 2, 1)}
_SETTLE = HotStatement(
    update(idempotency_keys)
    .where(idempotency_keys.c.scope == bindparam("in_scope"), idempotency_keys.c.key == bindparam("with_key"))
    .values(status=bindparam("new_status"), body=bindparam("new_body")),
    "new_status",
    "new_body",
    "in_scope",
    "with_key",
)


class TwinClaims(Exception):
    """Two operations of one `apply_many` stake the same key, so neither can be answered first.

    Raised so that the writer takes the batch apart and runs them one after the other. An operation
    with an `exclusive_key` never gets here.
    """


def claim(tx: Transaction, claim: Claim) -> Replayed | None:
    """Stake a key. None: go on, and `settle` in this transaction. Replayed: answer with that.

    A claim that is not settled when the transaction commits is dropped, so what was refused may be
    tried again. Raises Conflict `idempotency_mismatch` when the key came with another body before.
    """
    found = claim_many(tx, [claim])[0]
    if isinstance(found, EngineError):
        raise found
    return found


def settle(tx: Transaction, claim: Claim, status: int, body: str) -> None:
    """Keep the answer to a staked claim. body: JSON text."""
    settle_many(tx, [(claim, status, body)])


def claim_many(tx: Transaction, claims: Sequence[Claim]) -> list[Replayed | EngineError | None]:
    """`claim` for many at once, with one result each; a mismatch is returned, not raised.

    Raises TwinClaims when two of them have the same scope and key.
    """
    if not claims:
        return []
    places = {(claim.scope, claim.key): place for place, claim in enumerate(claims)}
    if len(places) != len(claims):
        raise TwinClaims
    rows = _encode([(claim.scope, claim.key, claim.fingerprint) for claim in claims]).decode()
    statement = _STAKE[tx.connection.dialect.name]
    staked = {(scope, key) for scope, key in fetch_all(tx.connection, statement, (tx.now_ms, rows))}
    tx.unsettled_claims |= staked
    results: list[Replayed | EngineError | None] = [None] * len(claims)
    for identity, place in places.items():
        if identity not in staked:  # rare enough to ask for one by one
            results[place] = _earlier_answer(tx, claims[place])
    return results


def answer_many(
    tx: Transaction, answers: Sequence[tuple[Claim, int, str]]
) -> list[Replayed | EngineError | None]:
    """`claim_many` and `settle_many` in one, for work that cannot be refused any more.

    Each answer, (claim, HTTP status, JSON body), is kept unless its key has one already; the results are
    those of `claim_many`, and only what got None may be done. Raises TwinClaims likewise.
    """
    places = {(claim.scope, claim.key): place for place, (claim, _, _) in enumerate(answers)}
    if len(places) != len(answers):
        raise TwinClaims
    staked: set[Row] = set()
    # In key order, so that two nodes never wait for each other in a circle.
    in_order = sorted(places.items())
    first = 0
    while left := len(in_order) - first:
        count = next(size for size in _ANSWERING if size <= left)
        values: list[str | int] = []
        for (scope, key), place in in_order[first : first + count]:
            claim, status, body = answers[place]
            values += (scope, key, claim.fingerprint, status, body, tx.now_ms)
        staked.update(_ANSWERING[count].all(tx.connection, *values))
        first += count
    results: list[Replayed | EngineError | None] = [None] * len(answers)
    if len(staked) < len(answers):
        for identity, place in in_order:
            if identity not in staked:
                results[place] = _earlier_answer(tx, answers[place][0])
    return results


def settle_many(tx: Transaction, answers: Sequence[tuple[Claim, int, str]]) -> None:
    """Keep the answers to staked claims: (claim, HTTP status, JSON body) each."""
    tx.execute_many(_SETTLE, [(status, body, claim.scope, claim.key) for claim, status, body in answers])
    tx.unsettled_claims.difference_update([(claim.scope, claim.key) for claim, _, _ in answers])


def trim(tx: Transaction, older_than_ms: int, limit: int = 1000) -> int:
    """Forget up to limit answers given before this time; returns how many."""
    old = (
        select(idempotency_keys.c.scope, idempotency_keys.c.key)
        .where(idempotency_keys.c.created_ms < older_than_ms)
        .order_by(idempotency_keys.c.created_ms)
        .limit(limit)
    )
    rows = tx.connection.execute(old).all()
    tx.execute_many(FORGET_CLAIM, [tuple(row) for row in rows])
    return len(rows)


def _earlier_answer(tx: Transaction, claim: Claim) -> Replayed | EngineError:
    query = select(idempotency_keys.c.fingerprint, idempotency_keys.c.status, idempotency_keys.c.body).where(
        idempotency_keys.c.scope == claim.scope, idempotency_keys.c.key == claim.key
    )
    fingerprint, status, body = tx.connection.execute(query).one()
    if fingerprint != claim.fingerprint:
        return Conflict("This Idempotency-Key was used for another request.", code="idempotency_mismatch")
    return Replayed(status, body)

"""One transaction for everything that waits: how a batch is planned, committed and, if need be, taken apart.

Synchronous: it is run by SQLite's writer thread and, through run_sync, by PostgreSQL's writer task.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import structlog
from sqlalchemy import Connection, RootTransaction
from sqlalchemy.exc import SQLAlchemyError

from engine.clock import Clock
from engine.events import Event
from engine.storage.errors import blames_store, commit_undone, native, outcome_unknown, rolled_back, translate
from engine.storage.transaction import Operation, Transaction

log = structlog.get_logger(__name__)

# The disk that is full for the database is often full for the log too, and a writer that died of
# that would leave every caller waiting for ever. ValueError: the stream is closed.
_WITH_OR_WITHOUT_LOG = suppress(OSError, ValueError)
#: Times an operation by itself is run where the server undoes it for another's sake.
_RUNS = 5

AnyOperation = Operation[Any]


@dataclass(slots=True)
class Outcome:
    """What became of a batch.

    results: one per operation, in queue order: its value, or the exception it failed with.
    events: what was committed, in order.
    """

    results: list[Any]
    events: list[Event] = field(default_factory=list)


@dataclass(slots=True)
class Run:
    """Operations of one class that are applied together. places: their positions in the batch."""

    kind: type[AnyOperation]
    places: list[int] = field(default_factory=list)
    operations: list[AnyOperation] = field(default_factory=list)
    keys: set[Hashable] | None = None


class TransactionFailed(Exception):
    """A transaction was rolled back, or nobody knows.

    store: the database failed, so others would fail as well. unknown: it may be committed all the same.
    """

    def __init__(self, cause: Exception, *, at_commit: bool) -> None:
        super().__init__(str(cause))
        self.cause = cause
        self.store = blames_store(cause)
        self.unknown = at_commit and self.store and not commit_undone(cause)

    def error(self) -> Exception:
        """What one of its operations is told; a new object each time."""
        return outcome_unknown(self.cause) if self.unknown else translate(self.cause)


def plan(operations: Sequence[AnyOperation]) -> list[Run]:
    """Group a batch into runs.

    An operation joins an earlier run of its class if everything that runs in between commutes with
    it, and if the run holds none with its exclusive key; else it starts a run of its own at the end.
    """
    runs: list[Run] = []
    for place, operation in enumerate(operations):
        kind = type(operation)
        exclusive_key = getattr(operation, "exclusive_key", None)
        key = exclusive_key() if exclusive_key is not None else None
        run = _run_to_join(runs, kind, key)
        if run is None:
            run = Run(kind)
            runs.append(run)
        if key is not None:
            if run.keys is None:
                run.keys = set()
            run.keys.add(key)
        run.places.append(place)
        run.operations.append(operation)
    return runs


def commit_batch(connection: Connection, operations: Sequence[AnyOperation], clock: Clock) -> Outcome:
    """Apply the operations in one transaction and commit it.

    Never raises for what an operation or the database did: every operation gets its own result.
    After a failure of the database the connection is thrown away, and opens anew at its next use.
    """
    try:
        return _one_transaction(connection, operations, clock)
    except TransactionFailed as failed:
        if failed.store:
            with _WITH_OR_WITHOUT_LOG:
                log.error(
                    "storage.batch_failed",
                    operations=len(operations),
                    outcome_unknown=failed.unknown,
                    **native(failed.cause),
                )
        if failed.store or (len(operations) == 1 and not rolled_back(failed.cause)):
            return Outcome([failed.error() for _ in operations])
        with _WITH_OR_WITHOUT_LOG:
            log.warning("storage.batch_taken_apart", operations=len(operations), **native(failed.cause))
    return _one_by_one(connection, operations, clock)


def _one_by_one(connection: Connection, operations: Sequence[AnyOperation], clock: Clock) -> Outcome:
    whole = Outcome([])
    for place, operation in enumerate(operations):
        try:
            single = _persistently(connection, operation, clock)
        except TransactionFailed as failed:
            whole.results.append(failed.error())
            if failed.store:  # each of the others would only wait for the same time-out
                whole.results += [translate(failed.cause) for _ in operations[place + 1 :]]
                break
        else:
            whole.results += single.results
            whole.events += single.events
    return whole


def _persistently(connection: Connection, operation: AnyOperation, clock: Clock) -> Outcome:
    """Run it again when the server undoes it for another's sake; the two may meet more than once."""
    for _ in range(_RUNS - 1):
        try:
            return _one_transaction(connection, (operation,), clock)
        except TransactionFailed as failed:
            if not rolled_back(failed.cause):
                raise
    return _one_transaction(connection, (operation,), clock)


def _one_transaction(connection: Connection, operations: Sequence[AnyOperation], clock: Clock) -> Outcome:
    try:
        transaction = connection.begin()
        try:
            tx = Transaction(connection, clock.now_ms(), sole=len(operations) == 1)
            outcome = Outcome(_apply(tx, operations), tx.finish())
        except BaseException:
            _roll_back(transaction)
            raise
    except Exception as error:
        if blames_store(error):
            _throw_away(connection)
        raise TransactionFailed(error, at_commit=False) from error
    try:
        transaction.commit()
    except Exception as error:
        _roll_back(transaction)
        # SQLite leaves a transaction open whose COMMIT failed, and a store that could not flush
        # is not to be trusted with the next one.
        _throw_away(connection)
        raise TransactionFailed(error, at_commit=True) from error
    return outcome


def _apply(tx: Transaction, operations: Sequence[AnyOperation]) -> list[Any]:
    results: list[Any] = [None] * len(operations)
    for run in plan(operations):
        outcomes = run.kind.apply_many(tx, run.operations)
        if len(outcomes) != len(run.operations):
            raise RuntimeError(
                f"{run.kind.__name__}.apply_many returned {len(outcomes)} results, not one each"
            )
        for place, outcome in zip(run.places, outcomes, strict=True):
            results[place] = outcome
    return results


def _run_to_join(runs: list[Run], kind: type[AnyOperation], key: Hashable) -> Run | None:
    for run in reversed(runs):
        if run.kind is kind:
            return run if key is None or run.keys is None or key not in run.keys else None
        if not _commute(kind, run.kind):
            return None
    return None


def _commute(one: type[AnyOperation], other: type[AnyOperation]) -> bool:
    return one.__name__ in other.commutes_with or other.__name__ in one.commutes_with


def _roll_back(transaction: RootTransaction) -> None:
    with suppress(SQLAlchemyError, OSError):  # the connection may be gone, and the transaction with it
        transaction.rollback()


def _throw_away(connection: Connection) -> None:
    with suppress(SQLAlchemyError, OSError):
        connection.invalidate()

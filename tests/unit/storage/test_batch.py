"""How a batch is planned, and what its operations are told when its transaction fails."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar

import pytest
from sqlalchemy import Connection, event
from sqlalchemy.exc import OperationalError

from engine.errors import EngineError, StorageUnavailable
from engine.storage.batch import commit_batch, plan
from engine.storage.errors import StorageOutcomeUnknown
from engine.storage.sqlite import make_engine
from engine.storage.transaction import Transaction


class StoppedClock:
    def now_ms(self) -> int:
        return 1_700_000_000_000

    def monotonic(self) -> float:
        return 0.0


@dataclass
class Named:
    """An operation that only stores its name, and fails for `bad`."""

    name: str
    key: str | None = None
    commutes_with: ClassVar[frozenset[str]] = frozenset()

    def exclusive_key(self) -> str | None:
        return self.key

    @classmethod
    def apply_many(cls, tx: Transaction, operations: Sequence[Named]) -> Sequence[str | EngineError]:
        for operation in operations:
            if operation.name == "bad":
                raise ValueError("bad")
            tx.connection.exec_driver_sql("INSERT INTO names VALUES (?)", (operation.name,))
        return [operation.name for operation in operations]


class A(Named):
    commutes_with: ClassVar[frozenset[str]] = frozenset({"B"})


class B(Named):
    pass


class C(Named):
    pass


class Forgetful(Named):
    @classmethod
    def apply_many(cls, tx: Transaction, operations: Sequence[Named]) -> Sequence[str | EngineError]:
        return []


def shape(*operations: Named) -> list[str]:
    """What runs after what: `A:1,3 B:2`."""
    return [f"{run.kind.__name__}:{','.join(o.name for o in run.operations)}" for run in plan(operations)]


def test_consecutive_operations_of_a_class_run_together() -> None:
    assert shape(C("1"), C("2"), C("3")) == ["C:1,2,3"]


def test_an_operation_passes_only_those_it_commutes_with() -> None:
    assert shape(A("1"), B("2"), A("3"), B("4")) == ["A:1,3", "B:2,4"]
    assert shape(A("1"), C("2"), A("3")) == ["A:1", "C:2", "A:3"]
    assert shape(A("1"), B("2"), C("3"), A("4"), B("5")) == ["A:1", "B:2", "C:3", "A:4", "B:5"]


def test_it_is_enough_that_one_of_two_classes_names_the_other() -> None:
    assert shape(B("1"), A("2"), B("3")) == ["B:1,3", "A:2"]


def test_operations_with_an_equal_key_never_run_together() -> None:
    assert shape(C("1", "k"), C("2", "k"), C("3", "other"), C("4", "k")) == ["C:1", "C:2,3", "C:4"]


def test_results_come_back_in_queue_order(connection: Connection) -> None:
    outcome = commit_batch(connection, [A("1"), B("2"), A("3")], StoppedClock())
    assert outcome.results == ["1", "2", "3"]
    assert names(connection) == ["1", "3", "2"]


def test_one_bad_operation_fails_alone(connection: Connection) -> None:
    outcome = commit_batch(connection, [A("1"), A("bad"), B("2")], StoppedClock())
    assert [str(result) for result in outcome.results] == ["1", "bad", "2"]
    assert isinstance(outcome.results[1], ValueError)
    assert names(connection) == ["1", "2"]


def test_a_class_that_loses_a_result_is_an_error_for_itself_alone(connection: Connection) -> None:
    outcome = commit_batch(connection, [A("1"), Forgetful("2")], StoppedClock())
    assert outcome.results[0] == "1"
    assert isinstance(outcome.results[1], RuntimeError)


def test_a_failed_fsync_leaves_the_outcome_open_and_costs_the_connection(connection: Connection) -> None:
    used = connection.connection.dbapi_connection
    fail_next_commit(connection, "SQLITE_IOERR_FSYNC")
    outcome = commit_batch(connection, [A("1"), B("2")], StoppedClock())
    assert [type(result) for result in outcome.results] == [StorageOutcomeUnknown] * 2
    assert not outcome.results[0].retryable

    outcome = commit_batch(connection, [A("3")], StoppedClock())
    assert outcome.results == ["3"]
    assert connection.connection.dbapi_connection is not used


def test_a_full_disk_at_commit_is_known_to_have_stored_nothing(connection: Connection) -> None:
    fail_next_commit(connection, "SQLITE_FULL")
    outcome = commit_batch(connection, [A("1"), B("2")], StoppedClock())
    assert [type(result) for result in outcome.results] == [StorageUnavailable] * 2
    assert outcome.results[0] is not outcome.results[1]
    assert names(connection) == []


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    engine = make_engine(tmp_path / "names.db", writer=True)
    with engine.connect() as connection:
        with connection.begin():
            connection.exec_driver_sql("CREATE TABLE names (name TEXT)")
        yield connection
    engine.dispose()


def names(connection: Connection) -> list[str]:
    with connection.begin():
        return list(connection.exec_driver_sql("SELECT name FROM names ORDER BY rowid").scalars())


def fail_next_commit(connection: Connection, code: str) -> None:
    """What sqlite3 raises when the disk fails under a COMMIT."""

    def fail(_: Connection) -> None:
        event.remove(connection.engine, "commit", fail)
        error = sqlite3.OperationalError("disk I/O error")
        error.sqlite_errorname = code
        raise OperationalError("COMMIT", None, error)

    event.listen(connection.engine, "commit", fail)


def test_a_log_that_cannot_be_written_does_not_keep_operations_from_their_answers(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk is often full for the log as well, and the writer has nobody to raise to."""

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("engine.storage.batch.log", SimpleNamespace(error=full, warning=full))
    outcome = commit_batch(connection, [Named("a"), Named("bad"), Named("b")], StoppedClock())
    assert [type(result) for result in outcome.results] == [str, ValueError, str]

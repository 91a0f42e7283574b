"""A new file that another process turns to WAL at the same moment."""

from __future__ import annotations

import sqlite3

import pytest

from engine.storage.sqlite import _patiently


class Busy:
    """Refuses so many times, as SQLite does without waiting."""

    def __init__(self, times: int, name: str = "SQLITE_BUSY") -> None:
        self.times = times
        self.name = name
        self.done: list[str] = []

    def execute(self, pragma: str) -> None:
        if self.times:
            self.times -= 1
            error = sqlite3.OperationalError("database is locked")
            error.sqlite_errorname = self.name
            raise error
        self.done.append(pragma)


def test_it_is_asked_again_until_the_other_is_done() -> None:
    connection = Busy(2)
    _patiently(connection, "PRAGMA journal_mode=WAL")
    assert connection.done == ["PRAGMA journal_mode=WAL"]


def test_any_other_failure_is_not_asked_again() -> None:
    connection = Busy(1, "SQLITE_CANTOPEN")
    with pytest.raises(sqlite3.OperationalError):
        _patiently(connection, "PRAGMA journal_mode=WAL")
    assert connection.done == []

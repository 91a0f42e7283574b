"""Whose fault a database error was: the store's is worth repeating, what was asked of it is not."""

from __future__ import annotations

import pytest
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError

from engine.errors import StorageUnavailable
from engine.storage.errors import blames_store, translate


class Constraint(Exception):
    sqlstate = "23514"


@pytest.mark.parametrize(
    "error",
    [
        InterfaceError("INSERT", None, Exception("connection is closed")),
        DBAPIError("INSERT", None, Exception("gone"), connection_invalidated=True),
        ConnectionResetError(),
        TimeoutError(),
    ],
)
def test_a_lost_connection_is_the_stores_fault(error: Exception) -> None:
    assert blames_store(error)
    assert isinstance(translate(error), StorageUnavailable)


def test_a_broken_rule_is_the_fault_of_what_was_asked() -> None:
    assert not blames_store(IntegrityError("INSERT", None, Constraint()))
    assert not blames_store(ValueError())

"""Database errors as the engine's own: whose fault it was, and what the caller can do next.

SQLAlchemy and driver exceptions stop here. The texts of drivers are for the log alone: they can
name hosts, files and values.
Sources: SQLite result codes (sqlite.org/rescode.html); PostgreSQL error codes (appendix A).
"""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError, InterfaceError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from engine.errors import Conflict, EngineError, InvalidRequest, StorageUnavailable


class StorageOutcomeUnknown(StorageUnavailable):
    """The connection was lost while COMMIT was on its way: the write may or may not be there.

    Not retryable as it stands; a request with an Idempotency-Key may be repeated with the same key.
    """

    code = "storage_outcome_unknown"
    retryable = False


class StorageUnusable(StorageUnavailable):
    """The database cannot be used until an operator changes something; the code says what."""

    retryable = False


# SQLite primary result codes that the statement or its data caused; all others are the store's.
_SQLITE_OPERATION = ("SQLITE_ERROR", "SQLITE_CONSTRAINT", "SQLITE_MISMATCH", "SQLITE_TOOBIG", "SQLITE_RANGE")
_SQLITE_UNIQUE = ("SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY", "SQLITE_CONSTRAINT_ROWID")

# SQLSTATE classes likewise: cardinality, data, integrity, transaction rollback (deadlock,
# serialisation), syntax or access rule, feature, raised by a function.
_POSTGRES_OPERATION = ("0A", "21", "22", "23", "40", "42", "P0")
# COMMIT answered with one of these classes did not commit: constraint, rollback (but 40003),
# out of resources. A server that is shutting down may already have committed.
_POSTGRES_NOT_COMMITTED = ("23", "40", "53")


def blames_store(error: BaseException) -> bool:
    """Whether the database or the way to it failed, rather than what was asked of it.

    True means that other operations would have failed as well, and that the connection is suspect.
    """
    if isinstance(error, (OSError, TimeoutError, PoolTimeout)):
        return True
    if not isinstance(error, DBAPIError):
        return False
    if error.connection_invalidated:
        return True
    if name := _sqlite_name(error):
        return not name.startswith(_SQLITE_OPERATION)
    if state := _sqlstate(error):
        return not state.startswith(_POSTGRES_OPERATION)
    return isinstance(error, InterfaceError) and "connection is closed" in str(error.orig)


def rolled_back(error: BaseException) -> bool:
    """Whether the server undid the transaction for another's sake (deadlock, serialisation): run it again."""
    return _sqlstate(error).startswith("40") and _sqlstate(error) != "40003"


def commit_undone(error: BaseException) -> bool:
    """Whether an error at COMMIT proves that nothing was committed."""
    if not isinstance(error, DBAPIError) or error.connection_invalidated:
        return False
    if name := _sqlite_name(error):
        # A failed fsync leaves a commit record that a later recovery may find whole.
        return not name.startswith("SQLITE_IOERR")
    state = _sqlstate(error)
    return state.startswith(_POSTGRES_NOT_COMMITTED) and state != "40003"


def translate(error: Exception) -> Exception:
    """The engine's error for one the database raised; anything else comes back as it is.

    Makes a new object each time, since one failure may be raised in many places.
    """
    translated: Exception
    if isinstance(error, StopIteration):
        translated = RuntimeError("an operation raised StopIteration")  # a future cannot carry it
    elif blames_store(error):
        translated = StorageUnavailable("The database did not take the request.", native=native(error))
    elif isinstance(error, DBAPIError):
        translated = _from_driver(error)
    elif isinstance(error, SQLAlchemyError):
        translated = EngineError("The database layer was used wrongly.")
    else:
        return error
    translated.__cause__ = error
    return translated


def outcome_unknown(error: Exception) -> StorageOutcomeUnknown:
    """For an error at COMMIT that leaves open whether the transaction is in the database."""
    unknown = StorageOutcomeUnknown(
        "The database did not answer while committing: the change may have been stored. "
        "Look before you repeat it, or repeat it with the same Idempotency-Key.",
        native=native(error),
    )
    unknown.__cause__ = error
    return unknown


def native(error: BaseException) -> dict[str, int | str]:
    """The database's own code, for logs and operators."""
    if name := _sqlite_name(error):
        return {"sqlite": name}
    if state := _sqlstate(error):
        return {"sqlstate": state}
    return {"error": type(error).__name__}


def _from_driver(error: DBAPIError) -> EngineError:
    name, state = _sqlite_name(error), _sqlstate(error)
    if name in _SQLITE_UNIQUE or state == "23505":
        return Conflict("This exists already.", code="duplicate", native=native(error))
    if name.startswith("SQLITE_CONSTRAINT") or state.startswith("23"):
        return Conflict(
            "The change contradicts what is stored.", code="constraint_violated", native=native(error)
        )
    if state == "42501":
        return StorageUnusable("PostgreSQL does not let this user do that.", code="storage_refused")
    if state.startswith("40"):
        return StorageUnavailable("The database rolled the change back; try again.", native=native(error))
    if name.startswith(("SQLITE_MISMATCH", "SQLITE_TOOBIG")) or state.startswith("22"):
        return InvalidRequest(
            "A value cannot be stored in the database.", code="value_not_storable", native=native(error)
        )
    return EngineError("The database refused a statement.", native=native(error))


def _sqlite_name(error: BaseException) -> str:
    return str(getattr(getattr(error, "orig", None), "sqlite_errorname", None) or "")


def _sqlstate(error: BaseException) -> str:
    return str(getattr(getattr(error, "orig", None), "sqlstate", None) or "")

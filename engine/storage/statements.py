"""Statements for the hot path: compiled once, fed with tuples.

Core builds them, so table and column names are checked; after that a row costs what the driver
costs. On SQLite they go to the driver itself: SQLAlchemy's way costs 40 us a statement, and a commit
of a few texts has a dozen. What the driver raises comes out as SQLAlchemy would have raised it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any, cast

from sqlalchemy import ClauseElement, Connection, Dialect, Select
from sqlalchemy.dialects.postgresql import insert as insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.dml import ReturningInsert, UpdateBase

# `insert` above is PostgreSQL's, for its on_conflict_do_nothing and on_conflict_do_update: what
# they compile to is also SQLite's syntax, which the tests hold. SQLite's own does not compile back.

Row = tuple[Any, ...]

#: Puts the values of rows where the driver's statement wants them.
Arrange = Callable[[Sequence[Row]], Sequence[Row]]


def run_many(connection: Connection, sql: str, rows: Sequence[Row]) -> None:
    """Run the driver's own SQL once per row, in order. Raises DBAPIError."""
    if connection.dialect.name != "sqlite":
        connection.exec_driver_sql(sql, list(rows))
        return
    cursor = connection.connection.cursor()
    try:
        cursor.executemany(sql, rows)
    except sqlite3.Error as error:
        raise _in_sqlalchemys_words(error, sql, connection.dialect) from error
    finally:
        cursor.close()


def fetch_all(connection: Connection, sql: str, parameters: Row = ()) -> Sequence[Row]:
    """Run the driver's own SQL once and return all rows as the driver gives them. Raises DBAPIError."""
    if connection.dialect.name != "sqlite":
        return [tuple(row) for row in connection.exec_driver_sql(sql, parameters)]
    cursor = connection.connection.cursor()
    try:
        cursor.execute(sql, parameters)
        return cursor.fetchall()
    except sqlite3.Error as error:
        raise _in_sqlalchemys_words(error, sql, connection.dialect) from error
    finally:
        cursor.close()


class HotStatement:
    """An insert, update or delete with parameters by position.

    statement: a Core insert(), update() or delete(). An insert without values() sets the named
    columns; everything else names its parameters with bindparam().
    parameter_names: what each place of a row means, in order; a name may occur several times in
    the statement. Other values written into the statement stay what they are.

    Values reach the driver untouched: int, str, bytes or None.
    Raises ValueError, at first use with a kind of database, if a parameter is missing or unknown.
    """

    def __init__(self, statement: UpdateBase, *parameter_names: str) -> None:
        self._statement = statement
        self._names = parameter_names
        self._compiled: dict[str, tuple[str, Arrange]] = {}

    def execute_many(self, connection: Connection, rows: Sequence[Row]) -> None:
        """Run once per row, in order; no rows is no work."""
        if not rows:
            return
        dialect = connection.dialect
        found = self._compiled.get(dialect.name)
        if found is None:
            columns = list(self._names) if self._statement.is_insert else None
            found = _compile(self._statement, self._names, dialect, columns)
            self._compiled[dialect.name] = found
        sql, arrange = found
        run_many(connection, sql, list(arrange(rows)))


class HotQuery:
    """A statement that returns rows, with parameters by position; see HotStatement.

    All its parameters are named with bindparam(). The rows are what the driver gives.
    """

    def __init__(self, query: Select[Any] | ReturningInsert[Any], *parameter_names: str) -> None:
        self._query = query
        self._names = parameter_names
        self._compiled: dict[str, tuple[str, Arrange]] = {}

    def all(self, connection: Connection, *parameters: Any) -> Sequence[Row]:
        """Every row of the answer."""
        dialect = connection.dialect
        found = self._compiled.get(dialect.name)
        if found is None:
            found = self._compiled[dialect.name] = _compile(self._query, self._names, dialect)
        sql, arrange = found
        return fetch_all(connection, sql, arrange((parameters,))[0])


def _compile(
    statement: ClauseElement, names: Sequence[str], dialect: Dialect, columns: list[str] | None = None
) -> tuple[str, Arrange]:
    compiled = cast(SQLCompiler, statement.compile(dialect=dialect, column_keys=columns))
    places = list(compiled.positiontup or ())
    constants = tuple(name for name in dict.fromkeys(places) if name not in names)
    if "__[POSTCOMPILE" in compiled.string:
        raise ValueError("a list that expands has no place in a hot statement")
    unknown = [name for name in constants if compiled.binds[name].required]
    unused = [name for name in names if name not in places]
    if unknown or unused:
        raise ValueError(f"parameters missing: {unknown}, not in the statement: {unused}")
    values = tuple(compiled.params[name] for name in constants)
    order = [(*names, *constants).index(name) for name in places]
    return compiled.string, _arranger(order, len(names), values)


def _arranger(order: list[int], width: int, constants: Row) -> Arrange:
    """A function that puts each row's values where the driver's statement wants them."""
    if order == list(range(width)):
        return lambda rows: rows
    if len(order) == 1:
        return lambda rows: [((*row, *constants)[order[0]],) for row in rows]
    pick = itemgetter(*order)
    return lambda rows: [pick(row + constants) for row in rows]


def _in_sqlalchemys_words(error: sqlite3.Error, sql: str, dialect: Dialect) -> BaseException:
    """Values may be a person's words, so they are left out."""
    return DBAPIError.instance(sql, None, error, sqlite3.Error, hide_parameters=True, dialect=dialect)

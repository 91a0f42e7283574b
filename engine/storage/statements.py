"""Statements for the hot path: compiled once, fed with tuples.

Core builds them, so table and column names are checked; after that a row costs what the driver
costs. Measured on SQLite: half the time of `Connection.execute` with dictionaries.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Dialect
from sqlalchemy.dialects.postgresql import insert as insert
from sqlalchemy.sql.dml import UpdateBase

# `insert` above is PostgreSQL's, for its on_conflict_do_nothing and on_conflict_do_update: what
# they compile to is also SQLite's syntax, which the tests hold. SQLite's own does not compile back.

Row = tuple[Any, ...]


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
        self._compiled: dict[str, tuple[str, Callable[[Sequence[Row]], Sequence[Row]]]] = {}

    def execute_many(self, connection: Connection, rows: Sequence[Row]) -> None:
        """Run once per row, in order; no rows is no work."""
        if not rows:
            return
        dialect = connection.dialect
        found = self._compiled.get(dialect.name)
        if found is None:
            found = self._compiled[dialect.name] = self._compile(dialect)
        sql, arrange = found
        connection.exec_driver_sql(sql, list(arrange(rows)))

    def _compile(self, dialect: Dialect) -> tuple[str, Callable[[Sequence[Row]], Sequence[Row]]]:
        columns = list(self._names) if self._statement.is_insert else None
        compiled = self._statement.compile(dialect=dialect, column_keys=columns)
        places = list(compiled.positiontup or ())
        constants = tuple(name for name in dict.fromkeys(places) if name not in self._names)
        if "__[POSTCOMPILE" in compiled.string:
            raise ValueError("a list that expands has no place in a hot statement")
        unknown = [name for name in constants if compiled.binds[name].required]
        unused = [name for name in self._names if name not in places]
        if unknown or unused:
            raise ValueError(f"parameters missing: {unknown}, not in the statement: {unused}")
        values = tuple(compiled.params[name] for name in constants)
        order = [(*self._names, *constants).index(name) for name in places]
        return compiled.string, _arranger(order, len(self._names), values)


def _arranger(order: list[int], width: int, constants: Row) -> Callable[[Sequence[Row]], Sequence[Row]]:
    """A function that puts each row's values where the driver's statement wants them."""
    if order == list(range(width)):
        return lambda rows: rows
    if len(order) == 1:
        return lambda rows: [((*row, *constants)[order[0]],) for row in rows]
    pick = itemgetter(*order)
    return lambda rows: [pick(row + constants) for row in rows]

"""A step of an erasure: keys of rows that name a person, found in a reader, and what is done to those rows in
the writer, some at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from engine.records.models import Person
from engine.storage.transaction import Transaction

Key = tuple[Any, ...]
Keys = Sequence[Key]


@dataclass(frozen=True, slots=True)
class Step:
    """table: what is counted in the report. find: at most so many keys of rows that name the person.
    change: removes them or makes them anonymous, so that they are not found again."""

    table: str
    find: Callable[[Connection, Person, int], Keys]
    change: Callable[[Transaction, Person, Keys], None]


def keys_found(connection: Connection, query: sa.Select[Any], limit: int) -> Keys:
    """The first so many rows of a query for keys."""
    return [tuple(row) for row in connection.execute(query.limit(limit))]


def delete_rows(table: sa.Table) -> Callable[[Transaction, Person, Keys], None]:
    """A step's change."""
    key = list(table.primary_key.columns)

    def change(tx: Transaction, _person: Person, keys: Keys) -> None:
        tx.connection.execute(sa.delete(table).where(these(key, keys)))

    return change


def update_rows(table: sa.Table, **values: Any) -> Callable[[Transaction, Person, Keys], None]:
    """A step's change: values by column."""
    key = list(table.primary_key.columns)

    def change(tx: Transaction, _person: Person, keys: Keys) -> None:
        tx.connection.execute(sa.update(table).where(these(key, keys)).values(**values))

    return change


def these(key: Sequence[sa.Column[Any]], keys: Keys) -> sa.ColumnElement[bool]:
    """Whether a row is one of these. key: the columns its key is made of."""
    return key[0].in_([one[0] for one in keys]) if len(key) == 1 else sa.tuple_(*key).in_(list(keys))


def rows_where(
    table: sa.Table, condition: Callable[[Person], sa.ColumnElement[bool]]
) -> Callable[[Connection, Person, int], Keys]:
    """How a step finds its rows."""
    key = list(table.primary_key.columns)
    return lambda connection, person, limit: keys_found(
        connection, sa.select(*key).where(condition(person)), limit
    )

"""One parameter for any number of values.

An IN with its values written out is another statement for each number of values: made anew, compiled
anew, and prepared anew by PostgreSQL. With `one_of` it is one statement, made once.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Self

import msgspec
import sqlalchemy as sa
from sqlalchemy import Dialect
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine

_encode = msgspec.json.Encoder().encode


class _Strings(sa.TypeDecorator[Collection[str]]):
    """An array on PostgreSQL, JSON elsewhere."""

    impl = sa.Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(ARRAY(sa.Text()) if dialect.name == "postgresql" else sa.Text())

    def process_bind_param(self, value: Collection[str] | None, dialect: Dialect) -> object:
        given = list(value or ())
        return given if dialect.name == "postgresql" else _encode(given).decode()


class _OneOf(FunctionElement[bool]):
    name = "one_of"
    type = sa.Boolean()
    inherit_cache = True

    def self_group(self, against: object = None) -> Self:
        return self  # a condition as it stands; SQLite's would be compared with 1, and no index be used


def one_of(column: sa.ColumnElement[str], parameter: str) -> sa.ColumnElement[bool]:
    """Whether the column is one of a parameter's values. parameter: its name; its value is a collection."""
    return _OneOf(column, sa.bindparam(parameter, type_=_Strings()))


@compiles(_OneOf, "sqlite")
def _one_of_in_sqlite(element: _OneOf, compiler: SQLCompiler, **options: Any) -> str:
    column, values = (compiler.process(one, **options) for one in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({values}))"  # noqa: S608 - of our own statements


@compiles(_OneOf, "postgresql")
def _one_of_in_postgres(element: _OneOf, compiler: SQLCompiler, **options: Any) -> str:
    column, values = (compiler.process(one, **options) for one in element.clauses)
    return f"{column} = ANY ({values})"

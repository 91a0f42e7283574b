"""What a hot statement becomes for each kind of database."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import (
    BigInteger,
    Column,
    Dialect,
    MetaData,
    Table,
    Text,
    bindparam,
    case,
    delete,
    select,
    update,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.postgresql import asyncpg
from sqlalchemy.exc import IntegrityError, OperationalError

from engine.storage.errors import native
from engine.storage.sqlite import make_engine
from engine.storage.statements import HotQuery, HotStatement, fetch_all, insert

table = Table(
    "t", MetaData(), Column("id", Text, primary_key=True), Column("size", BigInteger), Column("note", Text)
)
SQLITE, POSTGRES = sqlite.dialect(), asyncpg.dialect()


class Recorder:
    """Stands for a connection and its cursors: keeps what the driver would get."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self.connection = self
        self.calls: list[tuple[str, list[Any]]] = []

    def exec_driver_sql(self, sql: str, rows: list[Any]) -> None:
        self.calls.append((sql, rows))

    executemany = exec_driver_sql

    def cursor(self) -> Recorder:
        return self

    def close(self) -> None:
        pass


def run(statement: HotStatement, dialect: Dialect, *rows: tuple[Any, ...]) -> tuple[str, list[Any]]:
    recorder = Recorder(dialect)
    statement.execute_many(recorder, rows)  # type: ignore[arg-type]
    (call,) = recorder.calls
    return call


def test_rows_may_name_columns_in_any_order() -> None:
    statement = HotStatement(insert(table), "note", "id")
    assert run(statement, SQLITE, ("n", "i")) == ("INSERT INTO t (id, note) VALUES (?, ?)", [("i", "n")])
    sql, rows = run(statement, POSTGRES, ("n", "i"))
    assert sql == "INSERT INTO t (id, note) VALUES ($1::VARCHAR, $2::VARCHAR)"
    assert rows == [("i", "n")]


def test_a_parameter_used_twice_is_repeated_only_where_the_driver_wants_it() -> None:
    larger = case((table.c.size < bindparam("new"), bindparam("new")), else_=table.c.size)
    statement = HotStatement(
        update(table).where(table.c.id == bindparam("at")).values(size=larger), "at", "new"
    )
    sql, rows = run(statement, SQLITE, ("i", 5))
    assert sql.count("?") == 3
    assert rows == [(5, 5, "i")]
    sql, rows = run(statement, POSTGRES, ("i", 5))
    assert sql.count("$1") == 2
    assert rows == [(5, "i")]


def test_values_written_into_the_statement_stay() -> None:
    statement = HotStatement(
        update(table).where(table.c.id == bindparam("at"), table.c.note == "old").values(note="new"), "at"
    )
    assert run(statement, SQLITE, ("i",), ("j",))[1] == [("new", "i", "old"), ("new", "j", "old")]
    assert run(statement, POSTGRES, ("i",))[1] == [("new", "i", "old")]


def test_a_single_parameter_stays_a_row() -> None:
    statement = HotStatement(delete(table).where(table.c.id == bindparam("at")), "at")
    assert run(statement, SQLITE, ("i",), ("j",))[1] == [("i",), ("j",)]


def test_an_upsert_reads_the_same_on_both() -> None:
    upsert = insert(table)
    upsert = upsert.on_conflict_do_update(index_elements=["id"], set_={"size": upsert.excluded.size})
    statement = HotStatement(upsert, "id", "size")
    for dialect in (SQLITE, POSTGRES):
        assert run(statement, dialect, ("i", 1))[0].endswith(
            "ON CONFLICT (id) DO UPDATE SET size = excluded.size"
        )


def test_no_rows_are_no_statement() -> None:
    recorder = Recorder(SQLITE)
    HotStatement(insert(table), "id").execute_many(recorder, [])  # type: ignore[arg-type]
    assert recorder.calls == []


def test_a_query_gives_the_drivers_rows(tmp_path: Path) -> None:
    query = HotQuery(select(table.c.note).where(table.c.id == bindparam("at"), table.c.size > 3), "at")
    with make_engine(tmp_path / "t.db", writer=True).begin() as connection:
        table.create(connection)
        HotStatement(insert(table), "id", "size", "note").execute_many(
            connection, [("a", 3, "small"), ("b", 4, "large")]
        )
        assert query.all(connection, "a") == []
        assert query.all(connection, "b") == [("large",)]


def test_what_the_driver_refuses_is_told_in_sqlalchemys_words_and_without_values(tmp_path: Path) -> None:
    statement = HotStatement(insert(table), "id", "note")
    with make_engine(tmp_path / "t.db", writer=True).begin() as connection:
        table.create(connection)
        with pytest.raises(IntegrityError) as refused:
            statement.execute_many(connection, [("a", "a secret"), ("a", "another")])
        assert native(refused.value) == {"sqlite": "SQLITE_CONSTRAINT_PRIMARYKEY"}
        assert "secret" not in str(refused.value)
        with pytest.raises(OperationalError):
            fetch_all(connection, "SELECT nothing FROM t")


def test_a_parameter_nobody_gives_is_refused() -> None:
    statement = HotStatement(delete(table).where(table.c.id == bindparam("at")))
    with pytest.raises(ValueError, match="missing"):
        run(statement, SQLITE, ())


def test_a_name_the_statement_does_not_have_is_refused() -> None:
    statement = HotStatement(delete(table).where(table.c.id == bindparam("at")), "at", "other")
    with pytest.raises(ValueError, match="other"):
        run(statement, SQLITE, ("i", "j"))


def test_a_list_of_unknown_length_is_refused() -> None:
    statement = HotStatement(
        delete(table).where(table.c.id.in_(bindparam("several", expanding=True))), "several"
    )
    with pytest.raises(ValueError, match="expand"):
        run(statement, SQLITE, (["i"],))

"""Which threads a list shows: chats of a user, threads of texts over a number, those of a whole domain.

Each of the three is read along an index by time. What is unread is counted from the reader's position on,
and no further than a bound. Statements are made once for each kind of question: making them anew cost
more than asking.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection, bindparam
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from engine.conversations.models import ListThreads
from engine.storage.tables.conversations import conversation_members, conversations
from engine.storage.text_rows import AnyRow

_members, _threads = conversation_members.c, conversations.c

# Counted along the index from the position on, and no further than the bound. Materialized, or SQLite
# would take the JSON apart again for each message.
_COUNT = (
    "WITH wanted AS MATERIALIZED (SELECT {thread} AS thread, {seen} AS seen, {me} AS me FROM {rows})"
    " SELECT thread, (SELECT count(*) FROM (SELECT 1 FROM messages AS m"
    " WHERE m.conversation_id = wanted.thread AND m.id > wanted.seen AND m.direction <> 'outbound'"
    " AND m.deleted_ms IS NULL AND (m.user_id IS NULL OR m.user_id <> wanted.me) LIMIT {most}) AS news)"
    " FROM wanted"
)
_UNREAD = {
    "sqlite": _COUNT.format(
        thread="json_extract(value, '$[0]')",
        seen="json_extract(value, '$[1]')",
        me="json_extract(value, '$[2]')",
        rows="json_each(?2)",
        most="?1",
    ),
    "postgresql": _COUNT.format(
        thread="value->>0",
        seen="value->>1",
        me="value->>2",
        rows="json_array_elements($2::text::json) AS given (value)",
        most="$1::bigint",
    ),
}
_encode = msgspec.json.Encoder().encode

#: Threads of one origin a badge looks at: beyond it "many" is as good as a number.
MOST_UNREAD_THREADS = 999
#: Threads of one origin whose unread messages are counted before asking whether there are enough; then
#: four times as many, and so on: who has many threads mostly has enough in a few.
_COUNTED_FIRST = 25


class _Latest(FunctionElement[str]):
    """The last of some ids. One comparison with it, since PostgreSQL takes each more for a reason to expect
    fewer rows, and would then read all threads instead of going along the index until there are enough."""

    name = "latest"
    type = sa.Text()
    inherit_cache = True


@compiles(_Latest, "sqlite")
def _latest_in_sqlite(element: _Latest, compiler: SQLCompiler, **options: Any) -> str:
    return f"max({compiler.process(element.clauses, **options)})"


@compiles(_Latest, "postgresql")
def _latest_in_postgres(element: _Latest, compiler: SQLCompiler, **options: Any) -> str:
    # ids are ASCII
    return f"greatest({compiler.process(element.clauses, **options)})"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where threads of a list come from. number, since: of texts over one number; see `OwnNumber`."""

    kind: Literal["chats", "number", "domain"]
    domain_id: str
    user_id: str
    number: str = ""
    since: str = ""

    @property
    def parameters(self) -> dict[str, object]:
        given = {"me": self.user_id}
        if self.kind != "chats":
            given |= {"of_domain": self.domain_id, "since": self.since}
        if self.kind == "number":
            given |= {"over": self.number}
        return given  # type: ignore[return-value]


def page(
    connection: Connection, origin: Origin, chosen: ListThreads, before: tuple[int, str] | None, limit: int
) -> Sequence[AnyRow]:
    """Rows of `conversations`, latest activity first. before: (last_message_ms, id)."""
    claimed = None if chosen.claimed_by is None else "somebody" if chosen.claimed_by else "nobody"
    statement = _page(
        origin.kind, chosen.deleted, chosen.state is not None, claimed, chosen.unread, before is not None
    )
    given = {**origin.parameters, "most": limit}
    if chosen.state is not None:
        given["in_state"] = chosen.state.value
    if chosen.claimed_by:
        given["by"] = chosen.claimed_by
    if before is not None:
        given |= {"before_ms": before[0], "before_id": before[1]}
    return connection.execute(statement, given).all()


def unread_threads(connection: Connection, origin: Origin) -> int:
    """How many threads have something unread for the user, up to MOST_UNREAD_THREADS."""
    given = {**origin.parameters, "most": MOST_UNREAD_THREADS}
    return int(connection.execute(_number_of_unread(origin.kind), given).scalar_one())


def unread_messages(connection: Connection, origin: Origin, threads: int, most: int) -> int:
    """How many messages they hold. threads: how many there are; none counts beyond most."""
    counted = skipped = 0
    wanted = _COUNTED_FIRST
    while skipped < threads and counted < most:
        given = {**origin.parameters, "most": wanted, "skipped": skipped}
        positions = [
            (row.id, max(row.read, row.seen, row.deleted), origin.user_id)
            for row in connection.execute(_positions(origin.kind), given)
        ]
        counted += sum(count_behind(connection, positions, most).values())
        skipped, wanted = skipped + wanted, wanted * 4
    return min(counted, most)


def count_behind(
    connection: Connection, positions: Sequence[tuple[str, str, str]], most: int
) -> Mapping[str, int]:
    """Messages that wait, by thread, in one query. positions: (thread id, message id, user id)."""
    if not positions:
        return {}
    statement = _UNREAD[connection.dialect.name]
    wanted = _encode(positions).decode()
    return {row[0]: row[1] for row in connection.exec_driver_sql(statement, (most, wanted))}


@lru_cache(maxsize=200)
def _page(
    kind: str, deleted: bool, state: bool, claimed: str | None, unread: bool | None, before: bool
) -> sa.Select[Any]:
    source = _source(kind)
    query = source.query.where(source.is_deleted if deleted else sa.not_(source.is_deleted))
    if state:
        query = query.where(_threads.state == bindparam("in_state"))
    if claimed is not None:
        free = claimed == "nobody"
        query = query.where(_threads.claimed_by.is_(None) if free else _threads.claimed_by == bindparam("by"))
    if unread is not None:
        query = query.where(source.is_unread if unread else sa.not_(source.is_unread))
    if before:
        seen = sa.tuple_(bindparam("before_ms", type_=sa.BigInteger), bindparam("before_id", type_=sa.Text))
        query = query.where(sa.tuple_(_threads.last_message_ms, _threads.id) < seen)
    query = query.order_by(_threads.last_message_ms.desc(), _threads.id.desc())
    return query.limit(bindparam("most", type_=sa.Integer))


@lru_cache(maxsize=3)
def _number_of_unread(kind: str) -> sa.Select[Any]:
    source = _source(kind)
    found = source.query.with_only_columns(_threads.id).where(source.is_unread)
    return sa.select(sa.func.count()).select_from(found.limit(bindparam("most", type_=sa.Integer)).subquery())


@lru_cache(maxsize=3)
def _positions(kind: str) -> sa.Select[Any]:
    source = _source(kind)
    columns = (source.read.label("read"), source.seen.label("seen"), source.deleted.label("deleted"))
    query = source.query.with_only_columns(_threads.id, *columns).where(source.is_unread)
    query = query.order_by(_threads.last_news_id.desc())  # along the index; those without news count nothing
    return query.limit(bindparam("most", type_=sa.Integer)).offset(bindparam("skipped", type_=sa.Integer))


@dataclass(frozen=True, slots=True)
class _Source:
    """Threads of one origin with the viewer's side of them, if there is a row of it."""

    query: sa.Select[Any]
    read: sa.ColumnElement[str]
    seen: sa.ColumnElement[str]
    deleted: sa.ColumnElement[str]

    @property
    def is_unread(self) -> sa.ColumnElement[bool]:
        new = _threads.last_news_id > _Latest(self.read, self.seen, self.deleted)
        return sa.or_(new, sa.func.coalesce(_members.marked_unread, 0) == 1)

    @property
    def is_deleted(self) -> sa.ColumnElement[bool]:
        return sa.and_(self.deleted != "", _threads.last_item_id <= self.deleted)


def _source(kind: str) -> _Source:
    me = bindparam("me", type_=sa.Text)
    # A thread in which nothing was said yet is only there for the one who started it.
    begun = sa.or_(_threads.last_item_id != "", _threads.created_by == me)
    side = sa.and_(_members.conversation_id == _threads.id, _members.user_id == me)
    threads = sa.select(conversations)
    if kind == "chats":
        chats = (
            threads.join(conversation_members, _members.conversation_id == _threads.id)
            .where(_members.user_id == me, _members.left_ms.is_(None), _members.role == "member")
            .where(begun)
        )
        return _Source(chats, _members.read_through, _members.seen_from, _members.deleted_through)
    texts = threads.outerjoin(conversation_members, side).where(_threads.domain_id == bindparam("of_domain"))
    if kind == "number":
        texts = texts.where(_threads.number == bindparam("over"), _members.left_ms.is_(None), begun)
    else:  # SQLite uses the partial index only where the query repeats its condition to the letter
        texts = texts.where(_threads.kind == sa.literal_column("'sms'"))
    return _Source(
        texts,
        sa.func.coalesce(_members.read_through, bindparam("since", type_=sa.Text)),
        sa.func.coalesce(_members.seen_from, ""),
        sa.func.coalesce(_members.deleted_through, ""),
    )

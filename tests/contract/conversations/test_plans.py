"""The queries a page waits for follow an index, however many rows there are. Plans as SQLite tells them."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects import sqlite

from engine.conversations.models import ListThreads
from engine.storage import conversation_lists
from engine.storage.conversation_lists import Origin, count_behind, page, unread_messages, unread_threads
from engine.storage.conversation_reads import SqlThreadReads
from tests.contract.conversations.world import SHARED, World, a_world


async def plans_of(world: World, work: object) -> str:
    """The plans of all that a function asks of its connection."""

    def read(connection: Connection) -> str:
        asked: list[tuple[str, object]] = []

        def note(_c: object, _cursor: object, statement: str, parameters: object, *_: object) -> None:
            asked.append((statement, parameters))

        sa.event.listen(connection, "before_cursor_execute", note)
        work(connection)  # type: ignore[operator]
        sa.event.remove(connection, "before_cursor_execute", note)
        explain = "EXPLAIN QUERY PLAN" if world.database.kind == "sqlite" else "EXPLAIN"
        if explain == "EXPLAIN":  # of so few rows PostgreSQL would read all
            for way in ("seqscan", "bitmapscan"):
                connection.exec_driver_sql(f"SET LOCAL enable_{way} = off")
        told = []
        for statement, parameters in asked:
            rows = connection.exec_driver_sql(f"{explain} {statement}", parameters)  # type: ignore[arg-type]
            told += [row[-1] for row in rows]
        return "\n".join(told)

    return await world.database.read(read)


@pytest.fixture
async def world(sqlite_database: str) -> AsyncIterator[World]:
    """PostgreSQL mostly plans by what is in its tables; bench/threads.py times it when they are full."""
    async with a_world(sqlite_database) as made:
        yield made


async def test_texts_over_a_number_are_listed_along_their_index(world: World) -> None:
    origin = Origin("number", world.domain.id, world.people[0].id, SHARED, "")
    for before in (None, (1, "conv_1")):
        plan = await plans_of(world, lambda c, b=before: page(c, origin, ListThreads(), b, 51))
        assert "USING INDEX ix_conversations_number (number=?" in plan
        assert "TEMP B-TREE" not in plan
        assert "SCAN conversations" not in plan


async def test_a_domains_texts_are_listed_along_their_index(world: World) -> None:
    origin = Origin("domain", world.domain.id, "")
    plan = await plans_of(world, lambda c: page(c, origin, ListThreads(), None, 51))
    assert "USING INDEX ix_conversations_domain_texts (domain_id=?)" in plan
    assert "TEMP B-TREE" not in plan


async def test_a_users_chats_are_found_by_the_user(world: World) -> None:
    origin = Origin("chats", world.domain.id, world.people[0].id)
    plan = await plans_of(world, lambda c: page(c, origin, ListThreads(), None, 51))
    assert "ix_conversation_members_user" in plan
    assert "SCAN" not in plan


async def test_unread_messages_are_counted_from_the_position_on(world: World) -> None:
    chat = await world.chat(world.ann, world.bob)
    await world.say(world.ann, chat.id, "Hello")
    await world.receive("Hello")
    for origin in (
        Origin("chats", world.domain.id, world.people[1].id),
        Origin("number", world.domain.id, world.people[1].id, SHARED, ""),
    ):
        plan = await plans_of(world, lambda c, o=origin: unread_messages(c, o, unread_threads(c, o), 999))
        assert "ix_messages_conversation (conversation_id=? AND id>?)" in plan
        assert "SCAN messages" not in plan


async def test_postgres_counts_unread_messages_without_their_rows(postgres_database: str) -> None:
    async with a_world(postgres_database) as world:
        chat = await world.chat(world.ann, world.bob)
        await world.say(world.ann, chat.id, "Hello")
        bob = world.people[1].id

        plan = await plans_of(world, lambda c: count_behind(c, [(chat.id, "", bob)], 999))
        assert "Index Only Scan using ix_messages_conversation" in plan
        assert "SCAN conversations" not in plan


async def test_a_page_of_history_is_read_along_the_index_of_its_thread(world: World) -> None:
    message = await world.receive("Hello")
    thread_id = message.conversation_id or ""
    plan = await plans_of(
        world, lambda c: SqlThreadReads(c).messages(thread_id, after="msg_0", before="msg_f", limit=51)
    )
    assert "ix_messages_conversation (conversation_id=? AND id>? AND id<?)" in plan
    assert "SCAN messages" not in plan
    assert "TEMP B-TREE" not in plan.partition("recipients")[0]


def test_a_list_is_compiled_once_for_each_kind_of_question() -> None:
    one, other = (conversation_lists._page("chats", False, False, None, None, False) for _ in range(2))
    assert one is other
    assert "LIMIT" in str(one.compile(dialect=sqlite.dialect()))
